"""Figures of the events without detector."""

from itertools import pairwise

import numpy as np

from hepml_helpers import plotting
from hepml_helpers.plotting import BACKGROUND, SIGNAL
from validation import checks_partons, estimate, observables
from validation.figures import SIMULATED, Figure, Section, finish, mark, plain_log_ticks
from validation.observables import M_TOP, M_W, UP_SHARE

MASS_EE = r"$m_{ee}$ [GeV]"
TICKS = [30, 50, 91, 150, 300]
_PEAK = [np.arange(30, 70, 5.0), np.arange(70, 84, 2.0), np.arange(84, 98, 1.0), np.arange(98, 118, 4.0)]
EE_BINS = np.concatenate([*_PEAK, np.geomspace(118, 400, 9)])


def draw_partons(axes, partons: dict) -> None:
    """Masses of both W bosons and both top quarks, with their Breit-Wigner curves."""
    pair = observables.top_pair(partons)
    rows = (
        ("w", M_W, checks_partons.W_WIDTH, 8.0, 0.25, r"$m_{qq}$ [GeV]", ("W⁺", "W⁻")),
        ("top", M_TOP, checks_partons.TOP_WIDTH, 6.0, 0.2, r"$m_{qqb}$ [GeV]", ("t", "t̄")),
    )
    for ax, (key, mass, width, reach, step, label, names) in zip(axes, rows, strict=True):
        bins = mass + np.arange(-reach, reach + step / 2, step)
        for side, (name, color) in enumerate(zip(names, (BACKGROUND, SIGNAL), strict=True)):
            h = plotting.make_hist(pair[key][:, side], bins, label=label)
            plotting.plot_hist(h, ax, label=name, color=color)
        x = np.linspace(bins[0], bins[-1], 400)
        curve = len(pair[key]) * step * width / (2 * np.pi) / ((x - mass) ** 2 + width**2 / 4)
        ax.plot(x, curve, color="black", lw=1, ls="--", label=f"Breit-Wigner, Γ = {width:g} GeV")
        finish(ax, f"events / {step:g} GeV")
        ax.set_ylim(0, ax.get_ylim()[1] * 1.15)


def draw_electrons(axes, full: dict, photon: dict) -> None:
    """Spectrum with and without the Z boson, and what the couplings make of the one without."""
    ax = axes[0]
    for sample, name, color in ((photon, "γ alone", BACKGROUND), (full, "γ and Z", SIGNAL)):
        mass = observables.electron_pair(sample)["mass"]
        h = plotting.make_hist(mass, EE_BINS, weights=sample["weight"] / 1000, label=MASS_EE)
        plotting.plot_hist(_per_gev(h), ax, label=name, color=color)
    predicted = [
        observables.photon_to_drell_yan(photon, low, high, up_share=UP_SHARE).sum() / 1000 / (high - low)
        for low, high in pairwise(EE_BINS)
    ]
    ax.plot(
        (EE_BINS[1:] + EE_BINS[:-1]) / 2,
        predicted,
        "o",
        ms=4,
        mfc="none",
        color="black",
        label="γ alone × analytic ratio",
    )
    plain_log_ticks(ax, TICKS)
    finish(ax, "dσ / dm [pb / GeV]", log=True)


def _per_gev(h):
    widths = h.axes[0].widths
    density = h.copy()
    density.view().value /= widths
    density.view().variance /= widths**2
    return density


def draw_asymmetry(axes, full: dict, photon: dict) -> None:
    """Forward-backward asymmetry of the electron in bins of the mass."""
    ax, bins = axes[0], np.array([30, 40, 50, 60, 70, 80, 86, 90, 92.5, 96, 105, 125, 170, 300.0])
    for sample, name, color in ((photon, "γ alone", BACKGROUND), (full, "γ and Z", SIGNAL)):
        pair = observables.electron_pair(sample)
        groups = [pair["forward"][(pair["mass"] > a) & (pair["mass"] < b)] for a, b in pairwise(bins)]
        value, error = np.array([estimate.mean(group) for group in groups]).T
        shift = 1.01 if name == "γ alone" else 1.0
        ax.errorbar(np.sqrt(bins[:-1] * bins[1:]) * shift, value, error, fmt="o", ms=5, color=color, label=name)
    ax.axhline(0, color="0.4", lw=1)
    plain_log_ticks(ax, TICKS).set(xlabel=MASS_EE, ylabel="forward-backward asymmetry", ylim=(-0.4, 0.55))
    ax.legend(loc="upper left")
    plotting.add_source(ax, SIMULATED)
    mark(ax, 91.188, r"$m_Z$")


def draw_events(axes, jet_events: dict) -> None:
    """One event of each process as seen by an ideal detector, unrolled."""
    event = observables.rows_of(jet_events["n_particles"])
    for ax, process, name in ((axes[0], checks_partons.TOP, "a top pair"), (axes[1], checks_partons.QCD, "QCD jets")):
        mine = event == np.flatnonzero(jet_events["process"] == process)[0]
        for charged, color, label in ((True, BACKGROUND, "charged"), (False, SIGNAL, "neutral")):
            chosen = mine & ((jet_events["particle_charge"] != 0) == charged)
            size = 4 * jet_events["particle_pt"][chosen]
            place = jet_events["particle_eta"][chosen], jet_events["particle_phi"][chosen]
            ax.scatter(*place, s=size, color=color, alpha=0.5, lw=0, label=label)
        ax.set(title=name, xlabel="η", ylabel="φ [rad]", xlim=(-5, 5), ylim=(-np.pi, 4.6))
        legend = ax.legend(loc="upper left", ncols=2, title="area as $p_\\mathrm{T}$")
        for handle in legend.legend_handles:
            handle.set_sizes([60])
    plotting.add_source(axes[1], SIMULATED)


SECTIONS = (
    Section(
        "Quarks of top pairs, electron-positron pairs, whole events",
        "Matrix elements and decays alone, no showers, no detector: here every number is known.",
        (
            Figure(
                "top_partons",
                ("ttbar_partons",),
                draw_partons,
                "Two panels: the masses of two quarks peak at 80.4 GeV, those of three at 173 GeV, for quarks and "
                "antiquarks alike, and follow the dashed Breit-Wigner curves.",
                "W bosons and top quarks come back from their quarks with their natural widths.",
                panels=2,
            ),
            Figure(
                "ee_spectrum",
                ("ee_full", "ee_photon"),
                draw_electrons,
                "Cross-section against the mass of the pair, both axes logarithmic. The photon alone falls steeply; "
                "with the Z boson there is a peak a thousand times higher at 91 GeV. Circles, computed from the "
                "photon sample and the couplings, lie on the steps of the full sample.",
                "With and without the Z boson; the circles are the photon sample times the analytic ratio.",
                height=5.0,
            ),
            Figure(
                "ee_asymmetry",
                ("ee_full", "ee_photon"),
                draw_asymmetry,
                "Forward-backward asymmetry against mass: zero for the photon alone; with the Z boson negative below"
                " 91 GeV and positive above.",
                "The interference of photon and Z changes its sign at the Z mass.",
                height=4.6,
            ),
            Figure(
                "jet_events",
                ("jet_events",),
                draw_events,
                "Two events in the plane of η and φ, a dot for each particle: the top pair has six groups of large "
                "dots, the QCD event two or three; small dots lie everywhere.",
                "Every particle of one event of each process.",
                panels=2,
                height=4.8,
            ),
        ),
        checks_partons.CHECKS,
    ),
)
