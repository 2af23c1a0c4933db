"""Every notebook, in the smoke profile, twice in one kernel, on the backend that nbval's run does not use.

Without the answers to the exercises, which are executed by nbval and tried by `make student-check`.
"""

import copy

import nbformat
import pytest
from nbclient import NotebookClient
from notebook_files import NOTEBOOKS, START, notebooks, tags

from hepml_helpers import results


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_a_notebook_on_jax_gives_the_same_results_when_it_is_run_again_in_the_same_kernel(path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("HEPML_PROFILE", "smoke")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    once = [cell for cell in code if not {"solution", "check"} & set(tags(cell))]
    again = copy.deepcopy(once)
    for cell in again:
        cell.id = f"{cell.id}-again"
    notebook.cells = once + again
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    first, second = (results.collect({"cells": cells}) for cells in (once, again))
    assert first or path.stem == START, "the lesson recorded no result"
    assert first == second
