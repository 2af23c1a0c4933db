"""Trainings that are killed and go on: small ones on both backends, and those of lessons 07 and 09."""

import json
import os
import pickle
import signal
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from notebook_files import NOTEBOOKS
from test_adversarial import BACKENDS, GAN

from hepml_helpers import checkpoints

TRAINING = """
import os, signal, sys
from hepml_helpers import checkpoints

def train(name, steps, stop=None):
    gan, _ = make()
    draws, losses = checkpoints.restore(name, gan) or (np.random.default_rng(1), [])
    began = len(losses)
    for step in range(began + 1, steps + 1):
        losses.append(gan.step(*batch(draws)))
        if step % 4 == 0:
            checkpoints.save(name, gan, (draws, losses))
        if step == stop:
            os.kill(os.getpid(), signal.SIGKILL)
    average = averaged_weights(gan.generator, gan.generator_optimizer)
    return {"began": began, "losses": losses, "average": [w.tolist() for w in average]}
"""
# What the tests put into a lesson before its training: kill the kernel at a step; count steps.
KILLER = """
import os, signal
taken, one_step = [0], adversarial.AdversarialTraining.step
def step(self, *arrays):
    taken[0] += 1
    if taken[0] == {stop}:
        os.kill(os.getpid(), signal.SIGKILL)
    return one_step(self, *arrays)
adversarial.AdversarialTraining.step = step
"""
LESSONS = {  # the cells that it needs, the training, its steps in smoke, where it is killed, the last step stored
    "07_gan_event_generation": (
        "parameters setup load observables features decay-tree networks-code train",
        "gan = make_gan()\nlosses, checks = fit(gan, STEPS, 'test')",
        (20, 15, 10),
    ),
    "09_calorimeter_gan": (
        "cell-02 cell-03 cell-05 cell-12 cell-16 cell-17 cell-19 cell-20 cell-21",
        "generator, history, checks = fit_gan(PARTICLE, train, val, STEPS)",
        (8, 5, 4),
    ),
}


def program(backend, tmp_path, call):
    env = dict(os.environ, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3", HEPML_KEEP_DIR=str(tmp_path))
    code = f"{GAN}\n{TRAINING}\nprint('ANSWER' + json.dumps({call}))"
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_killed_training_goes_on_as_if_nothing_had_been(backend, tmp_path):
    killed = program(backend, tmp_path, "train('one', 20, stop=11)")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    done = program(backend, tmp_path, "[train('one', 20), train('other', 20), train('one', 20)]")
    assert done.returncode == 0, done.stderr[-2000:]
    resumed, whole, finished = json.loads(done.stdout.rsplit("ANSWER", 1)[1])
    assert (resumed["began"], whole["began"], finished["began"]) == (8, 0, 20)
    np.testing.assert_allclose(resumed["losses"], whole["losses"], rtol=3e-4)
    for a, b in zip(resumed["average"], whole["average"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert finished["losses"] == resumed["losses"]


def kernel(cells):
    """Execute these cells in the smoke profile in a kernel of its own; what the last one printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return json.loads(notebook.cells[-1].outputs[-1]["text"])


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lessons_training_whose_kernel_is_killed_half_way_goes_on_from_the_last_stored_step(
    lesson, tmp_path, monkeypatch
):
    needed, training, (steps, stop, stored) = LESSONS[lesson]
    monkeypatch.setenv("HEPML_PROFILE", "smoke")
    monkeypatch.setenv("HEPML_KEEP_DIR", str(tmp_path))
    monkeypatch.setenv("MPLBACKEND", "agg")
    cells = {cell.id: cell.source for cell in nbformat.read(NOTEBOOKS / f"{lesson}.ipynb", as_version=4).cells}
    before = [cells[name] for name in needed.split()]
    with pytest.raises(DeadKernelError):
        kernel([*before, KILLER.format(stop=stop), training])
    names = "history, checks" if "fit_gan" in training else "losses, checks"
    note = f"found = [taken[0], *[np.array(x).tolist() for x in ({names})]]; taken[0] = 0"
    without = "resumed = found; del os.environ['HEPML_KEEP_DIR']"
    answer = "import json; print(json.dumps([resumed, found]))"
    cells = [*before, KILLER.format(stop=0), training, note, without, training, note, answer]
    resumed, whole = kernel(cells)
    assert (resumed[0], whole[0]) == (steps - stored, steps)
    for a, b in zip(resumed[1:], whole[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3)


class Plain:
    """Stands for a training whose networks and optimizers hold these arrays."""

    class Variable:
        def __init__(self, value):
            self.value = np.asarray(value, "float32")
            self.shape = self.value.shape

        def __array__(self, dtype=None, copy=None):
            return self.value

        def assign(self, value):
            self.value = value

    class Holder:
        def __init__(self, *values):
            self.variables = [Plain.Variable(value) for value in values]

    def __init__(self, *values):
        self.generator, self.discriminator = Plain.Holder(*values), Plain.Holder()
        self.generator_optimizer, self.discriminator_optimizer = Plain.Holder(3.0), Plain.Holder()


def test_without_a_folder_nothing_is_stored_and_nothing_restored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in (None, ""):
        monkeypatch.delenv("HEPML_KEEP_DIR", raising=False)
        if value is not None:
            monkeypatch.setenv("HEPML_KEEP_DIR", value)
        checkpoints.save("one", Plain([1.0]), "state")
        assert checkpoints.restore("one", Plain([0.0])) is None
    assert not list(tmp_path.iterdir())


def test_a_process_that_dies_while_it_stores_leaves_the_training_stored_before(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_KEEP_DIR", str(tmp_path / "new" / "folder"))
    checkpoints.save("one: a, b", Plain([1.0, 2.0]), "first")
    with pytest.raises((AttributeError, pickle.PicklingError)):
        checkpoints.save("one: a, b", Plain([3.0, 4.0]), lambda: "no pickle")
    other = Plain([0.0, 0.0])
    assert checkpoints.restore("one: a, b", other) == "first"
    np.testing.assert_array_equal(other.generator.variables[0].value, [1.0, 2.0])
    assert checkpoints.restore("another", other) is None


def test_what_is_no_training_or_one_of_other_networks_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_KEEP_DIR", str(tmp_path))
    checkpoints.save("one", Plain([1.0, 2.0]), "state")
    with pytest.raises(ValueError, match=r"one\.training holds networks of other shapes; expected .*\(3,\)"):
        checkpoints.restore("one", Plain([1.0, 2.0, 3.0]))
    (tmp_path / "one.training").write_bytes(b"half a fi")
    with pytest.raises(ValueError, match=r"one\.training holds no stored training"):
        checkpoints.restore("one", Plain([1.0, 2.0]))
