"""Make slides of the executed lessons: ``python tools/make_slides.py [--out FOLDER] [LESSON ...]`` (`make slides`).

One deck of reveal.js for each lesson of ``build/notebooks``, in ``build/slides``, with all that it needs beside it: a
deck opens from the disk and fetches nothing. Nothing is executed.

What a cell becomes follows from what it is: text is condensed (the whole goes into the speaker's notes), a question to
the room and a figure have a slide of their own, the words that read the figure appear under it at the next key, results
become a table, code of up to ten lines stands beside what it prints. Set-up, longer code, solutions and checks are left
out. ``slideshow.slide_type`` in a cell's metadata overrules this: ``skip`` leaves it out, ``notes`` puts it into the
notes, ``slide`` shows its code or its text in full.
"""

import argparse
import base64
import html
import os
import re
import shutil
import struct
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import jinja2
from nbconvert.filters import Highlight2HTML, markdown2html_mistune
from notebook_files import ROOT, lessons, read, source, tags
from pygments.formatters import HtmlFormatter
from repository import BADGE_IMAGE
from run_course import select
from slide_text import GAP, HEIGHT, Block, blocks_of, condensed, height_of, pages

from hepml_helpers import results

THEME = ROOT / "teaching/slides"
LEFT_OUT = {"parameters", "injected-parameters", "setup", "solution", "check"}  # tags
SHOWN_LINES, PRINTED_LINES, TABLE_ROWS = 10, 12, 9
WHOLE = 340  # pixels: a text that is not higher is not condensed
PREREQUISITES = ("*You need*", "**Before you start:**", "**Time:**")  # beginnings of paragraphs for the notes
LONG_QUESTION = 60  # words: a longer one is condensed
WIDTH, FIGURE_HEIGHT = 1184, 500  # pixels that a slide has for its contents, and a figure at most
SIDE_LINE = 34  # characters in a line beside a figure that is not wide
# what the decks need, by the distribution that brings it: reveal.js and MathJax
ASSETS = {
    "sphinx-revealjs": (
        "sphinx_revealjs/_static/revealjs",
        ["dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js", "LICENSE"],
    ),
    "sphinx-mathjax-offline": ("sphinx-mathjax-offline/static/mathjax", ["tex-svg-full.js"]),
}
FONTS = "sphinx_revealjs/_static/revealjs/dist/theme/fonts/source-sans-pro"
highlight = Highlight2HTML()


@dataclass
class Slide:
    """One slide: its title, what stands on it and what the speaker has in the notes, as HTML."""

    title: str
    kind: str
    body: str
    notes: list[str] = field(default_factory=list)
    room: float = 0  # pixels below what stands on it


def main(arguments: list[str] | None = None) -> int:
    """Write the decks of the lessons that are named, or of all that were executed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers or names, as 01 or 01_invariant_mass")
    parser.add_argument("--notebooks", type=Path, default=ROOT / "build/notebooks", help="the executed lessons")
    parser.add_argument("--out", type=Path, default=ROOT / "build/slides")
    options = parser.parse_args(arguments)
    try:
        chosen = select(options.lessons, lessons(options.notebooks))
        decks = {path.stem: Deck(read(path)).stacks for path in chosen}
        copy_assets(options.out / "assets")
    except (ValueError, PackageNotFoundError) as error:
        print(f"{error} (make run executes lessons, make setup installs what slides need)", file=sys.stderr)
        return 2
    page = jinja2.Environment(loader=jinja2.FileSystemLoader(THEME), autoescape=True).get_template("deck.html.j2")
    for name, stacks in decks.items():
        draft = options.out / f"{name}.tmp"
        draft.write_text(page.render(title=plain(stacks[0][0].title), stacks=stacks), encoding="utf-8")
        os.replace(draft, options.out / f"{name}.html")
        print(f"{options.out / name}.html: {sum(map(len, stacks))} slides")
    return 0


def copy_assets(folder: Path) -> None:
    """Lay reveal.js, MathJax, the font and the course's own theme beside the decks."""
    folder.mkdir(parents=True, exist_ok=True)
    for package, (place, names) in ASSETS.items():
        for name in names:
            shutil.copy(distribution(package).locate_file(f"{place}/{name}"), folder / Path(name).name)
    for style in ("regular", "italic", "semibold", "semibolditalic"):
        shutil.copy(distribution("sphinx-revealjs").locate_file(f"{FONTS}/source-sans-pro-{style}.woff"), folder)
    for name in ("theme.css", "deck.js"):
        shutil.copy(THEME / name, folder)
    (folder / "code.css").write_text(HtmlFormatter(style="friendly").get_style_defs(".highlight"), encoding="utf-8")


class Deck:
    """The slides of an executed lesson, in `stacks`: one for each part (``##``) of the lesson."""

    def __init__(self, notebook: dict):
        self.stacks: list[list[Slide]] = []
        self.title = ""
        self.figure = None  # the slide whose reading may still come, the pixels for it, and characters in a line
        for cell in notebook["cells"]:
            kind = cell["metadata"].get("slideshow", {}).get("slide_type", "")
            if kind == "skip" or LEFT_OUT & set(tags(cell)) or BADGE_IMAGE in source(cell):
                continue
            if kind == "notes":
                self.note(cell)
            elif cell["cell_type"] == "markdown":
                self.text(blocks_of(source(cell)), whole=kind == "slide", exercise="exercise" in tags(cell))
                self.figure = None
            elif cell["cell_type"] == "code":
                self.code(cell, shown=kind == "slide")

    def add(self, kind: str, body: str, room: float = 0) -> Slide:
        """A new slide in the current part; the first of all is the title."""
        if not self.stacks:
            self.stacks.append([])
        first = len(self.stacks) == 1 and not self.stacks[0]
        self.stacks[-1].append(Slide(self.title, "title" if first else kind, body, room=room))
        return self.stacks[-1][-1]

    @property
    def last(self) -> Slide:
        """The slide before; an empty one where the part has none yet."""
        return self.stacks[-1][-1] if self.stacks and self.stacks[-1] else Slide("", "", "")

    def note(self, cell: dict) -> None:
        """A cell in the notes of the slide before it."""
        self.last.notes.append(as_html(source(cell)) if cell["cell_type"] == "markdown" else code(cell))

    def text(self, blocks: list[Block], *, whole: bool, exercise: bool) -> None:
        """The slides of a text."""
        waiting: list[Block] = []
        if self.figure is not None:
            blocks = self.read_figure(blocks)
        for block in blocks:
            if block.kind == "heading":
                self.flush(waiting, whole)
                level, _, words = block.text.partition(" ")
                whole = whole or (exercise and len(level) > 2)
                self.begin(len(level), words)
            elif block.text.startswith(PREREQUISITES):
                self.flush(waiting, whole)
                self.last.notes.append(as_html(block.text))
            elif block.is_question and not whole:
                self.flush(waiting, whole)
                short = condensed(block) if len(block.text.split()) > LONG_QUESTION else block
                slide = self.add("question", as_html(short.text))
                slide.notes += [as_html(block.text)] if short != block else []
            else:
                waiting.append(block)
        self.flush(waiting, whole)

    def begin(self, level: int, words: str) -> None:
        """A heading: a part of the lesson begins, or a slide with a title of its own."""
        self.title = as_html(re.sub(r"^(\d+)\.", r"\1\.", words), inline=True)  # a number is no list
        if level <= 2 or not self.stacks:
            self.stacks.append([])

    def flush(self, waiting: list[Block], whole: bool) -> None:
        """Slides of the blocks that wait."""
        whole = whole or sum(height_of(block) for block in waiting) <= WHOLE
        shown = [block if whole else condensed(block) for block in waiting]
        for number, page in enumerate(pages(shown)):
            room = HEIGHT - sum(height_of(block) for block in page)
            slide = self.add("text", as_html("\n\n".join(block.text for block in page)), room)
            if number == 0 and shown != waiting:
                slide.notes.append(as_html("\n\n".join(block.text for block in waiting)))
        waiting.clear()

    def read_figure(self, blocks: list[Block]) -> list[Block]:
        """Put the paragraphs after a figure beside it, as many as there is room for; the blocks that are left."""
        slide, room, line = self.figure
        taken: list[Block] = []
        for block in blocks:
            short = condensed(block)
            if block.kind != "paragraph" or block.is_question or height_of(short, line) > room:
                break
            taken.append(short)
            room -= height_of(short, line)
        if taken:
            words = "\n\n".join(block.text for block in taken)
            alt = html.escape(plain(as_html(words)), quote=True)
            slide.body = re.sub(r' alt="[^"]*"', lambda _: f' alt="{alt}"', slide.body)
            slide.body += f'<div class="reading fragment">{as_html(words)}</div>'
            slide.notes.append(as_html("\n\n".join(block.text for block in blocks[: len(taken)])))
        return blocks[len(taken) :]

    def code(self, cell: dict, *, shown: bool) -> None:
        """The slides of a code cell: its figures, its results and tables, or its code with what it prints."""
        data = [output["data"] for output in cell["outputs"] if "data" in output]
        for picture in (one["image/png"] for one in data if "image/png" in one):
            self.picture(joined(picture))
        recorded = [one[results.MIME_TYPE] for one in data if results.MIME_TYPE in one]
        made = [table_of(recorded[k : k + TABLE_ROWS]) for k in range(0, len(recorded), TABLE_ROWS)]
        others = (joined(one["text/html"]) for one in data if "text/html" in one and results.MIME_TYPE not in one)
        made += [part for table in others for part in in_parts(table)]
        for table in made:
            self.place("table", table, 46 * table.count("<tr") + GAP)
        lines = [line for line in source(cell).splitlines() if line.strip()]
        is_short = len(lines) <= SHOWN_LINES and not made and not any("image/png" in one for one in data)
        if not shown and not is_short:
            self.last.notes.append(code(cell))
            return
        body = code(cell) + printed(cell)
        height = 30 * (len(source(cell).splitlines()) + printed(cell).count("\n") + 3)
        self.place("code", body, height)

    def place(self, kind: str, body: str, height: float) -> None:
        """A table or code, under what stands on the last slide where there is room; no result under a question."""
        under = ("text",) if kind == "code" else ("text", "table")
        spoils = kind == "table" and "?" in self.last.body
        if self.last.kind in under and height <= self.last.room and not spoils:
            self.last.body += body
            self.last.room -= height
        else:
            self.add(kind, body, HEIGHT - height)

    def picture(self, png: str) -> None:
        """A slide with a figure, as large as it may be; beside one that is not wide there is room for words."""
        width, height = struct.unpack(">II", base64.b64decode(png[:44])[16:24])
        wide = width / height > 1.9
        scale = min(WIDTH / width, FIGURE_HEIGHT / height) if wide else min(800 / width, FIGURE_HEIGHT / height)
        size = f'width="{width * scale:.0f}" height="{height * scale:.0f}"'
        body = f'<img {size} src="data:image/png;base64,{png}" alt="{html.escape(plain(self.title), quote=True)}">'
        slide = self.add("figure wide" if wide else "figure", body)
        self.figure = (slide, HEIGHT - height * scale, 88) if wide else (slide, HEIGHT, SIDE_LINE)


def as_html(markdown: str, *, inline: bool = False) -> str:
    """Markdown as HTML, formulas left to MathJax; without the paragraph around it where it is inline."""
    made = markdown2html_mistune(markdown).strip()
    return re.sub(r"^<p>(.*)</p>$", r"\1", made, flags=re.DOTALL) if inline else made


def plain(made: str) -> str:
    """HTML as plain text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", made)).split())


def joined(text) -> str:
    """A text that the format keeps as a string or as a list of lines."""
    return (text if isinstance(text, str) else "".join(text)).strip()


def code(cell: dict) -> str:
    """A cell's code in colours, in letters that let its longest line fit."""
    longest = max((len(line) for line in source(cell).splitlines()), default=1)
    return f'<div style="font-size:{letters(longest)}px">{highlight(source(cell))}</div>'


def letters(longest: int) -> int:
    """The size, in pixels, of letters of one width that let a line of so many characters fit."""
    return min(22, int((WIDTH - 40) / 0.605 / longest))


def printed(cell: dict) -> str:
    """What a cell prints, shortened where it is long."""
    text = "".join(joined(out["text"]) + "\n" for out in cell["outputs"] if out.get("name") == "stdout")
    results_of_cell = [out["data"] for out in cell["outputs"] if out["output_type"] == "execute_result"]
    text += "".join(joined(data["text/plain"]) for data in results_of_cell if "text/html" not in data)
    lines = text.rstrip().splitlines()
    if len(lines) > PRINTED_LINES:
        lines = [*lines[:PRINTED_LINES], "..."]
    longest = max(map(len, lines), default=1)
    return (
        f'<pre class="printed" style="font-size:{letters(longest)}px">{html.escape(chr(10).join(lines))}</pre>'
        if lines
        else ""
    )


def table_of(recorded: list[dict]) -> str:
    """What a lesson measured beside what was published, as a table without columns that say nothing."""
    rows = [results.describe(result) for result in recorded]
    columns = [key for key in rows[0] if any(row[key] not in ("-", "not judged") for row in rows)]
    head = "".join(f"<th>{key}</th>" for key in columns)
    cells = ("".join(f"<td>{html.escape(row[key])}</td>" for key in columns) for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{row}</tr>' for row in cells)}</tbody></table>"


def in_parts(table: str) -> list[str]:
    """A table in HTML, divided where it has too many rows for a slide."""
    table = re.sub(r"<style.*?</style>", "", table, flags=re.DOTALL)
    before, begin, rest = table.partition("<tbody>")
    rows, end, after = rest.partition("</tbody>")
    rows = re.findall(r"<tr.*?</tr>", rows, flags=re.DOTALL)
    if len(rows) <= TABLE_ROWS:
        return [table]
    n_parts = -(-len(rows) // TABLE_ROWS)
    size = -(-len(rows) // n_parts)
    return [before + begin + "".join(rows[k : k + size]) + end + after for k in range(0, len(rows), size)]


if __name__ == "__main__":
    sys.exit(main())
