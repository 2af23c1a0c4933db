"""Jets of a batch of events, with FastJet: clustering, groomed mass, N-subjettiness.

FastJet's awkward interface clusters all events in one call; nothing here loops over events, jets or particles.

References: FastJet arXiv:1111.6097; anti-kT arXiv:0802.1189; soft drop arXiv:1402.2657 (with beta = 0 and z_cut = 0.1);
N-subjettiness arXiv:1011.2268, 1108.2701 (beta = 1, one-pass kT axes).
"""

from dataclasses import dataclass

import numpy as np

from recipes import detector

ALGORITHMS = ("kt", "cambridge", "antikt")
SOFT_DROP_CUT = 0.1
SUBJETS = (1, 2, 3)


@dataclass(frozen=True)
class Jets:
    """Jets of a batch, event after event.

    Attributes
    ----------
    event : ndarray of int, shape (n_jets,)
        Which event of the batch, ascending; within an event the jets are in order of falling pt.
    p4 : ndarray, shape (n_jets, 4)
        Sum of the constituents, (E, px, py, pz) in GeV.
    place : ndarray of int, shape (n_jets,)
        0 for the hardest jet of an event, 1 for the next.
    counts : ndarray of int, shape (n_jets,)
        Number of constituents.
    constituents : ndarray of int, shape (counts.sum(),)
        Indices of the particles that were clustered; jet after jet, in each one by falling pt.
    """

    event: np.ndarray
    p4: np.ndarray
    place: np.ndarray
    counts: np.ndarray
    constituents: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Jets":
        """The jets where a mask is true."""
        members = np.repeat(chosen, self.counts)
        return Jets(
            self.event[chosen],
            self.p4[chosen],
            self.place[chosen],
            self.counts[chosen],
            self.constituents[members],
        )


def find_jets(
    p4: np.ndarray, event: np.ndarray, n_events: int, *, radius: float, min_pt: float, algorithm: str = "antikt"
) -> Jets:
    """Jets of every event.

    Parameters
    ----------
    p4 : ndarray, shape (n_particles, 4)
        What is clustered: (E, px, py, pz) in GeV, sorted by event.
    event : ndarray of int, shape (n_particles,)
        Ascending.
    n_events : int
        Size of the batch.
    radius : float
        The parameter R.
    min_pt : float
        Least pt of a jet in GeV.
    algorithm : {"kt", "cambridge", "antikt"}
        The order in which particles are joined.
    """
    import awkward as ak
    import fastjet

    number = getattr(fastjet, f"{algorithm}_algorithm")
    sequence = _cluster(p4, np.bincount(event, minlength=n_events), number, radius)
    members = sequence.constituent_index(min_pt=min_pt)  # (event, jet, constituent), within the event
    first = np.searchsorted(event, np.arange(n_events))
    per_event = ak.to_numpy(ak.num(members, axis=1))
    jet_event = np.repeat(np.arange(n_events), per_event)
    members = ak.flatten(members, axis=1)
    counts = ak.to_numpy(ak.num(members, axis=1)).astype(np.int64)
    member = ak.to_numpy(ak.flatten(members, axis=1)) + np.repeat(first[jet_event], counts)
    jet_of = np.repeat(np.arange(len(counts)), counts)
    total = np.stack([np.bincount(jet_of, p4[member, axis], minlength=len(counts)) for axis in range(4)], axis=1)
    pt = np.hypot(total[:, 1], total[:, 2])
    rank = np.empty(len(counts), dtype=np.int64)  # new number of each jet: by event, then by falling pt
    rank[np.lexsort((-pt, jet_event))] = np.arange(len(counts))
    member_pt = np.hypot(p4[member, 1], p4[member, 2])
    order = np.lexsort((-member_pt, rank[jet_of]))
    jets = np.argsort(rank)
    jet_event = jet_event[jets]
    place = np.arange(len(jets)) - np.searchsorted(jet_event, jet_event)
    return Jets(jet_event, total[jets], place, counts[jets], member[order])


def substructure(p4: np.ndarray, counts: np.ndarray, *, radius: float) -> dict:
    """Soft-drop mass and N-subjettiness of jets.

    Parameters
    ----------
    p4 : ndarray, shape (counts.sum(), 4)
        Constituents of jet after jet, (E, px, py, pz) in GeV.
    counts : ndarray of int, shape (n_jets,)
        How many each jet has.
    radius : float
        The parameter R of the jets; the N-subjettiness is normalised with it.

    Returns
    -------
    dict of ndarray, shape (n_jets,)
        mass_softdrop in GeV; tau1, tau2, tau3, zero for a jet with fewer constituents than axes.
    """
    import awkward as ak
    import fastjet

    if not len(counts):
        return {name: np.zeros(0) for name in ("mass_softdrop", *(f"tau{n}" for n in SUBJETS))}
    sequence = _cluster(p4, counts, fastjet.cambridge_algorithm, 10.0)  # everything into one jet
    groomed = sequence.exclusive_jets_softdrop_grooming(njets=1, beta=0.0, symmetry_cut=SOFT_DROP_CUT, R0=radius)
    tau = ak.to_numpy(
        sequence.njettiness(
            measure_definition="NormalizedMeasure",
            axes_definition="OnePass_KT_Axes",
            njets=list(SUBJETS),
            beta=1.0,
            R0=radius,
        )
    )
    # rounding can make the mass of massless constituents that lie close together negative
    mass = np.maximum(ak.to_numpy(groomed.msoftdrop).reshape(-1), 0.0)
    return {"mass_softdrop": mass} | {f"tau{n}": tau[:, index] for index, n in enumerate(SUBJETS)}


def distance(p4_a: np.ndarray, p4_b: np.ndarray) -> np.ndarray:
    """Delta R in (eta, phi) of two sets of four-momenta, shapes (..., 4) that broadcast."""
    (_, eta_a, phi_a), (_, eta_b, phi_b) = detector.cylindrical(p4_a), detector.cylindrical(p4_b)
    return np.hypot(eta_a - eta_b, detector.wrap(phi_a - phi_b))


def _cluster(p4: np.ndarray, counts: np.ndarray, algorithm: int, radius: float):
    import awkward as ak
    import fastjet

    axes = dict(zip(("E", "px", "py", "pz"), np.moveaxis(p4, -1, 0), strict=True))
    particles = ak.unflatten(ak.zip(axes, with_name="Momentum4D"), counts)
    return fastjet.ClusterSequence(particles, fastjet.JetDefinition(algorithm, radius))
