"""Rounding: numbers in two bytes, azimuths that stay within pi, and how large the errors are."""

import sys
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes.precision import rounded, rounded_phi, short, stored, stored_phi  # noqa: E402


@pytest.fixture
def values():
    """Numbers of either sign from 0.0003 to 6000."""
    rng = np.random.default_rng(1)
    return np.exp(rng.uniform(np.log(3e-4), np.log(6000), 20_000)) * rng.choice([-1, 1], 20_000)


# Numbers in two bytes.


@pytest.mark.parametrize("bits", [1, 4, 8, 10])
def test_short_numbers_are_off_by_half_a_step_of_their_last_bit_at_most(bits, values):
    error = np.abs(short(values, bits).astype(float) / values - 1)
    worst = 2.0 ** -(bits + 1)
    assert 0.98 * worst / (1 + worst) < error.max() <= worst


@pytest.mark.parametrize("bits", [1, 4, 8, 10])
def test_short_numbers_are_float16_and_have_no_more_digits_than_stored_ones(bits, values):
    held = short(values, bits)
    assert held.dtype == np.float16
    np.testing.assert_array_equal(held.astype(np.float32), stored(values, bits))
    np.testing.assert_array_equal(short(held, bits), held)


def test_short_numbers_worked_out_by_hand():
    # with two bits of mantissa there are 4, 5, 6 and 7 between 4 and 8; halves go up
    assert short(np.array([4.4, 4.5, 5.6, 7.4, 7.6, -4.6, 0.0]), 2).tolist() == [4, 5, 6, 7, 8, -5, 0]


@pytest.mark.parametrize("bits", [4, 10, 14])
def test_rounding_has_no_preferred_direction_and_keeps_the_order(bits, values):
    error = stored(values, bits) / values - 1
    assert abs(error.mean()) < 5 * error.std() / np.sqrt(len(values))
    assert (np.diff(stored(np.sort(values), bits)) >= 0).all()
    np.testing.assert_array_equal(stored(-values, bits), -stored(values, bits))


@pytest.mark.parametrize("bits", [0, -1, 11])
def test_bits_that_a_float16_has_not_are_refused(bits):
    with pytest.raises(ValueError, match=f"bits is {bits}, expected 1 to 10"):
        short(np.ones(1), bits)


@pytest.mark.parametrize(
    ("value", "shown"), [(65600.0, "65600"), (-70000.0, "70016"), (1e6, "999936"), (np.inf, "inf")]
)
def test_a_number_beyond_the_largest_float16_is_refused(value, shown):
    with pytest.raises(ValueError, match=f"a value is {shown}.*, expected at most 65504"):
        short(np.array([1.0, value]), 10)


def test_the_largest_float16_is_held():
    assert short(np.array([65504.0, -65504.0]), 10).tolist() == [65504.0, -65504.0]


def test_a_number_that_rounds_beyond_the_largest_float16_is_refused():
    assert short(np.array([57344.0]), 3).tolist() == [57344.0]
    with pytest.raises(ValueError, match="a value is 65536"):
        short(np.array([65000.0]), 3)


def test_nothing_stays_nothing():
    assert short(np.zeros(0), 5).shape == rounded_phi(np.zeros(0), 1 / 8).shape == (0,)


# Azimuths.


@pytest.mark.parametrize("step", [1 / 4, 1 / 256, 1 / 512, 1 / 2048])
def test_azimuths_are_on_the_grid_within_pi_and_off_by_half_a_step(step):
    phi = np.concatenate([np.linspace(-np.pi, np.pi, 9999), [-np.pi, np.pi, 3.1415, -3.1415, 0.0]])
    before = phi.copy()
    held = rounded_phi(phi, step)
    assert held.dtype == np.float32
    np.testing.assert_array_equal(held / step, np.round(held / step))
    assert np.abs(held).max() <= np.pi
    inside = np.abs(phi) < np.pi - step
    assert 0.45 * step < np.abs(held - phi)[inside].max() <= step / 2
    assert np.abs(held - phi).max() < step  # at the seam the next multiple would be beyond pi
    np.testing.assert_array_equal(phi, before)


def test_azimuths_beside_the_seam_keep_their_side():
    # multiples of 1/8 below pi end at 25/8 = 3.125; of 1/4 at 3
    assert rounded_phi(np.array([np.pi, -np.pi, 3.1, -3.1]), 1 / 8).tolist() == [3.125, -3.125, 3.125, -3.125]
    assert rounded_phi(np.array([np.pi, -np.pi, 3.13]), 1 / 4).tolist() == [3.0, -3.0, 3.0]


def test_stored_azimuths_stay_within_pi_and_are_close():
    phi = np.concatenate([np.linspace(-np.pi, np.pi, 9999), [np.pi, -np.pi]])
    held = stored_phi(phi)
    assert np.abs(held.astype(float)).max() <= np.pi
    assert np.abs(held - phi).max() < 1.3e-4 and np.abs(held[1000:-1000] - phi[1000:-1000]).max() < 6.2e-5


@pytest.mark.parametrize("function", [rounded, rounded_phi])
@pytest.mark.parametrize("step", [0.3, -0.125, 3.0, 0.0, 0, float("nan"), float("inf")])
def test_steps_that_are_no_power_of_two_are_refused(step, function):
    with pytest.raises(ValueError, match=f"step is {step}, expected a power of two"):
        function(np.ones(1), step)


@pytest.mark.parametrize("step", [1 / 512, 1 / 8, 1.0, 4.0])
def test_rounded_numbers_have_an_absolute_error_of_half_a_step(step, values):
    error = np.abs(rounded(values, step).astype(float) - values)
    assert 0.45 * step < error.max() <= step / 2
