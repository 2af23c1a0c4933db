"""Execute the course: ``python tools/run_course.py [--profile quick] [LESSON ...]`` (`make run`).

Every lesson is executed by papermill in a process of its own, several at a time. A lesson that ran through, with its
results inside their accepted bands, becomes the good copy in ``build/notebooks``; any other one is kept in
``build/failed`` and leaves the good copy as it was. ``build/results.json`` gathers what the lessons measured. With
``--seed 2`` (`make run SEED=2`) the lessons run with another seed than their own, all of it in ``build/seed-2``. With
``--pretrained`` (`make run PRETRAINED=1`) those that can take the weights that ship with the course do so, and the
others do not run; all of it in ``build/pretrained``.

Exit status: 0 when all is well, 1 when a lesson failed or a result lies outside its band, 2 for a wrong command line
or a folder that cannot be written, 130 when interrupted.
"""

import argparse
import contextlib
import datetime
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from notebook_files import NOTEBOOKS, PROFILES, ROOT, expected_minutes, first_line, lessons, read
from run_report import Progress, print_failures, print_table

from hepml_helpers import comparison, results

BUILD = ROOT / "build"
WORKER = Path(__file__).with_name("execute_lesson.py")
FOLDERS = ("partial", "notebooks", "failed", "logs")
BYTES_A_LESSON = 3e9
MINUTES_UNKNOWN = 2.0
PRETRAINED = "PRETRAINED = False"  # the parameter of a lesson that can do without its longest training
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


@dataclass
class Lesson:
    """One lesson of this run: what is known before, and how it went."""

    path: Path
    profile: str
    parameters: dict = field(default_factory=dict)  # what the lesson's own are replaced by, beside the profile
    expected: float = MINUTES_UNKNOWN
    cells: list = field(default_factory=list)
    process: subprocess.Popen | None = None
    started: float | None = None
    minutes: float | None = None
    cells_done: int = 0
    failure: dict | None = None
    results: list = field(default_factory=list)
    models: dict = field(default_factory=dict)  # rows of the tables that lessons share, by table
    status: str = "waiting"  # then running, and at last passed, outside or failed

    @property
    def name(self) -> str:
        return self.path.stem

    def minutes_left(self, now: float) -> float:
        """An estimate: the expected minutes less those gone, and where these are over, by the cells still to come."""
        if self.started is None:
            return self.expected
        gone = (now - self.started) / 60
        share_left = 1 - self.cells_done / max(len(self.cells), 1)
        return max(self.expected - gone, 0.25 * share_left * self.expected)


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen lessons; the exit status of the command."""
    options = parse(arguments)
    try:
        available = lessons(options.notebooks)
        if options.pretrained:
            available = [path for path in available if PRETRAINED in path.read_text(encoding="utf-8")]
        chosen = select(options.lessons, available)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        make_folders(options.build)
    except OSError as error:
        print(
            f"{error.strerror}: {options.build}\nName another folder for the results: make run BUILD=~/hepml-build",
            file=sys.stderr,
        )
        return 2
    book = ResultsFile(options.build / "results.json")
    parameters = {} if options.seed is None else {"SEED": options.seed}
    parameters |= {"PRETRAINED": True} if options.pretrained else {}
    course = [prepare(path, options.profile, book, parameters) for path in chosen]
    jobs = options.jobs or parallel_jobs(len(course))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner = Runner(course, jobs=jobs, build=options.build, book=book)
    try:
        runner.run()
    except KeyboardInterrupt:
        runner.stop()
        print("\nInterrupted. The last good copies in build/notebooks are as they were.", file=sys.stderr)
        return 130
    judged = options.profile != "smoke"
    print_table(course, judged=judged)
    print_failures(course, build=options.build)
    return 0 if all(lesson.status == "passed" for lesson in course) else 1


def make_folders(build: Path) -> None:
    """The folders that a run writes to; an OSError where they cannot be written, as in a read-only checkout."""
    for folder in FOLDERS:
        (build / folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=build / FOLDERS[0]):
        pass


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers or names, as 01 or 01_invariant_mass")
    default = os.environ.get("HEPML_PROFILE") or "quick"
    parser.add_argument("--profile", choices=PROFILES, default=default, help=f"how long to train (default {default})")
    parser.add_argument("--jobs", type=int, help="lessons at a time (default: as many as cores and memory bear)")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help="folder of the lessons")
    parser.add_argument("--seed", type=int, help="another seed than the lessons' own")
    parser.add_argument("--pretrained", action="store_true", help="take the weights that ship with the course")
    parser.add_argument("--build", type=Path, help="folder to write to (default build, build/seed-N, build/pretrained)")
    options = parser.parse_args(arguments)
    special = ["pretrained"] * options.pretrained + [f"seed-{options.seed}"] * (options.seed is not None)
    options.build = options.build or BUILD / "-".join(special)
    if options.profile not in PROFILES:  # argparse does not check a default
        parser.error(f"HEPML_PROFILE is {options.profile!r}; expected one of {', '.join(PROFILES)}")
    if options.jobs is not None and options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; expected 1 or more")
    if options.seed is not None and options.seed < 0:
        parser.error(f"--seed is {options.seed}; expected 0 or more")
    return options


def select(wanted: list[str], available: list[Path]) -> list[Path]:
    """The lessons that are meant by numbers or names, in the course's order; all of them when none is named."""
    names = " ".join(path.stem for path in available) or "none at all"
    if not available:
        raise ValueError("there is no lesson to run: no notebooks/NN_topic.ipynb was found")
    chosen = set()
    for word in wanted:
        word = word.removesuffix(".ipynb").rpartition("/")[2]
        number = word.zfill(2) + "_"
        found = [path for path in available if path.stem == word or (word.isdigit() and path.stem.startswith(number))]
        if not found:
            raise ValueError(f"there is no lesson {word!r}; the lessons are: {names}")
        chosen.update(found)
    return [path for path in available if path in chosen or not wanted]


def prepare(path: Path, profile: str, book: "ResultsFile", parameters: dict | None = None) -> Lesson:
    """A lesson before it runs, with the minutes to expect: the last measured ones, or those that it announces."""
    lesson = Lesson(path, profile, parameters or {})
    try:
        notebook = read(path)
        lesson.cells = notebook["cells"]
        announced = expected_minutes(notebook, profile)
    except (ValueError, KeyError, TypeError, SyntaxError):  # its execution will say what is wrong with it
        announced = None
    lesson.expected = book.measured_minutes(lesson.name, profile) or announced or MINUTES_UNKNOWN
    return lesson


def parallel_jobs(n_lessons: int) -> int:
    """How many lessons this machine bears at a time: one a core, and 3 GB for each."""
    memory = min(psutil.virtual_memory().available, memory_limit() or float("inf"))
    return max(1, min(n_lessons, cores(), int(memory / BYTES_A_LESSON)))


def memory_limit() -> int | None:
    """The bytes that a container may use, where it has a limit below its machine's."""
    try:
        return int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        return None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def kernel_environment(profile: str, jobs: int) -> dict[str, str]:
    """The variables for a lesson's process: the profile, and a fair share of the cores where the user set none."""
    variables = dict(os.environ, HEPML_PROFILE=profile)
    for name in THREAD_SETTINGS if jobs > 1 else ():
        variables.setdefault(name, str(max(1, cores() // jobs)))
    variables.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several lessons may share one GPU
    variables.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    return variables


class Runner:
    """Keeps `jobs` lessons running until all have run."""

    def __init__(self, course: list[Lesson], *, jobs: int, build: Path, book: "ResultsFile"):
        self.course = course
        self.jobs = jobs
        self.build = build.absolute()
        self.book = book
        self.events = queue.Queue()

    def run(self) -> None:
        # the longest first, so that none is left alone at the end
        waiting = sorted(self.course, key=lambda lesson: -lesson.expected)
        running = []
        with Progress(self.course, self.jobs) as progress:
            while waiting or running:
                while waiting and len(running) < self.jobs:
                    running.append(self.start(waiting.pop(0)))
                    progress.note(running[-1])
                self.take_events()
                for lesson in [lesson for lesson in running if lesson.status != "running"]:
                    running.remove(lesson)
                    progress.note(lesson)
                progress.show()

    def start(self, lesson: Lesson) -> Lesson:
        request = {
            "notebook": str(lesson.path.absolute()),
            "output": str(self.partial(lesson)),
            "parameters": {"PROFILE": lesson.profile} | lesson.parameters,
            "cwd": str(lesson.path.parent.absolute()),
        }
        self.partial(lesson).unlink(missing_ok=True)
        with open(self.build / "logs" / f"{lesson.name}.log", "w") as log:
            lesson.process = subprocess.Popen(
                [sys.executable, str(WORKER), json.dumps(request)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C reaches this process only, which then ends its workers in order
                env=kernel_environment(lesson.profile, self.jobs),
            )
        lesson.started, lesson.status = time.monotonic(), "running"
        threading.Thread(target=self.listen, args=(lesson,), daemon=True).start()
        return lesson

    def listen(self, lesson: Lesson) -> None:
        """Pass on what a worker tells, and its end (in a thread of its own)."""
        for line in lesson.process.stdout:
            self.events.put((lesson, json.loads(line)))
        self.events.put((lesson, {"event": "ended", "code": lesson.process.wait()}))

    def take_events(self) -> None:
        """Take in what the workers told; wait a little when there is nothing."""
        try:
            lesson, event = self.events.get(timeout=0.5)
        except queue.Empty:
            return
        if event["event"] == "started":
            lesson.cells_done = position(event["cell"], lesson.cells, event["index"])
        elif event["event"] == "failed":
            lesson.failure = describe_failure(event, lesson.cells)
        elif event["event"] == "ended":
            lesson.minutes = (time.monotonic() - lesson.started) / 60
            self.finish(lesson, event["code"])

    def finish(self, lesson: Lesson, code: int) -> None:
        """Judge a lesson that ended, put its copy where it belongs, and enter it in the results."""
        if code != 0 and lesson.failure is None:
            lesson.failure = {"error": "its process ended", "message": f"exit status {code}: see build/logs"}
            lesson.failure.update(where(lesson.cells, lesson.cells_done))
        if lesson.failure is None:
            executed = read(self.partial(lesson))
            lesson.results, lesson.models = results.collect(executed), comparison.collect(executed)
            if not lesson.results:
                lesson.failure = {"error": "no result", "message": "the lesson ran and recorded no result"}
        lesson.status = judge(lesson)
        good, bad = (self.build / folder / lesson.path.name for folder in ("notebooks", "failed"))
        if lesson.status == "passed":
            os.replace(self.partial(lesson), good)
            bad.unlink(missing_ok=True)
        elif self.partial(lesson).exists():
            os.replace(self.partial(lesson), bad)
        lesson.cells_done = len(lesson.cells)
        self.book.enter(lesson)

    def partial(self, lesson: Lesson) -> Path:
        return self.build / "partial" / lesson.path.name

    def stop(self) -> None:
        """End every worker and its kernel; a kernel has a session of its own, so they are found as descendants."""
        doomed = []
        for lesson in self.course:
            if lesson.status == "running":
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker = psutil.Process(lesson.process.pid)
                    doomed += [*worker.children(recursive=True), worker]
        for process in doomed:
            end(process)
        _, alive = psutil.wait_procs(doomed, timeout=3)
        for process in alive:
            end(process, kill=True)


def end(process: psutil.Process, *, kill: bool = False) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill() if kill else process.terminate()


def judge(lesson: Lesson) -> str:
    """passed, outside or failed; in the smoke profile the bands are not judged."""
    if lesson.failure is not None:
        return "failed"
    if lesson.profile != "smoke" and any(results.verdict(result) == "outside" for result in lesson.results):
        return "outside"
    return "passed"


def position(cell_id: str | None, cells: list[dict], index: int) -> int:
    """Where a cell stands in the lesson's own file (papermill inserts one for the parameters)."""
    ids = [cell.get("id") for cell in cells]
    return ids.index(cell_id) if cell_id in ids else min(index, len(cells))


def describe_failure(event: dict, cells: list[dict]) -> dict:
    """What went wrong, and in which cell."""
    failure = {"error": event["error"], "message": event["message"]}
    if event["cell"] is not None:
        failure.update(where(cells, position(event["cell"], cells, len(cells))))
    return failure


def where(cells: list[dict], index: int) -> dict:
    """The number of a cell, counted from 1 over all cells, and its first line."""
    return {"cell": index + 1, "line": first_line(cells[index])} if index < len(cells) else {}


class ResultsFile:
    """build/results.json: for each lesson its last run, beside the last good one where the two differ."""

    def __init__(self, path: Path):
        self.path = path

    def read(self) -> dict:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))["lessons"]
        except (OSError, ValueError, KeyError):
            return {}

    def measured_minutes(self, name: str, profile: str) -> float | None:
        """The minutes that the last good run in this profile took."""
        entry = self.read().get(name, {})
        for run in (entry, entry.get("last_good") or {}):
            if run.get("status") == "passed" and run.get("profile") == profile:
                return run["minutes"]
        return None

    def enter(self, lesson: Lesson) -> None:
        """Enter one lesson and leave the others as they are; the file is replaced whole or not at all."""
        known = self.read()
        before = known.get(lesson.name, {})
        run = {
            "profile": lesson.profile,
            "status": lesson.status,
            "minutes": round(lesson.minutes, 3),
            "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "notebook": f"{'notebooks' if lesson.status == 'passed' else 'failed'}/{lesson.path.name}",
            "results": [dict(result, verdict=results.verdict(result)) for result in lesson.results],
        }
        if lesson.models:
            run["models"] = lesson.models
        if lesson.failure:
            run["failure"] = lesson.failure
        if lesson.status != "passed":
            run["last_good"] = before if before.get("status") == "passed" else before.get("last_good")
        entries = dict(sorted({**known, lesson.name: run}.items()))
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"lessons": entries}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(draft, self.path)


if __name__ == "__main__":
    sys.exit(main())
