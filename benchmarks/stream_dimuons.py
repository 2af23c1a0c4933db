"""Throughput and peak memory of `streaming.reduce_chunks`, beside a plain uproot loop and bare decompression.

Writes a ROOT file (a TTree of jagged branches) by repeating the 1000 recorded dimuon events of 2012, reads it in
several ways, each in a process of its own, checks that every way finds the same histogram, and deletes the file.
benchmarks/README.md says what the columns of the table mean.

    python benchmarks/stream_dimuons.py --events 10000000 --folder /tmp/stream
"""

import argparse
import datetime
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

import awkward as ak
import hist
import numpy as np
import psutil
import uproot
from tqdm.auto import tqdm

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from hepml_helpers import kinematics, streaming  # noqa: E402

COLUMNS = ["nMuon", "Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass", "Muon_charge"]
RECORDED = "cms/Run2012BC_DoubleMuParked_Muons_1000.root"
BLOCK = 200_000  # events in one basket of each branch
COMPRESSIONS = {"zlib": uproot.ZLIB(1), "lz4": uproot.LZ4(4), "zstd": uproot.ZSTD(5)}
WAYS = {
    "decompress": "decompress only",
    "loop": "plain `uproot.iterate` loop",
    "here": "`reduce_chunks`, this process",
    "pool": "`reduce_chunks`, pool of 2 processes",
    "dask": "`reduce_chunks`, Dask, 2 workers",
    "whole": "whole file at once",
}


# ---- the analysis ----


def dimuon_mass(chunk: ak.Array) -> hist.Hist:
    """Invariant mass of events with exactly two muons of opposite charge, on a logarithmic axis."""
    chunk = chunk[chunk["nMuon"] == 2]
    chunk = chunk[ak.sum(chunk["Muon_charge"], axis=1) == 0]
    flat = [ak.to_numpy(ak.flatten(chunk[f"Muon_{name}"])).astype(float) for name in ("pt", "eta", "phi", "mass")]
    pairs = kinematics.p4_from_ptetaphim(*flat).reshape(-1, 2, 4).sum(axis=1)
    return empty_histogram().fill(kinematics.invariant_mass(pairs))


def empty_histogram() -> hist.Hist:
    return hist.Hist.new.Reg(300, 0.3, 300, transform=hist.axis.transform.log, name="mass").Int64()


# ---- the ways to read ----


def run_decompress(path: Path, chunk_entries: int) -> None:
    """Read and unpack every basket of the columns, and do nothing with it."""
    with uproot.open(path) as file:
        for column in COLUMNS:
            branch = file["Events"][column]
            for number in range(branch.num_baskets):
                branch.basket(number)


def run_loop(path: Path, chunk_entries: int) -> hist.Hist:
    """What one would write by hand."""
    total = empty_histogram()
    for chunk in uproot.iterate({path: "Events"}, filter_name=COLUMNS, step_size=chunk_entries):
        total += dimuon_mass(chunk)
    return total


def run_whole(path: Path, chunk_entries: int) -> hist.Hist:
    with uproot.open(path) as file:
        return dimuon_mass(file["Events"].arrays(filter_name=COLUMNS))


def run_reduce(path: Path, chunk_entries: int, executor=None) -> hist.Hist:
    return streaming.reduce_chunks(
        dimuon_mass, path, columns=COLUMNS, chunk_entries=chunk_entries, executor=executor, progress=False
    )


def warm_up(number: int) -> int:
    """Keeps a worker busy while the other one starts; unpacking this function imports what the workers need."""
    time.sleep(0.5)
    return os.getpid()


def measure(way: str, path: Path, chunk_entries: int) -> dict:
    """Time one way in this process: workers are started, and have imported everything, before the clock starts."""
    before = time.perf_counter()
    if way == "pool":
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            list(pool.map(warm_up, range(2)))
            return timed(lambda: run_reduce(path, chunk_entries, pool), before)
    if way == "dask":
        from dask.distributed import Client

        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with Client(**options) as client, client.get_executor(pure=False) as executor:
            list(executor.map(warm_up, range(2)))
            client.run(__import__, "hepml_helpers.streaming")
            return timed(lambda: run_reduce(path, chunk_entries, executor), before)
    run = {"decompress": run_decompress, "loop": run_loop, "here": run_reduce, "whole": run_whole}[way]
    return timed(lambda: run(path, chunk_entries), before)


def timed(run, before: float) -> dict:
    start, cpu = time.perf_counter(), cpu_seconds()
    result = run()
    seconds, cpu = time.perf_counter() - start, cpu_seconds() - cpu
    counts = None if result is None else result.values(flow=True).astype(int).tolist()
    return {"seconds": seconds, "cpu_seconds": cpu, "start_up": start - before, "counts": counts}


def cpu_seconds() -> float:
    """Processor time of this process and its workers so far, user and system."""
    process = psutil.Process()
    times = [member.cpu_times() for member in (process, *process.children(recursive=True))]
    return sum(time.user + time.system for time in times)


# ---- one measurement in a process of its own, watched from here ----


def measure_apart(way: str, path: Path, chunk_entries: int) -> dict:
    command = [sys.executable, __file__, "--measure", way, "--file", str(path), "--chunk-entries", str(chunk_entries)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        peak = watch_memory(process)
        output = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"measuring {way!r} failed with exit code {process.returncode}")
    return {**json.loads(output.splitlines()[-1]), "peak_memory": peak}


def watch_memory(process: subprocess.Popen) -> int:
    """Largest sum of the resident memory of a process and all its children, in bytes, looked at every 20 ms."""
    peak, parent = 0, psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        try:
            for member in (parent, *parent.children(recursive=True)):
                try:
                    total += member.memory_info().rss
                except psutil.NoSuchProcess:  # it ended while we looked
                    continue
        except psutil.NoSuchProcess:
            break
        peak = max(peak, total)
        time.sleep(0.02)
    return peak


# ---- the file ----


def thousand_events() -> tuple[dict, str]:
    """1000 events as jagged columns: recorded where HEPML_DATA_DIR has them, else from the embedded cocktail."""
    recorded = Path(os.environ.get("HEPML_DATA_DIR", "")) / RECORDED
    if "HEPML_DATA_DIR" in os.environ and recorded.is_file():
        with uproot.open(recorded) as file:
            events = file["Events"].arrays(filter_name=COLUMNS)
        return {name: events[f"Muon_{name}"] for name in ("pt", "eta", "phi", "mass", "charge")}, "CMS Open Data"
    from hepml_helpers import datasets

    table = datasets.load_dataset("dimuon_cocktail").iloc[:1000]
    pairs = {name: table[[f"{name}1", f"{name}2"]].to_numpy() for name in ("pt", "eta", "phi", "charge")}
    pairs["mass"] = np.full(pairs["pt"].shape, kinematics.MUON_MASS)
    kinds = {"charge": np.int32}
    columns = {name: values.astype(kinds.get(name, np.float32)) for name, values in pairs.items()}
    return {name: ak.from_regular(ak.Array(values)) for name, values in columns.items()}, "simulated (Pythia 8)"


def write_file(path: Path, events: dict, n_events: int, compression: str) -> None:
    """Repeat the events, each time in another order, since a compressor sees through plain repetition."""
    rng = np.random.default_rng(1)
    table = ak.zip(events)
    with uproot.recreate(path, compression=COMPRESSIONS[compression]) as file:
        for start in tqdm(range(0, n_events, BLOCK), desc=f"writing {path.name}", unit="block", leave=False):
            n_block = min(BLOCK, n_events - start)
            repeats = -(-n_block // len(table))
            order = np.concatenate([rng.permutation(len(table)) for _ in range(repeats)])[:n_block]
            block = {"Muon": table[order]}
            if start == 0:
                file.mktree("Events", {"Muon": block["Muon"].type.content})
            file["Events"].extend(block)


def expected_counts(events: dict, n_events: int) -> list[int]:
    """The histogram that every way must find, worked out from the 1000 events alone."""
    table = ak.Array({"nMuon": ak.num(events["pt"]), **{f"Muon_{name}": values for name, values in events.items()}})
    return (dimuon_mass(table).values(flow=True).astype(int) * (n_events // len(table))).tolist()


# ---- all of it ----


def compare(arguments, events: dict) -> list[dict]:
    """Every way on the large file, and those of one process on a tenth of it too."""
    rows = []
    plan = [(arguments.events // 10, ["loop", "here", "pool", "dask", "whole"]), (arguments.events, list(WAYS))]
    for n_events, ways in plan:
        path = arguments.folder / f"dimuons_{n_events}.root"
        try:
            write_file(path, events, n_events, arguments.compression)
            expected = expected_counts(events, n_events)
            path.read_bytes()  # so that the first way finds the file in the system's cache like the others
            runs = {way: [] for way in ways}
            steps = [way for _ in range(arguments.repeat) for way in ways]
            for way in tqdm(steps, desc=f"{n_events} events", unit="run", leave=False):
                runs[way].append(measure_apart(way, path, arguments.chunk_entries))
                if runs[way][-1].pop("counts") not in (None, expected):
                    raise SystemExit(f"{way!r} finds another histogram than the {n_events} events give")
            rows += [summary(way, n_events, path.stat().st_size, runs[way]) for way in ways]
        finally:
            path.unlink(missing_ok=True)
    return rows


def summary(way: str, n_events: int, size: int, runs: list[dict]) -> dict:
    seconds = [run["seconds"] for run in runs]
    return {
        "way": way,
        "events": n_events,
        "file_bytes": size,
        "seconds_best": round(min(seconds), 3),
        "seconds_median": round(statistics.median(seconds), 3),
        "cpu_seconds_best": round(min(run["cpu_seconds"] for run in runs), 3),
        "start_up_seconds": round(statistics.median(run["start_up"] for run in runs), 2),
        "peak_memory_bytes": max(run["peak_memory"] for run in runs),
    }


def as_table(rows: list[dict]) -> str:
    lines = [
        "| way | events | million events/s, best | median | CPU time [µs/event] | peak memory [MB] | start-up [s] |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        best, median = (row["events"] / row[f"seconds_{which}"] / 1e6 for which in ("best", "median"))
        start_up = f"{row['start_up_seconds']:.1f}" if row["way"] in ("pool", "dask") else ""
        millions = f"{row['events'] / 1e6:g} M"
        memory = row["peak_memory_bytes"] / 1e6
        cpu = row["cpu_seconds_best"] / row["events"] * 1e6
        cells = (WAYS[row["way"]], millions, f"{best:.2f}", f"{median:.2f}", f"{cpu:.2f}", f"{memory:.0f}", start_up)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def about(arguments, label: str) -> dict:
    packages = ("uproot", "awkward", "hist", "numpy", "dask", "cramjam")
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "versions": {"python": sys.version.split()[0], **{name: version(name) for name in packages}},
        "events_from": label,
        "compression": arguments.compression,
        "chunk_entries": arguments.chunk_entries,
        "basket_entries": BLOCK,
        "repeat": arguments.repeat,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000, help="a multiple of 10000")
    parser.add_argument("--folder", type=Path, default=Path("build/stream"), help="for the large files; deleted after")
    parser.add_argument("--compression", choices=COMPRESSIONS, default="zlib")
    parser.add_argument("--chunk-entries", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--output", type=Path, help="write all figures to this JSON file")
    parser.add_argument("--measure", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.events < 10_000 or arguments.events % 10_000:
        parser.error(f"--events is {arguments.events}; expected a multiple of 10000")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.file, arguments.chunk_entries)))
        return
    arguments.folder.mkdir(parents=True, exist_ok=True)
    events, label = thousand_events()
    rows = compare(arguments, events)
    print(as_table(rows))
    if arguments.output:
        record = {**about(arguments, label), "results": rows}
        arguments.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
