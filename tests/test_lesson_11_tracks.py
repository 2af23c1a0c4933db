"""The grouping, the helices, the graphs and the fit of lesson 11, against slow and independent calculations.

Functions are taken from the lesson's own cells, so what is tested is what the student reads.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest
from notebook_files import NOTEBOOKS, definitions
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN

from hepml_helpers import kinematics, tracker, tracking

LESSON = NOTEBOOKS / "11_track_grouping.ipynb"
WANTED = {"group_loop", "directions", "group", "group_hits", "slow_score", "scan_vertex", "unroll", "dbscan", "hough"}
WANTED |= {"inner_vertex", "make_graph", "graphs_of", "small_network", "InteractionNetwork", "link", "fit_circle"}
WANTED |= {"resolution_cut", "p_unbroken", "mean_z"}
PERFECT = replace(tracker.TRACKML_BARREL, efficiency=1.0, noise=0.0)


@pytest.fixture(scope="module")
def lesson():
    """The lesson's classes and functions by name."""
    names = {"np": np, "keras": keras, "ops": keras.ops, "tracking": tracking, "tracker": tracker, "replace": replace}
    names |= {"DBSCAN": DBSCAN, "coo_array": coo_array, "connected_components": connected_components}
    names |= {"CURVATURE_MAX": 1.05 * kinematics.CURVATURE * 2.0 / 0.5 / 1000}
    return definitions(LESSON, WANTED, names)


@pytest.mark.parametrize("seed", range(30))
def test_the_vectorised_grouping_gives_the_labels_of_the_loop_for_any_points(lesson, seed):
    rng = np.random.default_rng(seed)
    counts, cut = rng.integers(1, 40, 12), rng.choice([-0.5, 0.5, 0.9, 0.99])
    event = np.repeat(np.arange(12), counts)
    points, mask = tracking.pad_events(event, rng.normal(0, 100, (len(event), 3)), 12)
    z = rng.normal(0, 50, 12)
    labels = lesson["group"](lesson["directions"](points, z), mask, cut)
    for n in range(12):
        assert labels[n][mask[n]].tolist() == lesson["group_loop"](points[n][mask[n]], z[n], cut).tolist()
    assert np.all(labels[~mask] == -1)


def test_padded_places_join_no_track_and_open_none(lesson):
    points = np.array([[[1.0, 0, 0], [0, 1.0, 0], [9.0, 9.0, 9.0]]])
    mask = np.array([[True, True, False]])
    assert lesson["group"](lesson["directions"](points, [0.0]), mask).tolist() == [[0, 1, -1]]


def test_the_scan_finds_the_vertex(lesson):
    collisions = tracker.Collisions(beam_spot=(0.0, 50.0))
    particles, hits = tracker.make_events(
        40, 10, np.random.default_rng(1), collisions=collisions, tracker=tracker.STRAIGHT_LINES
    )
    true = particles.z[::10]
    assert np.median(np.abs(lesson["scan_vertex"](hits) - true)) < 0.3
    assert np.median(np.abs(lesson["mean_z"](hits) - true)) > 20


def test_unrolling_with_the_right_curvature_gives_the_start_of_the_helix(lesson):
    one = tracker.Particles(*(np.array([v]) for v in (0, 0.7, 0.6, 1.1, -1, 0.0, 0.0, 12.0, False)), 1)
    hits = tracker.make_hits(
        one, np.random.default_rng(1), tracker=replace(PERFECT, resolution_rphi=0.0, resolution_z=0.0)
    )
    phi, eta = lesson["unroll"](hits, 12.0, -kinematics.CURVATURE * 2.0 / 1000 / 0.7)
    np.testing.assert_allclose(phi, 1.1, atol=1e-9)
    np.testing.assert_allclose(eta, 0.6, atol=1e-9)


@pytest.mark.parametrize("method", ["dbscan", "hough"])
def test_clusterings_of_the_helix_find_the_tracks_of_one_collision(lesson, method):
    particles, hits = tracker.make_events(1, 10, np.random.default_rng(2))
    options = {"curvatures": np.linspace(-1, 1, 61) * lesson["CURVATURE_MAX"]} if method == "dbscan" else {}
    assert tracking.score_events(lesson[method](hits, **options), hits, particles)["efficiency"][0] >= 0.8


@pytest.fixture(scope="module")
def crossing():
    collisions = tracker.Collisions(n_vertices=3, displaced_share=0.2)
    return tracker.make_events(2, 15, np.random.default_rng(5), collisions=collisions)


def test_true_edges_lead_to_the_next_hit_of_the_same_particle(lesson, crossing):
    hits = crossing[1].of_event(0)
    nodes, edges, inner, outer, truth = lesson["make_graph"](hits)
    assert len(nodes) == len(hits) and edges.shape == (len(inner), 4)
    for i, j, true in zip(inner, outer, truth, strict=True):
        same = hits.particle[i] == hits.particle[j] >= 0
        between = (hits.particle == hits.particle[i]) & (hits.layer > hits.layer[i]) & (hits.layer < hits.layer[j])
        assert true == (same and not between.any())
        assert hits.layer[j] - hits.layer[i] in (1, 2)


def test_an_edge_of_a_prompt_track_knows_its_curvature_and_vertex(lesson):
    one = tracker.Particles(*(np.array([v]) for v in (0, 0.8, 0.4, 2.0, 1, 0.0, 0.0, 30.0, False)), 1)
    hits = tracker.make_hits(
        one, np.random.default_rng(1), tracker=replace(PERFECT, resolution_rphi=0.0, resolution_z=0.0)
    )
    edges = lesson["make_graph"](hits)[1]
    np.testing.assert_allclose(edges[:, 0] * 2e-4, -kinematics.CURVATURE * 2.0 / 1000 / 0.8, rtol=1e-6)
    np.testing.assert_allclose(edges[:, 1] * 50, 30.0, atol=1e-6)


def test_the_network_does_not_see_padding_or_the_other_events(lesson, crossing):
    keras.utils.set_random_seed(1)
    network, (*graphs, _) = lesson["InteractionNetwork"](width=8, rounds=2), lesson["graphs_of"](crossing[1])
    together = keras.ops.convert_to_numpy(network(graphs))
    for event in range(2):
        single = lesson["graphs_of"](
            replace(crossing[1].of_event(event), event=np.zeros(np.sum(crossing[1].event == event), int), n_events=1)
        )
        alone = keras.ops.convert_to_numpy(network(list(single[:5])))
        np.testing.assert_allclose(together[event, : alone.shape[1]], alone[0], atol=1e-4)


def test_the_order_of_hits_does_not_matter_to_the_network(lesson, crossing):
    keras.utils.set_random_seed(1)
    network, hits = lesson["InteractionNetwork"](width=8, rounds=2), crossing[1].of_event(0)
    order = np.random.default_rng(1).permutation(len(hits))
    place, answers = np.argsort(order), []
    for table, name in ((hits, lambda k: k), (hits[order], lambda k: order[k])):
        graph = tracking.pad_graphs([lesson["make_graph"](table)])
        logits = keras.ops.convert_to_numpy(network(list(graph[:5])))[0, :, 0]
        pairs = [(int(name(i)), int(name(j))) for i, j in zip(graph[2][0], graph[3][0], strict=True)]
        answers.append(dict(zip(pairs, logits.tolist(), strict=True)))
    assert answers[0].keys() == answers[1].keys() and len(place) == len(hits)
    assert all(abs(answers[0][pair] - answers[1][pair]) < 1e-4 for pair in answers[0])


def test_each_hit_keeps_its_best_edge_on_either_side(lesson):
    inner, outer = np.array([0, 1, 3, 1]), np.array([1, 2, 1, 4])
    probability = np.array([0.9, 0.8, 0.6, 0.7])
    assert lesson["link"](5, inner, outer, probability, 0.5).tolist() == [0, 0, 0, -1, -1]
    assert len(set(lesson["link"](5, inner, outer, probability, 0.5, best_only=False).tolist())) == 1


def test_true_edges_give_the_true_tracks(lesson, crossing):
    one = crossing[1].of_event(1)
    _, _, inner, outer, truth = lesson["make_graph"](one)
    found = lesson["link"](len(one), inner, outer, truth.astype(float), 0.5)
    assert tracking.trackml_score(found, one.particle) > 0.9


@pytest.mark.parametrize("charge", [-1, 1])
def test_the_fit_returns_the_curvature_of_a_displaced_helix(lesson, charge):
    one = tracker.Particles(*(np.array([v]) for v in (0, 1.5, 0.3, -2.0, charge, 3.0, -2.0, 5.0, True)), 1)
    hits = tracker.make_hits(
        one, np.random.default_rng(1), tracker=replace(PERFECT, resolution_rphi=0.0, resolution_z=0.0)
    )
    hits = hits[np.argsort(hits.layer)]
    curvature, sigma, chi2 = lesson["fit_circle"](hits.x, hits.y, np.full(len(hits), 0.02))
    assert curvature == pytest.approx(charge * kinematics.CURVATURE * 2.0 / 1000 / 1.5, rel=1e-6)
    assert 0 < sigma < 1e-6 and chi2 < 1e-9


def test_the_fits_pull_has_width_one(lesson):
    particles, hits = tracker.make_events(1, 400, np.random.default_rng(3), tracker=PERFECT)
    sigma, pulls = np.array(PERFECT.resolution_rphi), []
    for n in range(400):
        own = hits[hits.particle == n]
        own = own[np.argsort(own.layer)]
        if len(own) == 10:
            curvature, error, _ = lesson["fit_circle"](own.x, own.y, sigma[own.layer])
            pulls.append(
                (curvature - particles.charge[n] * kinematics.CURVATURE * 2.0 / 1000 / particles.pt[n]) / error
            )
    assert abs(np.mean(pulls)) < 4 / np.sqrt(len(pulls))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.12)
