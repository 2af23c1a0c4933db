"""Pairs of jets at TeV masses: the falling QCD spectrum, and a resonance that decays to two lighter ones.

After the R&D data set of the LHC Olympics 2020 (arXiv:2101.08320): W'(3500 GeV) -> X(500 GeV) Y(100 GeV), both to
quarks, and the features that searches on it use.
"""

import numpy as np

from recipes import clustering, detector
from recipes.generator import Component, Recipe
from recipes.particle_flow import reconstruct_event
from recipes.precision import short, stored

RADIUS = 1.0
BITS = 8
MASS_RANGE = (2500.0, 5000.0)  # of the two jets, GeV
_NO_UNDERLYING_EVENT = "PartonLevel:MPI = off"  # soft drop takes most of it away, and it takes two thirds of the time


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """The two leading jets of each event and their features; the first jet is the one with the smaller mass."""
    candidates = reconstruct_event(events, rng)
    jets = clustering.find_jets(candidates.p4, candidates.event, len(events), radius=RADIUS, min_pt=200.0)
    jets = jets[(jets.place < 2) & (np.bincount(jets.event, minlength=len(events)) > 1)[jets.event]]
    pt, eta, _ = detector.cylindrical(jets.p4.reshape(-1, 2, 4))
    mass = stored(detector.mass_of(jets.p4.reshape(-1, 2, 4)))
    kept = (mass > MASS_RANGE[0]) & (mass < MASS_RANGE[1])
    kept &= (pt[:, 0] > 1200) & (np.abs(eta) < 2.5).all(axis=1)
    jets, mass = jets[np.repeat(kept, 2)], mass[kept]
    shapes = clustering.substructure(candidates.p4[jets.constituents], jets.counts, radius=RADIUS)
    groomed = shapes["mass_softdrop"].reshape(-1, 2)
    tau21 = np.divide(shapes["tau2"], shapes["tau1"], out=np.ones(len(jets.event)), where=shapes["tau1"] > 0)
    order = np.argsort(groomed, axis=1, kind="stable")
    light, heavy = np.take_along_axis(groomed, order, axis=1).T
    tau21 = np.take_along_axis(tau21.reshape(-1, 2), order, axis=1)
    return {
        "m_jj": mass,
        "m_j1": short(light, BITS),
        "delta_m_j": short(heavy - light, BITS),
        "tau21_j1": short(tau21[:, 0], BITS),
        "tau21_j2": short(tau21[:, 1], BITS),
    }


_PRECISION = {"precision": f"relative 2^-{BITS + 1}", "min": 0}
_COLUMNS = {
    "m_jj": {"unit": "GeV", "description": "invariant mass of the two leading jets", "min": 0},
    "m_j1": {
        "unit": "GeV",
        "description": "soft-drop mass of the jet with the smaller one (beta = 0, z_cut = 0.1)",
        **_PRECISION,
    },
    "delta_m_j": {"unit": "GeV", "description": "soft-drop mass of the other jet minus m_j1", **_PRECISION},
    "tau21_j1": {"unit": "", "description": "tau2 / tau1 of the jet with the smaller soft-drop mass", **_PRECISION},
    "tau21_j2": {"unit": "", "description": "tau2 / tau1 of the other jet", **_PRECISION},
}
_SELECTION = (
    "The two leading anti-kT jets with R = 1.0, the first with pt > 1200 GeV, both with |eta| < 2.5, their mass from "
    "2.5 to 5 TeV. Particle-flow candidates of a parametrised CMS-like detector, no underlying event, no pile-up. "
    "Soft-drop masses in place of the plain ones of the LHC Olympics (arXiv:2101.08320), N-subjettiness of ungroomed "
    "jets with beta = 1 and one-pass kT axes."
)
_COMMON = {
    "energy_tev": 13.0,
    "luminosity_fb": None,
    "reconstruct": reconstruct,
    "columns": _COLUMNS,
    "batch_events": 200,
    "libraries": ("fastjet",),
}

DIJET_BACKGROUND = Recipe(
    name="dijet_background",
    title="QCD dijets, 2.5 to 5 TeV",
    description=f"Jets from QCD processes at leading order, a smoothly falling mass spectrum. {_SELECTION}",
    process="hard QCD 2 -> 2, pTHat > 1100 GeV, mHat > 2300 GeV; parton showers, hadronisation",
    components=(
        Component(
            "hard QCD",
            ("HardQCD:all = on", "PhaseSpace:pTHatMin = 1100", "PhaseSpace:mHatMin = 2300", _NO_UNDERLYING_EVENT),
        ),
    ),
    default_events=400_000,
    default_seed=20260131,
    **_COMMON,
)

_NEW = 9900035, 9900036  # codes of X and Y: free ones, each declared below with its mass and a decay to quarks
_X, _Y = _NEW
DIJET_SIGNAL = Recipe(
    name="dijet_signal",
    title="W'(3500) → X(500) Y(100) → jets",
    description=(
        "A resonance of 3500 GeV that decays to two lighter ones, of 500 and 100 GeV, each of which decays to a quark "
        f"and an antiquark of a light flavour and makes one jet with two prongs. {_SELECTION}"
    ),
    process="q qbar' -> W' -> X Y -> q qbar q qbar; parton showers, hadronisation",
    components=(
        Component(
            "W' -> X Y",
            (
                "NewGaugeBoson:ffbar2Wprime = on",
                "34:m0 = 3500",
                "34:mWidth = 35",
                "34:doForceWidth = on",
                f"{_X}:new = X+ X- 3 3 0 500 5 400 600 0",  # spin 1, charge 1, no colour, mass, width, limits
                f"{_X}:isResonance = true",
                f"{_X}:doForceWidth = on",
                f"{_X}:addChannel = 1 0.5 100 2 -1",
                f"{_X}:addChannel = 1 0.5 100 4 -3",
                f"{_Y}:new = Y void 3 0 0 100 1 80 120 0",
                f"{_Y}:isResonance = true",
                f"{_Y}:doForceWidth = on",
                f"{_Y}:addChannel = 1 0.5 100 1 -1",
                f"{_Y}:addChannel = 1 0.5 100 2 -2",
                f"34:addChannel = 1 0.3 100 {_X} {_Y}",
                "34:onMode = off",
                f"34:onIfMatch = {_X} {_Y}",
                _NO_UNDERLYING_EVENT,
            ),
        ),
    ),
    default_events=34_500,
    default_seed=20260132,
    **_COMMON,
)
