"""The table of models that lessons share: published, recorded and measured here, each row once and with its origin."""

import json
import re

import numpy as np
import pytest
import record_comparison
from notebook_files import lessons

from hepml_helpers import comparison, metrics, registry

TABLES = json.loads((registry.data_root() / "comparison.json").read_text(encoding="utf-8"))
MINE = [comparison.row("a new network", roc_auc=(0.97, 0.002), rejection_30=(312.0, 21.0), parameters=1234)]


@pytest.mark.parametrize("name", TABLES)
def test_every_row_on_record_holds_figures_of_its_table_and_says_where_it_is_from(name):
    table = TABLES[name]
    assert set(table) == {"title", "figures", "published", "measured"}
    for row in table["published"]:
        assert re.fullmatch(r"arXiv:\d{4}\.\d{4,5}", row["source"])
        assert row.keys() <= {"model", "source", *table["figures"]}
    for row in table["measured"]:
        assert row["lesson"] in [path.stem for path in lessons()]
        assert row.keys() <= {"model", "lesson", *table["figures"]}


def test_published_top_taggers_are_those_of_the_papers():
    rows = {row["model"]: row for row in TABLES["top_tagging"]["published"]}
    assert rows["LoLa"]["rejection_30"] == [722, 17] and rows["LoLa"]["parameters"] == 127_000
    assert rows["ParticleNet"]["roc_auc"] == [0.9858, None] and rows["ParticleNet"]["rejection_50"] == [397, 7]
    assert all(0.5 < row["roc_auc"][0] < 1 and row["training_jets"] == 1_211_000 for row in rows.values())


def test_a_row_keeps_values_with_their_uncertainties_and_leaves_out_what_was_not_measured():
    row = comparison.row("cut", roc_auc=(0.9, float("nan")), rejection_50=float("nan"), accuracy=None, parameters=2.0)
    assert row == {"model": "cut", "roc_auc": [0.9, None], "rejection_50": None, "parameters": 2}
    json.dumps(row, allow_nan=False)


def test_a_taggers_row_holds_what_the_metrics_say_and_the_binomial_error_of_the_accuracy():
    rng = np.random.default_rng(3)
    y_true = np.repeat([1, 0], 2000)
    logit = rng.normal(y_true - 0.5, 1.0)
    row = comparison.tagger_row("net", y_true, logit, parameters=7)
    right = np.mean(np.where(y_true == 1, logit > 0, logit <= 0))
    assert row["accuracy"] == pytest.approx([right, np.sqrt(right * (1 - right) / 4000)])
    assert row["roc_auc"] == pytest.approx(list(metrics.roc_auc(y_true, logit)))
    for share in (50, 30):
        assert row[f"rejection_{share}"] == pytest.approx(
            list(metrics.background_rejection(y_true, logit, share / 100))
        )
    assert row["model"] == "net" and row["parameters"] == 7
    assert row.keys() <= {"model", *TABLES["top_tagging"]["figures"]}


def test_the_lessons_own_rows_come_last_with_rounded_numbers():
    table = comparison.table("top_tagging", MINE)
    last = table.iloc[-1]
    assert (last["model"], last["from"]) == ("a new network", "this lesson")
    assert (last["AUC"], last["1/ε_B at ε_S = 30 %"], last["parameters"]) == ("0.9700 ± 0.0020", "312 ± 21", "1,234")
    assert last["accuracy"] == ""
    assert table.iloc[0]["from"] == "arXiv:1902.09914"


def test_a_row_replaces_what_is_on_record_for_the_same_model(tmp_path, monkeypatch):
    measured = [{"model": "a new network", "lesson": "05_lola", "parameters": 1}, {"model": "cut", "lesson": "05_lola"}]
    tables = {"top_tagging": TABLES["top_tagging"] | {"measured": measured}}
    (tmp_path / "comparison.json").write_text(json.dumps(tables))
    monkeypatch.setattr(comparison, "data_root", lambda: tmp_path)
    rows = comparison.numbers("top_tagging", MINE)
    origin = {row["model"]: row["from"] for row in rows}
    assert origin["a new network"] == "this lesson" and origin["cut"] == "lesson 05"
    assert [row["model"] for row in rows].count("a new network") == 1


def test_published_models_of_the_same_name_stay_beside_ours():
    rows = comparison.numbers("top_tagging", [comparison.row("LoLa", parameters=1)])
    assert [row["from"] for row in rows if row["model"] == "LoLa"] == ["arXiv:1902.09914", "this lesson"]


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("top_taging", MINE, "no comparison 'top_taging'; did you mean 'top_tagging'"),
        ("top_tagging", [comparison.row("x", rejection_3=1)], "x has a figure 'rejection_3'; did you mean"),
    ],
)
def test_an_unknown_table_or_figure_is_named(name, rows, said):
    with pytest.raises(ValueError, match=said):
        comparison.show(name, rows)


def test_what_a_lesson_shows_is_collected_from_its_executed_notebook():
    shown = {"data": {comparison.MIME_TYPE: {"table": "top_tagging", "rows": MINE}, "text/plain": ""}}
    notebook = {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": [{"name": "stdout"}, shown]}]}
    assert comparison.collect(notebook) == {"top_tagging": MINE}


@pytest.fixture
def files(tmp_path):
    def write(**run):
        run = {"status": "passed", "profile": "quick", "models": {"top_tagging": MINE}} | run
        (tmp_path / "results.json").write_text(json.dumps({"lessons": {"05_lola": run}}))
        measured = [{"model": "old", "lesson": "05_lola"}, {"model": "graph", "lesson": "08_graphs"}]
        table = TABLES["top_tagging"] | {"measured": measured}
        (tmp_path / "comparison.json").write_text(json.dumps({"top_tagging": table}))
        return ["--results", str(tmp_path / "results.json"), "--comparison", str(tmp_path / "comparison.json")]

    return write


def test_a_good_run_replaces_the_rows_of_its_lesson_and_no_others(files, tmp_path):
    assert record_comparison.main(files()) == 0
    rows = json.loads((tmp_path / "comparison.json").read_text())["top_tagging"]["measured"]
    assert [(row["model"], row["lesson"]) for row in rows] == [("a new network", "05_lola"), ("graph", "08_graphs")]


@pytest.mark.parametrize("run", [{"status": "outside"}, {"profile": "smoke"}, {"models": {}}])
def test_a_run_that_does_not_count_leaves_the_file_as_it_was(files, tmp_path, run, capsys):
    arguments = files(**run)
    before = (tmp_path / "comparison.json").read_text()
    assert record_comparison.main(arguments) == 1
    assert (tmp_path / "comparison.json").read_text() == before
    assert "make run" in capsys.readouterr().err
