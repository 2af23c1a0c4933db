"""Searches for anomalies: windows, folds that never judge what they have seen, and cuts worked out by hand."""

import numpy as np
import pytest

from hepml_helpers import anomalies, datasets, layers


@pytest.fixture
def rng():
    return np.random.default_rng(4)


@pytest.fixture
def table(rng):
    return np.column_stack(
        [rng.uniform(2500, 5000, 2000), rng.exponential(50, (2000, 2)), rng.uniform(0, 1, (2000, 2))]
    )


def test_within_and_beside_share_out_the_events(table):
    inside, outside = anomalies.within(table, 3300, 3700), anomalies.beside(table, 3300, 3700)
    assert len(inside) + len(outside) == len(table)
    assert inside[:, 0].min() > 3300 and inside[:, 0].max() < 3700


def test_dijets_are_smeared_by_their_rounding_and_no_more(rng):
    stored = datasets.load_dataset("dijet_signal")
    table = anomalies.load_dijets("dijet_signal", rng)
    assert len(table) == len(stored)
    np.testing.assert_array_equal(np.sort(table[:, 0]), np.sort(stored["m_jj"].to_numpy()))
    clear = np.sort(stored["m_j1"].to_numpy())
    np.testing.assert_allclose(np.sort(table[:, 1])[clear > 2], clear[clear > 2], rtol=2**-9)
    assert len(np.unique(table[:, 3])) > 10 * stored["tau21_j1"].nunique()
    assert table[:, 1:3].min() > 0


def test_jet_images_are_shares():
    sample = datasets.load_dataset("top_jets")[:20]
    images = anomalies.jet_images(sample)
    assert images.shape == (20, 256) and images.min() >= 0
    np.testing.assert_allclose(images.sum(axis=1), 1, rtol=1e-5)


def test_features_become_normal_and_come_back(table, rng):
    normal = anomalies.NormalFeatures(table)
    x, context = normal(table)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=0.05)
    np.testing.assert_allclose(context[:, 0], (table[:, 0] - 3500) / 600, rtol=1e-4, atol=1e-4)
    drawn = normal.sample(layers.Flow(4, 1, n_couplings=1), np.full(4000, 3600.0), rng)  # a new flow is the identity
    assert np.all(drawn[:, 0] == 3600)
    np.testing.assert_allclose(np.median(drawn[:, 1:], axis=0), np.median(table[:, 1:], axis=0), rtol=0.1)


def test_the_density_of_a_new_flow_is_the_normal_one(table):
    normal = anomalies.NormalFeatures(table)
    x, _ = normal(table[:50])
    found = normal.log_prob(layers.Flow(4, 1, n_couplings=1), table[:50])
    np.testing.assert_allclose(found, -0.5 * (x**2).sum(axis=1) - 2 * np.log(2 * np.pi), rtol=1e-4)


def test_no_fold_is_judged_by_what_has_seen_it(table, rng):
    def train(seen):
        known = set(seen[:, 1])

        def score(judged):
            assert not known & set(judged[:, 1])
            return judged[:, 2]

        return score

    kept = anomalies.select_in_folds(table, train, rng, k=4, keep=0.1)
    assert len(kept) == 200
    assert kept[:, 2].min() > np.quantile(table[:, 2], 0.85)


@pytest.mark.parametrize("options", [{"k": 1}, {"keep": 0.0}, {"keep": 1.0}])
def test_folds_and_shares_that_make_no_sense_are_named(table, rng, options):
    with pytest.raises(ValueError, match="expected at least 2 folds and a share between 0 and 1"):
        anomalies.select_in_folds(table, None, rng, **options)


def test_a_cut_worked_out_by_hand():
    def column(values):
        return np.reshape(np.asarray(values, float), (-1, 1))

    validation, background, signal = column(np.arange(100)), column(np.arange(100) + 3), column([0, 200, 200, 200])
    z, improvement, uncertainty = anomalies.after_cut(
        lambda t: t[:, 0], validation, background, signal, 10_000.0, 100.0, keep=0.01
    )
    assert improvement == pytest.approx(0.75 / np.sqrt(0.04))  # 99, 100, 101 and 102 pass
    assert uncertainty == pytest.approx(improvement / 4)
    assert z == pytest.approx(np.sqrt(2 * (475 * np.log(475 / 400) - 75)))


def test_the_best_improvement_needs_enough_background(rng):
    y = np.repeat([0, 1], [2000, 2000])
    score = np.concatenate([rng.normal(size=2000), rng.normal(2, 1, 2000)])
    few, _ = anomalies.best_improvement(y, score, min_background=1)
    many, spread = anomalies.best_improvement(y, score, min_background=200)
    assert 1 < many <= few and spread > 0
