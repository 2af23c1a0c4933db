"""Pythia's event record as flat arrays: every particle of a batch of events in one row of numbers.

`flat_particles` gives the columns; an index into them is a particle. The mothers are indices too, so a question about
the past of a particle ("does it come from a b hadron?") is answered for all at once, generation by generation.
"""

import numpy as np

GENERATIONS = 40  # more than any chain of decays has
STATUS_CODES = {"hard": (-22, -23), "recoiled": (-62,)}  # of Pythia's event record


def flat_particles(events) -> dict:
    """All particles of a batch, event after event.

    Parameters
    ----------
    events : awkward.Array
        From Pythia's `nextBatch`.

    Returns
    -------
    dict of ndarray, each of shape (n_particles, ...)
        event: which one of the batch; id: PDG code; status: Pythia's status code, positive if final; mother: index of
        the first mother into these arrays, -1 without one; p4: (E, px, py, pz) in GeV; vertex: where it was made,
        (x, y, z) in mm.
    """
    import awkward as ak

    row = event_of_particle(events)
    start = np.searchsorted(row, np.arange(len(events)))
    mother = flat(events.prt.mother1)
    p4 = np.stack([flat(events.prt.p[name]) for name in ("e", "px", "py", "pz")], axis=-1)
    vertex = np.stack([flat(ak.fill_none(events.prt.vProd[name], 0.0)) for name in ("px", "py", "pz")], axis=-1)
    return {
        "event": row,
        "id": flat(events.prt.id),
        "status": flat(events.prt.status),
        "mother": np.where(mother > 0, mother + start[row], -1),
        "p4": p4,
        "vertex": vertex,
    }


def select_particles(events, ids: tuple[int, ...], *, size: int, status: str = "final") -> tuple:
    """Pick particles by their code and pad each event to the same number, the hardest first.

    Parameters
    ----------
    events : awkward.Array
        From Pythia's `nextBatch`.
    ids : tuple of int
        Absolute PDG codes.
    size : int
        How many to keep; missing ones are rows of zeros.
    status : str
        "final" for particles that leave the collision, "hard" for those of the hard process, "recoiled" for
        unstable ones of the hard process after initial-state radiation and primordial momentum have moved them.

    Returns
    -------
    p4 : ndarray, shape (n_events, size, 4)
        Four-momenta (E, px, py, pz) in GeV.
    pdg_id : ndarray of int, shape (n_events, size)
        Zero where padded.
    """
    code, state, row = flat(events.prt.id), flat(events.prt.status), event_of_particle(events)
    wanted = state > 0 if status == "final" else np.isin(state, STATUS_CODES[status])
    chosen = np.flatnonzero(wanted & np.isin(np.abs(code), ids))
    momenta = np.stack([flat(events.prt.p[name])[chosen] for name in ("e", "px", "py", "pz")], axis=-1)
    row, code = row[chosen], code[chosen]
    order = np.lexsort((-(momenta[:, 1] ** 2 + momenta[:, 2] ** 2), row))  # by event, then by falling pt
    row = row[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)  # 0, 1, 2 ... within each event
    kept = place < size
    p4, pdg_id = np.zeros((len(events), size, 4)), np.zeros((len(events), size), dtype=np.int64)
    p4[row[kept], place[kept]] = momenta[order][kept]
    pdg_id[row[kept], place[kept]] = code[order][kept]
    return p4, pdg_id


def has_ancestor(particles: dict, is_wanted: np.ndarray) -> np.ndarray:
    """Which particles have one of the wanted ones among their first mothers, or are one themselves.

    Parameters
    ----------
    particles : dict
        From `flat_particles`.
    is_wanted : ndarray of bool, shape (n_particles,)

    Returns
    -------
    ndarray of bool, shape (n_particles,)
    """
    found, line = is_wanted.copy(), particles["mother"].copy()
    for _ in range(GENERATIONS):
        found |= (line >= 0) & is_wanted[line]
        line = np.where(line >= 0, particles["mother"][line], -1)
    return found


def is_last(particles: dict, is_wanted: np.ndarray) -> np.ndarray:
    """Which of the wanted particles have no wanted daughter: the b hadrons that decay weakly, for instance."""
    has_heir = np.zeros(len(is_wanted), dtype=bool)
    mother = particles["mother"][is_wanted]
    has_heir[mother[mother >= 0]] = True
    return is_wanted & ~has_heir


def hadron_with(particles: dict, quark: int) -> np.ndarray:
    """Which particles are hadrons with open charm (4) or beauty (5) as their heaviest flavour, shape (n_particles,).

    The thousands of a baryon's PDG code and the hundreds of a meson's name its heaviest quark. Mesons of a quark and
    its own antiquark, such as the J/psi, do not count: they do not live long enough to fly.
    """
    code = np.abs(particles["id"])
    short = code % 10_000
    meson = (short // 1000 == 0) & ((short // 100) % 10 == quark) & ((short // 10) % 10 != quark)
    baryon = short // 1000 == quark
    return (code > 100) & (code < 1_000_000_000) & (meson | baryon)


def per_event(particles: dict, is_wanted: np.ndarray, n_events: int, size: int) -> np.ndarray:
    """Indices of the wanted particles of each event, in the order of the record, shape (n_events, size).

    -1 where an event has fewer; those beyond `size` are left out.
    """
    chosen = np.flatnonzero(is_wanted)
    row = particles["event"][chosen]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    table = np.full((n_events, size), -1)
    kept = place < size
    table[row[kept], place[kept]] = chosen[kept]
    return table


def flat(values) -> np.ndarray:
    """A field of the record, event after event."""
    import awkward as ak

    return ak.to_numpy(ak.flatten(values, axis=1))


def event_of_particle(events) -> np.ndarray:
    """Which event of the batch each particle belongs to, shape (n_particles,)."""
    import awkward as ak

    return np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(events.prt.id, axis=1)))
