"""Do the GANs of lessons 07 and 09 train without a number that is not finite, at any of several seeds?

    python benchmarks/train_gans.py --steps 1000 --seeds 5

Networks, losses and training loops are taken from the lessons' own cells, in the sizes of the quick profile. Each row
is one training: whether every loss and every weight is finite, the largest loss, and the distance to validation
events at the first check and at the last. The exit status is 1 if anything is not finite.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from scipy.special import gammaln

os.environ.pop("HEPML_KEEP_DIR", None)  # a stored training would not be trained
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import keras  # noqa: E402
from notebook_files import definitions  # noqa: E402

from hepml_helpers import (  # noqa: E402
    adversarial,
    calorimeter,
    checkpoints,
    datasets,
    kinematics,
    showers,
    training,
    two_sample,
)

COMMON = {"np": np, "keras": keras, "ops": keras.ops, "adversarial": adversarial, "checkpoints": checkpoints}
COMMON |= {"training": training, "two_sample": two_sample, "PROFILE": "quick", "SEED": 1, "PRETRAINED": False}
EVENTS = """QUARKS table pt eta phi name q events N_TRAIN train val test MASSES PARENTS masses observables LEVELS
CHOSEN STEPS features turned t4 LOG_PT RAPIDITY PEAKS SPREAD length boosted DecayTree generate UNITS BATCH LATENT
RATE PENALTY SpectralDense network read make_gan mmd fit"""
SHOWERS = """THRESHOLD take columns N_SHARED WIDTH dense constant ShowerGenerator draw_noise generate read_out
view mean_distance STEPS BATCH RATE PENALTY CELL_WEIGHT losses fit_gan"""


def events_lesson():
    """Lesson 07: how to train with a seed; the generator, the losses and the checks come back."""
    rng = np.random.default_rng(1)
    names = COMMON | {"datasets": datasets, "kinematics": kinematics, "rng": rng}
    names |= {"MMD_KERNEL": "breit-wigner", "MMD_WIDTH": 10.0}  # exercise 2 sets them too, so they are given here
    names = definitions(ROOT / "notebooks" / "07_gan_event_generation.ipynb", set(EVENTS.split()), names)
    read = keras.ops.convert_to_numpy(names["features"](names["train"], names["CHOSEN"]))
    names["SCALING"] = [(read.mean(axis=0), read.std(axis=0))] * len(names["LEVELS"])
    names["truth_val"] = {k: x for k, x in names["observables"](names["val"]).items() if k not in names["PARENTS"]}

    def train(seed: int, steps: int, mmd_weight: float):
        names["SEED"] = seed
        gan = names["make_gan"](seed=seed, mmd_weight=mmd_weight)
        losses, checks = names["fit"](gan, steps, f"events, seed {seed}")
        return (gan.generator, gan.discriminator), losses, list(checks[:, 1])

    return train


def showers_lesson(particle: str):
    """Lesson 09 for one particle."""
    rng = np.random.default_rng(1)
    names = COMMON | {"calorimeter": calorimeter, "showers": showers, "gammaln": gammaln, "PARTICLE": particle}
    names |= {"DATA": "parametrised", "LEFT_OUT": (40, 60)}
    names["POSITIONS"] = {particle: showers.make_showers(particle, [1.0], rng).positions}
    names = definitions(ROOT / "notebooks" / "09_calorimeter_gan.ipynb", set(SHOWERS.split()), names)
    samples = [names["take"](particle, n, rng, part=1, gap=True) for n in (40_000, 4000)]

    def train(seed: int, steps: int):
        names["SEED"] = seed
        generator, losses, checks = names["fit_gan"](particle, *samples, steps)
        return (generator,), losses, list(checks[:, 1])

    return train


def main() -> int:
    """Print the table; 1 if a number is not finite."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--output", type=Path, help="a JSON file for the rows")
    options = parser.parse_args()
    events = events_lesson()
    ways = {f"07, {k} MMD": partial(events, mmd_weight=w) for k, w in (("without", 0.0), ("with", 3.0))}
    ways |= {f"09, {particle}s": showers_lesson(particle) for particle in ("positron", "photon", "pion")}
    rows = []
    print(f"{'GAN':18}  seed  finite  largest loss  distance, first and last check  seconds")
    for name, train in ways.items():
        for seed in range(1, options.seeds + 1):
            start = time.perf_counter()
            models, losses, checks = train(seed, options.steps)
            weights = np.concatenate([w.ravel() for model in models for w in model.get_weights()])
            row = {"gan": name, "seed": seed, "finite": bool(np.isfinite(losses).all() and np.isfinite(weights).all())}
            row |= {"steps": len(losses), "largest_loss": float(np.max(losses)), "checks": [float(x) for x in checks]}
            row["seconds"] = round(time.perf_counter() - start, 1)
            rows.append(row)
            text = f"{name:18}  {seed:4}  {'yes' if row['finite'] else 'NO':6}  {row['largest_loss']:12.2f}"
            print(f"{text}  {checks[0]:14.3f} {checks[-1]:15.3f}  {row['seconds']:7}", flush=True)
    if options.output:
        options.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0 if all(row["finite"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
