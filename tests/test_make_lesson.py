"""A new lesson from the template passes the tests as it is; a bad name changes nothing."""

import os
import shutil
import subprocess
import sys

import make_lesson
import nbformat
import pytest
from nbclient import NotebookClient
from notebook_files import ROOT, first_line, lessons, read
from notebook_rules import faults
from repository import slug

from hepml_helpers import results

NAME = "77_my_topic"  # a number that is free, whatever lessons there are


@pytest.fixture
def copy(tmp_path):
    """A copy of the checkout, without its samples."""
    skipped = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "shared", "samples", "__pycache__", ".*_cache")
    return shutil.copytree(ROOT, tmp_path / "copy", ignore=skipped)


def files(folder) -> dict:
    """What every file of a folder holds."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_new_lesson_passes_the_tests_as_it_is(copy):
    before = files(copy)
    assert make_lesson.main([NAME, "--root", str(copy)]) == 0
    assert {path.relative_to(copy).as_posix() for path, held in files(copy).items() if before.get(path) != held} == {
        "README.md",
        "teaching/README.md",
        "tools/wrong_answers.py",
        f"notebooks/{NAME}.ipynb",
    }
    path = copy / f"notebooks/{NAME}.ipynb"
    assert faults(NAME, path.read_text(encoding="utf-8"), read(path), slug=slug()) == []
    assert first_line(read(path)["cells"][0]) == "# 77 My topic"
    suites = ["tests/test_notebooks.py", "tests/test_teaching.py", "tests/test_repository.py", "tests/test_student.py"]
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *suites]
    chosen = "77_my_topic or readme or syllabus or notes or links or badges or to_come or numbers_of or whose_words"
    command += ["-k", chosen]
    tested = subprocess.run(command, cwd=copy, env=dict(os.environ, PYTHONPATH=""), capture_output=True, text=True)
    assert tested.returncode == 0 and f"keeps_the_rules[{NAME}] PASSED" in tested.stdout, tested.stdout


def test_the_template_runs_in_the_smoke_profile_and_records_a_result(monkeypatch):
    monkeypatch.setenv("HEPML_PROFILE", "smoke")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    lesson = nbformat.read(make_lesson.TEMPLATE, as_version=4)
    NotebookClient(lesson, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    (result,) = results.collect(lesson)
    assert result["accepted"] and 0.5 < result["value"] < 1


def test_a_title_becomes_a_name_with_the_next_number(copy):
    following = f"{int(lessons()[-1].stem[:2]) + 1:02d}"
    title = 'Jets in "heavy ions": Müller\'s ΔR'
    assert make_lesson.main(["--title", title, "--root", str(copy)]) == 0
    path = copy / f"notebooks/{following}_jets_in_heavy_ions_muller_s_r.ipynb"
    assert first_line(read(path)["cells"][0]) == f"# {following} {title}"
    last = [line for line in (copy / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")][
        -1
    ]
    assert last.startswith(f"| [{following}](notebooks/{path.name})")


def test_a_row_goes_where_its_number_belongs():
    table = "| [01](notebooks/01_a.ipynb) | a |\n| [04](notebooks/04_d.ipynb) | d |\n"
    rows = [
        make_lesson.with_row(table, f"| [{n:02d}](notebooks/{n:02d}_x.ipynb) | x |").splitlines() for n in (0, 2, 9)
    ]
    assert [[line[3:5] for line in lines] for lines in rows] == [
        ["00", "01", "04"],
        ["01", "02", "04"],
        ["01", "04", "09"],
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["12"], "expected for example 12_my_topic"),
        (["my_topic"], "expected for example 12_my_topic"),
        (["77_My_Topic"], "expected for example 12_my_topic"),
        (["../77_topic"], "expected for example 12_my_topic"),
        (["01_invariant_mass"], "the number 01 of '01_invariant_mass' is taken by 01_invariant_mass.ipynb"),
        (["01_another"], "is taken by 01_invariant_mass.ipynb"),
        ([], "name the lesson"),
        (["--title", "Δ"], "expected Latin letters or digits"),
        ([NAME, "--title", "a | b"], "cannot stand in a table"),
    ],
)
def test_a_bad_or_taken_name_is_refused_in_words_and_nothing_changes(copy, capsys, arguments, words):
    before = files(copy)
    assert make_lesson.main([*arguments, "--root", str(copy)]) == 2
    assert words in capsys.readouterr().err
    assert files(copy) == before
