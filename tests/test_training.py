import os
import subprocess
import sys

import numpy as np
import pytest

from hepml_helpers import training

MINUTES = {"smoke": 0.2, "quick": 1, "full": 5}


def test_start_lesson_says_in_one_line_what_it_runs_on(capsys):
    assert training.start_lesson(1, "quick", minutes=MINUTES, network=False) == "quick"
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    for words in ("hepml-helpers", "Python 3", "no GPU needed", "profile quick: about 1 minute"):
        assert words in line


def test_a_lesson_with_a_network_names_the_backend_and_the_gpu_or_its_absence(capsys):
    training.start_lesson(1, "full", minutes=MINUTES)
    line = capsys.readouterr().out
    assert "Keras 3" in line and "GPU" in line and "about 5 minutes" in line


def test_an_unknown_profile_is_named():
    with pytest.raises(ValueError, match="profile is 'quik'; expected one of smoke, quick, full"):
        training.start_lesson(1, "quik", minutes=MINUTES)
    with pytest.raises(ValueError, match="expected an entry for 'full' too"):
        training.start_lesson(1, "full", minutes={"smoke": 1})


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    import keras

    def first_weights(seed):
        training.set_seed(seed)
        layer = keras.layers.Dense(3)
        layer.build((None, 4))
        return layer.kernel

    a, b, c = (np.asarray(first_weights(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_progress_gives_back_every_item(capsys):
    assert list(training.progress(range(5), desc="five")) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_fit_progress_counts_epochs_on_both_backends(backend):
    """A fit in a fresh interpreter: a backend can be chosen only once."""
    code = """
import keras, numpy as np
from hepml_helpers import training
assert keras.backend.backend() == "BACKEND"
training.set_seed(1)
X = np.random.default_rng(1).normal(size=(200, 3)).astype("float32")
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
model.compile(loss="mse", optimizer="adam")
model.fit(X, X[:, :1], epochs=3, validation_split=0.5, verbose=0, callbacks=[training.FitProgress("fit")])
""".replace("BACKEND", backend)
    env = dict(os.environ, KERAS_BACKEND=backend)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fit: 3 epochs in" in done.stdout and "best loss" in done.stdout


def test_a_lesson_without_a_network_does_not_load_keras():
    code = (
        "import sys; from hepml_helpers import training; "
        f"training.start_lesson(1, 'smoke', minutes={MINUTES}, network=False); "
        "assert 'keras' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
