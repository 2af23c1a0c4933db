"""The formulas that lesson 02 writes inline, against slow and independent calculations.

The functions are taken from the lesson's own cells, so what is tested is what the student reads.
"""

import itertools

import numpy as np
import pytest
from iminuit import Minuit, cost
from notebook_files import NOTEBOOKS, definitions
from scipy import integrate, interpolate, signal, stats

from hepml_helpers import kinematics

LESSON = NOTEBOOKS / "02_z_and_higgs_peaks.ipynb"
MODULES = {"np": np, "integrate": integrate, "interpolate": interpolate, "signal": signal, "stats": stats}
WANTED = {"Z_MASS", "Z_WIDTH", "LOW", "HIGH", "grid", "edges"}  # constants, then functions
WANTED |= {"breit_wigner", "crystal_ball", "share_below", "make_model", "pair_leptons", "minimum", "significance"}
WANTED |= {"q0_of_spectra"}


@pytest.fixture(scope="module")
def lesson():
    """The lesson's functions and the constants they use, by name."""
    names = MODULES | {"Minuit": Minuit, "cost": cost, "kinematics": kinematics}
    return definitions(LESSON, WANTED, names)


RESOLUTION = {"shift": -0.1, "sigma": 1.2, "alpha": 1.7, "n": 1.3}


def test_the_model_equals_a_convolution_integrated_point_by_point(lesson):
    low, high = lesson["LOW"], lesson["HIGH"]

    def smeared(m):
        def product(true):
            return lesson["breit_wigner"](true, 91.0, 1.5) * lesson["crystal_ball"](m - true, **RESOLUTION)

        return integrate.quad(product, low - 25, high + 25, points=[91.0, m], limit=300)[0]

    fine = np.linspace(low, high, 161)
    area = integrate.cumulative_trapezoid([smeared(m) for m in fine], fine, initial=0)
    model = lesson["make_model"](1.5, RESOLUTION["shift"], RESOLUTION["alpha"], RESOLUTION["n"])
    ours = model(fine, 1.0, 0.0, 91.0, RESOLUTION["sigma"], 0.05)
    np.testing.assert_allclose(ours, area / area[-1], atol=3e-4)


@pytest.mark.parametrize("mass", [85.0, 91.0, 97.0])
@pytest.mark.parametrize("sigma", [0.5, 2.5])
def test_the_model_expects_its_two_yields_in_the_window_whatever_the_shape(lesson, mass, sigma):
    model = lesson["make_model"](0.0, 0.0, 1.5, 1.3)
    below = model(lesson["edges"], 70.0, 30.0, mass, sigma, 0.03)
    assert below[0] == pytest.approx(0.0, abs=1e-9)
    assert below[-1] == pytest.approx(100.0)
    assert np.all(np.diff(below) > 0)


def test_the_crystal_ball_joins_its_tail_with_equal_value_and_slope(lesson):
    join = RESOLUTION["shift"] - RESOLUTION["alpha"] * RESOLUTION["sigma"]
    x = join + np.array([-2e-4, -1e-4, 1e-4, 2e-4])
    y = lesson["crystal_ball"](x, **RESOLUTION)
    assert y[1] == pytest.approx(y[2], rel=1e-3)
    assert (y[1] - y[0]) == pytest.approx(y[3] - y[2], rel=2e-3)


def test_the_half_maxima_of_the_breit_wigner_are_one_width_apart(lesson):
    m = np.linspace(85, 97, 120_001)
    above = m[lesson["breit_wigner"](m, 91.188) > lesson["breit_wigner"](m, 91.188).max() / 2]
    assert above[-1] - above[0] == pytest.approx(lesson["Z_WIDTH"], rel=2e-3)


def test_expectation_maximisation_finds_what_minuit_finds(lesson):
    rng = np.random.default_rng(7)
    bins = np.arange(40)
    b, s = np.full(40, 0.6), 8.0 * stats.norm.pdf(bins, 20, 1.3)
    counts = rng.poisson(b + rng.uniform(0, 1.5, (25, 1)) * s)
    theirs = [lesson["significance"](n, s, b) ** 2 for n in counts]
    np.testing.assert_allclose(lesson["q0_of_spectra"](counts, s, b), theirs, atol=0.02)


def test_counting_in_one_bin_gives_the_textbook_significance_when_the_background_is_known(lesson):
    n, s, b = 12, 8.20, 4.66
    q0 = lesson["q0_of_spectra"](np.array([[n]]), np.array([s]), np.array([b]), sigma=1e-5)
    assert np.sqrt(q0[0]) == pytest.approx(np.sqrt(2 * (n * np.log(n / b) - n + b)), rel=1e-4)


def test_a_deficit_has_no_significance(lesson):
    s, b = np.array([0.0, 5.0, 0.0]), np.array([10.0, 10.0, 10.0])
    assert lesson["significance"](np.array([10, 2, 10]), s, b) == pytest.approx(0.0, abs=0.02)
    assert lesson["q0_of_spectra"](np.array([[10, 2, 10]]), s, b)[0] == pytest.approx(0.0, abs=1e-3)


def test_the_pairing_equals_a_loop_over_all_pairs(lesson):
    rng = np.random.default_rng(3)
    pdgid = rng.permuted(np.array([[13, -13, 13, -13], [11, -11, 13, -13]] * 30), axis=1)
    p4 = kinematics.p4_from_pxpypzm(*rng.normal(0, 30, (3, 60, 4)), 0.1)
    ours = lesson["pair_leptons"](p4, pdgid, lambda m1, m2: np.abs(m1 - 91.188))
    for event in range(60):
        best = (np.inf, None, None)
        for i, j in itertools.combinations(range(4), 2):
            k, l = (x for x in range(4) if x not in (i, j))  # noqa: E741
            if pdgid[event, i] + pdgid[event, j] or pdgid[event, k] + pdgid[event, l]:
                continue
            z1, z2 = (kinematics.invariant_mass(p4[event, a] + p4[event, c]) for a, c in ((i, j), (k, l)))
            best = min(best, (abs(z1 - 91.188), z1, z2))
        assert (ours[0][event], ours[1][event]) == pytest.approx(best[1:])
