"""Checks of the large jets: W bosons, top quarks, and the QCD jets beside them."""

import numpy as np

from validation import estimate, observables
from validation.checks import Check, around
from validation.observables import inside

EARLIER = "earlier measurement of this project, at particle level"
PHOTON, CHARGED = (0,), (2, 3, 4)  # `constituent_kind`, signs aside
CENTRES = {"w": 80.4, "top": 172.5}  # of the mass windows, GeV
WINDOWS = {"w": (60.0, 110.0), "top": (140.0, 210.0)}
ONE_SIGMA = 0.6827
# Name: what, limits of pt in GeV, share of pt of the 40 leading constituents.
SAMPLES = {
    "w_jets": ("W jets", (250, 300), 0.98),
    "qcd_w_jets": ("QCD jets of 250 to 300 GeV", (250, 300), 0.96),
    "top_jets": ("top jets", (550, 650), 0.95),
    "qcd_top_jets": ("QCD jets of 550 to 650 GeV", (550, 650), 0.97),
}


def _peak(column: str, window: str):
    return lambda sample: estimate.median(inside(sample[column], *WINDOWS[window]))


def _width(column: str, window: str):
    return lambda sample: estimate.half_width(inside(sample[column], *WINDOWS[window]), ONE_SIGMA)


def _share(column: str, window: str):
    low, high = WINDOWS[window]
    return lambda sample: estimate.share((sample[column] > low) & (sample[column] < high))


def _tau(n: int):
    return lambda sample: estimate.median(observables.tau_ratio(sample, n))


def _multiplicity(sample: dict) -> tuple[float, float]:
    return estimate.mean(sample["n_seen"].astype(float))


def _window_auc(column: str, window: str):
    """The distance from the centre of the mass window as a score."""

    def measure(signal: dict, background: dict) -> tuple[float, float]:
        return estimate.auc(*(np.abs(s[column] - CENTRES[window]) for s in (signal, background)), smaller=True)

    return measure


def _tau_auc(n: int):
    return lambda s, b: estimate.auc(observables.tau_ratio(s, n), observables.tau_ratio(b, n), smaller=True)


def _multiplicity_auc(signal: dict, background: dict) -> tuple[float, float]:
    return estimate.auc(signal["n_seen"], background["n_seen"])


def _rounding(sample: dict) -> tuple[float, float]:
    """Spread of the mass from the stored constituents over that of all, where all of them are stored."""
    whole = (sample["n_seen"] == sample["n_constituents"]) & (sample["mass"] > 20)
    return estimate.half_width(observables.stored_jets(sample)[1][whole] / sample["mass"][whole], ONE_SIGMA)


def _kept_pt(sample: dict) -> tuple[float, float]:
    return estimate.mean(observables.stored_jets(sample)[0] / sample["pt"])


def _kept_mass(sample: dict) -> tuple[float, float]:
    return estimate.median(observables.stored_jets(sample)[1] / sample["mass"])


def _of_each(name: str, what: str, limits: tuple, kept: float) -> list[Check]:
    middle = sum(limits) / 2
    return [
        Check(
            f"{name}_pt",
            (name,),
            f"median pt of the {what}",
            lambda sample: estimate.median(sample["pt"]),
            (limits[0] + 0.3 * (middle - limits[0]), middle + 0.2 * (limits[1] - middle)),
            f"inside {limits[0]} to {limits[1]} GeV, below the middle where the spectrum falls",
            "the selection",
            "another window of pt, or another window of pTHat, that cuts into it",
            unit="GeV",
        ),
        Check(
            f"{name}_charged",
            (name,),
            f"share of pt that charged constituents carry, {what}",
            lambda sample: estimate.mean(observables.pt_share(sample, CHARGED)),
            (0.52, 0.66),
            "about 0.6: 0.65 of charged particles, of which the tracker finds 0.85 to 0.94",
            "arXiv:1706.04965",
            "no tracks, tracks with an efficiency of 1, neutral hadrons lost, kinds exchanged",
        ),
        Check(
            f"{name}_photons",
            (name,),
            f"share of pt that photons carry, {what}",
            lambda sample: estimate.mean(observables.pt_share(sample, PHOTON)),
            (0.22, 0.30),
            "about 0.25, a third of the pions",
            "arXiv:1706.04965",
            "neutral pions that do not decay, the calorimeters' response, kinds exchanged",
        ),
        Check(
            f"{name}_rounding",
            (name,),
            f"spread of the mass from stored constituents over that of all, {what}",
            _rounding,
            (0, 0.006),
            "below 0.01, an eighth of the resolution of a jet's mass; 2^-7 of one pt and 1/256 of an angle, averaged",
            "analytic",
            "coarser steps of the constituents",
        ),
        Check(
            f"{name}_kept_pt",
            (name,),
            f"share of pt that the 40 leading constituents carry, {what}",
            _kept_pt,
            around(kept, 0.012),
            f"{kept:g}: the others have 1 GeV each, 1.3 GeV in jets of 600 GeV, and there are as many as `n_seen` says",
            "analytic",
            "fewer constituents stored, or not the hardest",
        ),
        Check(
            f"{name}_kept_mass",
            (name,),
            f"median of the mass from stored constituents over that of all, {what}",
            _kept_mass,
            (0.92, 1.001),
            "0.93 to 1: soft particles at wide angles count for the mass more than for pt",
            "analytic",
            "fewer constituents stored, or not the hardest",
        ),
    ]


def _grooming() -> list[Check]:
    rows = (
        ("w_jets", (1.02, 1.07), "a few per cent, as the underlying event adds to a jet of R = 1.0", "off"),
        ("top_jets", (1.0, 1.006), "1 within a few per mille: there is nothing to groom away in most top jets", "on"),
    )
    return [
        Check(
            f"{name}_grooming",
            (name,),
            f"median mass over soft-drop mass of {SAMPLES[name][0]}",
            lambda sample: estimate.median(sample["mass"] / np.maximum(sample["mass_softdrop"], 1)),
            accepted,
            known,
            "analytic",
            f"the underlying event {switched}, another z_cut or R",
        )
        for name, accepted, known, switched in rows
    ]


def _shapes() -> list[Check]:
    rows = (
        ("w_jets", 2, (0.22, 0.38), "below 0.4 for two prongs", "the containment of both quarks"),
        ("qcd_w_jets", 2, (0.60, 0.78), "above 0.6 for one prong", "a W sample in its place"),
        ("top_jets", 3, (0.40, 0.55), "about 0.5 for three prongs", "the containment of all three quarks, the b"),
        ("qcd_top_jets", 3, (0.70, 0.86), "about 0.8 for one prong", "a top sample in its place"),
    )
    return [
        Check(
            f"{name}_tau{n}{n - 1}",
            (name,),
            f"median tau{n}{n - 1} of {SAMPLES[name][0]}",
            _tau(n),
            accepted,
            known,
            "arXiv:1011.2268",
            f"{catches}, another definition of the axes or of R",
        )
        for name, n, accepted, known, catches in rows
    ]


def _multiplicities() -> list[Check]:
    rows = (
        (
            "w_jets",
            around(45, 6),
            "40 of a W, half of them charged, less the soft; and the underlying event",
            "PDG",
        ),
        ("qcd_w_jets", around(53, 7), "more than a W: mostly gluons, R = 1.0", "analytic"),
        ("top_jets", around(66, 6), "70", EARLIER),
        ("qcd_top_jets", around(52, 5), "54", EARLIER),
    )
    return [
        Check(
            f"{name}_constituents",
            (name,),
            f"mean number of constituents of {SAMPLES[name][0]}",
            _multiplicity,
            accepted,
            known,
            source,
            "underlying event on or off, particles in the place of the detector's candidates, another R",
            unit="constituents",
        )
        for name, accepted, known, source in rows
    ]


_W, _TOP = ("w_jets", "qcd_w_jets"), ("top_jets", "qcd_top_jets")


def _separation() -> list[Check]:
    against = {_W: "W against QCD", _TOP: "top against QCD"}
    lost = "containment or window of pt, pTHat of one sample, one sample in the place of the other"
    rows = (
        ("w_tau21_auc", _W, "tau21", _tau_auc(2), around(0.92, 0.02), "0.92", EARLIER),
        ("w_mass_auc", _W, "|mass - 80.4 GeV|", _window_auc("mass", "w"), (0.75, 0.87), "grooming gains", "analytic"),
        ("w_softdrop_auc", _W, "|soft-drop mass - 80.4 GeV|", _window_auc("mass_softdrop", "w"), (0.87, 0.95), "", ""),
        ("w_constituents_auc", _W, "the number of constituents", _multiplicity_auc, (0.33, 0.45), "", ""),
        ("top_tau32_auc", _TOP, "tau32", _tau_auc(3), around(0.939, 0.02), "0.939", EARLIER),
        (
            "top_mass_auc",
            _TOP,
            "|mass - 172.5 GeV|",
            _window_auc("mass", "top"),
            around(0.957, 0.015),
            "0.957",
            EARLIER,
        ),
        (
            "top_softdrop_auc",
            _TOP,
            "|soft-drop mass - 172.5 GeV|",
            _window_auc("mass_softdrop", "top"),
            (0.92, 0.97),
            "",
            "",
        ),
        ("top_constituents_auc", _TOP, "the number of constituents", _multiplicity_auc, (0.65, 0.78), "", ""),
    )
    known = {
        "w_softdrop_auc": ("better than the plain mass", "arXiv:1402.2657"),
        "w_constituents_auc": ("below 1/2: a W's quarks make fewer particles than gluons do", "analytic"),
        "w_mass_auc": ("worse than the groomed mass: the underlying event adds to it", "analytic"),
        "top_softdrop_auc": ("as the plain mass: there is no underlying event to groom away", "analytic"),
        "top_constituents_auc": ("above 1/2: three quarks against one parton", "analytic"),
    }
    return [
        Check(
            name,
            samples,
            f"ROC AUC of {what} alone, {against[samples]}",
            measure,
            accepted,
            *known.get(name, about),
            lost,
        )
        for name, samples, what, measure, accepted, *about in rows
    ]


CHECKS = [
    *[check for name, about in SAMPLES.items() for check in _of_each(name, *about)],
    Check(
        "w_jets_mass",
        ("w_jets",),
        "median soft-drop mass, 60 to 110 GeV",
        _peak("mass_softdrop", "w"),
        around(81, 1.6),
        "m_W = 80.37 GeV; 83 GeV at particle level",
        f"PDG; {EARLIER}",
        "no grooming (87), the energy scale, the W's quarks not contained",
        unit="GeV",
    ),
    *_grooming(),
    Check(
        "w_jets_width",
        ("w_jets",),
        "half of the central 68 % of the soft-drop mass, 60 to 110 GeV",
        _width("mass_softdrop", "w"),
        (5.5, 10.0),
        "8 to 10 %: the resolution of a groomed W's mass in CMS",
        "arXiv:1410.4227",
        "no detector (below 5), hadrons' resolution doubled",
        unit="GeV",
    ),
    Check(
        "w_jets_window",
        ("w_jets",),
        "share with a soft-drop mass of 60 to 110 GeV",
        _share("mass_softdrop", "w"),
        (0.84, 0.95),
        "most of the W, where both quarks lie inside the jet",
        "analytic",
        "the containment of both quarks",
    ),
    Check(
        "qcd_w_jets_window",
        ("qcd_w_jets",),
        "share with a soft-drop mass of 60 to 110 GeV",
        _share("mass_softdrop", "w"),
        (0.14, 0.26),
        "a fifth: the groomed mass of QCD falls from low masses",
        "arXiv:1402.2657",
        "W jets in it, no grooming (0.4)",
    ),
    Check(
        "top_jets_mass",
        ("top_jets",),
        "median mass, 140 to 210 GeV",
        _peak("mass", "top"),
        around(171.5, 2.2),
        "m_t = 173 GeV; 172 GeV at particle level",
        f"{EARLIER}",
        "underlying event on (above 176), the energy scale, the b not contained",
        unit="GeV",
    ),
    Check(
        "top_jets_width",
        ("top_jets",),
        "half of the central 68 % of the mass, 140 to 210 GeV",
        _width("mass", "top"),
        (9, 15),
        "6 to 8 %",
        "analytic: 1.1 GeV^0.5 of hadrons' energies, particles out of the jet",
        "no detector, hadrons' resolution doubled",
        unit="GeV",
    ),
    Check(
        "top_jets_window",
        ("top_jets",),
        "share with a mass of 140 to 210 GeV",
        _share("mass", "top"),
        (0.86, 0.96),
        "nine in ten, where all three quarks lie inside the jet",
        "analytic",
        "the containment of the three quarks",
    ),
    Check(
        "top_jets_w_inside",
        ("top_jets",),
        "median soft-drop mass of the groomed top jets of 65 to 95 GeV",
        lambda sample: estimate.median(inside(sample["mass_softdrop"], 65, 95)),
        (78, 87),
        "m_W = 80.37 GeV: grooming sometimes takes the b away and leaves the W",
        "PDG",
        "W bosons replaced by a flat background (80.0 with no peak, so this is weak)",
        unit="GeV",
    ),
    Check(
        "qcd_top_jets_window",
        ("qcd_top_jets",),
        "share with a mass of 140 to 210 GeV",
        _share("mass", "top"),
        (0.07, 0.14),
        "a tenth",
        EARLIER,
        "top jets in it, underlying event on",
    ),
    *_shapes(),
    *_multiplicities(),
    *_separation(),
]
