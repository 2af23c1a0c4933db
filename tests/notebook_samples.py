"""Small notebooks to try the tools on."""

PARAMETERS = """\
import os

PROFILE = os.environ.get("HEPML_PROFILE", "quick")  # "smoke" (seconds), "quick" (minutes on a CPU), "full" (a GPU)
SEED = 1"""


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
