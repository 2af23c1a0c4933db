"""How far is a sample of generated events from a sample of real ones, and how far is real from real.

A distance between two finite samples is never zero: two real samples differ too. So each distance here comes with its
uncertainty and with the same distance between two real samples of the same size, which is what a perfect generator
would get. The distances ask different questions. Wasserstein-1 looks at one observable, in its unit; MMD at one or
several, at the scale of its kernel; a classifier looks at all of them together, and finds what nobody thought to plot.

References: S. Ramdas, N. García Trillos, M. Cuturi, arXiv:1509.02237, for Wasserstein distances and MMD as tests of two
samples; A. Gretton et al., JMLR 13 (2012) 723, lemma 6, for the unbiased MMD^2; D. Lopez-Paz, M. Oquab,
arXiv:1610.06545, for a classifier as such a test; B. Efron, "The Jackknife, the Bootstrap and Other Resampling Plans"
(1982), for the half-sample estimate of an uncertainty.
"""

from typing import NamedTuple

import numpy as np

from hepml_helpers import metrics

KERNELS = ("gaussian", "breit-wigner", "polynomial")


class Distance(NamedTuple):
    """A distance between generated and real events, beside the same between real events; each with its spread."""

    value: float  # of halves of the samples, generated against real, averaged over random halves
    uncertainty: float  # spread of `value` over random halves: the standard uncertainty for the whole samples
    real: float  # of two halves of the real sample, averaged likewise: what a perfect generator would get
    real_spread: float


def against_real(distance, generated, real, rng, *, repeats=20) -> Distance:
    """A distance with its uncertainty, and the same distance between real samples of the same size.

    Both samples are halved at random, again and again. Half of the generated events against half of the real ones gives
    the value, the two halves of the real ones give what a perfect generator would get. All halves have one size, since
    most distances between finite samples shrink as the samples grow.

    Parameters
    ----------
    distance : callable
        ``distance(a, b)`` of two arrays of shape (n, ...), such as `wasserstein` or a function of `mmd`.
    generated, real : array_like, shapes (n_generated, ...) and (n_real, ...)
    rng : numpy.random.Generator
    repeats : int
        Random halvings, at least 2.

    Returns
    -------
    Distance
        The uncertainty is that of the finite samples, for one trained generator: what another training would have
        given is not in it.

    Raises
    ------
    ValueError
        If a sample holds fewer than 4 events, or for fewer than 2 repeats.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> real, generated = rng.normal(size=2000), rng.normal(loc=0.5, size=2000)
    >>> found = against_real(wasserstein, generated, real, rng)
    >>> round(found.value, 1), found.real < 0.1
    (0.5, True)
    """
    generated, real = np.asarray(generated), np.asarray(real)
    for name, sample in (("generated", generated), ("real", real)):
        if len(sample) < 4:
            raise ValueError(f"{name} holds {len(sample)} events; expected at least 4, for two halves with a spread")
    if repeats < 2:
        raise ValueError(f"repeats is {repeats}; expected at least 2, for a spread")
    n = min(len(generated), len(real)) // 2
    values = np.empty((repeats, 2))
    for row in values:
        first, second = np.split(rng.permutation(len(real))[: 2 * n], 2)
        some = rng.permutation(len(generated))[:n]
        row[:] = distance(generated[some], real[first]), distance(real[second], real[first])
    means, spreads = values.mean(axis=0), values.std(axis=0, ddof=1)
    return Distance(float(means[0]), float(spreads[0]), float(means[1]), float(spreads[1]))


def wasserstein(a, b) -> float:
    """Wasserstein-1 distance of two samples of one observable, in its unit: the area between the two cumulative curves.

    It is the mean way by which the values of one sample have to be moved to become the other.

    Parameters
    ----------
    a, b : array_like, shapes (n_a,) and (n_b,)

    Raises
    ------
    ValueError
        If a sample is empty, has another shape, or holds what is not a finite number.

    Examples
    --------
    >>> wasserstein([0.0, 1.0], [5.0, 8.0])
    6.0
    """
    from scipy import stats

    return float(stats.wasserstein_distance(*(_checked(x, name, ndim=1) for x, name in ((a, "a"), (b, "b")))))


def mmd(a, b, *, width: float, kernel: str = "gaussian") -> float:
    """Unbiased estimate of the squared maximum mean discrepancy <k(a, a')> + <k(b, b')> - 2 <k(a, b)>.

    Parameters
    ----------
    a, b : array_like, shapes (n_a,) or (n_a, n_features), and n_b likewise
        Memory grows as n_a n_b: a few thousand events are enough.
    width : float
        Scale sigma of the kernel in the unit of the observables; with several, scale them before.
    kernel : {"gaussian", "breit-wigner", "polynomial"}
        exp(-d^2 / 2 sigma^2) or sigma^2 / (d^2 + sigma^2) of the distance d of two events, or
        (x.y / (n_features sigma^2) + 1)^4, which sees all moments up to the fourth and depends on where zero lies.

    Returns
    -------
    float
        Near zero, and also below, where the two samples come from one distribution.

    Raises
    ------
    ValueError
        If a sample holds fewer than 2 events or what is not a finite number, the features differ, the width is not
        above 0, or the kernel is unknown.

    Examples
    --------
    >>> round(mmd([0.0, 0.0], [1.0, 1.0], width=1.0, kernel="breit-wigner"), 12)
    1.0
    """
    a, b = (_checked(x, name).reshape(len(x), -1) for x, name in ((a, "a"), (b, "b")))
    for name, sample in (("a", a), ("b", b)):
        if len(sample) < 2:
            raise ValueError(f"{name} holds {len(sample)} event; expected at least 2: no event is paired with itself")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"a has {a.shape[1]} features and b has {b.shape[1]}; expected the same")
    if not width > 0.0:
        raise ValueError(f"width is {width}; expected a number above 0")
    if kernel not in KERNELS:
        raise ValueError(f"kernel is {kernel!r}; expected one of {', '.join(KERNELS)}")
    within = (_mean_of_pairs(_kernel(x, x, width, kernel)) for x in (a, b))
    return float(sum(within) - 2.0 * _kernel(a, b, width, kernel).mean())


def worst_ratio(generated, real, *, bins: int = 10, coverage: float = 0.9) -> tuple[float, float]:
    """Largest deviation from one of the ratio of two histograms of one observable, and the uncertainty of that bin.

    Parameters
    ----------
    generated, real : array_like, shapes (n_generated,) and (n_real,)
        Both histograms are scaled to one over all events, those outside the bins included.
    bins : int
        Each with the same number of real events, so that no bin owes its place to having few. Together they hold the
        central share ``coverage`` of the real events.
    coverage : float
        Above 0, below 1.

    Returns
    -------
    deviation, uncertainty : float
        The largest |ratio - 1|; it is inf if a bin holds no real event. The largest of many bins fluctuates upwards:
        of two perfect samples it is some two uncertainties, not zero.

    Raises
    ------
    ValueError
        If a sample is empty, has another shape, or holds what is not a finite number, or the coverage is not between
        0 and 1.

    Examples
    --------
    >>> deviation, uncertainty = worst_ratio([1, 1, 1, 3], [1, 1, 3, 3], bins=2, coverage=0.99)
    >>> round(deviation, 2), round(uncertainty, 2)
    (0.5, 1.37)
    """
    generated, real = (_checked(x, name, ndim=1) for x, name in ((generated, "generated"), (real, "real")))
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage is {coverage}; expected a share between 0 and 1")
    edges = np.quantile(real, np.linspace(0.5 - coverage / 2, 0.5 + coverage / 2, bins + 1))
    counts, truth = (np.histogram(x, edges)[0] for x in (generated, real))
    if not np.all(truth):
        return float("inf"), float("inf")
    scale = real.size / generated.size
    variance = scale**2 * (counts / truth**2 + counts**2 / truth**3)
    deviation = np.abs(scale * counts / truth - 1.0)
    worst = np.argmax(deviation)
    return float(deviation[worst]), float(np.sqrt(variance[worst]))


def tail_ratio(generated, real, *, share: float = 0.01) -> tuple[float, float]:
    """Share of generated events above what a small share of the real ones exceeds, over that share.

    Parameters
    ----------
    generated, real : array_like, shapes (n_generated,) and (n_real,)
    share : float
        Of the real events, above 0, below 1.

    Returns
    -------
    ratio, uncertainty : float
        One for a perfect generator. The uncertainty holds the binomial ones of both samples.

    Raises
    ------
    ValueError
        As `worst_ratio`, for the share; also if no real event lies above.

    Examples
    --------
    >>> ratio, uncertainty = tail_ratio([8, 9, 9, 9], range(10), share=0.25)
    >>> round(ratio, 2), round(uncertainty, 2)
    (3.33, 1.61)
    """
    generated, real = (_checked(x, name, ndim=1) for x, name in ((generated, "generated"), (real, "real")))
    if not 0.0 < share < 1.0:
        raise ValueError(f"share is {share}; expected one between 0 and 1")
    threshold = np.quantile(real, 1.0 - share)
    ours, theirs = (np.mean(x > threshold) for x in (generated, real))
    if theirs == 0.0:
        raise ValueError(f"no real event lies above {threshold}; expected some")
    relative = (1.0 - theirs) / (theirs * real.size)  # squared uncertainty of theirs over its square
    variance = ours * (1.0 - ours) / generated.size / theirs**2 + (ours / theirs) ** 2 * relative
    return float(ours / theirs), float(np.sqrt(variance))


def classifier_test(generated, real, rng, *, classifier=None) -> tuple[float, float]:
    """AUC of a classifier that is trained to tell generated from real events: 0.5 is perfect.

    Half of both samples trains it, the other half judges it, so that it cannot win by remembering. Real against real,
    ``classifier_test(*np.array_split(real, 2), rng)``, shows what half the events can tell: 0.5 within the uncertainty.

    Parameters
    ----------
    generated, real : array_like, shapes (n_generated, n_features) and (n_real, n_features)
    rng : numpy.random.Generator
        Halves the samples and seeds the default classifier.
    classifier : estimator of scikit-learn's kind, optional
        With ``fit(X, y)`` and ``predict_proba(X)``; boosted trees by default, which need no scaling.

    Returns
    -------
    auc, uncertainty : float
        The area, real being the signal, with the uncertainty of `metrics.roc_auc`. A value below 0.5 has no other
        meaning than 0.5 itself. A weak classifier flatters the generator: say which one was used.

    Raises
    ------
    ValueError
        If a sample has fewer than 4 events, is not of two axes or not finite, or the features differ.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> auc, uncertainty = classifier_test(rng.normal(size=(4000, 1)) + 2.0, rng.normal(size=(4000, 1)), rng)
    >>> round(auc, 1), uncertainty < 0.02
    (0.9, True)
    """
    generated, real = (_checked(x, name, ndim=2) for x, name in ((generated, "generated"), (real, "real")))
    if generated.shape[1] != real.shape[1]:
        raise ValueError(f"generated has {generated.shape[1]} features and real {real.shape[1]}; expected the same")
    for name, sample in (("generated", generated), ("real", real)):
        if len(sample) < 4:
            raise ValueError(f"{name} holds {len(sample)} events; expected at least 4, two to train and two to judge")
    if classifier is None:
        from sklearn.ensemble import HistGradientBoostingClassifier

        seed = int(rng.integers(2**31))
        classifier = HistGradientBoostingClassifier(max_iter=150, early_stopping=False, random_state=seed)
    halves = [np.array_split(sample[rng.permutation(len(sample))], 2) for sample in (generated, real)]
    (X, y), (X_test, y_test) = (_labelled(*parts) for parts in zip(*halves, strict=True))
    return metrics.roc_auc(y_test, classifier.fit(X, y).predict_proba(X_test)[:, 1])


def _labelled(generated: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([generated, real]), np.repeat([0, 1], [len(generated), len(real)])


def _kernel(a: np.ndarray, b: np.ndarray, width: float, kernel: str) -> np.ndarray:
    """Kernel of each pair, shape (n_a, n_b)."""
    if kernel == "polynomial":
        return np.square(np.square(a @ b.T / (a.shape[1] * width**2) + 1.0))
    squared = sum((a[:, None, i] - b[None, :, i]) ** 2 for i in range(a.shape[1])) / width**2
    return np.exp(-0.5 * squared) if kernel == "gaussian" else 1.0 / (1.0 + squared)


def _mean_of_pairs(values: np.ndarray) -> float:
    """Mean of a square array without its diagonal."""
    n = len(values)
    return (values.sum() - np.trace(values)) / (n * (n - 1))


def _checked(sample, name: str, *, ndim: int | None = None) -> np.ndarray:
    sample = np.asarray(sample, dtype=np.float64)
    if sample.ndim not in ((1, 2) if ndim is None else (ndim,)):
        raise ValueError(f"{name} has shape {sample.shape}; expected {('(n,)', '(n, n_features)')[(ndim or 2) - 1]}")
    if not sample.size:
        raise ValueError(f"{name} is empty; expected events")
    if not np.all(np.isfinite(sample)):
        raise ValueError(f"{name} holds {sample[~np.isfinite(sample)][0]}; expected finite numbers")
    return sample
