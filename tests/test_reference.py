"""Reference sets: files of the same layout, made here, come back as the arrays that are promised."""

import numpy as np
import pandas as pd
import pytest

from hepml_helpers import datasets, fetch, reference, registry
from hepml_helpers.registry import CorruptData, DataUnavailable

N_JETS = 60


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def jets(rng):
    """A table of the layout of Zenodo 2603256, ordered: all QCD first. Energies tell row and constituent."""
    n_real = rng.integers(1, 200, N_JETS)
    momenta = rng.normal(0, 10, (N_JETS, 200, 3)) * (np.arange(200) < n_real[:, None])[..., None]
    p4 = np.concatenate([np.linalg.norm(momenta, axis=-1, keepdims=True), momenta], axis=-1).astype(np.float32)
    names = [f"{component}_{i}" for i in range(200) for component in ("E", "PX", "PY", "PZ")]
    table = pd.DataFrame(p4.reshape(N_JETS, 800), columns=names)
    truth = pd.DataFrame(np.zeros((N_JETS, 4), np.float32), columns=["truthE", "truthPX", "truthPY", "truthPZ"])
    labels = pd.DataFrame({"ttv": 0, "is_signal_new": (np.arange(N_JETS) >= N_JETS // 2).astype(int)})
    return pd.concat([table, truth, labels], axis=1)


@pytest.fixture
def path(jets, tmp_path):
    return store(jets, tmp_path / "train.h5")


def store(table, path, key="table"):
    table.to_hdf(path, key=key, format="table", complib="blosc", complevel=5)
    return path


def p4_of(table, length):
    return table.to_numpy()[:, : 4 * length].reshape(-1, length, 4).astype(np.float32)


@pytest.mark.parametrize("rows_at_once", [7, 1000])
def test_all_jets_come_back_once_each_with_its_own_label(jets, path, rng, monkeypatch, rows_at_once):
    monkeypatch.setattr(reference, "ROWS_AT_ONCE", rows_at_once)
    p4, is_signal = reference.read_top_tagging(path, rng, length=200)
    row = [int(np.flatnonzero((p4_of(jets, 200) == jet).all(axis=(1, 2)))[0]) for jet in p4]
    assert sorted(row) == list(range(N_JETS))
    np.testing.assert_array_equal(is_signal, jets["is_signal_new"].to_numpy()[row])


def test_the_jets_are_drawn_from_the_whole_ordered_file(path, rng):
    _, is_signal = reference.read_top_tagging(path, rng, n_jets=20)
    assert 0 < is_signal.sum() < 20


def test_the_hardest_constituents_are_kept(jets, path, rng):
    p4, _ = reference.read_top_tagging(path, rng, length=3)
    assert p4.shape == (N_JETS, 3, 4) and p4.dtype == np.float32
    expected = p4_of(jets, 3)
    np.testing.assert_array_equal(np.sort(p4[:, :, 0], axis=0), np.sort(expected[:, :, 0], axis=0))


def test_the_same_seed_gives_the_same_jets(path):
    first, second = (reference.read_top_tagging(path, np.random.default_rng(5), n_jets=9)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("E_2", np.nan, "row 4 .* constituent 2"),
        ("E_0", -1.0, "row 4 .* constituent 0"),
        ("PX_1", 1e4, "row 4 .* constituent 1"),
        ("is_signal_new", 3, "row 4 .* label 3"),
    ],
)
def test_what_no_jet_can_hold_is_an_error_that_names_the_row(jets, tmp_path, rng, column, value, said):
    jets.loc[4, column] = value
    with pytest.raises(CorruptData, match=said):
        reference.read_top_tagging(store(jets, tmp_path / "bad.h5"), rng)


def test_a_file_of_another_layout_says_what_it_lacks(jets, tmp_path, rng):
    with pytest.raises(CorruptData, match="holds /other; expected a pandas table 'table'"):
        reference.read_top_tagging(store(jets, tmp_path / "other.h5", key="other"), rng)
    with pytest.raises(CorruptData, match="no column PX_1"):
        reference.read_top_tagging(store(jets.drop(columns="PX_1"), tmp_path / "lacks.h5"), rng)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"part": "all"}, "part is 'all'; expected one of train, val, test"),
        ({"part": "val", "length": 0}, "length is 0; expected 1 to 200"),
        ({"part": "val", "length": 201}, "length is 201; expected 1 to 200"),
    ],
)
def test_wrong_arguments_are_named(rng, arguments, said):
    with pytest.raises(ValueError, match=said):
        reference.load_top_tagging(**arguments, rng=rng)


@pytest.mark.parametrize("n_jets", [0, N_JETS + 1])
def test_a_wrong_number_of_jets_is_named(path, rng, n_jets):
    with pytest.raises(ValueError, match=f"n_jets is {n_jets}; expected 1 to {N_JETS}"):
        reference.read_top_tagging(path, rng, n_jets=n_jets)


def test_the_set_is_not_downloaded_unasked(rng, tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("HEPML_DATA_DIR", raising=False)
    with pytest.raises(DataUnavailable, match=r'datasets.dataset_path\("top_tagging_val", download=True\)'):
        reference.load_top_tagging("val", rng)


def test_a_file_with_the_name_but_not_the_checksum_is_refused(path, rng, monkeypatch):
    monkeypatch.setenv("HEPML_DATA_DIR", str(path.parent))
    with pytest.raises(CorruptData, match="expected with md5 45663819f47c13724f67eb0fd80bfa5c"):
        reference.load_top_tagging("train", rng)


def test_a_file_with_the_checksum_is_read(path, rng, monkeypatch, capsys):
    monkeypatch.setenv("HEPML_DATA_DIR", str(path.parent))
    file = registry.dataset_info("top_tagging_train").files[0]
    monkeypatch.setattr(fetch, "find_damage", lambda found, wanted: None if wanted == file else "wrong file")
    p4, is_signal = reference.load_top_tagging("train", rng, n_jets=10)
    assert len(p4) == len(is_signal) == 10
    assert "top_tagging_train: 10 jets, simulated (Pythia 8, Delphes), from HEPML_DATA_DIR" in capsys.readouterr().out


def test_load_dataset_points_to_what_reads_a_set_that_is_no_table():
    with pytest.raises(ValueError, match="top_tagging_train is no table: read it with reference"):
        datasets.load_dataset("top_tagging_train")
