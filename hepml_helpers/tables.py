"""The wanted columns of one file (csv, ROOT or HDF5), under our names, checked against the registry.

What does not pass is an error that names the column, the row and the value, and what was expected: missing columns,
another number of rows, lists that do not fit their counts, numbers that are not finite or lie outside a column's
``min`` and ``max``.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from hepml_helpers.registry import CorruptData, DataFile, Dataset


def read_file(path: Path, dataset: Dataset, file: DataFile, wanted: list[str]):
    """Read one file of a dataset.

    Parameters
    ----------
    path : Path
        Where a verified copy lies.
    dataset, file : Dataset, DataFile
        What the registry says of it.
    wanted : list of str
        Columns by our names, in the order in which they are returned.

    Returns
    -------
    pandas.DataFrame or awkward.Array
        A DataFrame of float64 and int64 (and text), with the file's constants as columns. Where the dataset is jagged,
        an array with numbers as the file stores them (float16 as float32, in which sums do not overflow): one value a
        row, and one list a row in the columns that have counts, whatever columns are wanted beside them.

    Raises
    ------
    CorruptData
        The file cannot be read, or is not what the registry describes.
    """
    in_file = {ours: theirs for theirs, ours in dataset.rename.items()}
    of_file = [column for column in dataset.columns if column not in file.constants]
    needed = [column for column in wanted if column in of_file] or of_file[:1]  # one column at least, for the rows
    names = {in_file.get(column, column): column for column in needed}
    table = _read_columns(path, dataset, list(names))
    table = table if dataset.jagged else table.rename(columns=names)
    _check_rows(table, path, file.rows)
    for column in names.values():
        _check_values(table[column], path, column, dataset.columns[column])
    return table if dataset.jagged else table.assign(**file.constants)[wanted]


def _read_columns(path: Path, dataset: Dataset, names: list[str]):
    reader = {".csv": _read_csv, ".root": _read_root, ".h5": _read_hdf5}[path.suffix]
    try:
        return reader(path, dataset, names)
    except (CorruptData, MemoryError):
        raise
    except Exception as error:  # each library has errors of its own for a file that it cannot make sense of
        raise CorruptData(f"{path} cannot be read as {path.suffix[1:]}: {error}. Get the file again") from error


def _read_csv(path: Path, dataset: Dataset, names: list[str]) -> pd.DataFrame:
    table = pd.read_csv(path, index_col=False)  # all columns, or a line with too many fields would pass unnoticed
    _require_columns(path, names, list(table.columns))
    return _as_long_numbers(table[names])


def _read_root(path: Path, dataset: Dataset, names: list[str]):
    import awkward as ak
    import uproot

    with uproot.open(path) as file:
        events = file[dataset.tree]
        _require_columns(path, names, events.keys(recursive=False))
        array = events.arrays(filter_name=names)[names]
    if dataset.jagged:
        return array
    text = {name for name in names if ak.parameters(array[name]).get("__array__") == "string"}
    columns = {name: (ak.to_list if name in text else ak.to_numpy)(array[name]) for name in names}
    return _as_long_numbers(pd.DataFrame(columns))


def _read_hdf5(path: Path, dataset: Dataset, names: list[str]):
    import h5py

    counts = {name: about["counts"] for name, about in dataset.columns.items() if "counts" in about}
    with h5py.File(path) as file:
        events = file["events"]
        read = list(dict.fromkeys([*names, *(counts[name] for name in names if name in counts)]))
        _require_columns(path, read, list(events))
        text = {name for name in read if h5py.check_string_dtype(events[name].dtype)}
        columns = {name: events[name].asstr()[:] if name in text else _numbers(events[name]) for name in read}
    if not dataset.jagged:
        return _as_long_numbers(pd.DataFrame(columns))
    return _as_array(path, {name: _in_rows(path, name, columns, counts.get(name)) for name in names})


def _numbers(column) -> np.ndarray:
    """The numbers of a column; where the file holds them as multiples of a step, multiplied by it, as float32."""
    step = column.attrs.get("step")
    return column[:] if step is None else column[:] * np.float32(step)


def _in_rows(path: Path, name: str, columns: dict, counts: str | None):
    """A column as the file stores it, a float16 as float32; where it has counts, as one list a row."""
    import awkward as ak

    values = columns[name].astype(np.float32) if columns[name].dtype == np.float16 else columns[name]
    if counts is None:
        return values
    lengths = columns[counts].astype(np.int64)  # which would wrap around as the short numbers of the file
    if lengths.min(initial=0) < 0 or lengths.sum() != len(values):
        raise CorruptData(
            f"{path}: column {name!r} has {len(values)} values, expected {lengths.sum()}, the sum of {counts!r}, whose "
            f"smallest is {lengths.min(initial=0)}; get the file again"
        )
    return ak.unflatten(values, lengths)


def _as_array(path: Path, columns: dict):
    import awkward as ak

    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise CorruptData(f"{path}: columns have {lengths} rows, expected one number; get the file again")
    return ak.zip(columns, depth_limit=1)


def _require_columns(path: Path, names: list[str], present: list[str]) -> None:
    missing = [name for name in names if name not in present]
    if missing:
        raise CorruptData(
            f"{path} has no column {', '.join(missing)}: found {', '.join(present)}. "
            "It is not the file that the registry describes; get it again"
        )


def _as_long_numbers(table: pd.DataFrame) -> pd.DataFrame:
    kinds = {"f": "float64", "i": "int64", "u": "int64"}
    return table.astype({name: kinds[kind.kind] for name, kind in table.dtypes.items() if kind.kind in kinds})


def _check_rows(table, path: Path, expected: int | None) -> None:
    if len(table) == 0 or expected not in (None, len(table)):
        wanted = "at least one" if expected is None else expected
        raise CorruptData(f"{path} has {len(table)} rows, expected {wanted}; get the file again")


def _check_values(values, path: Path, column: str, allowed: dict) -> None:
    """Every number finite and within the column's ``min`` and ``max``; the error names the first that is not."""
    low, high, finite = allowed.get("min"), allowed.get("max"), allowed.get("finite", True)
    values, row = _flat(values)
    numbers = values
    if values.dtype.kind not in "biuf":
        if low is None and high is None and not allowed.get("unit"):
            return  # a column of text
        numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(float)
    bad = ~np.isfinite(numbers) if finite else np.zeros(len(numbers), bool)
    bad |= False if low is None else numbers < low
    bad |= False if high is None else numbers > high
    if bad.any():
        first = int(np.argmax(bad))
        limits = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
        expected = ", ".join(["a finite number" if finite else "a number", *limits])
        raise CorruptData(
            f"{path}: column {column!r} is {values[first]} in row {row[first]} (counted from 0), expected {expected}; "
            f"{bad.sum()} such values. The file is damaged, or its units are not those of the registry; get it again"
        )


def _flat(values) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of a column in a row, and for each the row of the table that it belongs to."""
    if isinstance(values, pd.Series):
        return values.to_numpy(), np.arange(len(values))
    import awkward as ak

    counts = ak.to_numpy(ak.num(values)) if values.ndim > 1 else np.ones(len(values), int)
    return ak.to_numpy(ak.flatten(values, axis=None)), np.repeat(np.arange(len(values)), counts)
