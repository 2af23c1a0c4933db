"""Public reference sets that are no tables of ours, each read from its own layout into arrays."""

from dataclasses import dataclass

import numpy as np

from hepml_helpers import fetch, registry
from hepml_helpers.progress import Bar
from hepml_helpers.registry import CorruptData

PARTS = ("train", "val", "test")
CONSTITUENTS = 200  # of each jet in the top-tagging set, filled up with zeros
ROWS_AT_ONCE = 20_000  # 64 MB of the file
ROUNDING = 1e-5  # of E², by which the file's short numbers may put a constituent off its light cone

# CaloChallenge, dataset 1: for each layer of the ATLAS calorimeter that is read out, its number there, the edges of its
# rings around the axis in mm, and into how many equal parts each ring is cut (arXiv:2410.21611).
_PRESAMPLER, _BACK = (0, 5, 10, 30, 50, 100, 200, 400, 600), (0, 50, 100, 200, 400, 600)
_TILE = (0, 10, 20, 30, 50, 80, 100, 130, 160, 200, 250, 300, 350, 400)
CALOCHALLENGE_LAYERS = {
    "photon": (
        (0, _PRESAMPLER, 1),
        (1, (0, 2, 4, 6, 8, 10, 12, 15, 20, 30, 40, 50, 70, 90, 120, 150, 200), 10),
        (2, (0, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300, 350, 400), 10),
        (3, _BACK, 1),
        (12, (0, 100, 200, 400, 1000, 2000), 1),
    ),
    "pion": (
        (0, _PRESAMPLER, 1),
        (1, (0, 1, 4, 7, 10, 15, 30, 50, 90, 150, 200), 10),
        (2, (0, 5, 10, 20, 30, 50, 80, 130, 200, 300, 400), 10),
        (3, _BACK, 1),
        (12, (*_TILE, 1000, 2000), 10),
        (13, (*_TILE, 600, 1000, 2000), 10),
        (14, (0, 50, 100, 150, 200, 250, 300, 400, 600, 1000, 2000), 1),
    ),
}
MEV = 1e-3  # GeV
LHCO_COLUMNS = [f"{name}{jet}" for jet in ("j1", "j2") for name in ("px", "py", "pz", "m", "tau1", "tau2")]


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
        for start, stop, places in _blocks(n_rows, drawn, what="jets"):
            if len(places):
                rows = store.select("table", start=start, stop=stop)
                p4[places], is_signal[places] = _checked_jets(rows, path, start, drawn[places] - start, length)
    return p4, is_signal


@dataclass(frozen=True, eq=False)
class CaloShowers:
    """What `load_calochallenge` returns; the attributes have the names of `showers.Showers`.

    Attributes
    ----------
    particle : str
        "photon" or "pion".
    incident_energy : ndarray, shape (n,)
        Energy of the particle in GeV.
    layers : tuple of ndarrays, each of shape (n, n_alpha, n_r)
        Energy of each voxel in GeV as float32, front layer first: axis 1 goes around the axis, axis 2 away from it.
    positions : tuple of ndarrays, each of shape (2, n_alpha, n_r)
        x and y of the middle of each voxel in mm, from the axis of the shower. A ring that is not cut into parts has
        the position (r, 0): its distance is right and its direction has no meaning.
    """

    particle: str
    incident_energy: np.ndarray
    layers: tuple[np.ndarray, ...]
    positions: tuple[np.ndarray, ...]

    @property
    def layer_energy(self) -> np.ndarray:
        """Sum of the voxels of each layer in GeV, shape (n, n_layers)."""
        return np.stack([layer.sum(axis=(1, 2), dtype=np.float64) for layer in self.layers], axis=-1)

    def __len__(self) -> int:
        return len(self.incident_energy)


def load_calochallenge(
    particle: str, rng, *, part: int = 1, n_showers: int | None = None, download: bool | None = None
):
    """Showers of CaloChallenge's dataset 1, simulated by ATLAS with Geant4 (arXiv:2410.21611, Zenodo 8099322).

    Fifteen incident energies, from 256 MeV to 4.2 TeV in steps of two; there are fewer showers of the highest ones.

    Parameters
    ----------
    particle : {"photon", "pion"}
    rng : numpy.random.Generator
        Draws the showers and their order.
    part : {1, 2}
        The first file is for training, the second for the comparison.
    n_showers : int, optional
        How many; all by default.
    download : bool, optional
        True downloads the file when it is not here.

    Returns
    -------
    CaloShowers
        368 voxels in 5 layers for photons, 533 in 7 layers for pions.

    Raises
    ------
    DataUnavailable
        The file is not here; the message says how to get it.
    CorruptData
        It is not the file of the registry, or it holds what no shower can: an energy that is negative or not finite.
    ValueError
        `particle`, `part` or `n_showers` is none of those above.
    """
    _check_particle(particle)
    if part not in (1, 2):
        raise ValueError(f"part is {part!r}; expected 1 or 2")
    dataset = registry.dataset_info(f"calochallenge_{particle}s_{part}")
    path, source = fetch.locate(dataset, dataset.files[0], download=download)
    showers = read_calochallenge(path, particle, rng, n_showers=n_showers)
    print(f"{dataset.name}: {len(showers)} showers, {dataset.label}, from {source}")
    return showers


def read_calochallenge(path, particle: str, rng, *, n_showers: int | None = None) -> CaloShowers:
    """The same from a given file of that layout: HDF5 with ``incident_energies`` and ``showers`` in MeV."""
    import h5py

    shapes = [(n_alpha, len(edges) - 1) for _, edges, n_alpha in CALOCHALLENGE_LAYERS[_check_particle(particle)]]
    bounds = np.cumsum([0, *(n_alpha * n_r for n_alpha, n_r in shapes)])
    with h5py.File(path, mode="r") as file:
        missing = {"incident_energies", "showers"} - set(file)
        if missing:
            raise CorruptData(f"{path} has no {', '.join(sorted(missing))}; expected incident_energies and showers")
        n_rows, n_voxels = file["showers"].shape
        if n_voxels != bounds[-1] or file["incident_energies"].shape != (n_rows, 1):
            found = f"showers {file['showers'].shape} and incident_energies {file['incident_energies'].shape}"
            raise CorruptData(f"{path} holds {found}; expected (n, {bounds[-1]}) and (n, 1) for a {particle}")
        n_showers = n_rows if n_showers is None else n_showers
        if not 1 <= n_showers <= n_rows:
            raise ValueError(f"n_showers is {n_showers}; expected 1 to {n_rows}, the showers in {path}")
        drawn = rng.choice(n_rows, n_showers, replace=False)
        energy = file["incident_energies"][:, 0][drawn] * MEV
        voxels = _drawn_rows(file["showers"], drawn, path)
    if not np.all(np.isfinite(energy) & (energy > 0.0)):
        raise CorruptData(f"{path} holds an incident energy that is not above 0")
    layers = (voxels[:, a:b].reshape(-1, *shape) for a, b, shape in zip(bounds, bounds[1:], shapes, strict=False))
    return CaloShowers(particle, energy, tuple(layers), calochallenge_positions(particle))


def calochallenge_positions(particle: str) -> tuple[np.ndarray, ...]:
    """x and y of the middle of each voxel in mm, as `CaloShowers.positions` has them.

    Examples
    --------
    >>> [xy.shape for xy in calochallenge_positions("photon")]
    [(2, 1, 8), (2, 10, 16), (2, 10, 19), (2, 1, 5), (2, 1, 5)]
    """
    positions = []
    for _, edges, n_alpha in CALOCHALLENGE_LAYERS[_check_particle(particle)]:
        radius = (np.array(edges[1:]) + edges[:-1]) / 2.0
        alpha = 2.0 * np.pi * (np.arange(n_alpha) + 0.5) / n_alpha if n_alpha > 1 else np.zeros(1)
        positions.append(np.stack([np.outer(np.cos(alpha), radius), np.outer(np.sin(alpha), radius)]))
    return tuple(positions)


def _check_particle(particle: str) -> str:
    if particle not in CALOCHALLENGE_LAYERS:
        raise ValueError(f"particle is {particle!r}; expected one of {', '.join(CALOCHALLENGE_LAYERS)}")
    return particle


def load_lhco(rng, *, n_events: int | None = None, download: bool | None = None):
    """Events of the R&D set of the LHC Olympics 2020 (arXiv:2101.08320, Zenodo 4536377), in random order.

    One million QCD dijets and 100,000 decays of a resonance of 3.5 TeV to two of 500 and 100 GeV, as features of the
    two leading jets.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the events and their order.
    n_events : int, optional
        How many; all by default.
    download : bool, optional
        True downloads the file when it is not here.

    Returns
    -------
    features : ndarray, shape (n_events, 5)
        Mass of the two jets, mass of the lighter jet, heavier minus lighter jet mass, all in GeV; tau21 of the lighter
        and of the heavier jet: the columns of the sample ``dijet_background``. tau21 is 0 where tau1 is.
    is_signal : ndarray of int64, shape (n_events,)
        1 for the resonance, 0 for QCD.

    Raises
    ------
    DataUnavailable
        The file is not here; the message says how to get it.
    CorruptData
        It is not the file of the registry, or it holds what no dijet can: a number that is not finite, a label other
        than 0 and 1.
    ValueError
        ``n_events`` is less than one or more than there are.
    ImportError
        PyTables is missing, with which pandas reads the file.
    """
    dataset = registry.dataset_info("lhco_rd_features")
    path, source = fetch.locate(dataset, dataset.files[0], download=download)
    features, is_signal = read_lhco(path, rng, n_events=n_events)
    print(f"{dataset.name}: {len(features)} events, {dataset.label}, from {source}")
    return features, is_signal


def read_lhco(path, rng, *, n_events: int | None = None):
    """The same from a given file of that layout: one pandas table, momenta and masses in GeV, as `load_lhco` says."""
    import pandas as pd

    with pd.HDFStore(path, mode="r") as store:
        if len(store.keys()) != 1:
            raise CorruptData(f"{path} holds {', '.join(store.keys()) or 'nothing'}; expected one pandas table")
        table = store[store.keys()[0]]
    missing = [name for name in [*LHCO_COLUMNS, "label"] if name not in table.columns]
    if missing:
        raise CorruptData(f"{path} has no column {', '.join(missing[:3])}; expected {', '.join(LHCO_COLUMNS)}, label")
    n_events = len(table) if n_events is None else n_events
    if not 1 <= n_events <= len(table):
        raise ValueError(f"n_events is {n_events}; expected 1 to {len(table)}, the events in {path}")
    drawn = rng.choice(len(table), n_events, replace=False)
    jets = table[LHCO_COLUMNS].to_numpy(np.float64)[drawn].reshape(-1, 2, 6)
    label = table["label"].to_numpy()[drawn]
    bad = ~np.isfinite(jets).all(axis=(1, 2)) | ~np.isin(label, (0, 1))
    if bad.any():
        at = int(np.argmax(bad))
        raise CorruptData(
            f"{path}: row {drawn[at]} (counted from 0) has label {label[at]} and jets {jets[at].tolist()}; "
            "expected 0 or 1, and finite numbers"
        )
    return _dijet_features(jets), label.astype(np.int64)


def _dijet_features(jets: np.ndarray) -> np.ndarray:
    """The five features of `load_lhco` from px, py, pz, m, tau1, tau2 of two jets, shape (n, 2, 6)."""
    momentum, mass, tau1, tau2 = jets[..., :3], jets[..., 3], jets[..., 4], jets[..., 5]
    energy = np.sqrt((momentum**2).sum(axis=-1) + mass**2)
    square = energy.sum(axis=1) ** 2 - (momentum.sum(axis=1) ** 2).sum(axis=-1)
    lighter = np.argsort(mass, axis=1, kind="stable")
    mass = np.take_along_axis(mass, lighter, axis=1)
    tau21 = np.take_along_axis(np.divide(tau2, tau1, out=np.zeros_like(tau1), where=tau1 > 0), lighter, axis=1)
    return np.column_stack([np.sqrt(np.maximum(square, 0.0)), mass[:, 0], mass[:, 1] - mass[:, 0], tau21])


def _blocks(n_rows: int, drawn: np.ndarray, *, what: str):
    """Go through a file block by block, with a progress bar.

    Yields first row, last row (not included) and the places in ``drawn``, the numbers of the wanted rows in any order,
    of those that lie in this block.
    """
    in_order = np.argsort(drawn)
    bar = Bar(desc=f"reading {len(drawn)} {what}", total=n_rows, unit=" rows", delay=1)
    for start in range(0, n_rows, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, n_rows)
        yield start, stop, in_order[slice(*np.searchsorted(drawn[in_order], (start, stop)))]
        bar.update(stop - start)
    bar.close()


def _drawn_rows(voxels, drawn: np.ndarray, path) -> np.ndarray:
    """The rows of a file's array in the order in which they were drawn, MeV turned into GeV."""
    picked = np.empty((len(drawn), voxels.shape[1]), np.float32)
    for start, stop, places in _blocks(len(voxels), drawn, what="showers"):
        wanted = voxels[start:stop][drawn[places] - start]
        bad = ~np.all(np.isfinite(wanted) & (wanted >= 0.0), axis=1)
        if bad.any():
            raise CorruptData(f"{path}: row {drawn[places][bad][0]} (counted from 0) holds no energy of 0 or more")
        picked[places] = wanted * MEV
    return picked


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
