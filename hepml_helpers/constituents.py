"""What is done to the constituents of jets as four-momenta: relative coordinates, another order, one particle more.

Arrays ``p4`` have the shape (n_jets, n_constituents, 4), last axis (E, px, py, pz) in GeV. Where E is zero there is no
constituent, whatever else stands there; what the functions return is zero in such places.
"""

import numpy as np

from hepml_helpers import kinematics


def relative(p4: np.ndarray) -> np.ndarray:
    """What constituents are relative to their jet, which is the sum of them: share of its pt, and angles to its axis.

    Parameters
    ----------
    p4 : ndarray, shape (n_jets, n_constituents, 4)

    Returns
    -------
    ndarray, shape (n_jets, n_constituents, 5)
        The share z = pt / pt of the jet, log z, delta_eta, delta_phi between -pi and pi, and the distance from the
        axis, delta_R; zeros where there is none.

    Raises
    ------
    ValueError
        If the array does not have three axes, the last of length 4.

    Examples
    --------
    >>> jet = np.array([[[5.0, 3.0, 0.0, 4.0], [5.0, 3.0, 0.0, -4.0], [0.0, 0.0, 0.0, 0.0]]])
    >>> relative(jet).round(3).tolist()
    [[[0.5, -0.693, 1.099, 0.0, 1.099], [0.5, -0.693, -1.099, 0.0, 1.099], [0.0, 0.0, 0.0, 0.0, 0.0]]]
    """
    real = _checked(p4)[..., :1] > 0
    axis = np.where(real, p4, 0.0).sum(axis=1, keepdims=True, dtype=np.float64)
    p4 = np.where(real, p4, axis)  # an empty place has no direction of its own
    with np.errstate(divide="ignore", invalid="ignore"):  # of a jet without constituents
        z = kinematics.pt(p4) / kinematics.pt(axis)
        delta_eta = kinematics.eta(p4) - kinematics.eta(axis)
        delta_phi = kinematics.delta_phi(kinematics.phi(p4), kinematics.phi(axis))
        columns = z, np.log(z), delta_eta, delta_phi, np.hypot(delta_eta, delta_phi)
    return np.where(real, np.stack(columns, axis=-1), 0.0)


def shuffle(p4: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same jets with the places of each in a random order of its own, empty ones included.

    Returns
    -------
    ndarray, shape (n_jets, n_constituents, 4)

    Raises
    ------
    ValueError
        If the array does not have three axes, the last of length 4.
    """
    places = rng.permuted(np.tile(np.arange(_checked(p4).shape[1]), (len(p4), 1)), axis=1)
    return np.take_along_axis(p4, places[..., None], axis=1)


def add_soft(p4: np.ndarray, share: float, rng: np.random.Generator, *, reach: float = 0.35) -> np.ndarray:
    """The same jets, each with one massless constituent more, at random in a square around the axis of the jet.

    Parameters
    ----------
    p4 : ndarray, shape (n_jets, n_constituents, 4)
        With an empty place in each jet; the new one is put into the first.
    share : float
        Its transverse momentum, as a share of the jet's.
    rng : numpy.random.Generator
        Draws its position.
    reach : float
        Half the side of the square, in eta and in phi.

    Returns
    -------
    ndarray, shape (n_jets, n_constituents, 4)

    Raises
    ------
    ValueError
        If a jet has no empty place, or the array does not have three axes, the last of length 4.
    """
    place, axis = _first_empty(p4), np.where(p4[..., :1] > 0, p4, 0.0).sum(axis=1, dtype=np.float64)
    delta_eta, delta_phi = rng.uniform(-reach, reach, (2, len(p4)))
    angles = kinematics.eta(axis) + delta_eta, kinematics.phi(axis) + delta_phi
    more = p4.copy()
    more[np.arange(len(p4)), place] = kinematics.p4_from_ptetaphim(share * kinematics.pt(axis), *angles, 0.0)
    return more


def split_hardest(p4: np.ndarray) -> np.ndarray:
    """The same jets, in each the constituent of the highest transverse momentum as two halves of the same direction.

    Returns
    -------
    ndarray, shape (n_jets, n_constituents, 4)
        One half in its place, the other in the first empty one.

    Raises
    ------
    ValueError
        If a jet has no empty place, or the array does not have three axes, the last of length 4.
    """
    place, jet = _first_empty(p4), np.arange(len(p4))
    hardest = np.argmax(np.where(p4[..., 0] > 0, kinematics.pt(p4), 0.0), axis=1)
    split = p4.copy()
    split[jet, hardest] /= 2
    split[jet, place] = split[jet, hardest]
    return split


def _checked(p4: np.ndarray) -> np.ndarray:
    if np.ndim(p4) != 3 or np.shape(p4)[-1] != 4:
        raise ValueError(f"p4 has shape {np.shape(p4)}; expected (n_jets, n_constituents, 4)")
    return p4


def _first_empty(p4: np.ndarray) -> np.ndarray:
    """The number of the first empty place of each jet, shape (n_jets,)."""
    empty = ~(_checked(p4)[..., 0] > 0)
    full = np.flatnonzero(~empty.any(axis=1))
    if full.size:
        raise ValueError(f"jet {full[0]} has no empty place; expected one in each, longer lists have them")
    return np.argmax(empty, axis=1)
