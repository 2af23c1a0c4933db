"""The flow: invertible, with the right determinant, conditional on its context, and a density that adds up to one."""

import keras
import numpy as np
import pytest
from keras import ops

from hepml_helpers import layers, training

N_FEATURES, N_CONTEXT = 3, 2


@pytest.fixture
def flow():
    """A flow whose weights are random: a new one is the identity, and would hide every mistake."""
    keras.utils.set_random_seed(5)
    flow = layers.Flow(N_FEATURES, N_CONTEXT, n_couplings=4, units=16)
    rng = np.random.default_rng(5)
    flow.set_weights([rng.normal(0.0, 0.3, w.shape) for w in flow.get_weights()])
    return flow


@pytest.fixture
def events():
    rng = np.random.default_rng(6)
    return rng.normal(size=(200, N_FEATURES)).astype("float32"), rng.normal(size=(200, N_CONTEXT)).astype("float32")


def arrays(*tensors):
    return [ops.convert_to_numpy(tensor) for tensor in tensors]


def test_a_coupling_does_what_its_formula_says():
    coupling = layers.AffineCoupling([True, False], units=4)
    coupling.build((None, 2), (None, 0))
    weights = coupling.get_weights()
    weights[-1] = np.array([9.0, np.log(2.0), 9.0, 0.5], "float32")  # the kernel is zero: s and t are constants
    coupling.set_weights(weights)
    z, log_det = arrays(*coupling(np.array([[3.0, 5.0]], "float32"), np.zeros((1, 0), "float32")))
    s = 2.0 * np.tanh(np.log(2.0) / 2.0)
    np.testing.assert_allclose(z, [[3.0, 5.0 * np.exp(s) + 0.5]], rtol=1e-6)
    np.testing.assert_allclose(log_det, [s], rtol=1e-6)


def test_a_new_flow_is_the_identity(events):
    z, log_det = arrays(*layers.Flow(N_FEATURES, N_CONTEXT).forward(*events))
    np.testing.assert_array_equal(z, events[0])
    np.testing.assert_array_equal(log_det, 0.0)


def test_there_and_back_is_where_one_began(flow, events):
    x, context = events
    z, _ = flow.forward(x, context)
    assert np.abs(ops.convert_to_numpy(z) - x).max() > 0.5
    np.testing.assert_allclose(ops.convert_to_numpy(flow.inverse(z, context)), x, atol=1e-4)


def test_back_and_there_is_where_one_began(flow, events):
    z, context = events
    again, _ = flow.forward(flow.inverse(z, context), context)
    np.testing.assert_allclose(ops.convert_to_numpy(again), z, atol=1e-4)


def test_the_log_determinant_is_that_of_automatic_differentiation(flow, events):
    x, context = events
    joint = np.concatenate([x, context], axis=1)
    matrices = training.jacobian(lambda xc: flow.forward(xc[:, :N_FEATURES], xc[:, N_FEATURES:])[0], joint)
    log_det = ops.convert_to_numpy(flow.forward(x, context)[1])
    assert np.std(log_det) > 0.1
    np.testing.assert_allclose(log_det, np.linalg.slogdet(matrices[:, :, :N_FEATURES].astype(float))[1], atol=1e-4)


def test_the_density_adds_up_to_one():
    flow = layers.Flow(2, n_couplings=4, units=8)
    rng = np.random.default_rng(7)
    flow.set_weights([rng.normal(0.0, 0.3, w.shape) for w in flow.get_weights()])
    axis = np.linspace(-10.0, 10.0, 401)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2).astype("float32")
    density = np.exp(ops.convert_to_numpy(flow.log_prob(grid)))
    assert density.sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(1.0, abs=1e-3)


def test_the_context_changes_the_density(flow, events):
    x, context = events
    first, second = arrays(flow.log_prob(x, context), flow.log_prob(x, context + 1.0))
    assert np.abs(first - second).min() < np.abs(first - second).max() and np.abs(first - second).mean() > 0.01


def test_calling_the_flow_gives_the_log_density(flow, events):
    called, direct = arrays(flow(list(events)), flow.log_prob(*events))
    np.testing.assert_allclose(called, direct, rtol=1e-6)


def test_every_feature_is_changed_and_kept():
    kept = np.array([coupling.kept for coupling in layers.Flow(5, n_couplings=4).couplings])
    assert kept.any(axis=0).all() and (~kept).any(axis=0).all()


def test_a_fit_finds_the_mean_and_width_that_the_context_sets():
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    context = rng.uniform(-1.0, 1.0, (4000, 1)).astype("float32")
    x = (context + 0.5 * rng.normal(size=(4000, 2))).astype("float32")
    flow = layers.Flow(2, 1, n_couplings=2, units=16)
    rate = keras.optimizers.schedules.CosineDecay(1e-2, 300)  # comes to rest: else where it stands is chance
    flow.compile(keras.optimizers.Adam(rate), loss=lambda _, log_p: -log_p)
    flow.fit([x, context], np.zeros(len(x)), batch_size=200, epochs=15, verbose=0)
    where = np.full((4000, 1), 0.8, "float32")
    drawn = ops.convert_to_numpy(flow.inverse(rng.normal(size=(4000, 2)).astype("float32"), where))
    np.testing.assert_allclose(drawn.mean(axis=0), 0.8, atol=0.1)  # twelve seeds: within 0.04
    np.testing.assert_allclose(drawn.std(axis=0), 0.5, atol=0.1)  # within 0.023


def test_a_flow_can_be_stored_and_loaded(flow, events, tmp_path):
    flow.save(tmp_path / "flow.keras")
    again = keras.saving.load_model(tmp_path / "flow.keras")
    before, after = arrays(flow.log_prob(*events), again.log_prob(*events))
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_the_input_is_unchanged(flow, events):
    copies = [array.copy() for array in events]
    flow.forward(*events)
    np.testing.assert_array_equal(events[0], copies[0])


@pytest.mark.parametrize("kept", [[True, True], [False, False]])
def test_a_coupling_that_keeps_all_or_nothing_is_an_error(kept):
    with pytest.raises(ValueError, match="expected at least one feature to be kept and one to be changed"):
        layers.AffineCoupling(kept)


@pytest.mark.parametrize("arguments", [{"n_features": 1}, {"n_features": 2, "n_couplings": 0}])
def test_a_flow_of_too_little_is_an_error(arguments):
    with pytest.raises(ValueError, match="expected at least 2 features"):
        layers.Flow(**arguments)


def test_a_wrong_shape_is_named(flow, events):
    with pytest.raises(ValueError, match=r"the context have shape \(200, 0\); expected \(n_events, 2\)"):
        flow.forward(events[0])


def test_the_jacobian_of_a_hand_worked_function():
    x = np.array([[2.0, 3.0], [4.0, 5.0]], "float32")
    found = training.jacobian(lambda x: ops.stack([x[:, 0] * x[:, 1], x[:, 0] ** 2, x[:, 1]], axis=-1), x)
    np.testing.assert_allclose(found, [[[3, 2], [4, 0], [0, 1]], [[5, 4], [8, 0], [0, 1]]], rtol=1e-6)
