"""The Lorentz layer, neighbourhoods, towers and aligned jets of lesson 05, against slow and independent calculations.

Classes and functions are taken from the lesson's own cells, so what is tested is what the student reads.
"""

import awkward as ak
import keras
import numpy as np
import pytest
from notebook_files import NOTEBOOKS, definitions

from hepml_helpers import jets, kinematics

LESSON = NOTEBOOKS / "05_lola_top_tagging.ipynb"
WANTED = {"signed_log", "LoLa", "normalised", "distances", "Neighbourhoods", "towers_of", "aligned", "FreeLoLa"}
MINKOWSKI = np.array([1.0, -1.0, -1.0, -1.0])
LENGTH, FIELD, RADIUS = 6, 3.8, 1.29


@pytest.fixture(scope="module")
def lesson():
    """The lesson's classes and functions by name; its constants are ours."""
    names = {"np": np, "keras": keras, "ops": keras.ops, "jets": jets, "kinematics": kinematics}
    names |= {"LENGTH": LENGTH, "TOWER": np.pi / 36, "FIELD": FIELD, "RADIUS": RADIUS}
    return definitions(LESSON, WANTED, names)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def p4(rng):
    """Jets of 2 to 6 massless constituents, in units of 100 GeV, zeros where there are fewer, (20, 6, 4)."""
    pt = -np.sort(-rng.exponential(1.0, (20, LENGTH)), axis=1) * (np.arange(LENGTH) < 2 + np.arange(20)[:, None] % 5)
    eta, phi = rng.normal(0.5, 0.3, pt.shape), rng.normal(2.0, 0.3, pt.shape)
    return kinematics.p4_from_ptetaphim(pt, eta, phi, 0.0)


@pytest.fixture
def layer(lesson, p4):
    """A layer with small numbers of everything, its metric that of Minkowski."""
    keras.utils.set_random_seed(3)
    layer = lesson["LoLa"](n_combinations=3, n_copies=2, n_logs=2, step=3)
    layer(p4)
    layer.metric.assign(MINKOWSKI / layer.step)
    return layer


def numpy_of(values):
    return keras.ops.convert_to_numpy(values).astype(float)


def features(layer, p4):
    return numpy_of(layer(p4.astype("float32")))


def slow_features(layer, jet, metric):
    """The features of one jet, object by object, from its real constituents alone."""
    weights = [numpy_of(w) for w in (layer.combinations, layer.w_energy, layer.w_distance, layer.w_log)]
    places = [i for i, constituent in enumerate(jet) if constituent[0] > 0]
    n, objects = len(jet), {0: sum(jet[i] for i in places)} | {1 + i: jet[i] for i in places}
    for c, row in enumerate(weights[0]):
        objects[1 + n + c] = sum(row[i] * jet[i] for i in places)

    def square(k):
        return sum(metric[mu] * k[mu] ** 2 for mu in range(4))

    n_copies = len(weights[2])
    found = np.zeros((1 + n + len(weights[0]), 3 + 2 * n_copies))
    for j, k in objects.items():
        found[j, 0] = square(k)
        found[j, 1] = np.hypot(k[1], k[2])
        found[j, 2] = sum(weights[1][j, m] * other[0] for m, other in objects.items())
        distances = {m: square(k - other) for m, other in objects.items()}
        for c, w in enumerate(weights[2]):
            found[j, 3 + c] = sum(w[j, m] * d2 for m, d2 in distances.items())
        for c, w in enumerate(weights[3]):
            logs = {m: np.sign(d2) * np.log(1 + 100 * abs(d2)) for m, d2 in distances.items()}
            found[j, 3 + n_copies + c] = sum(w[j, m] * log for m, log in logs.items())
    return found


@pytest.mark.parametrize("metric", [MINKOWSKI, np.array([0.7, 0.4, -1.3, 2.0])], ids=["Minkowski", "another"])
def test_the_layer_is_the_slow_loop_over_the_real_constituents(layer, p4, metric):
    layer.metric.assign(metric / layer.step)
    expected = np.stack([slow_features(layer, jet, metric) for jet in p4])
    np.testing.assert_allclose(features(layer, p4), expected, rtol=1e-4, atol=2e-3)


def test_nothing_in_a_padded_place_changes_any_output(layer, p4, rng):
    nonsense = p4 + (p4[..., :1] == 0) * rng.normal(0, 50, p4.shape) * [0, 1, 1, 1]
    assert np.abs(nonsense - p4).max() > 50
    np.testing.assert_array_equal(features(layer, nonsense), features(layer, p4))


@pytest.mark.parametrize(
    ("velocity", "pt_changes"), [((0.0, 0.0, 0.5), False), ((0.5, 0.0, 0.0), True), ((0.2, -0.4, 0.3), True)]
)
def test_masses_and_distances_are_invariant_and_the_rest_is_not(layer, p4, velocity, pt_changes):
    before, after = features(layer, p4), features(layer, kinematics.boost(p4, np.array(velocity)))
    change = np.abs(after - before).mean(axis=(0, 1)) / np.abs(before).mean(axis=(0, 1))
    assert np.all(change[[0, 3, 4]] < 1e-4) and np.all(change[5:] < 2e-3)
    assert change[2] > 0.05
    assert change[1] > 0.05 if pt_changes else change[1] < 1e-4


def test_with_another_metric_masses_are_not_invariant(layer, p4):
    layer.metric.assign(np.array([1.0, -1.0, -1.0, -0.8]) / layer.step)
    before, after = features(layer, p4), features(layer, kinematics.boost_z(p4, 0.5))
    assert np.abs(after - before)[..., 0].mean() > 0.05 * np.abs(before)[..., 0].mean()


@pytest.mark.parametrize("learn", [True, False])
def test_a_training_step_moves_the_metric_unless_it_is_given(lesson, p4, learn):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((LENGTH, 4))
    layer = lesson["LoLa"](n_combinations=3, n_copies=2, n_logs=2, learn_metric=learn, step=4)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(layer(inputs))))
    before = numpy_of(layer.metric)
    if not learn:
        np.testing.assert_allclose(before * layer.step, MINKOWSKI, rtol=1e-6)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(p4, np.arange(len(p4)) % 2, epochs=1, verbose=0)
    moved = np.abs(numpy_of(layer.metric) - before)
    assert np.all(moved > 1e-3) if learn else np.all(moved == 0)


def test_a_free_metric_acts_as_its_symmetric_part(lesson, layer, p4):
    keras.utils.set_random_seed(3)
    free = lesson["FreeLoLa"](n_combinations=3, n_copies=2, n_logs=2, learn_metric=False)
    free(p4)
    antisymmetric = np.triu(np.full((4, 4), 0.7), 1)
    free.free.assign((np.diag(MINKOWSKI) + antisymmetric - antisymmetric.T) / free.step)
    for weight in ("combinations", "w_energy", "w_distance", "w_log"):
        getattr(free, weight).assign(getattr(layer, weight))
    np.testing.assert_allclose(features(free, p4), features(layer, p4), atol=2e-3)


@pytest.fixture
def near(lesson, p4):
    """Neighbourhoods of every constituent, with the exact metric."""
    keras.utils.set_random_seed(3)
    near = lesson["Neighbourhoods"](MINKOWSKI, n_centres=LENGTH, radii=(0.2, 0.5), units=8)
    near(p4)
    return near


def test_distances_are_those_of_the_momenta(lesson, p4):
    difference = p4[:, :, None] - p4[:, None]
    expected = np.abs((difference**2 * MINKOWSKI).sum(axis=-1)) * (p4[..., 0] > 0)[:, None] * (p4[..., :1] > 0)
    found = numpy_of(lesson["distances"](p4.astype("float32"), MINKOWSKI.astype("float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_an_error_of_the_metric_stays_as_small_in_the_distances(lesson, p4):
    wrong = np.array([1.02, -1.01, -0.99, -1.0])
    exact, found = (
        numpy_of(lesson["distances"](p4.astype("float32"), g.astype("float32"))) for g in (MINKOWSKI, wrong)
    )
    assert exact.max() > 1
    assert np.all(np.abs(found - exact) <= 0.0101 * exact + 1e-5) and np.abs(found - exact).max() > 1e-3


def test_subjets_are_sums_of_the_momenta_near_each_constituent(near, p4):
    weights, pt, mass2 = (numpy_of(x) for x in near.subjets(p4.astype("float32")))
    assert weights.shape == (20, 2, LENGTH, LENGTH)
    for jet in range(4):
        places = np.flatnonzero(p4[jet, :, 0] > 0)
        for r, radius in enumerate((0.2, 0.5)):
            for j in places:
                angle2 = 2 * (
                    np.cosh(kinematics.eta(p4[jet, places]) - kinematics.eta(p4[jet, j]))
                    - np.cos(kinematics.phi(p4[jet, places]) - kinematics.phi(p4[jet, j]))
                )
                subjet = (np.exp(-angle2 / radius**2)[:, None] * p4[jet, places]).sum(axis=0)
                assert pt[jet, r, j] == pytest.approx(kinematics.pt(subjet), rel=1e-4)
                assert mass2[jet, r, j] == pytest.approx(kinematics.invariant_mass(subjet) ** 2, rel=1e-3, abs=1e-5)


def test_neighbourhoods_know_neither_padded_places_nor_the_order_nor_a_boost_along_the_beam(near, p4, rng):
    before = features(near, p4)
    nonsense = p4 + (p4[..., :1] == 0) * rng.normal(0, 50, p4.shape) * [0, 1, 1, 1]
    np.testing.assert_array_equal(features(near, nonsense), before)
    np.testing.assert_allclose(features(near, p4[:, ::-1]), before, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(features(near, kinematics.boost_z(p4, 0.5)), before, rtol=1e-3, atol=1e-4)
    assert np.abs(features(near, kinematics.boost(p4, np.array([0.5, 0.0, 0.0]))) - before).max() > 0.01


def test_only_the_hardest_constituents_are_centres_and_all_are_neighbours(lesson, p4):
    near = lesson["Neighbourhoods"](MINKOWSKI, n_centres=2)
    weights, pt, _ = near.subjets(p4.astype("float32"))
    assert weights.shape == (20, 4, 2, LENGTH) and pt.shape == (20, 4, 2)


def test_training_moves_the_ruler_and_the_radii_of_the_neighbourhoods(lesson, p4):
    keras.utils.set_random_seed(3)
    inputs, near = keras.Input((LENGTH, 4)), lesson["Neighbourhoods"](MINKOWSKI, n_centres=4, units=8)
    model = keras.Model(inputs, keras.layers.Dense(1)(near(inputs)))
    before = numpy_of(near.metric), numpy_of(near.log_radii)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(p4, np.arange(len(p4)) % 2, epochs=1, verbose=0)
    assert np.all(np.abs(numpy_of(near.metric) - before[0])[1:] > 1e-3)
    assert numpy_of(near.metric)[0] == before[0][0]  # the time components cancel
    assert np.all(np.abs(numpy_of(near.log_radii) - before[1]) > 1e-3)


def test_the_normalised_metric_has_lost_sign_and_scale_and_nothing_else(lesson):
    metric = np.array([-0.5, 0.6, 0.7, 0.2])
    np.testing.assert_allclose(lesson["normalised"](metric), [1.0, -1.2, -1.4, -0.4])
    np.testing.assert_allclose(lesson["normalised"]([3 * metric, -metric]), [[1.0, -1.2, -1.4, -0.4]] * 2)


def sample_of(*jet_lists, eta=0.0, phi=0.0):
    """Jets from lists of (pt, delta_eta, delta_phi, kind)."""
    columns = {
        f"constituent_{name}": ak.Array([[float(c[i]) for c in one] for one in jet_lists])
        for i, name in enumerate(("pt", "delta_eta", "delta_phi"))
    }
    columns["constituent_kind"] = ak.Array([[c[3] for c in one] for one in jet_lists])
    return ak.Array(columns | {"eta": np.full(len(jet_lists), eta), "phi": np.full(len(jet_lists), phi)})


def test_photons_in_one_tower_are_added_and_seen_at_its_centre(lesson, rng):
    tower = np.pi / 36
    jet = [
        (20.0, 0.3 * tower, 0.4 * tower, 0),
        (10.0, 0.7 * tower, 0.6 * tower, 0),
        (50.0, 1.5 * tower, 0.5 * tower, 0),
    ]
    (towers,) = lesson["towers_of"](sample_of(jet), rng)
    energy = [50.0 * np.cosh(1.5 * tower), 20.0 * np.cosh(0.3 * tower) + 10.0 * np.cosh(0.7 * tower)]
    np.testing.assert_allclose(towers[:2, 0], energy, rtol=1e-5)
    np.testing.assert_allclose(kinematics.eta(towers[:2]), [1.5 * tower, 0.5 * tower], rtol=1e-4)
    np.testing.assert_allclose(kinematics.phi(towers[:2]), [0.5 * tower, 0.5 * tower], rtol=1e-4)
    np.testing.assert_allclose(kinematics.invariant_mass(towers[:2]), 0.0, atol=0.05)
    assert np.all(towers[2:] == 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_charged_electron_arrives_where_the_field_has_bent_it(lesson, rng, sign):
    (towers,) = lesson["towers_of"](sample_of([(3.0, 0.0, 0.0, 3 * sign)], phi=3.1), rng)
    radius = 3.0 / (0.299792458 * FIELD)
    turned = kinematics.delta_phi(3.1 - sign * np.arcsin(RADIUS / (2 * radius)), 0.0)
    assert abs(kinematics.delta_phi(kinematics.phi(towers[0]), turned)) <= np.pi / 72 + 1e-6


def test_muons_and_soft_towers_are_lost(lesson, rng):
    (towers,) = lesson["towers_of"](sample_of([(40.0, 0.0, 0.0, 4), (0.5, 0.3, 0.3, 0)]), rng)
    assert np.all(towers == 0)


@pytest.mark.parametrize(("kind", "spread"), [(2, np.sqrt(1.10**2 * 100 + (0.09 * 100) ** 2)), (1, 0.0)])
def test_charged_hadrons_are_smeared_and_what_the_calorimeter_measured_is_not(lesson, rng, kind, spread):
    towers = lesson["towers_of"](sample_of(*[[(100.0, 0.0, 0.0, kind)]] * 3000), rng)
    energy = towers[:, 0, 0]
    assert energy.mean() == pytest.approx(100.0, abs=1.5)
    assert energy.std() == pytest.approx(spread, rel=0.05, abs=1e-3)


def test_towers_are_listed_in_falling_order_jet_by_jet_and_the_sample_stays_as_it_is(lesson, rng):
    jet_lists = [
        [(float(pt), *rng.uniform(-0.7, 0.7, 2), 0) for pt in -np.sort(-rng.uniform(5, 90, n))] for n in (6, 1, 3)
    ]
    sample = sample_of(*jet_lists, eta=-1.2, phi=-3.1)
    kept = ak.to_list(sample)
    towers = lesson["towers_of"](sample, rng)
    pt = kinematics.pt(towers)
    assert towers.shape == (3, LENGTH, 4) and np.all(np.diff(pt, axis=1) <= 0)
    energy = [sum(c[0] * np.cosh(c[1] - 1.2) for c in one) for one in jet_lists]
    np.testing.assert_allclose(towers[..., 0].sum(axis=1), energy, rtol=1e-5)
    assert ak.to_list(sample) == kept


def test_aligned_jets_fly_along_x_with_the_masses_they_had(lesson, p4):
    before, after = p4.sum(axis=1), lesson["aligned"](p4).sum(axis=1, dtype=float)
    np.testing.assert_allclose(after[:, 2:], 0.0, atol=1e-5)
    assert np.all(after[:, 1] > 0)
    np.testing.assert_allclose(after[:, 1], kinematics.pt(before), rtol=1e-5)
    np.testing.assert_allclose(kinematics.invariant_mass(after), kinematics.invariant_mass(before), rtol=1e-3)
