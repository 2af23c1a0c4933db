"""Tracks in a barrel of silicon: charged particles on helices in a solenoid, and the hits that they leave.

Conventions: lengths in mm, momenta in GeV, angles in radians, fields in tesla along +z, which is the beam. A table has
one row for each particle or hit of all events together, and the column ``event`` says to which event a row belongs.

A particle of charge q, transverse momentum pt and direction (eta, phi) starts at its vertex and moves on a circle of
radius R = pt / (0.3 |q B|) in metres across the beam, while z advances by sinh(eta) for each mm along the circle
(Review of Particle Physics, Phys. Rev. D 110, 030001, "Particle detectors": measurement of momenta in a magnetic
field; `kinematics.bending_radius`). The force q v x B turns a positive charge clockwise, seen from +z.

A layer is a thin cylinder around the beam. A particle that starts inside of it leaves one hit at most, where it first
reaches the layer; when it curls back it leaves no second one, and one that starts further out leaves none. Left out:
endcaps, scattering and energy loss in the material, the shapes of modules, and a field that varies. The particles of
one decay do not share their point of decay.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from hepml_helpers.kinematics import CURVATURE

NOISE = -1  # in the column `particle` of a hit that no particle left
_MM = 1000.0  # in a metre


def _check_within(values, name: str, *, high: float) -> None:
    values = np.asarray(values, dtype=np.float64)
    bad = ~((values >= 0.0) & (values <= high) & np.isfinite(values))
    if np.any(bad):
        limit = "at least 0" if high == np.inf else f"0 to {high:g}"
        raise ValueError(f"{name} holds {values[bad].flat[0]}; expected numbers of {limit}")


def _check_whole(values, name: str, *, low: int) -> None:
    values = np.asarray(values)
    if values.size and (values.dtype.kind not in "iu" or np.any(values < low)):
        raise ValueError(f"{name} is {values.tolist()}; expected whole numbers of at least {low}")


@dataclass(frozen=True)
class Tracker:
    """Layers around the beam and what they measure. A number stands for the same in every layer.

    Attributes
    ----------
    radii : tuple of float
        In mm, from the inside outwards.
    half_lengths : float or tuple
        A layer reaches from -half_length to +half_length along the beam, in mm.
    field : float
        Tesla along +z; 0 for straight tracks.
    resolution_rphi, resolution_z : float or tuple
        Standard deviations of a measured position in mm, around the layer and along it.
    efficiency : float or tuple
        Probability that a particle which crosses the layer leaves a hit.
    noise : float or tuple
        Mean number of noise hits of the layer in an event.

    Raises
    ------
    ValueError
        If radii do not increase, a tuple has not one number for each layer, or a number is out of its range.
    """

    radii: tuple[float, ...]
    half_lengths: float | tuple[float, ...]
    field: float
    resolution_rphi: float | tuple[float, ...] = 0.0
    resolution_z: float | tuple[float, ...] = 0.0
    efficiency: float | tuple[float, ...] = 1.0
    noise: float | tuple[float, ...] = 0.0

    def __post_init__(self):
        radii = np.asarray(self.radii, dtype=np.float64)
        if radii.ndim != 1 or radii.size == 0 or not (radii[0] > 0.0 and np.all(np.diff(radii) > 0.0)):
            raise ValueError(f"radii are {self.radii}; expected positive numbers of mm that increase")
        _check_within(radii, "radii", high=np.inf)
        if not np.isfinite(self.field):
            raise ValueError(f"field is {self.field}; expected a finite number of tesla")
        object.__setattr__(self, "radii", tuple(radii.tolist()))
        for name in ("half_lengths", "resolution_rphi", "resolution_z", "efficiency", "noise"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.shape not in ((), radii.shape):
                raise ValueError(f"{name} has shape {values.shape}; expected one number or {radii.size}, one a layer")
            _check_within(values, name, high=1.0 if name == "efficiency" else np.inf)
            object.__setattr__(self, name, tuple(np.broadcast_to(values, radii.shape).tolist()))

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.radii)


# The barrel of the TrackML challenge (arXiv:1904.06778; the "generic detector" of ACTS) in its 2 T: four pixel layers,
# four of short and two of long strips. Resolutions are the pitches of the sensors, 50 µm x 56 µm, 80 µm x 1.2 mm and
# 120 µm x 10.8 mm, divided by sqrt(12). Efficiency and noise are choices of this room.
TRACKML_BARREL = Tracker(
    radii=(32.0, 72.0, 116.0, 172.0, 260.0, 360.0, 500.0, 660.0, 820.0, 1020.0),
    half_lengths=(491.0,) * 4 + (1084.0,) * 6,
    field=2.0,
    resolution_rphi=(0.0144,) * 4 + (0.0231,) * 4 + (0.0346,) * 2,
    resolution_z=(0.0162,) * 4 + (0.346,) * 4 + (3.12,) * 2,
    efficiency=0.98,
    noise=2.0,
)
# The simplest event of tracks: straight lines, 35 points on each, nothing lost and nothing added.
STRAIGHT_LINES = Tracker(
    radii=tuple(range(30, 1051, 30)), half_lengths=3000.0, field=0.0, resolution_rphi=0.1, resolution_z=0.1
)


@dataclass(frozen=True)
class Collisions:
    """What comes out of the collisions of one event.

    Attributes
    ----------
    pt_range : (float, float)
        Lowest and highest transverse momentum in GeV.
    pt_power : float
        The spectrum falls as dN/dpt ~ pt^-pt_power; 0 makes it flat.
    eta_range : (float, float)
        Pseudorapidities are flat between these; azimuths are flat all around.
    beam_spot : (float, float)
        Standard deviations of a collision's position in mm, along x and y and along z.
    n_vertices : int
        Collisions in one event; each particle comes from one of them at random.
    displaced_share : float
        Probability that a particle comes from a decay away from the collision.
    decay_length : float
        Mean of the exponential distance flown before the decay, across the beam, in mm.
    decay_angle : float
        Standard deviation of the angles, in phi and in eta, between this flight and the particle.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    pt_range: tuple[float, float] = (0.5, 20.0)
    pt_power: float = 3.0
    eta_range: tuple[float, float] = (-1.0, 1.0)
    beam_spot: tuple[float, float] = (0.015, 50.0)
    n_vertices: int = 1
    displaced_share: float = 0.0
    decay_length: float = 10.0
    decay_angle: float = 0.3

    def __post_init__(self):
        if not 0.0 < self.pt_range[0] <= self.pt_range[1] < np.inf:
            raise ValueError(f"pt_range is {self.pt_range}; expected a lowest and a highest positive number of GeV")
        if not -np.inf < self.eta_range[0] <= self.eta_range[1] < np.inf:
            raise ValueError(f"eta_range is {self.eta_range}; expected a lowest and a highest finite number")
        if not np.isfinite(self.pt_power):
            raise ValueError(f"pt_power is {self.pt_power}; expected a finite number")
        _check_whole(self.n_vertices, "n_vertices", low=1)
        _check_within(self.displaced_share, "displaced_share", high=1.0)
        for name in ("beam_spot", "decay_length", "decay_angle"):
            _check_within(getattr(self, name), name, high=np.inf)


COLLISIONS = Collisions()


class _Table:
    """Columns of equal length: ``table[rows]`` keeps the rows of a mask, a slice or an array of indices."""

    def __len__(self) -> int:
        return len(self.event)

    def __getitem__(self, rows):
        columns = [field.name for field in fields(self) if field.name != "n_events"]
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def of_event(self, event: int):
        """The rows of one event."""
        return self[self.event == event]


@dataclass(frozen=True, eq=False)
class Particles(_Table):
    """The truth: charged particles where they start. Columns are arrays of shape (n_particles,).

    Attributes
    ----------
    event : ndarray of int
        Number of the event, from 0 to n_events - 1.
    pt, eta, phi : ndarray
        Momentum at the start: GeV, pseudorapidity, azimuth in [-pi, pi).
    charge : ndarray of int
        1 or -1; a neutral particle, 0, goes straight.
    x, y, z : ndarray
        Where the particle starts, in mm.
    displaced : ndarray of bool
        True if that is a decay away from the collision.
    n_events : int
        Also counts events without particles.
    """

    event: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    charge: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    displaced: np.ndarray
    n_events: int

    def __post_init__(self):
        shapes = {field.name: np.shape(getattr(self, field.name)) for field in fields(self) if field.name != "n_events"}
        if len(set(shapes.values())) > 1 or len(shapes["event"]) != 1:
            raise ValueError(f"the columns have shapes {shapes}; expected one common (n_particles,)")
        if not np.all(self.pt > 0.0):
            raise ValueError(f"pt holds {self.pt[~(self.pt > 0.0)][0]}; expected positive numbers of GeV")


@dataclass(frozen=True, eq=False)
class Hits(_Table):
    """What the layers measure, with the truth. Columns are arrays of shape (n_hits,).

    Attributes
    ----------
    event : ndarray of int
        Number of the event. Events come in order; the hits of one event are shuffled.
    layer : ndarray of int
        From 0, the innermost.
    x, y, z : ndarray
        Measured position in mm, on the layer's cylinder.
    particle : ndarray of int
        The truth: the row in the table of particles, or -1 for a noise hit.
    n_events : int
        Also counts events without hits.
    """

    event: np.ndarray
    layer: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    particle: np.ndarray
    n_events: int

    @property
    def xyz(self) -> np.ndarray:
        """Measured positions, shape (n_hits, 3), in mm."""
        return np.stack([self.x, self.y, self.z], axis=-1)


def make_events(n_events: int, n_tracks, rng: np.random.Generator, *, collisions=COLLISIONS, tracker=TRACKML_BARREL):
    """Particles of many events and their hits: `make_particles` and `make_hits` in one call.

    Returns
    -------
    particles : Particles
    hits : Hits

    Examples
    --------
    >>> particles, hits = make_events(2, 4, np.random.default_rng(1), tracker=STRAIGHT_LINES)
    >>> hits.xyz.shape
    (280, 3)
    """
    particles = make_particles(n_events, n_tracks, rng, collisions=collisions)
    return particles, make_hits(particles, rng, tracker=tracker)


def make_particles(n_events: int, n_tracks, rng: np.random.Generator, *, collisions=COLLISIONS) -> Particles:
    """Particles of many events.

    Parameters
    ----------
    n_events : int
    n_tracks : int or array_like of int, shape (n_events,)
        Particles in every event, or in each.
    rng : numpy.random.Generator
        Where the random numbers come from.
    collisions : Collisions, optional
        Momenta and vertices.

    Returns
    -------
    Particles
        Event after event.

    Raises
    ------
    ValueError
        If a number of events or tracks is negative or not whole, or there is not one for each event.

    Examples
    --------
    >>> particles = make_particles(3, 4, np.random.default_rng(1), collisions=Collisions(pt_range=(1.0, 5.0)))
    >>> particles.event.tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    """
    event = np.repeat(np.arange(n_events), _counts(n_events, n_tracks))
    n = len(event)
    spot = np.array(collisions.beam_spot)[[0, 0, 1]]
    vertices = spot * rng.standard_normal((n_events, collisions.n_vertices, 3))
    vertex = vertices[event, rng.integers(collisions.n_vertices, size=n)]
    eta, phi = rng.uniform(*collisions.eta_range, n), rng.uniform(-np.pi, np.pi, n)
    displaced = rng.random(n) < collisions.displaced_share
    flight = _flight(eta, phi, collisions, rng) * displaced[:, np.newaxis]
    x, y, z = (vertex + flight).T
    pt, charge = _falling_pt(collisions, rng.random(n)), rng.choice([-1, 1], n)
    return Particles(event, pt, eta, phi, charge, x, y, z, displaced, n_events)


def make_hits(particles: Particles, rng: np.random.Generator, *, tracker: Tracker = TRACKML_BARREL) -> Hits:
    """Hits that particles leave in a tracker, and noise.

    Parameters
    ----------
    particles : Particles
    rng : numpy.random.Generator
        Where the random numbers come from.
    tracker : Tracker, optional

    Returns
    -------
    Hits
        Sorted by event, in random order within an event.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> particles = make_particles(1, 4, rng)
    >>> len(make_hits(particles, rng, tracker=STRAIGHT_LINES))
    140
    """
    parts = []
    for layer in range(tracker.n_layers):
        parts += [_track_hits(particles, tracker, layer, rng), _noise_hits(particles.n_events, tracker, layer, rng)]
    event, layer, x, y, z, particle = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(event + 0.5 * rng.random(len(event)))
    return Hits(*(column[order] for column in (event, layer, x, y, z, particle)), particles.n_events)


def helix_points(particles: Particles, path, *, field: float) -> np.ndarray:
    """Points on the particles' helices, to draw them.

    Parameters
    ----------
    particles : Particles
    path : array_like, shape (n_points,)
        Distances from the start in mm, measured across the beam along the circle.
    field : float
        Tesla along +z.

    Returns
    -------
    ndarray, shape (n_particles, n_points, 3)
        x, y, z in mm.
    """
    path = np.asarray(path, dtype=np.float64)
    half_turn = 0.5 * _turn_per_mm(particles, field)[:, np.newaxis] * path
    chord, direction = path * np.sinc(half_turn / np.pi), particles.phi[:, np.newaxis] + half_turn
    start = np.stack([particles.x, particles.y, particles.z], axis=-1)[:, np.newaxis, :]
    along = np.sinh(particles.eta)[:, np.newaxis] * path
    return start + np.stack([chord * np.cos(direction), chord * np.sin(direction), along], axis=-1)


def crossing(particles: Particles, radius: float, *, field: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where particles first reach a cylinder around the beam, coming from its inside.

    A chord of length c leaves the start (x, y) at the angle a to the particle's first direction, where 2 a is the
    angle turned so far. With tan(a) as the unknown, |(x, y) + chord| = radius is a quadratic equation, and stays one
    for straight lines. Of its solutions the first along the helix is taken.

    Parameters
    ----------
    particles : Particles
    radius : float
        Of the cylinder, in mm.
    field : float
        Tesla along +z.

    Returns
    -------
    x, y, z : ndarray, shape (n_particles,)
        In mm; nan where a particle starts outside, or its circle does not reach the cylinder.
    """
    cos, sin, turn = np.cos(particles.phi), np.sin(particles.phi), _turn_per_mm(particles, field)
    ahead, left = particles.x * cos + particles.y * sin, particles.y * cos - particles.x * sin
    gain = radius**2 - particles.x**2 - particles.y**2
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(ahead**2 + gain * (1.0 + turn * left - 0.25 * gain * turn**2))
        forward, sideways = ahead + root, 0.5 * gain * turn  # these two span the angle a
        across = np.hypot(forward, sideways)
        chord = np.where(gain > 0.0, gain / across, np.nan)
        path = np.where(turn == 0.0, chord, 2.0 * np.arctan2(np.abs(sideways), forward) / np.abs(turn))
        step_x, step_y = (cos * forward - sin * sideways) / across, (sin * forward + cos * sideways) / across
    z = particles.z + np.sinh(particles.eta) * np.where(gain > 0.0, path, np.nan)
    return particles.x + chord * step_x, particles.y + chord * step_y, z


def _turn_per_mm(particles: Particles, field: float) -> np.ndarray:
    """Change of phi for each mm across the beam: negative for a positive charge, which turns clockwise."""
    return -particles.charge * CURVATURE * field / (_MM * particles.pt)


def _track_hits(particles: Particles, tracker: Tracker, layer: int, rng) -> tuple:
    radius = tracker.radii[layer]
    x, y, z = crossing(particles, radius, field=tracker.field)
    seen = (np.abs(z) <= tracker.half_lengths[layer]) & (rng.random(len(z)) < tracker.efficiency[layer])
    particle = np.flatnonzero(seen)
    angle = tracker.resolution_rphi[layer] / radius * rng.standard_normal(len(particle))
    cos, sin, x, y = np.cos(angle), np.sin(angle), x[particle], y[particle]
    z = z[particle] + tracker.resolution_z[layer] * rng.standard_normal(len(particle))
    event, layers = particles.event[particle], np.full(len(particle), layer)
    return event, layers, x * cos - y * sin, x * sin + y * cos, z, particle


def _noise_hits(n_events: int, tracker: Tracker, layer: int, rng) -> tuple:
    event = np.repeat(np.arange(n_events), rng.poisson(tracker.noise[layer], n_events))
    n, radius, half_length = len(event), tracker.radii[layer], tracker.half_lengths[layer]
    phi, z = rng.uniform(-np.pi, np.pi, n), rng.uniform(-half_length, half_length, n)
    return event, np.full(n, layer), radius * np.cos(phi), radius * np.sin(phi), z, np.full(n, NOISE)


def _flight(eta: np.ndarray, phi: np.ndarray, collisions: Collisions, rng) -> np.ndarray:
    """From the collision to the decay, shape (n, 3): nearly along the particle that comes out of it."""
    distance = rng.exponential(collisions.decay_length, len(eta))
    phi = phi + rng.normal(0.0, collisions.decay_angle, len(eta))
    eta = eta + rng.normal(0.0, collisions.decay_angle, len(eta))
    return distance[:, np.newaxis] * np.stack([np.cos(phi), np.sin(phi), np.sinh(eta)], axis=-1)


def _falling_pt(collisions: Collisions, share: np.ndarray) -> np.ndarray:
    """The pt below which this share of the spectrum lies."""
    (low, high), power = collisions.pt_range, 1.0 - collisions.pt_power
    if power == 0.0:
        return low * (high / low) ** share
    pt = (low**power + share * (high**power - low**power)) ** (1.0 / power)
    return np.clip(pt, low, high)  # rounding


def _counts(n_events: int, n_tracks) -> np.ndarray:
    _check_whole(n_events, "n_events", low=0)
    if np.shape(n_tracks) not in ((), (n_events,)):
        raise ValueError(f"n_tracks has shape {np.shape(n_tracks)}; expected one number or {n_events}, one an event")
    _check_whole(n_tracks, "n_tracks", low=0)
    return np.broadcast_to(np.asarray(n_tracks, dtype=np.int64), (n_events,))
