"""Checks of the samples with a few leptons or photons and nothing else: Z, mesons, four leptons, two photons."""

import numpy as np
from recipes.dimuon import MUON_MASS

from validation import estimate, observables
from validation.checks import Check, around
from validation.observables import inside

ONE_SIGMA = 0.6827
PDG = "PDG"
# Origin code in the cocktail: name, mass in GeV.
RESONANCES = {
    1: ("η", 0.5479),
    4: ("φ", 1.0195),
    5: ("J/ψ", 3.0969),
    6: ("ψ(2S)", 3.6861),
    7: ("Υ(1S)", 9.460),
    8: ("Υ(2S)", 10.023),
    9: ("Υ(3S)", 10.355),
}


def _z(sample: dict) -> np.ndarray:
    return inside(observables.masses(sample, 2, MUON_MASS), 80, 100)


def _radiation(sample: dict) -> tuple[float, float]:
    bare = estimate.median(inside(sample["mass_bare"], 80, 100))
    return estimate.difference(bare, estimate.median(_z(sample)))


def _resonance(origin: int, name: str, mass: float) -> Check:
    return Check(
        f"cocktail_mass_{origin}",
        ("dimuon_cocktail",),
        f"median mass of the pairs of {name}, over its mass",
        lambda sample: estimate.median(observables.masses(sample, 2, MUON_MASS)[sample["origin"] == origin] / mass),
        around(1, 0.005),
        f"m = {mass:g} GeV",
        PDG,
        "wrong masses, the muon's mass, a biased momentum scale, mixed origins",
    )


def _higgs(name: str, n: int, what: str) -> list[Check]:
    return [
        Check(
            f"{name}_mass",
            (name,),
            f"median mass of {what}",
            lambda sample: estimate.median(observables.masses(sample, n)),
            around(124.7, 0.5) if n == 4 else around(125, 0.3),
            "125 GeV" + (", less what the leptons radiate" if n == 4 else ""),
            "Pythia's setting 25:m0",
            "the mass, the energy scale, photons that are not added to their leptons",
            unit="GeV",
        ),
        Check(
            f"{name}_width",
            (name,),
            f"half of the central 68 % of the mass of {what}, 115 to 135 GeV",
            lambda sample: estimate.half_width(inside(observables.masses(sample, n), 115, 135), ONE_SIGMA),
            (0.8, 2.5),
            "1 to 2 %, all of it the detector: the natural width is 4 MeV",
            "arXiv:1312.5353" if n == 4 else "arXiv:1407.0558",
            "resolution switched off or doubled",
            unit="GeV",
        ),
    ]


def _signal_over_background(signal: dict, background: dict) -> tuple[float, float]:
    yields = []
    for sample in (signal, background):
        mass = observables.masses(sample, 2)
        yields.append(estimate.expected(sample["weight"][(mass > 123) & (mass < 127)]))
    return estimate.ratio(*yields)


def _pseudo_yield(sample: dict) -> tuple[float, float]:
    seen = int(((sample["mass"] > 70) & (sample["mass"] < 181)).sum())
    return seen, np.sqrt(seen)


CHECKS = [
    Check(
        "zmumu_mass",
        ("zmumu",),
        "median mass of the muon pairs, 80 to 100 GeV",
        lambda sample: estimate.median(_z(sample)),
        around(91.1, 0.15),
        "m_Z = 91.188 GeV, less what the muons radiate",
        PDG,
        "a biased momentum scale, photons that are not added",
        unit="GeV",
    ),
    Check(
        "zmumu_width",
        ("zmumu",),
        "half of the central 68 % of the mass, 80 to 100 GeV",
        lambda sample: estimate.half_width(_z(sample), ONE_SIGMA),
        around(2.45, 0.2),
        "2.36 to 2.65 GeV: Γ_Z = 2.495 GeV with a resolution of 1.2 to 1.6 GeV (1.23 GeV in CMS's data of 2011)",
        "PDG; analytic, a Voigt profile; CMS Open Data 545",
        "resolution switched off (1.9) or doubled (3.3), no natural width",
        unit="GeV",
    ),
    Check(
        "zmumu_radiation",
        ("zmumu",),
        "shift of the median when the radiated photons are left out",
        _radiation,
        (-0.4, -0.05),
        "below zero: radiation only lowers the mass",
        "analytic",
        "photons off (0), photons added to both masses",
        unit="GeV",
    ),
    *[_resonance(origin, *about) for origin, about in RESONANCES.items()],
    Check(
        "z4l_mass",
        ("z4l",),
        "median mass of the four leptons",
        lambda sample: estimate.median(observables.masses(sample, 4)),
        around(91.3, 0.3),
        "m_Z = 91.188 GeV, a little above because the thresholds prefer larger masses; no photon is radiated here",
        PDG,
        "the mass, the energy scale, a wrong boost of the decay",
        unit="GeV",
    ),
    Check(
        "zz4l_threshold",
        ("zz4l",),
        "expected events with m(4l) above 180 GeV, over all",
        lambda sample: estimate.share(observables.masses(sample, 4) > 180),
        (0.75, 0.95),
        "most pairs are on the mass shell, above 2 m_Z = 182 GeV; median 221 GeV at particle level",
        "analytic; earlier measurement",
        "a pair below its threshold (virtual photons let through), the single Z that has a sample of its own",
    ),
    *_higgs("h4l", 4, "the four leptons"),
    *_higgs("hgg", 2, "the two photons"),
    Check(
        "diphoton_signal_over_background",
        ("hgg", "diphoton"),
        "expected H over expected γγ, 123 to 127 GeV",
        _signal_over_background,
        (0.03, 0.12),
        "0.03 in CMS, with photons from jets and higher orders, which double H and more than double the background",
        "arXiv:1407.0558; analytic",
        "lost weights (3 by rows), a missing branching fraction",
    ),
    Check(
        "pseudo_yield",
        ("four_leptons_pseudo",),
        "candidates with m(4l) of 70 to 181 GeV",
        _pseudo_yield,
        (52, 128),
        "89.8 expected, of which 9.73 are H; four standard deviations of a Poisson number",
        "CMS Open Data 5200",
        "samples drawn without their weights or scales",
        unit="events",
    ),
    Check(
        "tag_and_probe_events",
        ("tag_and_probe",),
        "rows for each event",
        lambda sample: estimate.ratio((len(sample["event"]), 0), (len(np.unique(sample["event"])), 0)),
        (4.2, 4.9),
        "2304 rows of 500 events: 4.61",
        "CMS Open Data 307",
        "fits that are not repeated, third muons left out (4.0)",
    ),
]
