"""Numbers with their standard uncertainties: each function returns (value, uncertainty)."""

import numpy as np

from hepml_helpers.metrics import roc_auc


def mean(values: np.ndarray) -> tuple[float, float]:
    """Arithmetic mean."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def quantile(values: np.ndarray, share: float) -> tuple[float, float]:
    """Quantile; its uncertainty from the values one binomial standard deviation of the rank to either side.

    Examples
    --------
    >>> value, uncertainty = quantile(np.random.default_rng(1).normal(size=10_000), 0.5)
    >>> abs(value) < 0.05, round(uncertainty, 3)  # sqrt(pi / 2 / n) of a normal distribution
    (True, 0.012)
    """
    step = np.sqrt(share * (1 - share) / len(values))
    low, value, high = np.quantile(values, [max(share - step, 0), share, min(share + step, 1)])
    return float(value), float((high - low) / 2)


def median(values: np.ndarray) -> tuple[float, float]:
    """The middle value."""
    return quantile(values, 0.5)


def half_width(values: np.ndarray, part: float) -> tuple[float, float]:
    """Half the length of the central interval that holds this part of the values.

    That is Gamma / 2 of a Breit-Wigner for 0.5, and sigma of a normal distribution for 0.6827.
    """
    (low, error_low), (high, error_high) = (quantile(values, 0.5 + sign * part / 2) for sign in (-1, 1))
    return (high - low) / 2, float(np.hypot(error_low, error_high) / 2)


def share(passed: np.ndarray) -> tuple[float, float]:
    """How many of the rows pass."""
    value = float(np.mean(passed))
    return value, float(np.sqrt(value * (1 - value) / len(passed)))


def expected(weight: np.ndarray) -> tuple[float, float]:
    """Sum of weights."""
    return float(weight.sum()), float(np.sqrt((weight**2).sum()))


def ratio(above: tuple[float, float], below: tuple[float, float]) -> tuple[float, float]:
    """Quotient of two independent numbers.

    Examples
    --------
    >>> value, uncertainty = ratio((30.0, 3.0), (10.0, 0.0))
    >>> value, round(uncertainty, 3)
    (3.0, 0.3)
    """
    value = above[0] / below[0]
    return value, float(abs(value) * np.hypot(above[1] / above[0], below[1] / below[0]))


def difference(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """Difference of two independent numbers."""
    return one[0] - other[0], float(np.hypot(one[1], other[1]))


def auc(signal: np.ndarray, background: np.ndarray, *, smaller: bool = False) -> tuple[float, float]:
    """Area under the ROC curve of one variable, that is larger (or smaller) for the signal."""
    score = np.concatenate([signal, background]) * (-1 if smaller else 1)
    return roc_auc(np.repeat([1, 0], [len(signal), len(background)]), score)
