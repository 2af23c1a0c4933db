"""One step of two networks on both backends: against gradients by hand, against each other, and what it leaves behind.

A backend is chosen once in a process, so the steps run in fresh interpreters.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

BACKENDS = ("tensorflow", "jax")

# A small GAN with every part that lessons use: a penalty on the slope, an average of the weights, a decoding layer.
GAN = """
import json, numpy as np, keras
from keras import ops
from hepml_helpers.adversarial import AdversarialTraining, averaged_weights, input_gradient

def network(n_in, n_out, rng):
    model = keras.Sequential([keras.Input((n_in,)), keras.layers.Dense(16, activation="leaky_relu"),
                              keras.layers.Dense(16, activation="leaky_relu"), keras.layers.Dense(n_out)])
    model.set_weights([rng.normal(size=w.shape) / np.sqrt(w.shape[0]) for w in model.get_weights()])
    return model

def discriminator_loss(generator, discriminator, real, noise):
    fake = generator(noise)
    both = ops.concatenate([real, fake])
    logits, slope = discriminator(both), input_gradient(discriminator, both)
    n = real.shape[0]
    loss = ops.mean(ops.softplus(-logits[:n])) + ops.mean(ops.softplus(logits[n:]))
    return loss + 0.1 * ops.mean(ops.sum(slope**2, axis=-1))

def generator_loss(generator, discriminator, real, noise):
    return ops.mean(ops.softplus(-discriminator(generator(noise))))

def make(seed=1, rate=1e-3):
    rng = np.random.default_rng(seed)
    adam = dict(beta_1=0.5, beta_2=0.99)
    gan = AdversarialTraining(
        network(4, 2, rng), network(2, 1, rng), generator_loss=generator_loss, discriminator_loss=discriminator_loss,
        generator_optimizer=keras.optimizers.Adam(rate, use_ema=True, ema_momentum=0.9, **adam),
        discriminator_optimizer=keras.optimizers.Adam(rate, **adam),
    )
    return gan, rng

def batch(rng, n=64):
    return rng.normal(size=(n, 2)) * [1.0, 0.3] + [2.0, 0.0], rng.normal(size=(n, 4))
"""


def run(backend: str, code: str):
    """What the code leaves in ``answer``, from a fresh interpreter on this backend."""
    env = dict(os.environ, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3")
    program = f"{GAN}\n{code}\nprint('ANSWER' + json.dumps(answer))"
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.rsplit("ANSWER", 1)[1])


def test_both_backends_give_the_same_losses_and_weights_from_the_same_weights_and_inputs():
    code = """
gan, rng = make()
answer = {"losses": [gan.step(*batch(rng)) for _ in range(5)]}
answer["weights"] = [w.tolist() for model in (gan.generator, gan.discriminator) for w in model.get_weights()]
"""
    one, other = (run(backend, code) for backend in BACKENDS)
    np.testing.assert_allclose(one["losses"], other["losses"], atol=1e-4)
    for a, b in zip(one["weights"], other["weights"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_step_by_hand(backend):
    """d(x) = v x and g(z) = w z + b with plain gradient descent: the discriminator moves first, then the generator."""
    code = """
def line(w, b):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[w]]), np.array([b])])
    return model

sgd = keras.optimizers.SGD
gan = AdversarialTraining(
    line(2.0, 1.0), line(3.0, 0.0),
    discriminator_loss=lambda g, d, x, z: ops.mean(d(g(z))) - ops.mean(d(x)) + ops.mean(input_gradient(d, x) ** 2),
    generator_loss=lambda g, d, x, z: -ops.mean(d(g(z))),
    generator_optimizer=sgd(0.1), discriminator_optimizer=sgd(0.1),
)
losses = gan.step([[4.0], [6.0]], [[0.0], [2.0]])
answer = [losses, *(float(w.ravel()[0]) for m in (gan.generator, gan.discriminator) for w in m.get_weights())]
"""
    losses, w, b, v, _ = run(backend, code)
    # g(z) = 1, 5: mean 3. L_D = 3 (3) - 3 (5) + 3^2 = 3; dL_D/dv = 3 - 5 + 2 (3) = 4, so v = 3 - 0.4 = 2.6.
    # L_G with the new v: -2.6 (3) = -7.8; dL_G/dw = -2.6 <z> = -2.6, dL_G/db = -2.6.
    np.testing.assert_allclose(losses, [3.0, -7.8], rtol=1e-5)
    np.testing.assert_allclose([w, b, v], [2.26, 1.26, 2.6], rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_input_gradient_is_that_of_each_event_alone_and_can_be_differentiated_again(backend):
    code = """
x = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
first = input_gradient(lambda x: ops.sum(x**3, axis=-1), x)
second = input_gradient(lambda x: ops.sum(input_gradient(lambda y: ops.sum(y**3, axis=-1), x) ** 2, axis=-1), x)
answer = [np.asarray(first).tolist(), np.asarray(second).tolist()]
"""
    first, second = run(backend, code)
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    np.testing.assert_allclose(first, 3 * x**2, rtol=1e-5)
    np.testing.assert_allclose(second, 36 * x**3, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_thousand_steps_at_five_seeds_hold_no_nan_and_bring_the_generator_to_the_data(backend):
    code = """
answer = []
for seed in range(5):
    gan, rng = make(seed, rate=2e-3)
    losses = []
    for step in range(1000):
        for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
            optimizer.learning_rate.assign(2e-3 * (0.51 + 0.49 * np.cos(np.pi * step / 1000)))  # comes to rest
        losses.append(gan.step(*batch(rng)))
    gan.generator.set_weights(averaged_weights(gan.generator, gan.generator_optimizer))
    events = np.asarray(gan.generator(rng.normal(size=(4000, 4)).astype("float32")))
    answer.append([bool(np.isfinite(losses).all()), *events.mean(axis=0).tolist()])
"""
    for finite, mean_x, mean_y in run(backend, code):
        assert finite
        assert abs(mean_x - 2.0) < 0.4 and abs(mean_y) < 0.4  # twenty seeds on either backend: within 0.15


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interrupted_training_can_be_saved_and_continued(backend, tmp_path):
    """Models and optimizers hold everything: a run continued from files goes on as if it had not been stopped."""
    code = f"""
folder = {str(tmp_path)!r}
gan, rng = make()
batches = [batch(rng) for _ in range(12)]
whole = [gan.step(*b) for b in batches]

class Interrupted(list):
    def __iter__(self):
        yield from self[:6]
        raise KeyboardInterrupt

gan, _ = make()
try:
    for b in Interrupted(batches):
        gan.step(*b)
except KeyboardInterrupt:
    parts = {{"g": gan.generator, "d": gan.discriminator}}
    moments = [[np.asarray(v) for v in o.variables] for o in (gan.discriminator_optimizer, gan.generator_optimizer)]
    for name, model in parts.items():
        model.save_weights(f"{{folder}}/{{name}}.weights.h5")

gan, _ = make(seed=7)
gan.generator.load_weights(f"{{folder}}/g.weights.h5"), gan.discriminator.load_weights(f"{{folder}}/d.weights.h5")
for optimizer, values in zip((gan.discriminator_optimizer, gan.generator_optimizer), moments):
    for variable, value in zip(optimizer.variables, values):
        variable.assign(value)
answer = [whole[6:], [gan.step(*b) for b in batches[6:]]]
"""
    whole, continued = run(backend, code)
    np.testing.assert_allclose(continued, whole, rtol=3e-4)  # threads add up in any order; without the moments: 3e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_new_learning_rate_counts_without_compiling_anew(backend):
    code = """
gan, rng = make()
arrays = batch(rng)
gan.step(*arrays)
for optimizer in (gan.discriminator_optimizer, gan.generator_optimizer):
    optimizer.learning_rate.assign(0.0)
before = gan.generator.get_weights() + gan.discriminator.get_weights()
gan.step(*arrays)
after = gan.generator.get_weights() + gan.discriminator.get_weights()
answer = all(bool(np.array_equal(a, b)) for a, b in zip(before, after))
"""
    assert run(backend, code) is True


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_average_of_the_weights_is_kept_by_the_optimizer(backend):
    code = """
gan, rng = make(rate=0.05)
gan.step(*batch(rng))
averages = gan.generator.get_weights()  # Keras begins with the weights after the first step
for _ in range(4):
    gan.step(*batch(rng))
    averages = [0.9 * a + 0.1 * w for a, w in zip(averages, gan.generator.get_weights())]
before = gan.generator.get_weights()
kept = averaged_weights(gan.generator, gan.generator_optimizer)
unchanged = all(bool(np.array_equal(a, b)) for a, b in zip(before, gan.generator.get_weights()))
try:
    averaged_weights(gan.discriminator, gan.discriminator_optimizer)
except ValueError as error:
    refused = str(error)
answer = [[w.tolist() for w in averages], [w.tolist() for w in kept], unchanged, refused]
"""
    averages, kept, unchanged, refused = run(backend, code)
    assert unchanged and "use_ema=True" in refused
    for expected, values in zip(averages, kept, strict=True):
        np.testing.assert_allclose(values, expected, atol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_cannot_be_trained_is_named(backend):
    code = """
def attempt(layer, *, shared=False, build=True):
    g = keras.Sequential(([keras.Input((2,))] if build else []) + [layer, keras.layers.Dense(1)])
    d = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    a, b = keras.optimizers.Adam(), keras.optimizers.Adam()
    try:
        AdversarialTraining(g, d, generator_loss=None, discriminator_loss=None, generator_optimizer=a,
                            discriminator_optimizer=a if shared else b)
    except ValueError as error:
        return str(error)

layers = keras.layers
answer = [attempt(layers.BatchNormalization()), attempt(layers.Dropout(0.5)), attempt(layers.Dense(2), shared=True),
          attempt(layers.Dense(2), build=False), attempt(layers.LayerNormalization())]
"""
    norm, dropout, shared, unbuilt, fine = run(backend, code)
    assert "changes its own state" in norm and "changes its own state" in dropout
    assert "share one optimizer" in shared and "generator is not built" in unbuilt
    assert fine is None


def test_another_backend_is_refused(monkeypatch):
    from hepml_helpers import adversarial

    keras = pytest.importorskip("keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(RuntimeError, match="runs on torch; expected tensorflow or jax"):
        adversarial.input_gradient(lambda x: x, np.zeros((1, 1), "float32"))
