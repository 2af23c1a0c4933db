import numpy as np
import pytest

from hepml_helpers import showers
from hepml_helpers.showers import (
    CRITICAL_ENERGY,
    E_OVER_H,
    ENERGY_RANGE,
    INTERACTION_LENGTH,
    LAYER_SHAPES,
    MOLIERE_RADIUS,
    RADIATION_LENGTH,
    WIDTH,
    longitudinal_shape,
    make_showers,
    radial_shape,
)

DEPTHS = np.array([90, 347, 43])
MIP = 80 * (0.2 * 11.35 * 1.122 + 0.4 * 1.396 * 1.508) / 1000 * (1 + 0.007 * (82 - 18))  # GeV, through all 80 plates


@pytest.fixture
def rng():
    return np.random.default_rng(9)


def at(particle, energy, n, seed=3, **settings):
    return make_showers(particle, np.full(n, float(energy)), np.random.default_rng(seed), **settings)


def total(sample):
    return sample.layer_energy.sum(axis=1)


def width(picture):
    """Share of the energy outside of the four cells around the axis of layer 1."""
    return 1 - picture[:, 5:7, 5:7].sum(axis=(1, 2)) / picture.sum(axis=(1, 2))


# ---- an independent simulation: one spot of energy at a time of a new shower each, as GFLASH does it ----


def pictures_of_spots(depth, radius, weight, rng):
    """Mean pictures, one array for each layer, of spots at a depth and a distance from the axis in mm."""
    phi = rng.uniform(0, 2 * np.pi, len(depth))
    x, y = radius * np.cos(phi), radius * np.sin(phi)
    sides, back, pictures = (-WIDTH / 2, WIDTH / 2), np.cumsum(DEPTHS), []
    for shape, front, end in zip(LAYER_SHAPES, back - DEPTHS, back, strict=True):
        here = (depth >= front) & (depth < end)
        picture, _, _ = np.histogram2d(x[here], y[here], bins=shape, range=(sides, sides), weights=weight[here])
        pictures.append(picture / len(depth))
    return pictures


def draw_radius(weight, core, tail, rng):
    scale = np.where(rng.uniform(size=core.shape) < weight, core, tail)
    u = rng.uniform(size=core.shape)
    return scale * np.sqrt(u / (1 - u))


def electromagnetic_spots(energy, n, rng):
    """Depth from the start of the shower and distance from the axis, in mm."""
    alpha, beta = longitudinal_shape(np.full(n, energy), rng)
    t = rng.gamma(alpha) / beta
    typical = np.exp(np.log(alpha).mean())
    tau = t * beta / alpha * typical / (typical - 1)
    return t * RADIATION_LENGTH, draw_radius(*radial_shape(tau, energy), rng)


@pytest.mark.parametrize(("particle", "mean_start"), [("positron", 0), ("photon", 9 / 7)])
def test_mean_pictures_are_those_of_a_simulation_spot_by_spot(particle, mean_start, rng):
    n = 400_000
    depth, radius = electromagnetic_spots(20.0, n, rng)
    start = mean_start * RADIATION_LENGTH * rng.exponential(size=n)
    spots = pictures_of_spots(start + depth, radius, np.ones(n), rng)
    sample = at(particle, 20, 8000, threshold=0)
    for layer, expected in zip(sample.layers, spots, strict=True):
        mean, spread = layer.mean(axis=0) / 20, layer.std(axis=0) / 20 / np.sqrt(8000)
        error = np.sqrt(spread**2 + expected / n + 1 / n**2)
        assert np.abs((mean - expected) / error).max() < 5
        np.testing.assert_allclose(mean.sum(), expected.sum(), rtol=0.01, atol=2e-4)


def test_mean_energy_of_pions_is_that_of_a_simulation_spot_by_spot(rng):
    energy, n = 10.0, 40_000
    start = rng.exponential(INTERACTION_LENGTH, n)
    loss = np.minimum(start, 480) / 480 * MIP / (1 + 0.007 * (82 - 18))
    mean_share = 1 - (energy - loss) ** -0.18
    neutral, radius = electromagnetic_spots(energy / 3, n, rng)
    shape, rate = 0.6165 + 0.3183 * np.log(energy), 0.9099 - 0.0237 * np.log(energy)
    charged = rng.gamma(shape, 1 / rate, n)
    wide = draw_radius(0.5, 0.05 * INTERACTION_LENGTH * (1 + charged), 0.2 * INTERACTION_LENGTH * (1 + charged), rng)
    visible = sum(
        sum(picture.sum() for picture in pictures_of_spots(start + depth, r, weight * (energy - loss), rng))
        for depth, r, weight in (
            (neutral, radius, mean_share),
            (charged * INTERACTION_LENGTH, wide, (1 - mean_share) / E_OVER_H),
        )
    )
    expected = visible + (np.minimum(start, 480) / 480 * MIP).mean()
    assert total(at("pion", energy, 15_000)).mean() == pytest.approx(expected, rel=0.03)


# ---- what a sample looks like ----


@pytest.mark.parametrize("particle", ["positron", "photon", "pion"])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_sample_has_three_layers_of_the_shapes_of_calogan(particle, n):
    sample = at(particle, 30, n)
    assert [layer.shape for layer in sample.layers] == [(n, 3, 96), (n, 12, 12), (n, 12, 6)]
    assert {layer.dtype for layer in sample.layers} == {np.dtype(np.float32)}
    assert (len(sample), sample.particle, sample.incident_energy.shape) == (n, particle, (n,))


def test_layer_energy_is_the_sum_of_the_cells_of_each_layer():
    sample = at("photon", 30, 4)
    by_hand = [[sum(map(float, layer[i].ravel())) for layer in sample.layers] for i in range(4)]
    np.testing.assert_allclose(sample.layer_energy, by_hand, rtol=1e-6)


def test_the_fine_cells_of_layer_0_lie_along_y():
    layer = at("positron", 50, 500).layers[0].mean(axis=0)
    assert layer[:, 46:50].sum() > 0.9 * layer.sum()  # 20 mm along y hold most of a shower that has just begun
    np.testing.assert_allclose(layer[1].sum(), layer[:, 32:64].sum(), rtol=0.002)  # 160 mm either way


def test_the_wide_cells_of_layer_2_lie_along_y():
    layer = at("photon", 100, 3000).layers[2].mean(axis=0)
    np.testing.assert_allclose(layer[4:8].sum(), layer[:, 2:4].sum(), rtol=0.03)  # 160 mm either way


def test_mean_pictures_are_symmetric_about_the_axis():
    for layer in at("positron", 50, 4000).layers[:2]:
        mean = layer.mean(axis=0)
        bright = mean > 0.002 * mean.sum()
        np.testing.assert_allclose(mean[bright], mean[::-1, ::-1][bright], rtol=0.06)


def test_cells_below_the_threshold_are_exactly_zero():
    for layer in at("positron", 10, 200, threshold=0.005).layers:
        assert not np.any((layer != 0) & (layer < 0.005))


def test_pictures_are_sparse_and_fill_with_energy():
    low, high = ([float((layer > 0).mean()) for layer in at("positron", e, 500).layers] for e in (5, 80))
    assert np.all(np.array(high) > low)
    assert 0.02 < low[0] < high[0] < 0.2
    assert 0.1 < low[1] < high[1] < 0.8


def test_noise_has_the_standard_deviation_asked_for():
    corner = at("positron", 1, 1500, noise=0.03, threshold=0).layers[0][:, 0, :10]
    assert np.mean(corner > 0) == pytest.approx(0.5, abs=0.015)
    assert np.sqrt(2 * np.mean(corner.astype(float) ** 2)) == pytest.approx(0.03, rel=0.04)  # the negative half is cut


def test_a_threshold_of_four_times_the_noise_keeps_pictures_sparse():
    quiet, noisy = at("photon", 10, 500), at("photon", 10, 500, noise=0.001, threshold=0.004)
    assert (noisy.layers[0] > 0).mean() < (quiet.layers[0] > 0).mean()


# ---- laws of electromagnetic showers ----


def test_the_effective_medium_has_the_lengths_worked_out_by_hand():
    # 80 times 2 mm of lead (X0 = 5.61 mm) and 4 mm of liquid argon (X0 = 140 mm) are 28.5 and 2.3 radiation lengths
    assert pytest.approx(80 * (2 / 5.612 + 4 / 140.0), rel=1e-3) == WIDTH / RADIATION_LENGTH
    assert pytest.approx(80 * (2 / 199.3 + 4 / 1067), rel=1e-3) == WIDTH / INTERACTION_LENGTH
    assert 0.0074 < CRITICAL_ENERGY < 0.0291  # between lead's and argon's
    assert pytest.approx(RADIATION_LENGTH * 0.0212 / CRITICAL_ENERGY) == MOLIERE_RADIUS


@pytest.mark.parametrize("particle", ["positron", "photon"])
@pytest.mark.parametrize("energy", [5, 20, 100])
def test_energy_is_conserved_but_for_half_a_per_cent_that_leaks(particle, energy):
    assert total(at(particle, energy, 4000)).mean() / energy == pytest.approx(0.995, abs=0.004)


def test_the_shower_maximum_goes_deeper_by_ln_2_when_the_energy_doubles(rng):
    energies = np.array([5.0, 10, 20, 40, 80])
    shapes = [longitudinal_shape(np.full(20_000, energy), rng) for energy in energies]
    maxima = [np.exp(np.mean(np.log((alpha - 1) / beta))) for alpha, beta in shapes]
    np.testing.assert_allclose(np.diff(maxima), np.log(2), rtol=0.05)
    means = [np.mean(alpha / beta) for alpha, beta in shapes]
    slope, _ = np.polyfit(np.log(energies), means, 1)
    assert slope == pytest.approx(1.0, abs=0.04)


def test_depth_and_shape_at_20_gev_are_those_worked_out_by_hand(rng):
    alpha, beta = longitudinal_shape(np.full(50_000, 20.0), rng)
    assert np.median((alpha - 1) / beta) == pytest.approx(6.472, rel=0.005)
    assert np.median(alpha) == pytest.approx(4.409, rel=0.005)


def test_radial_shape_gives_values_worked_out_by_hand():
    weight, core, tail = radial_shape([0.5, 2.0], [1.0, 50.0])
    np.testing.assert_allclose(core / MOLIERE_RADIUS, [0.07297, 0.21291], rtol=1e-3)
    np.testing.assert_allclose(tail / MOLIERE_RADIUS, [0.91059, 0.84767], rtol=1e-3)
    np.testing.assert_allclose(weight, [0.99214, 0.57175], rtol=1e-3)


def test_the_share_of_the_first_layer_falls_with_energy():
    shares = [np.mean(at("positron", e, 1000).layer_energy[:, 0]) / e for e in (1, 5, 25, 100)]
    assert np.all(np.diff(shares) < -0.05)


def test_depth_and_shape_fluctuate_together_as_published(rng):
    alpha, beta = longitudinal_shape(np.full(50_000, 20.0), rng)
    log_t, log_alpha, log_y = np.log((alpha - 1) / beta), np.log(alpha), np.log(20 / CRITICAL_ENERGY)
    assert np.corrcoef(log_t, log_alpha)[0, 1] == pytest.approx(0.784 - 0.023 * log_y, abs=0.01)
    assert log_t.std() == pytest.approx(1 / (-2.5 + 1.25 * log_y), rel=0.02)
    assert log_alpha.std() == pytest.approx(1 / (-0.82 + 0.79 * log_y), rel=0.02)


def test_what_one_layer_gains_the_other_loses():
    front, middle, _ = at("positron", 65, 2000).layer_energy.T
    assert np.corrcoef(front, middle)[0, 1] < -0.95


def test_resolution_falls_as_one_over_the_root_of_the_energy():
    energies = np.array([5.0, 10, 20, 40, 80])
    resolution = [np.std(e) / np.mean(e) for e in (total(at("positron", energy, 5000)) for energy in energies)]
    exponent, log_stochastic = np.polyfit(np.log(energies), np.log(resolution), 1)
    assert exponent == pytest.approx(-0.5, abs=0.02)
    assert np.exp(log_stochastic) == pytest.approx(0.10, rel=0.06)


@pytest.mark.parametrize(("particle", "term"), [("positron", 0.1), ("photon", 0.1), ("pion", 0.5)])
def test_the_two_halves_of_a_picture_differ_by_the_sampling_term(particle, term):
    layer = at(particle, 80, 4000, threshold=0).layers[1]
    for left, right in ((layer[:, :6], layer[:, 6:]), (layer[:, :, :6], layer[:, :, 6:])):
        left, right = left.sum(axis=(1, 2)), right.sum(axis=(1, 2))
        showering = left + right > 10
        pull = ((left - right) / np.sqrt(left + right))[showering]
        assert pull.std() == pytest.approx(term, rel=0.06)


def test_a_cylinder_of_one_moliere_radius_holds_nine_tenths(rng):
    for energy in (5.0, 20.0, 80.0):
        _, radius = electromagnetic_spots(energy, 100_000, rng)
        assert np.quantile(radius, 0.9) / MOLIERE_RADIUS == pytest.approx(1.0, abs=0.15)


def test_pictures_hold_nine_tenths_within_one_moliere_radius():
    layer = at("positron", 20, 1000).layers[1]  # four cells are 80 mm wide, 2.2 Moliere radii
    assert 1 - width(layer).mean() == pytest.approx(0.92, abs=0.03)


def test_photons_leave_the_first_layer_empty_where_they_convert_behind_it():
    empty = np.mean(at("photon", 100, 20_000).layer_energy[:, 0] == 0)
    # a shower that begins in the last radiation length may stay below the threshold of every cell
    assert 0.85 * np.exp(-7 / 9 * 90 / RADIATION_LENGTH) < empty < np.exp(-7 / 9 * (90 / RADIATION_LENGTH - 1))


# ---- laws of pions ----


@pytest.fixture(scope="module")
def pions():
    return at("pion", 50, 12_000)


def is_track(sample):
    return sum((layer > 0).sum(axis=(1, 2)) for layer in sample.layers) <= 3


def test_pions_that_cross_everything_number_exp_minus_depth(pions):
    through = is_track(pions) & np.all(pions.layer_energy > 0.5 * MIP * DEPTHS / 480, axis=1)
    assert np.mean(through) == pytest.approx(np.exp(-480 / INTERACTION_LENGTH), abs=0.015)


def test_a_track_leaves_what_a_minimum_ionising_particle_loses(pions):
    tracks = pions.layer_energy[is_track(pions)]
    np.testing.assert_allclose(tracks.mean(axis=0), MIP * DEPTHS / 480, rtol=0.02)
    assert np.std(tracks[:, 1]) / np.mean(tracks[:, 1]) == pytest.approx(0.046 * np.pi / np.sqrt(2), rel=0.06)
    assert np.mean(tracks[:, 1]) > 1.01 * np.median(tracks[:, 1])  # the tail is on the high side


def test_a_track_goes_through_one_of_the_cells_that_meet_on_the_axis(pions):
    track = is_track(pions)
    for layer, cells in zip(pions.layers, [(1, (47, 48)), ((5, 6), (5, 6)), ((5, 6), (2, 3))], strict=True):
        hits = (layer[track] > 0).mean(axis=0)
        near = hits[np.ix_(*map(np.atleast_1d, cells))]
        assert near.sum() == pytest.approx(1, abs=0.02)
        np.testing.assert_allclose(near, near.mean(), rtol=0.15)


def test_a_pion_shares_all_its_energy_and_neutral_pions_take_what_is_expected(rng):
    (neutral, hadronic), _ = showers._pion(np.full(50_000, 50.0), rng)
    left = 50.0 - np.minimum(neutral.start, 480) / 480 * MIP / (1 + 0.007 * (82 - 18))
    np.testing.assert_allclose(neutral.energy + E_OVER_H * hadronic.energy, left, rtol=1e-12)
    share = neutral.energy / left
    assert share.mean() == pytest.approx(1 - 50**-0.18, rel=0.01)
    assert share.std() == pytest.approx(0.5 / np.sqrt(6), rel=0.02)  # of a beta distribution, a + b = 5, mean one half


def test_a_hadronic_cascade_has_the_shape_worked_out_by_hand(rng):
    (_, cascade), _ = showers._pion(np.array([50.0, 50.0]), rng)
    np.testing.assert_allclose(cascade.alpha, 0.6165 + 0.3183 * 3.91, rtol=2e-3)
    np.testing.assert_allclose(cascade.beta, 0.9099 - 0.0237 * 3.91, rtol=2e-3)
    weight, core, tail = cascade.radii(cascade, np.array([[0.0, 1.0]]))
    np.testing.assert_allclose([weight, *core[0], *tail[0]], [0.5, 21.77, 43.53, 87.06, 174.13], rtol=1e-3)
    assert cascade.quantum == pytest.approx(0.25)


def test_pions_show_less_energy_than_positrons_and_spread_it_more(pions):
    positrons = at("positron", 50, 2000)
    assert np.mean(total(pions)) < 0.4 * np.mean(total(positrons))
    assert np.std(total(pions)) > 10 * np.std(total(positrons))
    assert np.quantile(total(pions), 0.999) < 1.1 * 50


def test_pions_are_wider_than_positrons(pions):
    showering = pions.layer_energy[:, 1] > 5
    assert width(pions.layers[1][showering]).mean() > 1.7 * width(at("positron", 50, 1000).layers[1]).mean()


# ---- seeds, blocks, errors ----


@pytest.mark.parametrize("particle", ["positron", "photon", "pion"])
def test_a_seed_gives_the_same_showers_and_another_seed_others(particle):
    first, again, other = (at(particle, 20, 5, seed) for seed in (1, 1, 2))
    for a, b in zip(first.layers, again.layers, strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.any(first.layers[1] != other.layers[1])


def test_two_calls_with_one_generator_differ(rng):
    first, second = (make_showers("photon", [20.0, 20.0], rng) for _ in range(2))
    assert np.all(first.layer_energy[:, 1] != second.layer_energy[:, 1])


@pytest.mark.parametrize("particle", ["photon", "pion"])
def test_the_size_of_a_block_does_not_change_the_showers(particle, monkeypatch):
    whole = at(particle, 20, 40, noise=0.002)
    monkeypatch.setattr(showers, "_BLOCK", 7)
    for a, b in zip(whole.layers, at(particle, 20, 40, noise=0.002).layers, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_each_shower_has_the_energy_asked_for(rng):
    energy = rng.uniform(*ENERGY_RANGE, 300)
    sample = make_showers("positron", energy, rng)
    np.testing.assert_array_equal(sample.incident_energy, energy)
    assert np.all(np.abs(total(sample) - 0.995 * energy) < 5 * 0.1 * np.sqrt(energy))


def test_input_is_unchanged_and_not_shared(rng):
    energy = rng.uniform(1, 100, 20)
    before = energy.copy()
    for particle in ("positron", "photon", "pion"):
        sample = make_showers(particle, energy, rng)
        sample.incident_energy[:] = 0
    np.testing.assert_array_equal(energy, before)


def test_wrong_shapes_and_values_are_named(rng):
    with pytest.raises(ValueError, match="particle is 'muon'; expected one of 'positron', 'photon', 'pion'"):
        make_showers("muon", [10.0], rng)
    with pytest.raises(ValueError, match=r"incident_energy has shape \(\); expected \(n,\)"):
        make_showers("photon", 10.0, rng)
    with pytest.raises(ValueError, match=r"incident_energy has shape \(2, 1\)"):
        make_showers("photon", [[10.0], [20.0]], rng)
    for bad in (0.999, 100.1, -5.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"incident_energy holds {bad} at position 1; expected 1 to 100, in GeV"):
            make_showers("pion", [10.0, bad], rng)
    with pytest.raises(ValueError, match=r"noise is -0.1; expected a number of at least 0, in GeV"):
        make_showers("photon", [10.0], rng, noise=-0.1)
    with pytest.raises(ValueError, match="threshold is nan"):
        make_showers("photon", [10.0], rng, threshold=np.nan)


def test_positions_are_the_middles_of_the_cells():
    made = showers.make_showers("pion", [5.0], np.random.default_rng(1))
    assert [xy.shape for xy in made.positions] == [(2, *shape) for shape in showers.LAYER_SHAPES]
    np.testing.assert_allclose(made.positions[0][:, 0, 0], [-160.0, -237.5])
    np.testing.assert_allclose(made.positions[1][:, 11, 5], [220.0, -20.0])
    np.testing.assert_allclose(made.positions[2][:, 6, 3], [20.0, 40.0])
