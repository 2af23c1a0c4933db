"""What a CMS-like detector sees of a whole event: tracks, calorimeter towers, and the particle flow that joins them.

Muons, electrons and photons follow the laws of `detector`; here the hadrons are added, and everything is put together
to a list of candidates, each a charged or a neutral one, as in CMS's particle flow (arXiv:1706.04965). The order of the
steps is that of Delphes and its CMS card (arXiv:1307.6346); the code and most numbers are not.

1. Every charged particle is carried along its helix in the solenoid to the face of the calorimeter.
2. Tracks: charged particles with |eta| < 2.5 and pt > 0.3 GeV are found with the efficiency of the CMS tracker and
   their pt is smeared with its resolution (arXiv:1405.6569). Of a hadron at several hundred GeV the calorimeter knows
   more: the two are combined by their precision.
3. Calorimeters: photons and electrons leave all their energy in one cell of the electromagnetic calorimeter, hadrons in
   one cell of the hadronic one; forward of |eta| = 3 one coarse calorimeter takes both. The energies in a cell are
   added, and the sum is smeared.
4. Particle flow: the tracks are taken as they are. What a hadronic cell holds beyond the momenta of its tracks is a
   neutral hadron, if it is significant; what an electromagnetic cell holds is a photon.

Not in it: showers that spread over cells or begin in the electromagnetic calorimeter, material (conversions,
bremsstrahlung, nuclear interactions, other than through the efficiency), tracks lost or merged in dense jets, pile-up,
electronic noise other than in the resolution, the displacement of particles from K_S or Lambda at the calorimeter.

Conventions: GeV, radians, metres; candidates are massless.
"""

from dataclasses import dataclass, fields

import numpy as np

from recipes import detector
from recipes.event_record import flat_particles

FIELD = 3.8  # T
RADIUS, HALF_LENGTH = 1.29, 3.0  # of the inner face of the electromagnetic calorimeter, m
TRACK_ETA_MAX, TRACK_PT_MIN = 2.5, 0.3
FORWARD_ETA, ETA_MAX = 3.0, 5.0
PHOTON_MIN, HADRON_MIN = 0.3, 1.0  # least energy of a neutral candidate, GeV
SIGNIFICANCE = 2.0  # of the excess over the tracks that makes a neutral hadron, in standard deviations of the cell

NEUTRINOS = (12, 14, 16)
PHOTON, HADRON, FORWARD = 22, 130, 1  # `kind` of neutral candidates; 11, 13 and 211 are those of charged ones
NEUTRAL_KINDS = {"ecal": PHOTON, "hcal": HADRON, "forward": FORWARD}

# Tracks: knots in |eta|, and there the efficiency of hadrons and the terms of the pt resolution.
_TRACK_ETA = np.array([0.0, 0.9, 1.4, 2.5])
_TRACK_CONSTANT = np.array([0.007, 0.010, 0.015, 0.025])
_TRACK_SLOPE = np.array([2.2e-4, 2.4e-4, 3.0e-4, 8.0e-4])  # per GeV
_TRACK_PLATEAU = ((0.9, 0.94), (2.5, 0.85))  # efficiency above 0.9 GeV up to this |eta|, arXiv:1405.6569

# Cells: upper |eta|, width in eta and phi.
_N_PHI = 360  # cells of the electromagnetic calorimeter around the beam
_ECAL_CELL = 2 * np.pi / _N_PHI
_HCAL_FINE_ETA = 1.74  # coarser cells beyond
_HCAL_TERMS = (1.10, 0.0, 0.09)  # stochastic (GeV^0.5), noise (GeV), constant, arXiv:1706.04965
_FORWARD_TERMS = (2.0, 0.0, 0.10)


@dataclass(frozen=True)
class Candidates:
    """Particle-flow candidates of a batch of events, one after the other; all arrays have shape (n_candidates,).

    Attributes
    ----------
    event : ndarray of int
        Which event of the batch, ascending.
    pt, eta, phi : ndarray
        GeV, and radians in [-pi, pi); the mass is taken as zero.
    charge : ndarray of int
        -1, 0 or 1.
    kind : ndarray of int
        11 electron, 13 muon, 211 charged hadron, 22 photon, 130 neutral hadron, 1 deposit in the forward calorimeter.
    particle : ndarray of int
        Index of the particle among those of the batch (in the order of `event_record.flat_particles`); -1 for neutral
        candidates.
    """

    event: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    charge: np.ndarray
    kind: np.ndarray
    particle: np.ndarray

    def __getitem__(self, chosen) -> "Candidates":
        """Those with these indices, or where this mask is true."""
        return Candidates(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def p4(self) -> np.ndarray:
        """Four-momenta (E, px, py, pz) in GeV, shape (n_candidates, 4)."""
        return detector.p4_of(self.pt, self.eta, self.phi)


def reconstruct_event(events, rng: np.random.Generator) -> Candidates:
    """The candidates of each event of a batch.

    Parameters
    ----------
    events : awkward.Array
        From Pythia's `nextBatch`.
    rng : numpy.random.Generator
        For the detector.
    """
    particles = flat_particles(events)
    visible = np.flatnonzero((particles["status"] > 0) & ~np.isin(np.abs(particles["id"]), NEUTRINOS))
    code = np.abs(particles["id"][visible])
    charge = charge_of(particles["id"][visible])
    row, p4 = particles["event"][visible], particles["p4"][visible]
    pt, eta, phi = detector.cylindrical(p4)
    place_eta, place_phi = at_calorimeter(pt, eta, phi, charge)
    kind = np.select([code == 11, code == 13, charge != 0], [11, 13, 211], default=0)
    tracks = _tracks(row, pt, eta, phi, charge, kind, rng)
    calorimeter = np.select(
        [code == 13, np.abs(place_eta) >= ETA_MAX, np.abs(place_eta) >= FORWARD_ETA, np.isin(code, (11, 22))],
        ["", "", "forward", "ecal"],
        default="hcal",
    )
    parts = [tracks[np.argsort(tracks.particle)]]
    momentum = np.zeros(len(row))  # of the track of each particle, zero without one
    momentum[tracks.particle] = tracks.pt * np.cosh(tracks.eta)
    for name in NEUTRAL_KINDS:
        inside = calorimeter == name
        if name == "ecal":  # the deposit of an identified electron belongs to it
            inside &= momentum == 0
        at = (row[inside], place_eta[inside], place_phi[inside])
        parts.append(_neutrals(name, *at, p4[inside, 0], momentum[inside], rng))
    together = Candidates(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Candidates)))
    index = np.where(together.charge != 0, visible[together.particle], -1)
    together = Candidates(**{f.name: getattr(together, f.name) for f in fields(Candidates)} | {"particle": index})
    return together[np.argsort(together.event, kind="stable")]


def at_calorimeter(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, charge: np.ndarray) -> tuple:
    """Where a particle from the centre reaches the calorimeter: on a helix if it is charged.

    The radius of the helix is pt / (0.3 B) in metres; a turn by the angle psi takes it 2 radius sin(psi / 2) away from
    the beam and radius psi sinh(eta) along it. A particle with too little pt for the barrel spirals into the endcap.

    Parameters
    ----------
    pt, eta, phi, charge : ndarray, shape (...)
        GeV, radians, units of the positron's charge.

    Returns
    -------
    eta, phi : ndarray, shape (...)
        Of the point that it reaches, seen from the centre; phi in [-pi, pi).

    Examples
    --------
    >>> eta, phi = at_calorimeter(np.array([3.0, 3.0]), np.zeros(2), np.zeros(2), np.array([1, 0]))
    >>> phi.round(3).tolist()  # a positive particle turns clockwise: sin(phi) = -R / (2 radius)
    [-0.247, 0.0]
    """
    bending = np.where(charge == 0, 1.0, np.maximum(pt, 1e-6) / (0.299792458 * FIELD))  # m
    slope = np.sinh(eta)
    with np.errstate(divide="ignore"):
        to_endcap = HALF_LENGTH / (np.abs(slope) * bending)
    reach = RADIUS / (2 * bending)
    to_barrel = np.where(reach < 1, 2 * np.arcsin(np.minimum(reach, 1.0)), np.inf)
    turn = np.minimum(np.minimum(to_barrel, to_endcap), 1e4)  # one without either never arrives: it is lost at eta = 0
    across, along = 2 * bending * np.sin(turn / 2), bending * turn * slope
    bent_phi = detector.wrap(phi - charge * turn / 2 + np.where(across < 0, np.pi, 0.0))
    bent_eta = np.arcsinh(along / np.maximum(np.abs(across), 1e-6))
    return np.where(charge == 0, eta, bent_eta), np.where(charge == 0, phi, bent_phi)


def hadron_resolution(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Relative momentum resolution of a charged hadron: track and calorimeter, weighted by their precision.

    That of the track is after CMS (arXiv:1405.6569), 0.7 % at 1 GeV in the centre; that of the calorimeter is the one
    of a cell. As for electrons, 1/sigma^2 = 1/sigma_track^2 + 1/sigma_calorimeter^2.

    Examples
    --------
    >>> hadron_resolution(np.array([1.0, 100.0, 2000.0]), np.array([0.0, 1.0, 0.0])).round(3).tolist()
    [0.007, 0.027, 0.091]
    """
    constant = np.interp(np.abs(eta), _TRACK_ETA, _TRACK_CONSTANT)
    track = np.hypot(constant, np.interp(np.abs(eta), _TRACK_ETA, _TRACK_SLOPE) * pt)
    calorimeter = cell_resolution("hcal", pt * np.cosh(eta), eta)
    return track * calorimeter / np.hypot(track, calorimeter)


def track_efficiency(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Probability to find the track of a hadron: 94 % up to |eta| = 0.9, 85 % up to 2.5 (arXiv:1405.6569).

    Those are for pt above 0.9 GeV; below it falls linearly, by a fifth at the threshold of 0.3 GeV.

    Examples
    --------
    >>> track_efficiency(np.array([0.2, 5.0, 5.0]), np.array([0.0, 0.0, 2.0])).tolist()
    [0.0, 0.94, 0.85]
    """
    (inner, high), (outer, low) = _TRACK_PLATEAU
    plateau = np.select([np.abs(eta) < inner, np.abs(eta) < outer], [high, low], default=0.0)
    return plateau * np.interp(pt, [TRACK_PT_MIN, 0.9], [0.8, 1.0]) * (pt > TRACK_PT_MIN)


def cell_resolution(calorimeter: str, energy: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Relative energy resolution of a cell; that of the electromagnetic calorimeter is the one of single photons.

    Examples
    --------
    >>> cell_resolution("hcal", np.array([100.0]), np.array([0.0])).round(3).tolist()  # 110 %/sqrt(E) and 9 %
    [0.142]
    """
    if calorimeter == "ecal":
        return detector.photon_energy_resolution(energy, eta)
    stochastic, noise, constant = _HCAL_TERMS if calorimeter == "hcal" else _FORWARD_TERMS
    energy = np.maximum(energy, 1e-3)
    return np.sqrt(stochastic**2 / energy + (noise / energy) ** 2 + constant**2)


def missing_pt(candidates: Candidates, n_events: int) -> np.ndarray:
    """Minus the vector sum of the transverse momenta of all candidates, (px, py) in GeV, shape (n_events, 2)."""
    return -np.stack(
        [
            np.bincount(candidates.event, candidates.pt * direction(candidates.phi), minlength=n_events)
            for direction in (np.cos, np.sin)
        ],
        axis=1,
    )


def charge_of(pdg_id: np.ndarray) -> np.ndarray:
    """Electric charge of the particles that reach a detector, in units of the positron's.

    Examples
    --------
    >>> charge_of(np.array([11, -13, 22, 211, -321, 2212, 130, 2112, -3112])).tolist()
    [-1, 1, 0, 1, -1, 1, 0, 0, 1]
    """
    magnitude = np.select([np.isin(np.abs(pdg_id), _NEGATIVE), np.isin(np.abs(pdg_id), _POSITIVE)], [-1, 1], 0)
    return magnitude * np.sign(pdg_id)


_NEGATIVE = (11, 13, 15, 3112, 3312, 3334)  # e-, mu-, tau-, Sigma-, Xi-, Omega-
_POSITIVE = (211, 321, 411, 431, 521, 541, 2212, 3222, 4122)  # pi+, K+, D+, Ds+, B+, Bc+, p, Sigma+, Lambda_c+


def _tracks(row, pt, eta, phi, charge, kind, rng) -> Candidates:
    """Charged particles that are found, with their measured momenta; `particle` counts those given here."""
    chance = np.select(
        [kind == 11, kind == 13, kind == 211],
        [detector.electron_efficiency(pt, eta), detector.muon_efficiency(pt, eta), track_efficiency(pt, eta)],
        default=0.0,
    )
    found = np.flatnonzero(detector.found(chance, rng=rng))
    row, pt, eta, phi, charge, kind = (values[found] for values in (row, pt, eta, phi, charge, kind))
    measured = np.stack([pt, eta, phi])
    for code, measure in {
        11: detector.measure_electrons,
        13: detector.measure_muons,
        211: _measure_hadrons,
    }.items():
        mine = kind == code
        measured[:, mine] = measure(pt[mine], eta[mine], phi[mine], rng=rng)
    return Candidates(row, *measured, charge, kind, found)


def _measure_hadrons(pt, eta, phi, *, rng):
    """As `detector.measure_muons`: 1/pt is Gaussian; the angles are those of a track."""
    return detector.measure_tracks(pt, eta, phi, hadron_resolution(pt, eta), rng=rng)


def _neutrals(calorimeter, row, eta, phi, energy, tracks, rng) -> Candidates:
    """Neutral candidates of one calorimeter, from deposits at (eta, phi) and the momenta of their tracks (0: none)."""
    cell, size_eta, size_phi = _cells(calorimeter, eta, phi)
    _, first, cell = np.unique(row * _MANY + cell, return_index=True, return_inverse=True)
    n = len(first)
    total = np.bincount(cell, energy, minlength=n)
    here = np.maximum(total, 1e-9)
    centre_eta = np.bincount(cell, energy * eta, minlength=n) / here
    offset = detector.wrap(phi - phi[first][cell])  # all deposits of a cell lie close together, but perhaps across pi
    centre_phi = phi[first] + np.bincount(cell, energy * offset, minlength=n) / here
    width = total * cell_resolution(calorimeter, total, centre_eta)
    measured = np.maximum(total + width * np.clip(rng.standard_normal(n), -6, 6), 0.0)
    charged = np.bincount(cell, tracks, minlength=n)
    excess = measured - charged
    least = PHOTON_MIN if calorimeter == "ecal" else HADRON_MIN
    kept = (excess > least) & ((charged == 0) | (excess > SIGNIFICANCE * width))
    spread = np.stack([size_eta[first], size_phi[first]]) / np.sqrt(12)
    if calorimeter == "ecal":
        spread = np.full((2, n), detector.CALORIMETER_ANGLE)
    blur = spread * np.clip(rng.standard_normal((2, n)), -6, 6)
    eta, phi = centre_eta + blur[0], detector.wrap(centre_phi + blur[1])
    zero = np.zeros(kept.sum(), dtype=np.int64)
    kinds = np.full_like(zero, NEUTRAL_KINDS[calorimeter])
    pt = excess[kept] / np.cosh(eta[kept])
    return Candidates(row[first][kept], pt, eta[kept], phi[kept], zero, kinds, zero - 1)


_MANY = 10_000_000  # more than there are cells


def _cells(calorimeter, eta, phi) -> tuple:
    """Number of the cell of each deposit, and the cell's width in eta and phi."""
    if calorimeter == "ecal":
        size = np.full(len(eta), _ECAL_CELL)
    else:
        coarse = (np.abs(eta) > _HCAL_FINE_ETA) | (calorimeter == "forward")
        size = np.where(coarse, 10 * _ECAL_CELL, 5 * _ECAL_CELL)
    in_eta = np.floor((eta + ETA_MAX) / size).astype(np.int64)
    in_phi = np.floor((detector.wrap(phi) + np.pi) / size).astype(np.int64)
    layer = (size > 7 * _ECAL_CELL).astype(np.int64)  # cells of two sizes never share a number
    return (layer * 1000 + in_eta) * 1000 + in_phi, size, size
