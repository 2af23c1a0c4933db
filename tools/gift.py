"""A strict reader of the part of Moodle's GIFT format in which the quizzes are written.

A quiz is a text file of questions, with an empty line between two of them and comments after ``//`` at the beginning of
a line. A question has a name, a text and its answers in braces::

    ::name::text {
    =the right answer#what it is good for
    ~a wrong answer#what was misunderstood
    ####the explanation
    }

Numerical: ``#=value:tolerance#feedback`` and ``~#feedback to any other number``. True or false: ``TRUE#feedback to the
wrong answer#feedback to the right one``. The characters ``~ = # { } :`` and the backslash have a backslash before them
where they are meant as text. Whatever else GIFT can do is refused, and so is a question that lacks a feedback.
"""

import re
from pathlib import Path
from typing import NamedTuple

SPECIAL = "~=#{}:\\"
HIDDEN = {char: chr(0xE000 + i) for i, char in enumerate(SPECIAL)}  # stand in for escaped characters while we split
SHAPE = re.compile(r"::(?P<name>[^:]+)::(?P<text>[^{}]+)\{(?P<body>[^{}]*)\}", re.DOTALL)
NUMBER = r"-?\d+(?:\.\d+)?"
NUMERICAL = re.compile(rf"#\s*=(?P<value>{NUMBER}):(?P<tolerance>{NUMBER})#(?P<right>[^~=#]+)~#(?P<wrong>[^~=#]+)")
TRUE_FALSE = re.compile(r"(?P<value>TRUE|FALSE)#(?P<wrong>[^~=#]+)#(?P<right>[^~=#]+)")
CHOICE = re.compile(r"(?P<mark>[~=])(?P<text>[^~=#]+)#(?P<feedback>[^~=#]+)")


class GiftError(ValueError):
    """The text is not in the part of GIFT that the quizzes use."""


class Answer(NamedTuple):
    """One answer that can be given, and what is said to it."""

    text: str
    right: bool
    feedback: str


class Question(NamedTuple):
    """One question; value and tolerance belong to numerical ones."""

    name: str
    text: str
    kind: str  # "choice", "number" or "true or false"
    answers: tuple[Answer, ...]
    explanation: str  # of the whole question, whatever was answered
    value: float | None = None
    tolerance: float | None = None


def read(path: Path) -> list[Question]:
    """The questions of a file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> list[Question]:
    """The questions of a text.

    Raises
    ------
    GiftError
        When a question is not complete or not in the form described above; the message names it.

    Examples
    --------
    >>> [question] = parse("::Light::Photons are massless. {TRUE#They are.#Yes.####Gauge symmetry forbids a mass.}")
    >>> question.kind, question.answers[0].text, question.answers[0].right
    ('true or false', 'true', True)
    """
    lines = [line for line in text.splitlines() if not line.startswith("//")]
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return [parse_question(block) for block in blocks if block.strip()]


def parse_question(block: str) -> Question:
    """The question that a block of lines holds."""
    hidden = re.sub(r"\\([~=#{}:\\])", lambda found: HIDDEN[found[1]], block)
    if "\\" in hidden:
        raise GiftError(f"a backslash that escapes nothing in: {block[:60]!r}")
    shape = SHAPE.fullmatch(hidden.strip())
    if shape is None:
        raise GiftError(f"expected '::name::text {{answers}}', got: {block[:60]!r}")
    name, text = plain(shape["name"]), plain(shape["text"])
    if re.search(r"[~=#:]", shape["text"]):
        raise GiftError(f"{name}: ~ = # : need a backslash in the text of a question")
    answers, found, explanation = shape["body"].strip().partition("####")
    if not found or not explanation.strip() or re.search(r"[~=#]", explanation):
        raise GiftError(f"{name}: the explanation after #### is missing, or has ~ = # without a backslash")
    return Question(name, text, explanation=plain(explanation), **parse_answers(name, answers.strip()))


def parse_answers(name: str, body: str) -> dict:
    """Kind and answers, and of a numerical question the value and its tolerance."""
    if found := NUMERICAL.fullmatch(body):
        value, tolerance = found["value"], found["tolerance"]
        if float(tolerance) <= 0:
            raise GiftError(f"{name}: a number needs a tolerance above zero")
        right = Answer(f"{value} ± {tolerance}", True, plain(found["right"]))
        answers = (right, Answer("another number", False, plain(found["wrong"])))
        return {"kind": "number", "answers": answers, "value": float(value), "tolerance": float(tolerance)}
    if found := TRUE_FALSE.fullmatch(body):
        feedback = {True: plain(found["right"]), False: plain(found["wrong"])}
        rights = {"true": found["value"] == "TRUE", "false": found["value"] == "FALSE"}
        answers = tuple(Answer(text, right, feedback[right]) for text, right in rights.items())
        return {"kind": "true or false", "answers": answers}
    found = list(CHOICE.finditer(body))
    answers = tuple(Answer(plain(part["text"]), part["mark"] == "=", plain(part["feedback"])) for part in found)
    if len(answers) < 2 or "".join(part[0] for part in found) != body:
        raise GiftError(f"{name}: every answer needs a mark and a feedback, '=text#feedback' or '~text#feedback'")
    if sum(answer.right for answer in answers) != 1:
        raise GiftError(f"{name}: exactly one answer must be right")
    return {"kind": "choice", "answers": answers}


def plain(text: str) -> str:
    """The text as it is meant: escaped characters back, and one space where lines were broken."""
    for char, hidden in HIDDEN.items():
        text = text.replace(hidden, char)
    text = " ".join(text.split())
    if not text:
        raise GiftError("an empty name, text, answer or feedback")
    return text
