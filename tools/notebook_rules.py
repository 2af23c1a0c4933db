"""What every lesson's file must be, checked without executing it; `faults` lists what is wrong, in words."""

import ast
import math
import re

from clean_notebooks import as_text, clean
from exercises import BEGIN, END, TRIO, Exercise, exercises_of, named_in
from notebook_files import CHECKED_TAG, LESSON_NAME, PROFILES, START, expected_minutes, first_line, source, tags
from repository import badge, install_line

CELLS = (20, 43)  # without the exercises' trios
SHORT, LONG, LONGEST = 6, 20, 45  # lines of a code cell
SOLUTION_TITLE = "# @title Solution: open it after you have tried"
SOLUTION_METADATA = {"cellView": "form", "jupyter": {"source_hidden": True}}
GPU_WORDS = "Change runtime type"  # what the menu says in Colab: a lesson that gains from a GPU explains it


def faults(name: str, text: str, notebook: dict, *, slug: str) -> list[str]:
    """Everything that is wrong with a lesson's file.

    Parameters
    ----------
    name : str
        The file's name without its ending.
    text : str
        The file as it lies, to see whether it is stored clean.
    notebook : dict
        The same, parsed.
    slug : str
        owner/name of the repository, which badge and install line must name.
    """
    found = [] if LESSON_NAME.fullmatch(name) else [f"the name {name!r} is not NN_topic in lower case"]
    found += [*stored(text, notebook), *head(name, notebook, slug), *content(notebook)]
    if name != START:
        found += [*result(notebook), *exercises(notebook["cells"]), *proportions(notebook["cells"])]
    return found


def stored(text: str, notebook: dict) -> list[str]:
    """Outputs, counts, ids, metadata."""
    found = []
    cells = notebook["cells"]
    for number, cell in enumerate(cells, start=1):
        if cell.get("execution_count") is not None:
            found.append(f"cell {number} has an execution count")
        if cell.get("outputs") and CHECKED_TAG not in tags(cell):
            found.append(f"cell {number} has outputs and is not tagged {CHECKED_TAG}")
        if CHECKED_TAG in tags(cell) and not cell.get("outputs"):
            found.append(f"cell {number} is tagged {CHECKED_TAG} and has no output: make clean-notebooks KEEP=1")
    ids = [cell.get("id") for cell in cells]
    if None in ids or len(set(ids)) != len(ids):
        found.append("a cell has no id, or two have the same")
    if not found and text != as_text(clean(notebook)):
        found.append("the file is not stored clean: make clean-notebooks")
    return found


def head(name: str, notebook: dict, slug: str) -> list[str]:
    """Title, badge, parameters and set-up: the first four cells."""
    found = []
    cells = [*notebook["cells"], *({"cell_type": "", "source": ""},) * 4]
    if cells[0]["cell_type"] != "markdown" or not source(cells[0]).startswith("# "):
        found.append("the first cell is not a title (markdown, '# ...')")
    if badge(name, slug) not in source(cells[1]):
        found.append(f"the second cell lacks the Colab badge: {badge(name, slug)}")
    if tags(cells[2]) != ["parameters"] or not re.search(r"^PROFILE = .*HEPML_PROFILE", source(cells[2]), re.MULTILINE):
        found.append("the third cell is not the parameters cell (tag 'parameters', PROFILE from HEPML_PROFILE)")
    if tags(cells[3]) != ["setup"] or install_line(slug) not in source(cells[3]):
        found.append(f"the fourth cell is not the set-up cell (tag 'setup') with the line: {install_line(slug)}")
    if any(expected_minutes(notebook, profile) is None for profile in PROFILES):
        found.append("the set-up cell does not call start_lesson(..., minutes={...}) with the three profiles")
    return found


def result(notebook: dict) -> list[str]:
    """At least one result is recorded."""
    code = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    return [] if re.search(r"^\s*results\.record\(", code, re.MULTILINE) else ["no result is recorded (results.record)"]


def content(notebook: dict) -> list[str]:
    """GPU metadata where the words speak of it, no Keras by its old name, more words than code."""
    found = []
    code = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    words = "\n".join(source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    if ("accelerator" in notebook["metadata"]) != (GPU_WORDS in words):
        found.append(f"GPU metadata and the words on how to switch it on ({GPU_WORDS!r}) must come together")
    if re.search(r"\btf\.keras\b|tensorflow\.keras\b|from tensorflow import keras", code):
        found.append("tf.keras: import keras itself")
    if len(words.split()) <= len(code.split()):
        found.append("there is more code than prose")
    return found


def exercises(cells: list[dict]) -> list[str]:
    """Each exercise is followed by its hidden solution and its check."""
    starts = [n for n, cell in enumerate(cells) if TRIO[0] in tags(cell)]
    if not starts:
        return ["there is no exercise"]
    trios = [cells[start : start + 3] for start in starts]
    found = [
        f"exercise {number} is not followed by a solution and a check"
        for number, trio in enumerate(trios, start=1)
        if [tags(cell)[:1] for cell in trio] != [[tag] for tag in TRIO]
    ]
    for tag in TRIO[1:]:
        if sum(tag in tags(cell) for cell in cells) != len(starts):
            found.append(f"there are not as many cells tagged {tag!r} as exercises")
    if found:
        return found
    for exercise in exercises_of(cells):
        faulty = [*question_faults(exercise), *solution_faults(exercise.solution), *check_faults(exercise.check)]
        found += [f"exercise {exercise.number}: {fault}" for fault in faulty]
    return found


def question_faults(exercise: Exercise) -> list[str]:
    """What is wrong with the question: a student must be able to answer it without seeing the solution."""
    found = []
    if exercise.question["cell_type"] != "markdown":
        found.append("the question is not a markdown cell")
    if not exercise.answers:
        found.append("the check reads nothing that the solution makes")
    for name in sorted(set(exercise.answers) - named_in(exercise.question)):
        found.append(f"the check reads {name}, which the question does not name")
    return found


def solution_faults(solution: dict) -> list[str]:
    """What is wrong with a solution."""
    found = []
    if first_line(solution) != SOLUTION_TITLE:
        found.append(f"the solution's first line is not {SOLUTION_TITLE!r}")
    lines = [line.strip() for line in source(solution).splitlines()]
    if lines.count(BEGIN) != 1 or lines.count(END) != 1:
        found.append(f"the solution does not stand between {BEGIN} and {END}")
    if any(solution["metadata"].get(key) != value for key, value in SOLUTION_METADATA.items()):
        found.append(f"the solution is not hidden: its metadata needs {SOLUTION_METADATA}")
    return found


def check_faults(check: dict) -> list[str]:
    """What is wrong with a check: it asserts, and what it asserts it says in words."""
    nodes = list(ast.walk(ast.parse(source(check))))
    claims = [node for node in nodes if isinstance(node, ast.Assert)]
    found = [] if claims else ["the check asserts nothing"]
    found += [f"line {claim.lineno} of the check asserts without words" for claim in claims if claim.msg is None]
    if any(isinstance(node, ast.Attribute) and node.attr == "testing" for node in nodes):
        found.append("the check uses numpy.testing, which says where numbers differ and not what is wrong")
    return found


def proportions(cells: list[dict]) -> list[str]:
    """The house's limits on the number and the length of cells; exercises do not count."""
    plain = [cell for cell in cells if not {"exercise", "solution", "check"} & set(tags(cell))]
    lengths = [length(cell) for cell in plain if cell["cell_type"] == "code"]
    found = []
    if not CELLS[0] <= len(plain) <= CELLS[1]:
        found.append(f"{len(plain)} cells without the exercises; expected {CELLS[0]} to {CELLS[1]}")
    if sum(lines <= SHORT for lines in lengths) < len(lengths) / 2:
        found.append(f"fewer than half of the code cells have {SHORT} lines or fewer: {sorted(lengths)}")
    if sum(lines > LONG for lines in lengths) > math.ceil(len(lengths) / 10):
        found.append(f"more than one code cell in ten has over {LONG} lines: {sorted(lengths)}")
    if lengths and max(lengths) > LONGEST:
        found.append(f"a code cell has {max(lengths)} lines; at most {LONGEST}")
    return found


def length(cell: dict) -> int:
    """The lines of a cell that hold something."""
    return sum(bool(line.strip()) for line in source(cell).splitlines())
