"""Store notebooks as the repository keeps them: ``python tools/clean_notebooks.py [--check] [--execute] [FILE ...]``.

Without outputs, execution counts and what editors leave behind, in Jupyter's own file format. Cells tagged
``nbval-check-output`` keep their output, since the tests compare it; ``--execute`` runs the lessons in the smoke
profile and renews these outputs. ``--check`` changes nothing and fails when a file is not clean.
"""

import argparse
import copy
import os
import sys
from pathlib import Path

import nbformat
from notebook_files import CHECKED_TAG, notebooks, read, tags

CELL_METADATA = ("tags", "jupyter", "cellView", "slideshow", "alt")  # alt: what a figure shows, for the site
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SHORT_LIVED_DATA = ("image/png", "image/jpeg", "image/svg+xml")  # nbval does not compare pictures


def main(arguments: list[str] | None = None) -> int:
    """Clean the files that are named, or all notebooks; with ``--check`` only say which are not clean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is not clean")
    parser.add_argument("--execute", action="store_true", help="renew the outputs that nbval compares")
    options = parser.parse_args(arguments)
    status = 0
    for path in options.files or notebooks():
        notebook = read(path)
        if options.execute:
            notebook = executed(notebook, path.parent)
        text = as_text(clean(notebook))
        if text == path.read_text(encoding="utf-8"):
            continue
        if options.check:
            print(f"{path} is not clean; run: make clean-notebooks", file=sys.stderr)
            status = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"cleaned {path}")
    return status


def clean(notebook: dict) -> dict:
    """The notebook as it is stored (the one that is given stays as it is)."""
    notebook = copy.deepcopy(notebook)
    metadata = {"colab": {"provenance": [], "toc_visible": True}, "kernelspec": KERNEL}
    metadata["language_info"] = {"name": "python"}
    if "accelerator" in notebook["metadata"]:
        metadata["accelerator"] = notebook["metadata"]["accelerator"]
    cells = [clean_cell(cell) for cell in notebook["cells"]]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def clean_cell(cell: dict) -> dict:
    """A cell without what an execution or an editor left in it."""
    cell["metadata"] = {key: cell["metadata"][key] for key in CELL_METADATA if cell["metadata"].get(key)}
    if not cell.get("attachments"):
        cell.pop("attachments", None)
    if cell["cell_type"] == "code":
        cell["execution_count"] = None
        keep = CHECKED_TAG in tags(cell)
        cell["outputs"] = [clean_output(output) for output in cell["outputs"]] if keep else []
    return cell


def clean_output(output: dict) -> dict:
    """An output without its count, its metadata and its pictures."""
    if "execution_count" in output:
        output["execution_count"] = None
    if "metadata" in output:
        output["metadata"] = {}
    if "data" in output:
        output["data"] = {kind: data for kind, data in output["data"].items() if kind not in SHORT_LIVED_DATA}
    return output


def as_text(notebook: dict) -> str:
    """The file that Jupyter would write; cells without an id get one."""
    node = nbformat.from_dict(notebook)
    for number, cell in enumerate(node.cells):
        cell.setdefault("id", f"cell-{number:02d}")
    return nbformat.writes(node) + "\n"


def executed(notebook: dict, folder: Path) -> dict:
    """The notebook with the outputs of a run in the smoke profile."""
    from nbclient import NotebookClient

    os.environ["HEPML_PROFILE"] = "smoke"
    node = nbformat.reads(as_text(notebook), as_version=4)  # its sources as text, not as lists of lines
    NotebookClient(node, resources={"metadata": {"path": str(folder)}}).execute()
    return node


if __name__ == "__main__":
    sys.exit(main())
