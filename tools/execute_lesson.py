"""Execute one lesson in a process of its own, and tell how far it is.

``python tools/execute_lesson.py '{"notebook": ..., "output": ..., "parameters": {"PROFILE": ...}, "cwd": ...}'``
executes the notebook with papermill and prints one JSON object a line: `started` with a cell's id and number when a
cell begins, `done` or `failed` at the end. `run_course` and `colab_check` start it and read these lines.
"""

import json
import logging
import os
import re
import sys
import warnings

CELL_LIMIT = {"smoke": 20 * 60, "quick": 60 * 60, "full": None}  # seconds for one cell, against one that hangs


def main(request: dict) -> int:
    """Execute as the request says; 0 when every cell ran."""
    tell = Reporter(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)  # what else writes to standard output goes to the log
    warnings.filterwarnings("ignore")
    logging.getLogger("papermill").setLevel(logging.ERROR)

    import papermill
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(
            request["notebook"],
            request["output"],
            parameters=request["parameters"],
            kernel_name=request.get("kernel", "python3"),
            cwd=request["cwd"],
            progress_bar=False,
            autosave_cell_every=30,
            execution_timeout=CELL_LIMIT[request["parameters"]["PROFILE"]],
            on_cell_start=tell.cell_started,
        )
    except PapermillExecutionError as error:
        tell("failed", cell=tell.cell, error=error.ename, message=str(error.evalue))
        return 1
    except Exception as error:  # a dead kernel, a cell over its time, a file that is no notebook
        tell("failed", cell=tell.cell, error=type(error).__name__, message=plain(str(error)))
        return 1
    tell("done")
    return 0


class Reporter:
    """Writes the events, and remembers which cell is the current one."""

    def __init__(self, stream):
        self.stream = stream
        self.cell = None

    def __call__(self, event: str, **details) -> None:
        print(json.dumps({"event": event, **details}), file=self.stream, flush=True)

    def cell_started(self, cell, cell_index: int) -> None:
        self.cell = cell.get("id")
        self("started", cell=self.cell, index=cell_index)


def plain(text: str) -> str:
    """Text without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
