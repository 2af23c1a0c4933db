"""The area under the ROC curve: its value against two oracles, its uncertainty against repeated samples."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hepml_helpers.metrics import roc_auc


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
