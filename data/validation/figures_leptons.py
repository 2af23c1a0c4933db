"""Figures of the samples with leptons and photons."""

import csv

import numpy as np
from recipes import detector
from recipes.dimuon import DRELL_YAN, MESONS, MUON_MASS

from hepml_helpers import plotting
from hepml_helpers.plotting import ACCENT, BACKGROUND, PALETTE, SIGNAL
from validation import checks_dileptons, checks_leptons, observables
from validation.figures import SIMULATED, Figure, Section, draw_shapes, finish, mark, recorded_file

MASS = {2: r"$m_{\mu\mu}$ [GeV]", 4: r"$m_{4\ell}$ [GeV]", 22: r"$m_{\gamma\gamma}$ [GeV]"}
PT = r"$p_\mathrm{T}$ [GeV]"
CMS_Z = "cms/Zmumu_Run2011A.csv"
LAWS = {
    "muons": (detector.muon_pt_resolution, detector.measure_muons, detector.muon_efficiency),
    "electrons": (detector.electron_energy_resolution, detector.measure_electrons, detector.electron_efficiency),
    "photons": (detector.photon_energy_resolution, detector.measure_photons, detector.photon_efficiency),
}


def draw_detector(axes) -> None:
    """Resolution (upper row) and efficiency against pt: points sampled, lines the formula."""
    rng, pt = np.random.default_rng(1), np.geomspace(3, 150, 16)
    many = np.repeat(pt[:, None], 4000, axis=1)
    for column, (name, (resolution, measure, efficiency)) in enumerate(LAWS.items()):
        upper, lower = axes[column], axes[column + 3]
        for eta in (0.3, 1.3, 2.2):
            argument = pt if name == "muons" else pt * np.cosh(eta)
            (line,) = upper.plot(pt, 100 * resolution(argument, np.full(16, eta)), label=rf"$|\eta|$ = {eta}")
            measured, _, _ = measure(many, np.full_like(many, eta), np.zeros_like(many), rng=rng)
            low, high = np.percentile(measured / many, [15.87, 84.13], axis=1)
            upper.plot(pt, 50 * (high - low), "o", color=line.get_color())
            probability = efficiency(many, np.full_like(many, eta))
            lower.plot(pt, probability[:, 0], color=line.get_color(), label=rf"$|\eta|$ = {eta}")
            lower.plot(pt, detector.found(probability, rng=rng).mean(axis=1), "o", color=line.get_color())
        upper.set(title=name, ylabel="resolution [%]", xlabel=PT, xscale="log", ylim=(0, 9))
        lower.set(xlabel=PT, ylabel="efficiency", xscale="log", ylim=(0, 1.19))
        upper.legend()


def draw_z(axes, zmumu: dict) -> None:
    """Mass and leading pt of the Z, simulated, and recorded where the file is at hand."""
    mass, leading = observables.masses(zmumu, 2, MUON_MASS), np.maximum(zmumu["pt1"], zmumu["pt2"])
    path, bins = recorded_file(CMS_Z), (np.arange(70, 112.5, 1.0), np.arange(15, 91, 3.0))
    if path:
        with path.open() as file:
            rows = list(csv.DictReader(file))
        cms = {
            name: np.array([float(row[name]) for row in rows])
            for name in ("pt1", "eta1", "phi1", "pt2", "eta2", "phi2")
        }
        data = (observables.masses(cms, 2, MUON_MASS), np.maximum(cms["pt1"], cms["pt2"]))
        shown = (data[0] > 70) & (data[0] < 112)
    for ax, values, edges, label, place in zip(
        axes, (mass, leading), bins, (MASS[2], f"leading {PT}"), (0, 1), strict=True
    ):
        here = (mass > 70) & (mass < 112)
        h = plotting.make_hist(values[here], edges, label=label)
        scale = 1 / here.sum()
        if path:
            recorded = plotting.make_hist(data[place][shown], edges, label=label)
            plotting.plot_data(recorded, ax, label="CMS Open Data (2011)")
            scale = shown.sum() / here.sum()
        plotting.plot_hist(h * scale, ax, label=SIMULATED, color=BACKGROUND)
        finish(
            ax, "events / bin" if path else "share of events", source="CMS Open Data, simulated" if path else SIMULATED
        )
    mark(axes[0], 91.188, r"$m_Z$")


def draw_cocktail(axes, cocktail: dict) -> None:
    """The dimuon spectrum, all together and by origin."""
    ax, mass, bins = axes[0], observables.masses(cocktail, 2, MUON_MASS), np.geomspace(0.3, 200, 301)
    names = {meson.origin: _greek(meson.name) for meson in MESONS.values()} | {DRELL_YAN: "Drell-Yan"}
    total, _ = np.histogram(mass, bins, weights=cocktail["weight"])
    ax.stairs(total / np.diff(bins), bins, color="black", label="all", lw=1.2)
    for index, (origin, name) in enumerate(names.items()):
        mine = cocktail["origin"] == origin
        part, _ = np.histogram(mass[mine], bins, weights=cocktail["weight"][mine])
        ax.stairs(part / np.diff(bins), bins, color=PALETTE[index % 6], fill=True, alpha=0.45, label=name)
    ax.set(xscale="log", xlabel=MASS[2], xlim=(0.3, 200), ylim=(1e3, None))
    finish(ax, "expected events / GeV (11.6/fb)", log=True)
    ax.legend(ncols=2, loc="upper right")


def _greek(name: str) -> str:
    for latin, greek in (("Upsilon", "Υ"), ("omega", "ω"), ("eta", "η"), ("rho", "ρ"), ("phi", "φ"), ("psi", "ψ")):
        name = name.replace(latin, greek)
    return name


def draw_four_leptons(axes, z4l: dict, zz4l: dict, h4l: dict) -> None:
    """Four-lepton masses with their weights; the Higgs boson by channel."""
    parts = {"H → 4ℓ": (h4l, SIGNAL), "ZZ → 4ℓ": (zz4l, BACKGROUND), "Z → 4ℓ": (z4l, PALETTE[5])}
    hists = [
        plotting.make_hist(
            observables.masses(sample, 4), np.arange(70, 301, 5.0), weights=sample["weight"], label=MASS[4]
        )
        for sample, _ in reversed(parts.values())
    ]
    labels, colors = list(parts), [color for _, color in parts.values()]
    plotting.plot_stack(hists, labels[::-1], colors[::-1], axes[0])
    finish(axes[0], "expected events / 5 GeV (11.6/fb, LO)")
    n_muons = sum((np.abs(h4l[f"pdgid{i}"]) == 13).astype(int) for i in range(1, 5))
    mass = observables.masses(h4l, 4)
    channels = {name: mass[n_muons == n] for n, name in {4: "4μ", 2: "2e2μ", 0: "4e"}.items()}
    draw_shapes(axes[1], channels, np.arange(112, 135.5, 0.5), MASS[4])
    mark(axes[1], 125, r"$m_H$")


def draw_photons(axes, hgg: dict, diphoton: dict) -> None:
    """Photon pairs with their weights, and the Higgs peak alone."""
    bins, background, signal = np.arange(100, 161, 2.0), observables.masses(diphoton, 2), observables.masses(hgg, 2)
    hists = [
        plotting.make_hist(background, bins, weights=diphoton["weight"], label=MASS[22]),
        plotting.make_hist(signal, bins, weights=10 * hgg["weight"], label=MASS[22]),
    ]
    plotting.plot_stack(hists, ["γγ", "H → γγ, × 10"], [BACKGROUND, SIGNAL], axes[0])
    finish(axes[0], "expected events / 2 GeV (19.7/fb, LO)")
    draw_shapes(axes[1], {"H → γγ": signal}, np.arange(115, 135.25, 0.25), MASS[22], colors=[SIGNAL])
    mark(axes[1], 125, r"$m_H$")


def draw_stand_ins(axes, pseudo: dict, tag_and_probe: dict) -> None:
    """The two stand-ins."""
    plotting.plot_data(
        plotting.make_hist(pseudo["mass"], np.arange(70, 301, 5.0), label=MASS[4]), axes[0], label="pseudo-data"
    )
    finish(axes[0], "candidates / 5 GeV")
    kinds = {kind.decode(): tag_and_probe["mass"][tag_and_probe["kind"] == kind] for kind in (b"GG", b"GT", b"TT")}
    for (kind, mass), color in zip(kinds.items(), PALETTE, strict=False):
        h = plotting.make_hist(mass, np.arange(40, 121, 2.0), label=MASS[2])
        plotting.plot_hist(h, axes[1], label=f"rows {kind}", color=color)
    finish(axes[1], "rows / 2 GeV")


_DILEPTONS = {"H → WW": SIGNAL, "WW": BACKGROUND, "tt̄": ACCENT}


def draw_dileptons(axes, *samples: dict) -> None:
    """Angle, mass and transverse mass of the two leptons."""
    pairs = [observables.lepton_pair(sample) for sample in samples]
    rows = (
        ("dphi", np.linspace(0, np.pi, 33), r"$\Delta\phi(\ell\ell)$ [rad]"),
        ("m_ll", np.arange(12, 201, 4.0), r"$m_{\ell\ell}$ [GeV]"),
        ("m_t", np.arange(20, 301, 5.0), r"$m_\mathrm{T}$ [GeV]"),
    )
    for ax, (key, bins, label) in zip(axes, rows, strict=True):
        parts = {name: pair[key] for name, pair in zip(_DILEPTONS, pairs, strict=True)}
        draw_shapes(ax, parts, bins, label, colors=list(_DILEPTONS.values()))
    mark(axes[1], checks_dileptons.ENDPOINT, "end for H")
    mark(axes[2], 125, r"$m_H$")


def draw_surroundings(axes, *samples: dict) -> None:
    """Jets, missing momentum and pt of the leading lepton."""
    rows = (
        ("n_jets", np.arange(-0.5, 8), "number of jets"),
        ("met", np.arange(0, 201, 5.0), r"$p_\mathrm{T}^\mathrm{miss}$ [GeV]"),
        ("pt1", np.arange(20, 161, 4.0), f"leading lepton's {PT}"),
    )
    for ax, (key, bins, label) in zip(axes, rows, strict=True):
        parts = {name: sample[key] for name, sample in zip(_DILEPTONS, samples, strict=True)}
        draw_shapes(ax, parts, bins, label, colors=list(_DILEPTONS.values()))


_WW = ("hww", "ww", "ttbar_dilepton")
SECTIONS = (
    Section(
        "Z bosons, mesons, four leptons, photons",
        "Muons, electrons and photons follow simple laws of resolution and efficiency, drawn after figures of CMS. "
        "Everything else follows from them and from the matrix elements.",
        (
            Figure(
                "detector",
                (),
                draw_detector,
                "Six panels against pt: resolution and efficiency of muons, electrons and photons at three |η|. "
                "Points lie on their lines. Muons are measured to one or two per cent, electrons and photons better "
                "at high pt.",
                "What the parametrised detector does to one particle: lines are the formula, points are sampled.",
                panels=6,
                rows=2,
                height=3.7,
            ),
            Figure(
                "z",
                ("zmumu",),
                draw_z,
                "Two panels: a narrow peak of the dimuon mass at 91 GeV, and the leading muon's pt with its edge near "
                "45 GeV. Simulation as steps, CMS's recorded events, where they are at hand, as points.",
                "The Z boson, scaled to the number of recorded events. The recorded peak lies 0.3 GeV lower: the "
                "momentum scale of that release. Recorded events have a background that the simulation has not.",
                panels=2,
            ),
            Figure(
                "cocktail",
                ("dimuon_cocktail",),
                draw_cocktail,
                "Dimuon mass from 0.3 to 200 GeV on two logarithmic axes: peaks of η, ρ and ω, φ, J/ψ, ψ(2S), Υ and Z, "
                "one colour each, above a falling Drell-Yan continuum.",
                "The dimuon spectrum by origin. Muons from b and c hadrons, which fill the valleys in recorded data,"
                " are not in it.",
                height=5.0,
            ),
            Figure(
                "four_leptons",
                ("z4l", "zz4l", "h4l"),
                draw_four_leptons,
                "Left: stacked expected events against the four-lepton mass, with a peak at 91 GeV, a small one at "
                "125 GeV and the rise of ZZ at 180 GeV. Right: the Higgs peak, narrowest for four muons.",
                "Three samples make the four-lepton spectrum; electrons are measured less well and radiate more.",
                panels=2,
            ),
            Figure(
                "photons",
                ("hgg", "diphoton"),
                draw_photons,
                "Left: a falling spectrum of photon pairs with the Higgs boson, ten times enlarged, at 125 GeV. "
                "Right: the peak alone, symmetric.",
                "A small peak on a large, smooth background, at leading order and without photons from jets.",
                panels=2,
            ),
            Figure(
                "stand_ins",
                ("four_leptons_pseudo", "tag_and_probe"),
                draw_stand_ins,
                "Left: pseudo-data of four leptons, with a peak at 91 GeV. Right: the Z peak three times, in rows of"
                " three kinds, the kind GT twice as often.",
                "What a lesson falls back on where the recorded file cannot be had.",
                panels=2,
            ),
        ),
        checks_leptons.CHECKS,
    ),
    Section(
        "H → WW, WW and top pairs with two leptons",
        "The Higgs boson has no spin: its two leptons fly in one direction, with a small mass.",
        (
            Figure(
                "dileptons",
                _WW,
                draw_dileptons,
                "Three panels: the angle between the leptons is small for H → WW and large for WW and top pairs; the"
                " mass of the leptons ends near 96 GeV for H; the transverse mass ends at 125 GeV for H and goes on "
                "for the others.",
                "What tells H → WW from WW: angle, mass, and transverse mass.",
                panels=3,
            ),
            Figure(
                "dilepton_surroundings",
                _WW,
                draw_surroundings,
                "Three panels: most WW and H events have no jet, top pairs have two or more; missing momentum and "
                "lepton pt are largest for top pairs.",
                "What tells top pairs from both: jets.",
                panels=3,
            ),
        ),
        checks_dileptons.CHECKS,
    ),
)
