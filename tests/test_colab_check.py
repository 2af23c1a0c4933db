"""The parts of the proof for Colab that need neither an index nor an environment."""

import json

import colab_check
import pytest
from notebook_files import read


def test_the_list_holds_versions_only_and_names_what_it_leaves_out():
    frozen = colab_check.read_freeze(colab_check.FREEZE)
    assert frozen["numpy"] == "2.1.3" and frozen["keras"] == "3.13.2"
    assert set(colab_check.NAMED) <= set(frozen)
    assert "torch" in colab_check.left_out(colab_check.FREEZE) and "torch" not in frozen


def test_what_the_index_does_not_have_is_recognised():
    message = """Because there is no version of xgboost-cpu==3.4.1 and you require xgboost-cpu, we conclude that ...
      because ipython==9.9.9 depends on Python>=3.12 and numpy==2.1.3 is fine"""
    limits = {"xgboost-cpu": "3.4.1", "ipython": "9.9.9", "numpy": "2.1.3"}
    assert colab_check.not_to_be_had(message, limits) == {"xgboost-cpu", "ipython"}


def test_the_lesson_itself_is_not_changed_by_the_cell_that_is_added(make_notebook):
    path = make_notebook("01_first", "x = 1")
    before = read(path)
    added = json.loads(colab_check.with_proof(path, ["numpy"]))
    assert read(path) == before
    assert [cell["id"] for cell in added["cells"]] == [*(cell["id"] for cell in before["cells"]), "proof"]


@pytest.mark.parametrize(
    ("file", "version", "words"),
    [
        ("{}/lib/python3.13/site-packages/hepml_helpers/__init__.py", "2.1.3", ""),
        ("{}/lib/python3.13/site-packages/hepml_helpers/__init__.py", "2.4.0", "the versions moved"),
        ("/home/me/checkout/hepml_helpers/__init__.py", "2.1.3", "not from the wheel"),
    ],
)
def test_the_proof_sees_a_package_from_elsewhere_and_a_moved_version(tmp_path, file, version, words):
    text = json.dumps([file.format(tmp_path), {"numpy": version}])
    fault = colab_check.judge_proof({"outputs": [{"text": text}]}, tmp_path, {"numpy": "2.1.3"})
    assert words in fault and bool(words) == bool(fault)


def test_a_lesson_in_colab_sees_no_recorded_data_no_home_and_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_DATA_DIR", "/recorded")
    monkeypatch.setenv("PYTHONPATH", "/checkout")
    variables = colab_check.colab_variables(tmp_path / "env", tmp_path / "home", jobs=1)
    assert not {"HEPML_DATA_DIR", "PYTHONPATH"} & set(variables)
    assert variables["HOME"] == str(tmp_path / "home")
    assert variables["https_proxy"] == colab_check.OUT_OF_REACH
