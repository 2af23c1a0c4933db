"""The formulas and the sample with negative weights of lesson 03, against slow and independent calculations.

The functions are taken from the lesson's own cells, so what is tested is what the student reads.
"""

import numpy as np
import pandas as pd
import pytest
from notebook_files import NOTEBOOKS, definitions
from scipy import stats

from hepml_helpers import counting, kinematics

LESSON = NOTEBOOKS / "03_hww_bdt.ipynb"
WANTED = {"derive", "split", "asimov", "asimov_uncertainty", "ks_test", "balanced", "with_companions", "smoothed"}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def lesson(rng):
    """The lesson's functions by name; their random numbers are ours."""
    names = {"np": np, "pd": pd, "stats": stats, "rng": rng, "ALL": ["pt_ll"]}
    return definitions(LESSON, WANTED, names)


@pytest.fixture
def events(rng):
    n = 500
    columns = {f"pt{i}": rng.uniform(10, 90, n) for i in (1, 2)} | {f"eta{i}": rng.normal(size=n) for i in (1, 2)}
    columns |= {name: rng.uniform(-np.pi, np.pi, n) for name in ("phi1", "phi2", "met_phi")}
    return pd.DataFrame(columns | {"met": rng.uniform(0, 100, n), "weight": rng.uniform(0.1, 3, n)})


@pytest.fixture
def background(lesson, events):
    return lesson["derive"](events).assign(y=0)


def test_derived_features_of_a_pair_worked_out_by_hand(lesson):
    # 30 GeV along x and 40 GeV along y: pt_ll = 50, m_ll^2 = 2 * 30 * 40; the missing momentum is opposite to the pair
    pair = {"pt1": 30.0, "pt2": 40.0, "eta1": 0.3, "eta2": 0.3, "phi1": 0.0, "phi2": np.pi / 2}
    table = pd.DataFrame([pair | {"met": 50.0, "met_phi": np.arctan2(40, 30) - np.pi}])
    derived = lesson["derive"](table).iloc[0]
    assert derived["dphi_ll"] == pytest.approx(np.pi / 2)
    assert derived["pt_ll"] == pytest.approx(50.0)
    assert derived["m_ll"] == pytest.approx(np.sqrt(2400.0))
    assert derived["m_t"] == pytest.approx(100.0)  # 2 * 50 * 50 * (1 - cos pi), under the root


def test_the_transverse_mass_is_that_of_two_massless_particles_across_the_beam(background):
    pair = kinematics.p4_from_ptetaphim(background["pt1"], 0, background["phi1"], 0)
    pair = pair + kinematics.p4_from_ptetaphim(background["pt2"], 0, background["phi2"], 0)
    one = kinematics.p4_from_ptetaphim(kinematics.pt(pair), 0, kinematics.phi(pair), 0)
    other = kinematics.p4_from_ptetaphim(background["met"], 0, background["met_phi"], 0)
    np.testing.assert_allclose(background["m_t"], kinematics.invariant_mass(one + other), rtol=1e-6, atol=1e-4)


def test_derived_features_do_not_know_where_the_x_axis_points(lesson, events, background):
    turned = events.copy()
    for name in ("phi1", "phi2", "met_phi"):
        turned[name] = (events[name] + 1.234 + np.pi) % (2 * np.pi) - np.pi
    for name in ("dphi_ll", "m_ll", "m_t", "pt_ll"):
        np.testing.assert_allclose(lesson["derive"](turned)[name], background[name], rtol=1e-7, atol=1e-5)


def test_every_part_of_a_split_stands_for_all_expected_events(lesson, background):
    parts = lesson["split"](background, 0)
    assert sum(len(part) for part in parts) == len(background)
    for part in parts:
        assert part["weight"].sum() == pytest.approx(background["weight"].sum())


def test_the_uncertainty_of_the_significance_is_the_spread_over_simulated_samples(lesson, rng):
    n_signal, n_background, w_signal, w_background = 400, 900, 0.1, 2.0
    s, b = rng.poisson(n_signal, 20_000) * w_signal, rng.poisson(n_background, 20_000) * w_background
    expected = n_signal * w_signal, n_background * w_background, n_signal * w_signal**2, n_background * w_background**2
    np.testing.assert_allclose(counting.significance(s, b).std(), lesson["asimov_uncertainty"](*expected), rtol=0.03)


def test_the_ks_test_with_equal_weights_is_scipys(lesson, rng):
    a, b = rng.normal(size=700), rng.normal(0.1, 1.0, size=900)
    distance, p_value = lesson["ks_test"](a, np.full(700, 0.3), b, np.full(900, 2.0))
    scipy = stats.ks_2samp(a, b, method="asymp")
    assert distance == pytest.approx(scipy.statistic)
    assert p_value == pytest.approx(scipy.pvalue, rel=0.1)


def test_the_ks_test_with_weights_is_uniform_where_the_two_samples_agree(lesson, rng):
    weights = [rng.choice([1.0, 4.0], size=500) for _ in range(400)]
    p_values = [lesson["ks_test"](rng.normal(size=500), w, rng.normal(size=800), np.ones(800))[1] for w in weights]
    assert stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_balanced_weights_give_both_classes_the_same_sum_and_a_mean_of_one(lesson, events):
    table = events.assign(y=np.arange(len(events)) % 3 == 0)
    w = lesson["balanced"](table)
    assert w[table["y"]].sum() == pytest.approx(w[~table["y"]].sum())
    assert w.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(np.ptp((w / table["weight"])[table["y"]]), 0, atol=1e-9)


def test_companions_leave_every_weighted_histogram_as_it_was(lesson, background):
    signed = lesson["with_companions"](background)
    assert (signed["weight"] < 0).any()
    for name in ("m_ll", "pt_ll", "met"):
        counts = [np.histogram(t[name], 30, (0, 150), weights=t["weight"])[0] for t in (background, signed)]
        np.testing.assert_allclose(counts[1], counts[0], atol=1e-9)


def test_companions_are_for_the_background_only(lesson, background):
    assert len(lesson["with_companions"](background.assign(y=1))) == len(background)


class _SharePositive:
    """Knows the true share of positive weights by absolute weight, (1 + chance) / (1 + 2 chance)."""

    def predict_proba(self, X):
        chance = 0.45 * np.minimum(X[:, 0] / 60, 1) ** 2
        share = (1 + chance) / (1 + 2 * chance)
        return np.column_stack([1 - share, share])


def test_smoothed_weights_are_positive_and_keep_the_weighted_distribution(lesson, background, rng):
    many = background.sample(100_000, replace=True, random_state=3).assign(weight=1.0)
    lesson["sign"] = _SharePositive()
    signed = lesson["with_companions"](many)
    smooth = lesson["smoothed"](signed)
    assert (smooth["weight"] > 0).all()
    before, after = (np.histogram(t["pt_ll"], 12, (0, 120), weights=t["weight"])[0] for t in (many, smooth))
    error = np.sqrt(np.histogram(smooth["pt_ll"], 12, (0, 120), weights=smooth["weight"] ** 2)[0])
    assert np.all(np.abs(after - before) < 4 * error)
    assert smooth["weight"].sum() == pytest.approx(signed["weight"].sum())
