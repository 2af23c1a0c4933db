"""The page of figures that `validate` writes: what it is made of, and the helpers that its figures share.

A `Section` shows one family of samples: figures, and the table of the checks of its module. The figures of a section
are drawn where all of their samples are at hand; those with `recorded` also need a file of recorded or public data.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter

from hepml_helpers import plotting
from validation.checks import Check

SIMULATED = "simulated (Pythia 8)"


@dataclass(frozen=True)
class Figure:
    """One figure: `draw(axes, *samples)` on an array of axes, shape (n_panels,).

    `alt` says in words what is to be seen. There are `rows` rows of panels, with `ratios` of their heights. `recorded`
    names a file below HEPML_DATA_DIR without which the figure cannot be drawn.
    """

    name: str
    samples: tuple[str, ...]
    draw: Callable
    alt: str
    caption: str
    panels: int = 1
    rows: int = 1
    ratios: tuple[float, ...] | None = None
    height: float = 4.4
    recorded: str | None = None


@dataclass(frozen=True)
class Section:
    """One family of samples on the page."""

    title: str
    text: str
    figures: tuple[Figure, ...]
    checks: list[Check]


def all_sections() -> list[Section]:
    """The page from top to bottom."""
    names = ("leptons", "partons", "jets", "images", "tracks", "dijets")
    return [section for name in names for section in import_module(f"validation.figures_{name}").SECTIONS]


def save(figure: Figure, samples: dict, folder: Path) -> Path:
    """Draw one figure as a PNG file."""
    per_row = figure.panels // figure.rows
    size = (5.6 * per_row + 0.6 * (per_row == 1), figure.height * figure.rows)
    drawing, axes = plt.subplots(figure.rows, per_row, figsize=size, squeeze=False, height_ratios=figure.ratios)
    figure.draw(axes.reshape(-1), *(samples[name] for name in figure.samples))
    path = folder / f"{figure.name}.png"
    drawing.savefig(path, dpi=110)
    plt.close(drawing)
    return path


def recorded_file(name: str) -> Path | None:
    """A file of recorded or public data below HEPML_DATA_DIR, None where there is none."""
    path = Path(os.environ.get("HEPML_DATA_DIR", "")) / name
    return path if path.is_file() else None


def draw_shapes(ax, parts: dict, bins: np.ndarray, label: str, *, colors=plotting.PALETTE, of="events", log=False):
    """Histograms of equal area on shared bins; `parts` maps labels to values; those outside the bins count as well."""
    for (name, values), color in zip(parts.items(), colors, strict=False):
        h = plotting.make_hist(values, bins, label=label)
        plotting.plot_hist(h * (1 / len(values)), ax, label=name, color=color)
    return finish(ax, f"share of {of}", log=log)


def finish(ax, ylabel: str, *, log: bool = False, source: str = SIMULATED):
    """Label, scale, room for the legend above the curves, and where the numbers came from."""
    ax.set_ylabel(ylabel)
    if log:
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        ax.set_ylim(low, high * (high / low) ** 0.25)
    else:
        ax.set_ylim(0, ax.get_ylim()[1] * 1.25)
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return plotting.add_source(ax, source)


def mark(ax, value: float, text: str):
    """A thin line at a known value, named at its top."""
    ax.axvline(value, color="0.4", lw=1, ls="--", zorder=0)
    place = {"transform": ax.get_xaxis_transform(), "va": "top", "ha": "right"}
    ax.text(value, 0.985, f"{text} ", color="0.3", fontsize="small", **place)
    return ax


def plain_log_ticks(ax, ticks: list):
    """Ticks of a logarithmic axis in full, and no others."""
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    return ax
