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
_BOUNDARY = re.compile(f"(?<=[.!?{_ENDED}])([\"”)*]*)\\s+(?=[A-Z{_OPEN}\"“(\\[0-9])")


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
    >>> [block.kind for block in blocks_of("## A\\nWords.\\n\\n$$ E = m $$\\n\\n- one\\n- two\\n\\n| a |\\n|---|\\n| 1 |")]
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
    >>> block = Block("paragraph", "The first. " + "And many words more. " * 10 + "**The result.** Why?")
    >>> condensed(block).text
    'The first. **The result.** Why?'
    """
    if block.kind != "paragraph" or len(block.text.split()) <= SHORT:
        return block
    first, *others = sentences(block.text)
    return Block("paragraph", " ".join([first, *(one for one in others if "**" in one or one.endswith("?"))]))


def pages(blocks: list[Block], height: int = HEIGHT) -> list[list[Block]]:
    """The blocks on as few pages as hold them, in their order; one that is too long for a page is divided."""
    found, left = [], 0
    for block in (part for block in blocks for part in divided(block, height)):
        if not found or height_of(block) > left:
            found.append([])
            left = height
        found[-1].append(block)
        left -= height_of(block)
    return found


def divided(block: Block, height: int) -> list[Block]:
    """A block in parts that fit a page each: a list by its items, a table by its rows, a paragraph by sentences."""
    if height_of(block) <= height or block.kind not in ("list", "table", "paragraph"):
        return [block]
    head, glue = [], "\n"
    if block.kind == "paragraph":
        parts, glue = sentences(block.text), " "
    elif block.kind == "table":
        head, parts = block.text.splitlines()[:2], block.text.splitlines()[2:]
    else:
        parts = re.split(r"\n(?=[-*+] |\d+[.)] )", block.text)
    found = []
    for part in parts:
        longer = Block(block.kind, f"{found[-1].text}{glue}{part}") if found else None
        if longer and height_of(longer) <= height:
            found[-1] = longer
        else:
            found.append(Block(block.kind, glue.join([*head, part])))
    return found


def height_of(block: Block) -> int:
    """About how many pixels a block takes."""
    if block.kind == "formula":
        before, formula, *after = block.text.split("$$")
        lines = 1 + formula.count(r"\\")
        around = sum(height_of(Block("paragraph", text)) for text in (before, *after) if text.strip())
        return 30 + 56 * lines + around
    if block.kind == "table":
        rows = block.text.splitlines()
        return sum(LINE_HEIGHT * max(1, math.ceil(visible(row) / LINE)) + 6 for row in rows[:1] + rows[2:]) + GAP
    width = LINE - 4 if block.kind == "list" else LINE
    lines = re.split(r"\n(?=[-*+] |\d+[.)] )", block.text) if block.kind == "list" else [" ".join(block.text.split())]
    if block.kind == "code":
        lines = block.text.splitlines()
    return sum(LINE_HEIGHT * max(1, math.ceil(visible(line) / width)) for line in lines) + GAP


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
