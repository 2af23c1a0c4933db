"""Jets as arrays: lists of constituents of varying length, cut and padded to one length, and their four-momenta.

The samples of jets hold, for each jet, lists of its constituents in falling order of pt, relative to the jet axis:
``constituent_pt``, ``constituent_delta_eta``, ``constituent_delta_phi`` and ``constituent_kind``. A network wants
arrays of one shape: `pad` cuts or fills the lists, `mask` tells what is real. Padding is zero everywhere, so a padded
four-momentum adds nothing to a sum.
"""

import awkward as ak
import numpy as np

from hepml_helpers.kinematics import p4_from_ptetaphim


def pad(lists: ak.Array, length: int) -> np.ndarray:
    """Lists of numbers as an array: the first ``length`` of each, zeros where there are fewer.

    Parameters
    ----------
    lists : awkward.Array, shape (n_jets, varying)
        A column of lists, such as ``jets["constituent_pt"]``.
    length : int
        At least 1.

    Returns
    -------
    ndarray, shape (n_jets, length)
        Of the type of the numbers.

    Raises
    ------
    ValueError
        If the length is below 1, or the column holds no lists.

    Examples
    --------
    >>> pad(ak.Array([[5.0, 3.0, 1.0], [2.0]]), 2).tolist()
    [[5.0, 3.0], [2.0, 0.0]]
    """
    real = mask(lists, length)
    padded = np.zeros(real.shape, dtype=ak.to_numpy(ak.flatten(lists)).dtype)
    padded[real] = ak.to_numpy(ak.flatten(lists[:, :length]))
    return padded


def mask(lists: ak.Array, length: int) -> np.ndarray:
    """Where `pad` gives real numbers, and where it fills up.

    Returns
    -------
    ndarray of bool, shape (n_jets, length)
        True is real.

    Raises
    ------
    ValueError
        If the length is below 1, or the column holds no lists.

    Examples
    --------
    >>> mask(ak.Array([[5.0, 3.0, 1.0], [2.0]]), 2).tolist()
    [[True, True], [True, False]]
    """
    if length < 1:
        raise ValueError(f"length is {length}; expected at least 1")
    if lists.ndim != 2:
        raise ValueError(f"the column has {lists.ndim} axis, one number a jet; expected lists, such as constituent_pt")
    return np.arange(length) < ak.to_numpy(ak.num(lists))[:, None]


def constituents_p4(jets: ak.Array, length: int) -> np.ndarray:
    """Four-momenta of the hardest constituents of each jet, taken as massless.

    Parameters
    ----------
    jets : awkward.Array
        A sample of jets, with its columns eta, phi, constituent_pt, constituent_delta_eta and constituent_delta_phi.
    length : int
        How many constituents of each jet.

    Returns
    -------
    ndarray, shape (n_jets, length, 4)
        (E, px, py, pz) in GeV, in falling order of pt; zeros where a jet has fewer.

    Raises
    ------
    ValueError
        If the length is below 1.
    """
    pt, delta_eta, delta_phi = (pad(jets[f"constituent_{name}"], length) for name in ("pt", "delta_eta", "delta_phi"))
    eta, phi = (ak.to_numpy(jets[name])[:, None] for name in ("eta", "phi"))
    return p4_from_ptetaphim(pt, eta + delta_eta, phi + delta_phi, 0.0)
