"""A parametrised CMS-like detector: resolution, acceptance and efficiency of muons, electrons and photons.

The full CMS simulation follows every particle through the material of the detector and reconstructs the hits. Here the
outcome is sampled directly: a momentum is multiplied by a Gaussian random number, and a particle is found or lost
with a probability that depends on its pt and eta. The laws below are simple curves drawn through figures that CMS
published; they are not CMS's own code, and they have no non-Gaussian tails.

Conventions: energies and momenta in GeV, angles in radians, `rng` is a `numpy.random.Generator`, arrays of any one
shape, inputs are never changed.

References
----------
CMS muons: arXiv:1206.4071 (pt resolution 1 to 6 % below 100 GeV depending on eta, 1.3 to 2.0 % for 20 < pt < 100 GeV
in the barrel; efficiency above 95 % from a few GeV). CMS electrons: arXiv:1502.02701 (1.7 to 4.5 % for electrons from
Z decays). CMS photons: arXiv:1502.02702 (about 1 % in the barrel for unconverted photons from H decays).
"""

import numpy as np

MUON_ETA_MAX = 2.4
ELECTRON_ETA_MAX = 2.5
PHOTON_ETA_MAX = 2.5
CRACK = (1.4442, 1.566)  # |eta| of the gap between the barrel and the endcaps of the electromagnetic calorimeter

# Knots in |eta|, and there the constant (multiple scattering) and the pt-proportional (track curvature) term per GeV.
_MUON_ETA = np.array([0.0, 0.8, 1.2, 1.6, 2.0, 2.4])
_MUON_CONSTANT = np.array([0.009, 0.011, 0.014, 0.016, 0.020, 0.026])
_MUON_SLOPE = np.array([0.00010, 0.00011, 0.00014, 0.00020, 0.00035, 0.00055])
_TRACK_ANGLE = 4e-4  # resolution of eta and phi of a track, rad
CALORIMETER_ANGLE = 2e-3  # of a photon, rad; includes the position of the collision along the beam

# Lower edges in |eta|; stochastic term (GeV^0.5), noise term (GeV), constant term of the calorimeter.
_ECAL_EDGES = np.array([0.0, 0.8, 1.479, 2.0])
_ELECTRON_TERMS = np.array([[0.09, 0.25, 0.013], [0.11, 0.30, 0.022], [0.15, 0.50, 0.032], [0.15, 0.50, 0.030]])
_PHOTON_TERMS = np.array([[0.04, 0.20, 0.0095], [0.05, 0.25, 0.0170], [0.06, 0.40, 0.0260], [0.06, 0.40, 0.0270]])
_ELECTRON_TRACK_CONSTANT = np.array([0.025, 0.035, 0.050, 0.055])
_ELECTRON_TRACK_SLOPE = 0.0010  # per GeV of pt


def muon_pt_resolution(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Relative pt resolution of a muon, constant and pt-proportional terms added in quadrature (after 1206.4071).

    Parameters
    ----------
    pt, eta : ndarray, shape (...)
        Transverse momentum in GeV, pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Standard deviation of pt divided by pt.

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN eta.

    Examples
    --------
    >>> float(muon_pt_resolution(np.array(40.0), np.array(0.0)).round(4))
    0.0098
    """
    pt, eta = _checked("pt", pt), _checked_angle("eta", eta)
    constant = np.interp(np.abs(eta), _MUON_ETA, _MUON_CONSTANT)
    slope = np.interp(np.abs(eta), _MUON_ETA, _MUON_SLOPE)
    return np.hypot(constant, slope * pt)


def electron_energy_resolution(energy: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Relative energy resolution of an electron: calorimeter and track, weighted by their precision (1502.02701).

    The calorimeter measures high energies better, the track low ones; CMS combines the two, and so does this law:
    1/sigma^2 = 1/sigma_calorimeter^2 + 1/sigma_track^2.

    Parameters
    ----------
    energy, eta : ndarray, shape (...)
        Energy in GeV (with the collinear photons), pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Standard deviation of the energy divided by the energy.

    Raises
    ------
    ValueError
        For a NaN or negative energy, or a NaN eta.
    """
    energy, eta = _checked("energy", energy), _checked_angle("eta", eta)
    region = _ecal_region(eta)
    calorimeter = _calorimeter(energy, _ELECTRON_TERMS[region])
    track = np.hypot(_ELECTRON_TRACK_CONSTANT[region], _ELECTRON_TRACK_SLOPE * energy / np.cosh(eta))
    return calorimeter * track / np.hypot(calorimeter, track)


def photon_energy_resolution(energy: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Relative energy resolution of a photon, stochastic, noise and constant terms in quadrature (1502.02702).

    Parameters
    ----------
    energy, eta : ndarray, shape (...)
        Energy in GeV, pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Standard deviation of the energy divided by the energy; averaged over converted and unconverted photons.

    Raises
    ------
    ValueError
        For a NaN or negative energy, or a NaN eta.
    """
    energy, eta = _checked("energy", energy), _checked_angle("eta", eta)
    return _calorimeter(energy, _PHOTON_TERMS[_ecal_region(eta)])


def muon_efficiency(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Probability that a muon is reconstructed, identified and isolated (after 1206.4071).

    A muon has to cross the calorimeters and the iron: in the barrel it needs a pt of about 3 GeV, in the endcaps,
    where the momentum is mostly along the beam, less. Zero outside |eta| < 2.4.

    Parameters
    ----------
    pt, eta : ndarray, shape (...)
        Transverse momentum in GeV, pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1.

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN eta.
    """
    pt, abs_eta = _checked("pt", pt), np.abs(_checked_angle("eta", eta))
    threshold = np.interp(abs_eta, [0.0, 1.1, 1.6, 2.4], [3.3, 3.3, 2.0, 1.5])
    plateau = np.interp(abs_eta, [0.0, 1.2, 2.4], [0.97, 0.965, 0.955])
    return np.where(abs_eta < MUON_ETA_MAX, plateau * _turn_on(pt, threshold, 0.5), 0.0)


def electron_efficiency(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Probability that an electron is reconstructed, identified and isolated, as CMS selects in H to 4l (1502.02701).

    It rises slowly, from about a half at 7 GeV to nine tenths above 40 GeV, and is lower in the endcaps and in the
    gap before them. Zero outside |eta| < 2.5.

    Parameters
    ----------
    pt, eta : ndarray, shape (...)
        Transverse momentum in GeV, pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1.

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN eta.
    """
    pt, abs_eta = _checked("pt", pt), np.abs(_checked_angle("eta", eta))
    plateau = np.select([_in_crack(abs_eta), abs_eta < CRACK[0]], [0.70, 0.93], default=0.85)
    return np.where(abs_eta < ELECTRON_ETA_MAX, plateau * (1.0 - np.exp(-pt / 9.0)), 0.0)


def photon_efficiency(pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Probability that a prompt photon passes identification, isolation and the electron veto (after 1502.02702).

    Parameters
    ----------
    pt, eta : ndarray, shape (...)
        Transverse momentum in GeV, pseudorapidity.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1; zero outside |eta| < 2.5 and in the gap between barrel and endcaps.

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN eta.
    """
    pt, abs_eta = _checked("pt", pt), np.abs(_checked_angle("eta", eta))
    plateau = np.where(abs_eta < CRACK[0], 0.90, 0.80)
    seen = (abs_eta < PHOTON_ETA_MAX) & ~_in_crack(abs_eta)
    return np.where(seen, plateau * _turn_on(pt, 18.0, 6.0), 0.0)


def measure_muons(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, *, rng: np.random.Generator) -> tuple:
    """Measured pt, eta, phi of muons; the curvature 1/pt is what a tracker measures, so 1/pt is Gaussian.

    Parameters
    ----------
    pt, eta, phi : ndarray, shape (...)
        True values, GeV and radians. Bare muons: the photons they radiated are not added back.

    Returns
    -------
    tuple of three ndarray, shape (...)
        Measured pt in GeV, eta, phi in [-pi, pi).

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN angle.
    """
    return measure_tracks(pt, eta, phi, muon_pt_resolution(pt, eta), rng=rng)


def measure_tracks(
    pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, resolution: np.ndarray, *, rng: np.random.Generator
) -> tuple:
    """As `measure_muons`, for any charged particle whose relative pt resolution is given."""
    measured_pt = pt / (1.0 + resolution * _truncated_normal(rng, np.shape(pt)))
    return (measured_pt, *_smear_angles(eta, phi, _TRACK_ANGLE, rng))


def measure_electrons(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, *, rng: np.random.Generator) -> tuple:
    """Measured pt, eta, phi of electrons (give them their collinear photons first: `add_collinear_photons`).

    Parameters
    ----------
    pt, eta, phi : ndarray, shape (...)
        True values, GeV and radians.

    Returns
    -------
    tuple of three ndarray, shape (...)
        Measured pt in GeV, eta, phi in [-pi, pi).

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN angle.
    """
    resolution = electron_energy_resolution(_checked("pt", pt) * np.cosh(eta), eta)
    measured_pt = pt * (1.0 + resolution * _truncated_normal(rng, np.shape(pt)))
    return (measured_pt, *_smear_angles(eta, phi, _TRACK_ANGLE, rng))


def measure_photons(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, *, rng: np.random.Generator) -> tuple:
    """Measured pt, eta, phi of photons.

    Parameters
    ----------
    pt, eta, phi : ndarray, shape (...)
        True values, GeV and radians.

    Returns
    -------
    tuple of three ndarray, shape (...)
        Measured pt in GeV, eta, phi in [-pi, pi).

    Raises
    ------
    ValueError
        For a NaN or negative pt, or a NaN angle.
    """
    resolution = photon_energy_resolution(_checked("pt", pt) * np.cosh(eta), eta)
    measured_pt = pt * (1.0 + resolution * _truncated_normal(rng, np.shape(pt)))
    return (measured_pt, *_smear_angles(eta, phi, CALORIMETER_ANGLE, rng))


def found(efficiency: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Draw which particles are found.

    Parameters
    ----------
    efficiency : ndarray, shape (...)
        Probability of each particle, between 0 and 1.

    Returns
    -------
    ndarray of bool, shape (...)

    Raises
    ------
    ValueError
        For an efficiency that is NaN or outside 0 to 1.
    """
    efficiency = np.asarray(efficiency)
    bad = efficiency[~((efficiency >= 0) & (efficiency <= 1))]
    if bad.size:
        raise ValueError(f"efficiency is {bad.flat[0]}, expected a number between 0 and 1")
    return rng.random(efficiency.shape) < efficiency


def add_collinear_photons(electrons: np.ndarray, photons: np.ndarray, *, radius: float = 0.1) -> np.ndarray:
    """Add to each electron the photons around it: the calorimeter cannot tell them apart.

    Parameters
    ----------
    electrons : ndarray, shape (n_events, n_electrons, 4)
        Four-momenta (E, px, py, pz) in GeV; rows of zeros are padding.
    photons : ndarray, shape (n_events, n_photons, 4)
        Likewise.
    radius : float
        A photon joins the nearest electron when it is closer than this in (eta, phi).

    Returns
    -------
    ndarray, shape (n_events, n_electrons, 4)
        The electrons with their photons.

    Raises
    ------
    ValueError
        For a NaN or negative energy.
    """
    _checked("energy", electrons[..., 0])
    _checked("energy", photons[..., 0])
    if not electrons.shape[1] or not photons.shape[1]:
        return electrons.copy()
    _, eta_e, phi_e = cylindrical(electrons)
    _, eta_g, phi_g = cylindrical(photons)
    delta_phi = wrap(phi_e[:, :, None] - phi_g[:, None, :])
    distance = np.hypot(eta_e[:, :, None] - eta_g[:, None, :], delta_phi)  # (event, electron, photon)
    distance = np.where((electrons[:, :, None, 0] > 0) & (photons[:, None, :, 0] > 0), distance, np.inf)
    nearest = np.arange(electrons.shape[1])[None, :, None] == distance.argmin(axis=1)[:, None, :]
    joined = nearest & (distance < radius)
    return electrons + np.einsum("neg,ngk->nek", joined, photons)


def recover_radiated_photons(muons: np.ndarray, photons: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Add to measured muons the photons that they radiated, where the calorimeter sees them.

    A tracker measures the bare muon. Photons with a measured pt above 0.5 GeV, |eta| < 2.4 and within 0.5 of
    the muon in (eta, phi) are added to the nearest one, as CMS does in H to 4l (arXiv:1312.5353, with tighter
    thresholds and an isolation that there is no need for here, where nothing but radiated photons is simulated).

    Parameters
    ----------
    muons : ndarray, shape (n_events, n_muons, 4)
        Measured four-momenta (E, px, py, pz) in GeV; rows of zeros are padding.
    photons : ndarray, shape (n_events, n_photons, 4)
        True four-momenta; measured here.
    rng : numpy.random.Generator
        For the measurement of the photons.

    Returns
    -------
    ndarray, shape (n_events, n_muons, 4)

    Raises
    ------
    ValueError
        For a NaN or negative energy.
    """
    pt, eta, phi = cylindrical(photons)
    measured = p4_of(*measure_photons(pt, eta, phi, rng=rng))
    seen = (np.hypot(measured[..., 1], measured[..., 2]) > 0.5) & (np.abs(eta) < MUON_ETA_MAX)
    return add_collinear_photons(muons, np.where(seen[..., None], measured, 0.0), radius=0.5)


def p4_of(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, mass: float = 0.0) -> np.ndarray:
    """Four-momenta (E, px, py, pz) in GeV, shape (..., 4), from pt, eta, phi and a mass; zeros where pt is zero.

    Examples
    --------
    >>> p4_of(np.array(5.0), np.array(0.0), np.array(0.0)).tolist()
    [5.0, 5.0, 0.0, 0.0]
    """
    pt, eta, phi = (np.asarray(values, dtype=float) for values in (pt, eta, phi))
    energy = np.where(pt > 0, np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2), 0.0)
    return np.stack([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)], axis=-1)


def mass_of(p4: np.ndarray) -> np.ndarray:
    """Invariant mass in GeV of the sum over the last but one axis, shape (n_events, n_particles, 4) to (n_events,).

    Examples
    --------
    >>> float(mass_of(np.array([[[5.0, 5.0, 0.0, 0.0], [5.0, -5.0, 0.0, 0.0]]]))[0])
    10.0
    """
    total = p4.sum(axis=-2)
    return np.sqrt(np.maximum(total[..., 0] ** 2 - (total[..., 1:] ** 2).sum(axis=-1), 0.0))


def cylindrical(p4: np.ndarray) -> tuple:
    """Transverse momentum, pseudorapidity and azimuth; zero for padding (all momentum components zero).

    Parameters
    ----------
    p4 : ndarray, shape (..., 4)
        Four-momenta (E, px, py, pz) in GeV.

    Returns
    -------
    tuple of three ndarray, shape (...)
        pt in GeV, eta, phi in [-pi, pi).
    """
    pt = np.hypot(p4[..., 1], p4[..., 2])
    eta = np.arcsinh(p4[..., 3] / np.where(pt > 0, pt, 1.0))
    return pt, eta, wrap(np.arctan2(p4[..., 2], p4[..., 1]))


def wrap(phi: np.ndarray) -> np.ndarray:
    """Bring angles into [-pi, pi).

    Examples
    --------
    >>> float(wrap(np.array(np.pi)).round(4))
    -3.1416
    """
    return (phi + np.pi) % (2 * np.pi) - np.pi


def _smear_angles(eta, phi, sigma, rng):
    eta, phi = _checked_angle("eta", eta), _checked_angle("phi", phi)
    return eta + sigma * _truncated_normal(rng, eta.shape), wrap(phi + sigma * _truncated_normal(rng, phi.shape))


def _truncated_normal(rng, shape):
    """Standard normal numbers, kept within six standard deviations: a momentum never turns negative."""
    return np.clip(rng.standard_normal(shape), -6.0, 6.0)


def _turn_on(pt, threshold, width):
    """A smooth step: one half at the threshold, 12 % and 88 % one width away."""
    return 1.0 / (1.0 + np.exp(-2.0 * np.clip((pt - threshold) / width, -50, 50)))


def _calorimeter(energy, terms):
    stochastic, noise, constant = np.moveaxis(terms, -1, 0)
    energy = np.maximum(energy, 1e-3)
    return np.sqrt(stochastic**2 / energy + (noise / energy) ** 2 + constant**2)


def _ecal_region(eta):
    return np.searchsorted(_ECAL_EDGES, np.abs(eta), side="right") - 1


def _in_crack(abs_eta):
    return (abs_eta > CRACK[0]) & (abs_eta < CRACK[1])


def _checked(name, values):
    values = np.asarray(values, dtype=float)
    bad = values[~(np.isfinite(values) & (values >= 0))]
    if bad.size:
        raise ValueError(f"{name} is {bad.flat[0]}, expected a finite number of GeV that is not negative")
    return values


def _checked_angle(name, values):
    values = np.asarray(values, dtype=float)
    bad = values[~np.isfinite(values)]
    if bad.size:
        raise ValueError(f"{name} is {bad.flat[0]}, expected a finite number")
    return values
