"""Begin a new lesson: ``python tools/make_lesson.py 12_my_topic`` or ``--title "My topic"`` (`make lesson`).

Writes ``notebooks/NN_topic.ipynb`` from ``tools/lesson_template.ipynb``, a small lesson that runs and keeps the rules,
with notes on what belongs in each part; and enters it in the tables of ``README.md`` and ``teaching/README.md``, there
as a lesson whose notes and quiz are to come, and in that of ``tools/wrong_answers.py``, with a wrong answer to the
template's exercise. CONTRIBUTING.md tells how to go on.
"""

import argparse
import re
import sys
import unicodedata
from pathlib import Path

from clean_notebooks import as_text, clean
from notebook_files import LESSON_NAME, ROOT, expected_minutes, notebooks, read, source
from repository import badge, slug

TEMPLATE = Path(__file__).with_name("lesson_template.ipynb")
WRONG = '    "{}": {{1: [("auc_linear = 1 - auc_linear", "expected an area between one half and one")]}},\n'
ROW = re.compile(r"^\| \[(\d\d)\b[^\]]*\]\([^)]*notebooks/\w+\.ipynb\) \|.*$", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Make the lesson; 2, and nothing is changed, when the name or the title is malformed or taken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", help="NN_topic in lower case, such as 12_my_topic")
    parser.add_argument("--title", help="the lesson's title; without a name, also its name with the next number")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to change")
    options = parser.parse_args(arguments)
    try:
        name = options.name or next_name(options.title, options.root)
        check(name, options.root)
        written = write(name, options.title or as_title(name), options.root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(f"wrote {path.relative_to(options.root)}")
    print("Next: make lab, then CONTRIBUTING.md, A new lesson in ten steps")
    return 0


def next_name(title: str | None, root: Path) -> str:
    """The next number and a title, as a name: accents and what else does not belong in a file's name are left out.

    Raises
    ------
    ValueError
        If there is no title, or none of its letters can stand in a name.
    """
    if title is None:
        raise ValueError('name the lesson: make lesson NAME=12_my_topic, or make lesson TITLE="My topic"')
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    topic = "_".join(re.findall(r"[a-z0-9]+", plain))
    if not topic:
        raise ValueError(f"no name can be made of the title {title!r}; expected Latin letters or digits, or a NAME")
    return f"{max(int(path.stem[:2]) for path in notebooks(root / 'notebooks')) + 1:02d}_{topic}"


def check(name: str, root: Path) -> None:
    """Stop where a lesson cannot have this name.

    Raises
    ------
    ValueError
        If the name is not NN_topic, or the name or its number is taken.
    """
    if not LESSON_NAME.fullmatch(name):
        raise ValueError(f"the name {name!r} is not NN_topic in lower case; expected for example 12_my_topic")
    for path in notebooks(root / "notebooks"):
        if path.stem[:2] == name[:2]:
            raise ValueError(f"the number {name[:2]} of {name!r} is taken by {path.name}; expected a free one")


def as_title(name: str) -> str:
    """A title for a name.

    Examples
    --------
    >>> as_title("12_my_topic")
    'My topic'
    """
    return name[3:].replace("_", " ").capitalize()


def write(name: str, title: str, root: Path) -> list[Path]:
    """The notebook, the two rows and the wrong answer; the files that were written.

    Raises
    ------
    ValueError
        If the title cannot stand in a table, or a table is not there. Nothing is written then.
    """
    if not title.strip() or re.search(r"[|\x00-\x1f]", title):
        raise ValueError(f"the title {title!r} cannot stand in a table; expected one line of text without '|'")
    number, lesson = name[:2], root / f"notebooks/{name}.ipynb"
    template = read(TEMPLATE)
    minutes = f"{expected_minutes(template, 'quick'):g}"
    cells = f"the question of the lesson? | its methods | {minutes} | {badge(name, slug(root))}"
    rows = {
        root / "README.md": f"| [{number}](notebooks/{name}.ipynb) | {cells} |",
        root / "teaching/README.md": f"| [{number} {title}](../notebooks/{name}.ipynb) | to come | to come |",
    }
    texts = {path: with_row(path.read_text(encoding="utf-8"), row) for path, row in rows.items()}
    wrong = root / "tools/wrong_answers.py"
    table, end, rest = wrong.read_text(encoding="utf-8").rpartition("}\n")
    if rest or not table.endswith("},\n"):
        raise ValueError(f"{wrong.name} does not end with its table of wrong answers")
    texts[wrong] = f"{table}{WRONG.format(name)}{end}"
    for cell in template["cells"]:
        cell["source"] = source(cell).replace("NN_topic", name).replace("# NN TITLE", f"# {number} {title}")
    texts[lesson] = as_text(clean(template))
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def with_row(text: str, row: str) -> str:
    """A text with one more row in its table of lessons, where the number belongs.

    Raises
    ------
    ValueError
        If the text has no table of lessons.
    """
    number = ROW.match(row)[1]
    found = list(ROW.finditer(text))
    if not found:
        raise ValueError("the table of lessons has no row like '| [01](notebooks/01_topic.ipynb) | ...'")
    before = [match.end() for match in found if match[1] < number]
    if before:
        return f"{text[: before[-1]]}\n{row}{text[before[-1] :]}"
    return f"{text[: found[0].start()]}{row}\n{text[found[0].start() :]}"


if __name__ == "__main__":
    sys.exit(main())
