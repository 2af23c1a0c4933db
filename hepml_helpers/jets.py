"""Jets as arrays: lists of constituents of varying length, cut and padded to one length; four-momenta and images.

The samples of jets hold, for each jet, lists of its constituents in falling order of pt, relative to the jet axis:
``constituent_pt``, ``constituent_delta_eta``, ``constituent_delta_phi`` and ``constituent_kind``. A network wants
arrays of one shape: `pad` cuts or fills the lists, `mask` tells what is real. Padding is zero everywhere, so a padded
four-momentum adds nothing to a sum.

Images are made from arrays of pt, eta and phi, shape (n_jets, n_constituents), in three or four steps, each a function
that leaves its input as it is: `centre`, `rotate`, `flip`, `pixelate`. Angles are relative to the centre from then on.
"""

import awkward as ak
import numpy as np

from hepml_helpers.kinematics import p4_from_ptetaphim

_PIXELS_AT_ONCE = 2**18  # of a block of images: 2 MB, which a processor's cache holds


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


def centre(pt: np.ndarray, eta: np.ndarray, phi: np.ndarray, *, on: str = "centroid") -> tuple[np.ndarray, np.ndarray]:
    """Translate each jet in the plane of eta and phi, so that its centre lies at the origin.

    Parameters
    ----------
    pt, eta, phi : ndarray, shape (n_jets, n_constituents)
        Of the constituents; phi on either side of pi, or relative to the jet. Where pt is zero there is padding.
    on : {"centroid", "hardest"}
        The centre: the mean direction weighted with pt, or the direction of the constituent with the highest pt.

    Returns
    -------
    delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Relative to the centre; zero where there is padding.

    Raises
    ------
    ValueError
        If the shapes differ or are not (n_jets, n_constituents), a number is not finite, a pt is negative, or ``on``
        is unknown.

    Examples
    --------
    >>> pt, eta, phi = np.array([[3.0, 1.0, 0.0]]), np.array([[0.25, 0.5, 0.0]]), np.array([[3.125, -3.125, 0.0]])
    >>> delta_eta, delta_phi = centre(pt, eta, phi, on="hardest")
    >>> delta_eta.tolist(), delta_phi.round(3).tolist()
    ([[0.0, 0.25, 0.0]], [[0.0, 0.033, 0.0]])
    """
    pt, eta, phi = _checked(pt, eta=eta, phi=phi)
    if on not in ("centroid", "hardest"):
        raise ValueError(f"on is {on!r}; expected 'centroid' or 'hardest'")
    if pt.shape[1] == 0:
        return eta, phi
    hardest = np.argmax(pt, axis=1)[:, None]
    delta_eta, delta_phi = (x - np.take_along_axis(x, hardest, axis=1) for x in (eta, phi))
    delta_phi = delta_phi - 2.0 * np.pi * np.round(delta_phi / (2.0 * np.pi))  # exact where nothing has to be wrapped
    if on == "centroid":
        total = np.maximum(pt.sum(axis=1, keepdims=True), np.finfo(pt.dtype).tiny)
        delta_eta, delta_phi = (x - (pt * x).sum(axis=1, keepdims=True) / total for x in (delta_eta, delta_phi))
    return np.where(pt > 0, delta_eta, 0.0), np.where(pt > 0, delta_phi, 0.0)


def rotate(pt: np.ndarray, delta_eta: np.ndarray, delta_phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn each jet about the origin, so that its principal axis is vertical and its looser half points down.

    The principal axis is the line through the origin along which the sum of pt times distance^2 is largest. It becomes
    the axis of phi, and the half of it that has the larger sum points to negative delta_phi: of two prongs, that is
    the one farther from the centre. Neither collinear splittings nor soft constituents change the angle.

    Parameters
    ----------
    pt, delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Of the constituents, relative to the centre about which the jet is turned; pt is zero where there is padding.

    Returns
    -------
    delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Turned; zero where there is padding.

    Raises
    ------
    ValueError
        If the shapes differ or are not (n_jets, n_constituents), a number is not finite, or a pt is negative.

    Examples
    --------
    >>> delta_eta, delta_phi = rotate(np.array([[3.0, 1.0]]), np.array([[0.0, 0.3]]), np.array([[0.0, 0.4]]))
    >>> np.abs(delta_eta[0]).round(9).tolist(), delta_phi[0, 1].round(9).tolist()
    ([0.0, 0.0], -0.5)
    """
    pt, delta_eta, delta_phi = _checked(pt, delta_eta=delta_eta, delta_phi=delta_phi)
    s_ee, s_ep, s_pp = ((pt * product).sum(axis=1) for product in (delta_eta**2, delta_eta * delta_phi, delta_phi**2))
    turn = (-0.5 * np.pi - 0.5 * np.arctan2(2.0 * s_ep, s_ee - s_pp))[:, None]  # from the principal axis to -phi
    across = np.cos(turn) * delta_eta - np.sin(turn) * delta_phi
    along = np.sin(turn) * delta_eta + np.cos(turn) * delta_phi
    up = (pt * along * np.abs(along)).sum(axis=1, keepdims=True) > 0
    across, along = (np.where(up, -x, x) for x in (across, along))
    return np.where(pt > 0, across, 0.0), np.where(pt > 0, along, 0.0)


def flip(pt: np.ndarray, delta_eta: np.ndarray, delta_phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror each jet at the vertical axis where needed, so that the half with more pt has positive delta_eta.

    Parameters
    ----------
    pt, delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Of the constituents, as `rotate` gives them; pt is zero where there is padding.

    Returns
    -------
    delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Zero where there is padding.

    Raises
    ------
    ValueError
        If the shapes differ or are not (n_jets, n_constituents), a number is not finite, or a pt is negative.

    Examples
    --------
    >>> delta_eta, delta_phi = flip(np.array([[3.0, 1.0]]), np.array([[-0.1, 0.3]]), np.array([[0.2, -0.5]]))
    >>> delta_eta.tolist(), delta_phi.tolist()
    ([[0.1, -0.3]], [[0.2, -0.5]])
    """
    pt, delta_eta, delta_phi = _checked(pt, delta_eta=delta_eta, delta_phi=delta_phi)
    left = (pt * np.sign(delta_eta)).sum(axis=1, keepdims=True) < 0
    return np.where(pt > 0, np.where(left, -delta_eta, delta_eta), 0.0), np.where(pt > 0, delta_phi, 0.0)


def pixelate(
    pt: np.ndarray, delta_eta: np.ndarray, delta_phi: np.ndarray, *, n_pixels: int, half_width: float
) -> np.ndarray:
    """Images of jets: the sum of the pt of the constituents in each pixel. What lies outside the image is dropped.

    Parameters
    ----------
    pt, delta_eta, delta_phi : ndarray, shape (n_jets, n_constituents)
        Of the constituents, relative to the centre of the image; pt is zero where there is padding.
    n_pixels : int
        Pixels along each side. With an odd number the origin is the middle of a pixel, with an even one a corner.
    half_width : float
        The image reaches from minus this to this in both directions. A pixel holds its lower edges, not its upper ones.

    Returns
    -------
    ndarray, shape (n_jets, n_pixels, n_pixels)
        In the unit and of the type of pt. Axes (jet, phi, eta), both angles rising: ``image[row, column]`` is at the
        row-th delta_phi and the column-th delta_eta. ``imshow(image, origin="lower")`` has eta to the right, phi up.

    Raises
    ------
    ValueError
        If the shapes differ or are not (n_jets, n_constituents), a number is not finite, a pt is negative, there is
        less than one pixel, or the width is not above zero.

    Examples
    --------
    >>> pt = np.array([[3.0, 1.0, 9.0]])
    >>> delta_eta, delta_phi = np.array([[0.5, 0.6, 1.5]]), np.array([[-0.5, 0.5, 0.0]])
    >>> pixelate(pt, delta_eta, delta_phi, n_pixels=2, half_width=1.0).tolist()
    [[[0.0, 3.0], [0.0, 1.0]]]
    """
    pt, delta_eta, delta_phi = _checked(pt, delta_eta=delta_eta, delta_phi=delta_phi)
    if n_pixels < 1 or not 0 < half_width < np.inf:
        raise ValueError(f"n_pixels is {n_pixels} and half_width {half_width}; expected at least 1, and more than 0")
    images = np.empty((len(pt), n_pixels, n_pixels), pt.dtype)
    block = max(1, _PIXELS_AT_ONCE // n_pixels**2)
    for start in range(0, len(pt), block):
        jets = slice(start, start + block)
        images[jets] = _pixel_sums(pt[jets], delta_eta[jets], delta_phi[jets], n_pixels, half_width)
    return images


def images(sample, *, length: int, n_pixels: int, half_width: float) -> np.ndarray:
    """Images of jets, centred, turned and flipped: `pad`, `centre`, `rotate`, `flip` and `pixelate` in one call.

    Parameters
    ----------
    sample : awkward.Array
        With lists ``constituent_pt`` (GeV), ``constituent_delta_eta``, ``constituent_delta_phi``.
    length : int
        As many constituents of each jet are used, the first ones.
    n_pixels, half_width
        As for `pixelate`.

    Returns
    -------
    ndarray, shape (n_jets, n_pixels, n_pixels)
        Sums of pt in GeV, axes (jet, phi, eta).

    Raises
    ------
    ValueError
        As the functions named above.
    """
    pt, *angles = (pad(sample[f"constituent_{name}"], length) for name in ("pt", "delta_eta", "delta_phi"))
    for step in (centre, rotate, flip):
        angles = step(pt, *angles)
    return pixelate(pt, *angles, n_pixels=n_pixels, half_width=half_width)


def _pixel_sums(pt, delta_eta, delta_phi, n_pixels: int, half_width: float) -> np.ndarray:
    scale = n_pixels / (2.0 * half_width)
    column, row = (np.floor(x * scale + 0.5 * n_pixels) for x in (delta_eta, delta_phi))
    inside = (pt > 0) & (column >= 0) & (column < n_pixels) & (row >= 0) & (row < n_pixels)
    jet = np.broadcast_to(np.arange(len(pt))[:, None], pt.shape)[inside]
    place = (jet * n_pixels + row[inside].astype(np.intp)) * n_pixels + column[inside].astype(np.intp)
    sums = np.bincount(place, weights=pt[inside], minlength=len(pt) * n_pixels**2)
    return sums.reshape(len(pt), n_pixels, n_pixels)


def _checked(pt, **angles) -> list[np.ndarray]:
    """The arrays as floating numbers; an error that names the first which cannot be pt or angle of constituents."""
    arrays = {"pt": pt, **angles}
    shape = np.shape(pt)
    for name, values in arrays.items():
        if np.ndim(values) != 2 or np.shape(values) != shape:
            raise ValueError(f"{name} has shape {np.shape(values)}; expected (n_jets, n_constituents), pt has {shape}")
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name} holds a number that is not finite; expected zeros where there is padding")
    if np.any(np.less(pt, 0)):
        raise ValueError(f"pt holds {np.min(pt)}; expected at least 0")
    return [np.asarray(values, dtype=np.result_type(values, np.float32)) for values in arrays.values()]
