"""Events with two leptons: H to WW, the WW pairs that it hides in, and top pairs."""

import numpy as np

from recipes import clustering, detector
from recipes.generator import Component, Recipe
from recipes.particle_flow import Candidates, missing_pt, reconstruct_event
from recipes.precision import rounded, rounded_phi, short

BITS = 8
ANGLE_STEP, JET_STEP = 1 / 2048, 1 / 512  # of leptons and missing momentum, and of jets
LEPTON_PT = (22.0, 10.0)  # least pt of the leading and of the other lepton, GeV
LEPTON_ETA = {11: detector.ELECTRON_ETA_MAX, 13: detector.MUON_ETA_MAX}
MASS_MIN = 12.0  # of the two leptons, GeV
ISOLATION, CONE = 0.15, 0.3  # largest sum of pt around a lepton divided by its own, and how far around
JET_RADIUS, JET_PT, JET_ETA, N_JETS = 0.4, 30.0, 4.7, 2


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """Exactly two isolated leptons, of opposite charge; missing transverse momentum; up to two jets."""
    candidates, n = reconstruct_event(events, rng), len(events)
    is_lepton = isolated_leptons(candidates)
    leptons = candidates[is_lepton]
    order = np.lexsort((-leptons.pt, leptons.event))
    leptons = leptons[order]
    per_event = np.bincount(leptons.event, minlength=n)
    pairs = leptons[per_event[leptons.event] == 2]
    columns = {"pdgid": -pairs.charge * pairs.kind, "charge": pairs.charge}
    columns = {name: values.astype(np.int8) for name, values in columns.items()}
    columns |= {
        "pt": short(pairs.pt, BITS),
        "eta": rounded(pairs.eta, ANGLE_STEP),
        "phi": rounded_phi(pairs.phi, ANGLE_STEP),
    }
    columns = {name: values.reshape(-1, 2) for name, values in columns.items()}
    row = pairs.event[::2]
    kept = (columns["charge"].sum(axis=1) == 0) & (columns["pt"][:, 0] > LEPTON_PT[0])
    kept &= detector.mass_of(detector.p4_of(columns["pt"], columns["eta"], columns["phi"])) > MASS_MIN
    columns = {f"{name}{i + 1}": values[:, i] for i in range(2) for name, values in columns.items()}
    missing = missing_pt(candidates, n)[row]
    columns |= {
        "met": short(np.hypot(*missing.T), BITS),
        "met_phi": rounded_phi(np.arctan2(*missing.T[::-1]), ANGLE_STEP),
    }
    columns |= {name: values[row] for name, values in jet_columns(candidates[~is_lepton], n).items()}
    columns["weight"] = np.ones(len(row))
    return {name: columns[name][kept] for name in COLUMNS}


def isolated_leptons(candidates: Candidates) -> np.ndarray:
    """Which candidates are electrons or muons with pt > 10 GeV and little around them.

    Photons within 0.1 of an electron come from it and do not count.

    Returns
    -------
    ndarray of bool, shape (n_candidates,)
    """
    hard = np.isin(candidates.kind, (11, 13)) & (short(candidates.pt, BITS) > LEPTON_PT[1])
    for kind, limit in LEPTON_ETA.items():
        hard &= (candidates.kind != kind) | (np.abs(candidates.eta) < limit)
    index = np.flatnonzero(hard)
    size = np.bincount(candidates.event)
    first = np.searchsorted(candidates.event, candidates.event[index])
    near = np.repeat(np.arange(len(index)), size[candidates.event[index]])  # every lepton with all of its event
    start = np.cumsum(size[candidates.event[index]]) - size[candidates.event[index]]
    other = first[near] + np.arange(len(near)) - start[near]
    distance = np.hypot(
        candidates.eta[other] - candidates.eta[index][near],
        detector.wrap(candidates.phi[other] - candidates.phi[index][near]),
    )
    own = (candidates.kind[index][near] == 11) & (candidates.kind[other] == 22) & (distance < 0.1)
    counted = (distance < CONE) & (other != index[near]) & ~own
    around = np.bincount(near, candidates.pt[other] * counted, minlength=len(index))
    isolated = np.zeros_like(hard)
    isolated[index[around < ISOLATION * candidates.pt[index]]] = True
    return isolated


def jet_columns(candidates: Candidates, n_events: int) -> dict:
    """Number of jets and the leading two, for every event; zeros where there is no such jet."""
    jets = clustering.find_jets(candidates.p4, candidates.event, n_events, radius=JET_RADIUS, min_pt=JET_PT)
    jets = jets[np.abs(detector.cylindrical(jets.p4)[1]) < JET_ETA]
    place = np.arange(len(jets.event)) - np.searchsorted(jets.event, jets.event)
    columns = {"n_jets": np.bincount(jets.event, minlength=n_events).astype(np.int8)}
    pt, eta, phi = detector.cylindrical(jets.p4)
    mass = detector.mass_of(jets.p4[:, None])
    values = {
        "pt": short(pt, BITS),
        "eta": rounded(eta, JET_STEP),
        "phi": rounded_phi(phi, JET_STEP),
        "mass": short(mass, BITS),
    }
    for i in range(N_JETS):
        for name, value in values.items():
            column = np.zeros(n_events, dtype=value.dtype)
            column[jets.event[place == i]] = value[place == i]
            columns[f"jet_{name}{i + 1}"] = column
    return columns


_RELATIVE = {"precision": f"relative 2^-{BITS + 1}", "min": 0}
_ANGLE = {"step": ANGLE_STEP}
_LEPTONS = {"1": "the lepton with the larger pt", "2": "the other lepton"}
_JETS = {"1": "the jet with the largest pt", "2": "the second jet"}
COLUMNS = {
    **{
        name: about
        for i, which in _LEPTONS.items()
        for name, about in {
            f"pt{i}": {"unit": "GeV", "description": f"transverse momentum of {which}", **_RELATIVE},
            f"eta{i}": {"unit": "", "description": f"pseudorapidity of {which}", **_ANGLE},
            f"phi{i}": {"unit": "rad", "description": f"azimuth of {which}, -pi to pi", **_ANGLE},
            f"charge{i}": {"unit": "e", "description": f"charge of {which}"},
            f"pdgid{i}": {"unit": "", "description": f"PDG code of {which}: 11 e-, -11 e+, 13 μ-, -13 μ+"},
        }.items()
    },
    "met": {"unit": "GeV", "description": "missing transverse momentum", **_RELATIVE},
    "met_phi": {"unit": "rad", "description": "its azimuth, -pi to pi", "min": -3.1416, "max": 3.1416, **_ANGLE},
    "n_jets": {"unit": "", "description": f"jets with pt > {JET_PT:g} GeV and |eta| < {JET_ETA}", "min": 0},
    **{
        name: about
        for i, which in _JETS.items()
        for name, about in {
            f"jet_pt{i}": {"unit": "GeV", "description": f"transverse momentum of {which}, 0 without one", **_RELATIVE},
            f"jet_eta{i}": {"unit": "", "description": f"pseudorapidity of {which}", "step": JET_STEP},
            f"jet_phi{i}": {"unit": "rad", "description": f"azimuth of {which}, -pi to pi", "step": JET_STEP},
            f"jet_mass{i}": {"unit": "GeV", "description": f"mass of {which}, 0 without one", **_RELATIVE},
        }.items()
    },
    "weight": {"unit": "events", "description": "expected events that this one stands for, at the stated luminosity"},
}

_COMMON_TEXT = (
    "Exactly two isolated leptons (electrons, |eta| < 2.5, and muons, |eta| < 2.4) with pt above 22 and 10 GeV, of "
    "opposite charge and with a mass above 12 GeV; no cut on the missing transverse momentum. Jets: anti-kT, R = 0.4, "
    "pt > 30 GeV, |eta| < 4.7, no b tag. Particle-flow candidates of a parametrised CMS-like detector, no trigger, "
    "no pile-up. W bosons decay to electrons and muons only: leptons from tau leptons are not in it. Leading-order "
    "cross-section, no K-factor."
)
_LEPTONIC = ("24:onMode = off", "24:onIfAny = 11 13")
_COMMON = {
    "energy_tev": 13.0,
    "luminosity_fb": 10.0,
    "reconstruct": reconstruct,
    "columns": COLUMNS,
    "batch_events": 200,
    "libraries": ("fastjet",),
}

HWW = Recipe(
    name="hww",
    title="H(125) → WW* → 2 leptons 2 neutrinos at 13 TeV",
    description=f"A Higgs boson of 125 GeV made in gluon fusion. {_COMMON_TEXT}",
    process="g g -> H -> W W* -> l nu l nu; parton showers, underlying event, hadronisation",
    components=(
        Component(
            "gg -> H -> WW*",
            ("HiggsSM:gg2H = on", "25:m0 = 125", "25:onMode = off", "25:onIfMatch = 24 -24", *_LEPTONIC),
        ),
    ),
    default_events=260_000,
    default_seed=20260141,
    **_COMMON,
)

WW = Recipe(
    name="ww",
    title="WW → 2 leptons 2 neutrinos at 13 TeV",
    description=f"Pairs of W bosons from quark-antiquark annihilation, without gg -> WW. {_COMMON_TEXT}",
    process="q qbar -> W W -> l nu l nu; parton showers, underlying event, hadronisation",
    components=(Component("q qbar -> WW", ("WeakDoubleBoson:ffbar2WW = on", *_LEPTONIC)),),
    default_events=222_000,
    default_seed=20260142,
    **_COMMON,
)

TTBAR_DILEPTON = Recipe(
    name="ttbar_dilepton",
    title="Top pairs → 2 leptons 2 neutrinos 2 b at 13 TeV",
    description=f"Top pairs whose W bosons both decay to leptons. {_COMMON_TEXT}",
    process="g g, q qbar -> t tbar -> l nu b l nu b; parton showers, underlying event, hadronisation",
    components=(Component("t tbar", ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *_LEPTONIC)),),
    default_events=39_000,
    default_seed=20260143,
    **_COMMON,
)
