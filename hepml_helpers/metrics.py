"""How good is a classifier, and how sure can a finite test set make us of it.

Conventions: signal is 1 and background is 0, a higher score is more signal-like, an event passes where its score is at
least the threshold, ties count one half. Event weights count as they are, negative ones included. Every figure of merit
comes with its standard uncertainty: the spread over repeated test sets of this size, for one trained classifier. What
another training would have given is not in it. What a cut means for an experiment that counts events is in `counting`.

References: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837, for the uncertainty of an AUC;
F. Hsieh, B. W. Turnbull, Ann. Statist. 24 (1996) 25, for that of a ROC curve at a given efficiency; J. Gallicchio et
al., arXiv:1010.3698, for the significance improvement; L. Breiman, Machine Learning 45 (2001) 5, for importance by
permutation.
"""

from typing import NamedTuple

import numpy as np

MIN_BACKGROUND = 10.0  # with fewer effective background events a rejection is known to no better than 32 %


class RocCurve(NamedTuple):
    """Efficiencies as the threshold falls from infinity, where nothing passes, to the lowest score, where all do.

    Seven arrays of shape (n_points,). The uncertainties are those of the efficiencies at a fixed threshold, from
    sqrt(sum w^2); they vanish, too small, where nothing or everything passes.
    """

    thresholds: np.ndarray  # falling; the first is infinity
    signal_efficiency: np.ndarray
    signal_uncertainty: np.ndarray
    n_signal: np.ndarray  # effective number that passes, (sum w)^2 / sum w^2: the number itself for equal weights
    background_efficiency: np.ndarray
    background_uncertainty: np.ndarray
    n_background: np.ndarray


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


def roc_curve(y_true, y_score, *, sample_weight=None) -> RocCurve:
    """Signal and background efficiency at every threshold, with their uncertainties.

    Parameters
    ----------
    y_true, y_score, sample_weight
        As for `roc_auc`.

    Returns
    -------
    RocCurve
        One point for each distinct score, after the point (0, 0). Its efficiencies are the rates of scikit-learn's
        ``roc_curve(drop_intermediate=False)``. They never fall, unless weights are negative.

    Raises
    ------
    ValueError
        As `roc_auc`.

    Examples
    --------
    >>> curve = roc_curve([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    >>> curve.thresholds.tolist()
    [inf, 0.9, 0.4, 0.1]
    >>> curve.signal_efficiency.tolist(), curve.background_efficiency.tolist()
    ([0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0])
    """
    is_signal, score, weight = _checked(y_true, y_score, sample_weight)
    falling, place = np.unique(-score, return_inverse=True)
    classes = (_passing(place[chosen], weight[chosen], falling.size) for chosen in (is_signal, ~is_signal))
    return RocCurve(np.append(np.inf, -falling), *(array for arrays in classes for array in arrays))


def background_rejection(y_true, y_score, signal_efficiency, *, sample_weight=None, min_background=MIN_BACKGROUND):
    """Background rejection 1 / eps_B at a signal efficiency, and its standard uncertainty.

    The threshold is where the signal efficiency, counted from the highest score down, first reaches the wanted one;
    events of equal scores pass in shares. The uncertainty has two parts, added in quadrature: the binomial one of eps_B
    at that threshold, and that of the threshold itself, which the finite signal sample sets. The second is the binomial
    uncertainty of the signal efficiency times the slope of the ROC curve, taken over two such uncertainties either way.

    Parameters
    ----------
    y_true, y_score, sample_weight
        As for `roc_auc`.
    signal_efficiency : float or array_like, shape (n_points,)
        Above 0, at most 1.
    min_background : float
        Effective number (sum w)^2 / sum w^2 of passing background events below which there is no answer.

    Returns
    -------
    rejection, uncertainty : float or ndarray, shape (n_points,)
        Both nan where too few background events pass. At an efficiency of 1 the second part is missing.

    Raises
    ------
    ValueError
        As `roc_auc`; also if a signal efficiency is not above 0 and at most 1.

    Examples
    --------
    >>> y_true, y_score = np.repeat([1, 0], 1000), np.append(np.arange(1000) + 800.0, np.arange(1000))
    >>> rejection, uncertainty = background_rejection(y_true, y_score, 0.9)
    >>> round(rejection, 2), round(uncertainty, 2)
    (10.0, 1.34)
    """
    curve = roc_curve(y_true, y_score, sample_weight=sample_weight)
    wanted = _checked_efficiency(signal_efficiency)
    fields = curve.signal_uncertainty, curve.background_efficiency, curve.background_uncertainty, curve.n_background
    sigma_signal, efficiency, sigma, n_passing = _at(curve, wanted, *fields)
    sigma = np.hypot(sigma, _slope_over(curve, wanted, 2.0 * sigma_signal) * sigma_signal)
    efficiency = np.where((efficiency > 0.0) & (n_passing >= min_background), efficiency, np.nan)
    return _plain(1.0 / efficiency), _plain(sigma / efficiency**2)


def significance_improvement(y_true, y_score, signal_efficiency, *, sample_weight=None, min_background=MIN_BACKGROUND):
    """Significance improvement (SIC) eps_S / sqrt(eps_B) at a signal efficiency, and its standard uncertainty.

    It is the factor by which a cut on the score changes S / sqrt(B). The highest of many points is a biased estimate,
    the more so the fewer events stand behind each: ask for more background events before looking for a maximum, or
    choose the point on a validation set.

    Parameters
    ----------
    y_true, y_score, signal_efficiency, sample_weight, min_background
        As for `background_rejection`.

    Returns
    -------
    improvement, uncertainty : float or ndarray, shape (n_points,)
        Both nan where too few background events pass.

    Raises
    ------
    ValueError
        As `background_rejection`.

    Examples
    --------
    >>> y_true, y_score = np.repeat([1, 0], 1000), np.append(np.arange(1000) + 800.0, np.arange(1000))
    >>> improvement, uncertainty = significance_improvement(y_true, y_score, [0.5, 0.9], min_background=25)
    >>> improvement.round(2).tolist(), uncertainty.round(2).tolist()
    ([nan, 2.85], [nan, 0.19])
    """
    rejection, uncertainty = background_rejection(
        y_true, y_score, signal_efficiency, sample_weight=sample_weight, min_background=min_background
    )
    improvement = np.asarray(signal_efficiency, dtype=np.float64) * np.sqrt(rejection)
    return _plain(improvement), _plain(improvement * uncertainty / rejection / 2.0)


def permutation_importance(predict, X, y_true, rng, *, sample_weight=None, repeats=5) -> tuple[np.ndarray, np.ndarray]:
    """Drop of the AUC when one feature is shuffled among the events, and how much the drop varies between shuffles.

    A feature that shares its information with another seems unimportant, since the other still has it.

    Parameters
    ----------
    predict : callable
        Maps an array like ``X`` to scores of shape (n_events,) or (n_events, 1).
    X : array_like, shape (n_events, ..., n_features)
        What the classifier sees. A feature is shuffled as a whole: over events, all axes between kept together.
    y_true : array_like, shape (n_events,)
        1 for signal, 0 for background.
    rng : numpy.random.Generator
    sample_weight : array_like, shape (n_events,), optional
        Event weights, negative ones included. They stay with their events, as the labels do; values are shuffled.
    repeats : int
        Shuffles of each feature, at least 2.

    Returns
    -------
    importance, spread : ndarray, shape (n_features,)
        Mean and standard deviation over the shuffles. The spread tells whether ``repeats`` is enough; that the test set
        is finite is not in it: see the uncertainty of `roc_auc`.

    Raises
    ------
    ValueError
        As `roc_auc`; also if ``X`` has no axis of features or another number of events, or for fewer than 2 repeats.

    Examples
    --------
    >>> X, y_true = np.array([[0.1, 7.0], [0.2, 7.0], [0.8, 7.0], [0.9, 7.0]]), [0, 0, 1, 1]
    >>> importance, spread = permutation_importance(lambda X: X.sum(axis=1), X, y_true, np.random.default_rng(1))
    >>> importance.round(2).tolist(), spread.round(2).tolist()
    ([0.2, 0.0], [0.27, 0.0])
    """
    X = np.asarray(X)
    if X.ndim < 2 or X.shape[0] != np.size(y_true):
        raise ValueError(f"X has shape {X.shape}; expected ({np.size(y_true)}, ..., n_features), the events of y_true")
    if repeats < 2:
        raise ValueError(f"repeats is {repeats}; expected at least 2, for a spread")

    def auc(features):
        return roc_auc(y_true, np.reshape(predict(features), -1), sample_weight=sample_weight)[0]

    drops = np.full((repeats, X.shape[-1]), auc(X))
    for repeat, feature in np.ndindex(drops.shape):
        shuffled = X.copy()
        shuffled[..., feature] = X[rng.permutation(len(X)), ..., feature]
        drops[repeat, feature] -= auc(shuffled)
    return drops.mean(axis=0), drops.std(axis=0, ddof=1)


def _passing(place: np.ndarray, weight: np.ndarray, n_places: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Efficiency of one class, its uncertainty and the effective number that passes, shape (n_places + 1,)."""
    passing, squares = (
        np.append(0.0, np.cumsum(np.bincount(place, weights=w, minlength=n_places))) for w in (weight, weight**2)
    )
    efficiency = passing / passing[-1]
    # sum over all events of w^2 (1 - eps)^2 where they pass and w^2 eps^2 where they fail: binomial for equal weights
    variance = (1.0 - efficiency) ** 2 * squares + efficiency**2 * (squares[-1] - squares)
    n_effective = np.divide(passing**2, squares, out=np.zeros_like(passing), where=passing > 0.0)
    return efficiency, np.sqrt(variance) / passing[-1], n_effective


def _at(curve: RocCurve, signal_efficiency: np.ndarray, *fields: np.ndarray) -> list[np.ndarray]:
    """Fields of the curve, between its points, where the signal efficiency first reaches the given one."""
    reached = np.maximum.accumulate(curve.signal_efficiency)  # with negative weights the efficiency also falls
    after = np.maximum(np.searchsorted(reached, signal_efficiency - 1e-12), 1)  # a rounding error is no missing event
    before = after - 1
    step = curve.signal_efficiency[after] - curve.signal_efficiency[before]
    missing = np.clip(signal_efficiency - curve.signal_efficiency[before], 0.0, step)
    share = np.divide(missing, step, out=np.zeros_like(missing), where=step > 0.0)
    return [values[before] + share * (values[after] - values[before]) for values in fields]


def _slope_over(curve: RocCurve, signal_efficiency: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Mean slope d eps_B / d eps_S of the curve within this reach of a signal efficiency, as far as the curve goes."""
    low, high = np.maximum(signal_efficiency - reach, 0.0), np.minimum(signal_efficiency + reach, 1.0)
    (below,), (above,) = (_at(curve, end, curve.background_efficiency) for end in (low, high))
    return np.divide(above - below, high - low, out=np.zeros_like(low), where=high > low)


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


def _checked_efficiency(signal_efficiency) -> np.ndarray:
    wanted = np.asarray(signal_efficiency, dtype=np.float64)
    bad = ~((wanted > 0.0) & (wanted <= 1.0))
    if np.any(bad):
        raise ValueError(f"signal_efficiency holds {wanted[bad].flat[0]}; expected numbers above 0, at most 1")
    return wanted


def _plain(values):
    """A number for a number, an array for an array."""
    return float(values) if np.ndim(values) == 0 else values
