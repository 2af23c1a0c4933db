"""Jets of b, c and light quarks with their tracks: impact parameters, and where each track really comes from."""

import numpy as np

from recipes import clustering, detector, particle_flow
from recipes.event_record import flat_particles, hadron_with, has_ancestor, is_last
from recipes.generator import Component, Recipe
from recipes.particle_flow import Candidates, charge_of, reconstruct_event
from recipes.precision import rounded, rounded_phi, short

RADIUS, JET_PT, JET_ETA = 0.4, (30.0, 150.0), 2.4
GHOST_PT = 5.0  # least pt of the hadrons that label a jet, GeV
TRACKS, TRACK_PT = 15, 0.5  # at most so many tracks of a jet, GeV
MADE_WITHIN = 100.0  # a track that begins farther than this from the beam is not found, mm
VERTEX_RESOLUTION = 0.012  # of the primary vertex in each direction, mm (arXiv:1405.6569)
BITS, ERROR_BITS, ANGLE_STEP, D0_STEP, Z0_STEP = 7, 4, 1 / 256, 1 / 512, 1 / 256
FROM_PRIMARY, FROM_B, FROM_C, FROM_OTHER = 0, 1, 2, 3


def impact_parameters(p4: np.ndarray, vertex: np.ndarray, charge: np.ndarray) -> tuple:
    """Where the helix of a track comes closest to the beam axis.

    Parameters
    ----------
    p4 : ndarray, shape (n, 4)
        Momenta at the production vertex, (E, px, py, pz) in GeV.
    vertex : ndarray, shape (n, 3)
        Production vertices in mm, from the point that the parameters are measured from.
    charge : ndarray of int, shape (n,)
        -1 or 1.

    Returns
    -------
    nearest : ndarray, shape (n, 3)
        Point of the closest approach in the transverse plane, in mm.

    Examples
    --------
    >>> p4, at = np.array([[10.0, 10.0, 0.0, 0.0]]), np.array([[5.0, 1.0, 0.0]])
    >>> abs(impact_parameters(p4, at, np.array([1])).round(2)).tolist()  # a line along x at y = 1, a little bent
    [[0.0, 1.0, 0.0]]
    """
    pt = np.hypot(p4[:, 1], p4[:, 2])
    radius = 1000 * pt / (0.299792458 * particle_flow.FIELD)  # of the helix, mm
    to_centre = charge[:, None] * np.stack([p4[:, 2], -p4[:, 1]], axis=1) / pt[:, None]
    centre = vertex[:, :2] + radius[:, None] * to_centre
    distance = np.hypot(*centre.T)
    nearest = centre * (1 - radius / distance)[:, None]
    angle = np.arctan2(*(-centre).T[::-1]), np.arctan2(*(vertex[:, :2] - centre).T[::-1])
    path = -charge * radius * detector.wrap(angle[1] - angle[0])  # from the closest approach to the vertex
    return np.concatenate([nearest, (vertex[:, 2] - path * p4[:, 3] / pt)[:, None]], axis=1)


def impact_resolution(pt: np.ndarray, eta: np.ndarray) -> tuple:
    """Resolutions of the transverse and longitudinal impact parameter in mm, after CMS (arXiv:1405.6569).

    10 and 30 micrometres at high momentum, and multiple scattering that falls with the momentum.

    Examples
    --------
    >>> d0, z0 = impact_resolution(np.array([1.0, 100.0]), np.zeros(2))
    >>> (1000 * d0).round().tolist(), (1000 * z0).round().tolist()
    ([81.0, 10.0], [104.0, 30.0])
    """
    lever = np.sqrt(np.cosh(eta))  # p sin(theta)^(3/2) = pt / sqrt(cosh(eta)), with p = pt cosh(eta)
    return np.hypot(0.010, 0.080 * lever / pt), np.hypot(0.030, 0.100 * lever**3 / pt)


def reconstruct(events, component: Component, rng: np.random.Generator) -> dict:
    """Jets of the flavour that the process is there for, with their hardest tracks."""
    particles, n = flat_particles(events), len(events)
    candidates = reconstruct_event(events, rng)
    jets, flavour = labelled_jets(candidates, particles, n)
    pt, eta, phi = detector.cylindrical(jets.p4)
    columns = {"pt": short(pt, BITS), "eta": rounded(eta, ANGLE_STEP), "phi": rounded_phi(phi, ANGLE_STEP)}
    columns |= {"mass": short(detector.mass_of(jets.p4[:, None]), BITS), "flavour": flavour.astype(np.int8)}
    chosen = (columns["pt"] > JET_PT[0]) & (columns["pt"] < JET_PT[1]) & (np.abs(eta) < JET_ETA)
    chosen &= flavour == component.origin
    jets, columns = jets[chosen], {name: values[chosen] for name, values in columns.items()}
    jet = np.repeat(np.arange(len(jets.counts)), jets.counts)
    vertex_of_event = VERTEX_RESOLUTION * rng.standard_normal((n, 3))
    return columns | _track_columns(candidates[jets.constituents], jet, columns, particles, vertex_of_event, rng)


def labelled_jets(candidates: Candidates, particles: dict, n_events: int) -> tuple:
    """Jets and their flavour, by ghost association (arXiv:0802.1188).

    The b and c hadrons that decay weakly, with pt > 5 GeV, are clustered with vanishing momentum; a jet with a b hadron
    among its constituents is a b jet, else one with a c hadron is a c jet, all others are light.

    Returns
    -------
    jets : Jets
        Without the ghosts.
    flavour : ndarray of int, shape (n_jets,)
        5, 4 or 0.
    """
    ghosts, codes = [], []
    for quark in (5, 4):
        hadron = hadron_with(particles, quark)
        hadron = is_last(particles, hadron) & (np.hypot(*particles["p4"][:, 1:3].T) > GHOST_PT)
        ghosts.append(np.flatnonzero(hadron))
        codes += [np.full(hadron.sum(), quark)]
    ghosts, codes = np.concatenate(ghosts), np.concatenate(codes)
    n = len(candidates.pt)
    p4 = np.concatenate([candidates.p4, particles["p4"][ghosts] * 1e-18])
    event = np.concatenate([candidates.event, particles["event"][ghosts]])
    order = np.argsort(event, kind="stable")
    jets = clustering.find_jets(p4[order], event[order], n_events, radius=RADIUS, min_pt=JET_PT[0] * 0.9)
    member = order[jets.constituents]
    jet = np.repeat(np.arange(len(jets.counts)), jets.counts)
    flavour = np.zeros(len(jets.counts), dtype=np.int64)
    is_ghost = member >= n
    np.maximum.at(flavour, jet[is_ghost], codes[member[is_ghost] - n])
    counts = np.bincount(jet[~is_ghost], minlength=len(jets.counts))
    return clustering.Jets(jets.event, jets.p4, jets.place, counts, member[~is_ghost]), flavour


def _track_columns(members: Candidates, jet, columns: dict, particles: dict, primary, rng) -> dict:
    """The hardest tracks of each jet; `members` are its constituents, in order of jet and falling pt."""
    made = particles["vertex"]
    track = (members.charge != 0) & (members.pt > TRACK_PT)
    track &= np.hypot(*made[members.particle].T[:2]) < MADE_WITHIN
    tracks, jet = members[track], jet[track]
    first = np.searchsorted(jet, jet)
    kept = np.arange(len(jet)) - first < TRACKS
    tracks, jet = tracks[kept], jet[kept]
    true = tracks.particle
    charge = charge_of(particles["id"][true])
    point = impact_parameters(particles["p4"][true], made[true] - primary[tracks.event], charge)
    error_d0, error_z0 = impact_resolution(tracks.pt, tracks.eta)
    across = detector.wrap(columns["phi"][jet] - tracks.phi)
    # The angle between the track and the line from the beam to its closest point is a right one: which side is it on?
    side = np.sign(point[:, 1] * np.cos(tracks.phi) - point[:, 0] * np.sin(tracks.phi))
    d0 = side * np.hypot(*point.T[:2]) + error_d0 * rng.standard_normal(len(jet))
    z0 = point[:, 2] + error_z0 * rng.standard_normal(len(jet))
    origin = _origins(particles)[true]
    return {
        "n_tracks": np.bincount(jet, minlength=len(columns["pt"])).astype(np.int8),
        "track_pt": short(tracks.pt, BITS),
        "track_delta_eta": rounded(tracks.eta - columns["eta"][jet], ANGLE_STEP),
        "track_delta_phi": rounded(-across, ANGLE_STEP),
        "track_charge": tracks.charge.astype(np.int8),
        "track_d0": rounded(np.sign(across) * d0, D0_STEP),
        "track_z0": rounded(np.sign(columns["eta"][jet] - tracks.eta) * z0, Z0_STEP),
        "track_d0_error": short(error_d0, ERROR_BITS),
        "track_z0_error": short(error_z0, ERROR_BITS),
        "track_origin": origin.astype(np.int8),
        "track_vertex": _vertices(jet, made[true], origin).astype(np.int8),
    }


def _origins(particles: dict) -> np.ndarray:
    """For each particle the kind of vertex that it comes from."""
    beauty, charm = (is_last(particles, hadron_with(particles, quark)) for quark in (5, 4))
    strange = np.isin(np.abs(particles["id"]), (310, 3122, 3112, 3222, 3312, 3322, 3334, 130, 13, 211, 321))
    far = np.hypot(*particles["vertex"].T[:2]) > 0.01
    later = has_ancestor(particles, strange & (particles["status"] < 0))
    return np.select(
        [later, has_ancestor(particles, charm), has_ancestor(particles, beauty), far],
        [FROM_OTHER, FROM_C, FROM_B, FROM_OTHER],
        default=FROM_PRIMARY,
    )


def _vertices(jet: np.ndarray, position: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Number of each track's true vertex within its jet: 0 for the primary one, then 1, 2 ... by distance."""
    place = np.where((origin == FROM_PRIMARY)[:, None], 0.0, position).round(3)  # micrometres
    far = np.linalg.norm(place, axis=1)
    key, number = np.unique(np.column_stack([jet, far, place]), axis=0, return_inverse=True)
    number = number.reshape(-1)
    starts = np.searchsorted(key[:, 0], np.arange(jet.max(initial=-1) + 1))
    within = np.arange(len(key)) - starts[key[:, 0].astype(int)]
    has_primary = (key[:, 1] == 0)[np.minimum(starts, len(key) - 1)] if len(key) else np.zeros(0, bool)
    return (within + ~has_primary[key[:, 0].astype(int)])[number]


_RAGGED = {"counts": "n_tracks"}
_RELATIVE = {"precision": f"relative 2^-{BITS + 1}", "min": 0}
_ANGLE = {"step": ANGLE_STEP}
_ERROR = {"unit": "mm", "precision": f"relative 2^-{ERROR_BITS + 1}", "min": 0, **_RAGGED}
COLUMNS = {
    "pt": {"unit": "GeV", "description": "transverse momentum of the jet", **_RELATIVE},
    "eta": {"unit": "", "description": "its pseudorapidity", **_ANGLE},
    "phi": {"unit": "rad", "description": "its azimuth, -pi to pi", **_ANGLE},
    "mass": {"unit": "GeV", "description": "its mass", **_RELATIVE},
    "flavour": {
        "unit": "",
        "description": "5 with a b hadron in it, else 4 with a c hadron, else 0",
        "min": 0,
        "max": 5,
    },
    "n_tracks": {"unit": "", "description": f"tracks that are stored, at most {TRACKS}", "min": 0},
    "track_pt": {"unit": "GeV", "description": "transverse momentum of the tracks, in falling order"}
    | _RELATIVE
    | _RAGGED,
    "track_delta_eta": {"unit": "", "description": "eta of the track minus that of the jet", **_ANGLE, **_RAGGED},
    "track_delta_phi": {"unit": "rad", "description": "phi of the track minus that of the jet", **_ANGLE, **_RAGGED},
    "track_charge": {"unit": "e", "description": "its charge", "min": -1, "max": 1, **_RAGGED},
    "track_d0": {
        "unit": "mm",
        "description": "transverse impact parameter, positive where the track crosses the axis of the jet in front of "
        "the primary vertex; times -sign(track_delta_phi) it is the geometric one, positive for a track that has the "
        "vertex on its right-hand side",
        "step": D0_STEP,
        **_RAGGED,
    },
    "track_z0": {
        "unit": "mm",
        "description": "longitudinal impact parameter, positive likewise; geometric: times -sign(track_delta_eta)",
        "step": Z0_STEP,
        **_RAGGED,
    },
    "track_d0_error": {"description": "standard deviation of track_d0, without that of the primary vertex", **_ERROR},
    "track_z0_error": {"description": "standard deviation of track_z0, without that of the primary vertex", **_ERROR},
    "track_origin": {
        "unit": "",
        "description": "truth: 0 primary vertex, 1 decay of a b hadron, 2 of a c hadron (from a b hadron or not), "
        "3 any other decay (K_S, Lambda ...)",
        "min": 0,
        "max": 3,
        **_RAGGED,
    },
    "track_vertex": {
        "unit": "",
        "description": "truth: number of the vertex within the jet, 0 for the primary one; tracks with the same number "
        "come from one point",
        "min": 0,
        **_RAGGED,
    },
}


def _component(name: str, process: str, flavour: int, share: float) -> Component:
    window = ("PhaseSpace:pTHatMin = 40", "PhaseSpace:pTHatMax = 150", "PartonLevel:MPI = off")
    return Component(name, (f"HardQCD:{process} = on", *window), share=share, origin=flavour)


FLAVOUR_JETS = Recipe(
    name="flavour_jets",
    title="Jets of b, c and light quarks with tracks at 13 TeV",
    description=(
        "Anti-kT jets with R = 0.4, 30 < pt < 150 GeV, |eta| < 2.4, labelled by ghost association of b and c hadrons "
        "with pt > 5 GeV: b jets from b bbar, c jets from c cbar, light ones (u, d, s and gluons) from all of QCD, so "
        "that the three have somewhat different spectra. Up to 15 tracks with pt > 0.5 GeV, the hardest ones, as "
        "helices in 3.8 T; impact parameters from a primary vertex that is known to 12 micrometres in each direction, "
        "with Gaussian resolutions after CMS (arXiv:1405.6569). Particle-flow candidates of a parametrised CMS-like "
        "detector, no pile-up, no underlying event, no wrongly reconstructed tracks. One or two tracks in 100 have a "
        "track_delta_phi of zero after rounding: of those the side on which they pass is not known."
    ),
    process="hard b bbar, c cbar and all QCD 2 -> 2, pTHat 40 to 150 GeV; parton showers, hadronisation",
    energy_tev=13.0,
    luminosity_fb=None,
    components=(
        _component("b bbar", "hardbbbar", 5, 157),
        _component("c cbar", "hardccbar", 4, 149),
        _component("QCD", "all", 0, 186),
    ),
    reconstruct=reconstruct,
    columns=COLUMNS,
    default_events=49_200,
    default_seed=20260151,
    batch_events=200,
    libraries=("fastjet",),
)
