"""Make the student edition: ``python tools/make_student.py [--out FOLDER] [LESSON ...]`` (`make student`).

``build/student/NN_topic.ipynb`` is a lesson without its solutions: where one stood, a cell waits for the student's
answer and raises NotImplementedError until there is one. The checks stay, and first say which answers are missing.
Where an answer is of a kind with which a check cannot work, say a list in place of an array, Python would end it with
an error of its own; the check says in words that it is so, and of which types the answers are.

``build/student/source/NN_topic/NN_topic.ipynb`` is the same with solutions, for those who grade with nbgrader:
its cells carry nbgrader's metadata, and `nbgrader generate_assignment` makes a release from it.
"""

import argparse
import copy
import os
import sys
import textwrap
from pathlib import Path

from clean_notebooks import as_text, clean
from exercises import BEGIN, END, Exercise, exercises_of
from notebook_files import ROOT, lessons, read, source
from repository import BADGE_IMAGE
from run_course import select

GREETING = """\
*Student edition.* At the end of this lesson the exercises wait for your answers, and each is followed by a check that
says in words what is not right yet. *Run all cells* stops at the first exercise that is not answered."""
NOT_YET = "Exercise {} is not answered yet"
NO_CHECK = "The check of exercise {} cannot work with your answer"
POINTS = 1  # for each exercise; nbgrader's form changes it


def main(arguments: list[str] | None = None) -> int:
    """Write both editions of the lessons that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers or names, as 01 or 01_invariant_mass")
    parser.add_argument("--out", type=Path, default=ROOT / "build/student")
    options = parser.parse_args(arguments)
    try:
        chosen = select(options.lessons, lessons())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    texts = {}
    for path in chosen:
        notebook = for_instructors(read(path))
        texts[options.out / "source" / path.stem / path.name] = as_text(notebook)
        texts[options.out / path.name] = as_text(for_students(notebook))
    for target, text in texts.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, target)
    print(f"{len(chosen)} lessons in {options.out}, for nbgrader in {options.out / 'source'}")
    return 0


def for_instructors(lesson: dict) -> dict:
    """The lesson as nbgrader takes it: with solutions, with its metadata, and checks that name missing answers."""
    lesson = clean(lesson)
    for cell in lesson["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
        elif BADGE_IMAGE in source(cell):  # the button would open the edition with the solutions
            cell["source"] = GREETING
    for exercise in exercises_of(lesson["cells"]):
        name = f"exercise-{exercise.number}"
        exercise.solution["source"] = f"{instruction(exercise)}\n{source(exercise.solution).partition(chr(10))[2]}"
        exercise.solution["metadata"] = {"tags": ["solution"], "nbgrader": grading(name, solution=True)}
        exercise.check["source"] = f"{missing(exercise)}\n{in_words(exercise)}"
        exercise.check["metadata"]["nbgrader"] = grading(f"{name}-check", solution=False)
    return lesson


def instruction(exercise: Exercise) -> str:
    """The comment over the place for an answer."""
    words = f"Exercise {exercise.number}: your answer, in place of what follows. The check reads "
    return textwrap.fill(words + ", ".join(exercise.answers), 120, initial_indent="# ", subsequent_indent="# ")


def missing(exercise: Exercise) -> str:
    """The lines that let a check say which answers it lacks."""
    names = ", ".join(f'"{name}"' for name in exercise.answers)
    search = f"name for name in [{names}] if globals().get(name) is None"
    search = f"answers_missing = [{search}]" if len(search) <= 100 else f"answers_missing = [\n    {search}\n]"
    words = f"{NOT_YET.format(exercise.number)}: there is no "
    return f'{search}\nassert not answers_missing, "{words}" + ", ".join(answers_missing)'


def in_words(exercise: Exercise) -> str:
    """The check, so that it also ends in words where Python itself stumbles over an answer."""
    names = ", ".join(f'"{name}"' for name in (*exercise.answers, *exercise.changed))
    return f"""\
try:
{textwrap.indent(source(exercise.check), "    ")}
except AssertionError:
    raise
except Exception as answers_error:
    answers_kinds = [f"{{name}} is of type {{type(globals()[name]).__name__}}" for name in [{names}]]
    raise AssertionError(
        f"{NO_CHECK.format(exercise.number)}. Python says {{type(answers_error).__name__}}: {{answers_error}}. "
        f"Is every answer what the question asks for? {{', '.join(answers_kinds)}}."
    ) from answers_error"""


def grading(grade_id: str, *, solution: bool) -> dict:
    """nbgrader's metadata, schema 3: of a cell for an answer, or of a check that gives points and stays as it is."""
    metadata = {"schema_version": 3, "grade_id": grade_id, "task": False, "solution": solution}
    metadata |= {"grade": not solution, "locked": not solution}
    return metadata if solution else metadata | {"points": POINTS}


def for_students(lesson: dict) -> dict:
    """The instructors' edition without what stands between the marks of a solution."""
    lesson = copy.deepcopy(lesson)
    for exercise in exercises_of(lesson["cells"]):
        before, _, rest = source(exercise.solution).partition(BEGIN)
        stub = f'raise NotImplementedError("{NOT_YET.format(exercise.number)}.")'
        exercise.solution["source"] = f"{before}{stub}{rest.partition(END)[2]}"
    return lesson


if __name__ == "__main__":
    sys.exit(main())
