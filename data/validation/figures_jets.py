"""Figures of the large jets: masses, prongs, constituents, and what storing costs."""

import numpy as np

from hepml_helpers.plotting import ACCENT, BACKGROUND, PALETTE, SIGNAL
from validation import checks_jets, observables
from validation.figures import Figure, Section, draw_shapes, mark


def draw_w(axes, signal: dict, background: dict) -> None:
    """Groomed mass, tau21, constituents."""
    jets = {"W": signal, "QCD": background}
    _draw_shapes_of(jets, axes, ("mass_softdrop", np.arange(0, 161, 4.0), "soft-drop mass [GeV]"), 2)
    mark(axes[0], 80.4, r"$m_W$")


def draw_top(axes, signal: dict, background: dict) -> None:
    """Mass, tau32, constituents."""
    jets = {"top": signal, "QCD": background}
    _draw_shapes_of(jets, axes, ("mass", np.arange(0, 301, 6.0), "mass [GeV]"), 3)
    mark(axes[0], 173, r"$m_t$")


def _draw_shapes_of(jets: dict, axes, mass: tuple, prongs: int) -> None:
    column, bins, label = mass
    ratio = rf"$\tau_{{{prongs}{prongs - 1}}}$"
    rows = (
        (lambda sample: sample[column], bins, label),
        (lambda sample: observables.tau_ratio(sample, prongs), np.linspace(0, 1, 41), ratio),
        (lambda sample: sample["n_seen"], np.arange(0.5, 141, 4), "constituents"),
    )
    for ax, (value, bins, label) in zip(axes, rows, strict=True):
        parts = {name: value(sample) for name, sample in jets.items()}
        draw_shapes(ax, parts, bins, label, colors=(SIGNAL, BACKGROUND), of="jets")


def draw_grooming(axes, w_jets: dict, top_jets: dict) -> None:
    """Plain and groomed masses of both signals."""
    for ax, jets, bins in ((axes[0], w_jets, np.arange(40, 141, 2.0)), (axes[1], top_jets, np.arange(40, 241, 4.0))):
        parts = {"plain": jets["mass"], "groomed": jets["mass_softdrop"]}
        draw_shapes(ax, parts, bins, "mass [GeV]", colors=[ACCENT, SIGNAL], of="jets")
    axes[0].set_title("W jets, with underlying event", loc="left")
    axes[1].set_title("top jets, without", loc="left")
    mark(axes[0], 80.4, r"$m_W$")
    mark(axes[1], 80.4, r"$m_W$")
    mark(axes[1], 173, r"$m_t$")


def draw_storage(axes, *samples: dict) -> None:
    """What is left of pt and mass in the constituents that are stored."""
    pt, mass = {}, {}
    for name, jets in zip(checks_jets.SAMPLES, samples, strict=True):
        stored = observables.stored_jets(jets)
        pt[name], mass[name] = stored[0] / jets["pt"], (stored[1] / np.maximum(jets["mass"], 1))[jets["mass"] > 20]
    colors = [SIGNAL, BACKGROUND, ACCENT, PALETTE[3]]
    draw_shapes(axes[0], pt, np.arange(0.83, 1.0201, 0.005), "stored pt / pt", colors=colors, of="jets", log=True)
    draw_shapes(axes[1], mass, np.arange(0.5, 1.051, 0.0125), "stored mass / mass", colors=colors, of="jets", log=True)


SECTIONS = (
    Section(
        "W, top and QCD jets",
        "W jets and their QCD jets (R = 1.0) have an underlying event; top jets and theirs (R = 0.8) have none, after "
        "the reference set.",
        (
            Figure(
                "w_jets",
                ("w_jets", "qcd_w_jets"),
                draw_w,
                "Three panels, W against QCD: the groomed mass of W jets peaks near the W mass and that of QCD at "
                "low masses; tau21 of W jets is near 0.3, of QCD near 0.7; W jets have somewhat fewer constituents.",
                "A W jet has the W's mass and two prongs.",
                panels=3,
            ),
            Figure(
                "top_jets",
                ("top_jets", "qcd_top_jets"),
                draw_top,
                "Three panels, top against QCD: the mass of top jets peaks near the top mass and that of QCD at a "
                "third of it; tau32 of top jets is near 0.5, of QCD near 0.8; top jets have more constituents.",
                "A top jet has the top quark's mass and three prongs.",
                panels=3,
            ),
            Figure(
                "grooming",
                ("w_jets", "top_jets"),
                draw_grooming,
                "Left: grooming moves the peak of W jets down to the W mass. Right: it leaves the peak of top "
                "jets where it is, and gives a small second one near 80 GeV.",
                "Soft drop takes the underlying event away; in some top jets it takes the b away and leaves the W.",
                panels=2,
            ),
            Figure(
                "storage",
                tuple(checks_jets.SAMPLES),
                draw_storage,
                "Two panels on logarithmic scales: stored over true pt is above 0.9 for nearly all jets; stored over"
                " true mass has a peak at 1, from jets with 40 constituents or fewer, and a tail down to 0.6.",
                "A lesson that computes the mass of a jet from its 40 stored constituents finds a few per cent less.",
                panels=2,
            ),
        ),
        checks_jets.CHECKS,
    ),
)
