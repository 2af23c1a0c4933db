"""Figures of the pairs of jets at TeV masses."""

import numpy as np

from hepml_helpers import plotting
from hepml_helpers.plotting import BACKGROUND, SIGNAL
from validation import checks_dijets, observables
from validation.figures import Figure, Section, draw_shapes, finish, mark
from validation.observables import DIJET_BINS

M_JJ = r"$m_{JJ}$ [GeV]"
SHOWN_BINS = np.arange(2560.0, 5000.0, 128.0)  # GeV
_COLORS = [SIGNAL, BACKGROUND]


def draw_spectrum(axes, background: dict, signal: dict) -> None:
    """Counts with the fitted function, pulls below; the signal at one per cent of the background."""
    upper, lower = axes
    fit, centres = observables.fit_dijets(background["m_jj"]), (DIJET_BINS[1:] + DIJET_BINS[:-1]) / 2
    share = 0.01 * len(background["m_jj"]) / len(signal["m_jj"])
    for sample, scale, label, color in ((background, 1, "QCD", BACKGROUND), (signal, share, "signal, 1 %", SIGNAL)):
        h = plotting.make_hist(sample["m_jj"], SHOWN_BINS)
        plotting.plot_hist(h * scale, upper, label=label, color=color)
    upper.plot(centres, fit["fitted"], "k--", lw=1.2, label=r"$p_1 (1-x)^{p_2} / x^{p_3}$")
    upper.set_ylim(1, None)
    finish(upper, "events / 128 GeV", log=True)
    plotting.plot_pulls(centres, (fit["counts"] - fit["fitted"]) / np.sqrt(fit["fitted"]), lower)
    lower.set(xlabel=M_JJ, xlim=upper.get_xlim())


def draw_features(axes, background: dict, signal: dict) -> None:
    """Groomed masses and tau21 in the signal region."""
    low, high = checks_dijets.SIGNAL_REGION
    chosen = {"signal": signal, "QCD": background}
    chosen = {
        name: {key: values[(s["m_jj"] > low) & (s["m_jj"] < high)] for key, values in s.items()}
        for name, s in chosen.items()
    }
    rows = (
        (lambda s: s["m_j1"], np.arange(0, 305, 8.0), "lighter soft-drop mass [GeV]"),
        (lambda s: s["m_j1"] + s["delta_m_j"], np.arange(0, 801, 16.0), "heavier soft-drop mass [GeV]"),
        (lambda s: s["tau21_j1"], np.linspace(0, 1, 33), r"$\tau_{21}$ of the lighter"),
        (lambda s: s["tau21_j2"], np.linspace(0, 1, 33), r"$\tau_{21}$ of the heavier"),
    )
    for ax, (value, bins, label) in zip(axes, rows, strict=True):
        draw_shapes(ax, {name: value(s) for name, s in chosen.items()}, bins, label, colors=_COLORS)
    mark(axes[0], 100, r"$m_Y$")
    mark(axes[1], 500, r"$m_X$")


SECTIONS = (
    Section(
        "Pairs of jets at TeV masses",
        "A falling spectrum, and a resonance of 3.5 TeV that decays to particles of 500 and 100 GeV.",
        (
            Figure(
                "dijet_mass",
                ("dijet_background", "dijet_signal"),
                draw_spectrum,
                "The mass of the two jets falls smoothly by a factor of twenty from 2.5 to 5 TeV and follows a "
                "function of three parameters; the signal peaks at 3.5 TeV. Below, the differences from the fit in "
                "standard deviations.",
                "The background falls smoothly. The fit begins at 3.07 TeV: below, pt > 1.2 TeV leaves fewer and "
                "fewer angles, and bends the spectrum.",
                panels=2,
                rows=2,
                ratios=(2.5, 1.0),
                height=3.2,
            ),
            Figure(
                "dijet_features",
                ("dijet_background", "dijet_signal"),
                draw_features,
                "Four panels in the signal region: the groomed masses of the signal peak at 100 and 500 GeV, those "
                "of QCD at low masses; tau21 of the signal is small in both jets.",
                "What a search can use beside the mass of the pair.",
                panels=4,
                rows=2,
            ),
        ),
        checks_dijets.CHECKS,
    ),
)
