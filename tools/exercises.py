"""What the tools know of a lesson's exercises: question, solution and check, and the names that a check reads.

A check reads what the student made, under the names that the question gives. These names are found by compiling the
cells, so that no list of them has to be kept.
"""

import dis
import re
from dataclasses import dataclass
from types import CodeType

from notebook_files import source, tags

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TRIO = ("exercise", "solution", "check")  # the tags of an exercise's three cells, in their order


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson."""

    number: int
    question: dict
    solution: dict
    check: dict
    answers: tuple[str, ...]  # names that the check reads and that no cell before the exercises sets
    changed: tuple[str, ...]  # names that the check reads, and to which the lesson had given another value


def exercises_of(cells: list[dict]) -> list[Exercise]:
    """The exercises of a lesson, in their order.

    Raises
    ------
    ValueError
        If a question is not followed by its solution and its check.
    """
    starts = [n for n, cell in enumerate(cells) if "exercise" in tags(cell)]
    plain = [cell for cell in cells if cell["cell_type"] == "code" and not set(TRIO) & set(tags(cell))]
    given = set().union(*(names_set(source(cell)) for cell in plain))
    found = []
    for number, start in enumerate(starts, start=1):
        trio = cells[start : start + 3]
        order = [[tag for tag in TRIO if tag in tags(cell)] for cell in trio]
        if order != [[tag] for tag in TRIO]:
            raise ValueError(f"the cells of exercise {number} are tagged {order}; expected one each of {TRIO}")
        _, solution, check = trio
        read = (names_set(source(solution)) - names_set(source(check))) & names_read(source(check))
        found.append(Exercise(number, *trio, answers=tuple(sorted(read - given)), changed=tuple(sorted(read & given))))
    return found


def names_set(text: str) -> set[str]:
    """The names that a cell sets: by assignment, import, definition, or as the variable of a loop.

    Examples
    --------
    >>> sorted(names_set("import numpy as np\\ndef f(x):\\n    y = x\\nfor i in [j for j in (1, 2)]: k = i"))
    ['f', 'i', 'k', 'np']
    """
    return {name for kind, name in _uses(_compiled(text)) if kind == "STORE_NAME"}


def names_read(text: str) -> set[str]:
    """The names that a cell looks up outside its own functions.

    Examples
    --------
    >>> sorted(names_read("def f(x):\\n    return x + a\\nassert f(b) == [c * i for i in (1, 2)]"))
    ['a', 'b', 'c', 'f']
    """
    top = _compiled(text)
    found = {name for kind, name in _uses(top) if kind == "LOAD_NAME"}
    inner = [part for part in top.co_consts if isinstance(part, CodeType)]
    while inner:
        part = inner.pop()
        inner += [deeper for deeper in part.co_consts if isinstance(deeper, CodeType)]
        found |= {name for kind, name in _uses(part) if kind in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found


def named_in(question: dict) -> set[str]:
    """The names that stand in a question between backticks.

    Examples
    --------
    >>> sorted(named_in({"source": "Write `tilt(cells, slopes)` and store `mean`, not mode."}))
    ['cells', 'mean', 'slopes', 'tilt']
    """
    return {name for span in re.findall(r"`([^`]+)`", source(question)) for name in re.findall(r"[^\W\d]\w*", span)}


def _compiled(text: str) -> CodeType:
    """A cell's code; IPython's magics are lines that set and read nothing."""
    return compile(re.sub(r"^(\s*)[%!].*", r"\1pass", text, flags=re.MULTILINE), "<cell>", "exec")


def _uses(code: CodeType) -> list[tuple[str, str]]:
    return [(step.opname, step.argval) for step in dis.get_instructions(code) if isinstance(step.argval, str)]
