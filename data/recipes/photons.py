"""Pairs of photons: H to two photons, and the prompt pairs that it hides in."""

import numpy as np

from recipes import detector
from recipes.event_record import select_particles
from recipes.generator import PARTONS_ONLY, Component, Recipe
from recipes.precision import stored, stored_phi

PHOTON_COLUMNS = {
    "pt1": {"unit": "GeV", "description": "transverse momentum of the photon with the larger pt"},
    "eta1": {"unit": "", "description": "its pseudorapidity"},
    "phi1": {"unit": "rad", "description": "its azimuth, -pi to pi"},
    "pt2": {"unit": "GeV", "description": "transverse momentum of the other photon"},
    "eta2": {"unit": "", "description": "its pseudorapidity"},
    "phi2": {"unit": "rad", "description": "its azimuth, -pi to pi"},
    "mass_true": {"unit": "GeV", "description": "generated mass of the pair, before showers and detector"},
    "weight": {"unit": "events", "description": "expected events that this one stands for, at the stated luminosity"},
}


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """The two hardest photons, both found, with the relative pt thresholds of CMS and a mass of 95 to 180 GeV."""
    photons, code = select_particles(events, (22,), size=2)
    pt, eta, phi = detector.cylindrical(photons)
    kept = (code == 22) & detector.found(detector.photon_efficiency(pt, eta), rng=rng)
    pt, eta, phi = detector.measure_photons(pt, eta, phi, rng=rng)
    kept &= detector.photon_efficiency(np.full_like(pt, 100.0), eta) > 0  # measured outside the gap and inside 2.5
    order = np.argsort(-pt, axis=1, kind="stable")
    pt, eta, phi = (np.take_along_axis(values, order, axis=1) for values in (stored(pt), stored(eta), stored_phi(phi)))
    mass = detector.mass_of(detector.p4_of(pt, eta, phi))
    kept = kept.all(axis=1) & (mass > 95) & (mass < 180) & (pt[:, 0] > mass / 3) & (pt[:, 1] > mass / 4)
    values = {"pt": pt, "eta": eta, "phi": phi}
    columns = {f"{name}{i + 1}": value[:, i] for i in range(2) for name, value in values.items()}
    columns |= {"mass_true": stored(true_mass(events)), "weight": np.ones(len(mass))}
    return {name: value[kept] for name, value in columns.items()}


def true_mass(events) -> np.ndarray:
    """Mass in GeV of the Higgs boson, or of the two photons, of the hard process. Shape (n_events,)."""
    higgs, _ = select_particles(events, (25,), size=1, status="hard")
    photons, _ = select_particles(events, (22,), size=2, status="hard")
    return np.where(higgs[:, 0, 0] > 0, detector.mass_of(higgs), detector.mass_of(photons))


_COMMON = (
    "Both photons found with |eta| < 2.5 outside the gap at 1.44 to 1.57, pt1 > m/3, pt2 > m/4, 95 < m < 180 GeV (CMS, "
    "arXiv:1407.0558). The vertex is taken as known; isolation enters only through the efficiency; no underlying "
    "event, no pile-up. Leading-order cross-section, no K-factor."
)

HGG = Recipe(
    name="hgg",
    title="H(125) → γγ at 8 TeV",
    description=f"A Higgs boson of 125 GeV made in gluon fusion, decaying to two photons. {_COMMON}",
    process="g g -> H -> gamma gamma, with parton showers",
    energy_tev=8.0,
    luminosity_fb=19.7,
    components=(
        Component(
            "gg -> H -> gamma gamma",
            ("HiggsSM:gg2H = on", "25:m0 = 125", "25:onMode = off", "25:onIfMatch = 22 22", *PARTONS_ONLY),
        ),
    ),
    reconstruct=reconstruct,
    columns=PHOTON_COLUMNS,
    default_events=48_000,
    default_seed=20260106,
)

DIPHOTON = Recipe(
    name="diphoton",
    title="Prompt photon pairs at 8 TeV",
    description=(
        "Pairs of prompt photons from q qbar and gg (box), the smooth background of H to two photons. Photons from "
        f"jets, about a third of the background in recorded data, are not in it. {_COMMON}"
    ),
    process="q qbar -> gamma gamma and g g -> gamma gamma (box), with parton showers",
    energy_tev=8.0,
    luminosity_fb=19.7,
    components=(
        Component(
            "q qbar, gg -> gamma gamma",
            (
                "PromptPhoton:ffbar2gammagamma = on",
                "PromptPhoton:gg2gammagamma = on",
                "PhaseSpace:mHatMin = 80",
                "PhaseSpace:mHatMax = 230",
                "PhaseSpace:pTHatMin = 25",
                *PARTONS_ONLY,
            ),
        ),
    ),
    reconstruct=reconstruct,
    columns=PHOTON_COLUMNS,
    default_events=420_000,
    default_seed=20260107,
)
