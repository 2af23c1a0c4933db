"""What `run_course` shows: the progress while the lessons run, the table of results, and what went wrong."""

import heapq
import sys
import time
from pathlib import Path

from hepml_helpers import results

WIDTH = 120
SECONDS_BETWEEN_LINES = 20
COLUMNS = {"lesson": 6, "min": 4, "result": 34, "measured": 21, "accepted": 16, "published": 18, "verdict": 7}
MARKS = {"passed": "done", "outside": "done, with a result outside its band", "failed": "FAILED"}


class Progress:
    """A bar over the cells of all lessons on a terminal, a line now and then where there is none (CI, a log file)."""

    def __init__(self, course: list, jobs: int):
        self.course = course
        self.jobs = jobs
        self.start = self.last_line = time.monotonic()
        self.bar = None

    def __enter__(self) -> "Progress":
        together = f", {self.jobs} at a time" if self.jobs > 1 else ""
        profile = self.course[0].profile
        print(
            f"{len(self.course)} lesson(s) in the {profile} profile{together}: about {in_words(self.minutes_left())}",
            flush=True,
        )
        if sys.stdout.isatty():
            from tqdm import tqdm

            self.bar = tqdm(
                total=sum(len(lesson.cells) for lesson in self.course),
                file=sys.stdout,
                bar_format="{percentage:3.0f}% |{bar:24}| {n}/{total} cells, {elapsed} gone{postfix}",
                dynamic_ncols=True,
            )
        return self

    def __exit__(self, *_) -> None:
        if self.bar is not None:
            self.bar.close()

    def minutes_left(self) -> float:
        """The minutes until the last lesson ends, when each free place takes the next lesson."""
        now = time.monotonic()
        open_lessons = [lesson for lesson in self.course if lesson.status in ("waiting", "running")]
        places = [lesson.minutes_left(now) for lesson in open_lessons if lesson.status == "running"]
        places += [0.0] * (self.jobs - len(places))
        heapq.heapify(places)
        for minutes in sorted((lesson.expected for lesson in open_lessons if lesson.status == "waiting"), reverse=True):
            heapq.heappush(places, heapq.heappop(places) + minutes)
        return max(places)

    def show(self) -> None:
        """Bring the bar up to date, or print a line when the last one is some time ago."""
        running = [lesson for lesson in self.course if lesson.status == "running"]
        now = "  ".join(f"{lesson.name[:2]} at cell {lesson.cells_done + 1}/{len(lesson.cells)}" for lesson in running)
        left = f"about {in_words(self.minutes_left())} left"
        if self.bar is not None:
            self.bar.n = sum(lesson.cells_done for lesson in self.course)
            self.bar.set_postfix_str(f"{left}  {now}".rstrip())
        elif running and time.monotonic() - self.last_line > SECONDS_BETWEEN_LINES:
            self.line(f"{now}, {left}")

    def note(self, lesson) -> None:
        """Say that a lesson started or ended."""
        if lesson.status == "running":
            if self.bar is None:
                self.line(f"{lesson.name} started")
            return
        self.line(f"{lesson.name} {MARKS[lesson.status]} ({lesson.minutes:.1f} min)")

    def line(self, text: str) -> None:
        self.last_line = time.monotonic()
        seconds = int(self.last_line - self.start)
        text = f"[{seconds // 60:02d}:{seconds % 60:02d}] {text}"
        if self.bar is not None:
            self.bar.write(text)
        else:
            print(text, flush=True)


def in_words(minutes: float) -> str:
    """A time that nobody takes for exact.

    Examples
    --------
    >>> in_words(0.31), in_words(2.4), in_words(0.01)
    ('20 s', '2.5 min', '10 s')
    """
    if minutes < 1:
        return f"{max(10, round(minutes * 6) * 10)} s"
    return f"{round(minutes * 2) / 2:g} min"


def print_table(course: list, *, judged: bool) -> None:
    """One row for each result: lesson, minutes, result, accepted band, published figure, verdict."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name, width in COLUMNS.items():
        table.add_column(name, width=width, overflow="fold", justify="right" if name == "min" else "left")
    for lesson in course:
        for row in rows(lesson, judged=judged):
            table.add_row(*row, end_section=False)
        table.add_section()
    Console(width=WIDTH, highlight=False, markup=False, soft_wrap=False).print(table)
    if not judged:
        print("The smoke profile trains for seconds: its results are shown and not judged.")


def rows(lesson, *, judged: bool) -> list[tuple[str, ...]]:
    """The rows of one lesson; its name and minutes stand in the first."""
    head = (lesson.name[:2], f"{lesson.minutes:.1f}")
    if lesson.status == "failed":
        failure = lesson.failure
        return [(*head, f"{failure['error']}: {short(failure['message'], 60)}", "", "", "", "FAILED")]
    texts = [results.describe(result) for result in lesson.results]
    verdicts = [{"pass": "pass", "outside": "OUTSIDE"}.get(text["verdict"], "-") if judged else "-" for text in texts]
    return [
        (*(head if n == 0 else ("", "")), text["result"], text["measured"], text["accepted"], text["published"], word)
        for n, (text, word) in enumerate(zip(texts, verdicts, strict=True))
    ]


def print_failures(course: list, *, build) -> None:
    """For each lesson that is not well: the cell, its first line and the error, or the result and its band."""
    wrong = [lesson for lesson in course if lesson.status != "passed"]
    for lesson in wrong:
        print(f"\n{lesson.name}: {MARKS[lesson.status]}")
        if lesson.failure:
            if "cell" in lesson.failure:
                print(f"  cell {lesson.failure['cell']} of {len(lesson.cells)}: {lesson.failure['line']}")
            print(f"  {lesson.failure['error']}: {lesson.failure['message']}")
        for result in lesson.results if lesson.status == "outside" else ():
            if results.verdict(result) == "outside":
                text = results.describe(result)
                print(f"  {text['result']}: {text['measured']} is outside {text['accepted']}")
        print(f"  its copy: {shown(build / 'failed' / lesson.path.name)}")
    well = len(course) - len(wrong)
    print(f"\n{well} of {len(course)} lesson(s) passed; executed copies in {shown(build / 'notebooks')}", flush=True)


def shown(path: Path) -> str:
    """A path as short as the reader can use it."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def short(text: str, length: int) -> str:
    """The first line of a text, cut to a length."""
    line = (text.splitlines() or [""])[0]
    return line if len(line) <= length else line[: length - 1] + "…"
