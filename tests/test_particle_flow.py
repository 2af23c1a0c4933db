"""The particle flow on hand-made events: helices, tracks, cells, and what becomes of each kind of particle."""

import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import detector, generator, particle_flow  # noqa: E402
from recipes.event_record import flat_particles  # noqa: E402
from recipes.particle_flow import at_calorimeter, missing_pt, reconstruct_event  # noqa: E402

MASS = {11: 0.000511, 13: 0.10566, 211: 0.13957, 321: 0.49368, 2212: 0.93827, 130: 0.49761, 2112: 0.93957}
ECAL_CELL, HCAL_CELL = np.pi / 180, np.pi / 36  # widths in the barrel, of crystals and of hadronic cells
N = 4000  # events of one kind


def cell_centre(width, number):
    """The middle of a cell, as phi."""
    return (number + 0.5) * width - np.pi


def events_of(*events):
    """A batch with the fields of Pythia's `nextBatch`; an event is a list of final particles (code, pt, eta, phi)."""
    counts = [len(event) + 1 for event in events]
    rows = [
        row for event in events for row in ((90, 0.0, 0.0, 0.0), *event)
    ]  # each record begins with the whole system
    code, pt, eta, phi = (np.array(values) for values in zip(*rows, strict=True))
    mass = np.array([MASS.get(abs(number), 0.0) for number in code])
    p4 = np.moveaxis(detector.p4_of(pt, eta, phi, mass), -1, 0)
    momentum = ak.zip(dict(zip(("e", "px", "py", "pz"), p4, strict=True)))
    fields = {
        "id": code.astype(np.int32),
        "status": np.where(code == 90, -11, 91).astype(np.int32),
        "mother1": np.zeros(len(code), dtype=np.int32),
        "p": momentum,
        "vProd": ak.zip({name: np.zeros(len(code)) for name in ("px", "py", "pz")}),
    }
    return ak.zip({"prt": ak.unflatten(ak.zip(fields, depth_limit=1), counts)}, depth_limit=1)


def reconstruct(*events, seed=3):
    """The candidates of these events."""
    return reconstruct_event(events_of(*events), np.random.default_rng(seed))


def energy_of(candidates):
    return candidates.pt * np.cosh(candidates.eta)


def has_track(candidates, n_events=N):
    """Which events have a track."""
    return np.bincount(candidates.event[candidates.charge != 0], minlength=n_events) > 0


def energy_per_event(candidates, n_events=N):
    return np.bincount(candidates.event, energy_of(candidates), minlength=n_events)


# The helix to the calorimeter.


def slow_helix(pt, eta, phi, charge, step=1e-3):
    """Direction of the point of arrival: the Lorentz force, step by step, to r = 1.29 m or |z| = 3 m."""
    momentum = np.array([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])
    place, field = np.zeros(3), np.array([0.0, 0.0, 3.8])
    length = step / np.linalg.norm(momentum)
    while True:
        half = momentum + 0.5 * step / pt * 0.299792458 * charge * np.cross(momentum, field)
        half *= np.linalg.norm(momentum) / np.linalg.norm(half)
        momentum = momentum + step / pt * 0.299792458 * charge * np.cross(half, field)
        after = place + half * length * np.linalg.norm(half) / pt
        if np.hypot(*after[:2]) >= 1.29 or abs(after[2]) >= 3.0:
            break
        place = after
    ends = [
        (limit - inside) / (outside - inside)
        for limit, inside, outside in (
            (1.29, np.hypot(*place[:2]), np.hypot(*after[:2])),
            (3.0, abs(place[2]), abs(after[2])),
        )
        if outside >= limit
    ]
    end = place + min(ends) * (after - place)
    return end / np.linalg.norm(end)


@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize(
    ("pt", "eta", "phi"),
    [
        (20.0, 0.7, 1.0),  # barrel, nearly straight
        (1.0, 0.2, -3.0),  # barrel, much bent, across pi
        (0.76, 0.1, 3.0),  # just reaches the barrel
        (5.0, 2.3, -2.0),  # endcap
        (0.7, -0.9, 0.5),  # too little pt for the barrel: endcap
        (0.3, 0.5, -1.0),  # half a dozen turns
        (0.4, -0.35, 2.0),
        (2.0, -4.0, 3.1),  # forward
    ],
)
def test_a_charged_particle_arrives_where_the_lorentz_force_takes_it(pt, eta, phi, charge):
    there = at_calorimeter(*(np.array([value]) for value in (pt, eta, phi, charge)))
    direction = detector.p4_of(np.ones(1), *there)[0]
    np.testing.assert_allclose(direction[1:] / direction[0], slow_helix(pt, eta, phi, charge), atol=2e-3)


def test_a_neutral_particle_goes_straight():
    pt, eta, phi = np.array([0.1, 0.5, 30.0]), np.array([0.0, -2.0, 4.5]), np.array([3.1, -3.1, 0.2])
    np.testing.assert_array_equal(at_calorimeter(pt, eta, phi, np.zeros(3, dtype=int)), [eta, phi])


def test_azimuths_at_the_calorimeter_stay_between_minus_pi_and_pi():
    half_turn = np.arcsin(1.29 / 2 / (2.0 / (0.299792458 * 3.8)))  # of 2 GeV
    _, phi = at_calorimeter(np.full(2, 2.0), np.zeros(2), np.array([-3.0, 3.0]), np.array([1, -1]))
    np.testing.assert_allclose(phi, [-3.0 - half_turn + 2 * np.pi, 3.0 + half_turn - 2 * np.pi], rtol=1e-9)


def test_a_particle_that_never_arrives_has_finite_angles():
    pt, zero = np.array([0.0, 0.1, 0.1]), np.zeros(3)
    assert np.isfinite(at_calorimeter(pt, zero, zero, np.array([1, -1, 1]))).all()


def test_opposite_charges_are_mirror_images_and_inputs_are_unchanged():
    rng = np.random.default_rng(1)
    inputs = rng.uniform(0.2, 5, 200), rng.normal(0, 1.5, 200), rng.uniform(-1, 1, 200), rng.choice([-1, 1], 200)
    before = [values.copy() for values in inputs]
    pt, eta, phi, charge = inputs
    there_eta, there_phi = at_calorimeter(pt, eta, phi, charge)
    mirror_eta, mirror_phi = at_calorimeter(pt, -eta, -phi, -charge)
    np.testing.assert_allclose(mirror_eta, -there_eta, rtol=1e-9)
    np.testing.assert_allclose(np.cos(mirror_phi + there_phi), 1.0, rtol=1e-9)
    for now, then in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(now, then)


# Tracks.


def many(code, pt, eta, n=20_000):
    """One event with many equal particles."""
    return [(code, pt, eta, phi) for phi in np.linspace(-3, 3, n)]


@pytest.mark.parametrize(
    ("pt", "eta", "expected"),
    [
        (5.0, 0.5, 0.94),
        (5.0, -0.89, 0.94),
        (5.0, 0.91, 0.85),
        (50.0, -2.49, 0.85),
        (50.0, 2.51, 0.0),
        (0.6, 0.0, 0.94 * 0.9),  # half way from four fifths at 0.3 GeV to all at 0.9 GeV
        (0.31, 1.5, 0.85 * 0.8 + 0.85 * 0.2 / 60),
        (0.29, 0.0, 0.0),
    ],
)
def test_hadrons_are_found_with_the_stated_share(pt, eta, expected):
    n = 20_000
    candidates = reconstruct(many(-211, pt, eta))
    assert (candidates.kind == 211).sum() / n == pytest.approx(expected, abs=5 * np.sqrt(expected / n) + 1e-12)


@pytest.mark.parametrize(("code", "efficiency"), [(11, detector.electron_efficiency), (-13, detector.muon_efficiency)])
def test_leptons_are_found_with_the_efficiency_of_the_detector(code, efficiency):
    n, expected = 20_000, float(efficiency(np.array(15.0), np.array(1.2)))
    candidates = reconstruct(many(code, 15.0, 1.2))
    found = candidates[candidates.kind == abs(code)]
    assert len(found.pt) / n == pytest.approx(expected, abs=5 * np.sqrt(expected * (1 - expected) / n))
    assert set(found.charge.tolist()) == {-np.sign(code)}


def combined(pt, eta, constant, slope):
    """The precisions of track and hadronic cell, 1/sigma^2, add."""
    track, cell = constant**2 + (slope * pt) ** 2, 1.1**2 / (pt * np.cosh(eta)) + 0.09**2
    return (1 / track + 1 / cell) ** -0.5


RESOLUTIONS = [  # pt, eta, the track's constant term and its slope per GeV
    (10.0, 0.0, 0.007, 2.2e-4),
    (100.0, -1.4, 0.015, 3.0e-4),
    (100.0, 1.15, 0.0125, 2.7e-4),  # half way between two knots
    (2.0, 2.499, 0.025, 8.0e-4),
    (2000.0, 0.4, (5 * 0.007 + 4 * 0.010) / 9, (5 * 2.2e-4 + 4 * 2.4e-4) / 9),
    (300.0, -2.3, (2 * 0.015 + 9 * 0.025) / 11, (2 * 3.0e-4 + 9 * 8.0e-4) / 11),
]


@pytest.mark.parametrize(("pt", "eta", "constant", "slope"), RESOLUTIONS)
def test_the_resolution_of_hadrons_is_that_of_track_and_calorimeter_together(pt, eta, constant, slope):
    found = particle_flow.hadron_resolution(np.array([pt]), np.array([eta]))
    assert found[0] == pytest.approx(combined(pt, eta, constant, slope), rel=2e-3)  # 2.499 is not quite 2.5


def test_hadrons_are_measured_no_worse_than_by_the_calorimeter_and_at_low_momentum_as_by_the_track():
    pt, eta = np.geomspace(0.3, 5000, 200), np.full(200, 0.7)
    resolution = particle_flow.hadron_resolution(pt, eta)
    assert (resolution < particle_flow.cell_resolution("hcal", pt * np.cosh(eta), eta)).all()
    track = 0.007 + 0.003 * 7 / 9, 2.2e-4 + 0.2e-4 * 7 / 9  # at |eta| = 0.7
    np.testing.assert_allclose(resolution[pt < 5], np.hypot(track[0], track[1] * pt[pt < 5]), rtol=1e-3)
    assert resolution[-1] == pytest.approx(0.09, rel=0.02) and (np.diff(resolution[pt < 300]) > 0).all()
    np.testing.assert_array_equal(particle_flow.hadron_resolution(pt, -eta), resolution)


@pytest.mark.parametrize(("pt", "eta", "constant", "slope"), RESOLUTIONS)
def test_the_spread_of_one_over_pt_of_tracks_is_the_stated_resolution(pt, eta, constant, slope):
    expected = combined(pt, eta, constant, slope)
    candidates = reconstruct(many(321, pt, eta))
    tracks = candidates[candidates.kind == 211]
    pull = pt / tracks.pt - 1
    n = len(pull)
    assert np.std(pull) == pytest.approx(expected, rel=5 / np.sqrt(2 * n) + 2e-3)
    assert np.mean(pull) == pytest.approx(0, abs=5 * expected / np.sqrt(n))
    assert np.std(tracks.eta) == pytest.approx(4e-4, rel=0.05)


# Cells.


@pytest.mark.parametrize(
    ("calorimeter", "energy", "expected"),
    [
        ("hcal", 25.0, np.sqrt(1.21 / 25 + 0.0081)),
        ("hcal", 1.0, np.sqrt(1.21 + 0.0081)),
        ("forward", 100.0, np.sqrt(4.0 / 100 + 0.01)),
        ("ecal", 4.0, np.sqrt(0.0016 / 4 + 0.2**2 / 16 + 0.0095**2)),
    ],
)
def test_the_resolution_of_a_cell_is_the_one_worked_out_by_hand(calorimeter, energy, expected):
    assert float(particle_flow.cell_resolution(calorimeter, np.array(energy), np.array(0.3))) == pytest.approx(expected)


def test_an_empty_cell_has_a_finite_resolution():
    for calorimeter in particle_flow.NEUTRAL_KINDS:
        assert np.isfinite(particle_flow.cell_resolution(calorimeter, np.zeros(1), np.zeros(1))).all()


# One particle in an event.

SINGLE = {
    "photon": (22, 22, np.sqrt(0.0016 / 50 + 0.04 / 2500 + 0.0095**2), 2e-3),
    "K_L": (130, 130, np.sqrt(1.21 / 50 + 0.0081), HCAL_CELL / np.sqrt(12)),
    "neutron": (-2112, 130, np.sqrt(1.21 / 50 + 0.0081), HCAL_CELL / np.sqrt(12)),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_neutral_particle_is_one_neutral_candidate_with_the_stated_spread(name):
    code, kind, resolution, angle = SINGLE[name]
    phi = cell_centre(HCAL_CELL, 0)  # the first cell after -pi, so that the blur goes across
    candidates = reconstruct(*[[(code, 50 / np.cosh(0.3), 0.3, phi)]] * N)
    np.testing.assert_array_equal(candidates.event, np.arange(N))
    assert set(candidates.kind.tolist()) == {kind}
    assert set(candidates.charge.tolist()) == {0} and set(candidates.particle.tolist()) == {-1}
    energy = energy_of(candidates)
    assert np.mean(energy) == pytest.approx(50, rel=5 * resolution / np.sqrt(N) + 1e-3)
    assert np.std(energy) == pytest.approx(50 * resolution, rel=5 / np.sqrt(2 * N) + 0.01)
    assert np.std(candidates.eta) == pytest.approx(angle, rel=5 / np.sqrt(2 * N))
    assert np.std(detector.wrap(candidates.phi - phi)) == pytest.approx(angle, rel=5 / np.sqrt(2 * N))
    assert np.mean(candidates.eta) == pytest.approx(0.3, abs=5 * angle / np.sqrt(N))
    assert (np.abs(candidates.phi) <= np.pi).all()


@pytest.fixture(scope="module")
def pions():
    """Events with one pi- of 50 GeV."""
    return reconstruct(*[[(-211, 50 / np.cosh(0.3), 0.3, 1.0)]] * N)


def test_a_charged_pion_is_a_track_and_is_not_counted_twice(pions):
    track = has_track(pions)
    assert np.bincount(pions.event[pions.charge != 0]).max() == 1
    assert energy_per_event(pions)[track].mean() == pytest.approx(50, rel=0.025)
    assert np.median(energy_per_event(pions)[track]) == pytest.approx(50, rel=0.002)
    assert energy_per_event(pions).mean() == pytest.approx(50, rel=0.025)


def test_a_very_hard_hadron_has_its_energy_once_and_to_a_tenth():
    candidates = reconstruct(*[[(211, 1500.0, 0.0, 1.0)]] * N)
    energy = energy_per_event(candidates)[has_track(candidates)]
    assert energy.mean() == pytest.approx(1500, rel=0.03)
    assert 0.085 < np.std(energy) / 1500 < 0.11


def test_fluctuations_of_a_cell_above_two_standard_deviations_are_taken_for_neutral_hadrons(pions):
    neutral = pions[pions.charge == 0]
    beside = has_track(pions)[neutral.event]
    share = beside.sum() / has_track(pions).sum()
    assert share == pytest.approx(0.0228, abs=5 * np.sqrt(0.0228 / N))
    assert energy_of(neutral)[beside].min() > 2 * 50 * np.sqrt(1.21 / 50 + 0.0081) * 0.98


def test_the_energy_of_a_lost_track_reappears_as_a_neutral_hadron(pions):
    lost = ~has_track(pions)
    neutral = pions[lost[pions.event]]
    assert lost.mean() == pytest.approx(0.06, abs=0.02)
    np.testing.assert_array_equal(np.unique(neutral.event), np.flatnonzero(lost))
    assert len(neutral.event) == lost.sum() and set(neutral.kind.tolist()) == {130}
    assert energy_of(neutral).mean() == pytest.approx(50, rel=5 * 0.18 / np.sqrt(lost.sum()))


def test_the_charge_of_a_candidate_and_its_particle_are_those_of_the_truth():
    events = [[(22, 30.0, 0.0, 0.0), (211, 5.0, 0.1, 1.0), (-2212, 6.0, -0.5, 2.0), (-11, 30.0, 1.0, -1.0)]] * 200
    particles = flat_particles(events_of(*events))
    candidates = reconstruct(*events)
    charged = candidates[candidates.charge != 0]
    np.testing.assert_array_equal(particles["event"][charged.particle], charged.event)
    code = particles["id"][charged.particle]
    np.testing.assert_array_equal(charged.charge, np.select([code == 211, code == -2212, code == -11], [1, -1, 1]))
    np.testing.assert_array_equal(charged.kind, np.where(code == -11, 11, 211))
    true_pt = np.hypot(*particles["p4"][charged.particle].T[1:3])
    np.testing.assert_allclose(charged.pt, true_pt, rtol=0.25)
    assert set(code.tolist()) == {211, -2212, -11}


def test_an_electron_is_counted_once():
    candidates = reconstruct(*[[(11, 40.0, 0.3, 1.0)]] * N)
    np.testing.assert_array_equal(candidates.event, np.arange(N))
    lost = ~has_track(candidates)
    assert lost.mean() == pytest.approx(1 - 0.93 * (1 - np.exp(-40 / 9)), abs=0.02)
    np.testing.assert_array_equal(candidates.kind, np.where(lost, 22, 11))
    assert energy_of(candidates)[lost].mean() == pytest.approx(40 * np.cosh(0.3), rel=0.01)


def test_muons_and_neutrinos_leave_nothing_in_the_calorimeters():
    neutrinos = [(code, 30.0, 1.0, 1.0) for code in (12, -12, 14, -14, 16, -16)]
    candidates = reconstruct(*[[*neutrinos, (13, 40.0, 0.3, 1.0), (-13, 90.0, 3.5, 1.0)]] * 500)
    assert set(candidates.kind.tolist()) == {13} and set(candidates.charge.tolist()) == {-1}
    assert len(candidates.event) == pytest.approx(0.97 * 500, abs=25)


@pytest.mark.parametrize("code", [22, 211, -2112, -11])
def test_beyond_3_there_is_one_coarse_calorimeter_and_beyond_5_nothing(code):
    candidates = reconstruct(*[[(code, 10.0, 3.53, 1.0), (22, 5.0, 5.2, 2.0), (22, 5.0, -5.01, 2.0)]] * N)
    assert set(candidates.kind.tolist()) == {1} and set(candidates.charge.tolist()) == {0}
    energy = 10 * np.cosh(3.53)
    resolution = np.sqrt(4 / energy + 0.01)
    assert energy_of(candidates).mean() == pytest.approx(energy, rel=5 * resolution / np.sqrt(N) + 0.005)
    assert np.std(energy_of(candidates)) == pytest.approx(energy * resolution, rel=5 / np.sqrt(2 * N) + 0.01)


def test_hadrons_and_photons_share_a_forward_cell():
    phi, eta = cell_centre(2 * HCAL_CELL, 30), 49.5 * 2 * HCAL_CELL - 5
    candidates = reconstruct(*[[(22, 5.0, eta, phi), (-2112, 6.0, eta, phi)]] * 300)
    np.testing.assert_array_equal(candidates.event, np.arange(300))
    assert candidates.pt.mean() == pytest.approx(11, rel=0.07)


@pytest.mark.parametrize(("code", "energy", "least"), [(22, 0.4, 0.3), (130, 1.5, 1.0)])
def test_neutral_candidates_begin_at_a_threshold(code, energy, least):
    candidates = reconstruct(*[[(code, energy, 0.0, 1.0)]] * N)
    assert least < energy_of(candidates).min() < least * 1.02
    assert 0.3 < len(candidates.event) / N < 0.95


# Cells that several particles share.


def test_two_photons_in_one_crystal_are_one_candidate_between_them():
    width, middle = 0.3 * ECAL_CELL, 0.5 * ECAL_CELL + 310 * ECAL_CELL - 5
    phi = cell_centre(ECAL_CELL, 0)
    events = [[(22, 30.0, middle - width, phi - width), (22, 10.0, middle + width, phi + width)]] * N
    candidates = reconstruct(*events)
    np.testing.assert_array_equal(candidates.event, np.arange(N))
    assert candidates.pt.mean() == pytest.approx(40, rel=0.002)
    assert candidates.eta.mean() == pytest.approx(middle - width / 2, abs=5 * 2e-3 / np.sqrt(N) + 1e-4)
    assert detector.wrap(candidates.phi - phi).mean() == pytest.approx(-width / 2, abs=5 * 2e-3 / np.sqrt(N) + 1e-4)


@pytest.mark.parametrize("direction", ["eta", "phi"])
def test_photons_in_neighbouring_crystals_are_two_candidates(direction):
    eta, phi = 310.5 * ECAL_CELL - 5, cell_centre(ECAL_CELL, 359)
    other = (eta + ECAL_CELL, phi) if direction == "eta" else (eta, phi + ECAL_CELL - 2 * np.pi)  # across pi
    candidates = reconstruct(*[[(22, 30.0, eta, phi), (22, 10.0, *other)]] * 500)
    assert (np.bincount(candidates.event) == 2).all()
    assert np.sort(candidates.pt.reshape(-1, 2)).mean(axis=0) == pytest.approx([10, 30], rel=0.01)


@pytest.mark.parametrize(("eta_cell", "eta_size"), [(60, HCAL_CELL), (42, 2 * HCAL_CELL)])
def test_hadronic_cells_are_twice_as_wide_in_the_endcaps(eta_cell, eta_size):
    eta, phi = (eta_cell + 0.5) * eta_size - 5, cell_centre(eta_size, 20)
    edge = 0.45 * eta_size
    together = reconstruct(*[[(130, 40.0, eta - edge, phi - edge), (130, 40.0, eta + edge, phi + edge)]] * 200)
    apart = reconstruct(*[[(130, 40.0, eta, phi), (130, 40.0, eta, phi + 1.01 * (eta_size - edge))]] * 200)
    assert (np.bincount(together.event) == 1).all()
    assert (np.bincount(apart.event) == 2).all()


def test_a_narrow_and_a_wide_cell_with_the_same_numbers_are_two():
    places = [((40 + 0.5) * width - 5, cell_centre(width, 20)) for width in (HCAL_CELL, 2 * HCAL_CELL)]
    candidates = reconstruct(*[[(130, 40.0, *place) for place in places]] * 200)
    assert (np.bincount(candidates.event) == 2).all()


def test_a_neutral_hadron_behind_a_pion_is_disentangled_on_average():
    eta, phi = 60.5 * HCAL_CELL - 5, cell_centre(HCAL_CELL, 50)
    half_turn = np.arcsin(1.29 / 2 / (20.0 / (0.299792458 * 3.8)))
    event = [(211, 20.0, eta, phi + half_turn), (130, 60.0, eta, phi)]  # the field brings the pion to the neutral one
    candidates = reconstruct(*[event] * N)
    track = has_track(candidates)
    neutral = candidates[(candidates.charge == 0) & track[candidates.event]]
    assert len(neutral.event) / track.sum() > 0.98
    assert neutral.pt.mean() == pytest.approx(60, rel=0.015)
    assert np.std(neutral.pt) == pytest.approx(80 * np.sqrt(1.21 / (80 * np.cosh(eta)) + 0.0081), rel=0.08)
    alone = candidates[(candidates.charge == 0) & ~track[candidates.event]]
    assert alone.pt.mean() == pytest.approx(80, rel=0.05), "without its track the pion is in the neutral hadron"


def test_a_pion_that_bends_away_does_not_hide_a_neutral_hadron():
    eta, phi = 60.5 * HCAL_CELL - 5, cell_centre(HCAL_CELL, 50)
    candidates = reconstruct(*[[(211, 4.0, eta, phi), (130, 4.0, eta, phi)]] * N)
    one = candidates[(candidates.kind == 130) & (np.abs(detector.wrap(candidates.phi - phi)) < 2 * HCAL_CELL)]
    assert np.bincount(one.event, one.pt, minlength=N).mean() == pytest.approx(4, rel=0.1)


def test_a_photon_behind_a_pion_keeps_its_energy():
    eta, phi = 310.5 * ECAL_CELL - 5, cell_centre(ECAL_CELL, 100)
    half_turn = np.arcsin(1.29 / 2 / (20.0 / (0.299792458 * 3.8)))
    candidates = reconstruct(*[[(211, 20.0, eta, phi + half_turn), (22, 15.0, eta, phi)]] * N)
    photons = candidates[candidates.kind == 22]
    np.testing.assert_array_equal(photons.event, np.arange(N))
    assert photons.pt.mean() == pytest.approx(15, rel=0.002)


def test_equal_particles_of_different_events_are_not_put_together():
    photon = (22, 30.0, 0.3, 1.0)
    candidates = reconstruct([photon], [], [photon, photon], [photon])
    np.testing.assert_array_equal(candidates.event, [0, 2, 3])
    np.testing.assert_allclose(candidates.pt, [30, 60, 30], rtol=0.15)


def test_an_event_without_particles_has_no_candidates():
    assert len(reconstruct([], []).pt) == 0


def test_a_batch_without_any_track_is_reconstructed():
    candidates = reconstruct([(22, 30.0, 0.3, 1.0)], [(14, 30.0, 0.3, 1.0)], [(22, 20.0, -0.3, 1.0)])
    assert candidates.event.tolist() == [0, 2] and candidates.kind.tolist() == [22, 22]
    assert candidates.particle.tolist() == [-1, -1] and candidates.charge.tolist() == [0, 0]


# Whole events.


@pytest.fixture(scope="module")
def mixed():
    """Events with forty particles of all kinds, and a neutrino that balances them."""
    rng = np.random.default_rng(8)
    codes = rng.permutation([211, -211, 321, 22, 22, 130, 2112, -2212, 22, 211] * 4)
    rows = list(zip(codes, rng.uniform(2, 30, 40), rng.uniform(-2.3, 2.3, 40), rng.uniform(-3.1, 3.1, 40), strict=True))
    visible = detector.p4_of(*(np.array([row[k] for row in rows]) for k in (1, 2, 3)))
    _, px, py, _ = visible.sum(axis=0)
    neutrino = (14, np.hypot(px, py), 0.5, np.arctan2(-py, -px))
    return [[*rows, neutrino]] * 1000, visible.sum(axis=0), neutrino


def test_energy_is_conserved_on_average(mixed):
    events, total, _ = mixed
    candidates = reconstruct(*events)
    assert energy_per_event(candidates, 1000).mean() == pytest.approx(total[0], rel=0.03)
    assert set(candidates.kind.tolist()) == {211, 22, 130}


def test_missing_pt_is_that_of_the_neutrino_on_average(mixed):
    events, _, (_, pt, _, phi) = mixed
    missing = missing_pt(reconstruct(*events), 1000)
    assert missing.shape == (1000, 2) and pt > 20
    np.testing.assert_allclose(missing.mean(axis=0), [pt * np.cos(phi), pt * np.sin(phi)], atol=0.05 * pt)


def test_missing_pt_is_minus_the_vector_sum(mixed):
    candidates = reconstruct(*mixed[0][:20], [], *mixed[0][:3])
    slow = np.zeros((24, 2))
    for event, pt, phi in zip(candidates.event, candidates.pt, candidates.phi, strict=True):
        slow[event] -= [pt * np.cos(phi), pt * np.sin(phi)]
    np.testing.assert_allclose(missing_pt(candidates, 24), slow, atol=1e-9)
    assert (slow[20] == 0).all() and np.abs(slow[:20]).min() > 0


def test_candidates_come_event_by_event_and_depend_on_the_generator_alone(mixed):
    first, again, other = (reconstruct(*mixed[0][:50], seed=seed) for seed in (3, 3, 4))
    assert (np.diff(first.event) >= 0).all()
    np.testing.assert_array_equal(first.p4, again.p4)
    assert first.p4.shape != other.p4.shape or (first.p4 != other.p4).any()


def test_chosen_candidates_keep_all_of_their_columns(mixed):
    candidates = reconstruct(*mixed[0][:2])
    index = np.array([5, 3])
    for chosen in (index, np.isin(np.arange(len(candidates.pt)), index)):
        some = candidates[chosen]
        np.testing.assert_array_equal(some.p4, candidates.p4[chosen])
        for name in ("event", "charge", "kind", "particle"):
            np.testing.assert_array_equal(getattr(some, name), getattr(candidates, name)[chosen])
    np.testing.assert_allclose(candidates.p4[:, 0], np.linalg.norm(candidates.p4[:, 1:], axis=1), rtol=1e-9)


# Charges.


def library_charge(code):
    particle = pytest.importorskip("particle")
    return round(particle.Particle.from_pdgid(int(code)).charge)


@pytest.mark.parametrize("sign", [1, -1])
def test_charges_are_those_of_the_particle_data_group(sign):
    neutral = (22, 12, 14, 16, 111, 130, 310, 311, 421, 511, 531, 2112, 3122, 3322, 3212)
    codes = sign * np.array([*particle_flow._NEGATIVE, *particle_flow._POSITIVE, *neutral])
    codes = codes[(sign > 0) | ~np.isin(codes, (-22, -111, -130, -310))]  # those are their own antiparticles
    assert particle_flow.charge_of(codes).tolist() == [library_charge(code) for code in codes]


def test_every_charged_particle_that_pythia_leaves_is_known():
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    settings = ("Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100")
    batch = next(generator._batches(generator.start_pythia(settings, 4), 200, 200))
    particles = flat_particles(batch)
    codes = np.unique(particles["id"][particles["status"] > 0])
    assert particle_flow.charge_of(codes).tolist() == [library_charge(code) for code in codes]
    assert len(codes) >= 20, codes
