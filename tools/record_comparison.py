"""Enter in data/comparison.json what the lessons measured: ``python tools/record_comparison.py`` (`make comparison`).

Takes, from build/results.json, each lesson's last run in the quick profile that passed; the rows of other lessons stay.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from notebook_files import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Write the file anew; 1 when no lesson has anything to enter, and the file is as it was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=ROOT / "build/results.json", help="written by make run")
    parser.add_argument("--comparison", type=Path, default=ROOT / "data/comparison.json", help="the file to write")
    options = parser.parse_args(arguments)
    if not options.results.is_file():
        print(f"{options.results} is not there; run: make run", file=sys.stderr)
        return 1
    runs = json.loads(options.results.read_text(encoding="utf-8"))["lessons"]
    measured = {name: run["models"] for name, run in runs.items() if counts(run) and run.get("models")}
    if not measured:
        print("no lesson has passed in the quick profile and compared models; run: make run", file=sys.stderr)
        return 1
    tables = json.loads(options.comparison.read_text(encoding="utf-8"))
    for lesson, models in measured.items():
        for table, rows in models.items():
            enter(tables[table], lesson, rows)
            print(f"{table}: {len(rows)} models of lesson {lesson}")
    draft = options.comparison.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(tables, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, options.comparison)
    return 0


def counts(run: dict) -> bool:
    """Whether a run's numbers are those that the table shows: of the quick profile, inside their bands."""
    return run["status"] == "passed" and run["profile"] == "quick"


def enter(table: dict, lesson: str, rows: list[dict]) -> None:
    """Put a lesson's rows in the place of its old ones; lessons stay in their order."""
    others = [row for row in table["measured"] if row["lesson"] != lesson]
    mine = [dict(row, lesson=lesson) for row in rows]
    table["measured"] = sorted([*others, *mine], key=lambda row: row["lesson"])


if __name__ == "__main__":
    sys.exit(main())
