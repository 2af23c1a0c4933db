import numpy as np
import pytest
import vector

from hepml_helpers.kinematics import (
    ELECTRON_MASS,
    MUON_MASS,
    bending_radius,
    boost,
    boost_z,
    delta_phi,
    delta_r,
    eta,
    invariant_mass,
    p4_from_ptetaphim,
    p4_from_pxpypzm,
    phi,
    pt,
    pt_from_radius,
    rapidity,
)


@pytest.fixture
def ptetaphim():
    rng = np.random.default_rng(7)
    n = 2000
    return rng.exponential(30, n), rng.uniform(-3, 3, n), rng.uniform(-np.pi, np.pi, n), rng.uniform(0, 5, n)


@pytest.fixture
def p4(ptetaphim):
    return p4_from_ptetaphim(*ptetaphim)


@pytest.fixture
def oracle(ptetaphim):
    return vector.array(dict(zip(("pt", "eta", "phi", "mass"), ptetaphim, strict=True)))


def test_p4_from_ptetaphim_gives_a_value_worked_out_by_hand():
    # pt = 3, pz = 3 sinh(asinh(4/3)) = 4, so p = 5; with m = 12 the energy is 13
    np.testing.assert_allclose(p4_from_ptetaphim(3, np.arcsinh(4 / 3), np.pi / 2, 12), [13, 0, 3, 4], atol=1e-12)


def test_p4_agrees_with_vector(p4, oracle):
    np.testing.assert_allclose(p4, np.stack([oracle.E, oracle.px, oracle.py, oracle.pz], axis=-1), rtol=1e-10)


@pytest.mark.parametrize(("function", "name"), [(pt, "pt"), (eta, "eta"), (phi, "phi"), (rapidity, "rapidity")])
def test_components_agree_with_vector(function, name, p4, oracle):
    np.testing.assert_allclose(function(p4), getattr(oracle, name), rtol=1e-9, atol=1e-12)


def test_invariant_mass_gives_back_the_mass_it_was_made_with(p4, ptetaphim):
    np.testing.assert_allclose(invariant_mass(p4), ptetaphim[3], atol=1e-6)


def test_invariant_mass_of_pairs_agrees_with_vector(p4, oracle):
    pairs = p4[:1000] + p4[1000:]
    np.testing.assert_allclose(invariant_mass(pairs), (oracle[:1000] + oracle[1000:]).mass, rtol=1e-9)


def test_mass_of_two_massless_particles_is_the_textbook_formula():
    first, second = p4_from_ptetaphim(40, 0.5, 0.3, 0), p4_from_ptetaphim(25, -1.1, -2.9, 0)
    expected = np.sqrt(2 * 40 * 25 * (np.cosh(1.6) - np.cos(3.2)))
    np.testing.assert_allclose(invariant_mass(first + second), expected, rtol=1e-12)


def test_spacelike_rounding_is_clipped_to_mass_zero():
    assert invariant_mass(np.array([1.0, 0.0, 0.0, 1.0 + 1e-15])) == 0.0


def test_invariant_mass_is_unchanged_by_a_boost_along_z(p4):
    boosted = boost_z(p4, beta=0.6)
    np.testing.assert_allclose(invariant_mass(boosted), invariant_mass(p4), atol=1e-6)
    pairs = p4[:1000] + p4[1000:]
    np.testing.assert_allclose(invariant_mass(boost_z(pairs, 0.6)), invariant_mass(pairs), rtol=1e-9)


def test_boost_z_adds_a_constant_to_the_rapidity(p4):
    np.testing.assert_allclose(rapidity(boost_z(p4, 0.6)), rapidity(p4) + np.arctanh(0.6), rtol=1e-9, atol=1e-9)


def test_boost_agrees_with_vector(p4, oracle):
    velocity = np.array([0.3, -0.4, 0.5])
    boosted = oracle.boostCM_of_beta3(vector.obj(x=-0.3, y=0.4, z=-0.5))
    expected = np.stack([boosted.E, boosted.px, boosted.py, boosted.pz], axis=-1)
    np.testing.assert_allclose(boost(p4, velocity), expected, rtol=1e-9, atol=1e-9)


def test_boost_and_its_opposite_cancel(p4):
    velocity = np.random.default_rng(1).uniform(-0.5, 0.5, (len(p4), 3))
    np.testing.assert_allclose(boost(boost(p4, velocity), -velocity), p4, rtol=1e-9, atol=1e-9)


def test_a_boost_of_zero_changes_nothing(p4):
    np.testing.assert_array_equal(boost(p4, [0, 0, 0]), p4)


def test_each_event_may_have_its_own_boost(p4):
    beta = np.linspace(-0.9, 0.9, len(p4))
    np.testing.assert_allclose(boost_z(p4, beta)[5], boost_z(p4[5], beta[5]))


def test_delta_phi_wraps_at_pi():
    np.testing.assert_allclose(delta_phi([3.1, -3.1, 1.0], [-3.1, 3.1, 0.5]), [6.2 - 2 * np.pi, 2 * np.pi - 6.2, 0.5])
    assert delta_phi(np.pi, 0.0) == -np.pi


def test_delta_r_is_the_same_both_ways_and_for_a_turned_detector():
    here = delta_r(0.4, 3.0, -1.2, -3.0)
    assert here == pytest.approx(np.hypot(1.6, 2 * np.pi - 6.0))
    assert delta_r(-1.2, -3.0, 0.4, 3.0) == pytest.approx(here)
    assert delta_r(0.4, 3.0 + 1.0, -1.2, -3.0 + 1.0) == pytest.approx(here)


def test_the_bending_radius_is_the_momentum_over_charge_times_field():
    # in SI units: 7 GeV/c in kg m/s, over the elementary charge and 3.8 T
    si = 7e9 * 1.602176634e-19 / 299_792_458 / (1.602176634e-19 * 3.8)
    np.testing.assert_allclose(bending_radius([7.0, 14.0], 3.8), [si, 2 * si], rtol=1e-12)
    np.testing.assert_allclose(bending_radius(7.0, [3.8, -3.8, 1.9, 0.0]), [si, si, 2 * si, np.inf], rtol=1e-12)


def test_pt_from_radius_undoes_the_bending_radius(ptetaphim):
    for field in (2.0, -3.8):
        np.testing.assert_allclose(pt_from_radius(bending_radius(ptetaphim[0], field), field), ptetaphim[0], rtol=1e-12)


def test_along_the_beam_eta_is_infinite_and_without_momentum_it_is_nan():
    np.testing.assert_array_equal(
        eta(np.array([[5.0, 0, 0, 5], [5, 0, 0, -5], [5, 0, 0, 0]])), [np.inf, -np.inf, np.nan]
    )


def test_an_empty_event_gives_an_empty_answer():
    assert invariant_mass(np.zeros((0, 4))).shape == (0,)


def test_input_is_unchanged(p4):
    before = p4.copy()
    for function in (pt, eta, phi, rapidity, invariant_mass, lambda p: boost_z(p, 0.5)):
        function(p4)
    np.testing.assert_array_equal(p4, before)


def test_masses_of_the_leptons_are_in_gev():
    assert pytest.approx(206.768283, rel=1e-7) == MUON_MASS / ELECTRON_MASS


def test_wrong_shapes_and_values_are_named():
    with pytest.raises(ValueError, match=r"shape \(3,\); expected \(E, px, py, pz\)"):
        invariant_mass(np.zeros(3))
    with pytest.raises(ValueError, match=r"pt holds -1.0; expected numbers of at least 0"):
        p4_from_ptetaphim([2.0, -1.0], 0, 0, 0)
    with pytest.raises(ValueError, match="pt holds nan"):
        p4_from_ptetaphim([np.nan], 0, 0, 0)
    with pytest.raises(ValueError, match=r"mass holds -0.1"):
        p4_from_pxpypzm(1, 1, 1, -0.1)
    with pytest.raises(ValueError, match=r"pt holds -3.0; expected numbers of at least 0, in GeV"):
        bending_radius(-3.0, 2.0)
    with pytest.raises(ValueError, match=r"radius holds -3.0; expected numbers of at least 0, in metres"):
        pt_from_radius(-3.0, 2.0)
    with pytest.raises(ValueError, match="a speed is 1 c; expected below 1"):
        boost_z(np.ones(4), 1.0)
    with pytest.raises(ValueError, match=r"velocity has shape \(2,\)"):
        boost(np.ones(4), [0.1, 0.1])
