"""Large jets with their constituents: W bosons, top quarks, and the QCD jets that look like them."""

import numpy as np

from recipes import clustering, detector
from recipes.event_record import flat_particles, is_last, per_event
from recipes.generator import Component, Recipe
from recipes.particle_flow import Candidates, reconstruct_event
from recipes.precision import rounded, rounded_phi, short

AXIS_STEP = 1 / 512  # of the direction of a jet
ANGLE_STEPS = {5.0: 1 / 256, 0.0: 1 / 128}  # of constituents above this pt in GeV: what counts is pt times angle
JET_BITS, TAU_BITS, CONSTITUENT_BITS = 10, 8, 6  # mantissa bits that are kept
KIND_CODES = {22: 0, 130: 1, 1: 1, 211: 2, 11: 3, 13: 4}
_KINDS = "0 photon, 1 neutral hadron, and with a track, with the sign of its charge: 2 hadron, 3 electron, 4 muon"


def jet_columns(candidates: Candidates, jets: clustering.Jets, *, radius: float, leading: int) -> dict:
    """What is stored of jets and of their leading constituents.

    Parameters
    ----------
    candidates : Candidates
        What was clustered.
    jets : Jets
        Some of the jets, from `clustering.find_jets`.
    radius : float
        Their parameter R.
    leading : int
        How many constituents of each jet are kept, the hardest ones; mass and substructure see all of them.
    """
    p4, counts = candidates.p4[jets.constituents], jets.counts
    pt, eta, phi = detector.cylindrical(jets.p4)
    columns = {"pt": short(pt, JET_BITS), "eta": rounded(eta, AXIS_STEP), "phi": rounded_phi(phi, AXIS_STEP)}
    columns["mass"] = short(detector.mass_of(jets.p4[:, None]), JET_BITS)
    shapes = clustering.substructure(p4, counts, radius=radius)
    columns["mass_softdrop"] = short(shapes.pop("mass_softdrop"), JET_BITS)
    columns |= {name: short(tau, TAU_BITS) for name, tau in shapes.items()}
    jet = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(jet)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = place < leading
    jet, member = jet[kept], candidates[jets.constituents[kept]]
    columns["n_constituents"] = np.minimum(counts, leading).astype(np.int16)
    columns["n_seen"] = counts.astype(np.int16)
    columns["constituent_pt"] = short(member.pt, CONSTITUENT_BITS)
    columns["constituent_delta_eta"] = _distance(member.eta - columns["eta"][jet], member.pt)
    columns["constituent_delta_phi"] = _distance(detector.wrap(member.phi - columns["phi"][jet]), member.pt)
    columns["constituent_kind"] = _KIND_OF[member.kind] * np.where(member.charge < 0, -1, 1).astype(np.int8)
    return columns


def reconstruct_w(events, component: Component, rng: np.random.Generator) -> dict:
    """Jets with R = 1.0 and pt of 250 to 300 GeV: those of a W, or the two leading ones of QCD events."""
    radius = 1.0
    candidates = reconstruct_event(events, rng)
    jets = clustering.find_jets(candidates.p4, candidates.event, len(events), radius=radius, min_pt=200.0)
    pt, eta, _ = detector.cylindrical(jets.p4)
    chosen = (short(pt, JET_BITS) > 250) & (short(pt, JET_BITS) < 300) & (np.abs(eta) < 2) & (jets.place < 2)
    if component.origin:
        particles = flat_particles(events)
        boson = is_last(particles, np.abs(particles["id"]) == 24)
        chosen &= _holds(jets, particles, [(boson, 1), (_daughters(particles, boson), 2)], len(events), radius)
    return jet_columns(candidates, jets[chosen], radius=radius, leading=LEADING)


def reconstruct_top(events, component: Component, rng: np.random.Generator) -> dict:
    """Jets with R = 0.8 and pt of 550 to 650 GeV among the two leading ones: top jets hold the top and its quarks."""
    radius = 0.8
    candidates = reconstruct_event(events, rng)
    jets = clustering.find_jets(candidates.p4, candidates.event, len(events), radius=radius, min_pt=400.0)
    pt, eta, _ = detector.cylindrical(jets.p4)
    chosen = (short(pt, JET_BITS) > 550) & (short(pt, JET_BITS) < 650) & (np.abs(eta) < 2) & (jets.place < 2)
    if component.origin:
        particles = flat_particles(events)
        holds = np.zeros(len(chosen), dtype=bool)
        for sign in (1, -1):
            top = is_last(particles, particles["id"] == 6 * sign)
            boson = is_last(particles, particles["id"] == 24 * sign)
            wanted = [(top, 1), (_daughters(particles, boson), 2), (_daughters(particles, top), 1)]
            holds |= _holds(jets, particles, wanted, len(events), radius)
        chosen &= holds
    return jet_columns(candidates, jets[chosen], radius=radius, leading=LEADING)


def _distance(angle: np.ndarray, pt: np.ndarray) -> np.ndarray:
    """Rounded to the steps for this pt."""
    steps = [rounded(angle, step) for step in ANGLE_STEPS.values()]
    return np.select([pt > limit for limit in ANGLE_STEPS], steps)


def _daughters(particles: dict, parent: np.ndarray) -> np.ndarray:
    """Quarks whose first mother is one of these."""
    mother = particles["mother"]
    return (mother >= 0) & parent[mother] & (np.abs(particles["id"]) < 6)


def _holds(jets: clustering.Jets, particles: dict, wanted: list, n_events: int, radius: float) -> np.ndarray:
    """Which jets have all the wanted particles of their event within their radius; `wanted`: (mask, how many)."""
    inside = np.ones(len(jets.event), dtype=bool)
    for mask, size in wanted:
        index = per_event(particles, mask, n_events, size)[jets.event]  # (jet, size)
        near = clustering.distance(jets.p4[:, None], particles["p4"][index]) < radius
        inside &= (near & (index >= 0)).all(axis=1)
    return inside


_KIND_OF = np.zeros(max(KIND_CODES) + 1, dtype=np.int8)
_KIND_OF[list(KIND_CODES)] = list(KIND_CODES.values())

LEADING = 40
_STEPS = "steps of 1/256, below 5 GeV 1/128"
_RAGGED = {"counts": "n_constituents"}


def _columns(radius: float) -> dict:
    reach = {
        "step": min(ANGLE_STEPS.values()),
        "precision": _STEPS,
        "min": -radius - 0.5,
        "max": radius + 0.5,
        **_RAGGED,
    }
    digits = {"precision": f"relative 2^-{JET_BITS + 1}", "min": 0}
    return {
        "pt": {"unit": "GeV", "description": "transverse momentum of the jet", **digits},
        "eta": {"unit": "", "description": "its pseudorapidity", "step": AXIS_STEP},
        "phi": {"unit": "rad", "description": "its azimuth, -pi to pi", "step": AXIS_STEP},
        "mass": {"unit": "GeV", "description": "its mass", **digits},
        "mass_softdrop": {
            "unit": "GeV",
            "description": "mass after soft drop with beta = 0 and z_cut = 0.1 (arXiv:1402.2657)",
            **digits,
        },
        **{
            f"tau{n}": {
                "unit": "",
                "description": f"{n}-subjettiness, beta = 1, one-pass kT axes (arXiv:1011.2268)",
                **digits,
                "precision": f"relative 2^-{TAU_BITS + 1}",
            }
            for n in clustering.SUBJETS
        },
        "n_constituents": {"unit": "", "description": f"constituents that are stored, at most {LEADING}", "min": 1},
        "n_seen": {"unit": "", "description": "constituents that the jet has", "min": 1},
        "constituent_pt": {
            "unit": "GeV",
            "description": "transverse momentum of the constituents, in falling order; their mass is taken as zero",
            "precision": f"relative 2^-{CONSTITUENT_BITS + 1}",
            "min": 0,
            **_RAGGED,
        },
        "constituent_delta_eta": {"unit": "", "description": "eta of the constituent minus that of the jet", **reach},
        "constituent_delta_phi": {
            "unit": "rad",
            "description": "phi of the constituent minus that of the jet",
            **reach,
        },
        "constituent_kind": {
            "unit": "",
            "description": f"what the constituent was taken for: {_KINDS}",
            "min": -4,
            "max": 4,
            **_RAGGED,
        },
    }


_DETECTOR = (
    "Particle-flow candidates of a parametrised CMS-like detector, no pile-up. Mass and substructure are those of all "
    f"constituents, before rounding. The {LEADING} hardest ones are stored: rounding changes the mass of a jet by "
    "0.1 to 0.3 %, and leaving out the softer ones lowers it by 1 to 7 % in the median."
)
_W_SELECTION = "Anti-kT jets with R = 1.0, 250 < pt < 300 GeV, |eta| < 2, among the two leading ones of their event."
_TOP_SELECTION = (
    "Anti-kT jets with R = 0.8, 550 < pt < 650 GeV, |eta| < 2, among the two leading ones of their event, after the "
    "recipe of the top-tagging reference set (arXiv:1902.09914), whose detector is Delphes's ATLAS card: no underlying "
    "event, no pile-up, constituents taken as massless."
)
_W_COMMON = {
    "energy_tev": 14.0,
    "luminosity_fb": None,
    "reconstruct": reconstruct_w,
    "batch_events": 200,
    "libraries": ("fastjet",),
}
_TOP_COMMON = {
    "energy_tev": 14.0,
    "luminosity_fb": None,
    "reconstruct": reconstruct_top,
    "batch_events": 200,
    "libraries": ("fastjet",),
}

W_JETS = Recipe(
    name="w_jets",
    title="Jets of W bosons, pt 250 to 300 GeV",
    description=(
        f"Hadronically decaying W bosons from W'(600 GeV) -> WZ, Z -> neutrinos. {_W_SELECTION} The W and both of its "
        f"quarks lie within R. {_DETECTOR}"
    ),
    process="q qbar' -> W' -> W Z with W -> q qbar', Z -> nu nubar; parton showers, underlying event, hadronisation",
    components=(
        Component(
            "W' -> W Z",
            (
                "NewGaugeBoson:ffbar2Wprime = on",
                "34:m0 = 600",
                "34:mWidth = 10",
                "Wprime:coup2WZ = 1.0",
                "34:onMode = off",
                "34:onIfAll = 24 23",
                "24:onMode = off",
                "24:onIfAny = 1 2 3 4 5",
                "23:onMode = off",
                "23:onIfAny = 12 14 16",
            ),
            origin=1,
        ),
    ),
    columns=_columns(1.0),
    default_events=66_000,
    default_seed=20260111,
    **_W_COMMON,
)

QCD_W_JETS = Recipe(
    name="qcd_w_jets",
    title="Jets of quarks and gluons, pt 250 to 300 GeV",
    description=f"Jets from QCD processes at leading order. {_W_SELECTION} {_DETECTOR}",
    process="hard QCD 2 -> 2, pTHat 220 to 380 GeV; parton showers, underlying event, hadronisation",
    components=(Component("hard QCD", ("HardQCD:all = on", "PhaseSpace:pTHatMin = 220", "PhaseSpace:pTHatMax = 380")),),
    columns=_columns(1.0),
    default_events=39_000,
    default_seed=20260112,
    **_W_COMMON,
)

TOP_JETS = Recipe(
    name="top_jets",
    title="Jets of top quarks, pt 550 to 650 GeV",
    description=(
        f"Hadronically decaying top quarks from pairs. {_TOP_SELECTION} The top quark and its three quarks lie within "
        f"R. {_DETECTOR}"
    ),
    process="g g, q qbar -> t tbar -> hadrons, pTHat 540 to 720 GeV; parton showers, hadronisation",
    components=(
        Component(
            "t tbar",
            (
                "Top:gg2ttbar = on",
                "Top:qqbar2ttbar = on",
                "24:onMode = off",
                "24:onIfAny = 1 2 3 4 5",
                "PartonLevel:MPI = off",
                "PhaseSpace:pTHatMin = 540",
                "PhaseSpace:pTHatMax = 720",
            ),
            origin=1,
        ),
    ),
    columns=_columns(0.8),
    default_events=72_000,
    default_seed=20260113,
    **_TOP_COMMON,
)

QCD_TOP_JETS = Recipe(
    name="qcd_top_jets",
    title="Jets of quarks and gluons, pt 550 to 650 GeV",
    description=f"Jets from QCD processes at leading order. {_TOP_SELECTION} {_DETECTOR}",
    process="hard QCD 2 -> 2, pTHat 530 to 750 GeV; parton showers, hadronisation",
    components=(
        Component(
            "hard QCD",
            (
                "HardQCD:all = on",
                "PartonLevel:MPI = off",
                "PhaseSpace:pTHatMin = 530",
                "PhaseSpace:pTHatMax = 750",
            ),
        ),
    ),
    columns=_columns(0.8),
    default_events=54_000,
    default_seed=20260114,
    **_TOP_COMMON,
)
