"""Fixtures that several test modules share, and small notebooks to try the tools on."""

import json
import os
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "agg")  # no window, on any machine

ROOT = Path(__file__).resolve().parent.parent

PARAMETERS = """\
import os

PROFILE = os.environ.get("HEPML_PROFILE", "quick")  # "smoke" (seconds), "quick" (minutes on a CPU), "full" (a GPU)
SEED = 1"""


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture
def make_notebook(tmp_path):
    """Write a notebook of code cells (after a parameters cell) into tmp_path/notebooks; returns its path."""

    def make(name: str, *sources: str) -> Path:
        cells = [cell("code", PARAMETERS, cell_id="parameters", tags=["parameters"])]
        cells += [cell("code", source, cell_id=f"cell-{n}") for n, source in enumerate(sources)]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook(cells)), encoding="utf-8")
        return path

    return make


def cell(kind: str, source: str, *, cell_id: str, tags=(), **metadata) -> dict:
    """One cell, as nbformat 4.5 keeps it."""
    if tags:
        metadata["tags"] = list(tags)
    made = {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source}
    return made if kind == "markdown" else {**made, "execution_count": None, "outputs": []}


def notebook(cells: list[dict], **metadata) -> dict:
    """A notebook of these cells."""
    metadata = {
        "colab": {"provenance": [], "toc_visible": True},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **metadata,
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
