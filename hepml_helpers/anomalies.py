"""Searches for a signal that nobody has described: events, windows, folds, and what a cut is worth.

Tables of dijets have the columns mass of the pair, mass of the lighter jet, heavier minus lighter jet mass (GeV), tau21
of the lighter and of the heavier jet. A score is higher for what looks more like signal.

References: J. Collins, K. Howe, B. Nachman, arXiv:1805.02664, for folds; A. Hallin et al., arXiv:2109.00546, for the
features and for a density that is learned beside a window and sampled within.
"""

import numpy as np

from hepml_helpers import counting, datasets, jets, metrics

FEATURES = ("m_j1", "delta_m_j", "tau21_j1", "tau21_j2")
ROUNDING = 2.0**-9  # relative, of the stored features
REACH = 4.0  # normal features are cut off there


def jet_images(sample, *, n_pixels: int = 16, half_width: float = 0.8) -> np.ndarray:
    """Images of shares of pt of centred, turned and flipped jets, shape (n_jets, n_pixels^2), float32.

    Parameters
    ----------
    sample : awkward.Array
        With lists ``constituent_pt``, ``constituent_delta_eta``, ``constituent_delta_phi``; the first 40 are used.
    n_pixels, half_width
        As for `jets.pixelate`.
    """
    images = jets.images(sample, length=40, n_pixels=n_pixels, half_width=half_width).reshape(len(sample), -1)
    return (images / images.sum(axis=1, keepdims=True)).astype(np.float32)


def load_dijets(name: str, rng) -> np.ndarray:
    """All events of a dijet sample in random order, as a table of shape (n_events, 5).

    The features are smeared by the rounding with which they are stored, lest a network learn the rounding. A groomed
    jet of less than 1 GeV consists of one particle, and its mass has no meaning: it is drawn between 0 and 1 GeV.

    Parameters
    ----------
    name : {"dijet_background", "dijet_signal"}
    rng : numpy.random.Generator
    """
    table = datasets.load_dataset(name)[["m_jj", *FEATURES]].to_numpy(np.float64, copy=True)
    table = table[rng.permutation(len(table))]
    table[:, 1:] *= 1.0 + ROUNDING * rng.uniform(-0.5, 0.5, table[:, 1:].shape)
    masses = table[:, 1:3]
    table[:, 1:3] = np.where(masses < 1.0, rng.uniform(0.0, 1.0, masses.shape), masses)
    return table


def within(table, low: float, high: float) -> np.ndarray:
    """Events whose pair mass, the first column, lies between two values: shape (n, n_columns).

    Examples
    --------
    >>> within(np.array([[3.0, 7.0], [5.0, 8.0]]), 4, 6).tolist()
    [[5.0, 8.0]]
    """
    return table[(table[:, 0] > low) & (table[:, 0] < high)]


def beside(table, low: float, high: float) -> np.ndarray:
    """All other events.

    Examples
    --------
    >>> beside(np.array([[3.0, 7.0], [5.0, 8.0]]), 4, 6).tolist()
    [[3.0, 7.0]]
    """
    return table[~((table[:, 0] > low) & (table[:, 0] < high))]


class NormalFeatures:
    """Each feature mapped monotonically onto a standard normal distribution, by its quantiles in a table.

    Parameters
    ----------
    table : ndarray, shape (n_events, 1 + n_features)
        The first column, the mass, becomes the context (mass - 3500 GeV) / 600 GeV.
    """

    def __init__(self, table):
        from sklearn.preprocessing import QuantileTransformer

        options = {"n_quantiles": min(1000, len(table)), "subsample": None, "output_distribution": "normal"}
        self._map = QuantileTransformer(**options).fit(table[:, 1:])

    def __call__(self, table) -> list[np.ndarray]:
        """Normal features, shape (n, n_features), and the context, shape (n, 1): what a flow is given."""
        x = np.clip(self._map.transform(table[:, 1:]), -REACH, REACH)
        return [x.astype(np.float32), ((table[:, :1] - 3500.0) / 600.0).astype(np.float32)]

    def log_prob(self, flow, table) -> np.ndarray:
        """ln p(normal features | mass) by a flow, shape (n,)."""
        return np.asarray(flow.predict(self(table), batch_size=8192, verbose=0))

    def sample(self, flow, mass, rng) -> np.ndarray:
        """Events at these masses by a flow, shape (n, 1 + n_features)."""
        z = np.clip(rng.normal(size=(len(mass), flow.n_features)), -REACH, REACH).astype(np.float32)
        context = ((np.reshape(mass, (-1, 1)) - 3500.0) / 600.0).astype(np.float32)
        x = np.clip(np.asarray(flow.inverse(z, context)), -REACH, REACH)
        return np.column_stack([mass, self._map.inverse_transform(x)])

    def sample_like(self, flow, table, rng) -> np.ndarray:
        """Twice as many events as a table holds, at masses drawn from it with replacement."""
        return self.sample(flow, rng.choice(table[:, 0], 2 * len(table)), rng)


def select_in_folds(table, train, rng, *, k: int = 5, keep: float = 0.02) -> np.ndarray:
    """The events that pass a cut on a score, none of them judged by a classifier that has seen it.

    Parameters
    ----------
    table : ndarray, shape (n_events, n_columns)
    train : callable
        ``train(seen)`` returns a function from a table to scores.
    rng : numpy.random.Generator
        Deals the events to the folds.
    k : int
        Folds, at least 2.
    keep : float
        Share of the events of each fold that pass: those of the highest scores.

    Returns
    -------
    ndarray, shape (about keep n_events, n_columns)

    Raises
    ------
    ValueError
        For fewer than 2 folds, or a share that is not between 0 and 1.
    """
    if k < 2 or not 0.0 < keep < 1.0:
        raise ValueError(f"k is {k} and keep {keep}; expected at least 2 folds and a share between 0 and 1")
    fold = rng.permutation(len(table)) % k
    passing = []
    for part in range(k):
        judged = table[fold == part]
        score = train(table[fold != part])(judged)
        passing.append(judged[score >= np.quantile(score, 1.0 - keep)])
    return np.concatenate(passing)


def best_improvement(y_true, y_score, *, min_background: float = 25.0) -> tuple[float, float]:
    """Largest significance improvement over signal efficiencies from 5 to 100 %, and its uncertainty there.

    Parameters
    ----------
    y_true, y_score
        As for `metrics.significance_improvement`.
    min_background : float
        Background events that have to pass. The largest of many values is biased upwards, the less the more pass.
    """
    efficiencies = np.geomspace(0.05, 1.0, 50)
    value, spread = metrics.significance_improvement(y_true, y_score, efficiencies, min_background=min_background)
    best = int(np.argmax(np.nan_to_num(value)))
    return float(value[best]), float(spread[best])


def after_cut(
    score, validation, background, signal, n_background, n_signal, *, keep=0.01
) -> tuple[float, float, float]:
    """What is expected of a cut whose threshold lets a given share of validation background pass.

    Parameters
    ----------
    score : callable
        From a table to scores.
    validation, background, signal : ndarray, shapes (n, n_columns)
        Background that sets the threshold; test events of background and of signal.
    n_background, n_signal : float
        Expected events before the cut.
    keep : float
        Share of the validation background.

    Returns
    -------
    significance, improvement, uncertainty : float
        Expected (Asimov) significance; eps_S / sqrt(eps_B); and its uncertainty from the test background. At least one
        background event is taken to pass.
    """
    threshold = np.quantile(score(validation), 1.0 - keep)
    passed = max(int(np.sum(score(background) >= threshold)), 1)
    eps_b, eps_s = passed / len(background), float(np.mean(score(signal) >= threshold))
    improvement = eps_s / np.sqrt(eps_b)
    z = counting.significance(n_signal * eps_s, n_background * eps_b)
    return float(z), float(improvement), float(improvement / np.sqrt(passed) / 2.0)
