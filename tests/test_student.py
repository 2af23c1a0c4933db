"""The student edition: what is taken out, what stays, what nbgrader reads, and the trial of its exercises."""

import ast
import json

import check_student
import make_student
import nbformat
import pytest
from clean_notebooks import as_text
from exercises import exercises_of, names_read
from notebook_files import lessons, read, source
from notebook_samples import cell, notebook
from wrong_answers import WRONG

LESSONS = lessons()
BOTH = {path.stem: make_student.for_instructors(read(path)) for path in LESSONS}
STUDENT = {name: make_student.for_students(lesson) for name, lesson in BOTH.items()}

QUESTION = "### 1. Two\n\nStore two in `two` and its square in `square`."
SOLUTION = (
    "# @title Solution: open it after you have tried\n### BEGIN SOLUTION\ntwo = 2\nsquare = two**2\n### END SOLUTION"
)
CHECK = 'assert two == start + 1, "two is one more than one"\nassert square == 4, "the square of two is four"'
WRONG_ANSWERS = {1: [("two = 3", "one more than one"), ("square = 2 * start", "the square of two")]}


def small_lesson(question=QUESTION, solution=SOLUTION, check=CHECK, first="start = 1") -> dict:
    return notebook(
        [
            cell("code", first, cell_id="first"),
            cell("markdown", question, cell_id="question", tags=["exercise"]),
            cell("code", solution, cell_id="solution", tags=["solution"], cellView="form"),
            cell("code", check, cell_id="check", tags=["check"]),
        ]
    )


def write(lesson: dict, folder):
    """Both editions of a lesson, as `make student` lays them; the student's."""
    path, with_solutions = folder / "01_small.ipynb", folder / "source/01_small/01_small.ipynb"
    with_solutions.parent.mkdir(parents=True, exist_ok=True)
    with_solutions.write_text(json.dumps(lesson), encoding="utf-8")
    path.write_text(json.dumps(make_student.for_students(lesson)), encoding="utf-8")
    return path


def lines(cell: dict) -> set[str]:
    """The lines of a cell, however deep they stand."""
    return {line.strip() for line in source(cell).splitlines()} - {""}


def check_in(text: str) -> str:
    """The lesson's own check inside a student's, as Python reads it."""
    (guarded,) = (node for node in ast.parse(text).body if isinstance(node, ast.Try))
    return ast.dump(ast.Module(guarded.body, []))


def only_exercise(lesson: dict):
    (exercise,) = exercises_of(lesson["cells"])
    return exercise


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_line_of_a_solution_is_left(path):
    left = {line for cell in STUDENT[path.stem]["cells"] for line in lines(cell)}
    lesson = read(path)["cells"]
    given = {line for cell in lesson if "solution" not in cell["metadata"].get("tags", []) for line in lines(cell)}
    for exercise in exercises_of(lesson):
        assert not left & (lines(exercise.solution) - given - {"try:"})  # the lines around each check have it too


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_other_cell_is_that_of_the_lesson_but_for_the_button_to_the_solutions(path):
    for ours, theirs in zip(read(path)["cells"], STUDENT[path.stem]["cells"], strict=True):
        tags = ours["metadata"].get("tags", [])
        if "check" in tags:
            assert check_in(source(theirs)) == ast.dump(ast.parse(source(ours)))
        elif "solution" in tags:
            assert "cellView" not in theirs["metadata"] and "jupyter" not in theirs["metadata"], "it must be open"
        elif "colab-badge" in source(ours):
            assert source(theirs) == make_student.GREETING
        else:
            assert source(theirs) == source(ours)
        assert not theirs.get("outputs")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_the_place_for_an_answer_raises_and_its_check_says_which_answers_are_missing(path):
    for exercise in exercises_of(STUDENT[path.stem]["cells"]):
        words = f"Exercise {exercise.number} is not answered yet"
        with pytest.raises(NotImplementedError, match=words):
            exec(source(exercise.solution), {})
        answers = exercises_of(read(path)["cells"])[exercise.number - 1].answers
        with pytest.raises(AssertionError, match=f"{words}: there is no {', '.join(answers)}$"):
            exec(source(exercise.check), {})


@pytest.mark.parametrize(
    ("names", "lacking"), [({}, "square, two"), ({"two": 2}, "square"), ({"square": None, "two": 2}, "square")]
)
def test_a_check_asks_only_for_what_is_missing(names, lacking):
    check = source(only_exercise(make_student.for_students(make_student.for_instructors(small_lesson()))).check)
    with pytest.raises(AssertionError, match=f"Exercise 1 is not answered yet: there is no {lacking}$"):
        exec(check, {"start": 1, **names})
    exec(check, {"start": 1, "two": 2, "square": 4})


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"two": 2, "square": [4]}, "Python says TypeError.* square is of type list, two is of type int, start is of"),
        ({"two": lambda: None, "square": 4}, "Python says TypeError.*two is of type function"),
        ({"two": 3, "square": [4]}, "^two is one more than one$"),
        ({"two": 2, "square": 5}, "^the square of two is four$"),
    ],
)  # fmt: skip
def test_a_check_that_cannot_work_with_an_answer_says_so_in_words_and_keeps_its_own(names, words):
    check = CHECK.replace("two == start + 1", "two - start == 1").replace("square == 4", "square - 4 == 0")
    solution = SOLUTION.replace("two = 2", "two, start = 2, 1")
    lesson = make_student.for_instructors(small_lesson(solution=solution, check=check))
    with pytest.raises(AssertionError, match=words):
        exec(source(only_exercise(make_student.for_students(lesson)).check), {"start": 1, **names})


def test_the_answers_are_what_the_check_reads_and_only_the_solution_sets():
    lesson = small_lesson(
        solution=SOLUTION.replace("two = 2", "two, start, aside, own = 2, 1, 0, 0"), check="own = 1\n" + CHECK
    )
    assert only_exercise(lesson).answers == ("square", "two")
    assert only_exercise(lesson).changed == ("start",)


def test_names_inside_functions_of_a_check_are_read_too():
    assert "mask" in names_read("def inside(x):\n    return [x[i] for i in mask]\nassert inside(y)")


@pytest.mark.parametrize("name", BOTH)
def test_the_metadata_is_nbgrader_s_schema_3(name):
    for lesson in (BOTH[name], STUDENT[name]):
        exercises = exercises_of(lesson["cells"])
        marked = [cell["metadata"]["nbgrader"] for cell in lesson["cells"] if "nbgrader" in cell["metadata"]]
        assert len({mark["grade_id"] for mark in marked}) == len(marked) == 2 * len(exercises)
        for exercise in exercises:
            base = {"schema_version": 3, "task": False}
            place, check = f"exercise-{exercise.number}", f"exercise-{exercise.number}-check"
            assert exercise.solution["metadata"]["nbgrader"] == base | {
                "grade_id": place, "solution": True, "grade": False, "locked": False
            }  # fmt: skip
            assert exercise.check["metadata"]["nbgrader"] == base | {
                "grade_id": check, "solution": False, "grade": True, "locked": True, "points": 1
            }  # fmt: skip


def test_nbgrader_accepts_both_editions_and_strips_the_same_cells():
    nbgraderformat = pytest.importorskip("nbgrader.nbgraderformat", reason="nbgrader is not part of the environment")
    from nbgrader.preprocessors import ClearSolutions

    for name in BOTH:
        editions = [nbformat.reads(as_text(lesson), as_version=4) for lesson in (BOTH[name], STUDENT[name])]
        for edition in editions:
            nbgraderformat.MetadataValidator().validate_nb(edition)
        released, _ = ClearSolutions().preprocess(editions[0], {})
        for theirs, ours in zip(exercises_of(released.cells), exercises_of(STUDENT[name]["cells"]), strict=True):
            assert source(theirs.solution).splitlines()[-1] == "raise NotImplementedError()"
            assert source(theirs.solution).splitlines()[0] == source(ours.solution).splitlines()[0]


def test_the_files_are_written_and_a_lesson_that_cannot_be_made_leaves_them(tmp_path, monkeypatch, capsys):
    (tmp_path / "lessons").mkdir()
    lesson = tmp_path / "lessons/01_small.ipynb"
    monkeypatch.setattr(make_student, "lessons", lambda: [lesson])
    lesson.write_text(json.dumps(small_lesson()), encoding="utf-8")
    out = tmp_path / "out"
    assert make_student.main(["--out", str(out)]) == 0
    made = {path: path.read_text(encoding="utf-8") for path in out.rglob("*.*")}
    assert set(made) == {out / "01_small.ipynb", out / "source/01_small/01_small.ipynb"}
    broken = small_lesson()
    del broken["cells"][-1]
    lesson.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(ValueError, match="the cells of exercise 1 are tagged"):
        make_student.main(["--out", str(out)])
    assert {path: path.read_text(encoding="utf-8") for path in out.rglob("*.*")} == made
    assert make_student.main(["12", "--out", str(out)]) == 2
    assert "there is no lesson '12'" in capsys.readouterr().err


def test_a_lesson_that_behaves_passes_the_trial(tmp_path):
    path = write(make_student.for_instructors(small_lesson()), tmp_path)
    assert check_student.trial(path, WRONG_ANSWERS) == []


@pytest.mark.parametrize(
    ("changed", "wrong", "fault"),
    [
        ({"first": "start = 1 / 0"}, WRONG_ANSWERS, "cell 1: expected no error, and there was ZeroDivisionError"),
        ({"solution": SOLUTION.replace("2", "3", 1)}, WRONG_ANSWERS, "check 1 of the solution: expected no error"),
        ({"check": 'assert two, "one"\nassert square, "two"'}, WRONG_ANSWERS, "and there was no error"),
        ({}, {1: [("two = 3", "other words")]}, "other words ..., and there was AssertionError: two is one more"),
        ({}, {1: [("two = None", "one more")]}, "and there was AssertionError: Exercise 1 is not answered yet"),
        ({}, {1: [("two = three", "one more")]}, "there was NameError"),
        ({"check": CHECK.replace("square == 4", "two == 2 or square == 4")}, WRONG_ANSWERS, "'no answer'\": expected"),
        ({}, {}, "exercise 1 has no wrong answer"),
        ({"first": "import os\nos._exit(1)"}, WRONG_ANSWERS, "the lesson did not run to its end"),
    ],
    ids=["lesson", "solution", "lenient check", "words", "missing", "no code", "unread", "none", "dead kernel"],
)  # fmt: skip
def test_the_trial_finds_what_does_not_behave(tmp_path, changed, wrong, fault):
    path = write(make_student.for_instructors(small_lesson(**changed)), tmp_path)
    assert any(fault in found for found in check_student.trial(path, wrong)), check_student.trial(path, wrong)


def test_the_trial_notices_a_place_that_does_not_wait_and_a_check_that_does_not_ask(tmp_path):
    path = write(make_student.for_instructors(small_lesson()), tmp_path)
    student = read(path)
    student["cells"][2]["source"] = "two = 2"
    student["cells"][3]["source"] = CHECK
    path.write_text(json.dumps(student), encoding="utf-8")
    found = check_student.trial(path, WRONG_ANSWERS)
    assert "the place for answer 1: expected NotImplementedError" in found[0] and "no error" in found[0]
    assert "check 1 without an answer: expected AssertionError" in found[1] and "NameError" in found[1]


def test_the_trial_notices_a_check_that_ends_in_an_error_of_python(tmp_path):
    path = write(small_lesson(check=CHECK.replace("square == 4", "square - 4 == 0")), tmp_path)
    faults = [found for found in check_student.trial(path, WRONG_ANSWERS) if "no answer" in found]
    assert len(faults) == 1 and "expected AssertionError" in faults[0] and "TypeError" in faults[0], faults


def test_the_command_names_what_does_not_behave_and_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(check_student, "kernel_environment", lambda profile, jobs: {"HEPML_PROFILE": profile})
    monkeypatch.setenv("HEPML_PROFILE", "quick")
    profile_is_smoke = "import os\nassert os.environ['HEPML_PROFILE'] == 'smoke'\nstart = 1"
    write(make_student.for_instructors(small_lesson(first=profile_is_smoke)), tmp_path)
    monkeypatch.setitem(WRONG, "01_small", WRONG_ANSWERS)
    assert check_student.main(["--folder", str(tmp_path)]) == 0
    assert "as it must be\n1 passed, 0 failed" in capsys.readouterr().out
    monkeypatch.setitem(WRONG, "01_small", {})
    assert check_student.main(["--folder", str(tmp_path), "1"]) == 1
    assert "exercise 1 has no wrong answer\n0 passed, 1 failed" in capsys.readouterr().out
    assert check_student.main(["--folder", str(tmp_path / "none")]) == 2
    assert "make student" in capsys.readouterr().err


def test_every_exercise_has_wrong_answers_whose_words_stand_in_its_check():
    assert set(WRONG) == set(BOTH)
    for name, lesson in BOTH.items():
        exercises = exercises_of(lesson["cells"])
        assert set(WRONG[name]) == {exercise.number for exercise in exercises}, name
        for exercise in exercises:
            for code, words in WRONG[name][exercise.number]:
                assert words in source(exercise.check), f"{name}, exercise {exercise.number}: {code!r}"
