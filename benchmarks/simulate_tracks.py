"""Events a second that `tracker.make_hits` makes on one core, with their particles, against the tracks in an event.

Every figure is the best of several calls; the script prints a Markdown table. benchmarks/README.md says how it came
about.

    python benchmarks/simulate_tracks.py --repeat 5
"""

import argparse
import datetime
import os
import platform
import sys
import time
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before numpy is imported, or it has no effect

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hepml_helpers.tracker import STRAIGHT_LINES, TRACKML_BARREL, make_hits, make_particles  # noqa: E402

TRACKERS = {"`TRACKML_BARREL`": TRACKML_BARREL, "`STRAIGHT_LINES`": STRAIGHT_LINES}
TRACKS = (4, 10, 20, 50, 100, 200, 500, 1000)  # in an event


def events_per_second(tracker, n_events: int, n_tracks: int, repeat: int) -> tuple[float, float]:
    """The best of ``repeat`` calls, and the hits of an event."""
    rng = np.random.default_rng(1)
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        hits = make_hits(make_particles(n_events, n_tracks, rng), rng, tracker=tracker)
        seconds.append(time.perf_counter() - start)
    return n_events / min(seconds), len(hits) / n_events


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="calls of which the best counts (default: 5)")
    parser.add_argument("--tracks", type=int, default=100_000, help="of all events of a call (default: 100000)")
    arguments = parser.parse_args()
    print(f"{datetime.date.today()}, {processor()}, one thread, Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}, best of {arguments.repeat}, {arguments.tracks} tracks in a call\n")
    print("| tracks in an event | " + " | ".join(f"{name}: hits | events/s" for name in TRACKERS) + " |")
    print("|---:|" + "---:|" * 2 * len(TRACKERS))
    for n_tracks in TRACKS:
        n_events = max(1, arguments.tracks // n_tracks)
        figures = [events_per_second(tracker, n_events, n_tracks, arguments.repeat) for tracker in TRACKERS.values()]
        print(f"| {n_tracks} | " + " | ".join(f"{hits:.0f} | {speed:.0f}" for speed, hits in figures) + " |")


if __name__ == "__main__":
    main()
