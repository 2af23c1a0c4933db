"""Ragged columns of an HDF5 sample: lists cut by their counts, numbers that can be added, checked like all others."""

import sys
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pytest

from hepml_helpers import registry, tables

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import store  # noqa: E402

COLUMNS = {
    "pt": {"unit": "GeV", "min": 0},
    "n": {"unit": ""},
    "part_pt": {"unit": "GeV", "counts": "n", "min": 0},
    "part_eta": {"unit": "", "counts": "n", "min": -2, "max": 2},
}
JETS = {
    "pt": np.array([500.0, 600.0, 700.0], np.float32),
    "n": np.array([2, 0, 3], np.int16),
    "part_pt": np.array([400, 100, 300, 200, 200], np.float16),
    "part_eta": np.array([0.5, -0.5, 1.0, 0.0, -1.5], np.float16),
}


@pytest.fixture
def read(tmp_path):
    """Write these columns in place of the good ones, and read what is wanted."""

    def read(wanted=tuple(COLUMNS), *, rows=3, **changed):
        path, columns = tmp_path / "jets.h5", JETS | changed
        with h5py.File(path, "w") as file:
            for name, values in columns.items():
                file[f"events/{name}"] = values
        file = registry.DataFile("jets.h5", rows=rows)
        dataset = registry.Dataset("jets", "Jets", False, "simulated", "", COLUMNS, (file,), jagged=True)
        return tables.read_file(path, dataset, file, list(wanted))

    return read


def test_lists_are_cut_where_the_counts_say(read):
    jets = read()
    assert jets.fields == list(COLUMNS)
    assert jets["part_pt"].to_list() == [[400, 100], [], [300, 200, 200]]
    assert jets["part_eta"].to_list() == [[0.5, -0.5], [], [1.0, 0.0, -1.5]]
    assert jets["pt"].to_list() == [500, 600, 700]


def test_sixteen_bit_numbers_become_floats_that_can_be_added(read):
    jets = read(part_pt=np.full(5, 60_000, np.float16))
    assert str(jets.type) == "3 * {pt: float32, n: int16, part_pt: var * float32, part_eta: var * float32}"
    assert ak.sum(jets["part_pt"], axis=1).to_list() == [120_000, 0, 180_000]  # a float16 ends at 65,504


def test_multiples_of_a_step_are_numbers_again(tmp_path):
    """What the recipes store as whole numbers comes back as the numbers that they stand for."""
    columns = {"pt": JETS["pt"], "n": JETS["n"], "part_pt": JETS["part_pt"], "part_eta": np.array([1, -1, 2, 0, 9]) / 8}
    meaning = {name: {"description": "", **about} for name, about in COLUMNS.items()}
    meaning["part_eta"] |= {"step": 1 / 8}
    store.write_sample(tmp_path / "jets.h5", columns, meaning=meaning, attributes={})
    with h5py.File(tmp_path / "jets.h5") as file:
        assert file["events/part_eta"][:].tolist() == [1, -1, 2, 0, 9]
    file = registry.DataFile("jets.h5", rows=3)
    dataset = registry.Dataset("jets", "Jets", False, "simulated", "", COLUMNS, (file,), jagged=True)
    jets = tables.read_file(tmp_path / "jets.h5", dataset, file, ["part_eta"])
    assert jets["part_eta"].to_list() == [[0.125, -0.125], [], [0.25, 0.0, 1.125]]
    np.testing.assert_array_equal(store.read_sample(tmp_path / "jets.h5")["part_eta"], columns["part_eta"])


def test_numbers_off_the_grid_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a value is 0\.1, expected multiples of 0\.125"):
        store.write_sample(
            tmp_path / "a.h5",
            {"eta": np.array([0.1])},
            meaning={"eta": {"unit": "", "description": "", "step": 0.125}},
            attributes={},
        )


def test_only_what_is_wanted_is_read(read):
    assert read(["part_eta", "pt"]).fields == ["part_eta", "pt"]
    assert read(["part_pt"]).fields == ["part_pt"]
    assert read(["pt"], part_pt=np.array([-1.0])).fields == ["pt"], "a bad column that nobody wants does no harm"


def test_counts_are_added_beyond_sixteen_bits(read):
    n = np.array([30_000, 0, 30_000], np.int16)
    long = np.zeros(60_000, np.float16)
    assert ak.num(read(n=n, part_pt=long, part_eta=long)["part_pt"]).to_list() == [30_000, 0, 30_000]


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"part_pt": np.ones(4)}, "column 'part_pt' has 4 values, expected 5, the sum of 'n'"),
        ({"n": np.array([2, -1, 4])}, "the sum of 'n', whose smallest is -1"),
        (
            {"part_pt": np.array([1, 2, -3.0, 4, 5])},
            r"'part_pt' is -3.0 in row 2 \(counted from 0\), expected .* at least 0",
        ),
        ({"part_eta": np.array([0, np.nan, 0, 0, 0])}, "'part_eta' is nan in row 0"),
        ({"part_eta": np.array([0, 0, 0, 0, 2.5])}, "'part_eta' is 2.5 in row 2 .* at most 2"),
        ({"pt": np.ones(4)}, "columns have {'pt': 4, 'n': 3, 'part_pt': 3, 'part_eta': 3} rows"),
        ({"rows": 4}, "has 3 rows, expected 4"),
    ],
)
def test_what_does_not_fit_is_named_with_its_numbers(read, changed, match):
    with pytest.raises(registry.CorruptData, match=match):
        read(**changed)


def test_a_file_without_the_counts_of_a_wanted_column_is_refused(read, tmp_path):
    read()
    with h5py.File(tmp_path / "jets.h5", "a") as file:
        del file["events/n"]
    file = registry.DataFile("jets.h5", rows=3)
    dataset = registry.Dataset("jets", "Jets", False, "simulated", "", COLUMNS, (file,), jagged=True)
    with pytest.raises(registry.CorruptData, match="no column n"):
        tables.read_file(tmp_path / "jets.h5", dataset, file, ["part_pt"])
