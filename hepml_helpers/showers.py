"""Calorimeter showers in a parametrised simulation: pictures of three layers for a known incident energy.

The calorimeter is that of CaloGAN (arXiv:1705.02355): 2 mm of lead and 4 mm of liquid argon in turn, 480 mm x 480 mm
wide and 480 mm deep, read out in three layers. The particle enters in the middle of the front face, at right angles.
Lengths are in mm and energies in GeV (CaloGAN's files hold MeV); a cell shows energy on the electromagnetic scale, so
that a contained positron shows its incident energy on average.

Positrons and photons follow GFLASH (G. Grindhammer and S. Peters, hep-ex/0001020, appendix A): a gamma profile in depth
whose two parameters fluctuate together, and a core and a tail around the axis that widen with depth. A photon begins
where it converts, 9/7 radiation lengths deep on average. A cell collects its mean share in random portions, as a Gamma
variate whose variance is SAMPLING_TERM^2 times its mean: whatever cells are added up to a mean energy E, their sum
fluctuates by SAMPLING_TERM / sqrt(E) of it.

Pions cross the stack as minimum ionising particles until they interact, if they do, and then share their energy between
an electromagnetic cascade as above and a hadronic one: the mean share after T. A. Gabriel et al., Nucl. Instrum. Meth.
A 338 (1994) 336, the hadronic depth profile after R. K. Bock et al., Nucl. Instrum. Meth. 186 (1981) 533, and its
response e/h as measured for lead and liquid argon (hep-ex/9911033). How this share fluctuates, and how wide and how
grainy both cascades of a pion are, are plausible choices of this room and no measurement.

Not in it: shifts of the shower axis, subshowers away from it, energy scattered back towards the front, other entry
points and angles, photons that react with nuclei, and a pion's loss beyond minimum ionisation. It is a sample to learn
from, no replacement for Geant4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import gammainc

ENERGY_RANGE = (1.0, 100.0)  # GeV
WIDTH = 480.0  # mm, both ways across
LAYER_DEPTHS = (90.0, 347.0, 43.0)  # mm, front to back
LAYER_SHAPES = ((3, 96), (12, 12), (12, 6))  # cells along x (azimuth in CaloGAN) and along y (pseudorapidity)

SAMPLING_TERM = 0.10  # sqrt(GeV), electromagnetic cascades
HADRONIC_TERM = 0.50  # sqrt(GeV), both cascades of a pion: fewer and larger portions
E_OVER_H = 1.74  # hep-ex/9911033

# Lead and liquid argon, from the tables of atomic and nuclear properties of the Review of Particle Physics.
_Z, _A, _DENSITY = np.array([82.0, 18.0]), np.array([207.2, 39.948]), np.array([11.35, 1.396])  # g/cm^3
_SHARE_OF_LENGTH = np.array([2.0, 4.0]) / 6.0
_SHARE_OF_MASS = _SHARE_OF_LENGTH * _DENSITY / (_SHARE_OF_LENGTH * _DENSITY).sum()
_X0 = np.array([6.37, 19.55])  # g/cm^2
_EC = 2.66 * (_X0 * _Z / _A) ** 1.1  # MeV
_PION_LENGTH = np.array([226.2, 149.0])  # g/cm^2
_DEDX = np.array([1.122, 1.508])  # MeV cm^2/g, minimum ionising

# The two as one effective medium, hep-ex/0001020.
RADIATION_LENGTH = float(10.0 / np.sum(_SHARE_OF_LENGTH * _DENSITY / _X0))  # mm
CRITICAL_ENERGY = float(np.sum(_SHARE_OF_LENGTH * _DENSITY * _EC / _X0)) * RADIATION_LENGTH / 10_000.0  # GeV
MOLIERE_RADIUS = RADIATION_LENGTH * 0.0212 / CRITICAL_ENERGY  # mm
INTERACTION_LENGTH = float(10.0 / np.sum(_SHARE_OF_LENGTH * _DENSITY / _PION_LENGTH))  # mm, of pions
MIP_LOSS = float(np.sum(_SHARE_OF_LENGTH * _DENSITY * _DEDX)) / 10_000.0  # GeV/mm
_Z_EFF = float(np.sum(_SHARE_OF_MASS * _Z))
_SAMPLINGS = RADIATION_LENGTH / 6.0  # sampling frequency: lead plates in a radiation length
E_OVER_MIP = float(1.0 / (1.0 + 0.007 * (_Z[0] - _Z[1])))  # signal of an electron over that of a mip of equal loss

_LAYER_EDGES = np.concatenate([[0.0], np.cumsum(LAYER_DEPTHS)])
_SLICES_PER_LAYER = (6, 22, 3)  # about one radiation length each
_SLICE_LAYER = np.repeat(np.arange(3), _SLICES_PER_LAYER)
_SLICE_EDGES = np.concatenate(
    [np.linspace(*_LAYER_EDGES[i : i + 2], n, endpoint=False) for i, n in enumerate(_SLICES_PER_LAYER)]
    + [_LAYER_EDGES[-1:]]
)
_CELL_BOUNDS = np.concatenate([[0], np.cumsum([np.prod(shape) for shape in LAYER_SHAPES])])
_LOG_RADII = np.linspace(np.log(0.5), np.log(1000.0), 96)  # mm; radii beyond are set to the ends
_BLOCK = 500  # showers that are worked on at a time; the results do not depend on it


@dataclass(frozen=True, eq=False)
class Showers:
    """What ``make_showers`` returns.

    Attributes
    ----------
    particle : str
        "positron", "photon" or "pion".
    incident_energy : ndarray, shape (n,)
        Energy of the particle in GeV.
    layers : tuple of three ndarrays, shapes (n, 3, 96), (n, 12, 12), (n, 12, 6)
        Energy of each cell in GeV, front layer first, as float32. Axis 1 is x and axis 2 is y: cells of 160 mm x 5 mm,
        40 mm x 40 mm and 40 mm x 80 mm.
    """

    particle: str
    incident_energy: np.ndarray
    layers: tuple[np.ndarray, np.ndarray, np.ndarray]

    @property
    def layer_energy(self) -> np.ndarray:
        """Sum of the cells of each layer in GeV, shape (n, 3)."""
        return np.stack([layer.sum(axis=(1, 2), dtype=np.float64) for layer in self.layers], axis=-1)

    @property
    def positions(self) -> tuple[np.ndarray, ...]:
        """x and y of the middle of each cell in mm, from the axis: shapes (2, 3, 96), (2, 12, 12), (2, 12, 6)."""
        axes = [[(np.arange(n) + 0.5 - n / 2.0) * WIDTH / n for n in shape] for shape in LAYER_SHAPES]
        return tuple(np.stack(np.meshgrid(x, y, indexing="ij")) for x, y in axes)

    def __len__(self) -> int:
        return len(self.incident_energy)


def make_showers(particle: str, incident_energy, rng, *, noise: float = 0.0, threshold: float = 0.001) -> Showers:
    """Showers of one kind of particle.

    Parameters
    ----------
    particle : str
        "positron", "photon" or "pion" (a charged one).
    incident_energy : array_like, shape (n,)
        Energies in GeV, of 1 to 100 GeV.
    rng : numpy.random.Generator
        Where the random numbers come from.
    noise : float, optional
        Standard deviation of the electronic noise of a cell in GeV; none by default, as in CaloGAN's samples.
    threshold : float, optional
        Cells that read less, in GeV, are set to exactly zero: by default 1 MeV, which costs a shower of 1 GeV half a
        per cent of its energy. With noise, three to four times the noise keeps the pictures sparse.

    Returns
    -------
    Showers
        ``layers``, ``incident_energy`` and ``layer_energy``. Energy that leaves at the back or at the sides is lost.

    Raises
    ------
    ValueError
        If the particle is unknown, the energies are no list or outside of 1 to 100 GeV, or a setting is negative.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> showers = make_showers("photon", rng.uniform(1, 100, size=5), rng)
    >>> [layer.shape for layer in showers.layers], showers.layer_energy.shape
    ([(5, 3, 96), (5, 12, 12), (5, 12, 6)], (5, 3))
    """
    if particle not in _DEVELOPMENTS:
        raise ValueError(f"particle is {particle!r}; expected one of {', '.join(map(repr, _DEVELOPMENTS))}")
    energy = _checked_energy(incident_energy)
    for name, value in (("noise", noise), ("threshold", threshold)):
        if not 0.0 <= value < np.inf:
            raise ValueError(f"{name} is {value}; expected a number of at least 0, in GeV")
    cascades, track = _DEVELOPMENTS[particle](energy, rng)
    layers = tuple(np.empty((len(energy), *shape), dtype=np.float32) for shape in LAYER_SHAPES)
    for rows in _blocks(len(energy)):
        _fill(layers, rows, _collect([cascade.rows(rows) for cascade in cascades], rng))
    _add_track(layers, track)
    for rows in _blocks(len(energy)) if noise > 0.0 else ():
        _fill(layers, rows, rng.normal(0.0, noise, (len(energy[rows]), _CELL_BOUNDS[-1])), add=True)
    for layer in layers:
        layer[layer < threshold] = 0.0
    return Showers(particle, energy, layers)


def longitudinal_shape(energy, rng) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of the depth profiles of electromagnetic showers, each shower with its own.

    With t the depth in radiation lengths, dE/dt = E (beta t)^(alpha-1) beta exp(-beta t) / Gamma(alpha): the maximum is
    at T = (alpha-1)/beta, the mean depth is alpha/beta. ln T and ln alpha are drawn from a normal distribution in two
    dimensions, for a sampling calorimeter (hep-ex/0001020, appendix A).

    Parameters
    ----------
    energy : array_like, shape (n,)
        In GeV.
    rng : numpy.random.Generator

    Returns
    -------
    alpha, beta : ndarrays, shape (n,)
        beta counts in inverse radiation lengths.
    """
    log_y = np.log(np.asarray(energy, dtype=np.float64) / CRITICAL_ENERGY)
    mean_t = np.log(log_y - 0.812 - 0.55 / _SAMPLINGS - 0.69 * (1.0 - E_OVER_MIP))
    sigma_t = 1.0 / (-2.5 + 1.25 * log_y)
    sigma_alpha = 1.0 / (-0.82 + 0.79 * log_y)
    rho = 0.784 - 0.023 * log_y
    common, opposite = rng.standard_normal((2, len(log_y))) * np.sqrt([(1.0 + rho) / 2.0, (1.0 - rho) / 2.0])
    t_max = np.exp(mean_t + sigma_t * (common + opposite))
    alpha = np.maximum(_typical_alpha(log_y) * np.exp(sigma_alpha * (common - opposite)), 1.1)
    return alpha, (alpha - 1.0) / t_max


def radial_shape(tau, energy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How the energy of an electromagnetic shower lies around its axis at one depth.

    The share of the energy in a ring is f(r) dr with f = w g(r; core) + (1-w) g(r; tail) and
    g(r; R) = 2 r R^2 / (r^2 + R^2)^2 (hep-ex/0001020, appendix A).

    Parameters
    ----------
    tau : array_like, shape (...)
        Depth in units of the depth of the shower maximum.
    energy : array_like, shape that broadcasts with it
        Energy of the shower in GeV.

    Returns
    -------
    weight, core, tail : ndarrays, shape (...)
        Weight of the core, and both radii in mm; half of a component lies within its radius.
    """
    tau, log_e = np.asarray(tau, dtype=np.float64), np.log(energy)
    plates, dense = np.exp(-tau) / _SAMPLINGS, 1.0 - E_OVER_MIP
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * _Z_EFF) * tau - 0.0203 * dense + 0.0397 * plates
    slope = 0.3585 + 0.0421 * log_e
    tail = (0.6590 - 0.00309 * _Z_EFF) * (np.exp(-2.59 * (tau - 0.6450)) + np.exp(slope * (tau - 0.6450)))
    tail = tail - 0.14 * dense - 0.495 * plates
    bend = (0.401 + 0.00187 * _Z_EFF - tau) / (1.313 - 0.0686 * log_e)
    weight = (2.632 - 0.00094 * _Z_EFF) * np.exp(bend - np.exp(bend))
    weight = weight + dense * (0.348 - 0.642 / _SAMPLINGS * np.exp(-((tau - 1.0) ** 2)))
    return np.clip(weight, 0.0, 1.0), core * MOLIERE_RADIUS, tail * MOLIERE_RADIUS


@dataclass(frozen=True, eq=False)
class _Cascade:
    """One cascade of each shower: arrays of shape (n,), and what all of them have in common."""

    energy: np.ndarray  # GeV on the electromagnetic scale
    start: np.ndarray  # mm
    alpha: np.ndarray  # of the gamma profile in depth
    beta: np.ndarray  # of the same, in 1/unit
    shape_energy: np.ndarray  # GeV, sets the radial shape
    unit: float  # mm
    quantum: float  # GeV, variance over mean of a cell
    radii: Callable  # (cascade, depth in units) -> weight, core, tail

    def rows(self, chosen: slice) -> "_Cascade":
        arrays = ("energy", "start", "alpha", "beta", "shape_energy")
        return replace(self, **{name: getattr(self, name)[chosen] for name in arrays})


def _electromagnetic(energy: np.ndarray, start: np.ndarray, rng) -> _Cascade:
    shape_energy = np.maximum(energy, ENERGY_RANGE[0])  # the parametrisation holds from 1 GeV on
    alpha, beta = longitudinal_shape(shape_energy, rng)
    return _Cascade(energy, start, alpha, beta, shape_energy, RADIATION_LENGTH, SAMPLING_TERM**2, _radii_from_depth)


def _radii_from_depth(cascade: _Cascade, depth: np.ndarray) -> tuple:
    """``radial_shape`` of a fluctuating shower: depth in units of its own mean depth (hep-ex/0001020)."""
    energy, alpha, beta = (x[:, None] for x in (cascade.shape_energy, cascade.alpha, cascade.beta))
    typical = _typical_alpha(np.log(energy / CRITICAL_ENERGY))
    return radial_shape(depth * beta / alpha * typical / (typical - 1.0), energy)


def _typical_alpha(log_y: np.ndarray) -> np.ndarray:
    return 0.81 + (0.458 + 2.26 / _Z_EFF) * log_y - 0.476 / _SAMPLINGS


def _positron(energy: np.ndarray, rng) -> tuple:
    return [_electromagnetic(energy, np.zeros_like(energy), rng)], None


def _photon(energy: np.ndarray, rng) -> tuple:
    return [_electromagnetic(energy, rng.exponential(9.0 / 7.0 * RADIATION_LENGTH, len(energy)), rng)], None


def _pion(energy: np.ndarray, rng) -> tuple:
    start = rng.exponential(INTERACTION_LENGTH, len(energy))
    left = energy - MIP_LOSS * np.minimum(start, _LAYER_EDGES[-1])
    mean_share = np.maximum(1.0 - left ** (0.82 - 1.0), 0.02)  # of neutral pions; Gabriel et al., E0 = 1 GeV
    share = rng.beta(5.0 * mean_share, 5.0 * (1.0 - mean_share))
    log_e = np.log(np.maximum(left, 1.0))
    alpha, beta = 0.6165 + 0.3183 * log_e, 0.9099 - 0.0237 * log_e  # Bock et al.
    visible = (1.0 - share) * left / E_OVER_H
    hadronic = _Cascade(visible, start, alpha, beta, left, INTERACTION_LENGTH, HADRONIC_TERM**2, _hadronic_radii)
    neutral = replace(_electromagnetic(share * left, start, rng), quantum=HADRONIC_TERM**2, radii=_wider_radii)
    return [neutral, hadronic], _mip_track(start, rng)


def _wider_radii(cascade: _Cascade, depth: np.ndarray) -> tuple:
    """An electromagnetic cascade of several neutral pions, each of which left the axis at a small angle."""
    weight, core, tail = _radii_from_depth(cascade, depth)
    return weight, np.hypot(core, MOLIERE_RADIUS / 2.0), np.hypot(tail, MOLIERE_RADIUS / 2.0)


def _hadronic_radii(cascade: _Cascade, depth: np.ndarray) -> tuple:
    return 0.5, 0.05 * INTERACTION_LENGTH * (1.0 + depth), 0.2 * INTERACTION_LENGTH * (1.0 + depth)


def _mip_track(end: np.ndarray, rng) -> tuple:
    """Energy in each layer, shape (n, 3), and the side of the axis, shape (n, 2), of tracks that end at this depth.

    Energy loss follows Moyal's distribution, whose width is that of Landau's in the argon: 4.6 % of the mean. A track
    on the axis runs between cells; scattering puts it on one side of each, and there it stays.
    """
    path = np.clip(end[:, None], _LAYER_EDGES[:-1], _LAYER_EDGES[1:]) - _LAYER_EDGES[:-1]
    moyal = -np.log(np.maximum(rng.standard_normal(path.shape) ** 2, 1e-12))
    spread = 1.0 + 0.046 * (moyal - np.euler_gamma - np.log(2.0))
    return path * MIP_LOSS / E_OVER_MIP * spread, rng.choice([-1, 1], (len(end), 2))


_DEVELOPMENTS = {"positron": _positron, "photon": _photon, "pion": _pion}


def _collect(cascades: list[_Cascade], rng) -> np.ndarray:
    """Energy of all cells, shape (n, 504): a Gamma variate around the mean of each cell, cascades added up."""
    quantum = np.array([cascade.quantum for cascade in cascades])[:, None]
    mean = np.stack([_mean_cells(cascade) for cascade in cascades], axis=1)
    return (rng.standard_gamma(mean / quantum) * quantum).sum(axis=1)


def _mean_cells(cascade: _Cascade) -> np.ndarray:
    """Mean energy of all cells, shape (n, 504).

    In each slice of depth the energy lies around the axis in two components of known radius. Those of a layer are
    sorted by radius, and each radius has a table of the share of every cell.
    """
    inside = np.maximum(_SLICE_EDGES - cascade.start[:, None], 0.0) / cascade.unit
    below = gammainc(cascade.alpha[:, None], cascade.beta[:, None] * inside)
    energy = cascade.energy[:, None] * np.diff(below, axis=1)
    weight, core, tail = cascade.radii(cascade, (inside[:, 1:] + inside[:, :-1]) / 2.0)
    by_radius = _sort_by_radius(core, weight * energy) + _sort_by_radius(tail, (1.0 - weight) * energy)
    return np.concatenate([by_radius[:, i] @ table for i, table in enumerate(_cell_tables())], axis=1)


def _sort_by_radius(radius: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Energy by layer and radius, shape (n, 3, radii), from slices, shape (n, slices); split between two neighbours."""
    step, n_radii = _LOG_RADII[1] - _LOG_RADII[0], len(_LOG_RADII)
    place = np.clip((np.log(radius) - _LOG_RADII[0]) / step, 0.0, n_radii - 1.001)
    lower = place.astype(np.intp)
    upper_share = (place - lower) * energy
    index = (np.arange(len(energy))[:, None] * 3 + _SLICE_LAYER) * n_radii + lower
    size = len(energy) * 3 * n_radii
    total = np.bincount(index.ravel(), (energy - upper_share).ravel(), size)
    total += np.bincount(index.ravel() + 1, upper_share.ravel(), size)
    return total.reshape(len(energy), 3, n_radii)


@cache
def _cell_tables() -> list[np.ndarray]:
    """Share of every cell for each radius, a table of shape (radii, cells) for each layer.

    The integral of R^2 / (pi (x^2 + y^2 + R^2)^2) from the axis to (x, y) is known in closed form.
    """
    tables = []
    for shape in LAYER_SHAPES:
        x, y = (np.linspace(-WIDTH / 2.0, WIDTH / 2.0, n + 1) for n in shape)
        x, y, radius = x[:, None], y[None, :], np.exp(_LOG_RADII)[:, None, None]
        along_x, along_y = np.hypot(x, radius), np.hypot(y, radius)
        corner = (x / along_x * np.arctan(y / along_x) + y / along_y * np.arctan(x / along_y)) / (2.0 * np.pi)
        tables.append(np.diff(np.diff(corner, axis=1), axis=2).reshape(len(_LOG_RADII), -1))
    return tables


def _fill(layers: tuple, rows: slice, cells: np.ndarray, *, add: bool = False) -> None:
    for layer, first, last in zip(layers, _CELL_BOUNDS, _CELL_BOUNDS[1:], strict=False):
        picture = cells[:, first:last].reshape(-1, *layer.shape[1:])
        layer[rows] = layer[rows] + picture if add else picture


def _add_track(layers: tuple, track: tuple | None) -> None:
    if track is None:
        return
    energy, side = track
    for i, layer in enumerate(layers):
        x, y = (np.floor(n / 2.0 + 0.25 * side[:, axis]).astype(np.intp) for axis, n in enumerate(layer.shape[1:]))
        layer[np.arange(len(layer)), x, y] += energy[:, i]


def _blocks(n: int) -> Iterator[slice]:
    return (slice(first, first + _BLOCK) for first in range(0, n, _BLOCK))


def _checked_energy(incident_energy) -> np.ndarray:
    energy = np.array(incident_energy, dtype=np.float64)
    if energy.ndim != 1:
        raise ValueError(f"incident_energy has shape {energy.shape}; expected (n,), one energy for each shower")
    bad = ~((energy >= ENERGY_RANGE[0]) & (energy <= ENERGY_RANGE[1]))
    if np.any(bad):
        place = np.flatnonzero(bad)[0]
        raise ValueError(f"incident_energy holds {energy[place]} at position {place}; expected 1 to 100, in GeV")
    return energy
