"""Lets nbval compare the outputs of notebooks that are stored without execution counts.

nbval takes a cell without an execution count for one that never ran, and refuses to compare it. Ours are stored without
counts, so the cells that are to be compared get one here, in memory.
"""

CHECKED_TAG = "nbval-check-output"


def pytest_collection_modifyitems(items):
    """Give every cell whose output is compared an execution count."""
    for item in items:
        cell = getattr(item, "cell", None)  # only nbval's items have one
        if cell is not None and CHECKED_TAG in cell.metadata.get("tags", []):
            cell.execution_count = 1
