"""What a cut on a score is worth to an experiment that counts the events which pass.

Conventions: those of `metrics`. Event weights are scaled to the data that one expects, so that the weights of a class
add up to its expected number of events. After a split into training, validation and test events each part has to be
scaled up again, class by class. Significance is the median one of a discovery, in standard deviations, in the limit of
many events.

References: G. Cowan, K. Cranmer, E. Gross, O. Vitells, arXiv:1007.1727, eq. 97, for a background that is known;
G. Cowan, "Discovery sensitivity for a counting experiment with background uncertainty" (2012),
https://www.pp.rhul.ac.uk/~cowan/stat/medsig/medsigNote.pdf, eq. 20, for one that is not.
"""

import numpy as np

from hepml_helpers import metrics


def significance(signal, background, *, background_uncertainty=0.0):
    """Expected (Asimov) significance of a signal over a background, from a count of events.

    Without uncertainty it is sqrt(2 ((s + b) ln(1 + s / b) - s)), close to s / sqrt(b) where the signal is much smaller
    than the background, and well below it where it is not. With one, b is known from a second count in which tau b
    events are expected, tau = b / uncertainty^2; a small signal then has s / sqrt(b + uncertainty^2).

    Parameters
    ----------
    signal, background : array_like, shapes that broadcast to (...)
        Expected numbers of events; sums of weights.
    background_uncertainty : array_like, shape that broadcasts to (...)
        Standard uncertainty of the background in events, from anything but the count itself: a systematic one,
        sqrt(sum w^2) of the simulation, or both in quadrature.

    Returns
    -------
    float or ndarray, shape (...)
        0 without a signal. A signal over no background at all has inf, or 0 where the background is not known either.

    Raises
    ------
    ValueError
        If a number is negative or not finite. A sum of weights below zero says that too few simulated events are
        left to know what to expect, and to take it for zero would turn that into a discovery.

    Examples
    --------
    >>> round(significance(10.0, 100.0), 3), round(significance(10.0, 100.0, background_uncertainty=10.0), 3)
    (0.984, 0.69)
    >>> significance([10.0, 100.0], 100.0).round(2).tolist()
    [0.98, 8.79]
    """
    s, b, sigma = (np.asarray(x, dtype=np.float64) for x in (signal, background, background_uncertainty))
    for name, values in (("signal", s), ("background", b), ("background_uncertainty", sigma)):
        _check_not_negative(values, name)
    variance = sigma**2
    with np.errstate(divide="ignore", invalid="ignore"):
        from_count = (s + b) * np.log1p(b * s / (b**2 + (s + b) * variance))
        from_background = np.where(variance > 0.0, b**2 / variance * np.log1p(variance * s / (b * (b + variance))), s)
    no_background = np.where((variance > 0.0) | (s == 0.0), 0.0, np.inf)
    q0 = np.where(b > 0.0, 2.0 * (from_count - from_background), no_background)
    z = np.sqrt(np.maximum(q0, 0.0))  # below zero only by rounding
    return float(z) if z.ndim == 0 else z


def significance_at(
    y_true, y_score, threshold, *, sample_weight=None, systematic=0.0, min_background=metrics.MIN_BACKGROUND
):
    """Expected significance of the events that pass a threshold on the score, and its standard uncertainty.

    Parameters
    ----------
    y_true : array_like, shape (n_events,)
        1 for signal, 0 for background.
    y_score : array_like, shape (n_events,)
        Scores, higher for more signal-like.
    threshold : float or array_like, shape (n_points,)
        Events pass where their score is at least this.
    sample_weight : array_like, shape (n_events,), optional
        Event weights, negative ones included, scaled to the expected numbers of events.
    systematic : float
        Relative uncertainty of the background, such as 0.1, which lowers the significance.
    min_background : float
        Effective number (sum w)^2 / sum w^2 of passing background events below which there is no answer.

    Returns
    -------
    significance, uncertainty : float or ndarray, shape (n_points,)
        The uncertainty is that of the simulation: sqrt(sum w^2) of signal and of background, propagated. Both are nan
        where too few background events pass, or where a sum of weights is negative; the uncertainty also where no
        signal passes.

    Raises
    ------
    ValueError
        As `metrics.roc_auc`; also if a threshold is nan, or the systematic uncertainty negative.

    Examples
    --------
    >>> y_true, y_score = np.repeat([1, 0], 100), np.append(np.arange(100) + 50, np.arange(100))
    >>> z, uncertainty = significance_at(y_true, y_score, [75, 95], sample_weight=np.repeat([0.1, 1.0], 100))
    >>> z.round(2).tolist(), uncertainty.round(2).tolist()
    ([1.43, nan], [0.21, nan])
    """
    _check_not_negative(np.asarray(systematic, dtype=np.float64), "systematic")
    curve = metrics.roc_curve(y_true, y_score, sample_weight=sample_weight)
    point = _last_point(curve.thresholds, threshold)
    totals = _totals(y_true, sample_weight)
    s, b = totals[1] * curve.signal_efficiency[point], totals[0] * curve.background_efficiency[point]
    n_signal, n_background = curve.n_signal[point], curve.n_background[point]
    known = (b > 0.0) & (n_background >= min_background) & (s >= 0.0)
    s, b = np.where(known, s, 0.0), np.where(known, b, 1.0)

    def z(signal_factor=1.0, background_factor=1.0):
        background = background_factor * b
        return significance(signal_factor * s, background, background_uncertainty=systematic * background)

    # dz / d ln s and dz / d ln b; the relative sqrt(sum w^2) of a sum is one over the root of its effective number
    by_signal, by_background = (z(1.001) - z(0.999)) / 0.002, (z(1.0, 1.001) - z(1.0, 0.999)) / 0.002
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.hypot(by_signal / np.sqrt(n_signal), by_background / np.sqrt(n_background))
    values = np.where(known, z(), np.nan), np.where(known, sigma, np.nan)
    return values if np.ndim(threshold) else (float(values[0]), float(values[1]))


def best_threshold(
    y_true, y_score, *, sample_weight=None, systematic=0.0, min_background=metrics.MIN_BACKGROUND
) -> float:
    """Threshold on the score with the highest expected significance, among the scores themselves.

    The highest of many is a biased estimate: choose the threshold here on validation events, and give the significance
    with `significance_at` on test events.

    Parameters
    ----------
    y_true, y_score, sample_weight, systematic, min_background
        As for `significance_at`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As `significance_at`; also if fewer than ``min_background`` effective background events pass every threshold.

    Examples
    --------
    >>> y_true, y_score = np.repeat([1, 0], 100), np.append(np.arange(100) + 50, np.arange(100))
    >>> best_threshold(y_true, y_score)
    90.0
    """
    candidates = np.unique(np.asarray(y_score, dtype=np.float64))
    z, _ = significance_at(
        y_true, y_score, candidates, sample_weight=sample_weight, systematic=systematic, min_background=min_background
    )
    if np.all(np.isnan(z)):
        raise ValueError(
            f"no threshold lets {min_background:g} effective background events pass; expected at least one"
        )
    return float(candidates[np.nanargmax(z)])


def _last_point(thresholds: np.ndarray, wanted) -> np.ndarray:
    """The point of a ROC curve whose passing events are those with a score of at least the wanted threshold."""
    wanted = np.asarray(wanted, dtype=np.float64)
    if np.any(np.isnan(wanted)):
        raise ValueError("threshold holds nan; expected numbers")
    return np.searchsorted(-thresholds, -wanted, side="right") - 1


def _totals(y_true, sample_weight) -> np.ndarray:
    """Sums of weights of background and signal, shape (2,)."""
    return np.bincount(np.asarray(y_true, dtype=np.intp), weights=sample_weight, minlength=2)


def _check_not_negative(values: np.ndarray, name: str) -> None:
    bad = ~((values >= 0.0) & np.isfinite(values))
    if np.any(bad):
        raise ValueError(f"{name} holds {values[bad].flat[0]}; expected finite numbers of at least 0")
