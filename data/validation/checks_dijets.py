"""Checks of the pairs of jets at TeV masses: the falling spectrum of QCD and the resonance."""

import numpy as np

from validation import estimate, observables
from validation.checks import Check, around
from validation.observables import inside

ONE_SIGMA = 0.6827
SIGNAL_REGION = (3300.0, 3700.0)
BOTH = ("dijet_signal", "dijet_background")


def _heavy(sample: dict) -> np.ndarray:
    return sample["m_j1"] + sample["delta_m_j"]


def _share(values, low: float, high: float):
    def measure(sample: dict) -> tuple[float, float]:
        return estimate.share((values(sample) > low) & (values(sample) < high))

    return measure


def _m_jj(sample: dict) -> np.ndarray:
    return sample["m_jj"]


def _auc(column: str, smaller: bool):
    """Of one feature in the signal region."""

    def measure(signal: dict, background: dict) -> tuple[float, float]:
        low, high = SIGNAL_REGION
        values = [s[column][(s["m_jj"] > low) & (s["m_jj"] < high)] for s in (signal, background)]
        return estimate.auc(*values, smaller=smaller)

    return measure


def _fall(sample: dict) -> tuple[float, float]:
    """Events of 3.6 to 4.0 TeV over those of 2.8 to 3.2 TeV."""
    mass = sample["m_jj"]
    counts = [int(((mass > low) & (mass < low + 400)).sum()) for low in (3600, 2800)]
    return estimate.ratio(*((n, np.sqrt(n)) for n in counts))


def _chi2(sample: dict) -> tuple[float, float]:
    fit = observables.fit_dijets(sample["m_jj"])
    return fit["chi2"] / fit["ndf"], np.sqrt(2 / fit["ndf"])


def _power(sample: dict) -> tuple[float, float]:
    """Exponent n of a mass spectrum m^-n, from two windows of the mass: logarithmic slope."""
    value, error = _fall(sample)
    return -np.log(value) / np.log(3800 / 3000), error / value / np.log(3800 / 3000)


def _features() -> list[Check]:
    rows = (
        ("delta_m_j", "Δm_J", False, (0.70, 0.88), "0.839 with plain masses"),
        ("m_j1", "m_J", False, (0.66, 0.84), "0.552 with plain masses: grooming moves QCD away from 100 GeV"),
        ("tau21_j1", "tau21 of the lighter jet", True, (0.74, 0.86), "0.790"),
        ("tau21_j2", "tau21 of the heavier jet", True, (0.77, 0.89), "0.847"),
    )
    return [
        Check(
            f"dijet_{column}_auc",
            BOTH,
            f"ROC AUC of {what} alone, 3.3 to 3.7 TeV",
            _auc(column, smaller),
            accepted,
            known,
            "LHC Olympics R&D, measured here on lhco/ (arXiv:2101.08320)",
            "the prongs of the signal, the order of the two jets, grooming",
        )
        for column, what, smaller, accepted, known in rows
    ]


CHECKS = [
    Check(
        "dijet_signal_m_jj",
        ("dijet_signal",),
        "median mass of the two jets, 3 to 4 TeV",
        lambda sample: estimate.median(inside(sample["m_jj"], 3000, 4000)),
        around(3460, 50),
        "3500 GeV, less what is radiated out of the jets",
        "Pythia's setting 34:m0",
        "another resonance, jets that are too small, the energy scale",
        unit="GeV",
    ),
    Check(
        "dijet_signal_m_jj_width",
        ("dijet_signal",),
        "half of the central 68 % of the mass, 3 to 4 TeV",
        lambda sample: estimate.half_width(inside(sample["m_jj"], 3000, 4000), ONE_SIGMA),
        (90, 210),
        "3 to 5 %: Γ / 2 = 18 GeV, radiation and resolution",
        "arXiv:1911.03947",
        "no detector, a wide resonance, a flat spectrum (341)",
        unit="GeV",
    ),
    Check(
        "dijet_signal_light_mass",
        ("dijet_signal",),
        "median soft-drop mass of the lighter jet, 60 to 140 GeV",
        lambda sample: estimate.median(inside(sample["m_j1"], 60, 140)),
        around(98.5, 2.2),
        "100 GeV, less what is radiated out of the jet or not seen",
        "Pythia's setting m0 of Y",
        "another mass, no grooming",
        unit="GeV",
    ),
    Check(
        "dijet_signal_heavy_mass",
        ("dijet_signal",),
        "median soft-drop mass of the heavier jet, 350 to 650 GeV",
        lambda sample: estimate.median(inside(_heavy(sample), 350, 650)),
        around(492, 15),
        "500 GeV, less what is radiated out of the jet",
        "Pythia's setting m0 of X",
        "another mass, R of 0.8 or less (the quarks are 0.6 apart)",
        unit="GeV",
    ),
    Check(
        "dijet_signal_region",
        ("dijet_signal",),
        "share with a mass of 3.3 to 3.7 TeV",
        _share(_m_jj, *SIGNAL_REGION),
        (0.66, 0.84),
        "0.77 of the LHC Olympics' signal",
        "arXiv:2109.00546",
        "another resonance, another window",
    ),
    Check(
        "dijet_background_region",
        ("dijet_background",),
        "share with a mass of 3.3 to 3.7 TeV",
        _share(_m_jj, *SIGNAL_REGION),
        (0.12, 0.20),
        "121 of 1000 thousand above 2.3 TeV in the LHC Olympics",
        "arXiv:2109.00546",
        "signal in the background, another slope",
    ),
    Check(
        "dijet_background_power",
        ("dijet_background",),
        "n of a spectrum as m^-n, between 3.0 and 3.8 TeV",
        _power,
        (3.6, 5.6),
        "about 4.5: 8 at central angles, less 3 to 4 for the angles that pt > 1.2 TeV opens as the mass rises",
        "arXiv:1911.03947; analytic",
        "another beam energy, events weighted to a flat spectrum, another cut on pt",
    ),
    Check(
        "dijet_background_chi2",
        ("dijet_background",),
        "chi2 over degrees of freedom of p1 (1 - x)^p2 / x^p3, x = m / 13 TeV, 3.07 to 4.99 TeV",
        _chi2,
        (0.2, 2.2),
        "1: a smooth spectrum where the cut on pt no longer bends it; from 2.56 TeV it would be 4",
        "arXiv:1911.03947",
        "signal in the background (two per cent and more), a cut on mHat that shows, batches with different settings",
    ),
    *_features(),
]
