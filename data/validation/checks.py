"""What a physicist asks of each sample: measured numbers beside known ones, and how far they may lie apart.

A band is the known number with what physics and statistics allow, several standard errors and the known differences
(leading order, the detector, the selection); it is not drawn around what came out. `catches` names the lost setting
that would carry the number out of the band. The numbers are recorded in `data/validation.json`, by
`python data/validation/validate.py --record`; the areas under ROC curves there are the ones that lessons compare with.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

FAMILIES = ("leptons", "dileptons", "partons", "jets", "tracks", "dijets")


@dataclass(frozen=True)
class Check:
    """One measured number.

    `measure(*samples)` gets the samples of these names, from `observables.load_samples`, and returns the value and its
    standard uncertainty. `known` is the number to compare with, in words, and `source` where it is from: PDG, an arXiv
    number, Pythia's settings, an analytic expectation, or an earlier measurement of this project at particle level.
    Numbers of other experiments and of calculations were quoted from memory: confirm one before a lesson prints it.
    """

    name: str
    samples: tuple[str, ...]
    what: str
    measure: Callable
    accepted: tuple[float, float]
    known: str
    source: str
    catches: str
    unit: str = ""


def around(centre: float, tolerance: float) -> tuple[float, float]:
    """A band about a number, without the digits that floating-point arithmetic adds.

    Examples
    --------
    >>> around(91.1, 0.15)
    (90.95, 91.25)
    """
    return round(centre - tolerance, 10), round(centre + tolerance, 10)


def all_checks() -> list[Check]:
    """Every check, family after family."""
    return [check for family in FAMILIES for check in import_module(f"validation.checks_{family}").CHECKS]


def result_of(check: Check, samples: dict) -> dict:
    """What is recorded of one check; `samples` is a dictionary by name."""
    value, uncertainty = check.measure(*(samples[name] for name in check.samples))
    return {
        "name": check.name,
        "samples": list(check.samples),
        "what": check.what,
        "value": float(value),
        "uncertainty": float(uncertainty),
        "unit": check.unit,
        "accepted": list(check.accepted),
        "known": check.known,
        "source": check.source,
        "catches": check.catches,
    }
