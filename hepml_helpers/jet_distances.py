"""Fréchet and kernel physics distances (FPD, KPD): the two numbers by which generators of jets are compared in papers.

Both look at all features of an event together and need no network of their own. FPD compares means and covariances: it
is the squared distance of the two Gaussians that have them, and blind to all else. KPD compares all moments up to the
fourth, mixed ones included, by an MMD with a polynomial kernel. Each feature is first divided by the largest absolute
value that it has among the real events.

The definitions are those of the library jetnet (0.2.5), sampling with replacement included. With the same random
numbers KPD is the same to ten digits and FPD within a quarter of its uncertainty, since here the straight line is
fitted exactly; the tests hold jetnet's numbers. Finite samples differ, so neither distance is zero for real events:
quote it beside two real samples of the same size, and compare with published values only on the same features, for
samples as large as theirs (50 000 or more).

References: R. Kansal et al., arXiv:2211.10295, for FPD and KPD; M. Chong, D. Forsyth, arXiv:1911.07023, for the
extrapolation to samples without end.
"""

import numpy as np

from hepml_helpers import two_sample


def frechet(a, b) -> float:
    """Squared Fréchet distance |mu_a - mu_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two samples.

    It is the squared Wasserstein-2 distance of two normal distributions with their means and covariances.

    Parameters
    ----------
    a, b : array_like, shapes (n_a, n_features) and (n_b, n_features)
        In one unit, or none: a feature counts by its square.

    Returns
    -------
    float
        In the square of that unit; zero, within rounding, where means and covariances are equal.

    Raises
    ------
    ValueError
        If a sample has another shape, fewer than 2 events or what is not a finite number, or the features differ.

    Examples
    --------
    >>> round(frechet([[0.0], [2.0]], [[5.0], [9.0]]), 9)  # means 1 and 7, deviations sqrt(2) and sqrt(8): 36 + 2
    38.0
    """
    return _frechet(*_checked_pair(a, b, ("a", "b")))


def fpd(generated, real, rng, *, sizes=(20_000, 50_000), points: int = 10, repeats: int = 20) -> tuple[float, float]:
    """Fréchet physics distance: `frechet`, extrapolated to samples without end.

    A finite sample's distance is too large by an amount that falls like 1/n. So it is measured on random parts (drawn
    with replacement) of several sizes n, and a straight line in 1/n, neither falling nor below zero, is followed to
    1/n = 0.

    Parameters
    ----------
    generated, real : array_like, shapes (n_generated, n_features) and (n_real, n_features)
    rng : numpy.random.Generator
    sizes : (smallest, largest)
        Of the parts. The default is that of the definition; of samples with less than 50 000 events take parts of
        a quarter of the sample up to all of it.
    points : int
        Sizes between the two, evenly in 1/n, at least 3.
    repeats : int
        Pairs of parts of each size.

    Returns
    -------
    value, uncertainty : float
        The uncertainty is that of the straight line, as in the definition. What another sample would have given is not
        in it; and since the parts are drawn from finite samples, two real samples keep a distance that falls like one
        over their size. Quote that beside it.

    Raises
    ------
    ValueError
        As `frechet`; also if the sizes are not two rising numbers from 2 on, for fewer than 3 points, or for none
        of the repeats.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> real = rng.uniform(-1, 1, (4000, 1))
    >>> value, uncertainty = fpd(real + 0.5, real, rng, sizes=(1000, 4000))
    >>> round(value, 2), uncertainty < 0.01  # the square of the shift
    (0.25, True)
    """
    generated, real = _scaled(generated, real)
    smallest, largest = sizes
    if not 2 <= smallest < largest:
        raise ValueError(f"sizes are {sizes}; expected two rising numbers, 2 or more")
    if points < 3 or repeats < 1:
        raise ValueError(f"points is {points} and repeats {repeats}; expected at least 3 and 1")
    n = (1.0 / np.linspace(1.0 / smallest, 1.0 / largest, points)).astype(int)
    found = [np.mean([_frechet(*_parts(generated, real, size, rng)) for _ in range(repeats)]) for size in n]
    return _intercept(1.0 / n, np.array(found))


def kpd(generated, real, rng, *, size: int = 5000, repeats: int = 10) -> tuple[float, float]:
    """Kernel physics distance: the unbiased squared MMD with the kernel (x.y / n_features + 1)^4, on random parts.

    Parameters
    ----------
    generated, real : array_like, shapes (n_generated, n_features) and (n_real, n_features)
    rng : numpy.random.Generator
    size : int
        Of the parts, drawn with replacement; the default is that of the definition. Memory grows as its square.
    repeats : int
        Pairs of parts, at least 2.

    Returns
    -------
    value, uncertainty : float
        Median over the parts, and half of the range that holds the central 68 % of them: the uncertainty for one part,
        not for the whole sample.

    Raises
    ------
    ValueError
        As `frechet`; also for a size or repeats below 2.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> value, uncertainty = kpd(rng.normal(size=(3000, 2)), rng.normal(size=(3000, 2)), rng, size=1000)
    >>> abs(value) < 0.01
    True
    """
    generated, real = _scaled(generated, real)
    if size < 2 or repeats < 2:
        raise ValueError(f"size is {size} and repeats {repeats}; expected at least 2 of each")
    pairs = (_parts(generated, real, size, rng) for _ in range(repeats))
    found = [two_sample.mmd(*pair, width=1.0, kernel="polynomial") for pair in pairs]
    return float(np.median(found)), float(np.diff(np.percentile(found, [16.275, 83.725]))[0] / 2.0)


def _frechet(a: np.ndarray, b: np.ndarray) -> float:
    difference = a.mean(axis=0) - b.mean(axis=0)
    of_a, of_b = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    values, vectors = np.linalg.eigh(of_a)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    both = np.linalg.eigvalsh(root @ of_b @ root)  # those of C_a C_b, and by symmetry no rounding makes them complex
    return float(difference @ difference + np.trace(of_a + of_b) - 2.0 * np.sqrt(np.maximum(both, 0.0)).sum())


def _intercept(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The value at x = 0 of the best straight line with no negative coefficient, and its uncertainty."""
    from scipy import optimize

    columns = np.column_stack([np.ones_like(x), x / x.max()])
    (at_zero, _), rest = optimize.nnls(columns, y)
    variance = rest**2 / (len(x) - 2) * np.linalg.inv(columns.T @ columns)[0, 0]
    return float(at_zero), float(np.sqrt(variance))


def _parts(generated: np.ndarray, real: np.ndarray, size: int, rng) -> tuple[np.ndarray, np.ndarray]:
    """A random part of each sample, with replacement."""
    of_real, of_generated = (rng.choice(len(x), size=size) for x in (real, generated))
    return generated[of_generated], real[of_real]


def _scaled(generated, real) -> tuple[np.ndarray, np.ndarray]:
    """Both samples over the largest absolute value of each feature of the real one (one, where that is zero)."""
    generated, real = _checked_pair(generated, real, ("generated", "real"))
    largest = np.abs(real).max(axis=0)
    largest[largest == 0.0] = 1.0
    return generated / largest, real / largest


def _checked_pair(a, b, names: tuple[str, str]) -> tuple[np.ndarray, np.ndarray]:
    samples = [np.asarray(sample, dtype=np.float64) for sample in (a, b)]
    for sample, name in zip(samples, names, strict=True):
        if sample.ndim != 2 or len(sample) < 2:
            raise ValueError(f"{name} has shape {sample.shape}; expected (n, n_features) with n of at least 2")
        if not np.all(np.isfinite(sample)):
            raise ValueError(f"{name} holds {sample[~np.isfinite(sample)][0]}; expected finite numbers")
    if samples[0].shape[1] != samples[1].shape[1]:
        sizes = [sample.shape[1] for sample in samples]
        raise ValueError(f"{names[0]} has {sizes[0]} features and {names[1]} has {sizes[1]}; expected the same")
    return samples[0], samples[1]
