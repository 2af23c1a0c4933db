"""Figures of merit of a classifier: values against hand and scikit-learn, uncertainties against repeated samples."""

import numpy as np
import pytest
import sklearn.inspection
import sklearn.linear_model
import sklearn.metrics
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from hepml_helpers.metrics import (
    background_rejection,
    permutation_importance,
    roc_auc,
    roc_curve,
    significance_improvement,
)


def pair_count(y_true, y_score, weight):
    """The definition, pair by pair: the weighted share of pairs in which the signal scores higher; ties are a half."""
    won = total = 0.0
    for i in np.flatnonzero(y_true == 1):
        for j in np.flatnonzero(y_true == 0):
            pair = weight[i] * weight[j]
            total += pair
            won += pair * (1.0 if y_score[i] > y_score[j] else 0.5 if y_score[i] == y_score[j] else 0.0)
    return won / total


def delong_loop(signal, background):
    """DeLong's uncertainty, written with loops from the paper's equations."""
    v10 = [np.mean([(x > y) + 0.5 * (x == y) for y in background]) for x in signal]
    v01 = [np.mean([(x > y) + 0.5 * (x == y) for x in signal]) for y in background]
    return np.sqrt(np.var(v10, ddof=1) / len(signal) + np.var(v01, ddof=1) / len(background))


def draw(rng, n_signal, n_background):
    y_true = np.repeat([1, 0], [n_signal, n_background])
    return y_true, rng.normal(loc=0.9 * y_true, scale=1.0 + 0.5 * y_true)


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def events(rng):
    y_true, y_score = draw(rng, 60, 90)
    return y_true, y_score.round(1), rng.uniform(0.2, 3.0, y_true.size)  # rounded: many ties


def test_a_case_worked_out_by_hand():
    # Signal 0.9, 0.8, 0.4 against background 0.5, 0.3, 0.2: 8 of 9 pairs are won.
    # Components 1, 1, 2/3 and 2/3, 1, 1: each a variance of 1/27, and (1/27 + 1/27) / 3 = 2/81.
    auc, uncertainty = roc_auc([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.5, 0.3, 0.2])
    assert auc == pytest.approx(8 / 9)
    assert uncertainty == pytest.approx(np.sqrt(2 / 81))


def test_auc_equals_scikit_learn_with_ties(events):
    y_true, y_score, _ = events
    assert roc_auc(y_true, y_score)[0] == pytest.approx(roc_auc_score(y_true, y_score), abs=1e-12)


def test_weighted_auc_equals_scikit_learn_with_ties(events):
    y_true, y_score, weight = events
    expected = roc_auc_score(y_true, y_score, sample_weight=weight)
    assert roc_auc(y_true, y_score, sample_weight=weight)[0] == pytest.approx(expected, abs=1e-12)


def test_auc_equals_a_count_of_pairs_with_negative_weights(events):
    y_true, y_score, weight = events
    weight = np.where(np.arange(weight.size) % 5 == 0, -weight, weight)
    expected = pair_count(y_true, y_score, weight)
    assert roc_auc(y_true, y_score, sample_weight=weight)[0] == pytest.approx(expected, abs=1e-12)


def test_uncertainty_equals_delong_written_as_loops(events):
    y_true, y_score, _ = events
    expected = delong_loop(y_score[y_true == 1], y_score[y_true == 0])
    assert roc_auc(y_true, y_score)[1] == pytest.approx(expected, rel=1e-12)


def test_uncertainty_is_the_spread_of_repeated_samples(rng):
    results = np.array([roc_auc(*draw(rng, 150, 400)) for _ in range(600)])
    # 600 samples know their spread to 3 %.
    assert np.sqrt(np.mean(results[:, 1] ** 2)) == pytest.approx(results[:, 0].std(ddof=1), rel=0.1)


def test_weighted_uncertainty_is_the_spread_of_repeated_samples(rng):
    def one():
        y_true, y_score = draw(rng, 300, 500)
        weight = np.where(rng.random(y_true.size) < 0.2, -0.3, 1.0) * np.exp(0.5 * y_score)  # depends on the score
        return roc_auc(y_true, y_score, sample_weight=weight)

    results = np.array([one() for _ in range(600)])
    assert np.sqrt(np.mean(results[:, 1] ** 2)) == pytest.approx(results[:, 0].std(ddof=1), rel=0.1)


def test_equal_weights_give_the_unweighted_result(events):
    y_true, y_score, _ = events
    weighted = roc_auc(y_true, y_score, sample_weight=np.full(y_true.size, 7.5))
    assert weighted == pytest.approx(roc_auc(y_true, y_score), rel=1e-12)


def test_events_of_weight_zero_change_nothing(events):
    y_true, y_score, weight = events
    weight = np.where(np.arange(weight.size) % 3 == 0, 0.0, weight)
    kept = weight != 0
    expected = roc_auc(y_true[kept], y_score[kept], sample_weight=weight[kept])
    assert roc_auc(y_true, y_score, sample_weight=weight) == pytest.approx(expected, rel=1e-12)


def test_only_the_order_of_the_scores_matters(events):
    y_true, y_score, _ = events
    assert roc_auc(y_true, np.exp(3 * y_score)) == pytest.approx(roc_auc(y_true, y_score), rel=1e-12)


def test_reversed_scores_give_one_minus_the_area(events):
    y_true, y_score, weight = events
    auc, uncertainty = roc_auc(y_true, y_score, sample_weight=weight)
    reversed_score = roc_auc(y_true, -y_score, sample_weight=weight)
    assert reversed_score == pytest.approx((1 - auc, uncertainty), rel=1e-9)


def test_separate_classes_have_area_one_and_equal_scores_one_half():
    assert roc_auc([0, 0, 1, 1], [0, 1, 2, np.inf]) == (1.0, 0.0)
    assert roc_auc([0, 0, 1, 1], [3, 3, 3, 3]) == (0.5, 0.0)


def test_a_single_event_of_a_class_has_no_uncertainty():
    auc, uncertainty = roc_auc([1, 0, 0, 0], [2.0, 1.0, 0.0, 3.0])
    assert auc == pytest.approx(2 / 3)
    assert np.isnan(uncertainty)


def test_inputs_are_left_as_they_were(events):
    copies = [array.copy() for array in events]
    roc_auc(events[0], events[1], sample_weight=events[2])
    for array, copy in zip(events, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("y_true", "y_score", "weight", "message"),
    [
        ([1, 1], [0.1, 0.2], None, r"no background \(0\) among its 2 events"),
        ([0, 0, 0], [0.1, 0.2, 0.3], None, r"no signal \(1\) among its 3 events"),
        ([], [], None, "no signal"),
        ([1, 2], [0.1, 0.2], None, "y_true holds 2; expected 1 for signal"),
        ([1, -1], [0.1, 0.2], None, "y_true holds -1"),
        ([1, 0, 1], [0.1, 0.2, np.nan], None, "y_score holds nan at position 2"),
        ([1, 0], [0.1, 0.2, 0.3], None, r"y_score has shape \(3,\); expected \(n_events,\), with y_true of \(2,\)"),
        ([1, 0], [[0.1], [0.2]], None, r"y_score has shape \(2, 1\)"),
        ([1, 0], [0.1, 0.2], [1.0], r"sample_weight has shape \(1,\)"),
        ([1, 0], [0.1, 0.2], [1.0, np.inf], "sample_weight holds inf at position 1"),
        ([1, 0, 0], [0.1, 0.2, 0.3], [1.0, 1.0, -1.0], r"weights of the background \(0\) add up to 0"),
    ],
)
def test_bad_input_is_named(y_true, y_score, weight, message):
    with pytest.raises(ValueError, match=message):
        roc_auc(y_true, y_score, sample_weight=weight)


# The curve, and what is read off it


def shifted(rng, n_signal, n_background, weighted):
    """Gaussian scores, signal 1.5 above background; weights that grow with the score and a tenth of them negative.

    A weight exp(x / 2) moves both Gaussians by 1/2, so that the efficiencies stay what they are without weights.
    """
    y_true = np.repeat([1, 0], [n_signal, n_background])
    y_score = rng.normal(loc=1.5 * y_true)
    sign = np.where(rng.random(y_true.size) < 0.1, -1.0, 1.0)
    return y_true, y_score, sign * np.exp(0.5 * y_score) if weighted else None


def true_background_efficiency(signal_efficiency):
    return norm.sf(norm.isf(signal_efficiency) + 1.5)


def width_and_mean(pulls):
    return np.std(pulls, ddof=1), np.mean(pulls)


@pytest.mark.parametrize("weighted", [False, True])
def test_roc_curve_equals_scikit_learn_with_ties(events, weighted):
    y_true, y_score, weight = events
    weight = weight if weighted else None
    curve = roc_curve(y_true, y_score, sample_weight=weight)
    expected = sklearn.metrics.roc_curve(y_true, y_score, sample_weight=weight, drop_intermediate=False)
    ours = curve.background_efficiency, curve.signal_efficiency, curve.thresholds
    for values, oracle in zip(ours, expected, strict=True):
        np.testing.assert_allclose(values, oracle, rtol=1e-12, atol=1e-12)


def test_roc_curve_with_negative_weights_is_a_count_of_what_passes(events):
    y_true, y_score, weight = events
    weight = np.where(np.arange(weight.size) % 5 == 0, -weight, weight)
    curve = roc_curve(y_true, y_score, sample_weight=weight)
    for label, efficiency, n_effective, uncertainty in (
        (1, curve.signal_efficiency, curve.n_signal, curve.signal_uncertainty),
        (0, curve.background_efficiency, curve.n_background, curve.background_uncertainty),
    ):
        score, w = y_score[y_true == label], weight[y_true == label]
        for i, threshold in enumerate(curve.thresholds):
            passes = score >= threshold
            share = w[passes].sum() / w.sum()
            assert efficiency[i] == pytest.approx(share, abs=1e-12)
            spread = np.sqrt(np.sum((w * (passes - share)) ** 2)) / w.sum()
            assert uncertainty[i] == pytest.approx(spread, abs=1e-12)
            if w[passes].sum() > 0:
                assert n_effective[i] == pytest.approx(w[passes].sum() ** 2 / np.sum(w[passes] ** 2))
            else:
                assert n_effective[i] == 0


def test_roc_curve_goes_from_nothing_to_everything_and_never_falls(events):
    curve = roc_curve(*events[:2], sample_weight=events[2])
    for efficiency in (curve.signal_efficiency, curve.background_efficiency):
        assert (efficiency[0], efficiency[-1]) == (0.0, 1.0)
        assert np.all(np.diff(efficiency) >= 0)
    assert np.all(np.diff(curve.thresholds) < 0)


def test_without_weights_the_uncertainty_is_binomial_and_the_number_a_count():
    curve = roc_curve([1] * 4 + [0] * 10, [3] + [1] * 3 + [3] * 2 + [0] * 8)
    assert curve.signal_uncertainty[1] == pytest.approx(np.sqrt(0.25 * 0.75 / 4))
    assert curve.background_uncertainty[1] == pytest.approx(np.sqrt(0.2 * 0.8 / 10))
    assert (curve.n_signal[1], curve.n_background[1]) == (1, 2)


def test_uncertainties_of_the_curve_are_the_spread_of_repeated_samples(rng):
    pulls = []
    for _ in range(600):
        y_true, y_score, weight = shifted(rng, 600, 2000, weighted=True)
        curve = roc_curve(y_true, y_score, sample_weight=weight)
        at = np.flatnonzero(curve.thresholds >= 1.6)[-1]
        pulls.append(
            [
                (curve.signal_efficiency[at] - norm.sf(1.6 - 2.0)) / curve.signal_uncertainty[at],
                (curve.background_efficiency[at] - norm.sf(1.6 - 0.5)) / curve.background_uncertainty[at],
            ]
        )
    for pull in np.transpose(pulls):
        width, mean = width_and_mean(pull)
        assert width == pytest.approx(1, abs=0.1)
        assert mean == pytest.approx(0, abs=0.15)


def test_rejection_of_a_case_worked_out_by_hand():
    # From the top: s s b s b s b b. Half of the signal passes before any background, three quarters after one of four.
    y_true, y_score = [1, 1, 0, 1, 0, 1, 0, 0], [8, 7, 6, 5, 4, 3, 2, 1]
    rejection, _ = background_rejection(y_true, y_score, [0.5, 0.51, 0.75, 0.76, 1], min_background=1)
    np.testing.assert_allclose(rejection, [np.nan, 4, 4, 2, 2])


def test_where_the_signal_efficiency_falls_again_its_first_passage_counts():
    # Signal efficiency 3/4 with 2 of 20 background events, 3/8 with 6 and with 10, 1 with 20: so 2/3 of 2 pass.
    y_true, y_score = [1] * 3 + [0] * 20, [9, 8, 6] + [9] * 2 + [8] * 4 + [7] * 4 + [6] * 10
    weight = [3.0, -1.5, 2.5] + [1.0] * 20
    rejection, _ = background_rejection(y_true, y_score, 0.5, sample_weight=weight, min_background=1)
    assert rejection == pytest.approx(20 / (2 * 2 / 3))


def test_rounding_of_the_weights_lets_no_further_event_pass():
    y_true, y_score, wanted = np.tile([1, 0], 50), -np.arange(100.0), np.arange(1, 51) / 50
    expected = background_rejection(y_true, y_score, wanted, min_background=1)
    for weight in (0.1, 0.7, 1.3):
        rounded = background_rejection(y_true, y_score, wanted, sample_weight=np.full(100, weight), min_background=1)
        np.testing.assert_allclose(rounded[0], expected[0], rtol=1e-9)


def test_events_of_equal_scores_pass_in_shares():
    # Of 10 + 10 events with the middle score half have to pass: background 5 + 5 of 20.
    y_true = np.repeat([1, 0, 1, 0, 1, 0], [5, 5, 10, 10, 5, 5])
    rejection, _ = background_rejection(y_true, np.repeat([2, 1, 0], [10, 20, 10]), 0.5)
    assert rejection == pytest.approx(20 / 10)


def test_uncertainty_of_a_rejection_worked_out_by_hand():
    # Uniform scores, the signal's twice as dense near the threshold: 1 / eps_B at 20 % is 10, the slope there 1/2.
    y_true = np.repeat([1, 0], 2000)
    y_score = np.append(2000 - np.arange(2000), 2000 - 2 * np.arange(2000) - 0.5)
    rejection, uncertainty = background_rejection(y_true, y_score, 0.2)
    from_background, from_signal = np.sqrt(0.1 * 0.9 / 2000), 0.5 * np.sqrt(0.2 * 0.8 / 2000)
    assert rejection == pytest.approx(10, rel=0.01)
    assert uncertainty == pytest.approx(100 * np.hypot(from_background, from_signal), rel=0.03)


@pytest.mark.parametrize(
    ("n_signal", "n_background", "weighted"), [(2000, 2000, False), (200, 10_000, False), (2000, 3000, True)]
)
def test_uncertainty_of_a_rejection_is_the_spread_of_repeated_samples(rng, n_signal, n_background, weighted):
    pulls = []
    for _ in range(500):
        y_true, y_score, weight = shifted(rng, n_signal, n_background, weighted)
        rejection, uncertainty = background_rejection(y_true, y_score, 0.6, sample_weight=weight)
        pulls.append((1 / rejection - true_background_efficiency(0.6)) * rejection**2 / uncertainty)
    width, mean = width_and_mean(pulls)  # of eps_B, whose distribution is more nearly normal than that of its inverse
    assert width == pytest.approx(1, abs=0.1)
    assert mean == pytest.approx(0, abs=0.2)


def test_uncertainty_of_the_improvement_is_the_spread_of_repeated_samples(rng):
    truth, pulls = 0.6 / np.sqrt(true_background_efficiency(0.6)), []
    for _ in range(500):
        y_true, y_score, weight = shifted(rng, 1000, 3000, weighted=True)
        value, uncertainty = significance_improvement(y_true, y_score, 0.6, sample_weight=weight)
        pulls.append((value - truth) / uncertainty)
    width, mean = width_and_mean(pulls)
    assert width == pytest.approx(1, abs=0.1)
    assert mean == pytest.approx(0, abs=0.2)


def test_improvement_is_the_signal_efficiency_over_the_root_of_the_background_s(events):
    y_true, y_score, weight = events
    wanted = np.array([0.5, 0.9])
    rejection, sigma = background_rejection(y_true, y_score, wanted, sample_weight=weight, min_background=2)
    value, uncertainty = significance_improvement(y_true, y_score, wanted, sample_weight=weight, min_background=2)
    np.testing.assert_allclose(value, wanted * np.sqrt(rejection))
    shift = wanted * (np.sqrt(rejection + 1e-4 * sigma) - np.sqrt(rejection)) / 1e-4
    np.testing.assert_allclose(uncertainty, shift, rtol=1e-3)


def test_too_few_background_events_give_no_answer():
    y_true, y_score = np.repeat([1, 0], 100), np.append(np.arange(100) + 50.5, np.arange(100))
    for function in (background_rejection, significance_improvement):
        value, uncertainty = function(y_true, y_score, [0.59, 0.61], min_background=10)  # 9 and 11 of them
        np.testing.assert_array_equal(np.isnan(value), [True, False])
        np.testing.assert_array_equal(np.isnan(uncertainty), [True, False])
        assert np.isnan(function([1, 1, 0], [1, 2, 0], 0.5, min_background=0)[0])  # none


def test_the_effective_number_counts_for_the_floor():
    y_true, y_score = np.repeat([1, 0], [10, 20]), np.repeat([2, 2, 0], [10, 15, 5])
    weight = np.append(np.ones(10), np.tile([5.0, 1.0, 1.0, 1.0, 1.0], 4))  # 15 pass, effective 27^2 / 87 = 8.4
    assert np.isnan(background_rejection(y_true, y_score, 1.0, sample_weight=weight)[0])
    rejection, _ = background_rejection(y_true, y_score, 1.0, sample_weight=weight, min_background=8)
    assert rejection == pytest.approx(36 / 27)


def test_background_of_negative_total_weight_gives_no_answer():
    y_true, y_score = np.repeat([1, 0], [10, 40]), np.repeat([2, 2, 0], [10, 20, 20])
    weight = np.repeat([1.0, -1.0, 3.0], [10, 20, 20])
    assert np.isnan(background_rejection(y_true, y_score, 1.0, sample_weight=weight)[0])


def test_a_number_gives_numbers_and_a_list_gives_arrays(events):
    for function in (background_rejection, significance_improvement):
        assert [type(x) for x in function(*events[:2], 0.9)] == [float, float]
        assert [x.shape for x in function(*events[:2], [0.8, 0.9, 1.0])] == [(3,), (3,)]


LAWS = {
    "a rising function of the score": lambda y, s, w, order: (y, np.exp(3 * s), w),
    "twice the weights": lambda y, s, w, order: (y, s, 2 * w),
    "another order of the events": lambda y, s, w, order: (y[order], s[order], w[order]),
    "twice the weights of the signal": lambda y, s, w, order: (y, s, np.where(y == 1, 2 * w, w)),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("function", [background_rejection, significance_improvement])
def test_what_changes_no_efficiency_changes_nothing(events, rng, function, law):
    y_true, y_score, weight = events
    weight = np.where(np.arange(weight.size) % 7 == 0, -weight, weight)
    changed = LAWS[law](y_true, y_score, weight, rng.permutation(y_true.size))
    before = function(y_true, y_score, [0.5, 0.8], sample_weight=weight, min_background=1)
    after = function(*changed[:2], [0.5, 0.8], sample_weight=changed[2], min_background=1)
    np.testing.assert_allclose(after, before, rtol=1e-9)


@pytest.mark.parametrize("wanted", [0.0, -0.1, 1.01, np.nan])
def test_an_impossible_signal_efficiency_is_named(wanted):
    for function in (background_rejection, significance_improvement):
        with pytest.raises(ValueError, match=f"signal_efficiency holds {wanted}; expected numbers above 0, at most 1"):
            function([1, 0], [1, 0], [0.5, wanted])


# Importance by permutation


@pytest.fixture
def table(rng):
    y_true = np.repeat([1, 0], [300, 500])
    X = rng.normal(size=(800, 3)) + y_true[:, np.newaxis] * [1.0, 0.4, 0.0]
    return X, y_true, rng.uniform(0.2, 3.0, 800) * np.where(np.arange(800) % 9 == 0, -1, 1)


def linear(X):
    return X @ [1.0, 0.5, 0.0]


def test_importance_equals_scikit_learn(table):
    X, y_true, _ = table
    model = sklearn.linear_model.LogisticRegression().fit(X, y_true)
    rng = np.random.default_rng(5)
    importance, spread = permutation_importance(model.decision_function, X, y_true, rng, repeats=40)
    options = {"scoring": "roc_auc", "n_repeats": 40, "random_state": 5}
    oracle = sklearn.inspection.permutation_importance(model, X, y_true, **options)
    error = np.hypot(spread, oracle.importances_std) / np.sqrt(40)
    assert np.all(np.abs(importance - oracle.importances_mean) < 4 * error)
    np.testing.assert_allclose(spread, oracle.importances_std, rtol=0.4)


def test_importance_equals_a_loop_with_weights_that_stay_with_their_events(table):
    X, y_true, weight = table
    importance, spread = permutation_importance(
        linear, X, y_true, np.random.default_rng(5), sample_weight=weight, repeats=4
    )
    rng, drops = np.random.default_rng(5), np.empty((4, 3))
    for repeat in range(4):
        for feature in range(3):
            columns = [X[:, i] for i in range(3)]
            columns[feature] = X[rng.permutation(800), feature]
            scores = [linear(x) for x in (X, np.column_stack(columns))]
            before, after = (roc_auc(y_true, score, sample_weight=weight)[0] for score in scores)
            drops[repeat, feature] = before - after
    np.testing.assert_allclose(importance, drops.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(spread, drops.std(axis=0, ddof=1), atol=1e-12)


def test_what_the_classifier_does_not_use_has_no_importance(table):
    importance, spread = permutation_importance(linear, *table[:2], np.random.default_rng(5))
    assert importance[0] > importance[1] > 0.01
    assert (importance[2], spread[2]) == (0, 0)


def test_a_feature_of_a_longer_shape_is_shuffled_as_a_whole(rng):
    # The second feature is the same in all constituents of an event: shuffled whole, their differences stay zero.
    X = np.stack([rng.normal(size=(50, 4)), np.repeat(rng.normal(size=(50, 1)), 4, axis=1)], axis=-1)
    y_true = np.repeat([1, 0], 25)
    seen = []

    def predict(features):
        seen.append(features)
        return features[:, :, 0].sum(axis=1, keepdims=True)  # shape (n_events, 1), as Keras answers

    importance, _ = permutation_importance(predict, X, y_true, rng, repeats=2)
    assert importance.shape == (2,)
    assert importance[1] == 0
    shuffled = seen[2]
    assert np.ptp(shuffled[:, :, 1], axis=1).max() == 0
    assert not np.array_equal(shuffled, X)
    np.testing.assert_array_equal(np.sort(shuffled[:, 0, 1]), np.sort(X[:, 0, 1]))


def test_importance_leaves_its_inputs_as_they_were(table):
    copies = [array.copy() for array in table]
    permutation_importance(linear, *table[:2], np.random.default_rng(5), sample_weight=table[2])
    for array, copy in zip(table, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_bad_input_of_the_importance_is_named(table):
    X, y_true, _ = table
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match=r"X has shape \(800,\); expected \(800, ..., n_features\)"):
        permutation_importance(linear, X[:, 0], y_true, rng)
    with pytest.raises(ValueError, match=r"X has shape \(700, 3\)"):
        permutation_importance(linear, X[:700], y_true, rng)
    with pytest.raises(ValueError, match="repeats is 1; expected at least 2"):
        permutation_importance(linear, X, y_true, rng, repeats=1)
    with pytest.raises(ValueError, match=r"y_score has shape \(1600,\)"):
        permutation_importance(lambda X: X[:, :2], X, y_true, rng)
