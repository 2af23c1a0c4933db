"""Expected significance: against hand, a profile likelihood maximised numerically, and repeated samples."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm, poisson

from hepml_helpers.counting import best_threshold, significance, significance_at


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.fixture
def events(rng):
    """Scores, and weights that add up to about 40 signal and 1000 background events, some of them negative."""
    y_true = np.repeat([1, 0], [400, 2000])
    y_score = rng.normal(loc=1.5 * y_true).round(2)
    weight = np.where(y_true == 1, 0.1, 0.5) * np.where(rng.random(y_true.size) < 0.1, -1, 1.25)
    return y_true, y_score, weight


def likelihood_ratio(s, b, sigma):
    """sqrt(q0) of the Asimov counts, the background under the null hypothesis found by a numerical search."""
    n = s + b
    if sigma == 0:
        return np.sqrt(2 * (n * np.log(n / b) - s))
    tau = b / sigma**2

    def log_likelihood(signal, background):
        mean, aside = signal + background, tau * background
        return n * np.log(mean) - mean + tau * b * np.log(aside) - aside

    null = minimize_scalar(lambda x: -log_likelihood(0, x), bounds=(b / 2, n), options={"xatol": 1e-9})
    return np.sqrt(2 * (log_likelihood(s, b) + null.fun))


def test_a_case_worked_out_by_hand():
    # s = e - 1 over b = 1: e ln(e) - (e - 1) = 1.
    assert significance(np.e - 1, 1.0) == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize(("s", "b"), [(5, 20), (50, 100), (30, 1), (300, 5000)])
@pytest.mark.parametrize("relative", [0, 0.02, 0.1, 0.5])
def test_significance_equals_a_profile_likelihood_maximised_numerically(s, b, relative):
    z = significance(s, b, background_uncertainty=relative * b)
    assert z == pytest.approx(likelihood_ratio(s, b, relative * b), rel=1e-6)


def test_significance_is_the_median_of_toy_experiments(rng):
    s, b, sigma = 60.0, 200.0, 10.0
    tau = b / sigma**2
    n, m = poisson.rvs(s + b, size=20_000, random_state=rng), poisson.rvs(tau * b, size=20_000, random_state=rng)
    best = (n + m) / (1 + tau)
    q0 = 2 * (n * np.log(n / best) + m * np.log(m / (tau * best)))
    median = np.median(np.sign(n - m / tau) * np.sqrt(q0))
    assert significance(s, b, background_uncertainty=sigma) == pytest.approx(median, abs=0.05)


@pytest.mark.parametrize("sigma", [0, 10, 40])
def test_a_small_signal_has_s_over_the_root_of_the_variance(sigma):
    for s in (1e-1, 1e-3, 1e-5):
        expected = s / np.sqrt(400 + sigma**2)
        assert significance(s, 400, background_uncertainty=sigma) == pytest.approx(expected, rel=2e-4 * max(1, s / 0.1))


def test_a_small_uncertainty_leads_to_the_formula_without():
    assert significance(20, 50, background_uncertainty=1e-6) == pytest.approx(significance(20, 50), rel=1e-9)


def test_the_larger_the_uncertainty_the_smaller_the_significance():
    z = significance(20, 50, background_uncertainty=np.linspace(0, 50, 101))
    assert np.all(np.diff(z) < 0)


def test_twice_the_data_have_root_two_times_the_significance():
    assert significance(40, 100) == pytest.approx(np.sqrt(2) * significance(20, 50))
    assert significance(40, 100, background_uncertainty=np.sqrt(2) * 7) == pytest.approx(
        np.sqrt(2) * significance(20, 50, background_uncertainty=7)
    )


def test_without_signal_or_background():
    assert significance(0, 10) == significance(0, 0) == significance(0, 10, background_uncertainty=3) == 0
    assert significance(3, 0) == np.inf
    assert significance(3, 0, background_uncertainty=1) == 0
    assert significance(3, 1e-12) > 10


def test_numbers_give_a_number_and_arrays_an_array():
    assert type(significance(1, 2)) is float
    assert significance([[1], [2]], [10, 20, 30]).shape == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1, 10, 0), "signal holds -1.0; expected finite numbers of at least 0"),
        ((1, [10, -2], 0), "background holds -2.0"),
        ((1, 10, -3), "background_uncertainty holds -3.0"),
        ((np.nan, 10, 0), "signal holds nan"),
        ((1, np.inf, 0), "background holds inf"),
    ],
)
def test_bad_numbers_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        significance(*arguments[:2], background_uncertainty=arguments[2])


@pytest.mark.parametrize("systematic", [0.0, 0.2])
def test_at_a_threshold_it_is_the_significance_of_the_weights_that_pass(events, systematic):
    y_true, y_score, weight = events
    thresholds = [-10, 0.5, 1.23, 1.234, 2.0]
    z, _ = significance_at(y_true, y_score, thresholds, sample_weight=weight, systematic=systematic)
    for value, threshold in zip(z, thresholds, strict=True):
        s, b = (weight[(y_true == label) & (y_score >= threshold)].sum() for label in (1, 0))
        assert value == pytest.approx(significance(s, b, background_uncertainty=systematic * b))


def test_uncertainty_at_a_threshold_propagates_sqrt_sum_w2(events):
    y_true, y_score, weight = events
    _, uncertainty = significance_at(y_true, y_score, 1.0, sample_weight=weight)
    s, b = (weight[(y_true == label) & (y_score >= 1.0)] for label in (1, 0))
    n, z = s.sum() + b.sum(), significance(s.sum(), b.sum())
    by_s = np.log(n / b.sum()) / z  # derivatives of the formula, on paper
    by_b = (np.log(n / b.sum()) - s.sum() / b.sum()) / z
    expected = np.hypot(by_s * np.sqrt(np.sum(s**2)), by_b * np.sqrt(np.sum(b**2)))
    assert uncertainty == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n_signal", "n_background"), [(150, 20_000), (3000, 2000)])
@pytest.mark.parametrize("systematic", [0.0, 0.1])
def test_uncertainty_is_the_spread_of_repeated_simulations(rng, n_signal, n_background, systematic):
    threshold, pulls = 1.2, []
    s, b = 40 * norm.sf(threshold - 1.5), 1000 * norm.sf(threshold)
    truth = significance(s, b, background_uncertainty=systematic * b)
    for _ in range(500):
        y_true = np.repeat([1, 0], rng.poisson([n_signal, n_background]))
        weight = np.where(y_true == 1, 40 / n_signal, 1000 / n_background) / 0.8
        weight *= np.where(rng.random(y_true.size) < 0.1, -1, 1)
        z, uncertainty = significance_at(
            y_true, rng.normal(loc=1.5 * y_true), threshold, sample_weight=weight, systematic=systematic
        )
        pulls.append((z - truth) / uncertainty)
    assert np.std(pulls, ddof=1) == pytest.approx(1, abs=0.1)
    assert np.mean(pulls) == pytest.approx(0, abs=0.2)


def test_twice_the_weights_scale_the_significance_by_root_two(events):
    y_true, y_score, weight = events
    once = significance_at(y_true, y_score, [0.0, 1.0], sample_weight=weight)
    twice = significance_at(y_true, y_score, [0.0, 1.0], sample_weight=2 * weight)
    np.testing.assert_allclose(twice, np.sqrt(2) * np.array(once), rtol=1e-9)


def test_the_order_of_the_events_does_not_matter(events, rng):
    order = rng.permutation(events[0].size)
    before = significance_at(*events[:2], 1.0, sample_weight=events[2])
    after = significance_at(events[0][order], events[1][order], 1.0, sample_weight=events[2][order])
    assert after == pytest.approx(before, rel=1e-9)


def test_no_answer_where_too_few_background_events_pass():
    y_true, y_score = np.repeat([1, 0], [20, 40]), np.append(np.arange(20) + 31.0, np.arange(40))
    z, uncertainty = significance_at(y_true, y_score, [30, 31, 45, np.inf])
    np.testing.assert_array_equal(np.isnan(z), [False, True, True, True])  # 10, 9, 0, 0 of them
    np.testing.assert_array_equal(np.isnan(uncertainty), [False, True, True, True])
    assert np.isnan(significance_at(y_true, y_score, 45, min_background=0)[0])  # none is too few whatever one asks


def test_no_answer_where_the_weights_that_pass_add_up_to_less_than_nothing():
    y_true, y_score = np.repeat([1, 0], [40, 40]), np.tile(np.repeat([2, 1], 20), 2)
    negative_signal = np.repeat([-1.0, 3.0, 1.0, 1.0], 20)
    negative_background = np.repeat([1.0, 1.0, -1.0, 3.0], 20)
    for weight in (negative_signal, negative_background):
        z, _ = significance_at(y_true, y_score, [2, 1], sample_weight=weight, min_background=5)
        np.testing.assert_array_equal(np.isnan(z), [True, False])


def test_without_signal_the_significance_is_zero_and_its_uncertainty_unknown():
    z, uncertainty = significance_at(np.repeat([1, 0], 20), np.repeat([0, 1], 20), 1)
    assert z == 0
    assert np.isnan(uncertainty)


def test_a_number_gives_numbers(events):
    assert [type(x) for x in significance_at(*events[:2], 1.0)] == [float, float]


@pytest.mark.parametrize("systematic", [0.0, 0.3])
def test_best_threshold_is_the_best_of_all_tried_one_by_one(events, systematic):
    y_true, y_score, weight = events
    tried = {}
    for threshold in np.unique(y_score):
        s, b = (weight[(y_true == label) & (y_score >= threshold)] for label in (1, 0))
        if s.sum() >= 0 and b.sum() > 0 and b.sum() ** 2 / np.sum(b**2) >= 25:
            tried[threshold] = significance(s.sum(), b.sum(), background_uncertainty=systematic * b.sum())
    best = best_threshold(y_true, y_score, sample_weight=weight, systematic=systematic, min_background=25)
    assert best == max(tried, key=tried.get)


def test_the_best_threshold_moves_with_the_score(events):
    y_true, y_score, weight = events
    best = best_threshold(y_true, y_score, sample_weight=weight)
    assert best_threshold(y_true, np.exp(y_score), sample_weight=weight) == pytest.approx(np.exp(best))


def test_inputs_are_left_as_they_were(events):
    copies = [array.copy() for array in events]
    best_threshold(*events[:2], sample_weight=events[2])
    for array, copy in zip(events, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_bad_input_is_named(events):
    with pytest.raises(ValueError, match="threshold holds nan; expected numbers"):
        significance_at(*events[:2], [0.5, np.nan])
    with pytest.raises(ValueError, match=r"systematic holds -0\.1; expected finite numbers of at least 0"):
        significance_at(*events[:2], 0.5, systematic=-0.1)
    with pytest.raises(ValueError, match="y_true holds 2"):
        significance_at([2, 0], [1, 0], 0.5)
    with pytest.raises(ValueError, match="no threshold lets 10 effective background events pass"):
        best_threshold([1, 0, 0], [2, 1, 0])
