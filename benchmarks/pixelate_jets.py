"""Jet images a second: `hepml_helpers.jets.pixelate` beside EnergyFlow's `pixelate`, same jets, same pixels.

    python -m pip install energyflow
    python benchmarks/pixelate_jets.py --jets 100000 --repeat 3

The embedded top and QCD jets, repeated to the wanted number. EnergyFlow makes one image at a time, and moves each jet
by whole pixels so that its centroid comes to lie in the middle one; that step is done in numpy for ours, and is part
of its time. The script stops if a single pixel differs by more than rounding.
"""

import argparse
import contextlib
import io
import json
import sys
import time
from pathlib import Path

import awkward as ak
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hepml_helpers import jets  # noqa: E402
from hepml_helpers.datasets import load_dataset  # noqa: E402

N_PIXELS, WIDTH, LENGTH = 33, 1.6, 40  # EnergyFlow's number of pixels; jets of R = 0.8 fit in


def load(n_jets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pt, eta and phi of padded constituents, shape (n_jets, 40)."""
    with contextlib.redirect_stdout(io.StringIO()):
        sample = ak.concatenate([load_dataset("top_jets"), load_dataset("qcd_top_jets")])
    arrays = [jets.pad(sample[f"constituent_{name}"], LENGTH) for name in ("pt", "delta_eta", "delta_phi")]
    return tuple(np.resize(array, (n_jets, LENGTH)).astype(np.float64) for array in arrays)


def ours(pt, eta, phi) -> np.ndarray:
    """All images at once; each jet is first moved by the whole number of pixels that is nearest to its centroid."""
    pixel = WIDTH / N_PIXELS
    moved = []
    for angle in (eta, phi):
        centroid = (pt * angle).sum(axis=1, keepdims=True) / pt.sum(axis=1, keepdims=True)
        moved.append(angle - pixel * np.ceil(centroid / pixel - 0.5))
    return jets.pixelate(pt, *moved, n_pixels=N_PIXELS, half_width=WIDTH / 2)


def energyflow(pt, eta, phi) -> np.ndarray:
    """One image after the other, without padding, as EnergyFlow's users do."""
    from energyflow.utils import pixelate

    particles = np.stack([pt, eta, phi], axis=-1)
    real = pt > 0
    images = np.empty((len(pt), N_PIXELS, N_PIXELS))
    for jet in range(len(pt)):
        image = pixelate(particles[jet][real[jet]], npix=N_PIXELS, img_width=WIDTH, norm=False)
        images[jet] = image[..., 0]
    return images


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jets", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3, help="rounds; ways take turns, and the best and median count")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    options = parser.parse_args()
    data = load(options.jets)
    ways, seconds = {"EnergyFlow": energyflow, "hepml_helpers": ours}, {"EnergyFlow": [], "hepml_helpers": []}
    for _ in range(options.repeat):
        images = {}
        for name, way in ways.items():
            start = time.perf_counter()
            images[name] = way(*data)
            seconds[name].append(time.perf_counter() - start)
        different = np.abs(images["EnergyFlow"] - images["hepml_helpers"]) > 1e-9
        if different.any():
            print(f"{different.sum()} pixels differ, in {different.any(axis=(1, 2)).sum()} jets", file=sys.stderr)
            return 1
    print("| images | jets/s, best | jets/s, median |\n|---|---:|---:|")
    for name, times in seconds.items():
        print(f"| {name} | {options.jets / min(times):,.0f} | {options.jets / np.median(times):,.0f} |")
    print(f"\n{np.median(seconds['EnergyFlow']) / np.median(seconds['hepml_helpers']):.1f} times as fast, same pixels")
    if options.output:
        options.output.write_text(json.dumps({"jets": options.jets, "seconds": seconds}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
