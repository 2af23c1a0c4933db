"""Found tracks beside true ones: which found track belongs to which particle, and the scores that the field uses.

Conventions: one number for each hit. ``found`` is the track that a method put the hit into, -1 for none; ``particle``
is the one that left it, -1 for noise. Both number tracks and particles through all events: a label that starts again
in every event is made unique by `number_tracks`. Every hit counts alike (the TrackML challenge gave more weight to the
first and last hits of a track and to high momentum, arXiv:1904.06778).
"""

from typing import NamedTuple

import numpy as np

UNASSIGNED = -1


class Matches(NamedTuple):
    """Found tracks and the particles that left most of their hits. Columns of shape (n_tracks,).

    Attributes
    ----------
    track : ndarray of int
        Label of the found track, in rising order.
    n_hits : ndarray of int
        Its hits.
    particle : ndarray of int
        The particle with most of its hits, the lowest number if there are several; -1 if it holds noise only.
    n_shared : ndarray of int
        Hits of this particle in this track.
    n_particle_hits : ndarray of int
        Hits of this particle altogether.
    """

    track: np.ndarray
    n_hits: np.ndarray
    particle: np.ndarray
    n_shared: np.ndarray
    n_particle_hits: np.ndarray

    @property
    def good(self) -> np.ndarray:
        """True where a track has more than half of its hits from its particle, and more than half of these."""
        return (2 * self.n_shared > self.n_hits) & (2 * self.n_shared > self.n_particle_hits)


def number_tracks(event, label) -> np.ndarray:
    """Number tracks through all events, where each event has labels of its own.

    Parameters
    ----------
    event, label : array_like of int, shape (n_hits,)
        A negative label stays -1.

    Returns
    -------
    ndarray of int, shape (n_hits,)

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> number_tracks([0, 0, 1, 1], [5, -1, 5, 7]).tolist()
    [0, -1, 1, 2]
    """
    event, label = _columns(event=event, label=label)
    numbers, real = np.full(len(label), UNASSIGNED), label >= 0
    pairs = np.stack([event[real], label[real]], axis=1)
    numbers[real] = np.unique(pairs, axis=0, return_inverse=True)[1].ravel() if len(pairs) else []
    return numbers


def match_tracks(found, particle) -> Matches:
    """For each found track the particle with most of its hits.

    Parameters
    ----------
    found, particle : array_like of int, shape (n_hits,)
        Found track and true particle of each hit, numbered through all events; negative for none.

    Returns
    -------
    Matches

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> matches = match_tracks([0, 0, 0, 1, 1, -1], [3, 3, 4, 4, 4, 3])
    >>> matches.particle.tolist(), matches.n_shared.tolist(), matches.good.tolist()
    ([3, 4], [2, 2], [True, True])
    """
    found, particle = _columns(found=found, particle=particle)
    track, place, n_hits = np.unique(found[found >= 0], return_inverse=True, return_counts=True)
    identities, total = np.unique(particle[particle >= 0], return_counts=True)
    both = (found >= 0) & (particle >= 0)
    pair = np.stack([place[particle[found >= 0] >= 0], np.searchsorted(identities, particle[both])], axis=1)
    pair, shared = np.unique(pair, axis=0, return_counts=True) if len(pair) else (pair, np.zeros(0, int))
    order = np.lexsort((pair[:, 1], -shared, pair[:, 0]))
    owners, first = np.unique(pair[order, 0], return_index=True)
    best, n_shared = np.full(len(track), UNASSIGNED), np.zeros(len(track), int)
    best[owners], n_shared[owners] = identities[pair[order, 1][first]], shared[order][first]
    n_particle_hits = np.zeros(len(track), int)
    n_particle_hits[owners] = total[pair[order, 1][first]]
    return Matches(track, n_hits, best, n_shared, n_particle_hits)


def trackml_score(found, particle) -> float:
    """Share of the particles' hits that lie in a good track of theirs, all hits with the same weight.

    A track is good if more than half of its hits are of one particle and it holds more than half of that particle's
    hits; no particle has two good tracks. Noise hits cost nothing by themselves.

    Parameters
    ----------
    found, particle : array_like of int, shape (n_hits,)

    Returns
    -------
    float
        1 for perfect tracks; nan without a particle.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> trackml_score([0, 0, 0, 1, 1, -1], [3, 3, 4, 4, 4, 3])
    0.6666666666666666
    """
    found, particle = _columns(found=found, particle=particle)
    matches, n_real = match_tracks(found, particle), np.sum(particle >= 0)
    return float(matches.n_shared[matches.good].sum() / n_real) if n_real else float("nan")


def score_events(found, hits, particles, *, min_hits: int = 4) -> dict[str, np.ndarray]:
    """Efficiency, fake rate and TrackML score of each event.

    Parameters
    ----------
    found : array_like of int, shape (n_hits,)
        Found track of each hit, numbered through all events; negative for none.
    hits : tracker.Hits
    particles : tracker.Particles
    min_hits : int, optional
        A particle with fewer hits is not asked for, and a track with fewer hits is not counted.

    Returns
    -------
    dict
        Arrays of shape (n_events,): "efficiency", the share of the particles that have a good track; "fake rate", the
        share of the tracks that are not good; "TrackML score". nan in an event that has none of them.

    Raises
    ------
    ValueError
        If there is not one label for each hit.
    """
    is_found, wanted = found_particles(found, hits.particle, len(particles)), _hits_of(hits, particles) >= min_hits
    matches = match_tracks(found, hits.particle)
    labels, first = np.unique(np.asarray(found), return_index=True)
    event = hits.event[first[np.searchsorted(labels, matches.track)]]
    long, shared = matches.n_hits >= min_hits, np.where(matches.good, matches.n_shared, 0)

    def per_event(of, weight=None):
        return np.bincount(of, weight, minlength=hits.n_events)

    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "efficiency": per_event(particles.event[wanted], is_found[wanted]) / per_event(particles.event[wanted]),
            "fake rate": per_event(event[long], ~matches.good[long]) / per_event(event[long]),
            "TrackML score": per_event(event, shared) / per_event(hits.event[hits.particle >= 0]),
        }


def found_particles(found, particle, n_particles: int, *, share: float = 0.5) -> np.ndarray:
    """Which particles have a good track that holds more than this share of their hits.

    Parameters
    ----------
    found, particle : array_like of int, shape (n_hits,)
    n_particles : int
        Particles in the table.
    share : float, optional
        0.5 is the definition of a good track; a larger one asks for more.

    Returns
    -------
    ndarray of bool, shape (n_particles,)

    Examples
    --------
    >>> found_particles([0, 0, 0, 1, 1, -1], [0, 0, 0, 1, 1, 1], 2, share=0.9).tolist()
    [True, False]
    """
    matches = match_tracks(found, particle)
    kept = matches.good & (matches.n_shared > share * matches.n_particle_hits)
    answer = np.zeros(n_particles, bool)
    answer[matches.particle[kept]] = True
    return answer


def efficiency_in_bins(found, values, edges) -> tuple[np.ndarray, np.ndarray]:
    """Share of the particles that were found, bin by bin.

    Parameters
    ----------
    found : array_like of bool, shape (n_particles,)
    values : array_like, shape (n_particles,)
        What the bins divide: pt, eta, ...
    edges : array_like, shape (n_bins + 1,)

    Returns
    -------
    share, uncertainty : ndarray, shape (n_bins,)
        nan in an empty bin. The uncertainty is sqrt(p (1 - p) / n) with p = (k + 1) / (n + 2), which does not vanish
        where all or none were found.

    Examples
    --------
    >>> efficiency_in_bins([True, True, False], [1.0, 2.0, 2.5], [0, 1.5, 3])[0].tolist()
    [1.0, 0.5]
    """
    found, values = np.asarray(found, dtype=bool), np.asarray(values)
    n, k = (np.histogram(part, edges)[0] for part in (values, values[found]))
    p = (k + 1) / (n + 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return k / n, np.sqrt(p * (1 - p) / n)


def mean_and_error(values) -> tuple[float, float]:
    """Mean of independent values, one for each event, and its uncertainty; values that are nan do not count.

    Examples
    --------
    >>> mean_and_error([1.0, 3.0, float("nan")])
    (2.0, 1.0)
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    return float(values.mean()), float(values.std() / np.sqrt(max(len(values) - 1, 1)))


def pad_graphs(graphs: list[tuple]) -> tuple[np.ndarray, ...]:
    """Graphs of several events as arrays with an axis of events, filled up with zeros.

    Parameters
    ----------
    graphs : list of (nodes, edges, inner, outer, truth)
        For each event the features of its nodes (n_nodes, ...) and of its edges (n_edges, ...), the places of both ends
        of each edge among the nodes, and the truth of each edge.

    Returns
    -------
    nodes, edges : ndarray of float32, shape (n_events, longest, ...)
    inner, outer : ndarray of int32, shape (n_events, longest)
    mask : ndarray of float32, shape (n_events, longest)
        1 for a real edge, 0 for a padded one, which joins node 0 to itself.
    truth : ndarray of float32, shape (n_events, longest, 1)
    """
    padded = []
    for part in zip(*graphs, strict=True):
        event = np.repeat(np.arange(len(part)), [len(one) for one in part])
        padded.append(pad_events(event, np.concatenate(part), len(part)))
    kinds = ("float32", "float32", "int32", "int32", "float32")
    nodes, edges, inner, outer, truth = (array.astype(kind) for (array, _), kind in zip(padded, kinds, strict=True))
    return nodes, edges, inner, outer, padded[1][1].astype("float32"), truth[..., np.newaxis]


def pad_events(event, values, n_events: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a table as one array with an axis of events, filled up with zeros, and its mask.

    Parameters
    ----------
    event : array_like of int, shape (n_rows,)
        Event of each row, in rising order.
    values : array_like, shape (n_rows, ...)
    n_events : int

    Returns
    -------
    padded : ndarray, shape (n_events, longest, ...)
        In the order of the table.
    mask : ndarray of bool, shape (n_events, longest)
        True is real: ``padded[mask]`` is the table again.

    Raises
    ------
    ValueError
        If the events do not rise or there is not one for each row.

    Examples
    --------
    >>> padded, mask = pad_events([0, 0, 2], [1.5, 2.5, 3.5], 3)
    >>> padded.tolist(), mask.sum(axis=1).tolist()
    ([[1.5, 2.5], [0.0, 0.0], [3.5, 0.0]], [2, 0, 1])
    """
    event, values = np.asarray(event, dtype=np.int64), np.asarray(values)
    if event.ndim != 1 or len(values) != len(event) or np.any(np.diff(event) < 0):
        raise ValueError(f"events {event.shape} for values {values.shape}; expected one a row, in rising order")
    counts = np.bincount(event, minlength=n_events)
    mask = np.arange(counts.max(initial=0)) < counts[:, np.newaxis]
    padded = np.zeros(mask.shape + values.shape[1:], values.dtype)
    padded[mask] = values
    return padded, mask


def _hits_of(hits, particles) -> np.ndarray:
    return np.bincount(hits.particle[hits.particle >= 0], minlength=len(particles))


def _columns(**columns) -> list[np.ndarray]:
    arrays = [np.asarray(column, dtype=np.int64) for column in columns.values()]
    if arrays[0].shape != arrays[1].shape or arrays[0].ndim != 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(columns, arrays, strict=True))
        raise ValueError(f"the shapes are {shapes}; expected one common (n_hits,)")
    return arrays
