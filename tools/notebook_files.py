"""What the tools know of a lesson's file: where it lies, its cells, tags and sources."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
START = "00_start_here"  # the page before the lessons: it records no result and has no exercises, notes or quiz
LESSON_NAME = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
CHECKED_TAG = "nbval-check-output"
PROFILES = ("smoke", "quick", "full")


def notebooks(folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks in a folder, in their order: the lessons and, before them, the page on which to start."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def lessons(folder: Path = NOTEBOOKS) -> list[Path]:
    """The lessons in a folder, in their order."""
    return [path for path in notebooks(folder) if path.stem != START]


def read(path: Path) -> dict:
    """A notebook as the JSON that it is."""
    return json.loads(path.read_text(encoding="utf-8"))


def source(cell: dict) -> str:
    """The text of a cell, which the format keeps as one string or as a list of lines."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)


def tags(cell: dict) -> list[str]:
    """The tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def first_line(cell: dict) -> str:
    """The first line of a cell that says something."""
    return next((line.strip() for line in source(cell).splitlines() if line.strip()), "")


def expected_minutes(notebook: dict, profile: str) -> float | None:
    """The minutes that the lesson's own set-up cell announces for a profile, in `start_lesson(..., minutes={...})`.

    Examples
    --------
    >>> cell = {"source": 'training.start_lesson(SEED, PROFILE, minutes={"smoke": 0.5, "quick": 2})'}
    >>> expected_minutes({"cells": [cell]}, "quick")
    2.0
    """
    for cell in notebook["cells"]:
        found = re.search(r"start_lesson\([^)]*minutes\s*=\s*(\{[^}]*\})", source(cell))
        if found:
            minutes = ast.literal_eval(found.group(1)).get(profile)
            return None if minutes is None else float(minutes)
    return None


def definitions(path: Path, wanted: set[str], names: dict) -> dict:
    """Functions, classes and constants of a lesson, to be tested or measured as the student reads them.

    Parameters
    ----------
    path : Path
        The lesson. Its set-up cell is left out.
    wanted : set of str
        What to take. A constant is taken where all that its assignment sets is wanted.
    names : dict
        What the definitions use beside each other: modules, and constants of the caller's choice.

    Returns
    -------
    dict
        Everything by name, ``names`` too.

    Raises
    ------
    ValueError
        If the lesson lacks something that is wanted.
    """
    taken, nodes = set(), []
    for cell in read(path)["cells"]:
        if cell["cell_type"] == "code" and "setup" not in tags(cell):
            for node in ast.parse(source(cell)).body:
                defined = _defined(node)
                if defined and defined <= wanted:
                    taken |= defined
                    nodes.append(node)
    if taken != wanted:
        missing = ", ".join(sorted(wanted - taken))
        raise ValueError(f"{path.name} does not define {missing}; expected a function, class or constant")
    found = dict(names)
    exec(compile(ast.Module(nodes, type_ignores=[]), str(path), "exec"), found)
    return found


def _defined(node: ast.stmt) -> set[str]:
    """The names that a function, a class or an assignment defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {x.id for x in ast.walk(node) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}
    return set()
