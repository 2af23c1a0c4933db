"""Matching of found tracks to particles and the scores, against counting by hand and by slow loops."""

from collections import Counter

import numpy as np
import pytest

from hepml_helpers import tracker, tracking

FOUND = np.array([0, 0, 0, 1, 1, 2, 2, 2, -1, 0])
PARTICLE = np.array([7, 7, 7, 7, -1, 3, 3, 8, 3, -1])


def test_a_found_track_belongs_to_the_particle_with_most_of_its_hits():
    matches = tracking.match_tracks(FOUND, PARTICLE)
    assert matches.track.tolist() == [0, 1, 2]
    assert matches.n_hits.tolist() == [4, 2, 3]
    assert matches.particle.tolist() == [7, 7, 3]
    assert matches.n_shared.tolist() == [3, 1, 2]
    assert matches.n_particle_hits.tolist() == [4, 4, 3]
    assert matches.good.tolist() == [True, False, True]


def test_a_half_is_not_a_majority():
    assert not tracking.match_tracks([0, 0], [1, 2]).good.any()
    assert not tracking.match_tracks([0, 0, 1, 1], [1, 1, 1, 1]).good.any()


def test_a_track_of_noise_belongs_to_nobody():
    matches = tracking.match_tracks([0, 0, 1, 1], [-1, -1, 5, 5])
    assert matches.particle.tolist() == [-1, 5] and matches.good.tolist() == [False, True]
    assert matches.n_shared.tolist() == [0, 2]


@pytest.mark.parametrize("seed", range(20))
def test_matches_and_score_are_those_of_a_slow_loop(seed):
    rng = np.random.default_rng(seed)
    found, particle = rng.integers(-1, 6, 60), rng.integers(-1, 5, 60)
    found = np.where(rng.random(60) < 0.5, particle, found)
    kept, owners = 0, []
    for track in sorted(set(found.tolist()) - {-1}):
        inside = Counter(particle[(found == track) & (particle >= 0)].tolist())
        best = min(inside, key=lambda key: (-inside[key], key)) if inside else -1
        owners.append(best)
        if 2 * inside[best] > np.sum(found == track) and 2 * inside[best] > np.sum(particle == best):
            kept += inside[best]
    assert tracking.match_tracks(found, particle).particle.tolist() == owners
    assert tracking.trackml_score(found, particle) == pytest.approx(kept / np.sum(particle >= 0), abs=1e-12)


def test_the_score_does_not_depend_on_names_or_on_the_order_of_hits():
    rng = np.random.default_rng(3)
    particle = rng.integers(0, 8, 100)
    found = np.where(rng.random(100) < 0.8, particle, 9)
    order, names = rng.permutation(100), rng.permutation(10)
    assert tracking.trackml_score(names[found][order], particle[order]) == tracking.trackml_score(found, particle)


def test_truth_scores_one_and_nothing_found_scores_zero():
    assert tracking.trackml_score(PARTICLE, PARTICLE) == 1
    assert tracking.trackml_score(np.full(10, -1), PARTICLE) == 0
    assert np.isnan(tracking.trackml_score([0, 0], [-1, -1]))
    assert len(tracking.match_tracks([], []).track) == 0


def test_a_particle_may_be_asked_for_more_of_its_hits():
    found, particle = [0] * 19 + [1], [0] * 20
    assert tracking.found_particles(found, particle, 2, share=0.9).tolist() == [True, False]
    assert tracking.found_particles(found, particle, 2, share=0.95).tolist() == [False, False]


def test_scores_of_each_event_are_those_of_the_event_alone():
    rng = np.random.default_rng(1)
    particles = tracker.make_particles(5, [6, 0, 3, 8, 5], rng)
    hits = tracker.make_hits(particles, rng)
    found = np.where(rng.random(len(hits)) < 0.6, hits.particle, rng.integers(100, 110, len(hits)))
    found = tracking.number_tracks(hits.event, found)
    scores = tracking.score_events(found, hits, particles)
    for event in (0, 2, 3, 4):
        kept = hits.event == event
        assert scores["TrackML score"][event] == tracking.trackml_score(found[kept], hits.particle[kept])
        matches = tracking.match_tracks(found[kept], hits.particle[kept])
        assert scores["fake rate"][event] == np.mean(~matches.good[matches.n_hits >= 4])
        owners = [n for n in np.unique(hits.particle[kept]) if n >= 0 and np.sum(hits.particle == n) >= 4]
        assert scores["efficiency"][event] == np.mean(np.isin(owners, matches.particle[matches.good]))
    assert np.isnan(scores["TrackML score"][1]) and np.isnan(scores["efficiency"][1])


def test_tracks_of_different_events_get_different_numbers():
    assert tracking.number_tracks([0, 0, 1, 1, 1], [4, 2, 4, -1, 4]).tolist() == [1, 0, 2, -1, 2]
    assert tracking.number_tracks([0, 0], [-1, -1]).tolist() == [-1, -1]


def test_padding_keeps_the_order_and_the_mask_gives_the_table_back():
    event, values = np.array([1, 1, 1, 3]), np.arange(8.0).reshape(4, 2)
    padded, mask = tracking.pad_events(event, values, 5)
    assert padded.shape == (5, 3, 2) and mask.sum(axis=1).tolist() == [0, 3, 0, 1, 0]
    np.testing.assert_array_equal(padded[mask], values)
    assert not padded[~mask].any()


def test_inputs_stay_as_they_are():
    found, particle = FOUND.copy(), PARTICLE.copy()
    tracking.match_tracks(found, particle), tracking.number_tracks(particle, found)
    assert np.array_equal(found, FOUND) and np.array_equal(particle, PARTICLE)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"found \(3,\), particle \(2,\)"):
        tracking.match_tracks([0, 0, 1], [0, 0])
    with pytest.raises(ValueError, match="rising order"):
        tracking.pad_events([1, 0], [1.0, 2.0], 2)
