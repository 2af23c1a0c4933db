"""Make the weights that ship with the course: ``python tools/make_weights.py [LESSON ...]`` (`make weights`).

A lesson that calls ``pretrained.restore("name", network)`` is executed in the full profile up to there, and trains
instead. The trained network goes to ``data/weights/name.npz``, with what the lesson assigns from that call, and its
size, its SHA-256 and how it was made go into ``data/weights.json``. Trainings of two networks are kept in
``build/weights/kept`` as they run: after an interruption the same command goes on where it was.
"""

import argparse
import ast
import datetime
import json
import os
import sys
from pathlib import Path

import nbformat
import psutil
from notebook_files import ROOT, lessons, read, source
from run_course import select

SEED = 1
WORK = ROOT / "build/weights"


def main(arguments: list[str] | None = None) -> int:
    """Train the lessons that are named, or all that have weights to ship; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="numbers or names, as 07 or 07_gan_event_generation"
    )
    options = parser.parse_args(arguments)
    try:
        chosen = [path for path in select(options.lessons, lessons()) if restored(read(path))]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    os.environ.setdefault("HEPML_KEEP_DIR", str(WORK / "kept"))  # the lessons' kernels inherit it
    for path in chosen:
        for name, entry in train(path).items():
            enter(name, entry)
            print(f"{name}: {entry['file']['size'] / 1e6:.2f} MB, {entry['recipe']['minutes']} minutes")
    return 0


def restored(notebook: dict) -> dict[int, tuple[str, str, list[str]]]:
    """The networks that a lesson can restore: by cell, the name, the network's expression, and what is assigned."""
    found = {}
    for i, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code" and "pretrained.restore(" in source(cell):
            for node in ast.walk(ast.parse(source(cell))):
                if isinstance(node, ast.Assign) and "pretrained.restore(" in ast.unparse(node.value):
                    name, network = node.value.args
                    (target,) = node.targets
                    found[i] = ast.literal_eval(name), ast.unparse(network), [ast.unparse(x) for x in target.elts]
    return found


def train(path: Path) -> dict[str, dict]:
    """Execute a lesson up to its last network that ships, and store them; their entries in the list, by name."""
    import papermill

    notebook = nbformat.read(path, as_version=4)
    wanted = restored(notebook)
    cells = []
    for i, cell in enumerate(notebook.cells[: max(wanted) + 1]):
        cells.append(cell)
        if i in wanted:
            name, network, kept = wanted[i]
            arguments = ", ".join([f"Path({str(ROOT / 'data/weights')!r}) / '{name}.npz'", network, *kept])
            code = f"from pathlib import Path\n\npretrained.store({arguments})"
            cells.append(nbformat.v4.new_code_cell(code, id=f"store-{name.replace('_', '-')}"))
    notebook.cells = cells
    WORK.mkdir(parents=True, exist_ok=True)
    draft, executed = WORK / f"{path.stem}.draft.ipynb", WORK / path.name
    nbformat.write(notebook, draft)
    parameters = {"PROFILE": "full", "SEED": SEED, "PRETRAINED": False}
    run = papermill.execute_notebook(
        draft, executed, parameters=parameters, kernel_name="python3", cwd=path.parent, log_output=True
    )
    made, before = {}, None
    for cell in run.cells:
        if cell.id.startswith("store-"):
            name = cell.id.removeprefix("store-").replace("-", "_")
            (size,) = (output.data["text/plain"] for output in cell.outputs if output.output_type == "execute_result")
            recipe = {"lesson": path.stem[:2], "profile": "full", "seed": SEED}
            recipe["minutes"] = max(1, round(before.metadata.papermill.duration / 60))
            recipe |= {"machine": machine(), "backend": os.environ.get("KERAS_BACKEND", "tensorflow")}
            recipe["date"] = datetime.date.today().isoformat()
            made[name] = {"file": ast.literal_eval(size), "recipe": recipe}
        before = cell
    return made


def machine() -> str:
    """What trained, in words."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if gpus := tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_device_details(gpus[0]).get("device_name", "a GPU")
    return f"{psutil.cpu_count()} CPU cores"


def enter(name: str, entry: dict) -> None:
    """Put one network into the list; the file is replaced whole or not at all."""
    path = ROOT / "data/weights.json"
    listed = json.loads(path.read_text(encoding="utf-8"))["networks"] if path.is_file() else {}
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    text = json.dumps({"networks": dict(sorted({**listed, name: entry}.items()))}, indent=1)
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, path)


if __name__ == "__main__":
    sys.exit(main())
