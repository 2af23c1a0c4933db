"""A few whole events, every visible particle of them, for clustering by hand."""

import numpy as np

from recipes import detector
from recipes.event_record import flat_particles
from recipes.generator import Component, Recipe
from recipes.particle_flow import ETA_MAX, NEUTRINOS, charge_of
from recipes.precision import stored, stored_phi

TOP, QCD = 1, 0
BITS = 16


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """All visible final particles with |eta| < 5 as they are, without a detector."""
    particles, n = flat_particles(events), len(events)
    pt, eta, phi = detector.cylindrical(particles["p4"])
    visible = (particles["status"] > 0) & ~np.isin(np.abs(particles["id"]), NEUTRINOS) & (np.abs(eta) < ETA_MAX)
    chosen = np.flatnonzero(visible & (pt > 0))
    chosen = chosen[np.lexsort((-pt[chosen], particles["event"][chosen]))]
    identity, p4 = particles["id"][chosen], particles["p4"][chosen]
    return {
        "process": np.full(n, component.origin, dtype=np.int8),
        "n_particles": np.bincount(particles["event"][chosen], minlength=n).astype(np.int16),
        "particle_pt": stored(pt[chosen], BITS),
        "particle_eta": stored(eta[chosen], BITS),
        "particle_phi": stored_phi(phi[chosen]),
        "particle_mass": stored(detector.mass_of(p4[:, None]), BITS),
        "particle_charge": charge_of(identity).astype(np.int8),
        "particle_id": identity.astype(np.int32),
    }


_RAGGED = {"counts": "n_particles"}
JET_EVENTS = Recipe(
    name="jet_events",
    title="Whole events at 13 TeV: top pairs and QCD jets",
    description=(
        "Ten top pairs that decay to quarks, and ten events of two or more QCD jets, with the underlying event: every "
        "visible final particle with |eta| < 5, in order of falling pt, without a detector."
    ),
    process="g g, q qbar -> t tbar -> hadrons, and hard QCD 2 -> 2 with pTHat > 100 GeV; everything switched on",
    energy_tev=13.0,
    luminosity_fb=None,
    components=(
        Component(
            "t tbar",
            ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"),
            origin=TOP,
        ),
        Component("hard QCD", ("HardQCD:all = on", "PhaseSpace:pTHatMin = 100"), origin=QCD),
    ),
    reconstruct=reconstruct,
    columns={
        "process": {"unit": "", "description": f"{TOP} top pair, {QCD} QCD jets", "min": 0, "max": 1},
        "n_particles": {"unit": "", "description": "particles of the event", "min": 1},
        "particle_pt": {"unit": "GeV", "description": "transverse momentum of the particle", "min": 0, **_RAGGED},
        "particle_eta": {"unit": "", "description": "its pseudorapidity", "min": -ETA_MAX, "max": ETA_MAX, **_RAGGED},
        "particle_phi": {
            "unit": "rad",
            "description": "its azimuth, -pi to pi",
            "min": -3.1416,
            "max": 3.1416,
            **_RAGGED,
        },
        "particle_mass": {"unit": "GeV", "description": "its mass", "min": 0, **_RAGGED},
        "particle_charge": {"unit": "e", "description": "its charge", "min": -1, "max": 1, **_RAGGED},
        "particle_id": {"unit": "", "description": "its PDG code", **_RAGGED},
    },
    default_events=20,
    default_seed=20260152,
)
