import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import chi2

from hepml_helpers import plotting


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture
def counts():
    return plotting.make_hist([0.5, 0.5, 0.5, 2.5], (3, 0, 3), label="$m$ [GeV]")


def test_weighted_histograms_carry_the_sum_of_squared_weights():
    rng = np.random.default_rng(3)
    values, weights = rng.uniform(0, 4, 500), rng.normal(1, 2, 500)
    h = plotting.make_hist(values, [0, 1, 2.5, 4], weights=weights)
    for i, (low, high) in enumerate([(0, 1), (1, 2.5), (2.5, 4)]):
        inside = (values >= low) & (values < high)
        assert h.values()[i] == pytest.approx(weights[inside].sum())
        assert h.variances()[i] == pytest.approx((weights[inside] ** 2).sum())


def test_what_lies_outside_the_bins_is_not_lost(counts):
    h = plotting.make_hist([-1, 0.5, 7, 8], (3, 0, 3))
    assert h.values(flow=True).tolist() == [1, 1, 0, 0, 2]


def test_plot_hist_draws_the_contents_with_a_band_of_sqrt_sum_w2(ax):
    h = plotting.make_hist([0.5, 0.5, 1.5], (2, 0, 2), weights=[1.0, 3.0, 2.0])
    assert plotting.plot_hist(h, ax, label="Z", color=plotting.SIGNAL) is ax
    np.testing.assert_allclose(ax.patches[0].get_data().values, [4.0, 2.0])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(4 + np.sqrt(10))
    assert band.min() == pytest.approx(2 - 2)
    assert ax.get_legend_handles_labels()[1] == ["Z"]


def test_plot_data_draws_garwood_intervals(ax, counts):
    assert plotting.plot_data(counts, ax) is ax
    bars = [segment[:, 1] for segment in ax.collections[0].get_segments()]
    level = 0.158655
    for n, (low, high) in zip([3, 0, 1], bars, strict=True):
        assert low == pytest.approx(chi2.ppf(level, 2 * n) / 2 if n else 0.0, abs=1e-4)
        assert high == pytest.approx(chi2.isf(level, 2 * n + 2) / 2, rel=1e-4)


def test_weighted_entries_are_no_data(ax):
    with pytest.raises(ValueError, match="holds weighted entries"):
        plotting.plot_data(plotting.make_hist([0.5], (1, 0, 1), weights=[2.0]), ax)


def test_plot_stack_puts_histograms_on_top_of_each_other(ax, counts):
    plotting.plot_stack([counts, counts], ["a", "b"], ["C0", "C1"], ax)
    tops = ax.collections[-1].get_paths()[0].vertices[:, 1]
    assert tops.max() == pytest.approx(6 + np.sqrt(6))
    assert set(ax.get_legend_handles_labels()[1]) == {"a", "b", "simulation's statistics"}


def test_axes_are_labelled_with_the_histogram_s_label_and_range(ax, counts):
    plotting.plot_hist(counts, ax)
    assert ax.get_xlabel() == "$m$ [GeV]"
    assert ax.get_xlim() == (0, 3)


def test_of_two_panels_that_share_an_axis_only_the_lower_is_labelled(counts):
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True)
    plotting.plot_hist(counts, upper)
    plotting.plot_hist(counts, lower)
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "$m$ [GeV]")
    plt.close(figure)


def test_pulls_stay_in_sight(ax):
    plotting.plot_pulls([1, 2, 3], [0.5, -7.0, 1.0], ax)
    low, high = ax.get_ylim()
    assert low < -7 and high == -low
    np.testing.assert_array_equal(ax.lines[-1].get_ydata(), [0.5, -7.0, 1.0])


def test_the_source_stands_on_the_figure(ax):
    assert plotting.add_source(ax, "CMS Open Data") is ax
    assert [text.get_text() for text in ax.texts] == ["CMS Open Data"]


def test_without_an_ax_the_current_one_is_used(counts):
    figure, current = plt.subplots()
    assert plotting.plot_hist(counts) is current
    plt.close(figure)


def test_the_style_is_found_and_its_first_colours_are_background_and_signal():
    with mpl.rc_context():
        plotting.use_style()
        cycle = [entry["color"].upper().lstrip("#") for entry in mpl.rcParams["axes.prop_cycle"]]
    assert ["#" + color for color in cycle[:3]] == [plotting.BACKGROUND, plotting.SIGNAL, plotting.ACCENT]


def test_bad_values_are_named():
    with pytest.raises(ValueError, match="values hold nan at position 1"):
        plotting.make_hist([1.0, np.nan], (1, 0, 1))
    with pytest.raises(ValueError, match="weights hold inf at position 0"):
        plotting.make_hist([1.0], (1, 0, 1), weights=[np.inf])
    with pytest.raises(ValueError, match=r"weights have shape \(2,\)"):
        plotting.make_hist([1.0], (1, 0, 1), weights=[1.0, 2.0])
