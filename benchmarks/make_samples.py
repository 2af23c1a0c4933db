"""How many events a second are simulated on one core, and with two workers in place of one?

python benchmarks/make_samples.py --sample zmumu --events 40000
"""

import argparse
import contextlib
import datetime
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import psutil
from tqdm import tqdm

DATA = Path(__file__).resolve().parents[1] / "data"
sys.path.insert(0, str(DATA))

from recipes import entries, generator, make, partitions, store, workers  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402

WAYS = (("this process", 1), ("pool", 1), ("pool", 2), ("Dask", 1), ("Dask", 2))
WARM_UP = 1_000_000  # number of the blocks of one event with which workers import everything; no sample is that long


# ---- the ways ----


@contextlib.contextmanager
def executor_of(way: str, n_workers: int):
    """None for this process, a pool of processes, or a Dask cluster on this machine, reached as any other would be."""
    if way == "this process":
        yield None
    elif way == "pool":
        with ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    else:
        from dask.distributed import LocalCluster

        options = {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(**options) as cluster, workers.make_executor(1, cluster.scheduler_address) as executor:
            yield executor


def measure(way: str, n_workers: int, recipe: generator.Recipe, arguments, folder: Path) -> dict:
    """Seconds for starting the workers, for the partitions, and for the file, and the SHA-256 of that."""
    tasks = generator.tasks_of(recipe, arguments.events, arguments.seed)
    before = time.perf_counter()
    with executor_of(way, n_workers) as executor:
        warm = [generator.Task(recipe.name, 0, WARM_UP + number, 1, 0) for number in range(n_workers)]
        list(generator.run_tasks(warm, executor=executor))
        start, cpu = time.perf_counter(), cpu_seconds()
        blocks = {block.task: partitions.save(folder, block) for block in generator.run_tasks(tasks, executor=executor)}
        seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    end = time.perf_counter()
    path = make.write(recipe, [blocks[task] for task in tasks], folder=folder)
    times = {"seconds": seconds, "cpu_seconds": cpu, "start_up": start - before, "write": time.perf_counter() - end}
    return {**times, "sha256": store.sha256(path)}


def cpu_seconds() -> float:
    """Processor time of this process and its workers so far, user and system."""
    process = psutil.Process()
    times = [member.cpu_times() for member in (process, *process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


# ---- all of it ----


def compare(recipe: generator.Recipe, arguments) -> list[dict]:
    """All ways in each round, so that a slow minute of the machine does not fall on one of them alone."""
    runs = {way: [] for way in WAYS}
    for way in tqdm([way for _ in range(arguments.repeat) for way in WAYS], desc=recipe.name, unit="run"):
        with tempfile.TemporaryDirectory() as folder:
            runs[way].append(measure(*way, recipe, arguments, Path(folder)))
    found = {run["sha256"] for results in runs.values() for run in results}
    if len(found) != 1:
        raise SystemExit(f"the ways give {len(found)} different files, expected one")
    return [summary(*way, arguments.events, results) for way, results in runs.items()]


def summary(way: str, n_workers: int, events: int, runs: list[dict]) -> dict:
    return {
        "way": way,
        "workers": n_workers,
        "events": events,
        "seconds_best": round(min(run["seconds"] for run in runs), 3),
        "seconds_median": round(statistics.median(run["seconds"] for run in runs), 3),
        "cpu_seconds_best": round(min(run["cpu_seconds"] for run in runs), 3),
        "start_up_seconds": round(statistics.median(run["start_up"] for run in runs), 2),
        "write_seconds": round(statistics.median(run["write"] for run in runs), 2),
    }


def as_table(rows: list[dict]) -> str:
    lines = [
        "| way | workers | events/s, best | median | to one worker | CPU time [ms/event] | start-up [s] | file [s] |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    one = {row["way"]: row["seconds_best"] for row in rows if row["workers"] == 1}
    for row in rows:
        best, median = (row["events"] / row[f"seconds_{which}"] for which in ("best", "median"))
        cpu, scaling = row["cpu_seconds_best"] / row["events"] * 1000, one[row["way"]] / row["seconds_best"]
        start_up = f"{row['start_up_seconds']:.1f}"
        cells = (row["way"], row["workers"], f"{best:.0f}", f"{median:.0f}", f"{scaling:.2f}", f"{cpu:.3f}", start_up)
        lines.append(f"| {' | '.join(map(str, cells))} | {row['write_seconds']:.2f} |")
    return "\n".join(lines)


def about(arguments) -> dict:
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "versions": {**entries.versions(), "dask": version("dask")},
        "sample": arguments.sample,
        "seed": arguments.seed,
        "block_events": arguments.block_events,
        "repeat": arguments.repeat,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", choices=sorted(RECIPES), default="zmumu")
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--block-events", type=int, default=5000, help="events of a partition; the command has 10,000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--output", type=Path, help="write all figures to this JSON file")
    arguments = parser.parse_args()
    if arguments.block_events < 1 or arguments.events < 2 * arguments.block_events:
        parser.error(f"--events is {arguments.events}; expected two blocks of {arguments.block_events} or more")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    generator.BLOCK_EVENTS = arguments.block_events
    rows = compare(RECIPES[arguments.sample], arguments)
    print(as_table(rows))
    if arguments.output:
        record = {**about(arguments), "results": rows}
        arguments.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
