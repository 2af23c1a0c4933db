"""The networks of lesson 08 on random sets: order, padding, boosts, soft particles, and slow loops as oracles.

Classes and functions are taken from the lesson's own cells, so what is tested is what the student reads.
"""

import keras
import numpy as np
import pytest
from notebook_files import NOTEBOOKS, definitions

from hepml_helpers import constituents, kinematics

LESSON = NOTEBOOKS / "08_graph_taggers.ipynb"
GRAPHS = {"convolution", "attention", "message_passing"}
LAYERS = {"MLP", "DeepSets", "EdgeConv", "ParticleNet", "LorentzBlock", "LorentzNet", "JetAttention"}
WANTED = GRAPHS | LAYERS | {"neighbours", "gather", "gram", "psi"}
LENGTH, JETS = 12, 40
KINDS = {
    "PFN": ("DeepSets", {}),
    "EFN": ("DeepSets", {"energy_flow": True}),
    "ParticleNet": ("ParticleNet", {"units": (8, 8)}),
    "LorentzNet": ("LorentzNet", {"units": 8}),
    "attention": ("JetAttention", {}),
}


@pytest.fixture(scope="module")
def lesson():
    """The lesson's classes and functions by name; the weights of its small graph are ours."""
    names = {"np": np, "keras": keras, "ops": keras.ops}
    names |= {"W": np.array([[0.5, -1.0], [1.5, 0.3]]), "V": np.array([[-0.7, 0.2], [0.4, 1.1]])}
    return definitions(LESSON, WANTED, names)


@pytest.fixture
def rng():
    return np.random.default_rng(88)


@pytest.fixture
def p4(rng):
    """Jets of 3 to 9 massless constituents in 12 places, about 500 GeV, some in one and the same direction."""
    pt = rng.exponential(60.0, (JETS, LENGTH)) * (np.arange(LENGTH) < 3 + np.arange(JETS)[:, None] % 7) + 0.0
    angles = [np.round(rng.normal(0.0, 0.2, pt.shape), 1) for _ in range(2)]  # a coarse grid: many ties
    return kinematics.p4_from_ptetaphim(pt, 0.7 + angles[0], 1.0 + angles[1], 0.0)


def scaled(p4):
    """Features of the size that the lesson's have."""
    x = constituents.relative(p4)
    return np.float32((x - [0, -3, 0, 0, 0]) / [1, 1.3, 0.2, 0.2, 0.2] * (x[..., :1] > 0))


@pytest.fixture(params=KINDS)
def network(request, lesson):
    """Maps four-momenta to logits, (n_jets,); untrained, with random weights."""
    keras.utils.set_random_seed(5)
    kind, options = KINDS[request.param]
    layer, prepare = lesson[kind](**options), np.float32 if kind == "LorentzNet" else scaled

    def logits(p4):
        return numpy_of(layer(prepare(p4)))[:, 0]

    logits.name = request.param
    return logits


def numpy_of(values):
    return keras.ops.convert_to_numpy(values).astype(float)


def test_the_order_of_constituents_and_empty_places_changes_nothing(network, p4, rng):
    before = network(p4)
    assert before.std() > 1e-3  # beside 1e-5 below
    for _ in range(3):
        np.testing.assert_allclose(network(constituents.shuffle(p4, rng)), before, atol=1e-5, rtol=1e-5)


def test_a_dense_network_does_depend_on_the_order(lesson, p4, rng):
    layer = lesson["MLP"]()
    before, after = (numpy_of(layer(scaled(k)))[:, 0] for k in (p4, constituents.shuffle(p4, rng)))
    assert np.abs(after - before).max() > 0.1 * before.std()


@pytest.mark.parametrize("more", [1, LENGTH])
def test_longer_padding_changes_nothing(network, p4, more):
    np.testing.assert_allclose(network(np.pad(p4, [(0, 0), (0, more), (0, 0)])), network(p4), atol=1e-5, rtol=1e-5)


def test_nonsense_in_an_empty_place_changes_nothing(network, p4, rng):
    nonsense = np.where(p4[..., :1] > 0, p4, rng.normal(0, 300, p4.shape) * [0, 1, 1, 1])
    np.testing.assert_array_equal(network(nonsense), network(p4))


def test_nonsense_in_the_features_of_an_empty_place_changes_nothing(lesson, p4, rng):
    x = scaled(p4)
    spoiled = np.where(x[..., :1] > 0, x, np.float32(rng.normal(0, 3, x.shape) * [0, 1, 1, 1, 1]))
    for kind, options in KINDS.values():
        if kind != "LorentzNet":
            layer = lesson[kind](**options)
            np.testing.assert_allclose(numpy_of(layer(spoiled)), numpy_of(layer(x)), atol=1e-6, err_msg=kind)


def test_every_constituent_counts(network, p4):
    before, fewer = network(p4), p4.copy()
    fewer[:, 1] = 0
    assert np.median(np.abs(network(fewer) - before)) > 1e-3 * before.std()


@pytest.mark.parametrize("gamma", [1.5, 3.0])
def test_only_the_network_of_inner_products_is_blind_to_boosts(network, p4, rng, gamma):
    direction = rng.normal(size=(JETS, 1, 3))
    velocity = np.sqrt(1 - 1 / gamma**2) * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    before, after = network(p4), network(kinematics.boost(p4, velocity))
    change = np.abs(after - before) / np.maximum(np.abs(before), 1)
    if network.name == "LorentzNet":
        assert change.max() < 1e-3
    else:
        assert np.median(np.abs(after - before)) > 0.05 * before.std()


def test_four_vectors_turn_with_the_frame_and_their_coefficients_do_not(lesson, p4):
    keras.utils.set_random_seed(5)
    layer, velocity = lesson["LorentzNet"](units=8), np.array([0.5, -0.4, 0.6])
    moved = kinematics.boost(p4, velocity)
    layer(np.float32(p4))
    here, there = (numpy_of(layer.messages(np.float32(k))[2]) for k in (p4, moved))
    np.testing.assert_allclose(there, here, atol=1e-4)
    assert np.abs(here - np.eye(LENGTH)).max() > 1e-3  # they do move
    np.testing.assert_allclose(there @ moved, kinematics.boost(here @ p4, velocity), rtol=1e-3, atol=0.1)


def test_inner_products_are_those_in_double_precision_also_for_small_angles(lesson, rng):
    pt, eta = rng.uniform(0.5, 200, (30, 8)), 1.5 + rng.choice([0, 0.004, 0.1], (30, 8))
    k = kinematics.p4_from_ptetaphim(pt, eta, rng.choice([0, 0.004, 0.1], (30, 8)), 0.0)
    k = np.float32(k).astype(float)
    k[..., 0] = np.linalg.norm(k[..., 1:], axis=-1)
    expected = np.einsum("bim,bjm,m->bij", k, k, [1, -1, -1, -1])
    np.testing.assert_allclose(numpy_of(lesson["gram"](np.float32(k))), expected, rtol=3e-3, atol=1e-6)


def test_an_energy_flow_network_is_infrared_and_collinear_safe_and_the_others_are_not(network, p4, rng):
    longer = np.pad(p4, [(0, 0), (0, 1), (0, 0)])
    before = network(longer)
    soft = [np.abs(network(constituents.add_soft(longer, e, rng)) - before).mean() / before.std() for e in (1e-2, 1e-6)]
    split = np.abs(network(constituents.split_hardest(longer)) - before).mean() / before.std()
    if network.name == "EFN":
        assert split < 1e-4 and soft[1] < 1e-4 < soft[0]
    else:
        assert split > 1e-3 and soft[1] > 1e-3


def test_deep_sets_are_the_sum_of_a_slow_loop(lesson, p4):
    x = scaled(p4)
    for energy_flow in (False, True):
        layer = lesson["DeepSets"](energy_flow=energy_flow)
        found, expected = numpy_of(layer(x))[:, 0], []
        each, whole = ([[numpy_of(w) for w in dense.weights] for dense in part] for part in (layer.each, layer.whole))
        for jet in x.astype(float):
            total = 0
            for row in jet[jet[:, 0] > 0]:
                h = row[2:] if energy_flow else row[1:]
                for kernel, bias in each:
                    h = np.maximum(h @ kernel + bias, 0)
                total = total + (row[0] if energy_flow else 1 / 20) * h
            for kernel, bias in whole[:-1]:
                total = np.maximum(total @ kernel + bias, 0)
            expected.append((total @ whole[-1][0] + whole[-1][1])[0])
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_neighbours_are_the_nearest_real_others(lesson, rng):
    position, mask = np.float32(rng.normal(size=(20, 9, 2))), np.float32(np.arange(9) < 2 + np.arange(20)[:, None] % 8)
    position[mask == 0] = 0.0  # where the others are near
    index, weight = (numpy_of(found) for found in lesson["neighbours"](position, mask[..., None], 4))
    for jet in range(20):
        for i in np.flatnonzero(mask[jet]):
            others = [j for j in np.flatnonzero(mask[jet]) if j != i]
            distance2 = {j: ((position[jet, i] - position[jet, j]) ** 2).sum() for j in others}
            nearest = sorted(others, key=distance2.get)
            heard = {int(j): w for j, w in zip(index[jet, i], weight[jet, i], strict=True) if w > 0}
            assert set(heard) == set(nearest[:4])
            for j, w in heard.items():
                expected = 1 - distance2[j] / distance2[nearest[4]] if len(nearest) > 4 else 1.0
                assert w == pytest.approx(expected, abs=1e-4)


def test_a_neighbour_that_leaves_does_so_without_a_jump(lesson):
    keras.utils.set_random_seed(1)
    layer = lesson["EdgeConv"](4, k=2)
    near = np.array([[0, 0], [1, 0], [0, 1.5], [-2.0, 0]], "float32")

    def output(y):
        position = near[None].copy()
        position[0, 3, 0] = -y
        x = np.float32(np.concatenate([near, [[1], [2], [3], [4]]], axis=1))[None]  # all but the positions is the same
        return numpy_of(layer(x, position, np.ones((1, 4, 1), "float32")))[0, 0]

    before, after = output(1.5 + 1e-4), output(1.5 - 1e-4)  # the fourth place overtakes the third as second neighbour
    np.testing.assert_allclose(before, after, atol=1e-3)


def test_edgeconv_is_the_slow_loop_over_pairs(lesson, rng):
    keras.utils.set_random_seed(1)
    layer, mask = lesson["EdgeConv"](5, k=3), np.float32(np.arange(7) < np.array([[7], [5], [3], [1]]))
    x, position = np.float32(rng.normal(size=(4, 7, 2))), np.float32(rng.normal(size=(4, 7, 2)))
    found = numpy_of(layer(x, position, mask[..., None]))
    theta, (phi, b), (second, c) = (
        numpy_of(layer.theta.kernel),
        *(map(numpy_of, d.weights) for d in (layer.phi, layer.second)),
    )
    index, weight = (numpy_of(v) for v in lesson["neighbours"](position, mask[..., None], 3))
    for jet, i in np.ndindex(4, 7):
        total, norm = np.zeros(5), 0.0
        for j, w in zip(index[jet, i].astype(int), weight[jet, i], strict=True):
            edge = np.maximum((x[jet, j] - x[jet, i]) @ theta + x[jet, i] @ phi + b, 0)
            total, norm = total + w * np.maximum(edge @ second + c, 0), norm + w
        expected = total / norm if norm > 0 and mask[jet, i] else 0 * total
        np.testing.assert_allclose(found[jet, i], expected, atol=1e-4)


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_graph_layers_are_slow_loops_over_edges_and_rename_their_nodes(lesson, rng, name):
    H, A = rng.normal(size=(4, 2)), np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1]])
    W, V = lesson["W"], lesson["V"]
    found, expected = lesson[name](H, A)[1], np.zeros((4, 2))
    for i in range(4):
        heard = np.flatnonzero(A[i])
        affinity = {j: np.exp((H[i] @ W) @ (H[j] @ V)) for j in heard}
        for j in heard:
            if name == "convolution":
                expected[i] += H[j] @ W / np.sqrt(A[i].sum() * A[j].sum())
            elif name == "attention":
                expected[i] += affinity[j] / sum(affinity.values()) * (H[j] @ W)
            else:
                expected[i] += np.maximum(H[i] @ W + H[j] @ V, 0)
    np.testing.assert_allclose(found, expected if name == "message_passing" else np.tanh(expected), rtol=1e-9)
    P = np.eye(4)[[2, 0, 3, 1]]
    np.testing.assert_allclose(lesson[name](P @ H, P @ A @ P.T)[1], P @ found, rtol=1e-9)


def test_a_training_step_moves_every_weight(network, lesson, p4):
    kind, options = KINDS[network.name]
    prepare = np.float32 if kind == "LorentzNet" else scaled
    inputs = keras.Input((LENGTH, 4 if kind == "LorentzNet" else 5))
    model = keras.Model(inputs, lesson[kind](**options)(inputs))
    before = [numpy_of(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(prepare(p4), np.arange(JETS) % 2, epochs=1, verbose=0)
    still = [w.path for w, old in zip(model.trainable_weights, before, strict=True) if np.all(numpy_of(w) == old)]
    assert before and not still
