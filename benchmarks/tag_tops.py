"""Top taggers side by side: LoLa of lesson 05, the networks of lesson 08, EnergyFlow's PFN; same jets, same machine.

    python -m pip install energyflow tf-keras
    python benchmarks/tag_tops.py --epochs 12 --seeds 3

Each training runs in a process of its own, one after the other, since EnergyFlow needs the Keras of before version 3.
All see the same constituents (up to 40 of each jet), the same batches' size and number of epochs, and all
are judged on the test jets with the weights of their best epoch on validation. The networks of the lessons are taken
from the lessons' own cells. `--ways PFN ParticleNet` chooses those whose names begin so.
"""

import argparse
import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
LESSON, GRAPHS = (ROOT / "notebooks" / f"{name}.ipynb" for name in ("05_lola_top_tagging", "08_graph_taggers"))
NETWORKS = {
    "DeepSets": {"DeepSets"},
    "ParticleNet": {"neighbours", "gather", "EdgeConv", "ParticleNet"},
    "LorentzNet": {"gram", "psi", "LorentzBlock", "LorentzNet"},
}
LENGTH, BATCH = 40, 256
PFN_SIZES = {"Phi_sizes": (100, 100, 128), "F_sizes": (100, 100, 100)}
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from notebook_files import definitions  # noqa: E402

from hepml_helpers import constituents, jets, metrics  # noqa: E402


def prepare(path: Path) -> None:
    """Write momenta, relative features, labels and the split to a file that all trainings read."""
    import awkward as ak

    from hepml_helpers.datasets import load_dataset

    with contextlib.redirect_stdout(io.StringIO()):
        tops, qcd = load_dataset("top_jets"), load_dataset("qcd_top_jets")
    order = np.random.default_rng(1).permutation(len(tops) + len(qcd))
    sample = ak.concatenate([tops, qcd])[order]
    pt, eta, phi = (jets.pad(sample[f"constituent_{name}"], LENGTH) for name in ("pt", "delta_eta", "delta_phi"))
    relative = np.stack([pt / pt.sum(axis=1, keepdims=True), eta, phi], axis=-1)
    y = np.repeat([1, 0], [len(tops), len(qcd)])[order]
    p4 = jets.constituents_p4(sample, LENGTH).astype("float32")
    np.savez(path, p4=p4, relative=relative.astype("float32"), y=y)


def split(array) -> list:
    """Training, validation and test part, as in the lesson."""
    return np.split(array, [int(0.65 * len(array)), int(0.65 * len(array)) + int(0.08 * len(array))])


def epoch_times(keras):
    """A callback for either Keras: seconds of each epoch, validation included."""

    class EpochTimes(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.seconds = []

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(time.perf_counter() - self.start)

    return EpochTimes()


def train_lola(data, seed: int, epochs: int):
    """Lesson 05's network and its way of training."""
    import keras

    from hepml_helpers import training

    names = {"keras": keras, "ops": keras.ops, "np": np, "training": training, "LENGTH": LENGTH}
    names = definitions(LESSON, {"signed_log", "LoLa", "make_network"}, names)
    return train_keras(names["make_network"](names["LoLa"], seed), data["p4"] / 100, data["y"], epochs, rate=2e-3)


def train_graph(data, seed: int, epochs: int, *, kind: str, rate: float):
    """A network of lesson 08 and its way of training."""
    import keras

    from hepml_helpers import training

    names = definitions(GRAPHS, NETWORKS[kind], {"keras": keras, "ops": keras.ops, "np": np})
    X = data["p4"]
    if kind != "LorentzNet":
        X = constituents.relative(X)
        found = X[: int(0.65 * len(X))][data["p4"][: int(0.65 * len(X)), :, 0] > 0]
        centre, width = [0, found[:, 1].mean(), 0, 0, 0], [1, found[:, 1].std(), *[found[:, 2:4].std()] * 3]
        X = np.float32((X - centre) / width * (X[..., :1] > 0))
    training.set_seed(seed)
    inputs = keras.Input(X.shape[1:])
    model = keras.Model(inputs, names[kind]()(inputs))
    return train_keras(model, X, data["y"], epochs, rate=rate)


def train_keras(model, X, y, epochs: int, *, rate: float):
    """Train, as lessons 05 and 08 do: a rate that falls along a cosine, the best epoch on validation."""
    import keras

    (X, X_val, X_test), (y, y_val, _) = split(X), split(y)
    rate = keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(X) // BATCH))
    model.compile(keras.optimizers.Adam(rate), keras.losses.BinaryCrossentropy(from_logits=True))
    times, best = epoch_times(keras), keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
    options = {"epochs": epochs, "batch_size": BATCH, "verbose": 0, "validation_data": (X_val, y_val)}
    model.fit(X, y, callbacks=[best, times], **options)
    start = time.perf_counter()
    score = model.predict(X_test, batch_size=1024, verbose=0)[:, 0]
    return score, model.count_params(), times.seconds, time.perf_counter() - start


def train_pfn(data, seed: int, epochs: int):
    """EnergyFlow's particle flow network, with its own settings for the training."""
    import tf_keras
    from energyflow.archs import PFN

    tf_keras.utils.set_random_seed(seed)
    pfn = PFN(input_dim=3, summary=False, **PFN_SIZES)
    (X, X_val, X_test), (y, y_val, _) = split(data["relative"]), split(np.eye(2, dtype="float32")[data["y"]])
    times = epoch_times(tf_keras)
    best = tf_keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
    options = {"epochs": epochs, "batch_size": BATCH, "verbose": 0, "validation_data": (X_val, y_val)}
    pfn.fit(X, y, callbacks=[best, times], **options)
    start = time.perf_counter()
    score = pfn.predict(X_test, batch_size=1024, verbose=0)[:, 1]
    return score, pfn.model.count_params(), times.seconds, time.perf_counter() - start


WAYS = {"LoLa (lesson 05)": train_lola, "PFN (EnergyFlow)": train_pfn}
for _name, _rate in (("DeepSets", 2e-3), ("ParticleNet", 3e-3), ("LorentzNet", 4e-3)):
    WAYS[f"{_name} (lesson 08)"] = functools.partial(train_graph, kind=_name, rate=_rate)


def one(way: str, seed: int, epochs: int, path: Path) -> dict:
    """One training in this process: its figures."""
    data = dict(np.load(path))
    score, parameters, seconds, predict_seconds = WAYS[way](data, seed, epochs)
    y_train, _, y_test = split(data["y"])
    auc, rejection = metrics.roc_auc(y_test, score), metrics.background_rejection(y_test, score, 0.3)
    return {
        "way": way,
        "seed": seed,
        "auc": auc,
        "rejection_30": rejection,
        "parameters": parameters,
        "train_jets_per_second": len(y_train) / float(np.median(seconds[1:])),  # without the epoch that compiles
        "predict_jets_per_second": len(y_test) / predict_seconds,
        "seconds": float(sum(seconds)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12, help="at least 2")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", default=[""], help="the beginnings of names; all by default")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "SEED", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        way, seed, path = options.one
        print(json.dumps(one(way, int(seed), options.epochs, Path(path))))
        return 0
    ways = [way for way in WAYS if way.startswith(tuple(options.ways))]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jets.npz"
        prepare(path)
        for seed in range(1, options.seeds + 1):
            for way in ways:
                command = [
                    sys.executable,
                    __file__,
                    "--epochs",
                    str(options.epochs),
                    "--one",
                    way,
                    str(seed),
                    str(path),
                ]
                variables = dict(os.environ, TF_USE_LEGACY_KERAS=str(int(way.startswith("PFN"))))
                run = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
                found.append(json.loads(run.stdout.splitlines()[-1]))
                print(
                    f"{way}, seed {seed}: AUC {found[-1]['auc'][0]:.4f}, {found[-1]['seconds']:.0f} s", file=sys.stderr
                )
    print("| tagger | parameters | AUC, mean | spread of seeds | 1/ε_B at 30 % | training jets/s | prediction jets/s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for way in ways:
        rows = [row for row in found if row["way"] == way]
        aucs, rejections = ([row[name][0] for row in rows] for name in ("auc", "rejection_30"))
        speeds = [max(row[f"{kind}_jets_per_second"] for row in rows) for kind in ("train", "predict")]
        spread = np.std(aucs, ddof=1) if len(aucs) > 1 else np.nan
        print(
            f"| {way} | {rows[0]['parameters']:,} | {np.mean(aucs):.4f} | {spread:.4f} | {np.mean(rejections):.0f} ± "
            f"{rows[0]['rejection_30'][1]:.0f} | {speeds[0]:,.0f} | {speeds[1]:,.0f} |"
        )
    if options.output:
        options.output.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
