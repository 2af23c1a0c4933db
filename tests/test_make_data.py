"""Making samples: rounding, ragged columns, partitions that survive a kill, and workers of every kind."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import generator, make, store  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402

# Rounding.


@pytest.mark.parametrize("bits", [5, 9, 14, 22])
def test_stored_values_are_off_by_half_a_step_of_their_last_bit_at_most(bits):
    values = np.random.default_rng(1).lognormal(3, 2, 5000).astype(np.float32)
    error = np.abs(generator.stored(values, bits) / values - 1).max()
    assert 2.0 ** -(bits + 2) < error <= 2.0 ** -(bits + 1)


def test_nine_bits_fit_into_a_float16_and_fourteen_are_the_default():
    values = np.random.default_rng(2).uniform(0.5, 600, 5000)
    nine = generator.stored(values, 9)
    np.testing.assert_array_equal(nine.astype(np.float16), nine)
    np.testing.assert_array_equal(generator.stored(values), generator.stored(values, 14))


@pytest.mark.parametrize("bits", [0, 23])
def test_bits_that_a_float32_has_not_are_refused(bits):
    with pytest.raises(ValueError, match=f"bits is {bits}, expected 1 to 22"):
        generator.stored(np.ones(1), bits)


def test_rounded_angles_lie_on_the_grid_and_fit_into_a_float16():
    angles = np.random.default_rng(3).uniform(-3.9, 3.9, 5000)
    rounded = generator.rounded(angles, 1 / 512)
    assert rounded.dtype == np.float32
    assert np.abs(rounded - angles).max() <= 1 / 1024
    np.testing.assert_array_equal(rounded * 512, np.round(angles * 512))
    np.testing.assert_array_equal(rounded.astype(np.float16), rounded)


@pytest.mark.parametrize("step", [0.1, 0.0, -0.5, np.nan])
def test_a_step_that_is_no_power_of_two_is_refused(step):
    with pytest.raises(ValueError, match=f"step is {step}, expected a power of two"):
        generator.rounded(np.ones(1), step)


# Ragged columns.

MEANING = {
    "pt": {"unit": "GeV", "description": "of the jet"},
    "n": {"unit": "", "description": "constituents"},
    "part": {"unit": "GeV", "description": "of them", "counts": "n", "precision": "relative 2^-10"},
}


def jets(counts, start=0):
    """Jets with so many constituents, numbered from `start`."""
    total = sum(counts)
    pt = np.arange(len(counts), dtype=np.float32)
    part = np.arange(start, start + total, dtype=np.float16)
    return {"pt": pt, "n": np.array(counts, dtype=np.int16), "part": part}


def test_a_ragged_column_is_stored_flat_with_the_name_of_its_counts(tmp_path):
    store.write_sample(tmp_path / "a.h5", jets([2, 0, 3]), meaning=MEANING, attributes={})
    with h5py.File(tmp_path / "a.h5") as file:
        part = file["events/part"]
        assert dict(part.attrs) == {k: MEANING["part"][k] for k in ("unit", "description", "counts", "precision")}
        assert part[:].tolist() == [0, 1, 2, 3, 4] and part.dtype == np.float16


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"part": np.ones(4)}, "column part has length 4, expected 5, the sum of n"),
        ({"n": np.array([2, -1, 4])}, "column n holds -1, expected counts of zero or more"),
        ({"n": np.array([2.0, 0.0, 3.0])}, "column part has counts 'n' of type float64, expected a column of integers"),
        ({"part": np.array([1, 2, 3, 4, np.inf])}, "column part holds inf"),
        ({"pt": np.ones(4)}, "{'pt': 4, 'n': 3}, expected one length"),
    ],
)
def test_ragged_columns_that_do_not_fit_are_refused(tmp_path, changed, match):
    with pytest.raises(ValueError, match=match):
        store.write_sample(tmp_path / "a.h5", jets([2, 0, 3]) | changed, meaning=MEANING, attributes={})
    assert list(tmp_path.iterdir()) == []


def test_sixteen_bit_counts_add_up_beyond_sixteen_bits(tmp_path):
    store.write_sample(tmp_path / "a.h5", jets([30_000, 30_000]), meaning=MEANING, attributes={})
    assert len(store.read_sample(tmp_path / "a.h5")["part"]) == 60_000


def test_the_registry_entry_says_that_a_sample_is_ragged_and_keeps_stated_limits(tmp_path):
    import dataclasses

    columns = MEANING | {"mass": {"unit": "GeV", "description": "", "min": 5.0}}
    recipe = dataclasses.replace(RECIPES["zmumu"], columns=columns, luminosity_fb=None)
    (tmp_path / "a.h5").write_bytes(b"")
    entry = make._entry(recipe, tmp_path / "a.h5", 3, {})
    assert entry["jagged"] is True and entry["columns"]["part"] == MEANING["part"]
    assert entry["columns"]["mass"]["min"] == 5.0 and entry["columns"]["pt"]["min"] == 0
    assert "Weights" not in entry["description"]
