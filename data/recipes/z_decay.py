"""The decay of a single Z to four leptons: Z -> l- l+ gamma*, gamma* -> l'- l'+, at leading order.

Pythia has no such decay; its shower can make one with enhanced branchings, but the event weights then spread so widely
that few events count. So the matrix element is computed here, with two-component spinors for massless leptons, and
sampled with flat four-body phase space (RAMBO) and acceptance and rejection. All ways in which the virtual photon can
be radiated are added before squaring, including the exchange of equal leptons.

Left out: the Z in place of the virtual photon, the spin of the Z (its decay is averaged over it), lepton masses,
radiation of further photons, and interference with the production of two bosons.

References
----------
Spinor conventions: Peskin and Schroeder, chapter 3. RAMBO: Kleiss, Stirling and Ellis, Comput. Phys.
Commun. 40 (1986) 359.
"""

from math import factorial, pi

import numpy as np

ALPHA = 1 / 133.0  # fine-structure constant at the scale of the virtual photon, about 10 GeV
SIN2_THETA = 0.2315
COUPLING = {"L": -0.5 + SIN2_THETA, "R": SIN2_THETA}  # of charged leptons to the Z, up to a common factor
CHANNELS = ((11, 11), (13, 13), (11, 13))
MASS_CUT = 3.5  # GeV, below the 4 GeV that are asked of measured pairs

_ONE = np.eye(2)
_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_SIGMA = np.stack([_ONE, *_PAULI]).astype(complex)  # sigma^mu, upper index
_SIGMA_BAR = np.stack([_ONE, *(-_PAULI)]).astype(complex)
_METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def decay(bosons: np.ndarray, rng: np.random.Generator, *, tries: int, largest: float) -> tuple:
    """Let Z bosons decay to four leptons.

    Parameters
    ----------
    bosons : ndarray, shape (n, 4)
        Four-momenta (E, px, py, pz) in GeV.
    rng : numpy.random.Generator
        For flavours, momenta and rejection.
    tries : int
        Points of phase space tried for each Z and each flavour combination.
    largest : float
        Largest weight expected; larger ones are kept with a weight above one.

    Returns
    -------
    leptons : ndarray, shape (n_accepted, 4, 4)
        l-, l+, l'-, l'+.
    pdg_id : ndarray of int, shape (n_accepted, 4)
    parent : ndarray of int, shape (n_accepted,)
        Which Z.
    weight : ndarray, shape (n_accepted,)
        Such that the sum of weights is the number of decays to four leptons expected among as many decays to e+ e- and
        mu+ mu- as there are bosons.
    """
    results = []
    for first, second in CHANNELS:
        parent = np.repeat(np.arange(len(bosons)), tries)
        mass = np.sqrt(bosons[parent, 0] ** 2 - (bosons[parent, 1:] ** 2).sum(axis=1))
        leptons = rambo(mass, rng)
        ratio = relative_rate(leptons, same_flavour=first == second)
        kept = rng.random(len(ratio)) < ratio / largest
        leptons, parent, ratio = leptons[kept], parent[kept], ratio[kept]
        pdg_id = np.broadcast_to([first, -first, second, -second], (len(parent), 4))
        weight = np.maximum(ratio, largest) / tries
        results.append((boost(leptons, bosons[parent]), pdg_id, parent, weight))
    return tuple(np.concatenate(parts) for parts in zip(*results, strict=True))


def rambo(mass: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Four massless momenta, flat in phase space, in the rest frame of the given masses. Shape (n, 4, 4), GeV."""
    n = len(mass)
    energy = -np.log((1 - rng.random((n, 4))) * (1 - rng.random((n, 4))))
    cos_theta, azimuth = rng.uniform(-1, 1, (n, 4)), rng.uniform(-pi, pi, (n, 4))
    sin_theta = np.sqrt(1 - cos_theta**2)
    direction = np.stack([sin_theta * np.cos(azimuth), sin_theta * np.sin(azimuth), cos_theta], axis=-1)
    q = np.concatenate([energy[..., None], energy[..., None] * direction], axis=-1)
    total = q.sum(axis=1)
    invariant = np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(axis=1))
    return boost(q, total * np.array([1, -1, -1, -1])) * (mass / invariant)[:, None, None]


def boost(p4: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Carry momenta, shape (n, k, 4), from the rest frame of `frame`, shape (n, 4), to where `frame` is measured."""
    mass = np.sqrt(frame[:, 0] ** 2 - (frame[:, 1:] ** 2).sum(axis=1))[:, None]
    along = np.einsum("nki,ni->nk", p4[..., 1:], frame[:, 1:])
    energy = (frame[:, :1] * p4[..., 0] + along) / mass
    factor = (p4[..., 0] + along / (frame[:, :1] + mass)) / mass
    return np.concatenate([energy[..., None], p4[..., 1:] + factor[..., None] * frame[:, None, 1:]], axis=-1)


def relative_rate(leptons: np.ndarray, *, same_flavour: bool) -> np.ndarray:
    """Rate of Z -> 4l at a point of flat phase space, in units of the rate of Z -> e+ e- and mu+ mu-.

    Parameters
    ----------
    leptons : ndarray, shape (n, 4, 4)
        l-, l+, l'-, l'+ in GeV.
    same_flavour : bool
        Whether l and l' are the same.

    Returns
    -------
    ndarray, shape (n,)
        Its average over flat phase space is the ratio of the two rates; zero where a pair of opposite charge has a mass
        below `MASS_CUT`.
    """
    squared_mass = {(i, j): 2 * _dot(leptons[:, i], leptons[:, j]) for i in (0, 2) for j in (1, 3)}
    allowed = np.min([*squared_mass.values()], axis=0) > MASS_CUT**2
    rate = np.zeros(len(leptons))
    p = leptons[allowed]
    s = _dot(p.sum(axis=1), p.sum(axis=1))
    four_body = (pi / 2) ** 3 * s**2 / (factorial(3) * factorial(2)) / (2 * pi) ** 8
    two_body = 1 / (8 * pi)
    two_leptons = 2 * 2 * s * (COUPLING["L"] ** 2 + COUPLING["R"] ** 2)  # squared current times s; e and mu
    electric = (4 * pi * ALPHA) ** 2
    rate[allowed] = electric * squared_amplitude(p, same_flavour=same_flavour) * four_body / (two_leptons * two_body)
    return rate


def squared_amplitude(p: np.ndarray, *, same_flavour: bool) -> np.ndarray:
    """Squared amplitude without couplings e^2, summed over helicities and the spin of the Z. Shape (n,)."""
    total = np.zeros(len(p))
    for h in "LR":
        for k in "LR":
            direct = amplitude(p, h, k)
            if not same_flavour:
                total += _square(direct)
            elif h != k:
                total += (_square(direct) + _square(amplitude(p[:, [2, 1, 0, 3]], h, k))) / 4
            else:
                total += _square(direct - amplitude(p[:, [2, 1, 0, 3]], h, k)) / 4
    return total


def amplitude(p: np.ndarray, h: str, k: str) -> np.ndarray:
    """Amplitude with the index of the Z left open, shape (n, 4); `h` and `k` are the helicities of the two lines."""
    return _radiate(p, h, k) + _radiate(p[:, [2, 3, 0, 1]], k, h)


def _radiate(p, h, k):
    """The first pair couples to the Z and radiates the photon that becomes the second pair."""
    outer = _SIGMA_BAR if h == "L" else _SIGMA
    inner = _SIGMA if h == "L" else _SIGMA_BAR
    photon = p[:, 2] + p[:, 3]
    current = _current(_spinor(p[:, 2], k), _spinor(p[:, 3], k), k) / _dot(photon, photon)[:, None]
    slash = _slash(current, outer)
    lepton, antilepton = _spinor(p[:, 0], h), _spinor(p[:, 1], h)
    before, after = p[:, 0] + photon, p[:, 1] + photon
    left = np.einsum("na,nab,nbc->nc", lepton.conj(), slash, _slash(before, inner)) / _dot(before, before)[:, None]
    right = np.einsum("nab,nbc,nc->na", _slash(after, inner), slash, antilepton) / _dot(after, after)[:, None]
    one = np.einsum("nc,mcd,nd->nm", left, outer, antilepton)
    other = np.einsum("na,mab,nb->nm", lepton.conj(), outer, right)
    return COUPLING[h] * (one - other)


def _spinor(p, helicity):
    """Two-component spinor of a massless particle, shape (n, 2), with squared norm 2E."""
    sign = 1.0 if helicity == "R" else -1.0
    px, py, pz = (sign * p[:, i] for i in (1, 2, 3))
    up = np.sqrt(np.maximum(p[:, 0] + pz, 1e-12))
    return np.stack([up.astype(complex), (px + 1j * py) / up], axis=-1)


def _current(u, v, helicity):
    return np.einsum("na,mab,nb->nm", u.conj(), _SIGMA_BAR if helicity == "L" else _SIGMA, v)


def _slash(vector, matrices):
    return np.einsum("nm,m,mab->nab", vector, _METRIC, matrices)


def _dot(a, b):
    return (a * b * _METRIC).sum(axis=-1)


def _square(m):
    return -(np.abs(m) ** 2 * _METRIC).sum(axis=-1)
