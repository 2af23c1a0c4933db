"""Distances between samples: by hand, against scipy and loops, and their uncertainties against repeated samples."""

import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import LogisticRegression

from hepml_helpers.two_sample import against_real, classifier_test, mmd, tail_ratio, wasserstein, worst_ratio


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def mmd_loop(a, b, kernel):
    """The unbiased estimate, pair by pair."""
    same = [np.mean([kernel(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)]
    return sum(same) - 2 * np.mean([kernel(x, y) for x in a for y in b])


def test_wasserstein_by_hand_is_the_mean_way_between_sorted_values():
    assert wasserstein([3.0, 0.0], [1.0, 5.0]) == pytest.approx((1 + 2) / 2)
    assert wasserstein([0.0], [0.0, 3.0]) == pytest.approx(1.5)  # half of the mass has to move by three


def test_wasserstein_of_a_shift_is_the_shift_and_it_scales_with_the_unit(rng):
    a = rng.normal(size=100)
    assert wasserstein(a, a + 2.5) == pytest.approx(2.5)
    assert wasserstein(10 * a, 10 * (a**2)) == pytest.approx(10 * wasserstein(a, a**2))


def test_wasserstein_is_symmetric_and_zero_only_for_the_same_values(rng):
    a, b = rng.normal(size=50), rng.normal(size=70)
    assert wasserstein(a, b) == pytest.approx(wasserstein(b, a), rel=1e-12)
    assert wasserstein(a, rng.permutation(a)) == 0.0


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("gaussian", lambda x, y: np.exp(-np.sum((x - y) ** 2) / (2 * 1.7**2))),
        ("breit-wigner", lambda x, y: 1.7**2 / (np.sum((x - y) ** 2) + 1.7**2)),
    ],
)
def test_mmd_equals_the_definition_pair_by_pair(rng, name, kernel):
    a, b = rng.normal(size=(12, 3)), rng.normal(loc=1, size=(9, 3))
    assert mmd(a, b, width=1.7, kernel=name) == pytest.approx(mmd_loop(a, b, kernel), rel=1e-12)


def test_mmd_of_equal_distributions_is_zero_on_average(rng):
    values = [mmd(rng.normal(size=40), rng.normal(size=40), width=1.0) for _ in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(400)
    assert min(values) < 0 < max(values)


def test_mmd_sees_a_difference_of_shape_at_the_scale_of_its_kernel(rng):
    a, b = rng.normal(size=1500), rng.choice([-1.0, 1.0], 1500)  # the same mean and variance
    assert mmd(a, b, width=0.5) > 100 * abs(mmd(a, b, width=50.0))


def test_real_against_real_is_the_floor_and_the_spread_is_that_of_repeated_samples(rng):
    def draw(loc):
        return rng.normal(loc=loc, size=400)

    found = against_real(wasserstein, draw(1.0), draw(0.0), rng, repeats=100)
    assert found.value == pytest.approx(1.0, abs=0.3)
    floor = np.mean([wasserstein(rng.normal(size=200), rng.normal(size=200)) for _ in range(300)])
    assert found.real == pytest.approx(floor, rel=0.3)
    spread = np.std([wasserstein(draw(1.0), draw(0.0)) for _ in range(300)])  # of the whole samples, not of halves
    assert found.uncertainty == pytest.approx(spread, rel=0.25)


def test_the_worst_ratio_by_hand():
    # Edges 0, 2.5, 10: real 4 and 4, generated 2 and 6 of 16 events (8 outside): ratios 2/16 / (4/8) and 6/16 / (4/8).
    real = np.array([0, 0, 1, 2, 3, 4, 10, 10.0])
    generated = np.array([1, 2, 3, 3, 4, 7, 8, 9] + [50] * 8)
    deviation, uncertainty = worst_ratio(generated, real, bins=2, coverage=0.99)
    assert deviation == pytest.approx(1 - 0.25)
    assert uncertainty == pytest.approx(0.25 * np.sqrt(1 / 2 + 1 / 4))


def test_uncertainties_of_ratios_are_the_spread_of_repeated_samples(rng):
    def once(function):
        return function(rng.normal(size=2000), rng.normal(size=1000))

    tails = np.array([once(lambda a, b: tail_ratio(a, b, share=0.1)) for _ in range(400)])
    # The threshold comes from the real sample: its own share is fixed, and what fluctuates is where it lies.
    assert np.mean(tails[:, 1]) == pytest.approx(tails[:, 0].std(), rel=0.15)
    worst = np.array([once(lambda a, b: worst_ratio(a, b, bins=2)) for _ in range(400)])
    assert 0.5 < np.mean(worst[:, 0] / worst[:, 1]) < 2


def test_the_worst_ratio_does_not_look_outside_its_quantiles(rng):
    real = rng.uniform(0, 1, 20_000)
    generated = np.where(real > 0.96, 1e3, real)
    assert worst_ratio(generated, real, coverage=0.9)[0] == 0.0
    assert worst_ratio(generated, real, coverage=0.99)[0] > 0.3
    assert tail_ratio(generated, real, share=0.04)[0] == pytest.approx(1.0)
    assert tail_ratio(np.minimum(real, 0.95), real, share=0.04)[0] == 0.0


def test_a_perfect_generator_reaches_the_floor(rng):
    found = against_real(wasserstein, rng.normal(size=3000), rng.normal(size=3000), rng)
    assert abs(found.value - found.real) < 4 * np.hypot(found.uncertainty, found.real_spread)


def test_samples_of_different_size_are_compared_at_the_same_size(rng):
    sizes = []
    against_real(lambda a, b: sizes.append((len(a), len(b))) or 0.0, np.zeros(50), np.zeros(31), rng, repeats=3)
    assert set(sizes) == {(15, 15)}


def test_the_halves_of_the_real_sample_share_no_event(rng):
    pairs = []
    against_real(lambda a, b: pairs.append((a, b)) or 0.0, -np.arange(1, 21), np.arange(20), rng, repeats=2)
    real = [(a, b) for a, b in pairs if a.min() >= 0]
    assert len(real) == 2
    assert all(not set(a) & set(b) for a, b in real)


def test_a_classifier_cannot_tell_equal_samples_and_tells_different_ones_as_well_as_theory_allows(rng):
    auc, uncertainty = classifier_test(rng.normal(size=(4000, 2)), rng.normal(size=(4000, 2)), rng)
    assert abs(auc - 0.5) < 4 * uncertainty
    shifted = rng.normal(size=(8000, 1)) - 1.0
    auc, uncertainty = classifier_test(shifted, rng.normal(size=(8000, 1)), rng, classifier=LogisticRegression())
    assert auc == pytest.approx(scipy.stats.norm.cdf(1 / np.sqrt(2)), abs=4 * uncertainty)


def test_a_classifier_finds_a_correlation_that_no_single_observable_shows(rng):
    real = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 4000)
    generated = np.column_stack([rng.permutation(column) for column in real.T])
    assert wasserstein(generated[:, 0], real[:, 0]) == 0.0
    assert classifier_test(generated, real, rng)[0] > 0.75


def test_the_classifier_is_judged_on_events_that_it_has_not_seen(rng):
    seen = []

    class Remembers(LogisticRegression):
        def fit(self, X, y):
            seen.append(X.copy())
            return super().fit(X, y)

        def predict_proba(self, X):
            seen.append(X.copy())
            return super().predict_proba(X)

    classifier_test(rng.normal(size=(20, 1)), rng.normal(size=(21, 1)), rng, classifier=Remembers())
    train, test = (set(X.ravel()) for X in seen)
    assert not train & test and len(train | test) == 41


def test_the_same_generator_of_random_numbers_gives_the_same_answer():
    def both():
        rng = np.random.default_rng(3)
        a, b = rng.normal(size=(500, 2)), rng.normal(size=(500, 2))
        return classifier_test(a, b, rng), against_real(wasserstein, a[:, 0], b[:, 0], rng)

    assert both() == both()


def test_inputs_stay_as_they_are(rng):
    a, b = rng.normal(size=40), rng.normal(size=40)
    kept = a.copy(), b.copy()
    wasserstein(a, b), mmd(a, b, width=1.0), against_real(wasserstein, a, b, rng)
    classifier_test(a[:, None], b[:, None], rng)
    np.testing.assert_array_equal((a, b), kept)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda rng: wasserstein([], [1.0]), "a is empty"),
        (lambda rng: wasserstein([1.0], [np.nan]), "b holds nan"),
        (lambda rng: wasserstein([[1.0]], [1.0]), r"a has shape \(1, 1\); expected \(n,\)"),
        (lambda rng: mmd([1.0], [1.0, 2.0], width=1.0), "a holds 1 event"),
        (lambda rng: mmd([1.0, 2.0], [1.0, 2.0], width=0.0), "width is 0.0"),
        (lambda rng: mmd([1.0, 2.0], [1.0, 2.0], width=1.0, kernel="box"), "kernel is 'box'; expected one of gaussian"),
        (lambda rng: mmd(np.ones((3, 2)), np.ones((3, 1)), width=1.0), "a has 2 features and b has 1"),
        (lambda rng: worst_ratio([1.0], [1.0], coverage=1.0), "coverage is 1.0"),
        (lambda rng: worst_ratio([np.inf], [1.0]), "generated holds inf"),
        (lambda rng: tail_ratio([1.0], [1.0, 2.0], share=0.0), "share is 0.0"),
        (lambda rng: tail_ratio([1.0], [1.0, 1.0]), "no real event lies above 1.0"),
        (lambda rng: against_real(wasserstein, [1.0], [1.0] * 4, rng), "generated holds 1 events"),
        (lambda rng: against_real(wasserstein, [1.0] * 4, [1.0] * 4, rng, repeats=1), "repeats is 1"),
        (lambda rng: classifier_test(np.ones((4, 2)), np.ones((4, 1)), rng), "2 features and real 1"),
        (lambda rng: classifier_test(np.ones((3, 1)), np.ones((4, 1)), rng), "generated holds 3 events"),
    ],
)
def test_what_cannot_be_compared_is_named(rng, call, words):
    with pytest.raises(ValueError, match=words):
        call(rng)
