"""Four-momenta and what is computed from them.

Conventions: natural units (c = 1), energies, momenta and masses in GeV, angles in radians. A four-momentum array ``p4``
has (E, px, py, pz) on its last axis; any axes may stand before it. The z axis is the beam, phi is the azimuth around it
in [-pi, pi), eta = -ln tan(theta / 2) is the pseudorapidity. No function changes its input.

The conventions are those of the Review of Particle Physics (Phys. Rev. D 110, 030001), chapter "Kinematics".
"""

import numpy as np

MUON_MASS = 0.1056583755  # GeV, Review of Particle Physics
ELECTRON_MASS = 0.00051099895  # GeV, Review of Particle Physics
CURVATURE = 0.299792458  # GeV / (T m): pt = CURVATURE * field * radius for a unit charge, the speed of light in 1e9 m/s


def p4_from_pxpypzm(px, py, pz, mass) -> np.ndarray:
    """Four-momenta from Cartesian momenta and the mass.

    Parameters
    ----------
    px, py, pz, mass : array_like, shapes that broadcast to (...)
        Momentum components and mass in GeV.

    Returns
    -------
    ndarray, shape (..., 4)
        Four-momenta (E, px, py, pz) in GeV, with E = sqrt(p^2 + m^2).

    Raises
    ------
    ValueError
        If a mass is negative or not a number.

    Examples
    --------
    >>> p4_from_pxpypzm(0.0, 0.0, 4.0, 3.0).tolist()
    [5.0, 0.0, 0.0, 4.0]
    """
    px, py, pz, mass = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (px, py, pz, mass)))
    _check_not_negative(mass, "mass")
    return np.stack([np.sqrt(px**2 + py**2 + pz**2 + mass**2), px, py, pz], axis=-1)


def p4_from_ptetaphim(pt, eta, phi, mass) -> np.ndarray:
    """Four-momenta from what a detector measures.

    Parameters
    ----------
    pt, eta, phi, mass : array_like, shapes that broadcast to (...)
        Transverse momentum in GeV, pseudorapidity, azimuth in radians, mass in GeV.

    Returns
    -------
    ndarray, shape (..., 4)
        Four-momenta (E, px, py, pz) in GeV.

    Raises
    ------
    ValueError
        If a pt or a mass is negative or not a number.

    Examples
    --------
    >>> p4_from_ptetaphim(3.0, 0.0, 0.0, 4.0).tolist()
    [5.0, 3.0, 0.0, 0.0]
    """
    pt = np.asarray(pt, dtype=np.float64)
    _check_not_negative(pt, "pt")
    return p4_from_pxpypzm(pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), mass)


def pt(p4: np.ndarray) -> np.ndarray:
    """Transverse momentum in GeV, shape (...), of four-momenta of shape (..., 4).

    Examples
    --------
    >>> float(pt(np.array([10.0, 3.0, 4.0, 7.0])))
    5.0
    """
    p4 = _as_p4(p4)
    return np.hypot(p4[..., 1], p4[..., 2])


def phi(p4: np.ndarray) -> np.ndarray:
    """Azimuth in radians in [-pi, pi), shape (...), of four-momenta of shape (..., 4)."""
    p4 = _as_p4(p4)
    return _wrap(np.arctan2(p4[..., 2], p4[..., 1]))


def eta(p4: np.ndarray) -> np.ndarray:
    """Pseudorapidity asinh(pz / pt), shape (...), of four-momenta of shape (..., 4).

    Along the beam, where pt = 0, it is +inf or -inf; for a vanishing momentum it is nan.
    """
    p4 = _as_p4(p4)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arcsinh(p4[..., 3] / pt(p4))


def rapidity(p4: np.ndarray) -> np.ndarray:
    """Rapidity ln((E + pz) / (E - pz)) / 2, shape (...), of four-momenta of shape (..., 4).

    A boost along the beam adds a constant to it. It is +inf or -inf for a massless particle along the beam.
    """
    p4 = _as_p4(p4)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.arctanh(p4[..., 3] / p4[..., 0])


def invariant_mass(p4: np.ndarray) -> np.ndarray:
    """Invariant mass sqrt(E^2 - p^2) of four-momenta.

    Parameters
    ----------
    p4 : ndarray, shape (..., 4)
        Four-momenta (E, px, py, pz) in GeV.

    Returns
    -------
    ndarray, shape (...)
        Mass in GeV; small negative m^2 from rounding is clipped to zero.

    Raises
    ------
    ValueError
        If the last axis does not hold four components.

    Examples
    --------
    >>> float(invariant_mass(np.array([5.0, 0.0, 0.0, 4.0])))
    3.0

    The mass of a pair is the mass of the sum of its four-momenta:

    >>> muons = p4_from_ptetaphim([45.0, 45.0], [0.0, 0.0], [0.0, np.pi], MUON_MASS)
    >>> round(float(invariant_mass(muons.sum(axis=0))), 3)
    90.0
    """
    p4 = _as_p4(p4)
    # (E - p)(E + p) loses fewer digits than E^2 - p^2 where E and p are nearly equal.
    momentum = np.sqrt((p4[..., 1:] ** 2).sum(axis=-1))
    return np.sqrt(np.maximum((p4[..., 0] - momentum) * (p4[..., 0] + momentum), 0.0))


def delta_phi(phi1, phi2) -> np.ndarray:
    """Difference phi1 - phi2 of two azimuths in radians, brought to [-pi, pi).

    Examples
    --------
    >>> round(float(delta_phi(3.0, -3.0)), 6)
    -0.283185
    """
    return _wrap(np.asarray(phi1, dtype=np.float64) - np.asarray(phi2, dtype=np.float64))


def delta_r(eta1, phi1, eta2, phi2) -> np.ndarray:
    """Distance sqrt(delta_eta^2 + delta_phi^2) in the plane of pseudorapidity and azimuth.

    Examples
    --------
    >>> float(delta_r(0.0, 0.0, 3.0, 0.0))
    3.0
    """
    return np.hypot(np.asarray(eta1, dtype=np.float64) - np.asarray(eta2, dtype=np.float64), delta_phi(phi1, phi2))


def boost(p4: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Four-momenta after an active boost: a particle at rest gets this velocity.

    Parameters
    ----------
    p4 : ndarray, shape (..., 4)
        Four-momenta (E, px, py, pz) in GeV.
    velocity : array_like, shape (..., 3) or (3,)
        Velocity (vx, vy, vz) in units of c.

    Returns
    -------
    ndarray, shape (..., 4)

    Raises
    ------
    ValueError
        If a speed is not below 1.

    Examples
    --------
    >>> boost(np.array([1.0, 0.0, 0.0, 0.0]), [0.6, 0.0, 0.0]).round(12).tolist()
    [1.25, 0.75, 0.0, 0.0]
    """
    p4 = _as_p4(p4)
    velocity = np.asarray(velocity, dtype=np.float64)
    if velocity.shape[-1:] != (3,):
        raise ValueError(f"velocity has shape {velocity.shape}; expected (vx, vy, vz) on its last axis")
    speed2 = (velocity**2).sum(axis=-1, keepdims=True)
    if not np.all(speed2 < 1.0):
        raise ValueError(f"a speed is {np.sqrt(np.max(speed2)):.6g} c; expected below 1")
    gamma = 1.0 / np.sqrt(1.0 - speed2)
    energy, momentum = p4[..., :1], p4[..., 1:]
    along = (velocity * momentum).sum(axis=-1, keepdims=True)
    # gamma^2 / (gamma + 1) equals (gamma - 1) / v^2 and stays finite for v -> 0.
    shifted = momentum + velocity * (gamma**2 / (gamma + 1.0) * along + gamma * energy)
    return np.concatenate([gamma * (energy + along), shifted], axis=-1)


def boost_z(p4: np.ndarray, beta) -> np.ndarray:
    """Four-momenta after an active boost with velocity ``beta`` (a number or shape (...)) along the beam.

    Raises
    ------
    ValueError
        If a speed is not below 1.

    Examples
    --------
    >>> boost_z(np.array([1.0, 0.0, 0.0, 0.0]), 0.6).round(12).tolist()
    [1.25, 0.0, 0.0, 0.75]
    """
    beta = np.asarray(beta, dtype=np.float64)
    return boost(p4, np.stack([np.zeros_like(beta), np.zeros_like(beta), beta], axis=-1))


def bending_radius(pt, field) -> np.ndarray:
    """Radius in metres of the circle on which a unit charge moves across a magnetic field.

    Parameters
    ----------
    pt : array_like, shape (...)
        Momentum across the field in GeV.
    field : array_like, shape that broadcasts to (...)
        Tesla, of either sign.

    Returns
    -------
    ndarray, shape (...)
        pt / (0.3 |field|) in metres; inf without a field.

    Raises
    ------
    ValueError
        If a pt is negative or not a number.

    Examples
    --------
    >>> round(float(bending_radius(3.0, field=1.0)), 1)
    10.0
    """
    pt = np.asarray(pt, dtype=np.float64)
    _check_not_negative(pt, "pt")
    with np.errstate(divide="ignore", invalid="ignore"):
        return pt / (CURVATURE * np.abs(np.asarray(field, dtype=np.float64)))


def pt_from_radius(radius, field) -> np.ndarray:
    """Transverse momentum 0.3 |field| radius in GeV of a unit charge on a circle of this radius in metres.

    Undoes `bending_radius`.

    Raises
    ------
    ValueError
        If a radius is negative or not a number.

    Examples
    --------
    >>> round(float(pt_from_radius(10.0, field=1.0)), 1)
    3.0
    """
    radius = np.asarray(radius, dtype=np.float64)
    _check_not_negative(radius, "radius", unit="metres")
    return CURVATURE * np.abs(np.asarray(field, dtype=np.float64)) * radius


def _as_p4(p4) -> np.ndarray:
    p4 = np.asarray(p4, dtype=np.float64)
    if p4.shape[-1:] != (4,):
        raise ValueError(f"p4 has shape {p4.shape}; expected (E, px, py, pz) on its last axis")
    return p4


def _check_not_negative(values: np.ndarray, name: str, *, unit: str = "GeV") -> None:
    bad = ~(values >= 0.0)
    if np.any(bad):
        raise ValueError(f"{name} holds {values[bad].flat[0]}; expected numbers of at least 0, in {unit}")


def _wrap(angle: np.ndarray) -> np.ndarray:
    return (angle + np.pi) % (2.0 * np.pi) - np.pi
