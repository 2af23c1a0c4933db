"""Every lesson's file keeps the rules, and the rules notice what breaks them. Nothing is executed here."""

import copy
import json

import clean_notebooks
import pytest
from notebook_files import START, notebooks, read
from notebook_rules import SOLUTION_METADATA, SOLUTION_TITLE, faults
from notebook_samples import PARAMETERS, cell, notebook
from repository import badge, install_line, slug

NAME = "01_example"
NOTEBOOKS = notebooks()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_keeps_the_rules(path):
    assert faults(path.stem, path.read_text(encoding="utf-8"), read(path), slug=slug()) == []


def test_the_numbers_of_the_lessons_are_different():
    numbers = [path.stem[:2] for path in NOTEBOOKS]
    assert len(set(numbers)) == len(numbers)


SETUP = f"""\
import importlib.util

if importlib.util.find_spec("hepml_helpers") is None:
    {install_line("a/b")}

from hepml_helpers import results, training

training.start_lesson(SEED, PROFILE, minutes={{"smoke": 0.1, "quick": 1, "full": 2}})"""
SOLUTION = f"{SOLUTION_TITLE}\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


def good_lesson() -> dict:
    """A lesson without a fault, in the repository a/b."""
    cells = [
        cell("markdown", "# Title\n" + "words " * 100, cell_id="title"),
        cell("markdown", badge(NAME, "a/b"), cell_id="badge"),
        cell("code", PARAMETERS, cell_id="parameters", tags=["parameters"]),
        cell("code", SETUP, cell_id="setup", tags=["setup"]),
        cell("code", 'results.record("m", 1.0)', cell_id="result"),
        *(cell("markdown", f"Step {n}", cell_id=f"step-{n}") for n in range(8)),
        *(cell("code", f"y = {n}", cell_id=f"code-{n}") for n in range(8)),
        cell("markdown", "What is one? Store it in `x`.", cell_id="exercise-1", tags=["exercise"]),
        cell("code", SOLUTION, cell_id="solution-1", tags=["solution"], **copy.deepcopy(SOLUTION_METADATA)),
        cell("code", 'assert x == 1, "x is one"', cell_id="check-1", tags=["check"]),
    ]
    return notebook(cells)


def faults_of(lesson: dict, name: str = NAME) -> list[str]:
    ids = [cell["id"] for cell in lesson["cells"]]
    text = clean_notebooks.as_text(lesson) if len(set(ids)) == len(ids) else json.dumps(lesson)
    return faults(name, text, json.loads(text), slug="a/b")


def find(lesson: dict, cell_id: str) -> dict:
    return next(cell for cell in lesson["cells"] if cell["id"] == cell_id)


def test_a_good_lesson_has_no_fault():
    assert faults_of(good_lesson()) == []


def has_output(lesson):
    find(lesson, "code-1")["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1\n"}]


def has_count(lesson):
    find(lesson, "code-1")["execution_count"] = 3


def compared_without_output(lesson):
    find(lesson, "code-1")["metadata"]["tags"] = ["nbval-check-output"]


def editor_metadata(lesson):
    find(lesson, "code-1")["metadata"]["collapsed"] = False


def same_id(lesson):
    find(lesson, "code-1")["id"] = "code-2"


def no_title(lesson):
    find(lesson, "title")["source"] = "Title\n" + "words " * 100


def other_badge(lesson):
    find(lesson, "badge")["source"] = badge("02_other", "a/b")


def other_repository(lesson):
    find(lesson, "setup")["source"] = SETUP.replace("a/b", "a/c")


def no_profile(lesson):
    find(lesson, "parameters")["source"] = 'PROFILE = "quick"'


def no_parameters_tag(lesson):
    find(lesson, "parameters")["metadata"]["tags"] = []


def no_minutes(lesson):
    find(lesson, "setup")["source"] = SETUP.replace('"full": 2', "")


def no_result(lesson):
    find(lesson, "result")["source"] = "# results.record is not called"


def no_exercise(lesson):
    del lesson["cells"][-3:]


def no_check(lesson):
    del lesson["cells"][-1]


def check_without_assert(lesson):
    find(lesson, "check-1")["source"] = "x == 1"


def check_without_words(lesson):
    find(lesson, "check-1")["source"] = "assert x == 1"


def check_in_numbers(lesson):
    find(lesson, "check-1")["source"] = 'assert x, "one"\nnp.testing.assert_allclose(x, 1)'


def check_of_nothing(lesson):
    find(lesson, "check-1")["source"] = 'assert y == 7, "seven"'


def question_without_the_name(lesson):
    find(lesson, "exercise-1")["source"] = "What is one? Store it in x."


def open_solution(lesson):
    del find(lesson, "solution-1")["metadata"]["jupyter"]


def unmarked_solution(lesson):
    find(lesson, "solution-1")["source"] = SOLUTION.replace("### END SOLUTION", "")


def untitled_solution(lesson):
    find(lesson, "solution-1")["source"] = SOLUTION.replace("# @title", "#")


def gpu_without_words(lesson):
    lesson["metadata"]["accelerator"] = "GPU"


def words_without_gpu(lesson):
    find(lesson, "step-1")["source"] = "Runtime, Change runtime type, then choose a GPU."


def old_keras(lesson):
    find(lesson, "code-1")["source"] = "model = tf.keras.Sequential()"


def more_code_than_prose(lesson):
    find(lesson, "title")["source"] = "# Title"


def too_few_cells(lesson):
    lesson["cells"] = [cell for cell in lesson["cells"] if not cell["id"].startswith("step")]


def too_many_cells(lesson):
    lesson["cells"] += [cell("markdown", "more", cell_id=f"more-{n}") for n in range(44)]


def endless_cell(lesson):
    find(lesson, "code-1")["source"] = "x = 1\n" * 46


def long_cells(lesson):
    for n in range(3):
        find(lesson, f"code-{n}")["source"] = "x = 1\n" * 21


def no_short_cells(lesson):
    for n in range(8):
        find(lesson, f"code-{n}")["source"] = "x = 1\n" * 7


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (has_output, "has outputs"),
        (has_count, "execution count"),
        (compared_without_output, "has no output"),
        (editor_metadata, "not stored clean"),
        (same_id, "two have the same"),
        (no_title, "not a title"),
        (other_badge, "Colab badge"),
        (other_repository, "set-up cell"),
        (no_profile, "parameters cell"),
        (no_parameters_tag, "parameters cell"),
        (no_minutes, "start_lesson"),
        (no_result, "no result is recorded"),
        (no_exercise, "there is no exercise"),
        (no_check, "not followed by a solution and a check"),
        (check_without_assert, "asserts nothing"),
        (check_without_words, "line 1 of the check asserts without words"),
        (check_in_numbers, "numpy.testing"),
        (check_of_nothing, "reads nothing that the solution makes"),
        (question_without_the_name, "reads x, which the question does not name"),
        (open_solution, "not hidden"),
        (unmarked_solution, "### BEGIN SOLUTION"),
        (untitled_solution, "first line"),
        (gpu_without_words, "must come together"),
        (words_without_gpu, "must come together"),
        (old_keras, "tf.keras"),
        (more_code_than_prose, "more code than prose"),
        (too_few_cells, "cells without the exercises"),
        (too_many_cells, "cells without the exercises"),
        (endless_cell, "at most 45"),
        (long_cells, "one code cell in ten"),
        (no_short_cells, "fewer than half"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_fault_is_found_and_named(spoil, words):
    lesson = good_lesson()
    spoil(lesson)
    assert any(words in fault for fault in faults_of(lesson)), faults_of(lesson)


@pytest.mark.parametrize("spoil", [no_result, no_exercise, too_few_cells], ids=lambda spoil: spoil.__name__)
def test_the_page_on_which_to_start_needs_no_result_no_exercise_and_no_length(spoil):
    page = good_lesson()
    find(page, "badge")["source"] = badge(START, "a/b")
    spoil(page)
    assert faults_of(page, START) == []
    other_repository(page)
    assert any("set-up cell" in fault for fault in faults_of(page, START))


@pytest.mark.parametrize("name", ["1_example", "01-example", "01_Example", "example"])
def test_a_lesson_is_named_by_number_and_topic(name):
    assert any("NN_topic" in fault for fault in faults_of(good_lesson(), name))


def test_cleaning_removes_what_a_run_leaves_and_keeps_what_is_compared(tmp_path):
    lesson = good_lesson()
    stream = {"output_type": "stream", "name": "stdout", "text": "91.2\n"}
    picture = {"image/png": "aaaa", "text/plain": "<Figure>"}
    for cell_id in ("code-1", "code-2"):
        find(lesson, cell_id)["outputs"] = [
            stream,
            {"output_type": "display_data", "data": picture, "metadata": {"a": 1}},
        ]
        find(lesson, cell_id)["execution_count"] = 4
    find(lesson, "code-2")["metadata"]["tags"] = ["nbval-check-output"]
    lesson["metadata"]["widgets"] = {"state": {}}
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(lesson), encoding="utf-8")
    assert clean_notebooks.main([str(path), "--check"]) == 1
    assert clean_notebooks.main([str(path)]) == 0
    assert clean_notebooks.main([str(path), "--check"]) == 0
    stored = read(path)
    assert find(stored, "code-1")["outputs"] == []
    kept = find(stored, "code-2")
    assert kept["execution_count"] is None and kept["outputs"][0]["text"] == ["91.2\n"]
    assert kept["outputs"][1] == {"output_type": "display_data", "data": {"text/plain": ["<Figure>"]}, "metadata": {}}
    assert "widgets" not in stored["metadata"]
    assert faults(NAME, path.read_text(encoding="utf-8"), stored, slug="a/b") == []


def test_outputs_can_be_renewed_and_nbval_compares_them(make_notebook, run_nbval):
    path = make_notebook("01_kept", "print(6 * 7, PROFILE)")
    lesson = read(path)
    lesson["cells"][-1]["metadata"]["tags"] = ["nbval-check-output"]
    lesson["cells"][-1]["source"] = ["answer = 6 * 7\n", "print(answer, PROFILE)"]  # lines, as Jupyter stores them
    path.write_text(json.dumps(lesson), encoding="utf-8")
    clean_notebooks.main([str(path), "--execute"])
    assert read(path)["cells"][-1]["outputs"][0]["text"] == ["42 smoke\n"]
    assert run_nbval(path).returncode == 0
    path.write_text(path.read_text(encoding="utf-8").replace("42 smoke", "43 smoke"), encoding="utf-8")
    spoiled = run_nbval(path)
    assert spoiled.returncode == 1 and "Cell outputs differ" in spoiled.stdout
