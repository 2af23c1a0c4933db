"""Finished blocks of a sample on disk, so that a run that was stopped goes on where it was.

The partitions of one request lie in one folder beside the output, `.parts/<sample>-<digest>`. The digest is made of
all that determines the events: sample, events, seed, sizes of blocks and batches, versions of the libraries, and the
text of the recipes. So a partition of another request is never found. A file appears under its name when it is whole.
"""

import contextlib
import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from recipes import generator, store
from recipes.generator import Block, Recipe, Task

PYTHIA = "pythia_cross_section"  # in the file, beside the columns: cross-section and its uncertainty in pb


class AlreadyRunning(RuntimeError):
    """Another process works on the same request."""


class Part(Mapping):
    """The columns of a partition on disk, each one read when it is asked for."""

    def __init__(self, path: Path):
        self.path = path

    def __getitem__(self, name: str) -> np.ndarray:
        with np.load(self.path, allow_pickle=False) as file:
            return file[name]

    def __iter__(self) -> Iterator[str]:
        with np.load(self.path, allow_pickle=False) as file:
            return iter([name for name in file.files if name != PYTHIA])

    def __len__(self) -> int:
        return len(list(self))


@contextlib.contextmanager
def open_folder(out: Path, recipe: Recipe, events: int, seed: int):
    """The folder of the partitions of a request, for this process alone; kept on errors, removed at the end.

    Raises
    ------
    AlreadyRunning
        Another process has it.
    """
    request = [recipe.name, events, seed, generator.BLOCK_EVENTS, recipe.batch_events, generator.made_with()]
    digest = hashlib.sha256(json.dumps(request).encode()).hexdigest()
    folder = Path(out) / ".parts" / f"{recipe.name}-{digest[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with store.locked(folder, wait=False) as mine:
        if not (mine and folder.exists()):
            raise AlreadyRunning(f"another process makes the same sample with partitions in {folder}; wait for its end")
        for left_over in folder.glob(".*.part"):  # half files of a run that was killed
            left_over.unlink()
        try:
            yield folder
            shutil.rmtree(folder)
        finally:
            for place in (folder, folder.parent):  # where nothing is left in it
                with contextlib.suppress(OSError):
                    place.rmdir()


def save(folder: Path, block: Block) -> Block:
    """Write a block; returns the same block with its columns on disk."""
    path = _path(folder, block.task)
    with store.whole_file(path) as temporary, open(temporary, "wb") as file:
        numbers = {PYTHIA: np.array([block.cross_section, block.uncertainty])}
        np.savez_compressed(file, allow_pickle=False, **block.columns, **numbers)
    return Block(block.task, Part(path), block.cross_section, block.uncertainty)


def find(folder: Path, tasks: list[Task], names: set[str]) -> tuple[dict[Task, Block], list[Path]]:
    """Whole partitions by task, and those that are damaged, which are to be made again."""
    found, damaged = {}, []
    for task in tasks:
        path = _path(folder, task)
        if path.exists():
            try:
                found[task] = _read(path, task, names)
            except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zipfile.error):
                damaged.append(path)
    return found, damaged


def _path(folder: Path, task: Task) -> Path:
    return folder / f"{task.component}-{task.block:05d}.npz"


def _read(path: Path, task: Task, names: set[str]) -> Block:
    """Open a partition, with the check sums of all its columns compared."""
    with zipfile.ZipFile(path) as archive:
        if archive.testzip() is not None or set(archive.namelist()) != {f"{name}.npy" for name in {*names, PYTHIA}}:
            raise ValueError(f"{path} is damaged")
    cross_section, uncertainty = Part(path)[PYTHIA].tolist()
    return Block(task, Part(path), cross_section, uncertainty)
