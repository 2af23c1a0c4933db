import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.stats import chi2

from hepml_helpers import metrics, plotting


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("fill", [False, True])
def test_a_histogram_whose_entries_all_lie_outside_is_drawn_without_a_warning(ax, fill):
    plotting.plot_hist(plotting.make_hist([5.0, 6.0], (3, 0, 3)), ax, fill=fill)
    np.testing.assert_array_equal(ax.patches[0].get_data().values, [0, 0, 0])


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


@pytest.fixture
def scores():
    rng = np.random.default_rng(4)
    y_true = np.repeat([1, 0], [400, 800])
    weight = np.where(rng.random(1200) < 0.2, -0.5, 1.0)
    return y_true, 1 / (1 + np.exp(-rng.normal(loc=2.0 * y_true - 1.0))), weight


def test_a_band_lies_one_uncertainty_either_way_and_nan_leaves_a_gap(ax):
    assert plotting.plot_band([0, 1, 2], [1.0, 3.0, np.nan], [0.5, 1.0, np.nan], ax, label="SIC", color="C3") is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 3.0, np.nan])
    band = ax.collections[0].get_paths()[0].vertices
    assert {(0.0, 0.5), (0.0, 1.5), (1.0, 2.0), (1.0, 4.0)} == {tuple(point) for point in band}
    assert mpl.colors.same_color(ax.collections[0].get_facecolor()[0][:3], "C3")
    assert ax.get_legend_handles_labels()[1] == ["SIC"]


def test_plot_roc_draws_one_over_the_background_efficiency_with_its_uncertainty(ax, scores):
    y_true, y_score, weight = scores
    assert plotting.plot_roc(y_true, y_score, ax, sample_weight=weight, label="trees") is ax
    x, y = ax.lines[0].get_data()
    rejection, uncertainty = metrics.background_rejection(y_true, y_score, x, sample_weight=weight)
    np.testing.assert_array_equal(y, rejection)
    assert np.isnan(y[0]) and y[-1] >= 1
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx(np.nanmax(rejection + uncertainty))
    assert (ax.get_yscale(), ax.get_xlim(), ax.get_ylim()[0]) == ("log", (0, 1), 1)
    assert "signal efficiency" in ax.get_xlabel() and r"1/\varepsilon_B" in ax.get_ylabel()
    assert ax.get_legend_handles_labels()[1] == ["trees"]


def test_a_better_classifier_drawn_later_stays_in_sight(ax, scores):
    y_true, y_score, _ = scores
    plotting.plot_roc(y_true[::8], y_score[::8], ax)  # with 100 background events no rejection above 10 can be given
    plotting.plot_roc(y_true, y_score, ax)
    assert ax.get_ylim()[1] > np.nanmax(ax.lines[1].get_ydata())
    assert ax.lines[0].get_color() != ax.lines[1].get_color()


def test_plot_score_draws_training_areas_and_test_points_each_scaled_to_one(ax, scores):
    y_true, y_score, weight = scores
    train, test = (y_true[::2], y_score[::2]), (y_true[1::2], y_score[1::2], 3 * weight[1::2])
    assert plotting.plot_score(train, test, ax, bins=(5, 0, 1)) is ax
    for label, patch, points in zip((0, 1), ax.patches, ax.containers, strict=True):
        share = np.histogram(y_score[::2][y_true[::2] == label], 5, (0, 1))[0] / np.sum(y_true[::2] == label)
        np.testing.assert_allclose(patch.get_data().values, share)
        chosen = test[0] == label
        sums, squares = (
            np.histogram(test[1][chosen], 5, (0, 1), weights=w)[0] for w in (test[2][chosen], test[2][chosen] ** 2)
        )
        np.testing.assert_allclose(points.lines[0].get_ydata(), sums / test[2][chosen].sum())
        lengths = [np.ptp(segment[:, 1]) for segment in points.lines[2][0].get_segments()]
        np.testing.assert_allclose(lengths, 2 * np.sqrt(squares) / test[2][chosen].sum())
        color = (plotting.BACKGROUND, plotting.SIGNAL)[label]
        assert mpl.colors.same_color(points.lines[0].get_color(), color)
        assert mpl.colors.same_color(patch.get_facecolor()[:3], color)
    names = {f"{name}, {part}" for name in ("background", "signal") for part in ("training", "test")}
    assert set(ax.get_legend_handles_labels()[1]) == names
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("classifier score", "share of the class / bin", (0, 1))


def test_scores_outside_the_bins_count_for_the_scale(ax):
    y_true, y_score = np.array([0, 0, 1, 1]), np.array([0.5, 7.0, 0.5, -3.0])
    plotting.plot_score((y_true, y_score), (y_true, y_score), ax, bins=(1, 0, 1))
    assert [points.lines[0].get_ydata().tolist() for points in ax.containers] == [[0.5], [0.5]]


def test_a_class_without_events_has_no_shape(ax):
    with pytest.raises(ValueError, match="weights of class 1 add up to 0; expected more than 0"):
        plotting.plot_score(([0, 0], [0.1, 0.2]), ([0, 0], [0.1, 0.2]), ax)


# Shapes of classes, images of jets.


def test_each_class_is_scaled_to_one_and_has_its_colour(ax):
    y_true, values = [1, 0, 0, 1, 0, 0], [0.5, 0.5, 1.5, 7.0, 0.5, 0.2]  # one signal event lies outside the bins
    assert plotting.plot_classes(y_true, values, ax, bins=(2, 0, 2), label="x [m]", names=("b", "s")) is ax
    steps = {patch.get_label(): patch for patch in ax.patches}
    np.testing.assert_allclose(steps["b"].get_data().values, [0.75, 0.25])
    np.testing.assert_allclose(steps["s"].get_data().values, [0.5, 0.0])
    colors = [mpl.colors.to_hex(steps[name].get_edgecolor()).upper() for name in ("b", "s")]
    assert colors == [plotting.BACKGROUND, plotting.SIGNAL]
    assert ax.get_xlabel() == "x [m]" and ax.get_ylim()[0] == 0


def test_a_missing_class_is_named(ax):
    with pytest.raises(ValueError, match="y_true holds no 1 among its 2 events"):
        plotting.plot_classes([0, 0], [1.0, 2.0], ax, bins=(2, 0, 2))


def test_an_image_has_eta_to_the_right_and_phi_up_and_nothing_where_there_is_none(ax):
    image = np.array([[0.0, 3.0], [0.0, 1.0]])  # 3 at low phi and high eta
    assert plotting.plot_image(image, 1.5, ax, cmap="magma") is ax
    (shown,) = ax.images
    assert shown.get_extent() == [-1.5, 1.5, -1.5, 1.5] and shown.origin == "lower"
    assert shown.get_array().mask.tolist() == [[True, False], [True, False]]
    assert shown.get_array()[0, 1] == 3.0 and shown.get_cmap().name == "magma"
    assert "eta" in ax.get_xlabel() and "phi" in ax.get_ylabel()
    np.testing.assert_array_equal(image, [[0.0, 3.0], [0.0, 1.0]])


def steps(ax):
    return ax.patches[-1].get_data().values


def test_plot_ratio_divides_shapes_not_numbers_and_leaves_gaps_where_there_is_no_truth(ax):
    truth = plotting.make_hist([0.5, 0.5, 1.5, 1.5, 9.0, 9.0], (3, 0, 3), label="$m$ [GeV]")
    h = plotting.make_hist([0.5] * 3 + [1.5] + [2.5] * 2 + [9.0] * 6, (3, 0, 3))  # twice as many events
    assert plotting.plot_ratio(h, truth, ax) is ax
    np.testing.assert_allclose(steps(ax), [3 / 2 / 2, 1 / 2 / 2, np.nan])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert np.nanmax(band) == pytest.approx((3 + np.sqrt(3)) / 4)
    assert ax.get_xlabel() == "$m$ [GeV]"


def test_a_ratio_of_different_bins_or_to_nothing_is_refused(ax, counts):
    with pytest.raises(ValueError, match="different bins"):
        plotting.plot_ratio(plotting.make_hist([0.5], (4, 0, 3)), counts, ax)
    with pytest.raises(ValueError, match="add up to 0"):
        plotting.plot_ratio(counts, plotting.make_hist([], (3, 0, 3)), ax)


def test_plot_against_truth_scales_to_the_truth_and_draws_the_truth_s_own_band():
    figure, axes = plt.subplots(2, 1, sharex=True)
    truth = plotting.make_hist([0.5] * 4 + [1.5] * 16, (2, 0, 2), label="$m$ [GeV]")
    h = plotting.make_hist([0.5] * 3 + [1.5] * 7, (2, 0, 2))
    upper, lower = plotting.plot_against_truth(truth, {"GAN": h}, axes, reach=0.6)
    assert upper.get_legend_handles_labels()[1] == ["truth", "GAN"]
    np.testing.assert_allclose(upper.patches[-1].get_data().values, [6.0, 14.0])
    np.testing.assert_allclose(steps(lower), [6 / 4, 14 / 16])
    band = lower.collections[-1].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(1 + 1 / 2) and band[:, 1].min() == pytest.approx(1 - 1 / 2)
    assert lower.get_ylim() == pytest.approx((0.4, 1.6))
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "$m$ [GeV]")
    plt.close(figure)


def test_plot_observables_draws_each_with_its_ratio_in_the_given_order():
    rng = np.random.default_rng(1)
    truth, made = ({"a": rng.normal(size=n), "b": rng.uniform(size=n)} for n in (100, 50))
    labels = {"a": "$a$ [GeV]", "b": "$b$"}
    axes = plotting.plot_observables(truth, {"GAN": made}, {"b": (4, 0, 1), "a": (2, -3, 3)}, labels=labels)
    assert axes.shape == (2, 2)
    assert [ax.get_xlabel() for ax in axes[1]] == ["$b$", "$a$ [GeV]"]
    shares = np.histogram(made["b"], 4, (0, 1))[0] / 50, np.histogram(truth["b"], 4, (0, 1))[0] / 100
    np.testing.assert_allclose(steps(axes[1, 0]), shares[0] / shares[1])
    assert axes[0, 0].get_legend().get_texts()[1].get_text() == "GAN"
    plt.close(axes[0, 0].figure)


def test_plot_joint_gives_the_pull_of_each_bin_in_the_order_x_y():
    truth = {"a": np.repeat([0.5, 1.5], [30, 10]), "b": np.repeat([0.5, 1.5], [20, 20])}
    made = {"a": np.repeat([0.5, 1.5], [10, 10]), "b": np.repeat([0.5, 1.5], [5, 15])}
    bins, labels = {"a": [0, 1, 2], "b": [0, 1, 2]}, {"a": "$a$", "b": "$b$"}
    axes, pulls = plotting.plot_joint(truth, made, bins, labels=labels, min_events=10)
    # a low and b high: 10 of 40 true, 5 of 20 generated; both low: 20 of 40, 5 of 20; a high and b low: nothing
    assert pulls[0, 1] == pytest.approx(0.0)
    assert pulls[0, 0] == pytest.approx((0.25 - 0.5) / np.sqrt(20 / 1600 + 5 / 400))
    assert np.isnan(pulls[1, 0])
    assert [ax.get_title(loc="left") for ax in axes][:2] == ["truth", "generated"]
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == ("$a$", "$b$")
    np.testing.assert_allclose(axes[1].collections[0].get_array().ravel(), [0.25, 0, 0.25, 0.5])  # rows are b
    plt.close(axes[0].figure)


def test_a_hunt_shows_counts_fit_and_pulls_in_units_of_the_fit_s_error():
    axes = plt.subplots(2, 1)[1]
    upper, lower = plotting.plot_hunt([2000, 2100, 2200], [110, 64], [100.0, 64.0], (2000, 2100), axes, title="all")
    points, curve = upper.lines[0], next(line for line in upper.lines if line.get_label() == "fit beside the window")
    np.testing.assert_allclose(points.get_xydata(), [[2050, 110], [2150, 64]])
    np.testing.assert_allclose(curve.get_ydata(), [100, 64])
    pulls = [line.get_ydata() for line in lower.lines if len(line.get_ydata()) == 2 and line.get_ydata()[1] == 0]
    assert any(np.allclose(y, [1.0, 0.0]) for y in pulls)
    assert upper.get_ylabel() == "events / 100 GeV" and upper.get_title(loc="left") == "all"


def test_p_values_are_drawn_as_their_cumulative_share():
    ax = plotting.plot_p_values({"chain": [0.75, 0.25]})
    (stair,) = (line for line in ax.lines if line.get_label() == "chain")
    np.testing.assert_allclose(stair.get_xydata(), [[0, 0], [0.25, 0.5], [0.75, 1], [1, 1]])
    assert ax.get_xlabel() == "p-value" and stair.get_drawstyle() == "steps-post"
