"""What of a lesson's text stands on a slide, what the speaker keeps in the notes, and how much of it fits.

A lesson explains in full sentences; a slide says one thing. Of a long paragraph the slide keeps the first sentence, the
questions and what is printed bold; the whole of it goes into the notes. Formulas, lists and tables stay as they are.
"""

import math
import re
from dataclasses import dataclass

LINE = 84  # characters in a line of text of full width
HEIGHT = 560  # pixels that a slide has for text, figure or table beside its title
SHORT = 32  # words: a paragraph that is not longer stays whole
LINE_HEIGHT, GAP = 36, 14  # pixels
ABBREVIATIONS = ("e.g.", "i.e.", "cf.", "vs.", "al.", "Phys.", "Rev.", "Nucl.", "Instrum.", "Meth.", "Lett.", "No.")

# What is one piece in a sentence: code, formulas, bold words, links
_WHOLE = re.compile(r"`[^`]+`|\$[^$]+\$|\*\*.+?\*\*|\[[^\]]*\]\([^)]*\)", re.DOTALL)
_OPEN, _SHUT, _ENDED = "\ue000", "\ue001", "\ue002"  # stand for such a piece; the last for one that ends a sentence
_BOUNDARY = re.compile(f'(?<=[.!?{_ENDED}])(["”)*]*)\\s+(?=[A-Z{_OPEN}"“(\\[0-9])')


@dataclass(frozen=True)
class Block:
    """A part of a text: kind is heading, paragraph, formula, list, table or code."""

    kind: str
    text: str

    @property
    def is_question(self) -> bool:
        """Whether it is a question to the room: a paragraph that begins with bold words and asks something."""
        return self.kind == "paragraph" and self.text.startswith("**") and "?" in self.text


def blocks_of(text: str) -> list[Block]:
    """The parts of a Markdown text.

    Examples
    --------
    >>> [block.kind for block in blocks_of("## A\\nB.\\n\\n$$ E = m $$\\n\\n- a\\n- b\\n\\n| a |\\n|---|\\n| 1 |")]
    ['heading', 'paragraph', 'formula', 'list', 'table']
    """
    parts, open_mark = [[]], None
    for line in text.splitlines():
        heading = open_mark is None and re.match(r"#{1,6} ", line)
        if heading or (open_mark is None and not line.strip()):
            parts.append([])
        if heading:
            parts += [[]]
            parts[-2].append(line)
        elif line.strip() or open_mark:
            parts[-1].append(line)
            for mark in ("```", "$$"):
                if open_mark in (None, mark) and line.count(mark) % 2:
                    open_mark = mark if open_mark is None else None
    return [Block(_kind(part[0], "\n".join(part)), "\n".join(part)) for part in parts if part]


def _kind(first: str, text: str) -> str:
    if re.match(r"#{1,6} ", first):
        return "heading"
    if first.startswith("```"):
        return "code"
    if re.match(r"([-*+]|\d+[.)]) ", first):
        return "list"
    if first.startswith("|"):
        return "table"
    return "formula" if "$$" in text else "paragraph"


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; what is bold, code, a link or a formula is not cut.

    Examples
    --------
    >>> sentences("By A. Butter et al., see $p. A$. **Is it so? Yes.** It is (really!). Good.")
    ['By A. Butter et al., see $p. A$.', '**Is it so? Yes.** It is (really!).', 'Good.']
    """
    pieces = []

    def hide(found):
        pieces.append(found[0])
        return f"{_OPEN}{len(pieces) - 1}{_ENDED if re.search(r'[.!?][*]*$', found[0]) else _SHUT}"

    hidden = _WHOLE.sub(hide, " ".join(text.split()))
    cut, start = [], 0
    for boundary in _BOUNDARY.finditer(hidden):
        before = hidden[start : boundary.end(1)]
        if not re.search(r"(^|\s)[A-Z]\.$", before) and not before.endswith(ABBREVIATIONS):
            cut.append(before)
            start = boundary.end()
    cut.append(hidden[start:])
    whole = [re.sub(f"{_OPEN}(\\d+)[{_SHUT}{_ENDED}]", lambda found: pieces[int(found[1])], part) for part in cut]
    joined = []
    for sentence in whole:  # bold words alone are the title of the sentence that follows
        if joined and re.fullmatch(r"\*\*[^*]+\*\*", joined[-1]) and len(joined[-1].split()) <= 8:
            joined[-1] += " " + sentence
        else:
            joined.append(sentence)
    return [sentence for sentence in joined if sentence]


def condensed(block: Block) -> Block:
    """What of a block stands on the slide; a short paragraph and everything that is no paragraph stay whole.

    Examples
    --------
    >>> block = Block("paragraph", "This is the first of all. " + "And more words. " * 10 + "**The result.** Why?")
    >>> condensed(block).text
    'This is the first of all. **The result.** Why?'
    """
    if block.kind != "paragraph" or len(block.text.split()) <= SHORT:
        return block
    first, *others = sentences(block.text)
    if len(first.split()) < 6 and others:  # "One warning." alone says nothing
        first += " " + others.pop(0)
    return Block("paragraph", " ".join([first, *(one for one in others if "**" in one or one.endswith("?"))]))


def pages(blocks: list[Block], height: int = HEIGHT, line: int = LINE) -> list[list[Block]]:
    """The blocks on as few pages as hold them, in their order, and about as much on each.

    A list is divided between its items, a table between its rows, and a paragraph between its sentences, where one is
    too long for a page.

    Examples
    --------
    >>> [[part.text for part in page] for page in pages([Block("list", "- a\\n- b\\n- c\\n- d")], height=140)]
    [['- a\\n- b'], ['- c\\n- d']]
    """
    found = _filled(blocks, height, line)
    lower = (_filled(blocks, less, line) for less in range(height // 3, height, 40))  # as many pages, and as full
    return next((even for even in lower if len(even) == len(found)), found)


def _filled(blocks: list[Block], height: int, line: int) -> list[list[Block]]:
    """The blocks on pages, each filled as far as it goes."""
    found, left = [], 0
    for block in [part for whole in blocks for part in _parts(whole, height, line)]:
        needed = height_of(block, line)
        if not found or needed > left:
            found.append([])
            left = height
        found[-1].append(block)
        left -= needed
    return [_joined(page) for page in found]


def _parts(block: Block, height: int, line: int) -> list[Block]:
    """What a block may be divided into."""
    if block.kind == "list":
        return [Block("list", item) for item in _items(block.text)]
    if height_of(block, line) > height and block.kind == "paragraph":
        return [Block("paragraph", sentence) for sentence in sentences(block.text)]
    if height_of(block, line) > height and block.kind == "table":
        head, rows = block.text.splitlines()[:2], block.text.splitlines()[2:]
        half = len(rows) // 2
        if half:
            halves = (Block("table", "\n".join(head + part)) for part in (rows[:half], rows[half:]))
            return [part for half in halves for part in _parts(half, height, line)]
    return [block]


def _joined(page: list[Block]) -> list[Block]:
    """A page whose neighbouring items are one list again."""
    found = []
    for block in page:
        if found and block.kind == found[-1].kind == "list":
            found[-1] = Block("list", f"{found[-1].text}\n{block.text}")
        else:
            found.append(block)
    return found


def _items(text: str) -> list[str]:
    return re.split(r"\n(?=[-*+] |\d+[.)] )", text)


def height_of(block: Block, line: int = LINE) -> int:
    """About how many pixels a block takes where a line holds so many characters."""
    if block.kind == "formula":
        before, formula, *after = block.text.split("$$")
        words = sum(height_of(Block("paragraph", text), line) for text in (before, *after) if text.strip())
        return 30 + 56 * (1 + formula.count(r"\\")) + words
    if block.kind == "table":
        rows = block.text.splitlines()
        return sum(LINE_HEIGHT * _lines(row, line) + 6 for row in (rows[0], *rows[2:])) + GAP
    if block.kind == "list":
        return sum(LINE_HEIGHT * _lines(item, line - 4) + GAP // 2 for item in _items(block.text))
    lines = block.text.splitlines() if block.kind == "code" else [" ".join(block.text.split())]
    return sum(LINE_HEIGHT * _lines(text, line) for text in lines) + GAP


def _lines(text: str, line: int) -> int:
    return max(1, math.ceil(visible(text) / line))


def visible(text: str) -> int:
    """About how many characters of a text are seen: without Markdown's marks, addresses, and a formula's commands.

    Examples
    --------
    >>> visible(r"**ab** [cd](https://example.org) $\\mathrm{e}$")
    7
    """
    text = re.sub(r"\]\([^)]*\)", "", text)
    text = re.sub(r"\\(mathrm|text|mathcal|boldsymbol|mathbf|left|right|big|Big|,|;|!|quad)\b", "", text)
    text = re.sub(r"\\[A-Za-z]+", "x", text)
    return len(re.sub(r"[*`$\[{}_^\\]", "", text))
