"""How good is a classifier, and how sure can a finite test set make us of it.

Conventions: signal is 1 and background is 0, a higher score is more signal-like, ties count one half. Every figure of
merit comes with its standard uncertainty.

References: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837, for the uncertainty of an AUC.
"""

import numpy as np


def roc_auc(y_true, y_score, *, sample_weight=None) -> tuple[float, float]:
    """Area under the ROC curve and its standard uncertainty.

    The area is the probability that a random signal event scores higher than a random background event. Its uncertainty
    is that of DeLong et al.: each signal event is given the fraction of background below it, each background event the
    fraction of signal above it, and the spreads of these two lists are added.

    Parameters
    ----------
    y_true : array_like, shape (n_events,)
        1 for signal, 0 for background.
    y_score : array_like, shape (n_events,)
        Scores, higher for more signal-like; only their order matters.
    sample_weight : array_like, shape (n_events,), optional
        Event weights, negative ones included. The spreads then carry the squared weights, sum w^2 (x - mean)^2 over
        (sum w)^2, which is DeLong's expression where all weights are equal, and does not change when all of them are
        multiplied by one number.

    Returns
    -------
    auc : float
        Equal to scikit-learn's ``roc_auc_score``.
    uncertainty : float
        Standard deviation expected over repeated test sets of this size, for one trained classifier: what another
        training would have given is not in it. It is nan where a class holds a single event, and 0 (too small) where
        the classes do not overlap.

    Raises
    ------
    ValueError
        If the shapes differ or are not (n_events,), a label is neither 0 nor 1, a score or a weight is not a number,
        or a class is missing or has no positive total weight.

    Examples
    --------
    >>> auc, uncertainty = roc_auc([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.5, 0.3, 0.2])
    >>> round(auc, 4), round(uncertainty, 4)
    (0.8889, 0.1571)
    """
    is_signal, score, weight = _checked(y_true, y_score, sample_weight)
    _, place = np.unique(score, return_inverse=True)  # equal scores share a place
    signal = np.bincount(place, weights=np.where(is_signal, weight, 0.0))
    background = np.bincount(place, weights=np.where(is_signal, 0.0, weight))
    background_below = (np.cumsum(background) - 0.5 * background) / background.sum()
    signal_above = 1.0 - (np.cumsum(signal) - 0.5 * signal) / signal.sum()
    auc = float(np.sum(signal * background_below) / signal.sum())
    variance = sum(
        _variance_of_mean(component[place[chosen]], weight[chosen])
        for component, chosen in ((background_below, is_signal), (signal_above, ~is_signal))
    )
    return auc, float(np.sqrt(variance))


def _variance_of_mean(values: np.ndarray, weight: np.ndarray) -> float:
    """Estimated variance of the weighted mean of ``values``, shape (n,); nan where n is effectively one."""
    total, total_squares = weight.sum(), (weight**2).sum()
    n_effective = total**2 / total_squares
    if n_effective <= 1.0:
        return float("nan")
    mean = np.sum(weight * values) / total
    spread = np.sum((weight * (values - mean)) ** 2) / total**2
    return float(spread * n_effective / (n_effective - 1.0))


def _checked(y_true, y_score, sample_weight) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    label = np.asarray(y_true)
    score = np.asarray(y_score, dtype=np.float64)
    weight = np.ones(score.shape) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    for name, array in (("y_true", label), ("y_score", score), ("sample_weight", weight)):
        if array.ndim != 1 or array.shape != label.shape:
            raise ValueError(f"{name} has shape {array.shape}; expected (n_events,), with y_true of {label.shape}")
    for name, array in (("y_score", score), ("sample_weight", weight)):
        _check_numbers(array, name)
    wrong = ~((label == 0) | (label == 1))
    if np.any(wrong):
        raise ValueError(f"y_true holds {label[wrong][0]}; expected 1 for signal and 0 for background")
    is_signal = label == 1
    for name, chosen in (("signal (1)", is_signal), ("background (0)", ~is_signal)):
        if not np.any(chosen):
            raise ValueError(f"y_true holds no {name} among its {label.size} events; expected both classes")
        if not weight[chosen].sum() > 0.0:
            raise ValueError(f"the weights of the {name} add up to {weight[chosen].sum():g}; expected more than 0")
    return is_signal, score, weight


def _check_numbers(values: np.ndarray, name: str) -> None:
    bad = np.isnan(values) if name == "y_score" else ~np.isfinite(values)
    if np.any(bad):
        raise ValueError(f"{name} holds {values[bad][0]} at position {np.flatnonzero(bad)[0]}; expected numbers")
