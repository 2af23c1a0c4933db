"""How many digits of a number a file holds: numbers are rounded before any cut, so that a reader can repeat the cut.

`stored` and `short` keep so many bits of mantissa, a relative precision; `rounded` keeps multiples of a step, an
absolute one. What is not kept compresses to nothing.
"""

import math

import numpy as np

MANTISSA_BITS = 14  # of the 23 of a float32 that are kept: a relative error below 3.1e-5, far below the resolution


def stored(values: np.ndarray, bits: int = MANTISSA_BITS) -> np.ndarray:
    """Round to the float32 that the file holds, with so many bits of mantissa: it compresses, and cuts see the same.

    Raises
    ------
    ValueError
        For bits other than 1 to 22, of the 23 of a float32.

    Examples
    --------
    >>> float(stored(np.array(45.678901))), float(stored(np.array(45.678901), bits=4))
    (45.6796875, 46.0)
    """
    if not 1 <= bits <= 22:
        raise ValueError(f"bits is {bits}, expected 1 to 22")
    pattern = np.asarray(values, dtype=np.float32).view(np.uint32)
    dropped = 23 - bits
    half = np.uint32(1 << (dropped - 1))
    return ((pattern + half) >> np.uint32(dropped) << np.uint32(dropped)).view(np.float32)


def rounded(values: np.ndarray, step: float) -> np.ndarray:
    """Round to the nearest multiple of a step that is a power of two, exact in the float32 that is returned.

    Up to 2048 steps from zero it is exact in a float16 as well, which is the way to store it in two bytes.

    Raises
    ------
    ValueError
        For a step that is no power of two.

    Examples
    --------
    >>> angles = rounded(np.array([0.1234, -1.3, 3.999]), 1 / 512)
    >>> (angles * 512).tolist()
    [63.0, -666.0, 2047.0]
    >>> bool((angles.astype(np.float16) == angles).all())
    True
    """
    if not (step > 0 and math.frexp(step)[0] == 0.5):
        raise ValueError(f"step is {step}, expected a power of two, such as 1/512")
    return (np.round(np.asarray(values) / step) * step).astype(np.float32)


def stored_phi(phi: np.ndarray) -> np.ndarray:
    """As `stored`, for an azimuth: rounding never carries it outside [-pi, pi]."""
    edge = np.nextafter(np.float32(np.pi), np.float32(0)).view(np.uint32) >> 9 << 9
    edge = np.uint32(edge).view(np.float32)
    return np.clip(stored(phi), -edge, edge)


def short(values: np.ndarray, bits: int) -> np.ndarray:
    """As `stored`, in the two bytes of a float16: numbers below 65504, with at most 10 bits of mantissa.

    Raises
    ------
    ValueError
        For bits other than 1 to 10, or a number that a float16 cannot hold.

    Examples
    --------
    >>> float(short(np.array(45.678901), bits=8))
    45.625
    """
    if not 1 <= bits <= 10:
        raise ValueError(f"bits is {bits}, expected 1 to 10, which a float16 has")
    values = stored(values, bits)
    if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
        raise ValueError(f"a value is {np.abs(values).max()}, expected at most 65504, the largest float16")
    return values.astype(np.float16)


def rounded_phi(phi: np.ndarray, step: float) -> np.ndarray:
    """As `rounded`, for an azimuth: rounding never carries it outside [-pi, pi]."""
    on_grid = rounded(phi, step)
    edge = np.float32(math.floor(math.pi / step) * step)
    return np.clip(on_grid, -edge, edge)
