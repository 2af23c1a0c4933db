"""Rows, size and loading time of every embedded sample, as a Markdown table.

    python benchmarks/load_samples.py --repeat 3

Each load is in a fresh process, as in a lesson: it includes the check of the file's SHA-256, the import of what reads
it, and the check of every value.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hepml_helpers.registry import all_datasets  # noqa: E402

LOAD = """
import time
from hepml_helpers.datasets import load_dataset
start = time.perf_counter()
load_dataset({name!r})
print(time.perf_counter() - start)"""


def seconds_to_load(name: str, repeat: int) -> float:
    """The best of ``repeat`` fresh processes."""
    command = [sys.executable, "-c", LOAD.format(name=name)]
    runs = (subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(repeat))
    return min(float(run.stdout.splitlines()[-1]) for run in runs)


def main() -> int:
    """Print the table; 1 when a sample takes two seconds or more."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="loads of each sample; the best counts")
    options = parser.parse_args()
    samples = {name: dataset for name, dataset in all_datasets().items() if not dataset.files[0].urls}
    print("| sample | rows | MB | seconds to load |\n|---|---:|---:|---:|")
    slowest = 0.0
    for name, dataset in samples.items():
        seconds = seconds_to_load(name, options.repeat)
        slowest = max(slowest, seconds)
        print(f"| `{name}` | {dataset.rows:,} | {dataset.size / 1e6:.2f} | {seconds:.2f} |", flush=True)
    total = sum(dataset.size for dataset in samples.values())
    print(f"| together | | {total / 1e6:.2f} | slowest {slowest:.2f} |")
    return int(slowest >= 2)


if __name__ == "__main__":
    sys.exit(main())
