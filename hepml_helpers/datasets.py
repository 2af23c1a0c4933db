"""Recorded and simulated samples as tables, with no doubt about which one a lesson got.

`load_dataset` looks in ``HEPML_DATA_DIR``, then in the cache, then on the network (see `fetch`), and prints one line
that says what it loaded and from where. Only where a lesson names a `fallback` does an embedded simulated sample stand
in for recorded data that cannot be had, and a banner says so. The result carries ``attrs["label"]`` ("CMS Open Data" or
"simulated (Pythia 8)"), which every figure shows, and ``attrs["name"]``, ``["recorded"]`` and ``["source"]``.

In a DataFrame all numbers are float64 or int64, also where the file stores them shorter; an array keeps the short ones,
except that float16 becomes float32. Units are in the registry (`dataset_info(name).columns`): GeV and radians
throughout.
"""

import html
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from hepml_helpers import fetch, tables
from hepml_helpers.registry import (
    CorruptData,
    DataFile,
    Dataset,
    DataUnavailable,
    UnknownDataset,
    all_datasets,
    dataset_info,
    did_you_mean,
    readable_size,
)

__all__ = [
    "CorruptData",
    "DataUnavailable",
    "UnknownDataset",
    "dataset_info",
    "dataset_path",
    "list_datasets",
    "load_dataset",
    "require_events",
]


def list_datasets() -> pd.DataFrame:
    """A readable table of all datasets: title, recorded or simulated, rows, size, and where each is now.

    Examples
    --------
    >>> print(list_datasets().loc["cms_doublemu_2012", ["origin", "rows", "size"]].to_string())
    origin    recorded
    rows      61540413
    size        2.2 GB
    """
    rows = {
        name: {
            "title": dataset.title,
            "origin": "recorded" if dataset.recorded else "simulated",
            "rows": dataset.rows,
            "size": readable_size(dataset.size),
            "where": _where(dataset),
        }
        for name, dataset in all_datasets().items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def load_dataset(name: str, *, columns: Sequence[str] | None = None, fallback: str | None = None):
    """Load a dataset, and say on one line what was loaded and from where.

    Parameters
    ----------
    name : str
        A name of `list_datasets()`.
    columns : list of str, optional
        Which columns, in this order; all by default.
    fallback : str, optional
        Embedded simulated sample to load, below a visible banner, where the recorded data cannot be had.

    Returns
    -------
    pandas.DataFrame or awkward.Array
        One row per entry of the files; an array where the number of particles varies: its columns hold one number or
        one list a row. ``attrs`` holds ``name``, ``label``, ``recorded``, ``source`` ("HEPML_DATA_DIR", "cache",
        "download" or "embedded"), and ``stands_in_for`` where it is a fallback.

    Raises
    ------
    UnknownDataset
        No dataset, or no fallback, of that name.
    DataUnavailable
        The data is not here and could not be downloaded, and there is no fallback.
    CorruptData
        A file differs from the registry: checksum, missing columns, number of rows, values that cannot be.
    ValueError
        `columns` names no column, or an unknown one; or the dataset is no table, and something else reads it.
    """
    dataset = dataset_info(name)
    if dataset.read_with:
        raise ValueError(f"{name} is no table: read it with {dataset.read_with}")
    stand_in = None if fallback is None else _stand_in(fallback)
    wanted = _wanted_columns(dataset, columns)
    try:
        found = [fetch.locate(dataset, file) for file in dataset.files]
    except DataUnavailable as error:
        if stand_in is None:
            raise
        _banner(dataset, stand_in, str(error))
        data = load_dataset(stand_in.name, columns=columns)
        data.attrs = {**data.attrs, "stands_in_for": name}
        return data
    parts = [_read(dataset, file, place, wanted) for file, place in zip(dataset.files, found, strict=True)]
    data = _join(parts)
    source = ", ".join(dict.fromkeys(source for _, source in found))
    data.attrs = {"name": name, "label": dataset.label, "recorded": dataset.recorded, "source": source}
    print(f"{name}: {len(data)} rows, {dataset.label}, from {_PLACE.get(source, source)}")
    return data


def dataset_path(name: str, *, download: bool | None = None) -> Path:
    """A verified local copy of a dataset of one file, for whoever reads it in chunks.

    Parameters
    ----------
    name : str
        A name of `list_datasets()`.
    download : bool, optional
        True downloads the file when it is not here, however large; False never does; by default a large one (marked
        ``ask_first``) is not downloaded, and any other is.

    Raises
    ------
    DataUnavailable
        It is not here; the message says how to get it.
    CorruptData
        The file that is here is not the one of the registry.
    ValueError
        The dataset consists of several files.
    """
    dataset = dataset_info(name)
    if len(dataset.files) != 1:
        raise ValueError(f"{name} consists of {len(dataset.files)} files, expected 1; use load_dataset({name!r})")
    return fetch.locate(dataset, dataset.files[0], download=download)[0]


def require_events(data, what: str):
    """The data itself, or an error in words where a selection has left nothing of it.

    Parameters
    ----------
    data : DataFrame, array or list
        What a selection kept, along its first axis.
    what : str
        The selection, in words.

    Raises
    ------
    ValueError
        There is no event left.

    Examples
    --------
    >>> require_events([91.2], "pairs in the Z window")
    [91.2]
    >>> require_events([], "pairs in the Z window")
    Traceback (most recent call last):
        ...
    ValueError: pairs in the Z window: no event is left, expected at least one; loosen the selection, check the units
    """
    if len(data) == 0:
        raise ValueError(f"{what}: no event is left, expected at least one; loosen the selection, check the units")
    return data


_PLACE = {"cache": "the cache", "download": "the network", "embedded": "the embedded sample"}


def _where(dataset: Dataset) -> str:
    copies = [fetch.local_copy(file) for file in dataset.files]
    if None in copies:
        return "not here; downloaded when asked for" if dataset.ask_first else "not here; downloaded when loaded"
    return ", ".join(dict.fromkeys(place for _, place in copies))


def _stand_in(fallback: str) -> Dataset:
    stand_in = dataset_info(fallback)
    if stand_in.recorded:
        raise ValueError(f"fallback is {fallback!r}, which is recorded data; expected an embedded simulated sample")
    return stand_in


def _banner(dataset: Dataset, stand_in: Dataset, reason: str) -> None:
    """Say that a simulated sample stands in for recorded data: in a notebook as a box, elsewhere as text."""
    from IPython import get_ipython
    from IPython.display import display

    lines = [
        f"SIMULATED DATA: {stand_in.name} ({stand_in.title}) stands in for {dataset.name}.",
        f"The recorded data could not be had. {reason}",
    ]
    rule = "=" * 100
    text = "\n".join([rule, *lines, rule])
    if get_ipython() is None:
        print(text)
        return
    style = "border:2px solid #d55e00;background:#fff3e6;color:#222;padding:0.6em 1em;border-radius:4px"
    first, second = (html.escape(line).replace("\n", "<br>") for line in lines)
    box = f'<div style="{style}"><strong>{first}</strong><br><small>{second}</small></div>'
    display({"text/plain": text, "text/html": box}, raw=True)


def _wanted_columns(dataset: Dataset, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        return list(dataset.columns)
    if isinstance(columns, str) or not list(columns):
        raise ValueError(f"columns is {columns!r}, expected a list of at least one column of {dataset.name}")
    for column in columns:
        if column not in dataset.columns:
            raise ValueError(f"no column {column!r} in {dataset.name}; {did_you_mean(column, dataset.columns)}")
    return list(columns)


def _read(dataset: Dataset, file: DataFile, place: tuple[Path, str], wanted: list[str]):
    path, source = place
    try:
        return tables.read_file(path, dataset, file, wanted)
    except CorruptData:
        if file.sha256 is None and source in ("cache", "download"):  # nothing else would ever find it to be bad
            fetch.discard(path)
        raise


def _join(parts: list):
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], pd.DataFrame):
        return pd.concat(parts, ignore_index=True)
    import awkward as ak

    return ak.concatenate(parts)
