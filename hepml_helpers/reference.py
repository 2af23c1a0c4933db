"""Public reference sets that are no tables of ours, each read from its own layout into arrays."""

import numpy as np

from hepml_helpers import fetch, registry
from hepml_helpers.progress import Bar
from hepml_helpers.registry import CorruptData

PARTS = ("train", "val", "test")
CONSTITUENTS = 200  # of each jet in the top-tagging set, filled up with zeros
ROWS_AT_ONCE = 20_000  # 64 MB of the file
ROUNDING = 1e-5  # of E², by which the file's short numbers may put a constituent off its light cone


def load_top_tagging(part: str, rng, *, n_jets: int | None = None, length: int = 40, download: bool | None = None):
    """Jets of the top-tagging reference set (arXiv:1902.09914, Zenodo 2603256), in random order.

    The files are ordered, so a part of one is drawn from all of it, and no jet is drawn twice.

    Parameters
    ----------
    part : {"train", "val", "test"}
        Which of the three files: 1,211,000, 403,000 and 404,000 jets.
    rng : numpy.random.Generator
        Draws the jets and their order.
    n_jets : int, optional
        How many; all by default.
    length : int
        How many constituents of each jet, the hardest ones, 1 to 200.
    download : bool, optional
        True downloads the file (0.5 to 1.6 GB) when it is not here.

    Returns
    -------
    p4 : ndarray of float32, shape (n_jets, length, 4)
        (E, px, py, pz) of the constituents in GeV, in falling order of pt; zeros where a jet has fewer.
    is_signal : ndarray of int64, shape (n_jets,)
        1 for a top quark, 0 for QCD.

    Raises
    ------
    DataUnavailable
        The file is not here; the message says how to get it.
    CorruptData
        It is not the file of the registry, or it holds what no jet can: a number that is not finite, a label other than
        0 and 1, an energy below the momentum.
    ValueError
        `part`, `n_jets` or `length` is none of those above.
    ImportError
        PyTables is missing, with which pandas reads the file.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; expected one of {', '.join(PARTS)}")
    if not 1 <= length <= CONSTITUENTS:
        raise ValueError(f"length is {length}; expected 1 to {CONSTITUENTS}")
    dataset = registry.dataset_info(f"top_tagging_{part}")
    path, source = fetch.locate(dataset, dataset.files[0], download=download)
    p4, is_signal = read_top_tagging(path, rng, n_jets=n_jets, length=length)
    print(f"{dataset.name}: {len(p4)} jets, {dataset.label}, from {source}")
    return p4, is_signal


def read_top_tagging(path, rng, *, n_jets: int | None = None, length: int = 40):
    """The same from a given file of that layout: a pandas table under the key ``table``, as `load_top_tagging` says."""
    import pandas as pd

    with pd.HDFStore(path, mode="r") as store:
        if "/table" not in store:
            raise CorruptData(f"{path} holds {', '.join(store.keys()) or 'nothing'}; expected a pandas table 'table'")
        n_rows = store.get_storer("table").nrows
        n_jets = n_rows if n_jets is None else n_jets
        if not 1 <= n_jets <= n_rows:
            raise ValueError(f"n_jets is {n_jets}; expected 1 to {n_rows}, the jets in {path}")
        drawn = rng.choice(n_rows, n_jets, replace=False)
        p4, is_signal = np.empty((n_jets, length, 4), np.float32), np.empty(n_jets, np.int64)
        in_order = np.argsort(drawn)  # the place in our arrays of each jet, in the order of the file
        bar = Bar(desc=f"reading {n_jets} jets", total=n_rows, unit=" rows", delay=1)
        for start in range(0, n_rows, ROWS_AT_ONCE):
            stop = min(start + ROWS_AT_ONCE, n_rows)
            first, last = np.searchsorted(drawn[in_order], (start, stop))
            places = in_order[first:last]
            if len(places):
                rows = store.select("table", start=start, stop=stop)
                p4[places], is_signal[places] = _checked_jets(rows, path, start, drawn[places] - start, length)
            bar.update(stop - start)
        bar.close()
    return p4, is_signal


def _checked_jets(rows, path, start: int, wanted: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Four-momenta and labels of the wanted ones of some rows; the first row that cannot be one is an error."""
    names = [f"{component}_{i}" for i in range(length) for component in ("E", "PX", "PY", "PZ")]
    missing = [name for name in [*names, "is_signal_new"] if name not in rows.columns]
    if missing:
        raise CorruptData(
            f"{path} has no column {', '.join(missing[:3])}; expected E_i, PX_i, PY_i, PZ_i, is_signal_new"
        )
    p4 = rows[names].to_numpy(np.float32)[wanted].reshape(-1, length, 4)
    label = rows["is_signal_new"].to_numpy()[wanted]
    square = (p4.astype(float)[..., 1:] ** 2).sum(axis=-1)
    energy = p4[..., 0].astype(float)
    good = np.isfinite(p4).all(axis=-1) & (energy >= 0) & (square <= (1 + ROUNDING) * energy**2)
    bad = ~good.all(axis=-1) | ~np.isin(label, (0, 1))
    if bad.any():
        jet = int(np.argmax(bad))
        at = int(np.argmin(good[jet]))
        raise CorruptData(
            f"{path}: row {start + wanted[jet]} (counted from 0) has label {label[jet]} and constituent {at} "
            f"{p4[jet, at].tolist()}; expected 0 or 1, and finite E, px, py, pz with E at least the momentum"
        )
    return p4, label
