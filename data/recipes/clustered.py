"""The whole events of `jet_events`, clustered three times: which particles and which part of the plane a jet takes.

Beside the particles each event holds one ghost in every cell of the plane of eta and phi: a particle of hardly any
momentum, which changes no jet and shows whose the cell is.

References: kT hep-ph/9305266; Cambridge/Aachen hep-ph/9907280; anti-kT arXiv:0802.1189; areas of jets arXiv:0802.1188.
"""

import numpy as np

from recipes import clustering, detector

RADIUS, MIN_PT = 1.0, 20.0
N_ETA, N_PHI = 120, 96  # cells, as wide in eta as in phi
CELL = 2 * np.pi / N_PHI
GHOST_PT = 1e-50
NO_JET = -1


def derive_clustered_events(sources: dict, rng: np.random.Generator) -> dict:
    """The number of its jet for every particle and every cell, by each algorithm."""
    events = sources["jet_events"]
    counts = events["n_particles"].astype(int)
    n = len(counts)
    particles = detector.p4_of(*(events[f"particle_{q}"].astype(float) for q in ("pt", "eta", "phi", "mass")))
    ghosts = np.concatenate([ghost_p4(rng) for _ in range(n)])
    event = np.concatenate([np.repeat(np.arange(n), counts), np.repeat(np.arange(n), N_ETA * N_PHI)])
    order = np.argsort(event, kind="stable")
    is_particle = (np.arange(len(event)) < counts.sum())[order]
    columns = {"n_particles": counts.astype(np.int16), "n_cells": np.full(n, N_ETA * N_PHI, dtype=np.int16)}
    for algorithm in clustering.ALGORITHMS:
        jets = clustering.find_jets(
            np.concatenate([particles, ghosts])[order],
            event[order],
            n,
            radius=RADIUS,
            min_pt=MIN_PT,
            algorithm=algorithm,
        )
        number = np.full(len(event), NO_JET, dtype=np.int8)
        number[jets.constituents] = np.repeat(jets.place, jets.counts)
        columns |= {f"particle_{algorithm}": number[is_particle], f"cell_{algorithm}": number[~is_particle]}
    return columns


def ghost_p4(rng: np.random.Generator) -> np.ndarray:
    """One ghost in each cell of one event, (E, px, py, pz), row by row of rising phi, eta rising in each row."""
    row, column = np.divmod(np.arange(N_ETA * N_PHI), N_ETA)
    shift = rng.random((2, N_ETA * N_PHI))  # anywhere in its cell: equal distances would have no nearest neighbour
    eta, phi = (column - N_ETA / 2 + shift[0]) * CELL, (row - N_PHI / 2 + shift[1]) * CELL
    return detector.p4_of(np.full(len(eta), GHOST_PT), eta, phi)


def _columns() -> dict:
    names = {"kt": "kT", "cambridge": "Cambridge/Aachen", "antikt": "anti-kT"}
    about = {
        "n_particles": {
            "unit": "",
            "description": "particles of the event, those of jet_events in their order",
            "min": 1,
        },
        "n_cells": {"unit": "", "description": "cells of the plane of eta and phi", "min": 1},
    }
    which = "number of the jet, 0 the hardest, -1 for a jet below 20 GeV"
    where = f"row by row of {N_ETA} along eta from -{N_ETA / 2 * CELL:.4f}, rows along phi from -pi, {CELL:.5f} wide"
    for short, name in names.items():
        limits = {"min": NO_JET, "max": 100}
        particle, cell = f"{which}, of the particle by {name}", f"{which}, of the cell by {name}; {where}"
        about[f"particle_{short}"] = {"unit": "", "description": particle, **limits, "counts": "n_particles"}
        about[f"cell_{short}"] = {"unit": "", "description": cell, **limits, "counts": "n_cells"}
    return about


COLUMNS = _columns()
