"""Four leptons: pairs of Z bosons, the Higgs boson, and the single Z that decays to four leptons.

The selection is that of the CMS search for H to ZZ to 4l in 2012 (arXiv:1207.7235).
"""

from itertools import combinations

import numpy as np

from recipes import detector, z_decay
from recipes.event_record import select_particles
from recipes.generator import PARTONS_ONLY, Component, Recipe
from recipes.precision import stored, stored_phi

Z_MASS = 91.1876  # GeV, PDG
LEPTONS = 6  # at most this many measured leptons of an event are looked at, the hardest ones
PAIRS = np.array(list(combinations(range(LEPTONS), 2)))  # (n_pairs, 2)
MASSES = {11: 0.00051099895, 13: 0.1056583755}  # GeV, PDG

LEPTON_COLUMNS = {
    **{f"pt{i}": {"unit": "GeV", "description": f"transverse momentum of lepton {i}, in order of pt"} for i in "1234"},
    **{f"eta{i}": {"unit": "", "description": f"pseudorapidity of lepton {i}"} for i in "1234"},
    **{f"phi{i}": {"unit": "rad", "description": f"azimuth of lepton {i}, -pi to pi"} for i in "1234"},
    **{f"charge{i}": {"unit": "e", "description": f"charge of lepton {i}"} for i in "1234"},
    **{
        f"pdgid{i}": {"unit": "", "description": f"PDG code of lepton {i}: 11 e-, -11 e+, 13 μ-, -13 μ+"}
        for i in "1234"
    },
    "mass_true": {"unit": "GeV", "description": "generated mass of the four leptons before radiation and detector"},
    "weight": {"unit": "events", "description": "expected events that this one stands for, at the stated luminosity"},
}


def measure_leptons(electrons: tuple, muons: tuple, photons: np.ndarray, rng: np.random.Generator) -> tuple:
    """Measured electrons and muons of each event, the hardest first; lost ones have pt zero.

    Muons are bare. Electrons come with the photons within 0.1, that fall into the same cluster of the calorimeter.

    Parameters
    ----------
    electrons, muons : tuple of ndarray
        True four-momenta (E, px, py, pz) in GeV, shape (n_events, k, 4), rows of zeros where there is none, and PDG
        codes, shape (n_events, k).
    photons : ndarray, shape (n_events, m, 4)
        Radiated photons.
    rng : numpy.random.Generator
        For the detector.

    Returns
    -------
    p4 : ndarray, shape (n_events, LEPTONS, 4)
        Four-momenta (E, px, py, pz) in GeV.
    pdg_id : ndarray of int, shape (n_events, LEPTONS)
        Zero where there is none.
    """
    (electrons, electron_id), (muons, muon_id) = electrons, muons
    electrons = detector.add_collinear_photons(electrons, photons)
    pt, eta, phi = detector.cylindrical(electrons)
    found_e = detector.found(detector.electron_efficiency(pt, eta), rng=rng)
    measured_e = np.stack(detector.measure_electrons(pt, eta, phi, rng=rng), axis=-1)
    pt, eta, phi = detector.cylindrical(muons)
    found_mu = detector.found(detector.muon_efficiency(pt, eta), rng=rng)
    measured_mu = np.stack(detector.measure_muons(pt, eta, phi, rng=rng), axis=-1)
    found_e &= (measured_e[..., 0] > 7.0) & (np.abs(measured_e[..., 1]) < detector.ELECTRON_ETA_MAX)
    found_mu &= (measured_mu[..., 0] > 5.0) & (np.abs(measured_mu[..., 1]) < detector.MUON_ETA_MAX)
    return _hardest(
        np.concatenate([measured_e, measured_mu], axis=1),
        np.concatenate([electron_id, muon_id], axis=1),
        np.concatenate([found_e, found_mu], axis=1),
    )


def choose_candidate(p4: np.ndarray, pdg_id: np.ndarray) -> tuple:
    """The four leptons of the candidate, as CMS chose them in 2012.

    Z1 is the pair of opposite charge and equal flavour with the mass nearest to the Z, Z2 the remaining such pair with
    the largest scalar sum of pt. Then 40 < m(Z1) < 120 GeV, 12 < m(Z2) < 120 GeV, one lepton with pt > 20 GeV and
    another with pt > 10 GeV, and every pair of opposite charge has a mass above 4 GeV.

    Parameters
    ----------
    p4 : ndarray, shape (n_events, LEPTONS, 4)
        Measured four-momenta in GeV; rows of zeros are padding.
    pdg_id : ndarray of int, shape (n_events, LEPTONS)
        Zero where padded.

    Returns
    -------
    chosen : ndarray of int, shape (n_events, 4)
        Which leptons, in order of pt; arbitrary where no candidate is accepted.
    accepted : ndarray of bool, shape (n_events,)
    """
    first, second = PAIRS.T
    is_pair = (pdg_id[:, first] + pdg_id[:, second] == 0) & (pdg_id[:, first] != 0)
    mass = detector.mass_of(p4[:, PAIRS])  # (event, pair)
    pt = np.hypot(p4[..., 1], p4[..., 2])
    z1 = np.where(is_pair, np.abs(mass - Z_MASS), np.inf).argmin(axis=1)
    overlap = (PAIRS[:, None, :, None] == PAIRS[None, :, None, :]).any(axis=(2, 3))  # (pair, pair)
    is_other = is_pair & ~overlap[z1]
    z2 = np.where(is_other, pt[:, first] + pt[:, second], -1.0).argmax(axis=1)
    rows = np.arange(len(p4))
    accepted = is_pair.any(axis=1) & is_other.any(axis=1)
    accepted &= (mass[rows, z1] > 40) & (mass[rows, z1] < 120) & (mass[rows, z2] > 12) & (mass[rows, z2] < 120)
    chosen = np.sort(np.concatenate([PAIRS[z1], PAIRS[z2]], axis=1), axis=1)  # leptons are in order of pt already
    four_pt = np.take_along_axis(pt, chosen, axis=1)
    accepted &= (four_pt[:, 0] > 20) & (four_pt[:, 1] > 10)
    inside = (chosen[:, None, :, None] == PAIRS[None, :, None, :]).any(axis=2).all(axis=2)  # pair made of chosen ones
    opposite = pdg_id[:, first] * pdg_id[:, second] < 0
    accepted &= ~(inside & opposite & (mass < 4)).any(axis=1)
    return chosen, accepted


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """Measure the leptons that Pythia made, choose a candidate and store its four leptons."""
    events = events[_count_leptons(events) >= 4]
    photons, _ = select_particles(events, (22,), size=12)
    electrons = select_particles(events, (11,), size=LEPTONS)
    muons = select_particles(events, (13,), size=LEPTONS)
    p4, pdg_id = measure_leptons(electrons, muons, photons, rng)
    return candidate_columns(p4, pdg_id, mass_true=true_mass(events), weight=np.ones(len(events)))


def reconstruct_z4l(events, component: Component, rng: np.random.Generator) -> dict:
    """Let the Z of each event decay to four leptons, then as `reconstruct`; one event may give several rows."""
    bosons, _ = select_particles(events, (23,), size=1, status="recoiled")
    leptons, pdg_id, parent, weight = z_decay.decay(bosons[:, 0], rng, tries=10, largest=0.001)
    electrons, muons = (_only(leptons, pdg_id, code) for code in (11, 13))
    p4, pdg_id = measure_leptons(electrons, muons, np.zeros((len(leptons), 0, 4)), rng)
    return candidate_columns(p4, pdg_id, mass_true=detector.mass_of(bosons)[parent], weight=weight)


def candidate_columns(p4: np.ndarray, pdg_id: np.ndarray, *, mass_true: np.ndarray, weight: np.ndarray) -> dict:
    """The columns of the events with a candidate; arguments as `measure_leptons` returns them, and one number each."""
    chosen, accepted = choose_candidate(p4, pdg_id)
    pt, eta, phi = detector.cylindrical(np.take_along_axis(p4, chosen[..., None], axis=1))
    code = np.take_along_axis(pdg_id, chosen, axis=1).astype(np.int8)
    values = {"pt": stored(pt), "eta": stored(eta), "phi": stored_phi(phi), "charge": -np.sign(code), "pdgid": code}
    columns = {f"{name}{i + 1}": value[:, i] for name, value in values.items() for i in range(4)}
    columns |= {"mass_true": stored(mass_true), "weight": weight}
    return {name: value[accepted] for name, value in columns.items()}


def true_mass(events) -> np.ndarray:
    """Mass in GeV of what the hard process made: the Higgs boson, the pair of Z bosons, or the Z. Shape (n_events,)."""
    higgs, _ = select_particles(events, (25,), size=1, status="hard")
    bosons, _ = select_particles(events, (23,), size=2, status="hard")
    return np.where(higgs[:, 0, 0] > 0, detector.mass_of(higgs), detector.mass_of(bosons))


def _count_leptons(events):
    import awkward as ak

    code = abs(events.prt.id)
    return ak.to_numpy(ak.sum(((code == 11) | (code == 13)) & (events.prt.status > 0), axis=1))


def _only(leptons, pdg_id, code):
    is_this = np.abs(pdg_id) == code
    return np.where(is_this[..., None], leptons, 0.0), np.where(is_this, pdg_id, 0)


def _hardest(measured, pdg_id, found):
    pt = np.where(found, stored(measured[..., 0]), 0.0)
    order = np.argsort(-pt, axis=1, kind="stable")[:, :LEPTONS]
    pt, pdg_id = np.take_along_axis(pt, order, axis=1), np.take_along_axis(pdg_id, order, axis=1)
    eta = stored(np.take_along_axis(measured[..., 1], order, axis=1))
    phi = stored_phi(np.take_along_axis(measured[..., 2], order, axis=1))
    mass = np.where(np.abs(pdg_id) == 11, MASSES[11], MASSES[13])
    return detector.p4_of(pt, eta, phi, mass), np.where(pt > 0, pdg_id, 0)


_TO_LEPTONS = ("23:onMode = off", "23:onIfAny = 11 13")
_COMMON = (
    "Found with the CMS selection of 2012 (arXiv:1207.7235): electrons pt > 7 GeV, |eta| < 2.5, muons pt > 5 GeV, "
    "|eta| < 2.4, one lepton pt > 20 GeV and another pt > 10 GeV, 40 < m(Z1) < 120 GeV, 12 < m(Z2) < 120 GeV, pairs of "
    "opposite charge above 4 GeV. Bare muons, electrons with the photons within 0.1. Isolation enters only through the "
    "efficiency; no tau leptons, no underlying event, no pile-up. Leading-order cross-section, no K-factor."
)

H4L = Recipe(
    name="h4l",
    title="H(125) → ZZ* → 4l at 8 TeV",
    description=f"A Higgs boson of 125 GeV made in gluon fusion, decaying to 4e, 4mu or 2e2mu. {_COMMON}",
    process="g g -> H -> Z Z* -> 4l (l = e, mu), with parton showers (QCD and QED)",
    energy_tev=8.0,
    luminosity_fb=11.6,
    components=(
        Component(
            "gg -> H -> ZZ* -> 4l",
            (
                "HiggsSM:gg2H = on",
                "25:m0 = 125",
                "25:onMode = off",
                "25:onIfMatch = 23 23",
                *_TO_LEPTONS,
                *PARTONS_ONLY,
            ),
        ),
    ),
    reconstruct=reconstruct,
    columns=LEPTON_COLUMNS,
    default_events=90_000,
    default_seed=20260102,
)

ZZ4L = Recipe(
    name="zz4l",
    title="ZZ → 4l at 8 TeV",
    description=(
        f"Pairs of Z/gamma* from quark and antiquark, generated above 70 GeV, decaying to 4e, 4mu or 2e2mu. The single "
        f"Z that decays to four leptons is not in it: that is z4l. {_COMMON}"
    ),
    process="q qbar -> Z/gamma* Z/gamma* -> 4l (l = e, mu), t channel, with parton showers (QCD and QED)",
    energy_tev=8.0,
    luminosity_fb=11.6,
    components=(
        Component(
            "q qbar -> ZZ -> 4l",
            ("WeakDoubleBoson:ffbar2gmZgmZ = on", "PhaseSpace:mHatMin = 70", *_TO_LEPTONS, *PARTONS_ONLY),
        ),
    ),
    reconstruct=reconstruct,
    columns=LEPTON_COLUMNS,
    default_events=150_000,
    default_seed=20260103,
)

Z4L = Recipe(
    name="z4l",
    title="Z → 4l at 8 TeV",
    description=(
        "A single Z (60 to 130 GeV) that decays to two leptons, one of which radiates a virtual photon that becomes a "
        "second pair. Pythia makes the Z; the decay is sampled from the leading-order matrix element (z_decay), all "
        "pairs above 3.5 GeV, averaged over the spin of the Z, without further photons and without interference with "
        f"pairs of bosons. {_COMMON}"
    ),
    process="q qbar -> Z (Pythia, with parton showers), Z -> l l gamma* -> 4l (l = e, mu; matrix element)",
    energy_tev=8.0,
    luminosity_fb=11.6,
    components=(
        Component(
            "q qbar -> Z, relative to Z -> 2l",
            (
                "WeakSingleBoson:ffbar2gmZ = on",
                "WeakZ0:gmZmode = 2",
                "PhaseSpace:mHatMin = 60",
                "PhaseSpace:mHatMax = 130",
                "TimeShower:QEDshowerByL = off",  # the leptons of this decay are replaced
                *_TO_LEPTONS,
                *PARTONS_ONLY,
            ),
        ),
    ),
    reconstruct=reconstruct_z4l,
    columns=LEPTON_COLUMNS,
    default_events=250_000,
    default_seed=20260105,
)
