"""What the checks and the figures of the samples are about: masses, angles and shapes, from the columns of a sample.

A sample is the dictionary that `load_samples` returns: floats in double precision, ragged columns flat.
"""

from pathlib import Path

import awkward as ak
import numpy as np
from recipes import detector, store
from recipes.partons import QUARK_MASSES

from hepml_helpers import jets

M_Z, M_W, M_TOP = 91.1876, 80.385, 173.0  # GeV, as Pythia has them
# GeV; at lower masses the cut on pt bends the spectrum, and the smooth function does not hold any more.
DIJET_BINS = np.arange(3072.0, 5000.0, 128.0)
UP_SHARE = 0.81  # of up-type quarks among the pairs that a photon makes above 30 GeV at 13 TeV, leading order
_CYLINDRICAL = ("pt", "eta", "phi")
_RELATIVE = ("pt", "delta_eta", "delta_phi")


def load_samples(folder: Path, names) -> dict:
    """Samples by name, with every float in double precision: sums of the stored two-byte numbers would lose digits."""
    samples = {name: store.read_sample(Path(folder) / f"{name}.h5") for name in names}
    for sample in samples.values():
        sample |= {column: values.astype(float) for column, values in sample.items() if values.dtype.kind == "f"}
    return samples


def masses(sample: dict, n: int, mass: float = 0.0) -> np.ndarray:
    """Mass of the first n particles of every row, shape (n_rows,)."""
    parts = [detector.p4_of(*(sample[f"{q}{i}"] for q in _CYLINDRICAL), mass) for i in range(1, n + 1)]
    return detector.mass_of(np.stack(parts, axis=1))


def lepton_pair(sample: dict) -> dict:
    """Delta phi, mass and pt of the two leptons, and the transverse mass with the missing momentum.

    m_T^2 = (E_T(ll) + p_T^miss)^2 - |pt(ll) + p_T^miss|^2 with E_T(ll)^2 = m(ll)^2 + pt(ll)^2, as ATLAS has it.
    """
    leptons = [detector.p4_of(*(sample[f"{q}{i}"] for q in _CYLINDRICAL)) for i in (1, 2)]
    both = np.sum(leptons, axis=0)
    missing = sample["met"] * np.stack([np.cos(sample["met_phi"]), np.sin(sample["met_phi"])])
    m_ll, pt_ll = masses(sample, 2), np.hypot(both[:, 1], both[:, 2])
    together = np.hypot(both[:, 1] + missing[0], both[:, 2] + missing[1])
    m_t = np.sqrt(np.maximum((np.hypot(m_ll, pt_ll) + sample["met"]) ** 2 - together**2, 0))
    return {"dphi": np.abs(detector.wrap(sample["phi1"] - sample["phi2"])), "m_ll": m_ll, "pt_ll": pt_ll, "m_t": m_t}


def top_pair(sample: dict) -> dict:
    """Masses of the W bosons and top quarks of both sides, shape (n, 2), and the four-momentum of the pair."""
    table = np.array([QUARK_MASSES.get(code, 0.0) for code in range(6)])
    p4 = {
        name: detector.p4_of(*(sample[f"{q}_{name}"] for q in _CYLINDRICAL), table[np.abs(sample[f"id_{name}"])])
        for name in ("b", "q1", "q2", "bbar", "q3", "q4")
    }
    sides = [[p4[name] for name in side] for side in (("q1", "q2", "b"), ("q3", "q4", "bbar"))]
    return {
        "w": np.stack([detector.mass_of(np.stack(side[:2], axis=1)) for side in sides], axis=1),
        "top": np.stack([detector.mass_of(np.stack(side, axis=1)) for side in sides], axis=1),
        "pair": np.sum(list(p4.values()), axis=0),
    }


def electron_pair(sample: dict) -> dict:
    """Mass of the pair, and whether the electron flies forward: to the side to which the pair is boosted."""
    difference = sample["eta_electron"] - sample["eta_positron"]
    rapidity = sample["eta_electron"] + sample["eta_positron"]  # twice that of the pair: both have the same pt
    return {"mass": 2 * sample["pt"] * np.cosh(difference / 2), "forward": np.sign(difference) * np.sign(rapidity)}


def drell_yan_ratio(mass: np.ndarray, quark: str) -> np.ndarray:
    """Cross-section of q qbar -> gamma*/Z -> l l over that of the photon alone, for a quark, "up" or "down".

    Examples
    --------
    >>> drell_yan_ratio(np.array([40.0, 91.1876]), "up").round(2).tolist()
    [1.01, 429.58]
    """
    sin2, width = 0.2312, 2.4952
    charge, isospin = {"up": (2 / 3, 0.5), "down": (-1 / 3, -0.5)}[quark]
    v_q, v_l = isospin - 2 * charge * sin2, -0.5 + 2 * sin2
    propagator = mass**2 / (mass**2 - M_Z**2 + 1j * mass**2 * width / M_Z) / (4 * sin2 * (1 - sin2))
    interference = -2 * charge * v_q * v_l * propagator.real
    return (charge**2 + interference + (v_q**2 + 0.25) * (v_l**2 + 0.25) * np.abs(propagator) ** 2) / charge**2


def photon_to_drell_yan(photon: dict, low: float, high: float, *, up_share: float) -> np.ndarray:
    """Weights that turn the pairs of a photon sample between two masses into those of photon and Z.

    `up_share` is the share of up-type quarks among the pairs of the photon.
    """
    mass = electron_pair(photon)["mass"]
    ratio = up_share * drell_yan_ratio(mass, "up") + (1 - up_share) * drell_yan_ratio(mass, "down")
    return (photon["weight"] * ratio)[(mass > low) & (mass < high)]


def rows_of(counts: np.ndarray) -> np.ndarray:
    """Number of the row of every entry of a ragged column."""
    return np.repeat(np.arange(len(counts)), counts)


def significance(sample: dict) -> np.ndarray:
    """Signed transverse impact parameter over its uncertainty, of every track."""
    return sample["track_d0"] / sample["track_d0_error"]


def ordered_significance(sample: dict, place: int) -> np.ndarray:
    """The largest (place 0), second ... significance of the tracks of each jet; -10 for a jet with fewer tracks."""
    jet, values = rows_of(sample["n_tracks"]), significance(sample)
    order = np.lexsort((-values, jet))
    chosen = order[np.arange(len(order)) - np.searchsorted(jet, jet) == place]
    result = np.full(len(sample["n_tracks"]), -10.0)
    result[jet[chosen]] = values[chosen]
    return result


def constituent_p4(sample: dict) -> np.ndarray:
    """Four-momenta of the stored constituents, with their jet at eta = phi = 0: masses do not see the boost."""
    return detector.p4_of(sample["constituent_pt"], sample["constituent_delta_eta"], sample["constituent_delta_phi"])


def sum_per_jet(sample: dict, values: np.ndarray) -> np.ndarray:
    """Sum over the stored constituents of each jet, shape (n_jets, ...)."""
    return np.add.reduceat(values, np.cumsum(sample["n_constituents"]) - sample["n_constituents"], axis=0)


def stored_jets(sample: dict) -> tuple[np.ndarray, np.ndarray]:
    """Pt and mass of each jet as a lesson finds them from the stored constituents."""
    total = sum_per_jet(sample, constituent_p4(sample))
    return np.hypot(total[:, 1], total[:, 2]), detector.mass_of(total[:, None])


def pt_share(sample: dict, kinds) -> np.ndarray:
    """Share of the pt of each jet's stored constituents that these kinds carry, signs of charges aside."""
    chosen = np.isin(np.abs(sample["constituent_kind"]), kinds)
    return sum_per_jet(sample, sample["constituent_pt"] * chosen) / sum_per_jet(sample, sample["constituent_pt"])


def tau_ratio(sample: dict, n: int) -> np.ndarray:
    """tau_n / tau_(n-1) of each jet, 1 where the lower one vanishes."""
    below = sample[f"tau{n - 1}"]
    return np.divide(sample[f"tau{n}"], below, out=np.ones(len(below)), where=below > 0)


def jet_images(sample: dict, *, pixel: float, n_pixels: int) -> np.ndarray:
    """Images of jets, shape (n_jets, n_pixels, n_pixels), in GeV, as the package makes them.

    The hardest constituent lies at the origin, the second prong is turned to the negative second axis: the images of
    the package lie on their side.
    """
    lists = (ak.unflatten(sample[f"constituent_{name}"], sample["n_constituents"]) for name in _RELATIVE)
    pt, delta_eta, delta_phi = (jets.pad(column, int(sample["n_constituents"].max())) for column in lists)
    turned = jets.rotate(pt, *jets.centre(pt, delta_eta, delta_phi, on="hardest"))
    return jets.pixelate(pt, *turned, n_pixels=n_pixels, half_width=pixel * n_pixels / 2).swapaxes(1, 2)


def fit_dijets(mass: np.ndarray, bins: np.ndarray = DIJET_BINS) -> dict:
    """Fit p1 (1 - x)^p2 / x^p3 with x = m / 13 TeV to counts, by the Poisson likelihood.

    Returns
    -------
    dict
        counts and fitted, shape (n_bins,); chi2 of Pearson, and ndf.
    """
    counts, _ = np.histogram(mass, bins)
    x = (bins[1:] + bins[:-1]) / 2 / 13_000
    terms = np.stack([np.ones_like(x), np.log1p(-x) - np.log1p(-x.mean()), -np.log(x / x.mean())], axis=1)
    parameters = np.linalg.lstsq(terms, np.log(np.maximum(counts, 0.5)), rcond=None)[0]
    for _ in range(30):  # Newton's steps: the likelihood has one maximum
        fitted = np.exp(terms @ parameters)
        parameters = parameters + np.linalg.solve(terms.T * fitted @ terms, terms.T @ (counts - fitted))
    fitted = np.exp(terms @ parameters)
    chi2 = float(((counts - fitted) ** 2 / fitted).sum())
    return {"counts": counts, "fitted": fitted, "chi2": chi2, "ndf": len(counts) - 3}


def inside(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """The values between two limits."""
    return values[(values > low) & (values < high)]
