"""Observables of showers: by hand, by a slow loop, and what must not change them."""

import numpy as np
import pytest

from hepml_helpers import calorimeter, reference, showers


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(3)
    made = showers.make_showers("positron", rng.uniform(1, 100, 40), rng)
    cells = np.concatenate([layer.reshape(40, -1) for layer in made.layers], axis=1)
    return made, made.incident_energy[:, None], cells


# two layers: one of 1 x 2 cells at x = 10 and y = -1, 1, one of 2 x 1 cells at x = -2, 2 and y = 5 (mm)
POSITIONS = (np.array([[[10.0, 10.0]], [[-1.0, 1.0]]]), np.array([[[-2.0], [2.0]], [[5.0], [5.0]]]))


def test_observables_by_hand():
    found = calorimeter.observables([[10.0]], [[1.0, 0.0, 2.0, 6.0]], POSITIONS)
    expected = {"energy": 10.0, "response": 0.9, "depth": 8 / 9, "log_e0": 0.0, "lit0": 0.5, "width_x0": 10.0}
    expected |= {"width_y0": 1.0, "brightest0": 1.0, "log_e1": np.log10(8), "lit1": 1.0, "width_x1": 2.0}
    expected |= {"width_y1": 5.0, "brightest1": 0.75}
    assert {name: pytest.approx(values[0]) for name, values in found.items()} == expected


def test_a_shower_that_left_nothing_has_finite_observables():
    found = calorimeter.observables([[1.0]], np.zeros((1, 4)), POSITIONS)
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["log_e0"][0] == pytest.approx(-3.0) and found["response"][0] == found["lit1"][0] == 0.0


def test_observables_agree_with_a_loop_over_cells(sample):
    made, energy, cells = sample
    found = calorimeter.observables(energy, cells, made.positions)
    x, y = ((np.arange(n) - (n - 1) / 2) * 480.0 / n for n in (12, 6))  # the third layer
    for event in range(5):
        picture, total, sums = made.layers[2][event].astype(float), 0.0, np.zeros(2)
        for i in range(12):
            for j in range(6):
                total += picture[i, j]
                sums += picture[i, j] * np.array([x[i] ** 2, y[j] ** 2])
        widths = np.sqrt(sums / max(total, calorimeter.SMALL))
        assert [found["width_x2"][event], found["width_y2"][event]] == pytest.approx(widths, rel=1e-5)
    np.testing.assert_allclose(10 ** found["log_e1"], made.layer_energy[:, 1], rtol=1e-5)
    np.testing.assert_allclose(found["response"], made.layer_energy.sum(axis=1) / made.incident_energy, rtol=1e-5)


def test_shapes_do_not_depend_on_the_scale_of_the_energies(sample):
    made, energy, cells = sample
    one, two = (calorimeter.observables(energy * k, cells * k, made.positions) for k in (1, 8))
    for name in ("response", "depth", "lit0", "width_y0", "width_x1", "brightest1"):
        np.testing.assert_allclose(one[name], two[name], rtol=1e-5)
    np.testing.assert_allclose(two["log_e1"] - one["log_e1"], np.log10(8), rtol=1e-6)


def test_pictures_are_the_layers_again_and_the_sums_their_energies(sample):
    made, _, cells = sample
    for picture, layer in zip(calorimeter.pictures(cells, made.positions), made.layers, strict=True):
        np.testing.assert_array_equal(picture, layer)
    plain, _, _ = calorimeter.layer_sums(made.positions)
    assert plain.shape == (504, 3) and plain.dtype == np.float32
    np.testing.assert_allclose(cells @ plain, made.layer_energy, rtol=1e-5, atol=1e-6)


def test_observables_of_rings_are_finite_too():
    positions = reference.calochallenge_positions("pion")
    found = calorimeter.observables(np.ones((3, 1)), np.full((3, 533), 0.001), positions)
    assert len(found) == 3 + 5 * 7 and all(np.isfinite(values).all() for values in found.values())


def test_moments_by_hand():
    cells = np.array([[1.0, 0.0, 2.0, 7.0], [1.0, 2.0, 1.0, 4.0]])  # layer energies 1, 9 and 3, 5
    found = calorimeter.moments(np.full((2, 1), 10.0), cells, POSITIONS)
    spread = np.sqrt(2 * 0.1**2)
    assert found == pytest.approx([0.9, spread / np.sqrt(2), spread / 0.9, spread / 0.9 / np.sqrt(2), 2 / 9, 7 / 9])


def test_the_uncertainties_of_the_moments_are_their_spread_from_sample_to_sample():
    rng = np.random.default_rng(5)
    one = [np.zeros((2, 1, 1))]
    found = np.array([calorimeter.moments(np.ones((400, 1)), rng.normal(1, 0.1, (400, 1)), one) for _ in range(400)])
    assert found[:, 0].std() == pytest.approx(found[:, 1].mean(), rel=0.15)
    assert found[:, 2].std() == pytest.approx(found[:, 3].mean(), rel=0.15)


def test_the_input_stays_as_it_is(sample):
    made, energy, cells = sample
    before = energy.copy(), cells.copy()
    calorimeter.observables(energy, cells, made.positions), calorimeter.moments(energy, cells, made.positions)
    np.testing.assert_array_equal(energy, before[0]), np.testing.assert_array_equal(cells, before[1])


@pytest.mark.parametrize(
    ("energy", "cells", "said"),
    [
        ([1.0], [[1.0, 1.0, 1.0, 1.0]], r"energy has shape \(1,\)"),
        ([[1.0]], [[1.0, 1.0, 1.0]], r"cells have shape \(1, 3\); expected \(n, 4\)"),
        ([[0.0]], [[1.0, 1.0, 1.0, 1.0]], "energy holds 0.0; expected numbers above 0"),
    ],
)
def test_what_does_not_belong_together_is_refused(energy, cells, said):
    with pytest.raises(ValueError, match=said):
        calorimeter.observables(energy, cells, POSITIONS)


def test_one_shower_has_no_spread():
    with pytest.raises(ValueError, match="expected at least 2"):
        calorimeter.moments([[1.0]], [[1.0, 0.0, 0.0, 0.0]], POSITIONS)


def test_each_observable_has_a_label_of_its_own():
    names = calorimeter.observables([[10.0]], [[1.0, 0.0, 2.0, 6.0]], POSITIONS)
    labels = [calorimeter.label(name) for name in names]
    assert len(set(labels)) == len(labels)
    assert calorimeter.label("log_e1") == "$\\log_{10}(E_1$ / GeV)"
    with pytest.raises(ValueError, match="no observable 'width_z0'"):
        calorimeter.label("width_z0")
