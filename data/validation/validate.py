"""Do the samples look as they should? Figures and numbers beside known ones: `python data/validation/validate.py`.

Writes `build/validation/index.md`, a page for the site, with its figures beside it, and says which numbers lie outside
their accepted bands. `--record` writes the numbers to `data/validation.json` as well, for the lessons. With
HEPML_DATA_DIR some samples are drawn beside recorded or public data.
"""

import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

DATA = Path(__file__).resolve().parents[1]
for folder in (DATA, DATA.parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from hepml_helpers.plotting import use_style  # noqa: E402
from hepml_helpers.results import describe  # noqa: E402
from validation import figures, observables  # noqa: E402
from validation.checks import all_checks, result_of  # noqa: E402

INTRODUCTION = """\
# Do the samples look as they should?

<!-- Written by data/validation/validate.py: change the checks or the figures there, then run it again. -->

Every simulated sample of the course, beside what is known: figures, and below them a table of measured numbers. A band
says how far a number may lie from the known one, by physics and by statistics; the tests fail outside of it, and the
last column says what would have gone wrong. All samples are simulated (Pythia 8, a parametrised detector); where a
figure shows recorded data, or the simulation of an experiment, it says so.
"""


def main(arguments: list[str] | None = None) -> int:
    """Draw every figure and measure every number; returns 1 where one lies outside its band."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=Path, default=DATA / "samples", help="folder of the samples")
    parser.add_argument("--out", type=Path, default=DATA.parent / "build" / "validation", help="folder of the page")
    parser.add_argument("--record", action="store_true", help=f"write the numbers to {DATA.name}/validation.json")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    samples = observables.load_samples(options.samples, sorted(path.stem for path in options.samples.glob("*.h5")))
    results = [result_of(check, samples) for check in all_checks() if set(check.samples) <= set(samples)]
    use_style()
    (options.out / "index.md").write_text(page(samples, results, options.out), encoding="utf-8")
    print(f"wrote {options.out / 'index.md'}: {len(results)} numbers")
    if options.record:
        record(results, DATA / "validation.json")
    outside = [row for row in map(row_of, results) if row["verdict"] != "pass"]
    for row in outside:
        print("outside: {result}: {measured}, accepted {accepted}; {published}".format(**row), file=sys.stderr)
    return int(bool(outside))


def page(samples: dict, results: list[dict], folder: Path) -> str:
    """The text of the page; draws its figures into the folder."""
    by_name, parts = {result["name"]: result for result in results}, [INTRODUCTION]
    for section in figures.all_sections():
        shown = [figure for figure in section.figures if can_draw(figure, samples)]
        measured = [by_name[check.name] for check in section.checks if check.name in by_name]
        if not shown and not measured:
            continue
        parts += [f"## {section.title}\n", f"{section.text}\n"]
        for figure in shown:
            path = figures.save(figure, samples, folder)
            parts.append(f"![{figure.alt}]({path.name})\n\n*{figure.caption}*\n")
        if measured:
            parts.append(table(measured))
    return "\n".join(parts)


def can_draw(figure: figures.Figure, samples: dict) -> bool:
    """Whether the samples and the recorded file of a figure are at hand."""
    return set(figure.samples) <= set(samples) and (not figure.recorded or figures.recorded_file(figure.recorded))


def row_of(result: dict) -> dict:
    """The cells of the table for one number."""
    row = describe(result | {"published": result["known"]})
    return row | {"result": f"{result['what']} (`{'`, `'.join(result['samples'])}`)", "would show": result["catches"]}


def table(results: list[dict]) -> str:
    """Measured numbers beside known ones, in Markdown."""
    head = {"result": "what", "measured": "measured", "accepted": "accepted", "published": "known (source)"}
    head |= {"would show": "what a number outside would show"}
    lines = [list(head.values()), ["---"] * len(head)]
    lines += [[row_of(result)[key] for key in head] for result in results]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def record(results: list[dict], path: Path) -> None:
    """Write the numbers as JSON."""
    text = json.dumps({"results": results}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    sys.exit(main())
