"""Checks of the events with two leptons and missing momentum: H to WW, WW, top pairs."""

import numpy as np

from validation import estimate, observables
from validation.checks import Check, around

EARLIER = "earlier measurement of this project, at particle level"
NAMES = {"hww": "H → WW", "ww": "WW", "ttbar_dilepton": "tt̄"}
# Largest mass of two leptons from H -> W W*, with one W on its mass shell and a vanishing mass of the other.
ENDPOINT = float(np.sqrt(125.0**2 - 80.4**2))


def _pair_value(name: str):
    return lambda sample: estimate.median(observables.lepton_pair(sample)[name])


def _auc(name: str):
    def measure(signal: dict, background: dict) -> tuple[float, float]:
        values = [observables.lepton_pair(sample)[name] for sample in (signal, background)]
        return estimate.auc(*values, smaller=True)

    return measure


def _medians() -> list[Check]:
    dphi = "no spin correlation in the decay of the scalar, a charge or sign lost in phi"
    rows = (
        ("hww", "dphi", "Δφ(ll)", around(1.0, 0.12), "0.94", EARLIER, dphi, "rad"),
        ("ww", "dphi", "Δφ(ll)", around(2.2, 0.15), "2.09; W bosons fly apart", EARLIER, "the wrong process", "rad"),
        ("hww", "m_ll", "m(ll)", around(38, 4), "below m_H / 3", "analytic", "the Higgs mass, both W on shell", "GeV"),
        ("ww", "m_ll", "m(ll)", around(85, 8), "about m_W", "analytic", "the wrong process", "GeV"),
        ("hww", "m_t", "m_T", around(100, 8), "below m_H = 125 GeV", "analytic", "missing momentum lost", "GeV"),
        ("ww", "m_t", "m_T", around(143, 12), "near 2 m_W = 161 GeV", "analytic", "missing momentum lost", "GeV"),
    )
    return [
        Check(
            f"{name}_{key}",
            (name,),
            f"median {what} of {NAMES[name]}",
            _pair_value(key),
            accepted,
            known,
            source,
            catches,
            unit=unit,
        )
        for name, key, what, accepted, known, source, catches, unit in rows
    ]


def _separation() -> list[Check]:
    rows = (("dphi", "Δφ(ll)", 0.755), ("m_ll", "m(ll)", 0.857), ("m_t", "m_T", 0.809))
    return [
        Check(
            f"hww_{key}_auc",
            ("hww", "ww"),
            f"ROC AUC of {what} alone, H → WW against WW",
            _auc(key),
            around(known, 0.025),
            f"{known:g}",
            EARLIER,
            "spin correlation, missing momentum, one sample in the place of the other",
        )
        for key, what, known in rows
    ]


def _common(name: str, expected: float, positive: float, published: str, source: str) -> list[Check]:
    what = NAMES[name]
    return [
        Check(
            f"{name}_yield",
            (name,),
            f"expected events of {what} in 10/fb",
            lambda sample: estimate.expected(sample["weight"]),
            around(expected, 0.06 * expected),
            published,
            source,
            "lost weights, 14 TeV, leptons from τ, a different cut on the leptons",
            unit="events",
        ),
        Check(
            f"{name}_flavours",
            (name,),
            f"share of eμ among the pairs of {what}",
            lambda sample: estimate.share(np.abs(sample["pdgid1"]) != np.abs(sample["pdgid2"])),
            around(0.495, 0.03),
            "1/2, a little less where the efficiencies differ",
            "analytic",
            "one flavour switched off, Z pairs let in, codes mixed up",
        ),
        Check(
            f"{name}_charges",
            (name,),
            f"share of {what} whose leading lepton is positive",
            lambda sample: estimate.share(sample["charge1"] > 0),
            around(positive, 0.03),
            "1/2 by CP; WW 0.48 within the acceptance, because the W+ follows the u quark to large |eta| more often",
            "analytic; Pythia without showers and detector",
            "charges lost or sorted",
        ),
    ]


# Name, expected events at leading order after the selection, share of positive leading leptons, published, source.
_YIELDS = (
    (
        "hww",
        900,
        0.5,
        "4700 before any cut at N3LO (0.47 pb); 2 to 2.5 times lower at LO",
        "arXiv:1610.07922",
    ),
    (
        "ww",
        12200,
        0.48,
        "54000 before any cut at NNLO (118.7 pb of WW); 1.6 times lower at LO",
        "arXiv:1408.5243",
    ),
    (
        "ttbar_dilepton",
        122000,
        0.5,
        "378000 before any cut at NNLO (832 pb); 1.7 times lower at LO",
        "arXiv:1112.5675",
    ),
)
CHECKS = [
    *_medians(),
    Check(
        "hww_endpoint",
        ("hww",),
        f"share of H → WW with m(ll) above {ENDPOINT:.1f} GeV",
        lambda sample: estimate.share(observables.lepton_pair(sample)["m_ll"] > ENDPOINT),
        (0, 0.01),
        "0: the kinematic limit with one W on its mass shell; 0.4 for WW",
        "analytic",
        "both W on shell, a wrong Higgs mass, wrongly paired leptons",
    ),
    *_separation(),
    *[_check for name, *about in _YIELDS for _check in _common(name, *about)],
    Check(
        "hww_no_jet",
        ("hww",),
        "share of H → WW without a jet",
        lambda sample: estimate.share(sample["n_jets"] == 0),
        around(0.55, 0.08),
        "0.6 for gluon fusion at 13 TeV and jets above 30 GeV, within |y| < 4.7 a little less",
        "arXiv:1610.07922",
        "no initial-state radiation (1), no jet threshold",
    ),
    Check(
        "ww_no_jet",
        ("ww",),
        "share of WW without a jet",
        lambda sample: estimate.share(sample["n_jets"] == 0),
        around(0.70, 0.08),
        "0.6 to 0.75: quarks radiate less than gluons",
        "arXiv:1408.5243",
        "no initial-state radiation (1), no jet threshold",
    ),
    Check(
        "ttbar_dilepton_two_jets",
        ("ttbar_dilepton",),
        "share of tt̄ with two jets or more",
        lambda sample: estimate.share(sample["n_jets"] >= 2),
        around(0.83, 0.07),
        "most: two b quarks of 70 GeV, each inside the acceptance and above 30 GeV for 9 in 10",
        "analytic",
        "top quarks without their b, the jet threshold or cone",
    ),
    Check(
        "ttbar_dilepton_met",
        ("ttbar_dilepton",),
        "median missing transverse momentum of tt̄",
        lambda sample: estimate.median(sample["met"]),
        around(70, 12),
        "two neutrinos of about 50 GeV at an angle",
        "analytic",
        "neutrinos taken as visible, muons not counted",
        unit="GeV",
    ),
]
