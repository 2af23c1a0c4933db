"""What pytest does with the tests that it found: nbval compares cells without counts, the longest file begins first.

nbval takes a cell without an execution count for one that never ran, and refuses to compare it. Ours are stored without
counts, so the cells that are to be compared get one here, in memory.

`make test` gives whole files to several processes (pytest-xdist), in this order; the longest at the end would keep one
process busy and the others idle.
"""

CHECKED_TAG = "nbval-check-output"
LONGEST = "tests/test_lessons_again.py"


def pytest_collection_modifyitems(items):
    """Give every cell whose output is compared an execution count, and put the longest file first."""
    for item in items:
        cell = getattr(item, "cell", None)  # only nbval's items have one
        if cell is not None and CHECKED_TAG in cell.metadata.get("tags", []):
            cell.execution_count = 1
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
