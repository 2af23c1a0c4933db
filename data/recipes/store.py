"""Write a sample as HDF5 and its entry in the registry.

The file holds one group `events` with one dataset a column, compressed, without time stamps: the same events give the
same bytes on the same versions of h5py and HDF5. A ragged column is stored flat, the lists of all rows one after the
other; its attribute `counts` names the column that holds their lengths. A column with the attribute `step` holds whole
numbers, which are to be multiplied by it: that packs numbers on a grid into two bytes.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

CHUNK = 131_072  # two-byte numbers that are compressed together; with h5py's own choice files are 4 % larger


def write_sample(path: Path, columns: dict, *, meaning: dict, attributes: dict) -> None:
    """Write the columns; the file appears under its name only when it is whole.

    Parameters
    ----------
    path : Path
        Where to; the folder must exist.
    columns : dict of ndarray
        All of one length, except ragged ones, which are as long as the sum of their counts.
    meaning : dict
        For each column {"unit": ..., "description": ...}, for a ragged one also {"counts": name of a column}, for one
        whose values are multiples of a power of two {"step": ...}, and where it is known {"precision": ...}, in words.
    attributes : dict
        Root attributes; dictionaries are stored as JSON.

    Raises
    ------
    ValueError
        When the columns do not pass `check_columns`.
    """
    check_columns(columns, meaning)
    write_pieces(path, lambda name: [columns[name]], meaning=meaning, attributes=attributes)


def write_pieces(path: Path, pieces: Callable, *, meaning: dict, attributes: dict, scratch: Path | None = None) -> None:
    """As `write_sample`, for columns too long for the memory: `pieces(name)` yields a column piece after piece.

    It is called twice for each column, first for the length. The pieces have been checked. The bytes of the file do not
    depend on where one piece ends and the next begins. The half file lies in the folder `scratch`, beside the sample by
    default.
    """
    # libver="earliest": later formats store the time in every group, and two runs would differ
    with whole_file(Path(path), scratch) as temporary, h5py.File(temporary, "w", libver="earliest") as file:
        for name, value in attributes.items():
            file.attrs[name] = json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
        group = file.create_group("events")
        for name in meaning:
            dataset = _write_column(
                group, name, pieces, meaning[name].get("step")
            )  # closes the last one after this one: the bytes depend on it
            for about in ("unit", "description", "counts", "precision", "step"):
                if about in meaning[name]:
                    dataset.attrs[about] = meaning[name][about]


def read_sample(path: Path) -> dict:
    """The columns of a sample, numbers on a grid as float32.

    Raises
    ------
    FileNotFoundError
        When there is none; says how to make it.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; make it first: python data/recipes/make.py {path.stem}")
    with h5py.File(path) as file:
        return {name: _unpacked(dataset) for name, dataset in file["events"].items()}


def count_rows(columns: dict, meaning: dict) -> int:
    """Length of the columns with one value a row."""
    return next(len(columns[name]) for name, about in meaning.items() if "counts" not in about)


def update_registry(path: Path, name: str, entry: dict) -> None:
    """Put one entry into the registry and leave the others as they are, also when two do it at once."""
    path = Path(path)
    with locked(path.parent):
        registry = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"datasets": {}}
        registry["datasets"][name] = entry
        with whole_file(path) as temporary:
            Path(temporary).write_text(json.dumps(registry, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@contextmanager
def whole_file(path: Path, scratch: Path | None = None):
    """A temporary name, in `scratch` or beside `path`, that becomes `path` at the end, or vanishes on any error."""
    handle, temporary = tempfile.mkstemp(dir=scratch or path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(folder: Path, *, wait: bool = True):
    """Hold the folder for this process alone, until its end at the latest; yields whether it is held.

    Without `wait` it yields False where another process has it. On Windows, which has no such lock, it holds nothing.
    """
    try:
        import fcntl
    except ImportError:
        yield True
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(handle)
        yield False
        return
    try:
        yield True
    finally:
        os.close(handle)


def check_columns(columns: dict, meaning: dict) -> None:
    """Compare columns with what a recipe says of them.

    Raises
    ------
    ValueError
        For columns of different length, columns without a meaning, values that are not finite, or counts that are no
        counts or do not fit their ragged column.
    """
    if set(columns) != set(meaning):
        raise ValueError(f"columns are {sorted(columns)}, expected {sorted(meaning)}")
    lengths = {name: len(values) for name, values in columns.items() if "counts" not in meaning[name]}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"columns have lengths {lengths}, expected one length")
    for name, values in columns.items():
        values = np.asarray(values)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"column {name} holds {values[~np.isfinite(values)][0]}, expected finite numbers")
        if "counts" in meaning[name]:
            _check_ragged(name, len(values), meaning[name]["counts"], columns)


def _check_ragged(name: str, length: int, of: str, columns: dict) -> None:
    """A ragged column is as long as its counts add up to."""
    counts = np.asarray(columns.get(of))
    if counts.dtype.kind not in "iu":
        raise ValueError(f"column {name} has counts {of!r} of type {counts.dtype}, expected a column of integers")
    if counts.min(initial=0) < 0:
        raise ValueError(f"column {of} holds {counts.min()}, expected counts of zero or more")
    if length != counts.sum(dtype=np.int64):
        raise ValueError(f"column {name} has length {length}, expected {counts.sum(dtype=np.int64)}, the sum of {of}")


def _write_column(group: h5py.Group, name: str, pieces: Callable, step: float | None) -> h5py.Dataset:
    shapes = [(len(piece), _as_storable(piece, step).dtype) for piece in pieces(name)]
    length, kind = sum(length for length, _ in shapes), np.result_type(*(kind for _, kind in shapes))
    options = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "track_times": False}
    if kind.itemsize == 2:
        options["chunks"] = (max(1, min(length, CHUNK)),)
    dataset = group.create_dataset(name, shape=length, dtype=kind, **options)
    for start, values in _in_chunks(pieces(name), dataset.chunks[0]):
        dataset[start : start + len(values)] = _as_storable(values, step)
    return dataset


def _in_chunks(pieces: Iterable, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """The same values cut anew: each start with `size` values, the last with what is left."""
    start, rest = 0, None
    for piece in pieces:
        rest = np.asarray(piece) if rest is None else np.concatenate([rest, piece])
        whole = len(rest) // size * size
        for first in range(0, whole, size):
            yield start + first, rest[first : first + size]
        start, rest = start + whole, rest[whole:]
    if len(rest):
        yield start, rest


def _as_storable(values, step: float | None) -> np.ndarray:
    """Text as fixed-length bytes, multiples of a step as whole numbers, everything else as it is."""
    values = np.asarray(values)
    if step is not None:
        multiples = values / step
        if (multiples != np.round(multiples)).any():
            raise ValueError(f"a value is {values[multiples != np.round(multiples)][0]}, expected multiples of {step}")
        return multiples.astype(np.int16 if np.abs(multiples).max(initial=0) < 2**15 else np.int32)
    return values.astype("S") if values.dtype.kind == "U" else values


def _unpacked(dataset: h5py.Dataset) -> np.ndarray:
    step = dataset.attrs.get("step")
    return dataset[:] if step is None else (dataset[:] * step).astype(np.float32)
