"""Reference sets: files of the same layout, made here, come back as the arrays that are promised."""

import h5py
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


# ---- CaloChallenge, dataset 1


N_SHOWERS = 40


@pytest.fixture
def calo(tmp_path, rng):
    """A file of the layout of Zenodo 8099322, ordered in incident energy: row i, voxel j holds i + j/1000 MeV."""
    return store_calo(tmp_path / "dataset_1_photons_1.hdf5", *calo_arrays(368))


def calo_arrays(n_voxels):
    incident = 256.0 * 2.0 ** np.sort(np.arange(N_SHOWERS) % 15)[:, None]
    return incident, np.arange(N_SHOWERS)[:, None] + np.arange(n_voxels) / 1000.0


def store_calo(path, incident, showers):
    with h5py.File(path, "w") as file:
        file.create_dataset("incident_energies", data=incident, compression="gzip")
        file.create_dataset("showers", data=showers, compression="gzip")
    return path


@pytest.mark.parametrize("rows_at_once", [7, 1000])
def test_each_shower_comes_back_once_in_gev_with_its_own_energy(calo, rng, monkeypatch, rows_at_once):
    monkeypatch.setattr(reference, "ROWS_AT_ONCE", rows_at_once)
    showers = reference.read_calochallenge(calo, "photon", rng)
    row = np.rint(showers.layers[0][:, 0, 0] * 1000.0).astype(int)
    assert sorted(row) == list(range(N_SHOWERS)) and list(row) != sorted(row)
    np.testing.assert_allclose(showers.incident_energy, calo_arrays(368)[0][row, 0] / 1000.0)
    np.testing.assert_allclose(
        showers.layer_energy[:, 1], calo_arrays(368)[1][row, 8:168].sum(axis=1) / 1000, rtol=1e-6
    )
    assert all(layer.dtype == np.float32 for layer in showers.layers)


@pytest.mark.parametrize(
    ("particle", "voxels", "shapes"),
    [
        ("photon", 368, [(1, 8), (10, 16), (10, 19), (1, 5), (1, 5)]),
        ("pion", 533, [(1, 8), (10, 10), (10, 10), (1, 5), (10, 15), (10, 16), (1, 10)]),
    ],
)
def test_the_voxels_of_a_layer_run_along_the_ring_last(tmp_path, rng, particle, voxels, shapes):
    path = store_calo(tmp_path / "calo.hdf5", *calo_arrays(voxels))
    showers = reference.read_calochallenge(path, particle, rng, n_showers=1)
    assert [layer.shape[1:] for layer in showers.layers] == shapes
    assert [xy.shape[1:] for xy in showers.positions] == shapes
    assert sum(np.prod(shape) for shape in shapes) == voxels
    number = np.rint((showers.layers[1][0] - showers.layers[0][0, 0, 0]) * 1e6).astype(int)
    assert number[0, 1] - number[0, 0] == 1 and number[1, 0] - number[0, 0] == shapes[1][1]


def test_positions_lie_in_the_middle_of_the_voxels():
    first, second = reference.calochallenge_positions("photon")[:2]
    np.testing.assert_allclose(first[:, 0, :3], [[2.5, 7.5, 20.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(np.hypot(*second)[:, 15], np.full(10, 175.0))
    np.testing.assert_allclose(np.degrees(np.arctan2(second[1], second[0]))[:2, 4], [18.0, 54.0])
    np.testing.assert_allclose(second.sum(axis=1), 0.0, atol=1e-9)  # the parts lie evenly around the axis


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_an_energy_that_no_voxel_can_hold_is_an_error_that_names_the_row(tmp_path, rng, value):
    incident, showers = calo_arrays(368)
    showers[7, 3] = value
    with pytest.raises(CorruptData, match="row 7 "):
        reference.read_calochallenge(store_calo(tmp_path / "bad.hdf5", incident, showers), "photon", rng)


def test_showers_of_another_particle_or_layout_are_refused(calo, tmp_path, rng):
    with pytest.raises(CorruptData, match=r"showers \(40, 368\) .* expected \(n, 533\)"):
        reference.read_calochallenge(calo, "pion", rng)
    with h5py.File(tmp_path / "lacks.hdf5", "w") as file:
        file["showers"] = np.ones((2, 368))
    with pytest.raises(CorruptData, match="has no incident_energies"):
        reference.read_calochallenge(tmp_path / "lacks.hdf5", "photon", rng)
    incident, showers = calo_arrays(368)
    incident[3] = 0.0
    with pytest.raises(CorruptData, match="incident energy that is not above 0"):
        reference.read_calochallenge(store_calo(tmp_path / "zero.hdf5", incident, showers), "photon", rng)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"particle": "muon"}, "particle is 'muon'; expected one of photon, pion"),
        ({"particle": "pion", "part": 3}, "part is 3; expected 1 or 2"),
    ],
)
def test_wrong_arguments_for_showers_are_named(rng, arguments, said):
    with pytest.raises(ValueError, match=said):
        reference.load_calochallenge(rng=rng, **arguments)


@pytest.mark.parametrize("n_showers", [0, N_SHOWERS + 1])
def test_a_wrong_number_of_showers_is_named(calo, rng, n_showers):
    with pytest.raises(ValueError, match=f"n_showers is {n_showers}; expected 1 to {N_SHOWERS}"):
        reference.read_calochallenge(calo, "photon", rng, n_showers=n_showers)


def test_showers_are_loaded_only_from_a_file_with_the_checksum(calo, rng, monkeypatch, capsys):
    monkeypatch.setenv("HEPML_DATA_DIR", str(calo.parent))
    with pytest.raises(CorruptData, match="expected with md5 005d2adeda7db034b388112661265656"):
        reference.load_calochallenge("photon", rng)
    monkeypatch.setattr(fetch, "find_damage", lambda found, wanted: None)
    assert len(reference.load_calochallenge("photon", rng, n_showers=9)) == 9
    assert "calochallenge_photons_1: 9 showers, simulated (Geant4, ATLAS)" in capsys.readouterr().out


def test_showers_are_not_downloaded_unasked(rng, tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("HEPML_DATA_DIR", raising=False)
    with pytest.raises(DataUnavailable, match=r'datasets.dataset_path\("calochallenge_pions_2", download=True\)'):
        reference.load_calochallenge("pion", rng, part=2)


@pytest.fixture
def dijets():
    """Events of the layout of Zenodo 4536377: two worked out by hand, the second with its lighter jet first."""
    names = [f"{name}{jet}" for jet in ("j1", "j2") for name in ("px", "py", "pz", "m", "tau1", "tau2", "tau3")]
    rows = [
        [300.0, 0.0, 0.0, 400.0, 0.5, 0.1, 0.05, -400.0, 0.0, 0.0, 300.0, 0.4, 0.2, 0.1],  # E = 500 and 500
        [0.0, 400.0, 0.0, 300.0, 0.0, 0.0, 0.0, 0.0, -300.0, 0.0, 400.0, 0.8, 0.2, 0.1],
    ]
    return pd.DataFrame(rows, columns=names).assign(label=[0, 1])


def test_dijet_features_are_those_worked_out_by_hand(dijets, tmp_path, rng):
    features, is_signal = reference.read_lhco(store(dijets, tmp_path / "lhco.h5", key="df"), rng)
    order = np.argsort(is_signal)
    np.testing.assert_array_equal(is_signal[order], [0, 1])
    m_jj = np.sqrt(1000.0**2 - 100.0**2)
    np.testing.assert_allclose(features[order], [[m_jj, 300, 100, 0.5, 0.2], [m_jj, 300, 100, 0.0, 0.25]])


def test_dijets_are_drawn_once_each_in_random_order(dijets, tmp_path):
    many = pd.concat([dijets] * 20, ignore_index=True)
    many["mj1"] += np.arange(40)
    path = store(many, tmp_path / "lhco.h5", key="df")
    features, _ = reference.read_lhco(path, np.random.default_rng(3), n_events=30)
    assert len(np.unique(features, axis=0)) == 30
    again, _ = reference.read_lhco(path, np.random.default_rng(3), n_events=30)
    np.testing.assert_array_equal(features, again)


def test_wrong_files_of_dijets_are_named(dijets, tmp_path, rng):
    with pytest.raises(CorruptData, match="no column mj2"):
        reference.read_lhco(store(dijets.drop(columns="mj2"), tmp_path / "lacks.h5", key="df"), rng)
    with pytest.raises(CorruptData, match="label 7"):
        reference.read_lhco(store(dijets.assign(label=7), tmp_path / "label.h5", key="df"), rng)
    with pytest.raises(CorruptData, match="expected 0 or 1, and finite numbers"):
        reference.read_lhco(store(dijets.assign(pxj1=np.nan), tmp_path / "nan.h5", key="df"), rng)
    with pytest.raises(ValueError, match="n_events is 3; expected 1 to 2"):
        reference.read_lhco(store(dijets, tmp_path / "few.h5", key="df"), rng, n_events=3)


def test_the_dijets_are_not_downloaded_unasked(rng, tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("HEPML_DATA_DIR", raising=False)
    with pytest.raises(DataUnavailable, match=r'datasets.dataset_path\("lhco_rd_features", download=True\)'):
        reference.load_lhco(rng)
