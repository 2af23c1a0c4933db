import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from hepml_helpers.results import MIME_TYPE, collect, describe, record, verdict


@pytest.fixture(scope="module")
def executed():
    """A notebook that records two results, executed in a real kernel."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("from hepml_helpers import results"),
            nbformat.v4.new_code_cell(
                "results.record('Z mass', 91.05, 0.11, accepted=(90, 92),"
                " published='91.188 ± 0.002', source='PDG', unit='GeV')\n"
                "results.record('a <b> mass', float('nan'), accepted=(0, 1))"
            ),
        ]
    )
    NotebookClient(notebook, timeout=60).execute()
    return notebook


def test_a_notebook_keeps_what_it_recorded(executed):
    first, second = collect(executed)
    assert first == {
        "name": "Z mass",
        "value": 91.05,
        "uncertainty": 0.11,
        "accepted": [90.0, 92.0],
        "published": "91.188 ± 0.002",
        "source": "PDG",
        "unit": "GeV",
    }
    assert second["value"] is None


def test_the_reader_sees_a_table_row(executed):
    data = executed.cells[1].outputs[0]["data"]
    for text in ("91.05 ± 0.11 GeV", "90 to 92", "91.188 ± 0.002 (PDG)", "pass"):
        assert text in data["text/html"]
        assert text in data["text/plain"]
    assert "&lt;b&gt;" in executed.cells[1].outputs[1]["data"]["text/html"]


def test_outside_a_notebook_it_prints_one_line(capsys):
    record("x", 1.0, accepted=(2, 3))
    assert capsys.readouterr().out == "x: 1 | accepted 2 to 3 | published - | outside\n"


@pytest.mark.parametrize("value", [2.0, 3.0, 2.5])
def test_a_value_in_the_band_edges_included_passes(value):
    assert verdict({"value": value, "accepted": [2.0, 3.0]}) == "pass"


@pytest.mark.parametrize("value", [1.999, 3.001, None])
def test_a_value_outside_the_band_or_no_number_does_not_pass(value):
    assert verdict({"value": value, "accepted": [2.0, 3.0]}) == "outside"


def test_without_a_band_nothing_is_judged():
    assert verdict({"value": 1.0, "accepted": None}) == "not judged"


@pytest.mark.parametrize(
    ("value", "uncertainty", "text"),
    [(91.0512, 0.0311, "91.051 ± 0.031"), (0.95, None, "0.95"), (12345.6, 321.0, "12346 ± 321"), (1e-12, 0.0, "1e-12")],
)
def test_values_are_rounded_to_two_digits_of_their_uncertainty(value, uncertainty, text):
    rest = dict.fromkeys(["accepted", "published", "source"]) | {"name": "", "unit": ""}
    row = describe({"value": value, "uncertainty": uncertainty, **rest})
    assert row["measured"] == text


@pytest.mark.parametrize(
    "bad", [{"value": "many"}, {"value": 1, "accepted": (1,)}, {"value": None}, {"value": np.ones(3)}]
)
def test_it_never_raises_and_says_what_was_wrong(bad, capsys):
    with pytest.warns(UserWarning, match="the result 'x' was not recorded"):
        record("x", **bad)


def test_numpy_scalars_are_recorded_as_plain_numbers(capsys):
    record("x", np.float32(0.5), np.float64(0.1), accepted=np.array([0, 1]))
    assert "0.50 ± 0.10" in capsys.readouterr().out


def test_a_notebook_without_results_gives_none():
    assert collect({"cells": [{"cell_type": "markdown"}, {"outputs": [{"output_type": "stream"}]}]}) == []
    assert MIME_TYPE.endswith("+json")
