"""Try the student edition: ``python tools/check_student.py [--jobs N] [LESSON ...]`` (`make student-check`).

Each lesson of ``build/student`` is executed in the smoke profile, as a student gets it: nothing may fail in it but the
cells that wait for an answer, and the checks after them, which must say that it is missing. In the same kernel every
exercise is then answered right, with the lesson's own solution, which its check must accept, and wrong, as
``wrong_answers.py`` has it, which the check must refuse in the words that stand there. Each of its answers in turn is
also replaced by something of another kind, a text and a function that returns nothing: never may that be accepted, nor
end in another error than that of a check.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from clean_notebooks import as_text
from exercises import Exercise, exercises_of
from make_student import NOT_YET
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from notebook_files import ROOT, expected_minutes, lessons, read, source
from run_course import kernel_environment, parallel_jobs, select
from wrong_answers import WRONG

SECONDS_A_CELL = 20 * 60  # against a cell that hangs
OTHER_KINDS = ("'no answer'", "lambda *_, **__: None")
PLAIN = "%xmode Minimal"  # without tracebacks, which would take longer than the trials themselves
KEEP, RESTORE = "_kept = dict(globals())", "globals().update(_kept)"  # a wrong answer must not stay


@dataclass(frozen=True)
class Expected:
    """How a cell must end: without an error, or with this one, which says these words."""

    what: str
    error: str | None = None
    words: str = ""


def main(arguments: list[str] | None = None) -> int:
    """Try the lessons that are named, or all; 1 when one does not behave."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers or names, as 01 or 01_invariant_mass")
    parser.add_argument("--jobs", type=int, help="lessons at a time (default: as many as cores and memory bear)")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/student", help="the student edition")
    options = parser.parse_args(arguments)
    try:
        chosen = select(options.lessons, lessons(options.folder))
    except ValueError as error:
        print(f"{error} (make student makes them)", file=sys.stderr)
        return 2
    jobs = options.jobs or parallel_jobs(len(chosen))
    os.environ.update(kernel_environment("smoke", jobs))
    # the longest first, so that none is left alone at the end
    chosen = sorted(chosen, key=lambda path: -(expected_minutes(read(path), "smoke") or 0))
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(report, chosen))
    failed = sum(bool(faults) for faults in found)
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


def report(path: Path) -> list[str]:
    """Try one lesson and print how it went; what is wrong with it."""
    start = time.monotonic()
    faults = trial(path, WRONG.get(path.stem, {}))
    how = "\n".join(["FAILED", *(f"    {fault}" for fault in faults)]) if faults else "as it must be"
    print(f"{path.stem} ({time.monotonic() - start:.0f} s): {how}", flush=True)
    return faults


def trial(path: Path, wrong: dict[int, list[tuple[str, str]]]) -> list[str]:
    """Execute a student's lesson and the answers to it; what is wrong, in words.

    Parameters
    ----------
    path : Path
        The student's notebook; beside it lies ``source`` with the solutions.
    wrong : dict
        For each exercise's number its wrong answers: the code of each, and words that the check must then say.
    """
    student = read(path)
    solved = exercises_of(read(path.parent / "source" / path.stem / path.name)["cells"])
    expected = {cell["id"]: Expected(f"cell {n}") for n, cell in enumerate(student["cells"], start=1)}
    for exercise in exercises_of(student["cells"]):
        stub, check = exercise.solution["id"], exercise.check["id"]
        words = NOT_YET.format(exercise.number)
        expected[stub] = Expected(f"the place for answer {exercise.number}", "NotImplementedError", words)
        expected[check] = Expected(f"check {exercise.number} without an answer", "AssertionError", words)
    trials = [(PLAIN, Expected("tracebacks left out"))]
    for exercise in solved:
        trials += answers_to(exercise, wrong.get(exercise.number, []))
    for code, end in trials:
        cell_id = f"trial-{len(expected)}"
        student["cells"].append(nbformat.v4.new_code_cell(code, id=cell_id))
        expected[cell_id] = end
    notebook = nbformat.reads(as_text(student), as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(
            notebook, extra_arguments=["--log-level=ERROR"], timeout=SECONDS_A_CELL, allow_errors=True, resources=where
        ).execute()
    except (DeadKernelError, TimeoutError) as error:
        return [f"the lesson did not run to its end: {error}"]
    faults = (fault(cell, expected[cell["id"]]) for cell in notebook.cells if cell["cell_type"] == "code")
    return [
        *filter(None, faults),
        *(f"exercise {e.number} has no wrong answer" for e in solved if e.number not in wrong),
    ]


def answers_to(exercise: Exercise, wrong: list[tuple[str, str]]) -> list[tuple[str, Expected]]:
    """The cells that try an exercise, each with the end that it must have."""
    number, check = exercise.number, source(exercise.check)
    cells = [(source(exercise.solution), Expected(f"solution {number}"))]
    cells.append((check, Expected(f"check {number} of the solution")))
    kinds = [(f"{name} = {kind}", "") for name in (*exercise.answers, *exercise.changed) for kind in OTHER_KINDS]
    for code, words in [*wrong, *kinds]:
        cells.append((f"{KEEP}\n{code}", Expected(f"the wrong answer {code!r} to exercise {number}")))
        cells.append((check, Expected(f"check {number} of the wrong answer {code!r}", "AssertionError", words)))
        cells.append((RESTORE, Expected("going back")))
    return cells


def fault(cell: dict, expected: Expected) -> str | None:
    """What is wrong with the end of a cell, or None."""
    errors = [(out["ename"], out["evalue"]) for out in cell["outputs"] if out["output_type"] == "error"]
    error, words = errors[0] if errors else (None, "")
    if error == expected.error and expected.words in words:
        return None
    must = f"{expected.error}: ... {expected.words} ..." if expected.error else "no error"
    return f"{expected.what}: expected {must}, and there was {f'{error}: {words}' if error else 'no error'}"


if __name__ == "__main__":
    sys.exit(main())
