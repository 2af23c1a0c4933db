"""Showers a second that `showers.make_showers` makes on one core, against the batch size and the energy.

Every figure is the best of several calls; the script prints Markdown tables. benchmarks/README.md says how they came
about.

    python benchmarks/simulate_showers.py --repeat 5
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
import scipy  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hepml_helpers.showers import ENERGY_RANGE, make_showers  # noqa: E402

PARTICLES = ("positron", "photon", "pion")


def showers_per_second(particle: str, energy: np.ndarray, repeat: int) -> float:
    """The best of ``repeat`` calls."""
    rng = np.random.default_rng(1)
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        make_showers(particle, energy, rng)
        seconds.append(time.perf_counter() - start)
    return len(energy) / min(seconds)


def processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def print_table(head: str, rows: dict[str, np.ndarray], repeat: int) -> None:
    print(f"\n| {head} | " + " | ".join(PARTICLES) + " |\n|---|" + "---:|" * len(PARTICLES))
    for name, energy in rows.items():
        print(f"| {name} | " + " | ".join(f"{showers_per_second(p, energy, repeat):.0f}" for p in PARTICLES) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="calls of which the best counts (default: 5)")
    repeat = parser.parse_args().repeat
    for particle in PARTICLES:
        make_showers(particle, np.full(10, 10.0), np.random.default_rng(0))  # builds the tables of cells
    print(f"{datetime.date.today()}, {processor()}, one thread, Python {platform.python_version()}, ", end="")
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, best of {repeat}")
    spread = np.random.default_rng(2).uniform(*ENERGY_RANGE, 50_000)
    print_table(
        "showers in a call, 1 to 100 GeV", {f"{n}": spread[:n] for n in (1, 10, 100, 1000, 10_000, 50_000)}, repeat
    )
    print_table(
        "energy, 5000 showers in a call", {f"{e} GeV": np.full(5000, float(e)) for e in (1, 10, 50, 100)}, repeat
    )


if __name__ == "__main__":
    main()
