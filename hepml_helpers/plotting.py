"""Figures in one style: histograms and curves with their uncertainties, recorded data as points, and the data's source.

Every helper draws on the ``ax`` it is given, or on the current one, and returns it. Histograms are ``hist.Hist``
objects with weighted storage, so that their uncertainty is sqrt(sum w^2). Background and signal keep their two colours
all course long.
"""

from importlib.resources import files

import hist
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from hist.intervals import poisson_interval

from hepml_helpers import metrics

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BACKGROUND = "#0072B2"
SIGNAL = "#D55E00"
ACCENT = "#009E73"
DATA = "#000000"
PALETTE = [BACKGROUND, SIGNAL, ACCENT, "#CC79A7", "#E69F00", "#56B4E9", DATA]


def use_style() -> None:
    """Draw all figures from here on in the course's style."""
    plt.style.use(str(files("hepml_helpers") / "hepml.mplstyle"))


def make_hist(values, bins, *, weights=None, label: str = "") -> hist.Hist:
    """Fill a histogram that keeps the sum of weights and of squared weights in each bin.

    Parameters
    ----------
    values : array_like, shape (n,)
    bins : (int, float, float) or array_like of edges
        Number of bins, low and high edge; or all the edges.
    weights : array_like, shape (n,), optional
        Event weights; negative ones count as they are.
    label : str
        Axis label with its unit, such as ``"$m_{\\mu\\mu}$ [GeV]"``.

    Returns
    -------
    hist.Hist
        With weighted storage, underflow and overflow.

    Raises
    ------
    ValueError
        If a value or a weight is not a finite number, or there are not as many weights as values.

    Examples
    --------
    >>> h = make_hist([0.5, 0.5, 1.5], (2, 0, 2), weights=[1.0, 3.0, 2.0])
    >>> h.values().tolist(), h.variances().tolist()
    ([4.0, 2.0], [10.0, 4.0])
    """
    values = np.asarray(values, dtype=np.float64)
    _check_finite(values, "values")
    if weights is not None:
        weights = np.asarray(weights, dtype=np.float64)
        _check_finite(weights, "weights")
        if weights.shape != values.shape:
            raise ValueError(f"weights have shape {weights.shape}; expected that of the values, {values.shape}")
    if isinstance(bins, tuple) and len(bins) == 3:
        axis = hist.axis.Regular(*bins, label=label)
    else:
        axis = hist.axis.Variable(bins, label=label)
    return hist.Hist(axis, storage=hist.storage.Weight()).fill(values, weight=weights)


def plot_hist(h: hist.Hist, ax=None, *, label: str | None = None, color: str | None = None, fill: bool = False):
    """Draw a histogram as steps with a band of sqrt(sum w^2), or as a filled area; returns the axes."""
    ax = _axes(ax)
    color = color or ax._get_lines.get_next_color()
    style = {"label": label, "color": color, "flow": "none", "yerr": False}
    style["w2method"] = "sqrt"  # not drawn, and worked out all the same; Poisson's would warn where h is empty
    if fill:
        mplhep.histplot(h, ax=ax, histtype="fill", alpha=0.35, **style)
    else:
        mplhep.histplot(h, ax=ax, **style)
        _draw_band(h.values(), np.sqrt(h.variances()), h.axes[0].edges, ax, color)
    return _finish_x(ax, h)


def plot_data(h: hist.Hist, ax=None, *, label: str = "Data"):
    """Draw recorded counts as points with central 68 % Poisson (Garwood) intervals; returns the axes.

    Raises
    ------
    ValueError
        If the histogram holds weighted entries: Poisson intervals are for counts.
    """
    ax = _axes(ax)
    counts = h.values()
    if not np.allclose(counts, h.variances()):
        raise ValueError("the histogram holds weighted entries; expected counts, whose variance equals their number")
    low, high = poisson_interval(counts)
    # Of no count the central interval knows no lower end: it reaches down to zero.
    errors = np.stack([counts - np.nan_to_num(low), high - counts])
    ax.errorbar(h.axes[0].centers, counts, yerr=errors, fmt="o", ms=4, color=DATA, lw=1.2, label=label, zorder=5)
    return _finish_x(ax, h)


def plot_stack(hists: list, labels: list[str], colors: list[str], ax=None):
    """Draw histograms of equal bins on top of each other, with the band of their summed sqrt(sum w^2)."""
    ax = _axes(ax)
    mplhep.histplot(hists, ax=ax, stack=True, histtype="fill", label=labels, color=colors, flow="none", yerr=False)
    total = sum(h.values() for h in hists)
    sigma = np.sqrt(sum(h.variances() for h in hists))
    edges = hists[0].axes[0].edges
    ax.fill_between(
        edges, *(np.append(y, y[-1]) for y in (total - sigma, total + sigma)),
        step="post", facecolor="none", edgecolor="0.35", hatch="////", lw=0, label="simulation's statistics",
    )  # fmt: skip
    return _finish_x(ax, hists[0])


def plot_pulls(centres, pulls, ax=None):
    """Draw pulls, (data - fit) / uncertainty, as points about zero with bands of one and two; returns the axes."""
    ax = _axes(ax)
    ax.axhspan(-2, 2, color="0.93", zorder=0)
    ax.axhspan(-1, 1, color="0.85", zorder=0)
    ax.axhline(0, color="0.3", lw=0.8)
    ax.plot(centres, pulls, "o", ms=3.5, color=DATA)
    reach = max(3.5, 1.15 * float(np.nanmax(np.abs(pulls))))
    ax.set(ylim=(-reach, reach), ylabel="pull")
    return ax


def plot_hunt(edges, counts, fitted, window, axes, *, title: str = "", source: str = ""):
    """Draw a spectrum with the background that was fitted beside a window, and below its pulls; returns the axes.

    Parameters
    ----------
    edges : array_like, shape (n_bins + 1,)
        In GeV.
    counts, fitted : array_like, shape (n_bins,)
        Observed events, drawn with sqrt(n), and the fit.
    window : (float, float)
        Shaded; the fit has not seen what is in it.
    axes : (Axes, Axes)
        Upper and lower panel.
    title, source : str
        Above the upper panel; where the events are from.
    """
    upper, lower = axes
    centres = (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2
    upper.errorbar(centres, counts, np.sqrt(counts), fmt="o", ms=4, color=DATA, label="data")
    upper.plot(centres, fitted, color=BACKGROUND, label="fit beside the window")
    upper.axvspan(*window, color=SIGNAL, alpha=0.15, lw=0)
    upper.set(yscale="log", ylabel=f"events / {edges[1] - edges[0]:.0f} GeV")
    upper.set_title(title, loc="left")
    plot_pulls(centres, (np.asarray(counts) - fitted) / np.sqrt(fitted), lower).set(xlabel="$m_{JJ}$ [GeV]")
    if source:
        add_source(upper, source)
    upper.legend(loc="lower left")
    return axes


def plot_p_values(p_values: dict, ax=None):
    """Draw the cumulative share of p-values of each kind, and the band that holds 95 % of uniform samples.

    Parameters
    ----------
    p_values : dict of {label: array_like of shape (n,)}
        Of equal lengths. The band is that of Kolmogorov and Smirnov, 1.36 / sqrt(n) either way.
    """
    ax = _axes(ax)
    n = len(next(iter(p_values.values())))
    reach = 1.36 / np.sqrt(n)
    ax.fill_between([0, 1], [-reach, 1 - reach], [reach, 1 + reach], color="0.9", label="95 % of uniform samples")
    for label, values in p_values.items():
        ax.step(
            np.concatenate([[0], np.sort(values), [1]]), np.append(np.arange(n + 1), n) / n, where="post", label=label
        )
    ax.set(xlabel="p-value", ylabel="share of experiments below", xlim=(0, 1), ylim=(0, 1))
    ax.legend(loc="upper left")
    return ax


def plot_band(x, values, uncertainty, ax=None, **style):
    """Draw a line with a band of its uncertainty either way; nan leaves a gap; returns the axes.

    ``style`` is that of a line, such as ``label="boosted trees", color=plotting.ACCENT, ls="--"``. It suits every
    pair of value and uncertainty in `metrics` and `counting`: ``plot_band(x, *metrics.significance_improvement(...))``.
    """
    ax = _axes(ax)
    values, uncertainty = np.asarray(values, dtype=np.float64), np.asarray(uncertainty, dtype=np.float64)
    (line,) = ax.plot(x, values, **style)
    ax.fill_between(x, values - uncertainty, values + uncertainty, color=line.get_color(), alpha=0.25, lw=0)
    return ax


def plot_roc(y_true, y_score, ax=None, *, sample_weight=None, **style):
    """Draw background rejection 1 / eps_B against signal efficiency, with its statistical band; returns the axes.

    Parameters
    ----------
    y_true, y_score, sample_weight : array_like, shape (n_events,)
        As for `metrics.background_rejection`. The line begins where enough background events pass.
    **style
        Of the line, such as ``label`` and ``color``.
    """
    signal_efficiency = np.linspace(0.005, 1.0, 200)
    curve = metrics.background_rejection(y_true, y_score, signal_efficiency, sample_weight=sample_weight)
    return _finish_roc(plot_band(signal_efficiency, *curve, ax, **style))


def plot_score(train, test, ax=None, *, bins=(40, 0.0, 1.0)):
    """Draw the scores of training events as areas and those of test events as points, class by class; returns the axes.

    Parameters
    ----------
    train, test : tuple (y_true, y_score) or (y_true, y_score, sample_weight)
        Arrays of shape (n_events,). Each class is scaled to a sum of weights of one, events outside the bins included.
    bins : (int, float, float) or array_like of edges
        As for `make_hist`.

    Raises
    ------
    ValueError
        If a class has no positive total weight.
    """
    ax = _axes(ax)
    for name, cls, color in (("background", 0, BACKGROUND), ("signal", 1, SIGNAL)):
        shape = {"cls": cls, "bins": bins, "label": "classifier score"}
        h_train, h_test = (_class_shape(*events, **shape) for events in (train, test))
        plot_hist(h_train, ax, label=f"{name}, training", color=color, fill=True)
        points = {"fmt": "o", "ms": 4, "lw": 1.2, "color": color, "label": f"{name}, test"}
        ax.errorbar(h_test.axes[0].centers, h_test.values(), yerr=np.sqrt(h_test.variances()), **points)
    ax.set_ylabel("share of the class / bin")
    return _finish_x(ax, h_test)


def plot_classes(y_true, values, ax=None, *, bins, label: str = "", names=("background", "signal")):
    """Draw the shape of one variable in background and in signal, each scaled to a sum of one; returns the axes.

    Parameters
    ----------
    y_true, values : array_like, shape (n_events,)
        Labels, 1 for signal and 0 for background, and the variable.
    bins : (int, float, float) or array_like of edges
        As for `make_hist`. Events outside count in the sum.
    label : str
        Of the variable, with its unit.
    names : (str, str)
        Of background and signal, in the legend.

    Raises
    ------
    ValueError
        If a class is missing, or a value is not a finite number.
    """
    ax, y_true, values = _axes(ax), np.asarray(y_true), np.asarray(values)
    for cls, color in ((0, BACKGROUND), (1, SIGNAL)):
        if cls not in y_true:
            raise ValueError(f"y_true holds no {cls} among its {len(y_true)} events; expected both classes")
        plot_hist(_class_shape(y_true, values, cls=cls, bins=bins, label=label), ax, label=names[cls], color=color)
    ax.set(ylabel="share of the class / bin", ylim=(0.0, None))
    return ax


def plot_image(image, half_width: float, ax=None, **style):
    """Draw the image of a jet, or an average of them; pixels that hold nothing stay grey; returns the axes.

    Parameters
    ----------
    image : array_like, shape (n_pixels, n_pixels)
        Axes (phi, eta), both rising, as `jets.pixelate` has them.
    half_width : float
        The image reaches from minus this to this in both directions.
    **style
        For matplotlib's ``imshow``, such as ``norm`` or ``cmap``. For a colour bar: ``fig.colorbar(ax.images[0])``.
    """
    ax = _axes(ax)
    shown = np.ma.masked_equal(image, 0)
    ax.imshow(shown, **{"origin": "lower", "extent": [-half_width, half_width] * 2, "cmap": "viridis", **style})
    ax.set(facecolor="0.9", xlabel="$\\Delta\\eta$", ylabel="$\\Delta\\phi$ [rad]")
    return ax


def plot_ratio(h: hist.Hist, truth: hist.Hist, ax=None, *, label: str | None = None, color: str | None = None):
    """Draw a histogram divided by another as steps with the band of its own statistics; returns the axes.

    Both are scaled to the same sum of weights over all events, those outside the bins included. Where ``truth`` is
    empty there is no ratio. The statistics of ``truth`` are not in this band: they are one for all that is compared
    with it, see `plot_against_truth`.

    Raises
    ------
    ValueError
        If the bins differ or a histogram has no positive sum of weights.
    """
    ax = _axes(ax)
    color = color or ax._get_lines.get_next_color()
    h, truth = _scaled(h), _scaled(truth)
    if not np.array_equal(h.axes[0].edges, truth.axes[0].edges):
        raise ValueError("the histograms have different bins; expected those of the truth")
    ratio, sigma = (_over(y, truth.values()) for y in (h.values(), np.sqrt(h.variances())))
    ax.stairs(ratio, truth.axes[0].edges, baseline=None, color=color, label=label, lw=1.8)
    _draw_band(ratio, sigma, truth.axes[0].edges, ax, color)
    return _finish_x(ax, truth)


def plot_against_truth(truth: hist.Hist, generated: dict, axes, *, colors=PALETTE[1:], reach: float = 0.5):
    """Draw generated histograms over the true one, and below their ratios with the truth's own statistical band.

    Parameters
    ----------
    truth : hist.Hist
        Drawn as a filled area. What is compared with it is scaled to its sum of weights.
    generated : dict of {label: hist.Hist}
        Of the same bins.
    axes : (Axes, Axes)
        Upper and lower panel, such as from ``plt.subplots(2, 1, sharex=True, height_ratios=[3, 1])``.
    colors : sequence
        One for each generated histogram.
    reach : float
        The ratio panel shows 1 - reach to 1 + reach.

    Returns
    -------
    upper, lower : Axes
        The grey band of the lower panel is sqrt(sum w^2) of the truth over its contents: a ratio within it is as good
        as this truth can tell.

    Raises
    ------
    ValueError
        As `plot_ratio`.
    """
    upper, lower = axes
    total = truth.sum(flow=True).value
    plot_hist(truth, upper, label="truth", color="0.45", fill=True)
    for (label, h), color in zip(generated.items(), colors):  # noqa: B905
        plot_hist(_scaled(h) * total, upper, label=label, color=color)
        plot_ratio(h, truth, lower, color=color)
    share = _over(np.sqrt(truth.variances()), truth.values())
    band = {"step": "post", "color": "0.45", "alpha": 0.35, "lw": 0, "zorder": 0}
    low, high = (np.append(y, y[-1]) for y in (1.0 - share, 1.0 + share))
    lower.fill_between(truth.axes[0].edges, low, high, **band)
    lower.axhline(1.0, color="0.3", lw=0.8)
    lower.set(ylim=(1.0 - reach, 1.0 + reach), ylabel="ratio to truth")
    return upper, lower


def plot_observables(truth: dict, generated: dict, bins: dict, *, labels: dict, **style):
    """Draw several observables of generated events over the truth, each with its ratio panel; returns the axes.

    Parameters
    ----------
    truth : dict of {name: array_like of shape (n_events,)}
    generated : dict of {label: dict like ``truth``}
    bins : dict of {name: bins as for `make_hist`}
        Its names are those that are drawn, from left to right.
    labels : dict of {name: str}
        Axis labels with units.
    **style
        As for `plot_against_truth`.

    Returns
    -------
    ndarray of Axes, shape (2, n_observables)
        Upper and lower panels of a new figure.
    """
    size = {"figsize": (min(5.2 * len(bins), 13.0), 5.0), "height_ratios": [3, 1.2]}
    _, axes = plt.subplots(2, len(bins), sharex="col", squeeze=False, **size)
    for pair, (name, edges) in zip(axes.T, bins.items(), strict=True):
        fill = {"bins": edges, "label": labels[name]}
        hists = {label: make_hist(sample[name], **fill) for label, sample in generated.items()}
        plot_against_truth(make_hist(truth[name], **fill), hists, pair, **style)
        pair[0].set_ylabel("events / bin")
    axes[0, 0].legend(fontsize="small")
    for ax in axes[1, 1:]:
        ax.set_ylabel("")
    return axes


def plot_joint(truth: dict, generated: dict, bins: dict, *, labels: dict, min_events: int = 10):
    """Draw two observables of true and of generated events together, and the difference over its uncertainty.

    Parameters
    ----------
    truth, generated : dict of {name: array_like of shape (n_events,)}
    bins : dict of two {name: array_like of edges}
        The first observable is drawn from left to right.
    labels : dict of {name: str}
        Axis labels with units.
    min_events : int
        Bins with fewer true events have no pull.

    Returns
    -------
    axes : ndarray of Axes, shape (3,)
        Of a new figure: truth, generated, pulls.
    pulls : ndarray, shape (n_bins_x, n_bins_y)
        Generated minus true share of the events over the statistical uncertainty of both; nan where there is none.
    """
    x, y = bins
    edges = [np.asarray(bins[name], dtype=np.float64) for name in (x, y)]
    counts = [np.histogram2d(sample[x], sample[y], edges)[0] for sample in (truth, generated)]
    totals = [len(sample[x]) for sample in (truth, generated)]
    shares = [n / total for n, total in zip(counts, totals, strict=True)]
    variance = sum(n / total**2 for n, total in zip(counts, totals, strict=True))
    enough = counts[0] >= max(min_events, 1)
    pulls = np.divide(shares[1] - shares[0], np.sqrt(variance), out=np.full(enough.shape, np.nan), where=enough)
    figure, axes = plt.subplots(1, 3, figsize=(13.0, 4.2))
    for ax, title, values in zip(axes, ("truth", "generated", "pull"), (*shares, pulls), strict=True):
        ranges = {"cmap": "cividis", "vmin": 0.0, "vmax": shares[0].max()}
        if values is pulls:
            ranges = {"cmap": "RdBu_r", "vmin": -5.0, "vmax": 5.0}
        mesh = ax.pcolormesh(*edges, values.T, **ranges)
        ax.set(xlabel=labels[x], ylabel=labels[y])
        ax.set_title(title, loc="left")
        if title == "generated":
            figure.colorbar(mesh, ax=axes[:2], label="share of the events / bin")
    figure.colorbar(mesh, ax=axes[2], label="difference / uncertainty", extend="both")
    return axes, pulls


def add_source(ax, label: str):
    """Write where the data came from, such as "CMS Open Data", in small type above the axes; returns the axes."""
    ax.text(1.0, 1.01, label, transform=ax.transAxes, ha="right", va="bottom", fontsize="small", color="0.3")
    return ax


def _axes(ax):
    return plt.gca() if ax is None else ax


def _finish_x(ax, h: hist.Hist):
    """Limits and label of the x axis; the upper of two panels that share it carries no label."""
    inner = len(ax.get_shared_x_axes().get_siblings(ax)) > 1 and not ax.get_subplotspec().is_last_row()
    nameless = h.axes[0].label == "Axis 0"  # what hist calls an axis that was given no label
    ax.set_xlabel("" if inner or nameless else h.axes[0].label)
    ax.set_xlim(h.axes[0].edges[0], h.axes[0].edges[-1])
    return ax


def _finish_roc(ax):
    ax.set(xlabel="signal efficiency $\\varepsilon_S$", ylabel="background rejection $1/\\varepsilon_B$", yscale="log")
    ax.autoscale(axis="y")  # what was drawn before set the top: a better classifier may come after
    ax.set(xlim=(0.0, 1.0), ylim=(1.0, None))
    return ax


def _class_shape(y_true, values, sample_weight=None, *, cls: int, bins, label: str) -> hist.Hist:
    """Histogram of a variable in one class, scaled to a sum of weights of one."""
    chosen = np.asarray(y_true) == cls
    weights = None if sample_weight is None else np.asarray(sample_weight)[chosen]
    h = make_hist(np.asarray(values)[chosen], bins, weights=weights, label=label)
    return _scaled(h, f"the weights of class {cls}")


def _scaled(h: hist.Hist, what: str = "a histogram's weights") -> hist.Hist:
    """The histogram scaled to a sum of weights of one, events outside the bins included."""
    total = h.sum(flow=True).value
    if not total > 0.0:
        raise ValueError(f"{what} add up to {total:g}; expected more than 0")
    return h * (1.0 / total)


def _over(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The quotient, nan where the reference is zero."""
    return np.divide(values, reference, out=np.full(values.shape, np.nan), where=reference != 0.0)


def _draw_band(values, sigma, edges, ax, color) -> None:
    low, high = (np.append(y, y[-1]) for y in (values - sigma, values + sigma))
    ax.fill_between(edges, low, high, step="post", color=color, alpha=0.25, lw=0)


def _check_finite(values: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(values)
    if np.any(bad):
        raise ValueError(
            f"{name} hold {values[bad][0]} at position {int(np.flatnonzero(bad)[0])}; expected finite numbers"
        )
