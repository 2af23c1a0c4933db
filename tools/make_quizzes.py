"""Turn the quizzes into notebooks: ``python tools/make_quizzes.py [--out FOLDER] [FILE ...]`` (`make quizzes`).

The GIFT files in ``teaching/quizzes`` are the only source. Each becomes a notebook with one cell a question and the
answers folded away, for those who have no Moodle.
"""

import argparse
import html
import sys
from pathlib import Path

import clean_notebooks
import gift
from notebook_files import NOTEBOOKS, ROOT, first_line, read

QUIZZES = ROOT / "teaching/quizzes"
HINTS = {"choice": "Choose one.", "true or false": "True or false?", "number": "Give a number."}


def main(arguments: list[str] | None = None) -> int:
    """Write a notebook for each file that is named, or for all quizzes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "build/quizzes")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.files or sorted(QUIZZES.glob("*.gift")):
        target = options.out / f"{path.stem}.ipynb"
        target.write_text(as_notebook(title_of(path.stem), gift.read(path)), encoding="utf-8")
        print(target)
    return 0


def title_of(lesson: str) -> str:
    """The title of a lesson, from its notebook; its file's name where there is none."""
    path = NOTEBOOKS / f"{lesson}.ipynb"
    return first_line(read(path)["cells"][0]).lstrip("# ") if path.exists() else lesson


def as_notebook(title: str, questions: list[gift.Question]) -> str:
    """The text of a notebook with one Markdown cell for each question."""
    sources = [f"# Quiz: {title}\n\nAnswer first, then open the fold."]
    sources += [as_markdown(question) for question in questions]
    cells = [{"cell_type": "markdown", "metadata": {}, "source": source} for source in sources]
    return clean_notebooks.as_text(clean_notebooks.clean({"cells": cells, "metadata": {}}))


def as_markdown(question: gift.Question) -> str:
    """One question; what is right and why lies in a fold."""
    lines = [f"### {escaped(question.name)}", "", f"{escaped(question.text)} *{HINTS[question.kind]}*", ""]
    if question.kind == "choice":
        lines += [*(f"- {escaped(answer.text)}" for answer in question.answers), ""]
    lines += ["<details><summary>Answer</summary>", ""]
    for answer in question.answers:
        mark = "**right**" if answer.right else "wrong"
        lines.append(f"- {escaped(answer.text)}: {mark}. {escaped(answer.feedback)}")
    return "\n".join([*lines, "", escaped(question.explanation), "", "</details>"])


def escaped(text: str) -> str:
    """Text that Markdown shows as it is.

    Examples
    --------
    >>> escaped("a*b < c_1")
    'a\\\\*b &lt; c\\\\_1'
    """
    text = html.escape(text, quote=False)
    for char in "\\`*_[]$|":
        text = text.replace(char, f"\\{char}")
    return text


if __name__ == "__main__":
    sys.exit(main())
