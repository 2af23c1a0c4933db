"""Write data/README.md, the data cards, from data/registry.json and weights.json; ``--check``: is it up to date?

python tools/make_data_cards.py [--check]
"""

import argparse
import json
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"

ORIGINS = ("Recorded", "Public simulation", "Simulated")
INTRODUCTION = """\
# Data cards

<!-- Written by tools/make_data_cards.py from registry.json: change the registry, then run it again. -->

Everything that a lesson loads is listed in `registry.json`, and described here. `datasets.list_datasets()` shows the
same list with where each dataset is on your machine.

**Recorded** data was measured by an experiment. It is not part of this repository: `datasets.load_dataset` looks for
a file in the folder that `HEPML_DATA_DIR` names (under the path given below, or under its file name), then in the cache
(`HEPML_CACHE_DIR`, or the usual cache folder of your system), and then downloads it, from the first address that gives
a good copy. Every copy is compared with the size and the checksum given below.

**Public simulations** are reference sets that others made and published, so that results can be compared; they are
found and checked in the same way.

**Simulated** data was made for this course by the recipes in `recipes/`, and lies in `samples/`. The label of every
figure in a lesson shows which of the two it uses. Where recorded data cannot be had, a lesson may fall back on a
simulated sample; it then says so in a banner.

Columns are named alike everywhere: momenta and masses in GeV, angles in radians, charges in units of the positron's.
"""

WEIGHTS = """\
## Weights

Networks of lessons 06, 07 and 09, trained in the `full` profile, for those who would rather look than train: set
`PRETRAINED = True` at the top of a lesson, or run `make run PRETRAINED=1`. The lesson's results are then those of these
files, and it says so. They are plain NumPy archives of 16-bit floats in `weights/`, read without pickle and compared
with the checksums of `weights.json`. `make weights LESSONS="07"` makes them anew, on whatever machine it runs.
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the cards, or with ``--check`` return 1 when they are not those of the registry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the cards are out of date")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of registry.json and README.md")
    options = parser.parse_args(arguments)
    cards, path = all_cards(options.data / "registry.json"), options.data / "README.md"
    if not options.check:
        path.write_text(cards, encoding="utf-8")
        print(f"wrote {path}")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == cards:
        return 0
    print(f"{path} is not what registry.json describes; run: python tools/make_data_cards.py", file=sys.stderr)
    return 1


def all_cards(registry: Path) -> str:
    """The text of data/README.md."""
    entries = json.loads(registry.read_text(encoding="utf-8"))["datasets"]
    parts = [INTRODUCTION, overview(entries)]
    for origin in ORIGINS:
        chosen = {name: entry for name, entry in entries.items() if origin_of(entry) == origin}
        if chosen:
            parts += [f"## {origin}\n", *(card(name, entry) for name, entry in chosen.items())]
    weights = registry.with_name("weights.json")
    if weights.is_file():
        parts += [WEIGHTS, weights_table(json.loads(weights.read_text(encoding="utf-8"))["networks"])]
    return "\n".join(parts)


def weights_table(networks: dict) -> str:
    """A table of the networks that ship."""
    rows = []
    for name, entry in networks.items():
        recipe, size = entry["recipe"], f"{entry['file']['size']:,} bytes"
        made = f"seed {recipe['seed']}, {recipe['minutes']} minutes on {recipe['machine']}, {recipe['backend']}"
        rows.append((f"`{name}`", recipe["lesson"], size, f"{made}, {recipe['date']}", entry["file"]["sha256"]))
    return table(("name", "lesson", "size", "how it was made", "sha256"), rows)


def origin_of(entry: dict) -> str:
    """Which of the kinds of `ORIGINS` a dataset is."""
    if entry["recorded"]:
        return "Recorded"
    return "Public simulation" if any(file["urls"] for file in entry["files"]) else "Simulated"


def overview(entries: dict) -> str:
    """A table of all datasets."""
    rows = [
        (f"[`{name}`](#{name})", entry["title"], origin_of(entry).lower(), f"{entry['rows']:,}")
        for name, entry in entries.items()
    ]
    return table(("name", "what", "origin", "rows"), rows)


def card(name: str, entry: dict) -> str:
    """One data card."""
    facts = [
        ("origin", f'{"recorded" if entry["recorded"] else "simulated"}; figures say "{entry["label"]}"'),
        ("rows", f"{entry['rows']:,}" + (", with a varying number of particles in each" if entry["jagged"] else "")),
        ("licence", entry["licence"]),
        ("record", record(entry)),
        ("DOI", f"[{entry['doi']}](https://doi.org/{entry['doi']})" if entry.get("doi") else None),
        ("tree", f"`{entry['tree']}`" if entry.get("tree") else None),
        ("read it with", f"`{entry['read_with']}`" if entry.get("read_with") else None),
        ("note", entry.get("note")),
    ]
    lines = [f"### {name}\n", f"**{entry['title']}.** {entry['description']}\n"]
    lines += [f"- {key}: {value}" for key, value in facts if value]
    lines += ["", columns(entry), files(entry)]
    if entry.get("recipe"):
        lines.append(how_made(entry["recipe"]))
    return "\n".join(lines)


def record(entry: dict) -> str | None:
    """A link to the record at CERN Open Data (a number) or the identifier of another archive."""
    number = entry.get("record")
    if isinstance(number, int):
        return f"[CERN Open Data {number}](https://opendata.cern.ch/record/{number})"
    return number


def columns(entry: dict) -> str:
    """The table of columns; how many values a row holds, and their precision, where any column says so."""
    theirs = {ours: name for name, ours in entry.get("rename", {}).items()}
    facts = {
        "column": lambda name, about: f"`{name}`",
        "unit": lambda name, about: about["unit"] or "-",
        "a row holds": lambda name, about: f"list of `{about['counts']}`" if "counts" in about else "one value",
        "precision": lambda name, about: precision(about),
        "allowed": lambda name, about: limits(about),
        "in the file": lambda name, about: f"`{theirs.get(name, name)}`",
        "what": lambda name, about: about["description"],
    }
    for fact, keys in (("a row holds", {"counts"}), ("precision", {"precision", "step"})):
        if not any(keys & set(about) for about in entry["columns"].values()):
            del facts[fact]
    rows = [tuple(fact(name, about) for fact in facts.values()) for name, about in entry["columns"].items()]
    return table(tuple(facts), rows)


def precision(column: dict) -> str:
    """How a column was rounded, in words."""
    step = column.get("step")
    return column.get("precision") or ("-" if step is None else f"steps of 1/{1 / step:g}")


def limits(column: dict) -> str:
    """What the loader accepts in a column, in words."""
    low, high = column.get("min"), column.get("max")
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else "-"


def files(entry: dict) -> str:
    """The files, each with size, rows, checksum and addresses."""
    lines = []
    for file in entry["files"]:
        size = "size not known" if file["size"] is None else f"{file['size']:,} bytes"
        constants = ", ".join(f"{key} = {value}" for key, value in (file.get("constants") or {}).items())
        lines.append(f"- `{file['path']}`: {size}, {file['rows']:,} rows" + (f" ({constants})" if constants else ""))
        md5 = file.get("md5")
        lines.append(f"  - md5 {md5}" if md5 else f"  - sha256 {file['sha256'] or 'not yet verified'}")
        lines += [f"  - <{url}>" for url in file["urls"]]
    return "\n".join(["Files:\n", *lines, ""])


def how_made(recipe: dict) -> str:
    """The recipe of a simulated sample, with every fact that the registry holds of it."""
    lines = ["How it was made:\n", f"- command: `{recipe['command']}`"]
    for key, value in recipe.items():
        if key in ("command", "components"):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{name} {number}" for name, number in value.items())
        lines.append(f"- {key.replace('_', ' ')}: {plain(value)}")
    components = recipe.get("components", [])
    if components:
        names = list(dict.fromkeys(key for component in components for key in component))
        rows = [tuple(plain(component.get(name, "-")) for name in names) for component in components]
        lines += ["", table(tuple(name.replace("_", " ") for name in names), rows)]
    return "\n".join([*lines, ""])


def plain(value) -> str:
    """A number without digits that mean nothing; seeds and counts in full."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table(head: tuple, rows: list[tuple]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
