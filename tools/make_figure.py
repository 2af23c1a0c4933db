"""Draw the figure of README.md, ``docs/figures/four_leptons.png``: ``python tools/make_figure.py`` (`make figure`).

From the embedded samples alone, so that every machine draws the same. On white, also on a dark page.
"""

import argparse
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from notebook_files import ROOT

from hepml_helpers import datasets, kinematics, plotting

FIGURE = ROOT / "docs/figures/four_leptons.png"
EXPECTED = {("z4l", "zz4l"): 80.1, ("h4l",): 9.73}  # events from 70 to 181 GeV: CMS's, as in data/recipes/stand_ins.py
BINS = (37, 70.0, 181.0)  # GeV
COLORS = [plotting.PALETTE[5], plotting.BACKGROUND, plotting.SIGNAL]


def main(arguments: list[str] | None = None) -> int:
    """Draw the figure anew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FIGURE)
    options = parser.parse_args(arguments)
    matplotlib.use("agg")
    plotting.use_style()
    figure = draw().figure
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=110, metadata={"Software": None})
    print(options.out)
    return 0


def draw():
    """The spectrum of four-lepton masses: areas for what is expected, points for one pseudo-experiment; the axes."""
    histograms = {}
    for names, expected in EXPECTED.items():
        tables = [datasets.load_dataset(name) for name in names]
        masses, weights = [four_lepton_mass(table) for table in tables], [table["weight"] for table in tables]
        inside = sum(w[(m > BINS[1]) & (m < BINS[2])].sum() for m, w in zip(masses, weights, strict=True))
        for name, m, w in zip(names, masses, weights, strict=True):
            histograms[name] = plotting.make_hist(m, BINS, weights=w * expected / inside, label=r"$m_{4\ell}$ [GeV]")
    candidates = datasets.load_dataset("four_leptons_pseudo")
    _, ax = plt.subplots(figsize=(8.0, 3.6))
    plotting.plot_stack(list(histograms.values()), ["Z → 4ℓ", "ZZ → 4ℓ", "Higgs boson → 4ℓ"], COLORS, ax)
    points = plotting.make_hist(candidates["mass"], BINS, label=r"$m_{4\ell}$ [GeV]")
    plotting.plot_data(points, ax, label="one pseudo-experiment")
    ax.set(ylabel="candidates / 3 GeV", ylim=(0, None))
    ax.annotate("Higgs boson", (127, 6.8), (136, 12.5), ha="center", arrowprops={"arrowstyle": "->"})
    ax.legend()
    return plotting.add_source(ax, candidates.attrs["label"])


def four_lepton_mass(table) -> np.ndarray:
    """Invariant mass in GeV of the four leptons of each row, shape (n_events,)."""
    pt, eta, phi, code = (table[[f"{name}{i}" for i in "1234"]].to_numpy() for name in ("pt", "eta", "phi", "pdgid"))
    mass = np.where(np.abs(code) == 13, kinematics.MUON_MASS, kinematics.ELECTRON_MASS)
    return kinematics.invariant_mass(kinematics.p4_from_ptetaphim(pt, eta, phi, mass).sum(axis=1))


if __name__ == "__main__":
    sys.exit(main())
