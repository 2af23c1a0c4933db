"""Constituents as four-momenta: relative coordinates, another order, a soft particle more, a collinear splitting."""

import numpy as np
import pytest

from hepml_helpers import constituents, kinematics


@pytest.fixture
def rng():
    return np.random.default_rng(8)


@pytest.fixture
def p4(rng):
    """Jets of 2 to 6 massless constituents in 8 places, around phi = pi, (20, 8, 4)."""
    pt = -np.sort(-rng.exponential(50.0, (20, 8)), axis=1) * (np.arange(8) < 2 + np.arange(20)[:, None] % 5)
    return kinematics.p4_from_ptetaphim(pt, rng.normal(0.5, 0.2, pt.shape), rng.normal(3.1, 0.2, pt.shape), 0.0)


def test_relative_coordinates_are_those_of_a_slow_loop(p4):
    found = constituents.relative(p4)
    for jet, row in zip(p4, found, strict=True):
        axis = jet.sum(axis=0)
        for k, (z, log_z, delta_eta, delta_phi, delta_r) in zip(jet, row, strict=True):
            if k[0] == 0:
                assert z == log_z == delta_eta == delta_phi == delta_r == 0
                continue
            assert z == pytest.approx(np.hypot(k[1], k[2]) / np.hypot(axis[1], axis[2]))
            assert delta_eta == pytest.approx(kinematics.eta(k) - kinematics.eta(axis))
            turn = np.angle((k[1] + 1j * k[2]) / (axis[1] + 1j * axis[2]))
            assert delta_phi == pytest.approx(turn)
            assert (log_z, delta_r) == pytest.approx((np.log(z), np.sqrt(delta_eta**2 + delta_phi**2)))
    assert np.abs(found[..., 3]).max() < 1.5  # no jump where the azimuth wraps


def test_relative_coordinates_do_not_change_under_a_boost_along_the_beam_of_a_massless_jet():
    pt, eta = np.array([[30.0, 20.0]]), np.array([[0.5, 0.5]])
    jet = kinematics.p4_from_ptetaphim(pt, eta, np.array([[1.0, 1.0]]), 0.0)
    np.testing.assert_allclose(
        constituents.relative(kinematics.boost_z(jet, 0.6)), constituents.relative(jet), atol=1e-9
    )


def test_nonsense_in_an_empty_place_does_not_count(p4, rng):
    nonsense = np.where(p4[..., :1] > 0, p4, rng.normal(0, 100, p4.shape) * [0, 1, 1, 1])
    np.testing.assert_array_equal(constituents.relative(nonsense), constituents.relative(p4))


def test_a_jet_without_constituents_gives_zeros():
    np.testing.assert_array_equal(constituents.relative(np.zeros((2, 3, 4))), np.zeros((2, 3, 5)))


def test_shuffling_keeps_every_jet_and_changes_the_order(p4, rng):
    kept, moved = p4.copy(), constituents.shuffle(p4, rng)
    np.testing.assert_array_equal(p4, kept)
    for before, after in zip(p4, moved, strict=True):
        assert sorted(map(tuple, before)) == sorted(map(tuple, after))
    assert np.mean(np.any(moved != p4, axis=(1, 2))) > 0.9
    places = [tuple(np.flatnonzero(jet[:, 0] > 0)) for jet in moved]
    assert len(set(places)) > 3  # each jet has an order of its own


def test_a_soft_particle_has_its_share_and_lies_near_the_axis(p4, rng):
    kept, more = p4.copy(), constituents.add_soft(p4, 0.01, rng, reach=0.3)
    np.testing.assert_array_equal(p4, kept)
    new = more.sum(axis=1) - p4.sum(axis=1)
    axis = p4.sum(axis=1)
    np.testing.assert_allclose(kinematics.pt(new), 0.01 * kinematics.pt(axis), rtol=1e-9)
    np.testing.assert_allclose(kinematics.invariant_mass(new), 0.0, atol=1e-4)
    assert np.all(np.abs(kinematics.eta(new) - kinematics.eta(axis)) <= 0.3 + 1e-9)
    assert np.all(np.abs(kinematics.delta_phi(kinematics.phi(new), kinematics.phi(axis))) <= 0.3 + 1e-9)
    assert np.all((more[..., 0] > 0).sum(axis=1) == (p4[..., 0] > 0).sum(axis=1) + 1)


def test_a_splitting_keeps_the_sum_and_halves_the_hardest(p4):
    p4 = p4[:, ::-1]  # the hardest is not the first, and the first places are empty
    kept, split = p4.copy(), constituents.split_hardest(p4)
    np.testing.assert_array_equal(p4, kept)
    np.testing.assert_allclose(split.sum(axis=1), p4.sum(axis=1), rtol=1e-12)
    for before, after in zip(kinematics.pt(p4), kinematics.pt(split), strict=True):
        expected = [*np.sort(before)[1:-1], *[before.max() / 2] * 2]
        np.testing.assert_allclose(np.sort(after), np.sort(expected), rtol=1e-12)


@pytest.mark.parametrize(
    "change", [lambda k: constituents.add_soft(k, 0.1, np.random.default_rng(1)), constituents.split_hardest]
)
def test_a_jet_without_an_empty_place_is_named(change):
    full = kinematics.p4_from_ptetaphim(np.array([[5.0, 0.0], [5.0, 4.0]]), np.zeros((2, 2)), np.zeros((2, 2)), 0.0)
    with pytest.raises(ValueError, match="jet 1 has no empty place"):
        change(full)


@pytest.mark.parametrize(
    "call",
    [constituents.relative, constituents.split_hardest, lambda k: constituents.shuffle(k, np.random.default_rng(1))],
)
def test_a_wrong_shape_is_named(call):
    with pytest.raises(ValueError, match=r"p4 has shape \(3, 4\)"):
        call(np.zeros((3, 4)))
