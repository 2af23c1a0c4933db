"""Jets of a batch against FastJet event by event, and substructure against slow loops and values worked out by hand."""

import sys
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import clustered, clustering, detector, store  # noqa: E402
from recipes.clustering import distance, find_jets, substructure  # noqa: E402

fastjet = pytest.importorskip("fastjet", reason="fastjet is not installed: pip install 'hepml-helpers[simulate]'")

SIZES = (40, 0, 25, 60, 1, 0, 30)  # particles of the events; two events are empty
RADIUS, MIN_PT = 0.6, 15.0


@pytest.fixture
def particles():
    """Four-momenta of seven events, sorted by event, and the event of each; the fifth has one soft particle alone."""
    rng = np.random.default_rng(4)
    event = np.repeat(np.arange(len(SIZES)), SIZES)
    n = len(event)
    pt = rng.lognormal(1.5, 1.0, n)
    pt[event == 4] = 2.0
    axis = rng.uniform(-2.5, 2.5, (len(SIZES), 3, 2)) * [1, np.pi / 2.5]  # three directions in each event
    eta, phi = (axis[event, rng.integers(0, 3, n)] + rng.normal(0, 0.25, (n, 2))).T
    phi[event == 6] = np.pi + rng.normal(0, 0.25, (event == 6).sum())  # one event around the seam
    return detector.p4_of(pt, eta, detector.wrap(phi), rng.uniform(0, 0.2, n)), event


def slow_jets(p4, algorithm="antikt", radius=RADIUS, min_pt=MIN_PT):
    """(four-momentum, set of members) of every jet of one event, by falling pt, with FastJet's own interface."""
    pseudo = []
    for index, (energy, px, py, pz) in enumerate(p4):
        pseudo.append(fastjet.PseudoJet(px, py, pz, energy))
        pseudo[-1].set_user_index(index)
    definition = fastjet.JetDefinition(getattr(fastjet, f"{algorithm}_algorithm"), radius)
    sequence = fastjet.ClusterSequence(pseudo, definition)
    jets = fastjet.sorted_by_pt(sequence.inclusive_jets(min_pt))
    return [((j.E(), j.px(), j.py(), j.pz()), {c.user_index() for c in j.constituents()}) for j in jets]


def members_of(jets):
    return np.split(jets.constituents, np.cumsum(jets.counts)[:-1]) if len(jets.counts) else []


def jets_of(p4, event):
    return find_jets(p4, event, len(SIZES), radius=RADIUS, min_pt=MIN_PT)


def test_jets_are_those_of_fastjet_event_by_event(particles):
    p4, event = particles
    jets = jets_of(*particles)
    members = members_of(jets)
    at = 0
    for number in range(len(SIZES)):
        mine = np.flatnonzero(event == number)
        for place, (momentum, inside) in enumerate(slow_jets(p4[mine])):
            assert (jets.event[at], jets.place[at], jets.counts[at]) == (number, place, len(inside))
            np.testing.assert_allclose(jets.p4[at], momentum, rtol=1e-9, atol=1e-9)
            assert set(members[at].tolist()) == {mine[index] for index in inside}
            at += 1
    assert at == len(jets.event) == len(jets.p4) > 8
    assert set(jets.event.tolist()) == {0, 2, 3, 6}


@pytest.mark.parametrize("algorithm", clustering.ALGORITHMS)
def test_each_algorithm_is_that_of_fastjet(particles, algorithm):
    p4, event = particles
    jets = find_jets(p4, event, len(SIZES), radius=RADIUS, min_pt=MIN_PT, algorithm=algorithm)
    slow = [jet for number in range(len(SIZES)) for jet in slow_jets(p4[event == number], algorithm)]
    np.testing.assert_allclose(jets.p4, [momentum for momentum, _ in slow], rtol=1e-9, atol=1e-9)


def test_jets_and_their_constituents_come_by_falling_pt(particles):
    jets, pt = jets_of(*particles), np.hypot(particles[0][:, 1], particles[0][:, 2])
    jet_pt = np.hypot(jets.p4[:, 1], jets.p4[:, 2])
    same = jets.event[1:] == jets.event[:-1]
    assert (np.diff(jet_pt)[same] < 0).all() and (jet_pt > MIN_PT).all()
    assert all((np.diff(pt[members]) <= 0).all() for members in members_of(jets))
    np.testing.assert_array_equal(jets.place == 0, [True, *~same])


def test_a_jet_is_the_sum_of_constituents_of_its_own_event(particles):
    p4, event = particles
    jets = jets_of(*particles)
    for number, members in enumerate(members_of(jets)):
        np.testing.assert_allclose(jets.p4[number], p4[members].sum(axis=0), rtol=1e-12)
        assert set(event[members].tolist()) == {jets.event[number]}
    assert len(np.unique(jets.constituents)) == len(jets.constituents)


def test_a_batch_without_jets_has_empty_arrays(particles):
    p4, event = particles
    for chosen in (event == 4, np.zeros(len(event), dtype=bool)):
        jets = jets_of(p4[chosen], event[chosen])
        assert jets.p4.shape == (0, 4)
        assert [len(values) for values in (jets.event, jets.place, jets.counts, jets.constituents)] == [0] * 4


def test_chosen_jets_keep_their_own_constituents(particles):
    jets = jets_of(*particles)
    chosen = jets.counts % 2 == 1
    some = jets[chosen]
    assert 0 < chosen.sum() < len(chosen)
    expected = [members for members, is_chosen in zip(members_of(jets), chosen, strict=True) if is_chosen]
    assert [members.tolist() for members in members_of(some)] == [members.tolist() for members in expected]
    for name in ("event", "p4", "place", "counts"):
        np.testing.assert_array_equal(getattr(some, name), getattr(jets, name)[chosen])


def test_the_order_of_the_particles_of_an_event_does_not_matter(particles):
    p4, event = particles
    order = np.lexsort((np.random.default_rng(1).random(len(event)), event))
    jets, shuffled = jets_of(p4, event), jets_of(p4[order], event)
    np.testing.assert_allclose(shuffled.p4, jets.p4, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(order[shuffled.constituents], jets.constituents)


def test_soft_particles_change_no_jet(particles):
    p4, event = particles
    rng = np.random.default_rng(2)
    more = np.repeat(np.arange(len(SIZES)), 20)
    soft = detector.p4_of(np.full(140, 1e-9), rng.uniform(-3, 3, 140), rng.uniform(-3, 3, 140))
    order = np.argsort(np.concatenate([event, more]), kind="stable")
    jets, with_soft = jets_of(p4, event), jets_of(np.concatenate([p4, soft])[order], np.sort([*event, *more]))
    np.testing.assert_allclose(with_soft.p4, jets.p4, rtol=1e-7, atol=1e-7)
    assert with_soft.counts.sum() > jets.counts.sum()


def test_a_particle_split_along_its_direction_changes_no_jet(particles):
    p4, event = particles
    p4 = detector.p4_of(*detector.cylindrical(p4))  # massless, so that the pieces are parallel
    split = np.repeat(np.arange(len(event)), np.where(np.arange(len(event)) % 5 == 0, 2, 1))
    share = np.ones(len(split))
    share[:-1][split[1:] == split[:-1]], share[1:][split[1:] == split[:-1]] = 0.3, 0.7
    jets, with_split = jets_of(p4, event), jets_of(p4[split] * share[:, None], event[split])
    np.testing.assert_allclose(with_split.p4, jets.p4, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(
        np.sort(split[with_split.constituents]), np.sort(split[np.isin(split, jets.constituents)])
    )


def test_clustering_changes_no_input(particles):
    p4, event = particles
    before = p4.copy(), event.copy()
    jets = jets_of(p4, event)
    substructure(p4[jets.constituents], jets.counts, radius=RADIUS)
    np.testing.assert_array_equal(p4, before[0])
    np.testing.assert_array_equal(event, before[1])


# Substructure.


def massless(*rows):
    """Four-momenta from rows of (pt, eta, phi)."""
    return detector.p4_of(*np.array(rows).T)


def slow_softdrop_mass(p4, cut=0.1):
    """Cambridge/Aachen with a loop over all pairs, then back through its history."""

    def rapidity_phi(p):
        return np.array([0.5 * np.log((p[0] + p[3]) / (p[0] - p[3])), np.arctan2(p[2], p[1])])

    pieces = [(p, None) for p in p4]
    while len(pieces) > 1:
        best = (np.inf, 0, 0)
        for i in range(len(pieces)):
            for j in range(i):
                apart = rapidity_phi(pieces[i][0]) - rapidity_phi(pieces[j][0])
                best = min(best, (np.hypot(apart[0], detector.wrap(apart[1])), i, j))
        _, i, j = best
        one, other = pieces.pop(i), pieces.pop(j)
        pieces.append((one[0] + other[0], (one, other)))
    node = pieces[0]
    while node[1] is not None:
        one, other = sorted(node[1], key=lambda piece: np.hypot(*piece[0][1:3]))
        pts = [np.hypot(*piece[0][1:3]) for piece in (one, other)]
        if pts[0] > cut * sum(pts):
            break
        node = other
    energy, *momentum = node[0]
    return np.sqrt(max(energy**2 - np.dot(momentum, momentum), 0.0))


@pytest.fixture
def some_jets():
    """Constituents of six jets of massless particles, some of them around phi = pi."""
    rng = np.random.default_rng(6)
    counts = np.array([12, 3, 20, 1, 7, 15])
    centre = np.repeat([0.0, np.pi, 1.0, 2.0, -np.pi, 3.0], counts)
    n = counts.sum()
    eta, phi = rng.normal(0, 0.3, (2, n))
    return detector.p4_of(rng.lognormal(2, 1.2, n), eta, detector.wrap(centre + phi)), counts


def test_the_softdrop_mass_is_that_of_a_slow_declustering(some_jets):
    p4, counts = some_jets
    slow = [slow_softdrop_mass(part) for part in np.split(p4, np.cumsum(counts)[:-1])]
    assert sum(mass > 1 for mass in slow) >= 4
    np.testing.assert_allclose(substructure(p4, counts, radius=0.8)["mass_softdrop"], slow, rtol=1e-6, atol=1e-4)


def test_soft_drop_takes_a_soft_particle_at_a_wide_angle_away():
    prongs = massless((60.0, 0.0, 0.0), (40.0, 0.2, 0.1))
    soft = massless((9.0, -0.5, 0.5))  # 9 of 109 GeV: below a tenth
    hard = massless((13.0, -0.5, 0.5))  # 13 of 113 GeV: above
    expected = detector.mass_of(np.stack([prongs, prongs]))[0]
    masses = [
        substructure(np.concatenate([prongs, other]), np.array([3]), radius=0.8)["mass_softdrop"][0]
        for other in (soft, hard)
    ]
    assert masses[0] == pytest.approx(expected, rel=1e-6)
    assert masses[1] == pytest.approx(float(detector.mass_of(np.concatenate([prongs, hard])[None])[0]), rel=1e-6)


def test_rounding_makes_no_negative_mass_of_massless_particles():
    rng = np.random.default_rng(5)
    p4 = detector.p4_of(rng.uniform(100, 600, 300), rng.normal(0, 1, 300), rng.uniform(-3, 3, 300))
    mass = substructure(p4, np.ones(300, dtype=int), radius=0.8)["mass_softdrop"]
    assert (mass >= 0).all() and mass.max() < 1e-3


def test_tau1_of_two_particles_is_the_softer_one_times_its_distance():
    p4 = massless((60.0, 0.3, 3.1), (20.0, 0.6, 3.5 - 2 * np.pi))  # 0.5 apart, across pi
    tau = substructure(p4, np.array([2]), radius=0.8)
    assert tau["tau1"][0] == pytest.approx(20 * 0.5 / (80 * 0.8), rel=2e-3)
    assert tau["tau2"][0] == pytest.approx(0, abs=1e-9) and tau["tau3"][0] == pytest.approx(0, abs=1e-9)


def test_tau_of_three_particles_is_that_of_the_best_axes():
    rows = np.array([(50.0, 0.0, 0.0), (45.0, 0.5, 0.3), (30.0, 0.6, -0.2)])
    tau = substructure(massless(*rows), np.array([3]), radius=1.0)
    eta, phi = np.meshgrid(np.linspace(-0.1, 0.8, 451), np.linspace(-0.3, 0.4, 351))
    apart = [pt * np.hypot(eta - at_eta, phi - at_phi) for pt, at_eta, at_phi in rows]
    assert tau["tau1"][0] == pytest.approx(np.min(sum(apart)) / 125, rel=2e-3)
    closest = np.hypot(0.1, 0.5)  # of the second and the third, whose axis goes to the harder one
    assert tau["tau2"][0] == pytest.approx(30 * closest / 125, rel=2e-3)
    assert tau["tau3"][0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_tau_vanishes_for_no_more_particles_than_axes_and_falls_with_their_number(n):
    p4 = massless((50.0, 0.0, 0.0), (45.0, 0.5, 0.3), (30.0, 0.6, -0.2), (10.0, -0.3, -0.4))
    few, all_four = (substructure(p4[:size], np.array([size]), radius=1.0) for size in (n, 4))
    assert few[f"tau{n}"][0] == pytest.approx(0, abs=1e-9)
    assert all_four["tau1"] > all_four["tau2"] > all_four["tau3"] > 0.01


def test_twice_the_momenta_are_twice_the_mass_and_the_same_tau(some_jets):
    p4, counts = some_jets
    once, twice = (substructure(scale * p4, counts, radius=0.8) for scale in (1, 2))
    np.testing.assert_allclose(twice.pop("mass_softdrop"), 2 * once["mass_softdrop"], rtol=1e-6, atol=1e-4)
    for name, values in twice.items():
        np.testing.assert_allclose(values, once[name], rtol=1e-6, atol=1e-9, err_msg=name)


def test_tau_is_in_units_of_the_radius_and_the_mass_does_not_depend_on_it(some_jets):
    small, large = (substructure(*some_jets, radius=radius) for radius in (0.4, 0.8))
    np.testing.assert_allclose(small.pop("mass_softdrop"), large["mass_softdrop"], rtol=1e-9, atol=1e-9)
    for name, values in small.items():
        np.testing.assert_allclose(values, 2 * large[name], rtol=1e-6, atol=1e-9, err_msg=name)


def test_each_jet_has_its_own_substructure(some_jets):
    p4, counts = some_jets
    together = substructure(p4, counts, radius=0.8)
    alone = [substructure(part, np.array([len(part)]), radius=0.8) for part in np.split(p4, np.cumsum(counts)[:-1])]
    for name, values in together.items():
        assert values.shape == (6,)
        np.testing.assert_allclose(values, [one[name][0] for one in alone], rtol=1e-9, atol=1e-6, err_msg=name)


def test_no_jet_has_no_substructure():
    shapes = substructure(np.zeros((0, 4)), np.zeros(0, dtype=int), radius=0.8)
    assert sorted(shapes) == ["mass_softdrop", "tau1", "tau2", "tau3"]
    assert all(values.shape == (0,) for values in shapes.values())


# Distances.


def test_distance_goes_the_short_way_around():
    one, other = massless((10.0, 0.5, 3.1)), massless((3.0, 0.9, 3.4 - 2 * np.pi), (3.0, 0.5, 3.1))
    np.testing.assert_allclose(distance(one, other), [0.5, 0.0], atol=1e-9)
    assert distance(one[:, None], other[None]).shape == (1, 2)


def test_distances_are_those_of_vector():
    vector = pytest.importorskip("vector")
    rng = np.random.default_rng(3)
    one, other = (
        detector.p4_of(rng.uniform(1, 50, 200), rng.normal(0, 2, 200), rng.uniform(-3.1, 3.1, 200)) for _ in range(2)
    )
    ours, theirs = (vector.array(dict(zip(("E", "px", "py", "pz"), p4.T, strict=True))) for p4 in (one, other))
    np.testing.assert_allclose(clustering.distance(one, other), ours.deltaR(theirs), rtol=1e-9)


# The jets that are stored for those who have no FastJet.


@pytest.fixture(scope="module")
def stored():
    events, jets = (store.read_sample(DATA / "samples" / f"{name}.h5") for name in ("jet_events", "clustered_events"))
    np.testing.assert_array_equal(events["n_particles"], jets["n_particles"])
    return events, jets


def event_of(sample, number, counts, columns):
    first, last = np.cumsum(sample[counts].astype(int))[[number - 1, number]] if number else (0, sample[counts][0])
    return [sample[column][first:last] for column in columns]


@pytest.mark.parametrize("algorithm", clustering.ALGORITHMS)
def test_the_stored_jets_are_those_of_fastjet(stored, algorithm):
    events, jets = stored
    for number in (0, 8, 19):
        columns = [f"particle_{name}" for name in ("pt", "eta", "phi", "mass")]
        p4 = detector.p4_of(*(x.astype(float) for x in event_of(events, number, "n_particles", columns)))
        (place,) = event_of(jets, number, "n_particles", [f"particle_{algorithm}"])
        slow = slow_jets(p4, algorithm, clustered.RADIUS, clustered.MIN_PT)
        assert [set(np.flatnonzero(place == k).tolist()) for k in range(place.max() + 1)] == [one for _, one in slow]


def test_a_ghost_lies_in_each_cell_and_changes_no_jet():
    p4 = clustered.ghost_p4(np.random.default_rng(3))
    pt, eta, phi = detector.cylindrical(p4)
    np.testing.assert_allclose(pt, clustered.GHOST_PT)
    column, row = np.floor(eta / clustered.CELL) + clustered.N_ETA // 2, np.floor((phi + np.pi) / clustered.CELL)
    expected = np.divmod(np.arange(len(p4)), clustered.N_ETA)
    np.testing.assert_array_equal([row, column], expected)


def test_the_cells_around_a_jet_are_its_own(stored):
    """The cell in which the axis of an anti-kT jet lies, and hardly any farther away than R."""
    _, jets = stored
    shape = (clustered.N_PHI, clustered.N_ETA)
    for number in range(20):
        (cells,) = (x.reshape(shape) for x in event_of(jets, number, "n_cells", ["cell_antikt"]))
        row, column = np.nonzero(cells == 0)
        angle = np.angle(np.exp(1j * row * clustered.CELL).mean())
        distance = np.hypot((column - column.mean()) * clustered.CELL, detector.wrap(row * clustered.CELL - angle))
        assert np.quantile(distance, 0.99) < 1.1 * clustered.RADIUS
