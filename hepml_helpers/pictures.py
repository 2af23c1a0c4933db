"""Grids of pictures and matrices of numbers on one scale of colours: jets, showers, correlations."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm


def plot_images(rows: dict, *, limits, label: str, fig=None, aspect="equal", title=None, source: str = ""):
    """Draw rows of pictures on one logarithmic scale of colours; returns the axes, shape (n_rows, n_columns).

    Parameters
    ----------
    rows : dict of {label: sequence of array_like}
        The pictures of a row, each of shape (n_y, n_x): ``picture[0, 0]`` is drawn at the lower left. The first row
        sets the number of columns; a longer one is cut.
    limits : (float, float)
        Lowest and highest value of the colours, both above 0. What is below the lowest is left white, as are cells
        that are not finite; what is above the highest has its colour.
    label : str
        Of the colour bar, with the unit.
    fig : matplotlib.figure.Figure or SubFigure, optional
        A new one by default, sized for its rows.
    aspect : {"equal", "auto"}
        Square pixels, or pictures that fill their panels.
    title : callable, optional
        ``title(picture)`` is written above each picture, in small type.
    source : str
        Where the data came from, in small type at the upper right.

    Raises
    ------
    ValueError
        If there is no picture, a row has fewer pictures than the first, or the limits are not above 0 and rising.
    """
    counts = [len(pictures) for pictures in rows.values()]
    if not counts or not counts[0] or min(counts) < counts[0]:
        raise ValueError(f"the rows hold {counts} pictures; expected at least one, and no fewer than in the first")
    if not 0.0 < limits[0] < limits[1]:
        raise ValueError(f"limits are {limits}; expected two numbers above 0, the lower one first")
    shape = len(counts), counts[0]
    fig = fig or plt.figure(figsize=(10.0, 0.6 + 1.35 * shape[0]))
    axes = fig.subplots(*shape, squeeze=False)
    for row, (name, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(row, pictures, strict=False):
            picture = np.asarray(picture, dtype=np.float64)
            seen = np.where(np.isfinite(picture) & (picture >= limits[0]), picture, np.nan)
            image = ax.imshow(seen, norm=LogNorm(*limits), origin="lower", aspect=aspect, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            if title:
                ax.set_title(title(picture), fontsize="small", loc="left")
        row[0].set_ylabel(name, loc="center")
    fig.colorbar(image, ax=axes, label=label, shrink=0.9)
    if source:
        axes[0, -1].set_title(source, fontsize="small", color="0.3", loc="right")
    return axes


def plot_constituents(pt, delta_eta, delta_phi, ax=None, *, half_width: float = 0.8, **style):
    """Draw the constituents of a jet in the plane of angles, as circles whose area is their pt; returns the circles.

    Parameters
    ----------
    pt, delta_eta, delta_phi : array_like, shape (n_constituents,)
        Those of pt zero are left out. The sum of the areas is the same for all jets.
    half_width : float
        The axes reach from minus this to this.
    **style
        As for ``scatter``: one ``color``, or ``c`` with a number for each constituent.

    Raises
    ------
    ValueError
        If the shapes differ or no pt is above zero.
    """
    pt, delta_eta, delta_phi = (np.asarray(x, dtype=np.float64) for x in (pt, delta_eta, delta_phi))
    if not pt.shape == delta_eta.shape == delta_phi.shape or not np.any(pt > 0):
        raise ValueError(
            f"shapes {pt.shape}, {delta_eta.shape}, {delta_phi.shape}; expected equal ones, with pt above 0"
        )
    ax = plt.gca() if ax is None else ax
    real = pt > 0
    if np.ndim(style.get("c")) == 1:
        style["c"] = np.asarray(style["c"])[real]
    circles = ax.scatter(delta_eta[real], delta_phi[real], s=2000 * pt[real] / pt.sum(), **{"alpha": 0.6, **style})
    ax.set(xlim=(-half_width, half_width), ylim=(-half_width, half_width), aspect="equal")
    ax.set(xlabel="$\\Delta\\eta$", ylabel="$\\Delta\\phi$ [rad]")
    return circles


def plot_arrows(points, targets: dict, ax=None, *, colors=None):
    """Draw arrows from some points, each in a colour of its own, to the points that belong to it; returns the axes.

    Parameters
    ----------
    points : array_like, shape (n_points, 2)
    targets : dict
        By the number of a point, the numbers of those to which its arrows lead.
    colors : sequence, optional
        One for each entry; those of the style by default.

    Raises
    ------
    ValueError
        If the points are not pairs of numbers.
    """
    points, ax = np.asarray(points, dtype=np.float64), plt.gca() if ax is None else ax
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have shape {points.shape}; expected (n_points, 2)")
    colors = colors or [f"C{n}" for n in range(len(targets))]
    for (start, ends), color in zip(targets.items(), colors, strict=True):
        ax.plot(*points[start], "o", color=color)
        for end in ends:
            style = {"arrowstyle": "->", "color": color, "lw": 1.2}
            ax.annotate("", xy=points[int(end)], xytext=points[start], arrowprops=style)
    return ax


def plot_matrix(values, rows, columns, ax=None, *, limit: float = 1.0, label: str = ""):
    """Draw a matrix of numbers in colours, blue below zero and red above, each number in its field; returns the axes.

    Parameters
    ----------
    values : array_like, shape (n_rows, n_columns)
    rows, columns : sequence of str
        Names, the first row on top.
    limit : float
        The colours reach from minus this to this.
    label : str
        Of the colour bar.

    Raises
    ------
    ValueError
        If there are not as many names as rows and columns.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"values have shape {values.shape}; expected ({len(rows)}, {len(columns)}), one for each name")
    ax = plt.gca() if ax is None else ax
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        color = "white" if abs(value) > 0.6 * limit else "black"
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize="small", color=color)
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.minorticks_off()
    ax.figure.colorbar(image, ax=ax, label=label)
    return ax
