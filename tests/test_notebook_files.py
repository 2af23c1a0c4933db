"""What the tools know of a lesson's file."""

import json

import pytest
from notebook_files import START, definitions, lessons, notebooks


@pytest.fixture
def lesson(tmp_path):
    cells = ["factor = 1 / 0", "FACTOR = 3\nother = 1 / 0", "def scaled(x):\n    return FACTOR * shift(x)"]
    found = [{"cell_type": "code", "id": f"c{i}", "source": text} for i, text in enumerate(cells)]
    found.append(
        {"cell_type": "code", "id": "a", "metadata": {"tags": ["setup"]}, "source": "%pip install x\nFACTOR = 4"}
    )
    path = tmp_path / "01_lesson.ipynb"
    path.write_text(json.dumps({"cells": [*found, {"cell_type": "markdown", "id": "m", "source": "no code"}]}))
    return path


def test_definitions_are_taken_without_running_the_rest_of_the_lesson(lesson):
    assert definitions(lesson, {"FACTOR", "scaled"}, {"shift": lambda x: x + 1})["scaled"](1) == 6


def test_a_definition_that_the_lesson_lacks_is_named(lesson):
    with pytest.raises(ValueError, match="does not define gone"):
        definitions(lesson, {"FACTOR", "gone"}, {})


def test_the_page_on_which_to_start_is_the_first_notebook_and_no_lesson():
    first, *others = notebooks()
    assert first.stem == START
    assert lessons() == others
