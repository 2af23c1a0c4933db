"""Figures that show whether the samples look as they should: `python data/recipes/validate.py`.

Writes `build/validation/*.png` and prints a few numbers. With HEPML_DATA_DIR, the Z peak is drawn beside recorded data.
"""

import csv
import os
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

DATA = Path(__file__).resolve().parents[1]
if str(DATA) not in sys.path:
    sys.path.insert(0, str(DATA))

from recipes import detector, store  # noqa: E402
from recipes.dimuon import DRELL_YAN, MESONS, MUON_MASS  # noqa: E402

OUT = DATA.parent / "build" / "validation"


def main() -> int:
    """Draw every figure for which there is a sample."""
    OUT.mkdir(parents=True, exist_ok=True)
    samples = {path.stem: store.read_sample(path) for path in sorted((DATA / "samples").glob("*.h5"))}
    draw_detector()
    for name, draw in FIGURES.items():
        if set(draw[1]) <= set(samples):
            figure, axes = plt.subplots(1, draw[2], figsize=(6 * draw[2], 4.5), layout="constrained")
            draw[0](*np.atleast_1d(axes), *(samples[sample] for sample in draw[1]))
            figure.savefig(OUT / f"{name}.png", dpi=90)
            plt.close(figure)
            print(OUT / f"{name}.png")
    return 0


def masses(sample: dict, n: int, mass: float = 0.0) -> np.ndarray:
    """Mass of the first n particles of every row, shape (n_rows,)."""
    parts = [detector.p4_of(*(sample[f"{q}{i}"] for q in ("pt", "eta", "phi")), mass) for i in range(1, n + 1)]
    return detector.mass_of(np.stack(parts, axis=1))


def draw_detector() -> None:
    """Resolution and efficiency against pt: points sampled, lines the formula."""
    rng, pt = np.random.default_rng(1), np.geomspace(3, 150, 16)
    laws = {
        "muon": (detector.muon_pt_resolution, detector.measure_muons, detector.muon_efficiency, 1.0),
        "electron": (detector.electron_energy_resolution, detector.measure_electrons, detector.electron_efficiency, 0),
        "photon": (detector.photon_energy_resolution, detector.measure_photons, detector.photon_efficiency, 0),
    }
    figure, axes = plt.subplots(2, 3, figsize=(15, 8), layout="constrained")
    for column, (name, (resolution, measure, efficiency, is_muon)) in enumerate(laws.items()):
        for eta in (0.3, 1.3, 2.2):
            energy = pt if is_muon else pt * np.cosh(eta)
            line = axes[0, column].plot(pt, 100 * resolution(energy, np.full(16, eta)), label=f"|η| = {eta}")[0]
            many = np.repeat(pt[:, None], 4000, axis=1)
            measured, _, _ = measure(many, np.full_like(many, eta), np.zeros_like(many), rng=rng)
            half = (np.percentile(measured / many, 84, axis=1) - np.percentile(measured / many, 16, axis=1)) / 2
            axes[0, column].plot(pt, 100 * half, "o", color=line.get_color())
            probability = efficiency(many, np.full_like(many, eta))
            axes[1, column].plot(pt, probability[:, 0], color=line.get_color())
            axes[1, column].plot(pt, detector.found(probability, rng=rng).mean(axis=1), "o", color=line.get_color())
        axes[0, column].set(title=name, ylabel="resolution [%]", xscale="log", ylim=(0, 8))
        axes[1, column].set(xlabel="pt [GeV]", ylabel="efficiency", xscale="log", ylim=(0, 1.05))
        axes[0, column].legend()
    figure.savefig(OUT / "detector.png", dpi=90)
    plt.close(figure)


def draw_z(left, right, zmumu: dict) -> None:
    """Z peak and pt, simulated and recorded."""
    mass, bins = masses(zmumu, 2, MUON_MASS), np.linspace(60, 120, 61)
    sets = {"simulated": (mass, zmumu["pt1"]), "simulated, bare muons": (zmumu["mass_bare"], None)}
    recorded = Path(os.environ.get("HEPML_DATA_DIR", "")) / "cms" / "Zmumu_Run2011A.csv"
    if recorded.is_file():
        with recorded.open() as file:
            rows = list(csv.DictReader(file))
        values = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
        sets["CMS 2011"] = (masses(values, 2, MUON_MASS), np.maximum(values["pt1"], values["pt2"]))
    for label, (m, pt) in sets.items():
        inside = m[(m > 80) & (m < 100)]
        low, middle, high = np.percentile(inside, [16, 50, 84])
        print(f"Z, {label}: {len(m)} events, median {middle:.3f}, half of central 68 % {(high - low) / 2:.2f}")
        left.hist(m, bins, density=True, histtype="step", label=label)
        if pt is not None:
            right.hist(pt, np.linspace(0, 120, 61), density=True, histtype="step", label=label)
    left.set(xlabel="m(μμ) [GeV]", ylabel="density")
    right.set(xlabel="leading pt [GeV]")
    left.legend()
    right.legend()


def draw_cocktail(left, right, cocktail: dict) -> None:
    """The dimuon spectrum, all together and by origin, and the pseudorapidities."""
    mass = masses(cocktail, 2, MUON_MASS)
    bins = np.geomspace(0.3, 200, 400)
    width = np.diff(bins)
    names = {meson.origin: meson.name for meson in MESONS.values()} | {DRELL_YAN: "Drell-Yan"}
    total, _ = np.histogram(mass, bins, weights=cocktail["weight"])
    left.stairs(total / width, bins, color="black", label="all")
    for origin, name in names.items():
        mine = cocktail["origin"] == origin
        part, _ = np.histogram(mass[mine], bins, weights=cocktail["weight"][mine])
        left.stairs(part / width, bins, alpha=0.6, label=name)
        print(f"cocktail, {name}: {mine.sum()} rows, {cocktail['weight'][mine].sum(dtype=float):.4g} expected")
    left.set(xscale="log", yscale="log", xlabel="m(μμ) [GeV]", ylabel="expected events / GeV", ylim=(1e3, None))
    left.legend(fontsize=6, ncols=2)
    right.hist(cocktail["eta1"], 60, weights=cocktail["weight"], histtype="step", density=True, label="η1")
    right.hist(
        np.minimum(cocktail["pt1"], 60), 60, weights=cocktail["weight"], histtype="step", density=True, label="pt1"
    )
    right.set(xlabel="η1, pt1 [GeV]", yscale="log")
    right.legend()


def draw_four_leptons(left, right, z4l: dict, zz4l: dict, h4l: dict) -> None:
    """Four-lepton masses with their weights; the Higgs boson by channel."""
    bins = np.arange(60, 303, 3)
    parts = {"Z → 4l": z4l, "ZZ": zz4l, "H": h4l}
    data = [masses(sample, 4) for sample in parts.values()]
    left.hist(data, bins, weights=[sample["weight"] for sample in parts.values()], stacked=True, label=list(parts))
    left.set(xlabel="m(4l) [GeV]", ylabel="expected events / 3 GeV (11.6/fb, LO)")
    left.legend()
    for (name, sample), mass in zip(parts.items(), data, strict=True):
        inside = (mass > 70) & (mass < 181)
        total, part = sample["weight"].sum(), sample["weight"][inside].sum()
        print(f"{name}: {len(mass)} rows, {total:.2f} expected, {part:.2f} in 70-181")
    n_muons = sum((np.abs(h4l[f"pdgid{i}"]) == 13).astype(int) for i in range(1, 5))
    for n, name in {4: "4μ", 2: "2e2μ", 0: "4e"}.items():
        mass = data[2][n_muons == n]
        counts, edges = np.histogram(mass, np.arange(110, 140, 0.5))
        low, middle, high = np.percentile(mass, [16, 50, 84])
        peak = edges[counts.argmax()] + 0.25
        print(f"H → {name}: peak {peak:.2f}, median {middle:.2f}, half of central 68 % {(high - low) / 2:.2f}")
        right.stairs(counts / counts.sum(), edges, label=name)
    right.set(xlabel="m(4l) [GeV]")
    right.legend()


def draw_leptons(left, right, zz4l: dict, h4l: dict) -> None:
    """Transverse momenta of the four leptons."""
    for ax, sample, name in ((left, zz4l, "ZZ"), (right, h4l, "H")):
        for i in range(1, 5):
            ax.hist(sample[f"pt{i}"], np.linspace(0, 120, 61), histtype="step", label=f"lepton {i}")
        ax.set(title=name, xlabel="pt [GeV]")
        ax.legend()


def draw_photons(left, right, hgg: dict, diphoton: dict) -> None:
    """Photon pairs with their weights, and the Higgs peak alone."""
    bins = np.arange(95, 181, 1)
    signal, background = masses(hgg, 2), masses(diphoton, 2)
    left.hist([background, signal], bins, weights=[diphoton["weight"], hgg["weight"] * 20], stacked=True)
    left.set(xlabel="m(γγ) [GeV]", ylabel="expected events / GeV (19.7/fb, LO; H × 20)")
    right.hist(signal, np.arange(115, 135, 0.25), histtype="step")
    low, middle, high = np.percentile(signal, [16, 50, 84])
    right.set(xlabel="m(γγ) [GeV]", title=f"median {middle:.2f}, half of central 68 % {(high - low) / 2:.2f}")
    print(f"H → γγ: {len(signal)} rows, median {middle:.2f}, half of central 68 % {(high - low) / 2:.2f}")
    print(f"γγ: {len(background)} rows, {diphoton['weight'].sum():.0f} expected; H {hgg['weight'].sum():.1f}")


def draw_pseudo(left, right, pseudo: dict, tag_and_probe: dict) -> None:
    """The two stand-ins."""
    left.hist(pseudo["mass"], np.arange(70, 301, 3), histtype="step")
    counts = {f"{a}-{b}": int(((pseudo["mass"] > a) & (pseudo["mass"] < b)).sum()) for a, b in _WINDOWS}
    left.set(xlabel="m(4l) [GeV]", ylabel="events / 3 GeV", title=str(counts))
    print(f"pseudo-experiment: {len(pseudo['mass'])} events, {counts}")
    right.hist(tag_and_probe["mass"], np.arange(0, 150, 2), histtype="step")
    kinds = dict(zip(*np.unique(tag_and_probe["kind"], return_counts=True), strict=True))
    print(f"tag and probe: {len(tag_and_probe['mass'])} rows, {kinds}")
    right.set(xlabel="m(μμ) [GeV], all rows")


_WINDOWS = ((70, 181), (80, 100), (121, 130))
FIGURES = {
    "z": (draw_z, ("zmumu",), 2),
    "cocktail": (draw_cocktail, ("dimuon_cocktail",), 2),
    "four_leptons": (draw_four_leptons, ("z4l", "zz4l", "h4l"), 2),
    "lepton_pt": (draw_leptons, ("zz4l", "h4l"), 2),
    "photons": (draw_photons, ("hgg", "diphoton"), 2),
    "stand_ins": (draw_pseudo, ("four_leptons_pseudo", "tag_and_probe"), 2),
}

if __name__ == "__main__":
    sys.exit(main())
