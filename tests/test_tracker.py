"""The tracker: helices against an integrated Lorentz force, and a detector's numbers against what its hits show."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hepml_helpers.kinematics import pt_from_radius
from hepml_helpers.tracker import (
    NOISE,
    STRAIGHT_LINES,
    TRACKML_BARREL,
    Collisions,
    Particles,
    Tracker,
    crossing,
    helix_points,
    make_hits,
    make_particles,
)

LIGHT = 0.299792458  # metres in a nanosecond: GeV / (T m)
PERFECT = replace(TRACKML_BARREL, resolution_rphi=0.0, resolution_z=0.0, efficiency=1.0, noise=0.0)
TUBE = Tracker(radii=tuple(range(30, 1051, 30)), half_lengths=1e5, field=2.0)  # 35 layers that nothing misses in z


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def particles(rng):
    """Particles of both charges from vertices up to 30 cm off the beam that fly in every direction, also inwards."""
    n = 400
    pt, eta, phi = np.exp(rng.uniform(np.log(0.05), np.log(20), n)), rng.uniform(-1.5, 1.5, n), rng.uniform(-3, 3, n)
    x, y, z = rng.uniform(-200, 200, (3, n))
    return table(pt=pt, eta=eta, phi=phi, charge=rng.choice([-1, 1], n), x=x, y=y, z=z)


def table(n_events=1, **columns) -> Particles:
    """Particles from some columns, which may be numbers; the others are 0, a pt is 1 GeV and a charge 1."""
    n = max(np.size(column) for column in columns.values())
    names = ("event", "pt", "eta", "phi", "charge", "x", "y", "z", "displaced")
    columns = {"event": 0, "pt": 1.0, "charge": 1, "displaced": False} | columns
    return Particles(*(np.broadcast_to(columns.get(name, 0.0), n) for name in names), n_events)


def integrated(particles, field, *, step=0.5, length=4000.0) -> np.ndarray:
    """Oracle: positions (n_steps, n_particles, 3) in mm from dp/ds = q v x B, by the Runge-Kutta method.

    A step is so many mm across the beam.
    """
    cos, sin, pz = np.cos(particles.phi), np.sin(particles.phi), particles.pt * np.sinh(particles.eta)
    size = (step * np.cosh(particles.eta))[:, np.newaxis]
    momentum = np.stack([particles.pt * cos, particles.pt * sin, pz], axis=-1)
    position = np.stack([particles.x, particles.y, particles.z], axis=-1)
    strength = (particles.charge * LIGHT / 1000)[:, np.newaxis] * np.array([0.0, 0.0, field])

    def slope(p):
        velocity = p / np.sqrt((p**2).sum(axis=1, keepdims=True))
        force = np.stack([velocity[:, 1] * strength[:, 2], -velocity[:, 0] * strength[:, 2], 0 * pz], axis=-1)
        return velocity, force

    path = [position]
    for _ in range(int(length / step)):
        v1, f1 = slope(momentum)
        v2, f2 = slope(momentum + size / 2 * f1)
        v3, f3 = slope(momentum + size / 2 * f2)
        v4, f4 = slope(momentum + size * f3)
        position = position + size / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        momentum = momentum + size / 6 * (f1 + 2 * f2 + 2 * f3 + f4)
        path.append(position)
    return np.array(path)


def first_crossing(path, radius) -> np.ndarray:
    """Where chains of points first get outside a radius, shape (n_particles, 3); nan where they do not."""
    distance = np.hypot(path[..., 0], path[..., 1])
    rows = np.arange(path.shape[1])
    after = np.argmax(distance >= radius, axis=0)
    found = (distance[0] < radius) & (after > 0)
    low, high = distance[after - 1, rows], distance[after, rows]
    share = ((radius - low) / (high - low))[:, np.newaxis]
    points = path[after - 1, rows] * (1 - share) + path[after, rows] * share
    return np.where(found[:, np.newaxis], points, np.nan)


def fitted_circle(x, y):
    """Centre and radius by linear least squares (Kåsa): x^2 + y^2 = 2 a x + 2 b y + c."""
    design = np.stack([2 * x, 2 * y, np.ones_like(x)], axis=-1)
    a, b, c = np.linalg.lstsq(design, x**2 + y**2, rcond=None)[0]
    return a, b, np.sqrt(c + a**2 + b**2)


def crossings(particles, radius, field) -> np.ndarray:
    return np.stack(crossing(particles, radius, field=field), axis=-1)


def perfect_hits(particles, tracker, rng):
    """Hits sorted by particle and then by layer."""
    hits = make_hits(particles, rng, tracker=tracker)
    return hits[np.lexsort([hits.layer, hits.particle])]


# ---- helices ----


@pytest.mark.parametrize("field", [2.0, 3.8, -2.0, 0.0])
def test_particles_cross_a_cylinder_where_the_lorentz_force_takes_them(particles, field):
    path = integrated(particles, field)
    for radius in (150.0, 500.0):
        expected = first_crossing(path, radius)
        assert np.isfinite(expected[:, 0]).sum() > 50
        np.testing.assert_allclose(crossings(particles, radius, field), expected, atol=2e-3)


def test_helix_points_are_where_the_lorentz_force_takes_the_particles(particles):
    path = integrated(particles, 2.0, length=1500)
    points = helix_points(particles, [0.0, 750.0, 1500.0], field=2.0)
    np.testing.assert_allclose(points, path[[0, 1500, 3000]].transpose(1, 0, 2), atol=1e-3)


def test_a_positive_charge_turns_clockwise_seen_against_the_field():
    # v along x, B along z: the force q v x B points to -y
    _, y, _ = crossing(table(charge=[1, -1, 0], pt=2.0), 500.0, field=2.0)
    assert y[0] < -10 and y[1] > 10 and y[2] == 0


def test_a_crossing_worked_out_by_hand():
    # R = 500 mm, from the origin along x: at the radius R the chord spans 60 degrees, and the path is R pi / 3
    pt = LIGHT * 2.0 * 0.5
    point = crossings(table(pt=pt, eta=np.arcsinh(0.6), z=7.0), 500.0, field=2.0)[0]
    np.testing.assert_allclose(point, [500 * np.cos(np.pi / 6), -250, 7 + 0.6 * 500 * np.pi / 3], rtol=1e-12)


def test_a_particle_is_not_seen_where_its_circle_ends_or_outside_of_which_it_starts():
    diameter = 2000 * 0.4 / (LIGHT * 2.0)
    assert np.isfinite(crossing(table(pt=0.4), diameter * 0.999, field=2.0)[0][0])
    assert np.all(np.isnan(crossings(table(pt=0.4), diameter * 1.001, field=2.0)))
    assert np.all(np.isnan(crossings(table(x=[40.0], phi=np.pi), 32.0, field=2.0)))


def test_a_turned_detector_turns_the_crossings(particles):
    angle = 2.1
    x, y = particles.x, particles.y
    moved = {"x": x * np.cos(angle) - y * np.sin(angle), "y": x * np.sin(angle) + y * np.cos(angle)}
    turned = replace(particles, phi=particles.phi + angle, **moved)
    x, y, z = crossing(particles, 400.0, field=2.0)
    expected = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z], axis=-1)
    np.testing.assert_allclose(crossings(turned, 400.0, 2.0), expected, atol=1e-6)


def test_the_mirror_image_of_a_particle_is_its_antiparticle(particles):
    mirrored = replace(particles, phi=-particles.phi, y=-particles.y, charge=-particles.charge)
    np.testing.assert_allclose(crossings(mirrored, 400.0, 2.0), crossings(particles, 400.0, 2.0) * [1, -1, 1])


def test_all_lengths_grow_with_the_momentum(particles):
    larger = replace(particles, pt=3 * particles.pt, x=3 * particles.x, y=3 * particles.y, z=3 * particles.z)
    np.testing.assert_allclose(crossings(larger, 1200.0, 2.0), 3 * crossings(particles, 400.0, 2.0), rtol=1e-8)


def test_a_weak_field_passes_over_into_no_field(particles):
    np.testing.assert_allclose(crossings(particles, 400.0, 1e-12), crossings(particles, 400.0, 0.0), atol=1e-5)


# ---- hits of a perfect detector ----


def test_perfect_hits_lie_on_their_layers_and_on_their_helices(rng):
    particles = make_particles(20, 50, rng, collisions=Collisions(displaced_share=0.5))
    hits = make_hits(particles, rng, tracker=PERFECT)
    np.testing.assert_allclose(np.hypot(hits.x, hits.y), np.array(PERFECT.radii)[hits.layer], rtol=1e-12)
    mine = particles[hits.particle]
    radius = 1000 * mine.pt / (LIGHT * 2.0)
    centre_x = mine.x + mine.charge * radius * np.sin(mine.phi)
    centre_y = mine.y - mine.charge * radius * np.cos(mine.phi)
    np.testing.assert_allclose(np.hypot(hits.x - centre_x, hits.y - centre_y), radius, rtol=1e-9)


@pytest.mark.parametrize("field", [2.0, 3.8])
def test_a_circle_through_perfect_hits_gives_back_the_momentum(rng, field):
    collisions = Collisions(pt_range=(1.0, 20.0), displaced_share=0.3)
    particles = make_particles(1, 100, rng, collisions=collisions)
    hits = make_hits(particles, rng, tracker=replace(TUBE, field=field))
    for particle in range(100):
        mine = hits[hits.particle == particle]
        if len(mine) > 5:  # the others decayed further out
            radius = fitted_circle(mine.x, mine.y)[2] / 1000
            assert pt_from_radius(radius, field) == pytest.approx(particles.pt[particle], rel=1e-6)
    assert len(hits) > 3000


def test_z_grows_with_the_angle_turned(rng):
    particles = make_particles(1, 50, rng, collisions=Collisions(pt_range=(0.5, 2.0)))
    hits = perfect_hits(particles, TUBE, rng)
    mine = particles[hits.particle]
    radius = 1000 * mine.pt / (LIGHT * 2.0)
    chord = np.hypot(hits.x - mine.x, hits.y - mine.y)
    turned = 2 * np.arcsin(chord / (2 * radius))
    np.testing.assert_allclose(hits.z - mine.z, np.sinh(mine.eta) * radius * turned, atol=1e-5)


def test_without_a_field_hits_lie_on_straight_lines_from_the_vertex(rng):
    particles = make_particles(5, 20, rng, collisions=Collisions(displaced_share=0.5))
    hits = make_hits(particles, rng, tracker=replace(TUBE, field=0.0))
    mine = particles[hits.particle]
    distance = np.hypot(hits.x - mine.x, hits.y - mine.y)
    np.testing.assert_allclose(hits.x - mine.x, distance * np.cos(mine.phi), atol=1e-8)
    np.testing.assert_allclose(hits.y - mine.y, distance * np.sin(mine.phi), atol=1e-8)
    np.testing.assert_allclose(hits.z - mine.z, distance * np.sinh(mine.eta), atol=1e-8)


def test_a_particle_leaves_one_hit_in_each_layer_that_it_reaches(rng):
    hits = perfect_hits(table(pt=[5.0, 0.2]), PERFECT, rng)  # the second turns at 2 R = 667 mm
    assert hits.layer[hits.particle == 0].tolist() == list(range(10))
    assert hits.layer[hits.particle == 1].tolist() == list(range(8))


def test_a_decay_leaves_hits_only_further_out(rng):
    hits = perfect_hits(table(x=0.0, y=200.0, phi=np.pi / 2, pt=5.0), PERFECT, rng)
    assert hits.layer.tolist() == list(range(4, 10))


def test_beyond_the_ends_of_a_layer_there_are_no_hits(rng):
    particles = make_particles(10, 200, rng, collisions=Collisions(eta_range=(-3.0, 3.0), pt_range=(1.0, 20.0)))
    hits = make_hits(particles, rng, tracker=PERFECT)
    ends = np.array(PERFECT.half_lengths)
    _, _, z = crossing(particles, 172.0, field=2.0)
    assert np.all(np.abs(hits.z) <= ends[hits.layer])
    assert (hits.layer == 3).sum() == (np.abs(z) <= 491).sum() < len(particles)


# ---- resolution, efficiency, noise ----


def test_measured_positions_spread_by_the_stated_resolutions(rng):
    tracker = replace(PERFECT, resolution_rphi=TRACKML_BARREL.resolution_rphi, resolution_z=TRACKML_BARREL.resolution_z)
    particles = make_particles(200, 100, rng, collisions=Collisions(pt_range=(1.0, 20.0)))
    hits = make_hits(particles, rng, tracker=tracker)
    for layer, radius in enumerate(tracker.radii):
        mine = hits[hits.layer == layer]
        x, y, z = (column[mine.particle] for column in crossing(particles, radius, field=2.0))
        around = radius * np.arctan2(x * mine.y - y * mine.x, x * mine.x + y * mine.y)
        for residual, width in ((around, tracker.resolution_rphi[layer]), (mine.z - z, tracker.resolution_z[layer])):
            assert np.std(residual) == pytest.approx(width, rel=0.03)
            assert abs(np.mean(residual)) < 4.5 * width / np.sqrt(len(mine))
        assert abs(np.corrcoef(around, mine.z - z)[0, 1]) < 0.04
        np.testing.assert_allclose(np.hypot(mine.x, mine.y), radius, rtol=1e-12)


def test_the_fitted_momentum_spreads_as_gluckstern_says(rng):
    # Review of Particle Physics: delta(1/R) = sigma / L^2 sqrt(720 / (N + 4)) for N equally spaced layers
    n, pt, sigma, length = 400, 5.0, 0.1, 1020.0
    particles = table(pt=np.full(n, pt), phi=rng.uniform(-3, 3, n), charge=rng.choice([-1, 1], n))
    hits = perfect_hits(particles, replace(TUBE, resolution_rphi=sigma), rng)
    x, y = hits.x.reshape(n, 35), hits.y.reshape(n, 35)
    inverse = np.array([1 / fitted_circle(*track)[2] for track in zip(x, y, strict=True)])
    assert np.std(inverse) == pytest.approx(sigma / length**2 * np.sqrt(720 / 39), rel=0.12)
    assert np.mean(pt_from_radius(1 / inverse / 1000, 2.0)) == pytest.approx(pt, rel=1e-3)


def test_the_share_of_hits_that_are_found_is_the_efficiency(rng):
    tracker = replace(PERFECT, efficiency=tuple(np.linspace(0.5, 1.0, 10)))
    particles = make_particles(100, 100, rng, collisions=Collisions(pt_range=(2.0, 20.0), eta_range=(-0.5, 0.5)))
    hits = make_hits(particles, rng, tracker=tracker)
    found = np.bincount(hits.layer, minlength=10) / 10_000
    np.testing.assert_allclose(found, tracker.efficiency, atol=0.02)
    assert found[-1] == 1.0


def test_noise_has_the_stated_mean_and_fluctuates_as_poisson_says(rng):
    tracker = replace(PERFECT, noise=tuple(range(10)))
    hits = make_hits(make_particles(4000, 0, rng), rng, tracker=tracker)
    counts = np.zeros((4000, 10), dtype=int)
    np.add.at(counts, (hits.event, hits.layer), 1)
    np.testing.assert_allclose(counts.mean(axis=0), np.arange(10), rtol=0.05)
    np.testing.assert_allclose(counts.var(axis=0), np.arange(10), rtol=0.1)
    assert np.all(hits.particle == NOISE)


def test_noise_is_uniform_around_and_along_its_layer(rng):
    hits = make_hits(make_particles(500, 0, rng), rng, tracker=replace(PERFECT, noise=5.0))
    np.testing.assert_allclose(np.hypot(hits.x, hits.y), np.array(PERFECT.radii)[hits.layer], rtol=1e-12)
    around = np.arctan2(hits.y, hits.x) / (2 * np.pi) + 0.5
    along = hits.z / np.array(PERFECT.half_lengths)[hits.layer] / 2 + 0.5
    for share in (around, along):
        assert stats.kstest(share, "uniform").pvalue > 0.001


# ---- particles ----


@pytest.mark.parametrize("power", [0.0, 1.0, 3.0, 5.5])
def test_the_pt_spectrum_falls_with_its_power(rng, power):
    pt = make_particles(1, 50_000, rng, collisions=Collisions(pt_range=(0.5, 20.0), pt_power=power)).pt
    grid = np.geomspace(0.5, 20.0, 4001)
    middle = np.sqrt(grid[1:] * grid[:-1])
    share = np.concatenate([[0], np.cumsum(middle**-power * np.diff(grid))])
    assert stats.kstest(pt, lambda value: np.interp(value, grid, share / share[-1])).pvalue > 0.001


def test_eta_and_phi_are_flat_and_charges_balance(rng):
    particles = make_particles(10, 5000, rng, collisions=Collisions(eta_range=(-0.5, 2.0)))
    assert stats.kstest((particles.eta + 0.5) / 2.5, "uniform").pvalue > 0.001
    assert stats.kstest(particles.phi / (2 * np.pi) + 0.5, "uniform").pvalue > 0.001
    assert set(particles.charge.tolist()) == {-1, 1} and abs(particles.charge.mean()) < 0.02


def test_all_particles_of_an_event_come_from_one_point_of_the_beam_spot(rng):
    particles = make_particles(4000, 3, rng, collisions=Collisions(beam_spot=(0.02, 45.0)))
    for column, width in ((particles.x, 0.02), (particles.y, 0.02), (particles.z, 45.0)):
        column = column.reshape(4000, 3)
        assert np.all(column == column[:, :1])
        assert np.std(column[:, 0]) == pytest.approx(width, rel=0.05)
        assert abs(np.mean(column[:, 0])) < 4.5 * width / np.sqrt(4000)


def test_pile_up_spreads_the_particles_of_an_event_over_its_vertices(rng):
    particles = make_particles(10, 400, rng, collisions=Collisions(n_vertices=5))
    for event in range(10):
        positions, counts = np.unique(particles.of_event(event).z, return_counts=True)
        assert len(positions) == 5 and counts.min() > 40


def test_displaced_particles_fly_the_stated_distance_in_nearly_their_own_direction(rng):
    beam = Collisions(beam_spot=(0, 0), displaced_share=0.3, decay_length=20.0, decay_angle=0.2)
    particles = make_particles(1000, 100, rng, collisions=beam)
    assert particles.displaced.mean() == pytest.approx(0.3, abs=0.01)
    assert np.all(particles[~particles.displaced].x == 0) and np.all(particles[~particles.displaced].z == 0)
    away = particles[particles.displaced]
    distance = np.hypot(away.x, away.y)
    assert stats.kstest(distance, stats.expon(scale=20.0).cdf).pvalue > 0.001
    angle = np.arctan2(away.y * np.cos(away.phi) - away.x * np.sin(away.phi),
                       away.x * np.cos(away.phi) + away.y * np.sin(away.phi))  # fmt: skip
    tilt = np.arcsinh(away.z / distance) - away.eta
    for difference in (angle, tilt):
        assert np.std(difference) == pytest.approx(0.2, rel=0.02) and abs(np.mean(difference)) < 0.005


# ---- tables ----


def test_events_do_not_mix(rng):
    particles = make_particles(30, np.arange(30), rng)
    hits = make_hits(particles, rng)
    real = hits[hits.particle != NOISE]
    np.testing.assert_array_equal(np.bincount(particles.event, minlength=30), np.arange(30))
    np.testing.assert_array_equal(particles.event[real.particle], real.event)
    assert np.all(np.diff(hits.event) >= 0) and sum(len(hits.of_event(event)) for event in range(30)) == len(hits)
    assert np.unique(np.stack([real.particle, real.layer]), axis=1).shape[1] == len(real)


def test_the_order_of_the_hits_of_an_event_tells_nothing(rng):
    particles = make_particles(200, 100, rng)
    hits = make_hits(particles, rng)
    starts = np.searchsorted(hits.event, np.arange(200))
    place = (np.arange(len(hits)) - starts[hits.event]) / np.bincount(hits.event)[hits.event]
    assert stats.kstest(place[hits.particle == NOISE], "uniform").pvalue > 0.001
    for column in (hits.layer, hits.particle - 100 * hits.event, hits.z):
        assert abs(np.corrcoef(place, column)[0, 1]) < 4.5 / np.sqrt(len(hits))
    neighbours = hits.particle[1:] == hits.particle[:-1]
    assert neighbours.mean() < 0.05


def test_the_same_seed_gives_the_same_event():
    def event(seed):
        rng = np.random.default_rng(seed)
        return make_hits(make_particles(2, 10, rng), rng)

    np.testing.assert_array_equal(event(3).x, event(3).x)
    assert not np.isin(event(3).x, event(4).x).any()


def test_the_slides_event_has_140_points_of_four_lines(rng):
    hits = make_hits(make_particles(50, 4, rng), rng, tracker=STRAIGHT_LINES)
    np.testing.assert_array_equal(np.bincount(hits.particle), np.full(200, 35))
    np.testing.assert_array_equal(np.bincount(hits.event), np.full(50, 140))


@pytest.mark.parametrize(("n_events", "n_tracks", "n_particles"), [(0, 5, 0), (0, [], 0), (3, 0, 0), (1, 1, 1)])
def test_few_events_or_particles_or_none(rng, n_events, n_tracks, n_particles):
    particles = make_particles(n_events, n_tracks, rng)
    hits = make_hits(particles, rng)
    assert len(particles) == n_particles and hits.n_events == n_events
    assert np.all(np.unique(hits.event) == np.arange(n_events))  # noise also comes where there is no track
    assert helix_points(particles, [1.0, 2.0], field=2.0).shape == (n_particles, 2, 3)


def test_input_is_unchanged(particles, rng):
    before = {name: np.copy(column) for name, column in vars(particles).items()}
    make_hits(particles, rng)
    helix_points(particles, [1.0], field=2.0)
    for name, column in before.items():
        np.testing.assert_array_equal(getattr(particles, name), column)


# ---- errors ----


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radii": (30.0, 30.0)}, r"radii are \(30.0, 30.0\); expected positive numbers of mm that increase"),
        ({"radii": ()}, "radii are"),
        ({"radii": (30.0, np.inf)}, "radii holds inf"),
        ({"field": np.nan}, "field is nan; expected a finite number of tesla"),
        ({"half_lengths": (1.0, 2.0, 3.0)}, r"half_lengths has shape \(3,\); expected one number or 2, one a layer"),
        ({"efficiency": 1.2}, "efficiency holds 1.2; expected numbers of 0 to 1"),
        ({"noise": (0.0, -1.0)}, "noise holds -1.0; expected numbers of at least 0"),
        ({"resolution_z": np.nan}, "resolution_z holds nan"),
    ],
)
def test_a_detector_that_cannot_be_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        Tracker(**({"radii": (30.0, 60.0), "half_lengths": 100.0, "field": 2.0} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pt_range": (0.0, 5.0)}, r"pt_range is \(0.0, 5.0\); expected a lowest and a highest positive"),
        ({"pt_range": (5.0, 1.0)}, "pt_range is"),
        ({"eta_range": (1.0, -1.0)}, r"eta_range is \(1.0, -1.0\)"),
        ({"pt_power": np.inf}, "pt_power is inf"),
        ({"n_vertices": 0}, "n_vertices is 0; expected whole numbers of at least 1"),
        ({"displaced_share": 1.5}, "displaced_share holds 1.5; expected numbers of 0 to 1"),
        ({"beam_spot": (0.1, -1.0)}, "beam_spot holds -1.0"),
        ({"decay_length": -2.0}, "decay_length holds -2.0"),
    ],
)
def test_collisions_that_cannot_be_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        Collisions(**change)


@pytest.mark.parametrize(
    ("n_events", "n_tracks", "message"),
    [
        (-1, 4, "n_events is -1; expected whole numbers of at least 0"),
        (2.0, 4, "n_events is 2.0"),
        (2, [1, -3], r"n_tracks is \[1, -3\]; expected whole numbers of at least 0"),
        (2, 1.5, "n_tracks is 1.5"),
        (2, [1, 2, 3], r"n_tracks has shape \(3,\); expected one number or 2, one an event"),
    ],
)
def test_wrong_numbers_of_events_and_tracks_are_named(rng, n_events, n_tracks, message):
    with pytest.raises(ValueError, match=message):
        make_particles(n_events, n_tracks, rng)


def test_particles_that_cannot_be_are_named(particles):
    with pytest.raises(ValueError, match=r"pt holds -2.0; expected positive numbers of GeV"):
        table(pt=[1.0, -2.0])
    with pytest.raises(ValueError, match=r"the columns have shapes .*expected one common \(n_particles,\)"):
        replace(particles, x=particles.x[:5])
