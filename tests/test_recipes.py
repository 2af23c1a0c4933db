"""The simulated samples: laws of the detector, the decay Z -> 4l, reproducibility, and what the files hold."""

import doctest
import importlib
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import detector, entries, four_leptons, generator, make, precision, stand_ins, store, z_decay  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402

REGISTRY = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))["datasets"]
SAMPLES = [name for name in [*RECIPES, *stand_ins.STAND_INS] if name in REGISTRY]
GENERATED = [name for name in RECIPES if name in REGISTRY]
PARTON_LEVEL = ("ttbar_partons", "ee_full", "ee_photon")
MODULES = sorted(
    f"{folder}.{path.stem}" for folder in ("recipes", "validation") for path in (DATA / folder).glob("[!_]*.py")
)
ETAS = (0.3, 1.0, 1.7, 2.2)
LAWS = {
    "muon": (detector.muon_pt_resolution, detector.measure_muons, detector.muon_efficiency),
    "electron": (detector.electron_energy_resolution, detector.measure_electrons, detector.electron_efficiency),
    "photon": (detector.photon_energy_resolution, detector.measure_photons, detector.photon_efficiency),
}
every_particle = pytest.mark.parametrize("particle", LAWS)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_the_docstrings_are_true(module):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(importlib.import_module(module), optionflags=flags).failed == 0


# The detector.


@every_particle
@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("pt", [8.0, 45.0])
def test_the_spread_of_measured_momenta_is_the_stated_resolution(particle, eta, pt, rng):
    resolution, measure, _ = LAWS[particle]
    n = 100_000
    measured, _, _ = measure(np.full(n, pt), np.full(n, eta), np.zeros(n), rng=rng)
    argument = pt if particle == "muon" else pt * np.cosh(eta)
    expected = float(resolution(np.array(argument), np.array(eta)))
    pull = pt / measured - 1 if particle == "muon" else measured / pt - 1
    assert np.std(pull) == pytest.approx(expected, rel=5 / np.sqrt(2 * n))
    assert np.mean(pull) == pytest.approx(0, abs=5 * expected / np.sqrt(n))


@every_particle
@pytest.mark.parametrize("eta", ETAS)
def test_the_share_of_found_particles_is_the_stated_efficiency(particle, eta, rng):
    n = 100_000
    efficiency = LAWS[particle][2](np.full(n, 20.0), np.full(n, eta))
    found = detector.found(efficiency, rng=rng).mean()
    assert 0.05 < efficiency[0] < 1
    assert found == pytest.approx(efficiency[0], abs=5 * np.sqrt(efficiency[0] * (1 - efficiency[0]) / n))


@every_particle
def test_nothing_is_found_outside_the_acceptance(particle):
    edge = {"muon": detector.MUON_ETA_MAX, "electron": detector.ELECTRON_ETA_MAX, "photon": detector.PHOTON_ETA_MAX}
    eta = np.array([-1.001, -0.999, 0.999, 1.001]) * edge[particle]
    assert (LAWS[particle][2](np.full(4, 50.0), eta) > 0).tolist() == [False, True, True, False]


def test_no_photon_is_found_in_the_gap_between_barrel_and_endcaps():
    assert detector.photon_efficiency(np.full(3, 50.0), np.array([1.44, -1.5, 1.57])).astype(bool).tolist() == [1, 0, 1]


@every_particle
def test_efficiency_never_falls_with_pt(particle):
    pt = np.linspace(0, 200, 400)
    assert all((np.diff(LAWS[particle][2](pt, np.full(400, eta))) >= 0).all() for eta in ETAS)


@pytest.mark.parametrize(
    ("law", "energy", "eta", "low", "high"),
    [
        (detector.muon_pt_resolution, 40.0, 0.3, 0.009, 0.020),  # 1.3 to 2 % in the barrel, 1206.4071, alignment aside
        (detector.muon_pt_resolution, 99.0, 2.39, 0.04, 0.065),  # up to 6 % below 100 GeV
        (detector.electron_energy_resolution, 46.0, 0.3, 0.014, 0.022),  # 1.7 to 4.5 % for electrons from Z, 1502.02701
        (detector.electron_energy_resolution, 150.0, 1.9, 0.025, 0.045),
        (detector.photon_energy_resolution, 65.0, 0.3, 0.008, 0.014),  # about 1 % in the barrel, 1502.02702
        (detector.photon_energy_resolution, 200.0, 1.9, 0.02, 0.03),
    ],
)
def test_resolutions_are_in_the_published_ranges(law, energy, eta, low, high):
    assert low < float(law(np.array(energy), np.array(eta))) < high


@every_particle
@pytest.mark.parametrize(("bad", "shown"), [(np.nan, "nan"), (-3.5, "-3.5"), (np.inf, "inf")])
def test_a_momentum_that_cannot_be_is_refused_by_name(particle, bad, shown, rng):
    pt = np.array([10.0, bad])
    for call in (LAWS[particle][0], LAWS[particle][2], lambda pt, eta: LAWS[particle][1](pt, eta, eta, rng=rng)):
        with pytest.raises(ValueError, match=f"(pt|energy) is {shown}.*expected"):
            call(pt, np.zeros(2))


def test_a_nan_angle_or_a_wrong_efficiency_is_refused(rng):
    with pytest.raises(ValueError, match="eta is nan"):
        detector.muon_efficiency(np.array([5.0]), np.array([np.nan]))
    with pytest.raises(ValueError, match=r"efficiency is 1\.2, expected"):
        detector.found(np.array([0.5, 1.2]), rng=rng)


@every_particle
def test_measuring_changes_no_input_and_depends_on_the_generator_alone(particle):
    arrays = [np.array([10.0, 50.0]), np.array([0.1, -2.0]), np.array([3.1, -3.1])]
    before = [array.copy() for array in arrays]
    first, again = (LAWS[particle][1](*arrays, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(arrays, before)
    np.testing.assert_array_equal(first, again)
    assert (np.abs(first[2]) <= np.pi).all()


def test_an_electron_takes_the_photons_within_a_tenth_and_no_others():
    electron = detector.p4_of(np.array([[40.0, 30.0]]), np.array([[0.0, 1.0]]), np.array([[np.pi - 0.01, 0.0]]))
    angles = (
        np.array([[0.05, 0.12, 1.02]]),
        np.array([[-np.pi + 0.01, np.pi - 0.01, 0.0]]),
    )  # across pi, too far, second
    photons = detector.p4_of(np.array([[2.0, 3.0, 4.0]]), *angles)
    before = electron.copy()
    dressed = detector.add_collinear_photons(electron, photons)
    np.testing.assert_allclose(dressed[0, 0], electron[0, 0] + photons[0, 0])
    np.testing.assert_allclose(dressed[0, 1], electron[0, 1] + photons[0, 2])
    np.testing.assert_array_equal(electron, before)


def test_padding_collects_no_photons():
    electrons, photons = np.zeros((1, 2, 4)), detector.p4_of(np.array([[5.0]]), np.array([[0.0]]), np.array([[0.0]]))
    assert not detector.add_collinear_photons(electrons, photons).any()


# The decay of a single Z to four leptons.


@pytest.fixture
def four_body():
    return z_decay.rambo(np.full(200, 91.19), np.random.default_rng(1))


def test_flat_phase_space_conserves_momentum_and_masses(four_body):
    np.testing.assert_allclose(four_body.sum(axis=1), np.tile([91.19, 0, 0, 0], (200, 1)), atol=1e-9)
    np.testing.assert_allclose(four_body[..., 0], np.linalg.norm(four_body[..., 1:], axis=-1), rtol=1e-9)


@pytest.mark.parametrize(("h", "k"), [("L", "L"), ("L", "R"), ("R", "L"), ("R", "R")])
def test_the_current_of_the_amplitude_is_conserved(four_body, h, k):
    amplitude = z_decay.amplitude(four_body, h, k)
    divergence = (amplitude * four_body.sum(axis=1) * [1, -1, -1, -1]).sum(axis=1)
    assert np.abs(divergence).max() < 1e-9 * np.abs(amplitude).max() * 91.19


def test_exchange_of_equal_leptons_changes_no_rate(four_body):
    for order in ([2, 1, 0, 3], [0, 3, 2, 1]):
        swapped = z_decay.squared_amplitude(four_body[:, order], same_flavour=True)
        np.testing.assert_allclose(swapped, z_decay.squared_amplitude(four_body, same_flavour=True), rtol=1e-8)


def test_the_branching_fraction_of_z_to_four_leptons_is_the_published_one(monkeypatch, rng):
    monkeypatch.setattr(z_decay, "MASS_CUT", 4.0)
    p4 = z_decay.rambo(np.full(60_000, 91.19), rng)
    same, different = (z_decay.relative_rate(p4, same_flavour=flag).mean() for flag in (True, False))
    fraction = (2 * same + different) * 2 * 0.033658  # times B(Z -> ee) + B(Z -> mumu)
    assert fraction == pytest.approx(4.45e-6, rel=0.08)  # expected for pairs above 4 GeV in CMS 1210.3844


def test_decay_yields_do_not_depend_on_the_largest_weight():
    bosons = np.tile([91.19, 0, 0, 0.0], (2000, 1))
    yields = []
    for largest in (0.002, 0.004):
        *_, weight = z_decay.decay(bosons, np.random.default_rng(2), tries=10, largest=largest)
        yields.append((weight.sum(), np.sqrt((weight**2).sum())))
    (one, error_one), (two, error_two) = yields
    assert abs(one - two) < 5 * np.hypot(error_one, error_two)
    assert one > 10 * error_one


# The choice of the four leptons.


def four_leptons_event(pts=(50.0, 40.0, 25.0, 15.0), codes=(13, -13, 11, -11)):
    phi = np.array([0.0, np.pi, 1.0, 1.0 - np.pi]) - 0.1
    p4 = np.zeros((1, four_leptons.LEPTONS, 4))
    p4[0, :4] = detector.p4_of(np.array(pts), np.array([0.1, 0.2, -0.5, -0.4]), phi)
    pdg_id = np.zeros((1, four_leptons.LEPTONS), dtype=int)
    pdg_id[0, :4] = codes
    return p4, pdg_id


def test_a_good_candidate_is_accepted_and_its_leptons_are_in_order():
    chosen, accepted = four_leptons.choose_candidate(*four_leptons_event())
    assert accepted.tolist() == [True]
    assert chosen.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"codes": (13, 13, 11, -11)}, "muons of one charge"),
        ({"codes": (13, -13, 11, -13)}, "an odd flavour"),
        ({"pts": (19.0, 18.0, 17.0, 16.0)}, "no lepton above 20 GeV"),
        ({"pts": (300.0, 290.0, 25.0, 15.0)}, "no pair below 120 GeV for Z1 and Z2 below 12 to 40 GeV"),
        ({"pts": (50.0, 40.0, 6.0, 5.0)}, "Z2 below 12 GeV"),
    ],
)
def test_what_cms_would_not_select_is_refused(changed, why):
    _, accepted = four_leptons.choose_candidate(*four_leptons_event(**changed))
    assert accepted.tolist() == [False], why


# Files.


def test_rounding_keeps_a_relative_precision_of_3e_minus_5(rng):
    values = rng.lognormal(3, 2, 10_000) * rng.choice([-1, 1], 10_000)
    rounded = precision.stored(values)
    assert rounded.dtype == np.float32
    assert np.abs(rounded / values - 1).max() < 3.1e-5
    np.testing.assert_array_equal(precision.stored(rounded), rounded)
    assert np.abs(precision.stored_phi(np.array([-np.pi, np.pi]))).max() <= np.pi


MEANING = {"pt": {"unit": "GeV", "description": "momentum"}, "kind": {"unit": "", "description": "text"}}


def test_the_same_events_give_the_same_bytes_and_come_back(tmp_path):
    columns = {"pt": np.arange(5, dtype=np.float32), "kind": np.array(["GG", "TT", "GT", "GG", "GG"])}
    for name in ("a.h5", "b.h5"):
        store.write_sample(tmp_path / name, columns, meaning=MEANING, attributes={"seed": 3, "versions": {"x": "1"}})
        time.sleep(1.1)  # a time stamp in the file would show
    assert store.sha256(tmp_path / "a.h5") == store.sha256(tmp_path / "b.h5")
    np.testing.assert_array_equal(store.read_sample(tmp_path / "a.h5")["pt"], columns["pt"])


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    good = {"pt": np.ones(2), "kind": np.array(["GG", "TT"])}
    store.write_sample(tmp_path / "a.h5", good, meaning=MEANING, attributes={})
    before = store.sha256(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="column pt holds nan"):
        store.write_sample(tmp_path / "a.h5", good | {"pt": np.array([1, np.nan])}, meaning=MEANING, attributes={})
    with pytest.raises(TypeError):
        store.write_sample(tmp_path / "a.h5", good, meaning=MEANING, attributes={"seed": object()})
    assert store.sha256(tmp_path / "a.h5") == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"pt": np.ones(2)}, r"columns are \['pt'\], expected \['kind', 'pt'\]"),
        ({"pt": np.ones(2), "kind": np.array(["GG"])}, "expected one length"),
    ],
)
def test_columns_that_do_not_fit_are_refused(tmp_path, columns, match):
    with pytest.raises(ValueError, match=match):
        store.write_sample(tmp_path / "a.h5", columns, meaning=MEANING, attributes={})


def test_the_registry_keeps_what_others_wrote(tmp_path):
    path = tmp_path / "registry.json"
    path.write_text(json.dumps({"datasets": {"theirs": {"title": "Z → μμ"}}}), encoding="utf-8")
    store.update_registry(path, "ours", {"rows": 3})
    assert json.loads(path.read_text(encoding="utf-8"))["datasets"] == {
        "theirs": {"title": "Z → μμ"},
        "ours": {"rows": 3},
    }


# Blocks and workers.


def test_blocks_cover_the_events_of_every_component():
    recipe = RECIPES["dimuon_cocktail"]
    tasks = generator.tasks_of(recipe, 100_001, seed=4)
    assert max(task.events for task in tasks) <= generator.BLOCK_EVENTS
    per_component = [sum(t.events for t in tasks if t.component == c) for c in range(len(recipe.components))]
    assert per_component == generator.events_of_components(recipe, 100_001)
    assert sum(per_component) == pytest.approx(100_001, abs=len(per_component))
    assert len({(t.component, t.block) for t in tasks}) == len(tasks)


@pytest.mark.parametrize(("events", "seed", "match"), [(0, 1, "events is 0"), (10, -1, "seed is -1")])
def test_senseless_tasks_are_refused(events, seed, match):
    with pytest.raises(ValueError, match=match):
        generator.tasks_of(RECIPES["zmumu"], events, seed)


@pytest.fixture
def small_blocks(monkeypatch):
    """Three tiny blocks of zmumu."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    return [generator.Task("zmumu", 0, block, 40, 9) for block in range(3)]


def assert_equal_blocks(ours, theirs):
    theirs = sorted(theirs, key=lambda block: block.task.block)  # they come as they are finished
    assert [block.task for block in ours] == [block.task for block in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert one.cross_section == other.cross_section
        for name, values in one.columns.items():
            np.testing.assert_array_equal(values, other.columns[name], err_msg=name)


def test_one_process_two_processes_and_dask_give_the_same_events(small_blocks, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    here = list(generator.run_tasks(small_blocks))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert_equal_blocks(here, generator.run_tasks(small_blocks, executor=pool))
    monkeypatch.chdir(tmp_path)
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0", "local_directory": str(tmp_path)}
    with distributed.LocalCluster(**options) as cluster, make.make_executor(1, cluster.scheduler_address) as dask:
        assert_equal_blocks(here, generator.run_tasks(small_blocks, executor=dask))
    assert len({tuple(block.columns["pt1"]) for block in here}) == 3, "blocks must differ from each other"


def test_the_command_writes_a_sample_and_its_entry(small_blocks, tmp_path, capsys):
    registry = tmp_path / "registry.json"
    command = ["zmumu", "--events", "60", "--seed", "3", "--out", str(tmp_path), "--registry", str(registry)]
    assert make.main(command) == 0
    first = store.sha256(tmp_path / "zmumu.h5")
    entry = json.loads(registry.read_text(encoding="utf-8"))["datasets"]["zmumu"]
    assert entry["files"][0]["sha256"] == first
    assert entry["recipe"]["events_generated"] == 60 and entry["recipe"]["cross_section_pb"] > 100
    assert make.main(command) == 0
    assert store.sha256(tmp_path / "zmumu.h5") == first, "the same command must give the same bytes"


def test_an_unknown_pythia_setting_is_named(small_blocks):
    with pytest.raises(ValueError, match="NoSuchProcess:all = on"):
        generator.start_pythia(("NoSuchProcess:all = on",), 1)


@pytest.mark.parametrize("name", GENERATED)
def test_running_the_recipe_again_gives_the_committed_events(name):
    """The first batch of each process; weights from the recorded cross-section and number of events."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    recorded = REGISTRY[name]["recipe"]
    found, needed = entries.versions()["pythia8mc"], recorded["versions"]["pythia8mc"]
    if found != needed:
        pytest.skip(f"made with pythia8mc {needed}, installed is {found}")
    recipe, sample = RECIPES[name], store.read_sample(DATA / "samples" / f"{name}.h5")
    tasks = generator.tasks_of(recipe, recorded["events_generated"], recorded["seed"])
    start = 0
    for index, part in enumerate(recorded["components"]):
        task = next(task for task in tasks if task.component == index)
        columns = generator.make_block(task, first_batch_only=True).columns
        if recipe.luminosity_fb is not None:
            scale = part["cross_section_pb"] * 1000 * recipe.luminosity_fb / part["events_generated"]
            columns["weight"] = precision.stored(columns["weight"] * scale)
        for column, values in columns.items():
            counts = sample.get(recipe.columns[column].get("counts"))
            first = start if counts is None else counts[:start].sum(dtype=int)
            here = slice(first, first + len(values))
            np.testing.assert_array_equal(sample[column][here], values, err_msg=f"{part['name']}: {column}")
        start += part["events_kept"]


@pytest.mark.parametrize("name", [name for name in stand_ins.STAND_INS if name in REGISTRY])
def test_drawing_a_stand_in_again_gives_the_committed_rows(name):
    stand_in, recorded = stand_ins.STAND_INS[name], REGISTRY[name]["recipe"]
    for library in stand_in.libraries:
        pytest.importorskip(library, reason=f"{library} is not installed: pip install 'hepml-helpers[simulate]'")
    files = {source: DATA / "samples" / f"{source}.h5" for source in stand_in.sources}
    assert {source: store.sha256(file) for source, file in files.items()} == recorded["sources"]
    sources = {source: store.read_sample(file) for source, file in files.items()}
    again = stand_in.derive(sources, np.random.default_rng(recorded["seed"]))
    sample = store.read_sample(DATA / "samples" / f"{name}.h5")
    for column, values in again.items():
        if values.dtype.kind in "US":
            assert values.astype("S").tolist() == sample[column].tolist()
        elif values.dtype.kind == "f":
            np.testing.assert_allclose(sample[column], values, rtol=1e-6, atol=1e-6, err_msg=column)
        else:
            np.testing.assert_array_equal(sample[column], values, err_msg=column)


# What the committed files hold.


@pytest.fixture(scope="module")
def samples():
    return {name: store.read_sample(DATA / "samples" / f"{name}.h5") for name in SAMPLES}


def four_momenta(sample, n, mass=0.0):
    return np.stack(
        [detector.p4_of(*(sample[f"{q}{i}"] for q in ("pt", "eta", "phi")), mass) for i in range(1, n + 1)], 1
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_holds_its_columns_within_their_ranges(name, samples):
    entry, sample = REGISTRY[name], samples[name]
    assert set(sample) == set(entry["columns"])
    for column, values in sample.items():
        about = entry["columns"][column]
        length = sample[about["counts"]].sum(dtype=int) if "counts" in about else entry["rows"]
        assert len(values) == length, column
        if values.dtype.kind in "fiu":
            assert np.isfinite(values).all(), column
            assert values.min() >= about.get("min", -np.inf) and values.max() <= about.get("max", np.inf), column
        if column.startswith("pt"):
            assert values.min() > (0 if name in PARTON_LEVEL else 0.5) and values.max() < 4000
        if column.startswith("charge"):
            assert set(np.unique(values)) == {-1, 1}


@pytest.mark.parametrize("name", [name for name in GENERATED if RECIPES[name].luminosity_fb is not None])
def test_weights_add_up_to_the_expected_events(name, samples):
    """Accepted cross-section times luminosity, from the numbers that the registry keeps."""
    recipe, weight = REGISTRY[name]["recipe"], samples[name]["weight"]
    assert (weight > 0).all()
    if len(recipe["components"]) == 1 and name != "z4l":
        part = recipe["components"][0]
        expected = part["cross_section_pb"] * 1000 * recipe["luminosity_fb"] * len(weight) / part["events_generated"]
        assert weight.sum(dtype=float) == pytest.approx(expected, rel=1e-4)
    assert sum(part["events_kept"] for part in recipe["components"]) == len(weight)


def test_all_samples_together_stay_small():
    assert sum(REGISTRY[name]["files"][0]["size"] for name in SAMPLES) < 40e6


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_made_of_plain_numbers_and_short_text(name):
    """No pickles, no objects: whatever reads HDF5 can read it."""
    with h5py.File(DATA / "samples" / f"{name}.h5") as file:
        assert {dataset.dtype.kind for dataset in file["events"].values()} <= set("fiuS")


def test_the_cocktail_holds_every_resonance_and_reaches_from_the_threshold_to_beyond_the_z(samples):
    sample = samples["dimuon_cocktail"]
    mass = detector.mass_of(four_momenta(sample, 2, 0.10566))
    assert min(np.count_nonzero(sample["origin"] == origin) for origin in (1, 4, 5, 6, 7, 8, 9)) > 100
    assert mass.min() < 0.4 and mass.max() > 150


def test_each_four_lepton_event_has_two_pairs_of_opposite_leptons(samples):
    for name in ("h4l", "zz4l", "z4l"):
        codes = np.stack([samples[name][f"pdgid{i}"] for i in range(1, 5)], axis=1).astype(int)
        np.testing.assert_array_equal(np.sort(codes, axis=1), np.sort(-codes, axis=1))
        np.testing.assert_array_equal(np.sign(codes), -np.stack([samples[name][f"charge{i}"] for i in range(1, 5)], 1))


def test_tag_and_probe_repeats_500_events(samples):
    sample = samples["tag_and_probe"]
    assert len(np.unique(sample["event"])) == 500 < len(sample["event"])
    assert set(sample["kind"].tolist()) == {b"GT", b"TT", b"GG"}
    assert (sample["charge1"] * sample["charge2"] > 0).any()


@pytest.mark.parametrize(
    ("stand_in", "recorded"), [("tag_and_probe", "cms_tag_and_probe"), ("four_leptons_pseudo", "cms_four_leptons")]
)
def test_a_stand_in_has_exactly_the_columns_of_what_it_replaces(stand_in, recorded):
    assert list(REGISTRY[stand_in]["columns"]) == list(REGISTRY[recorded]["columns"])


def test_the_masses_of_the_pseudo_experiment_are_those_of_its_momenta(samples):
    sample = samples["four_leptons_pseudo"]
    p4 = np.stack([np.stack([sample[f"{q}{i}"] for q in ("E", "px", "py", "pz")], -1) for i in range(1, 5)], axis=1)
    np.testing.assert_allclose(detector.mass_of(p4.astype(float)), sample["mass"], rtol=1e-3)
    np.testing.assert_allclose(detector.mass_of(p4[:, :2].astype(float)), sample["mZ1"], rtol=2e-3)
    np.testing.assert_allclose(detector.mass_of(p4[:, 2:].astype(float)), sample["mZ2"], rtol=2e-3)
