"""Checks of the events without detector: quarks of top pairs, electron-positron pairs, whole events."""

import numpy as np
from recipes import detector
from recipes.clustered import CELL, RADIUS

from validation import estimate, observables
from validation.checks import Check, around
from validation.observables import M_TOP, M_W, UP_SHARE, inside

PYTHIA = "Pythia's settings"
W_WIDTH, TOP_WIDTH = 2.092, 1.357  # GeV, which Pythia computes from couplings and masses
TOP, QCD = 1, 0  # `process` in jet_events


def _breit_wigner(particle: str, sign: str, mass: float, width: float, tolerance: float) -> list[Check]:
    """Median and quartiles of a mass: those of a Breit-Wigner are m and m -+ width / 2."""
    key, name = {"w": ("w", "W"), "top": ("top", "t")}[particle]
    side = {"+": 0, "-": 1}[sign]

    def values(sample: dict) -> np.ndarray:
        return observables.top_pair(sample)[key][:, side]

    label = f"{name}{sign}" if particle == "w" else {"+": "t", "-": "t̄"}[sign]
    return [
        Check(
            f"partons_{particle}_mass_{side}",
            ("ttbar_partons",),
            f"median mass of the {label}",
            lambda sample: estimate.median(values(sample)),
            around(mass, tolerance),
            f"{mass:g} GeV; the running width and phase space move the median by up to 0.06 GeV",
            PYTHIA,
            "another mass, quarks of both sides mixed, steps of the angles too coarse",
            unit="GeV",
        ),
        Check(
            f"partons_{particle}_width_{side}",
            ("ttbar_partons",),
            f"distance between the quartiles of the mass of the {label}",
            lambda sample: tuple(2 * x for x in estimate.half_width(values(sample), 0.5)),
            around(width, 0.12),
            f"Γ = {width:g} GeV, which Pythia computes; a Breit-Wigner's quartiles are m -+ Γ / 2",
            f"{PYTHIA}; analytic",
            "the natural width switched off (0.1), quark masses left out, coarse steps",
            unit="GeV",
        ),
    ]


def _z_share(sample: dict) -> tuple[float, float]:
    mass = observables.electron_pair(sample)["mass"]
    return estimate.share((mass > 80) & (mass < 100))


def _over_prediction(low: float, high: float):
    """Events of the full sample over those of the photon sample times the analytic ratio of cross-sections."""

    def measure(full: dict, photon: dict) -> tuple[float, float]:
        predicted = observables.photon_to_drell_yan(photon, low, high, up_share=UP_SHARE)
        return estimate.ratio(_yield(full, low, high), estimate.expected(predicted))

    return measure


def _asymmetry(low: float, high: float):
    """(forward - backward) / (forward + backward) in a window of the mass."""

    def measure(sample: dict) -> tuple[float, float]:
        pair = observables.electron_pair(sample)
        return estimate.mean(pair["forward"][(pair["mass"] > low) & (pair["mass"] < high)])

    return measure


def _yield(sample: dict, low: float, high: float) -> tuple[float, float]:
    mass = observables.electron_pair(sample)["mass"]
    return estimate.expected(sample["weight"][(mass > low) & (mass < high)])


def _multiplicity(process: int):
    return lambda sample: estimate.mean(sample["n_particles"][sample["process"] == process].astype(float))


def _imbalance(sample: dict) -> tuple[float, float]:
    """Vector sum of pt over its scalar sum, for each event."""
    event = observables.rows_of(sample["n_particles"])
    pt, phi = sample["particle_pt"], sample["particle_phi"]
    across = np.hypot(np.bincount(event, pt * np.cos(phi)), np.bincount(event, pt * np.sin(phi)))
    return estimate.mean(across / np.bincount(event, pt))


def _pions(sample: dict) -> tuple[float, float]:
    return estimate.median(sample["particle_mass"][np.abs(sample["particle_id"]) == 211])


def _area(clustered: dict) -> tuple[float, float]:
    """Area of the hardest anti-kT jet of each event, from the cells that are its own."""
    cells = clustered["cell_antikt"].reshape(len(clustered["n_cells"]), -1)
    return estimate.median((cells == 0).sum(axis=1) * CELL**2 / (np.pi * RADIUS**2))


def _ee(name: str, what: str) -> dict:
    return {"samples": (name,), "what": what}


_RATIOS = (  # name, lowest and highest mass, tolerance: the share of up-type quarks, +-0.02, and statistics
    ("below", 30.0, 60.0, 0.04),
    ("above", 110.0, 200.0, 0.15),
)


def _ratio_check(name: str, low: float, high: float, tolerance: float) -> Check:
    return Check(
        f"ee_ratio_{name}",
        ("ee_full", "ee_photon"),
        f"photon and Z over the photon alone, over the analytic ratio, {low:g} to {high:g} GeV",
        _over_prediction(low, high),
        around(1, tolerance),
        f"1: leading-order couplings, {UP_SHARE:g} of the photon's pairs from up-type quarks",
        "analytic; Pythia, another run",
        "weights lost, a photon sample that is none, different beams of the two",
    )


CHECKS = [
    *_breit_wigner("w", "+", M_W, W_WIDTH, 0.15),
    *_breit_wigner("w", "-", M_W, W_WIDTH, 0.15),
    *_breit_wigner("top", "+", M_TOP, TOP_WIDTH, 0.1),
    *_breit_wigner("top", "-", M_TOP, TOP_WIDTH, 0.1),
    Check(
        "partons_pair_pt",
        ("ttbar_partons",),
        "90 % quantile of the transverse momentum of the pair",
        lambda sample: estimate.quantile(np.hypot(*observables.top_pair(sample)["pair"][:, 1:3].T), 0.9),
        (0, 1.0),
        "0, up to the rounding of six quarks of about 80 GeV to 2^-11 and 1/512",
        "analytic",
        "initial-state radiation left on (tens of GeV), a quark of another event",
        unit="GeV",
    ),
    Check(
        "partons_pair_mass",
        ("ttbar_partons",),
        "median invariant mass of the pair",
        lambda sample: estimate.median(detector.mass_of(observables.top_pair(sample)["pair"][:, None])),
        (430, 510),
        "above the threshold of 346 GeV, with its maximum near 400 GeV and a tail",
        "analytic",
        "a cut on pt left on, energies in the wrong unit",
        unit="GeV",
    ),
    Check(
        "ee_full_z_mass",
        **_ee("ee_full", "median mass, 80 to 100 GeV"),
        measure=lambda sample: estimate.median(inside(observables.electron_pair(sample)["mass"], 80, 100)),
        accepted=around(91.15, 0.06),
        known="91.17 GeV for m_Z = 91.188 GeV in this window, less by the falling parton luminosity",
        source=f"{PYTHIA}; analytic",
        catches="another mass, another rounding",
        unit="GeV",
    ),
    Check(
        "ee_full_z_width",
        **_ee("ee_full", "half of the distance between the quartiles, 80 to 100 GeV"),
        measure=lambda sample: estimate.half_width(inside(observables.electron_pair(sample)["mass"], 80, 100), 0.5),
        accepted=around(1.11, 0.06),
        known="1.10 GeV: Γ_Z = 2.495 GeV cut off by the window",
        source=f"{PYTHIA}; analytic",
        catches="the natural width, coarse steps of pt or angles, radiation left on",
        unit="GeV",
    ),
    Check(
        "ee_full_z_share",
        **_ee("ee_full", "share of the pairs with 80 to 100 GeV"),
        measure=_z_share,
        accepted=around(0.755, 0.012),
        known="0.755",
        source="earlier measurement of this project",
        catches="gmZmode: 0.03 for the photon alone, 0.93 for the Z alone; the lower edge of the mass",
    ),
    Check(
        "ee_photon_z_share",
        **_ee("ee_photon", "share of the pairs with 80 to 100 GeV"),
        measure=_z_share,
        accepted=around(0.032, 0.004),
        known="0.032",
        source="earlier measurement of this project",
        catches="gmZmode: 0.76 with the Z boson; the lower edge of the mass",
    ),
    Check(
        "ee_full_yield",
        **_ee("ee_full", "cross-section of 66 to 116 GeV"),
        measure=lambda sample: tuple(x / 1000 for x in _yield(sample, 66, 116)),
        accepted=(1320, 1800),
        known="1981 pb measured; leading order is 1.1 to 1.5 times lower",
        source="arXiv:1603.09222",
        catches="lost weights, another beam energy, all flavours of leptons",
        unit="pb",
    ),
    *[_ratio_check(*row) for row in _RATIOS],
    Check(
        "ee_full_asymmetry_below",
        **_ee("ee_full", "forward-backward asymmetry, 50 to 80 GeV"),
        measure=_asymmetry(50, 80),
        accepted=(-0.30, -0.05),
        known="negative below the Z: photon and Z interfere with the sign of s - m_Z^2",
        source="arXiv:1806.00863",
        catches="no interference (0), electron and positron exchanged",
    ),
    Check(
        "ee_full_asymmetry_above",
        **_ee("ee_full", "forward-backward asymmetry, 110 to 200 GeV"),
        measure=_asymmetry(110, 200),
        accepted=(0.05, 0.40),
        known="positive above the Z, 0.6 for quarks that fly along the boost, diluted",
        source="arXiv:1806.00863",
        catches="no interference (0), electron and positron exchanged",
    ),
    Check(
        "ee_photon_asymmetry",
        **_ee("ee_photon", "forward-backward asymmetry, 40 to 80 GeV"),
        measure=_asymmetry(40, 80),
        accepted=(-0.03, 0.03),
        known="0: the photon's couplings are vectors",
        source="analytic",
        catches="gmZmode, any bias between electron and positron",
    ),
    Check(
        "jet_events_top_particles",
        ("jet_events",),
        "visible particles of a top pair",
        _multiplicity(TOP),
        (300, 800),
        "several hundred within |eta| < 5: about 30 for each quark, and the underlying event and radiation",
        "analytic",
        "underlying event, hadronisation or showers switched off (below 200)",
        unit="particles",
    ),
    Check(
        "jet_events_qcd_particles",
        ("jet_events",),
        "visible particles of a QCD event",
        _multiplicity(QCD),
        (300, 800),
        "as many as a top pair's, most of them from the underlying event and radiation",
        "analytic",
        "underlying event, hadronisation or showers switched off (below 200)",
        unit="particles",
    ),
    Check(
        "jet_events_balance",
        ("jet_events",),
        "size of the vector sum of pt over the scalar sum",
        _imbalance,
        (0, 0.05),
        "a few per cent: only neutrinos and what is beyond |eta| = 5 is missing",
        "analytic",
        "particles lost or stored twice, angles of other particles (0.1)",
    ),
    Check(
        "jet_events_pion_mass",
        ("jet_events",),
        "mass of the charged pions",
        _pions,
        around(0.13957, 0.0001),
        "0.13957 GeV",
        "PDG",
        "identities and momenta out of step, masses lost in rounding",
        unit="GeV",
    ),
    Check(
        "clustered_events_area",
        ("clustered_events",),
        "median area of the hardest anti-kT jet over π R²",
        _area,
        around(1.0, 0.03),
        "1: a circle, as long as no jet of like pt is near",
        "arXiv:0802.1189",
        "columns of another algorithm (1.14 for kT, 0.95 for Cambridge/Aachen), another R, ghosts that are not even",
    ),
]
