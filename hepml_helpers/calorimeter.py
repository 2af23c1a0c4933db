"""What a physicist reads off the cells of a calorimeter: layer energies, depth, widths, sparsity, response.

A sample of n showers is a pair of arrays: incident energies of shape (n, 1) and the cells of all layers side by side,
shape (n, n_cells), both in GeV. Where the cells are says ``positions``: for each layer an array of shape
(2, rows, columns) with x and y of the middle of each cell in mm, from the axis of the particle; `showers.Showers` and
`reference.CaloShowers` bring their own.
"""

import numpy as np

SMALL = 1e-3  # GeV: a layer with less than that counts as if it had so much where something is divided by its energy


def pictures(cells, positions) -> list[np.ndarray]:
    """The picture of each layer, shape (n, rows, columns), from cells of shape (n, n_cells).

    Examples
    --------
    >>> import numpy as np
    >>> [picture.shape for picture in pictures(np.zeros((5, 14)), [np.zeros((2, 2, 4)), np.zeros((2, 3, 2))])]
    [(5, 2, 4), (5, 3, 2)]
    """
    cells, sizes = np.asarray(cells), [xy[0].size for xy in positions]
    if cells.ndim != 2 or cells.shape[1] != sum(sizes):
        raise ValueError(f"cells have shape {cells.shape}; expected (n, {sum(sizes)}) for these positions")
    parts = np.split(cells, np.cumsum(sizes)[:-1], axis=1)
    return [part.reshape(-1, *xy.shape[1:]) for part, xy in zip(parts, positions, strict=True)]


def layer_sums(positions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three matrices of shape (n_cells, n_layers), by which cells are multiplied to be summed in each layer.

    Returns
    -------
    plain, x_squared, y_squared : ndarray of float32
        ``cells @ plain`` is the energy of each layer in GeV, the other two weight each cell with its squared distance
        from the axis along x and along y, in mm^2.
    """
    sizes = [xy[0].size for xy in positions]
    member = np.repeat(np.eye(len(sizes)), sizes, axis=0)
    x, y = np.concatenate([xy.reshape(2, -1) for xy in positions], axis=1)
    return tuple((member * weight[:, None]).astype(np.float32) for weight in (np.ones_like(x), x**2, y**2))


def observables(energy, cells, positions) -> dict[str, np.ndarray]:
    """The list of high-level observables of each shower.

    Parameters
    ----------
    energy : array_like, shape (n, 1)
        Incident energy in GeV.
    cells : array_like, shape (n, n_cells)
        In GeV.
    positions : sequence of ndarrays, shape (2, rows, columns)
        One for each layer.

    Returns
    -------
    dict of ndarrays, shape (n,)
        ``energy``; ``response``, the sum of all cells over it; ``depth``, the mean layer number, from 0,
        weighted with energy; and for each layer i ``log_e{i}`` (decimal logarithm of its energy in GeV, from 1 MeV on),
        ``lit{i}`` (share of its cells above zero), ``width_x{i}`` and ``width_y{i}`` (root mean square distance from
        the axis in mm, weighted with energy) and ``brightest{i}`` (share of its energy in one cell).

    Raises
    ------
    ValueError
        If the shapes do not belong together or an incident energy is not above 0.

    Examples
    --------
    >>> two_cells = [np.array([[[0.0, 0.0]], [[-3.0, 3.0]]])]  # x = 0, y = -3 and 3 mm
    >>> found = observables([[8.0]], [[1.0, 3.0]], two_cells)
    >>> [float(found[name][0]) for name in ("response", "depth", "lit0", "width_x0", "width_y0", "brightest0")]
    [0.5, 0.0, 1.0, 0.0, 3.0, 0.75]
    """
    energy, cells = _checked(energy, cells)
    plain, x_squared, y_squared = layer_sums(positions)
    layer = np.stack([picture.sum(axis=(1, 2)) for picture in pictures(cells, positions)], axis=1)
    safe, lit = np.maximum(layer, SMALL), (cells > 0) @ plain / plain.sum(axis=0)
    width_x, width_y = (np.sqrt(cells @ square / safe) for square in (x_squared, y_squared))
    found = {"energy": energy[:, 0], "response": layer.sum(axis=1) / energy[:, 0]}
    found["depth"] = layer @ np.arange(len(positions)) / np.maximum(layer.sum(axis=1), SMALL)
    for i, picture in enumerate(pictures(cells, positions)):
        found |= {f"log_e{i}": np.log10(safe[:, i]), f"lit{i}": lit[:, i]}
        found |= {f"width_x{i}": width_x[:, i], f"width_y{i}": width_y[:, i]}
        found[f"brightest{i}"] = picture.max(axis=(1, 2)) / safe[:, i]
    return found


def label(name: str) -> str:
    """The axis label of an observable of `observables`, with its unit.

    Examples
    --------
    >>> label("width_y0"), label("depth")
    ('width $\\\\sigma_y$, layer 0 [mm]', 'depth $\\\\langle\\\\ell\\\\rangle$ [layers]')
    """
    whole = {"energy": "incident energy [GeV]", "response": "response $\\sum E_c/E$"}
    whole["depth"] = "depth $\\langle\\ell\\rangle$ [layers]"
    parts = {"log_e": "$\\log_{{10}}(E_{0}$ / GeV)", "lit": "share of lit cells, layer {0}"}
    parts |= {f"width_{axis}": f"width $\\sigma_{axis}$, layer {{0}} [mm]" for axis in "xy"}
    parts["brightest"] = "brightest cell's share, layer {0}"
    if name in whole:
        return whole[name]
    if name[:-1] in parts and name[-1].isdigit():
        return parts[name[:-1]].format(name[-1])
    raise ValueError(f"no observable {name!r}; expected a name that observables() returns")


def moments(energy, cells, positions) -> np.ndarray:
    """Response, resolution and mean shares of the layers of showers of one incident energy.

    Returns
    -------
    ndarray, shape (4 + n_layers,)
        Mean response and its uncertainty; its standard deviation over its mean (the resolution) and that one's
        uncertainty, for a normal distribution; and the energy of each layer over that of all, averaged over the sample.

    Raises
    ------
    ValueError
        As `observables`, and for fewer than two showers.
    """
    energy, cells = _checked(energy, cells)
    if len(cells) < 2:
        raise ValueError(f"there are {len(cells)} showers; expected at least 2, for a spread")
    layer = cells @ layer_sums(positions)[0] / energy
    response = layer.sum(axis=1)
    mean, spread, n = response.mean(), response.std(ddof=1), len(response)
    known = [mean, spread / np.sqrt(n), spread / mean, spread / mean / np.sqrt(2 * (n - 1))]
    return np.array([*known, *(layer.mean(axis=0) / mean)])


def _checked(energy, cells) -> tuple[np.ndarray, np.ndarray]:
    energy, cells = np.asarray(energy, dtype=np.float64), np.asarray(cells, dtype=np.float64)
    if cells.ndim != 2 or energy.shape != (len(cells), 1):
        raise ValueError(f"energy has shape {energy.shape} and cells {cells.shape}; expected (n, 1) and (n, n_cells)")
    if not np.all(energy > 0.0):
        raise ValueError(f"energy holds {energy[~(energy > 0.0)][0]}; expected numbers above 0, in GeV")
    return energy, cells
