"""Events with two leptons: H to WW, the WW pairs that it hides in, and top pairs."""

from dataclasses import replace

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
ELECTRON_CONE = 0.1  # photons this near belong to the electron
JET_RADIUS, JET_PT, JET_ETA, N_JETS = 0.4, 30.0, 4.7, 2


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """Exactly two isolated leptons, of opposite charge; missing transverse momentum; up to two jets."""
    candidates, n = reconstruct_event(events, rng), len(events)
    leptons, used = isolated_leptons(candidates)
    leptons = leptons[np.lexsort((-leptons.pt, leptons.event))]
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
    columns |= {name: values[row] for name, values in jet_columns(candidates[~used], n).items()}
    columns["weight"] = np.ones(len(row))
    return {name: columns[name][kept] for name in COLUMNS}


def isolated_leptons(candidates: Candidates) -> tuple:
    """Electrons and muons with pt > 10 GeV and little around them.

    Photons within 0.1 of an electron were radiated by it and fall into the same cluster: they are added to it, and do
    not count as something around it.

    Returns
    -------
    leptons : Candidates
        Electrons with their photons, and muons.
    used : ndarray of bool, shape (n_candidates,)
        Candidates that the leptons are made of.
    """
    index = np.flatnonzero(np.isin(candidates.kind, (11, 13)))
    leptons = candidates[index]
    lepton, other = _all_pairs(leptons.event, candidates.event)
    distance = np.hypot(
        candidates.eta[other] - leptons.eta[lepton], detector.wrap(candidates.phi[other] - leptons.phi[lepton])
    )
    own = (leptons.kind[lepton] == 11) & (candidates.kind[other] == 22) & (distance < ELECTRON_CONE)
    own |= other == index[lepton]
    p4 = candidates.p4[other] * own[:, None]
    total = np.stack([np.bincount(lepton, p4[:, axis], minlength=len(index)) for axis in range(4)], axis=1)
    pt, eta, phi = detector.cylindrical(total)
    leptons = replace(leptons, pt=pt, eta=eta, phi=phi)
    around = np.bincount(lepton, candidates.pt[other] * (~own & (distance < CONE)), minlength=len(index))
    chosen = (short(pt, BITS) > LEPTON_PT[1]) & (around < ISOLATION * pt)
    for kind, limit in LEPTON_ETA.items():
        chosen &= (leptons.kind != kind) | (np.abs(rounded(eta, ANGLE_STEP)) < limit)
    used = np.zeros(len(candidates.pt), dtype=bool)
    used[other[own & chosen[lepton]]] = True
    return leptons[chosen], used


def _all_pairs(event_a: np.ndarray, event_b: np.ndarray) -> tuple:
    """Indices of every pair of one of a and one of b from the same event; b is sorted by event."""
    first = np.searchsorted(event_b, event_a)
    size = np.searchsorted(event_b, event_a, side="right") - first
    in_a = np.repeat(np.arange(len(event_a)), size)
    place = np.arange(len(in_a)) - np.repeat(np.cumsum(size) - size, size)
    return in_a, first[in_a] + place


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
    default_events=185_000,
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
