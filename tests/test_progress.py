import io
import re

import nbformat
import pytest
from nbclient import NotebookClient

from hepml_helpers.progress import Bar

CELLS = {
    "loop": "from hepml_helpers.progress import Bar\nfor _ in Bar(range(300), desc='toys'): pass",
    "by hand": "with Bar(total=2_000_000, unit=' events', unit_scale=True) as bar: bar.update(2_000_000)",
    "closing": "bar = Bar(total=2)\nbar.update(2)\nbar.closing = 'two steps'\nbar.close()",
    "disabled": "list(Bar(range(3), disable=True));",
    "delayed": "list(Bar(range(3), delay=10));",
}


@pytest.fixture(scope="module")
def outputs():
    """What a notebook keeps of each bar."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=60).execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def text(outputs) -> str:
    assert len(outputs) == 1, "one bar is one output"
    return outputs[0]["data"]["text/plain"]


def test_a_notebook_keeps_one_line_that_says_how_many_and_how_long(outputs):
    assert re.fullmatch(r"toys: 300 in \d\.\d s", text(outputs["loop"]))
    assert re.fullmatch(r"2\.00M events in \d\.\d s", text(outputs["by hand"]))


def test_a_notebook_keeps_the_closing_words_where_there_are_any(outputs):
    assert text(outputs["closing"]) == "two steps"


def test_a_bar_that_never_appeared_leaves_nothing(outputs):
    assert outputs["disabled"] == []
    assert outputs["delayed"] == []


def test_a_terminal_shows_a_time_estimate_and_clears_the_line():
    terminal = io.StringIO()
    with Bar(total=4, file=terminal, mininterval=0, ncols=60) as bar:
        bar.update(2)
        bar.refresh()
    assert "50%" in terminal.getvalue() and "<00:" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")


def test_it_gives_back_every_item():
    assert list(Bar(range(5), file=io.StringIO())) == [0, 1, 2, 3, 4]
