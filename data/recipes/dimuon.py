"""Pairs of muons: the Z peak and the spectrum from 0.3 to 150 GeV."""

from dataclasses import dataclass

import numpy as np

from recipes import detector
from recipes.event_record import select_particles
from recipes.generator import PARTONS_ONLY, Component, Recipe
from recipes.precision import stored, stored_phi

MUON_MASS = 0.1056583755  # GeV, PDG
DRELL_YAN = 10  # origin code


@dataclass(frozen=True)
class Meson:
    """A meson that decays to two muons: name, code in `origin`, branching fraction (PDG).

    Each one is made to decay `copies` times, each time with that part of its weight. `scale` brings the yield of a
    Upsilon to what CMS measured, see `UPSILON_MEASURED`.
    """

    name: str
    origin: int
    branching: float
    copies: int
    scale: float = 1.0

    @property
    def weight(self) -> float:
        return self.branching * self.scale / self.copies


MESONS = {
    221: Meson("eta", 1, 5.8e-6, 20),
    113: Meson("rho", 2, 4.55e-5, 20),
    223: Meson("omega", 3, 7.4e-5, 20),
    333: Meson("phi", 4, 2.85e-4, 20),
    443: Meson("J/psi", 5, 5.961e-2, 20),
    100443: Meson("psi(2S)", 6, 8.0e-3, 20),
    553: Meson("Upsilon(1S)", 7, 2.48e-2, 4, scale=0.46),
    100553: Meson("Upsilon(2S)", 8, 1.93e-2, 4, scale=1.39),
    200553: Meson("Upsilon(3S)", 9, 2.18e-2, 4, scale=0.57),
}
# Cross-section times branching fraction in nb, 7 TeV, |y| < 2.4, pt < 50 GeV, for 1S, 2S, 3S (CMS, arXiv:1303.5900).
# Pythia's leading order gives 18.6, 1.59 and 1.96 there (40,000 events): `scale` is the ratio.
UPSILON_MEASURED = (8.55, 2.21, 1.11)
_LEGEND = ", ".join(f"{meson.origin} {meson.name}" for meson in MESONS.values()) + f", {DRELL_YAN} Drell-Yan"

PAIR_COLUMNS = {
    "pt1": {"unit": "GeV", "description": "transverse momentum of the muon with the larger pt"},
    "eta1": {"unit": "", "description": "its pseudorapidity"},
    "phi1": {"unit": "rad", "description": "its azimuth, -pi to pi"},
    "charge1": {"unit": "e", "description": "its charge"},
    "pt2": {"unit": "GeV", "description": "transverse momentum of the other muon"},
    "eta2": {"unit": "", "description": "its pseudorapidity"},
    "phi2": {"unit": "rad", "description": "its azimuth, -pi to pi"},
    "charge2": {"unit": "e", "description": "its charge"},
    "mass_true": {"unit": "GeV", "description": "generated mass of the pair before photon radiation and detector"},
    "weight": {"unit": "events", "description": "expected events that this one stands for, at the stated luminosity"},
}


def measure_pairs(muons: np.ndarray, rng: np.random.Generator) -> tuple:
    """Measure two muons an event.

    Parameters
    ----------
    muons : ndarray, shape (n_events, 2, 4)
        Bare muons (E, px, py, pz) in GeV; rows of zeros where one is missing.
    rng : numpy.random.Generator
        For the detector.

    Returns
    -------
    measured : ndarray, shape (n_events, 2, 4)
        Measured four-momenta in GeV.
    found : ndarray of bool, shape (n_events,)
        Both muons are reconstructed and inside |eta| < 2.4.
    """
    pt, eta, phi = detector.cylindrical(muons)
    found = detector.found(detector.muon_efficiency(pt, eta), rng=rng)
    pt, eta, phi = detector.measure_muons(pt, eta, phi, rng=rng)
    found &= np.abs(stored(eta)) < detector.MUON_ETA_MAX
    return detector.p4_of(pt, eta, phi, MUON_MASS), found.all(axis=1)


def pair_columns(measured: np.ndarray, charge: np.ndarray) -> dict:
    """pt1 ... charge2 as stored, the larger pt first; from shapes (n_events, 2, 4) and (n_events, 2)."""
    pt, eta, phi = detector.cylindrical(measured)
    values = {"pt": stored(pt), "eta": stored(eta), "phi": stored_phi(phi), "charge": charge.astype(np.int8)}
    order = np.argsort(-values["pt"], axis=1, kind="stable")
    columns = {}
    for name, value in values.items():
        ordered = np.take_along_axis(value, order, axis=1)
        columns |= {f"{name}1": ordered[:, 0], f"{name}2": ordered[:, 1]}
    return columns


def leading_pair(events) -> tuple:
    """The hardest positive and the hardest negative muon of each event, shape (n_events, 2, 4), and their charges."""
    p4, pdg_id = select_particles(events, (13,), size=6)
    rows = np.arange(len(p4))
    pair = []
    for code in (-13, 13):  # the positive muon has the negative code
        is_this = pdg_id == code
        first = is_this.argmax(axis=1)
        pair.append(np.where(is_this.any(axis=1)[:, None], p4[rows, first], 0.0))
    charge = np.broadcast_to([1, -1], (len(p4), 2))
    return np.stack(pair, axis=1), charge


def decay_to_muons(mesons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Let each meson decay to two muons, in a random direction in its rest frame.

    Parameters
    ----------
    mesons : ndarray, shape (n, 4)
        Four-momenta (E, px, py, pz) in GeV, masses above twice the muon's.
    rng : numpy.random.Generator
        For the directions.

    Returns
    -------
    ndarray, shape (n, 2, 4)
        The positive and the negative muon.
    """
    mass = detector.mass_of(mesons[:, None])
    momentum = np.sqrt(mass**2 / 4 - MUON_MASS**2)
    cos_theta, azimuth = rng.uniform(-1, 1, len(mesons)), rng.uniform(-np.pi, np.pi, len(mesons))
    sin_theta = np.sqrt(1 - cos_theta**2)
    direction = np.stack([sin_theta * np.cos(azimuth), sin_theta * np.sin(azimuth), cos_theta], axis=-1)
    k = direction * momentum[:, None]  # the positive muon in the rest frame
    along = (k * mesons[:, 1:]).sum(axis=1)
    energy = (mesons[:, 0] * mass / 2 + along) / mass
    boosted = k + mesons[:, 1:] * ((along / (mesons[:, 0] + mass) + mass / 2) / mass)[:, None]
    positive = np.concatenate([energy[:, None], boosted], axis=1)
    return np.stack([positive, mesons - positive], axis=1)


def reconstruct_cocktail(events, component: Component, rng: np.random.Generator) -> dict:
    """Both muons found, |eta| < 2.4, pt above 3.5 GeV: pairs from Z/gamma* as generated, mesons decayed here."""
    if component.origin == DRELL_YAN:
        muons, charge = leading_pair(events)
        mass, origin, factor = boson_mass(events), np.full(len(muons), DRELL_YAN), np.ones(len(muons))
    else:
        mesons, code = select_particles(events, tuple(MESONS), size=8)
        mesons, code = mesons[code != 0], code[code != 0]
        copies = np.array([MESONS[one].copies for one in code], dtype=int)
        mesons, code = np.repeat(mesons, copies, axis=0), np.repeat(code, copies)
        muons, charge = decay_to_muons(mesons, rng), np.broadcast_to([1, -1], (len(mesons), 2))
        mass = detector.mass_of(mesons[:, None])
        origin = np.array([MESONS[one].origin for one in code], dtype=int)
        factor = np.array([MESONS[one].weight for one in code], dtype=float)
    measured, kept = measure_pairs(muons, rng)
    columns = pair_columns(measured, charge)
    kept &= columns["pt2"] > 3.5
    columns |= {"mass_true": stored(mass), "origin": origin.astype(np.int8), "weight": factor}
    return {name: values[kept] for name, values in columns.items()}


def boson_mass(events) -> np.ndarray:
    """Mass of the Z/gamma* of the hard process in GeV, shape (n_events,)."""
    boson, _ = select_particles(events, (23,), size=1, status="hard")
    return detector.mass_of(boson)


def reconstruct_zmumu(events, component: Component, rng: np.random.Generator) -> dict:
    """Both muons found, |eta| < 2.4, pt above 10 GeV, the leading one above 20 GeV; radiated photons added back."""
    muons, charge = leading_pair(events)
    photons, _ = select_particles(events, (22,), size=12)
    bare, kept = measure_pairs(muons, rng)
    recovered = detector.recover_radiated_photons(bare, photons, rng=rng)
    columns = pair_columns(recovered, charge)
    kept &= (columns["pt1"] > 20.0) & (columns["pt2"] > 10.0) & (np.abs(columns["eta1"]) < detector.MUON_ETA_MAX)
    kept &= np.abs(columns["eta2"]) < detector.MUON_ETA_MAX
    columns["mass_bare"] = stored(detector.mass_of(bare))
    columns["mass_true"] = stored(boson_mass(events))
    columns["weight"] = np.ones(len(kept))
    return {name: values[kept] for name, values in columns.items()}


ZMUMU = Recipe(
    name="zmumu",
    title="Z/γ* → μμ at 7 TeV",
    description=(
        "Pairs of opposite-sign muons from Z/γ* with generated masses above 40 GeV. Both muons found with |eta| < 2.4 "
        "and pt > 10 GeV, the leading one pt > 20 GeV. Radiated photons with pt > 0.5 GeV within 0.5 of a muon are "
        "added to it; mass_bare is the measured mass without them. No underlying event, no pile-up, no background. "
        "Leading-order cross-section, no K-factor."
    ),
    process="q qbar -> Z/gamma* -> mu+ mu-, with parton showers (QCD and QED)",
    energy_tev=7.0,
    luminosity_fb=1.0,
    components=(
        Component(
            "Z/gamma* -> mumu",
            (
                "WeakSingleBoson:ffbar2gmZ = on",
                "23:onMode = off",
                "23:onIfAny = 13",
                "PhaseSpace:mHatMin = 40",
                *PARTONS_ONLY,
            ),
        ),
    ),
    reconstruct=reconstruct_zmumu,
    columns=PAIR_COLUMNS
    | {"mass_bare": {"unit": "GeV", "description": "measured mass of the two muons without radiated photons"}},
    default_events=140_000,
    default_seed=20260101,
)


def _stable(*codes: int) -> tuple[str, ...]:
    return tuple(f"{code}:mayDecay = off" for code in codes)


def _drell_yan(low: float, high: float, share: float) -> Component:
    settings = ("WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 13", "23:mMin = 3")
    mass = (f"PhaseSpace:mHatMin = {low}", f"PhaseSpace:mHatMax = {high}")
    name = f"Z/gamma* -> mumu, {low:g} to {high:g} GeV"
    return Component(name, (*settings, *mass, *PARTONS_ONLY), share=share, origin=DRELL_YAN)


DIMUON_COCKTAIL = Recipe(
    name="dimuon_cocktail",
    title="Dimuons from 0.3 to 150 GeV at 8 TeV",
    description=(
        "A cocktail of what makes the peaks of the dimuon spectrum: eta, rho, omega and phi from quark and gluon jets, "
        "prompt J/psi, psi(2S) and Upsilon(1S, 2S, 3S), and Drell-Yan pairs from 4 GeV upwards. Both muons found with "
        "pt > 3.5 GeV and |eta| < 2.4; bare muons. Mesons decay isotropically, each one several times with a part of "
        "the weight. Not in it: muons from decays of b and c hadrons, which make most of the continuum between the "
        "peaks in recorded data, Dalitz decays (eta -> mu mu gamma and the like), mesons from b hadrons, misidentified "
        "hadrons, the trigger (whose prescales remove most low masses from recorded data), photon radiation from "
        "mesons. Leading-order cross-sections, no K-factor, except that each Upsilon is scaled to the cross-section "
        "that CMS measured at 7 TeV (by 0.46, 1.39 and 0.57)."
    ),
    process="hard QCD with hadronisation; charmonium and bottomonium (NRQCD, singlet and octet); q qbar -> Z/gamma*",
    energy_tev=8.0,
    luminosity_fb=11.6,
    components=(
        Component(
            "eta, rho, omega, phi",
            ("HardQCD:all = on", "PhaseSpace:pTHatMin = 10", "PartonLevel:MPI = off", *_stable(221, 113, 223, 333)),
            share=18,
            origin=1,
        ),
        Component(
            "J/psi, psi(2S)",
            (
                "Charmonium:all = on",
                "PhaseSpace:pTHatMin = 4",
                *_stable(443, 100443),
                "PartonLevel:MPI = off",
                "HadronLevel:Hadronize = off",
            ),
            share=24,
            origin=5,
        ),
        Component(
            "Upsilon(1S, 2S, 3S)",
            (
                "Bottomonium:all = on",
                "PhaseSpace:pTHatMin = 2",
                *_stable(553, 100553, 200553),
                "PartonLevel:MPI = off",
                "HadronLevel:Hadronize = off",
            ),
            share=12,
            origin=7,
        ),
        _drell_yan(4, 10, 30),
        _drell_yan(10, 40, 10),
        _drell_yan(40, 1000, 10),
    ),
    reconstruct=reconstruct_cocktail,
    columns={**PAIR_COLUMNS, "origin": {"unit": "", "description": f"what the pair comes from: {_LEGEND}"}},
    default_events=1_040_000,
    default_seed=20260104,
)
