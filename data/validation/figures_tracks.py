"""Figures of the jets of b, c and light quarks."""

import numpy as np

from hepml_helpers import plotting
from hepml_helpers.plotting import ACCENT, BACKGROUND, SIGNAL
from validation import checks_tracks, observables
from validation.figures import Figure, Section, draw_shapes, finish

SIGNIFICANCE = r"signed $d_0\,/\,\sigma$"
_COLORS = (SIGNAL, ACCENT, BACKGROUND)  # of b, c and light jets


def _by_flavour(sample: dict, values: np.ndarray, counts=None) -> dict:
    flavour = sample["flavour"] if counts is None else np.repeat(sample["flavour"], counts)
    return {f"{name} jets": values[flavour == code] for code, name in checks_tracks.JETS.items()}


def draw_significance(axes, sample: dict) -> None:
    """Of every track, and the second largest of a jet."""
    every = _by_flavour(sample, observables.significance(sample), sample["n_tracks"])
    draw_shapes(
        axes[0],
        every,
        np.arange(-10.5, 30.6, 1.0),
        f"{SIGNIFICANCE} of every track",
        colors=_COLORS,
        of="tracks",
        log=True,
    )
    second = _by_flavour(sample, observables.ordered_significance(sample, 1))
    draw_shapes(
        axes[1],
        second,
        np.arange(-4.5, 30.6, 1.0),
        f"second largest {SIGNIFICANCE}",
        colors=_COLORS,
        of="jets",
        log=True,
    )


def draw_tracks(axes, sample: dict) -> None:
    """Number of tracks from decays of heavy hadrons, and of displaced ones."""
    jet = observables.rows_of(sample["n_tracks"])
    rows = (
        (axes[0], np.isin(sample["track_origin"], (1, 2)), "tracks from b and c hadrons (truth)"),
        (axes[1], observables.significance(sample) > checks_tracks.FAR, "tracks with a significance above 3"),
    )
    for ax, chosen, label in rows:
        number = np.bincount(jet, chosen, minlength=len(sample["flavour"]))
        draw_shapes(ax, _by_flavour(sample, number), np.arange(-0.5, 11), label, colors=_COLORS, of="jets")


def draw_pulls(axes, sample: dict) -> None:
    """Impact parameters of tracks from the primary vertex over their whole uncertainty."""
    bins = np.arange(-5.1, 5.2, 0.2)
    for ax, coordinate, label in ((axes[0], "d0", r"$d_0\,/\,\sigma$"), (axes[1], "z0", r"$z_0\,/\,\sigma$")):
        values = checks_tracks.pull(sample, coordinate)
        h = plotting.make_hist(values, bins, label=f"{label} of primary tracks, with the vertex")
        plotting.plot_hist(h, ax, label="primary tracks", color=BACKGROUND)
        x = np.linspace(-5, 5, 200)
        ax.plot(
            x, len(values) * 0.2 * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), "k--", lw=1, label="normal distribution"
        )
        ax.set_ylim(0.5, None)
        finish(ax, "tracks / 0.2", log=True)


SECTIONS = (
    Section(
        "Jets of b, c and light quarks",
        "Tracks from decays of b and c hadrons miss the primary vertex, on the side to which the jet flies.",
        (
            Figure(
                "significance",
                ("flavour_jets",),
                draw_significance,
                "Two panels on logarithmic scales: the signed significance of the tracks is a narrow peak at zero "
                "for light jets, with a long tail to positive values for b jets and a shorter one for c jets; the "
                "tails to negative values are ten times smaller.",
                "The impact parameter tells b jets from c jets from light ones.",
                panels=2,
            ),
            Figure(
                "heavy_tracks",
                ("flavour_jets",),
                draw_tracks,
                "Two panels: number of tracks from heavy hadrons by truth, about 4 in b jets, 2 in c jets, none in "
                "light ones; number of tracks above a significance of 3, about 2, 1 and 0.",
                "Half of the tracks from b hadrons are seen to be displaced.",
                panels=2,
            ),
            Figure(
                "track_pulls",
                ("flavour_jets",),
                draw_pulls,
                "Two panels on logarithmic scales: transverse and longitudinal impact parameters of primary tracks "
                "over their uncertainty follow the dashed normal distribution.",
                "With the 12 micrometres of the vertex the stated uncertainties are the true ones.",
                panels=2,
            ),
        ),
        checks_tracks.CHECKS,
    ),
)
