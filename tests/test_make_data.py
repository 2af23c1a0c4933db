"""Making samples: rounding, ragged columns, partitions that survive a kill, and workers of every kind."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
if str(DATA) not in sys.path:
    sys.path.append(str(DATA))

from recipes import entries, generator, make, partitions, precision, store, workers  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402

# Rounding.


@pytest.mark.parametrize("bits", [5, 9, 14, 22])
def test_stored_values_are_off_by_half_a_step_of_their_last_bit_at_most(bits):
    values = np.random.default_rng(1).lognormal(3, 2, 5000).astype(np.float32)
    error = np.abs(precision.stored(values, bits) / values - 1).max()
    assert 2.0 ** -(bits + 2) < error <= 2.0 ** -(bits + 1)


def test_nine_bits_fit_into_a_float16_and_fourteen_are_the_default():
    values = np.random.default_rng(2).uniform(0.5, 600, 5000)
    nine = precision.stored(values, 9)
    np.testing.assert_array_equal(nine.astype(np.float16), nine)
    np.testing.assert_array_equal(precision.stored(values), precision.stored(values, 14))


@pytest.mark.parametrize("bits", [0, 23])
def test_bits_that_a_float32_has_not_are_refused(bits):
    with pytest.raises(ValueError, match=f"bits is {bits}, expected 1 to 22"):
        precision.stored(np.ones(1), bits)


def test_rounded_angles_lie_on_the_grid_and_fit_into_a_float16():
    angles = np.random.default_rng(3).uniform(-3.9, 3.9, 5000)
    rounded = precision.rounded(angles, 1 / 512)
    assert rounded.dtype == np.float32
    assert np.abs(rounded - angles).max() <= 1 / 1024
    np.testing.assert_array_equal(rounded * 512, np.round(angles * 512))
    np.testing.assert_array_equal(rounded.astype(np.float16), rounded)


@pytest.mark.parametrize("step", [0.1, 0.0, -0.5, np.nan])
def test_a_step_that_is_no_power_of_two_is_refused(step):
    with pytest.raises(ValueError, match=f"step is {step}, expected a power of two"):
        precision.rounded(np.ones(1), step)


# Ragged columns.

MEANING = {
    "pt": {"unit": "GeV", "description": "of the jet"},
    "n": {"unit": "", "description": "constituents"},
    "part": {"unit": "GeV", "description": "of them", "counts": "n", "precision": "relative 2^-10"},
}


def jets(counts):
    """Jets with so many constituents, both numbered from 0 (to 2047)."""
    total = sum(counts)
    pt = np.arange(len(counts), dtype=np.float32)
    part = (np.arange(total) % 2048).astype(np.float16)
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
    columns = MEANING | {"mass": {"unit": "GeV", "description": "", "min": 5.0}}
    recipe = dataclasses.replace(RECIPES["zmumu"], columns=columns, luminosity_fb=None)
    (tmp_path / "a.h5").write_bytes(b"")
    entry = entries.entry_of(recipe, tmp_path / "a.h5", 3, {})
    assert entry["jagged"] is True and entry["columns"]["part"] == MEANING["part"]
    assert entry["columns"]["mass"]["min"] == 5.0 and entry["columns"]["pt"]["min"] == 0
    assert "Weights" not in entry["description"]


# Pieces: a column need not be in memory as a whole.


def test_the_bytes_of_a_file_do_not_depend_on_how_its_columns_are_cut(tmp_path):
    counts = np.random.default_rng(4).integers(0, 9, 20_000)
    whole = jets(counts.tolist())
    store.write_sample(tmp_path / "whole.h5", whole, meaning=MEANING, attributes={"seed": 1})
    for cuts in ([], [1], [0, 0, 7, 9999, 10_000]):
        cut = {name: np.split(values, cuts) for name, values in whole.items()}
        store.write_pieces(tmp_path / "cut.h5", cut.__getitem__, meaning=MEANING, attributes={"seed": 1})
        assert store.sha256(tmp_path / "cut.h5") == store.sha256(tmp_path / "whole.h5"), cuts


def test_a_committed_sample_written_again_has_the_committed_bytes(tmp_path):
    committed = DATA / "samples" / "h4l.h5"
    with h5py.File(committed) as file:
        meaning = {name: dict(file["events"][name].attrs) for name in RECIPES["h4l"].columns}
        attributes = {name: file.attrs[name] for name in ("name", "seed", "versions", "recipe")}
    store.write_sample(tmp_path / "h4l.h5", store.read_sample(committed), meaning=meaning, attributes=attributes)
    assert (tmp_path / "h4l.h5").read_bytes() == committed.read_bytes()


# Ragged columns and samples without weights, block by block. A toy in the place of Pythia.


@pytest.fixture
def toy(monkeypatch):
    """A recipe of its own, whose blocks are made without Pythia: `counts` constituents in each row."""

    def make_block(task):
        rng = np.random.default_rng([task.seed, task.component, task.block])
        columns = jets(rng.integers(0, 4, task.events).tolist())
        return generator.Block(task, columns, 1.0, 0.1)

    recipe = dataclasses.replace(RECIPES["zmumu"], name="toy", columns=MEANING, luminosity_fb=None)
    monkeypatch.setitem(RECIPES, "toy", recipe)
    monkeypatch.setattr(generator, "make_block", make_block)
    monkeypatch.setattr(generator, "BLOCK_EVENTS", 10)
    return recipe


def test_ragged_blocks_are_joined_in_the_order_of_the_tasks(toy, tmp_path):
    tasks = generator.tasks_of(toy, 35, 1)
    expected = [generator.make_block(task).columns for task in tasks]
    sample = store.read_sample(make.make_sample(toy, events=35, seed=1, folder=tmp_path))
    assert len(expected) == 4
    for name, values in sample.items():
        np.testing.assert_array_equal(values, np.concatenate([block[name] for block in expected]))
    assert len(sample["part"]) == sample["n"].sum() > 0


def test_a_sample_without_weights_states_no_luminosity(toy, tmp_path):
    registry = tmp_path / "registry.json"
    make.make_sample(toy, events=35, seed=1, folder=tmp_path, registry=registry)
    entry = json.loads(registry.read_text())["datasets"]["toy"]
    assert "luminosity_fb" not in entry["recipe"] and entry["recipe"]["batch_events"] == toy.batch_events
    assert entry["rows"] == 35 and entry["jagged"]


def test_nothing_lies_beside_the_old_sample_while_the_new_one_is_written(toy, tmp_path, monkeypatch):
    (tmp_path / "toy.h5").write_bytes(b"the old one")
    seen, plain = [], make.combine

    def watched(recipe, blocks):
        read, summary = plain(recipe, blocks)
        return lambda name: (seen.append(sorted(os.listdir(tmp_path))), read(name))[1], summary

    monkeypatch.setattr(make, "combine", watched)
    make.make_sample(toy, events=35, seed=1, folder=tmp_path)
    assert seen == [[".parts", "toy.h5"]] * 6  # a kill at that moment would leave a half file in .parts alone
    assert os.listdir(tmp_path) == ["toy.h5"]


# Partitions: what was finished is kept, and used only for the same request.


def parts_of(folder):
    return sorted(path.name for path in (folder / ".parts").rglob("*.npz"))


@pytest.fixture
def made(toy, monkeypatch):
    """The blocks that were made, in order; `made.fail` is the set of those that fail."""
    plain = generator.make_block

    class Made(list):
        fail = frozenset()

    made = Made()

    def make_block(task):
        made.append(task.block)
        if task.block in made.fail:
            raise ArithmeticError("no luck")
        return plain(task)

    monkeypatch.setattr(generator, "make_block", make_block)
    return made


def test_a_failing_partition_is_named_and_the_others_and_the_old_sample_are_kept(toy, made, tmp_path, capsys):
    (tmp_path / "toy.h5").write_bytes(b"the old one")
    made.fail = {1, 2}
    with pytest.raises(generator.PartitionsFailed, match=r"2 of 4 .*: toy, component 0, block 1, seed 7: Arithmetic"):
        make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    assert (tmp_path / "toy.h5").read_bytes() == b"the old one"
    assert parts_of(tmp_path) == ["0-00000.npz", "0-00003.npz"]
    assert made == [0, 1, 2, 3]
    made.fail = set()
    path = make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    assert made[4:] == [1, 2]
    assert "2 of 4 partitions found, 2 to make" in capsys.readouterr().err
    again = make.make_sample(toy, events=40, seed=7, folder=tmp_path / "again")
    assert path.read_bytes() == again.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["toy.h5"]
    assert not (tmp_path / ".parts").exists()


@pytest.mark.parametrize("damage", [lambda content: content[:-40], lambda content: b"", lambda content: b"\0" * 900])
def test_a_damaged_partition_is_made_again_and_said_so(toy, made, tmp_path, capsys, damage):
    made.fail = {3}
    with pytest.raises(generator.PartitionsFailed):
        make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    victim = next((tmp_path / ".parts").rglob("0-00001.npz"))
    victim.write_bytes(damage(victim.read_bytes()))
    made.fail = set()
    path = make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    assert made[4:] == [1, 3]
    assert "0-00001.npz is damaged, it is made again" in capsys.readouterr().err
    assert path.read_bytes() == make.make_sample(toy, events=40, seed=7, folder=tmp_path / "again").read_bytes()


def test_a_flipped_bit_in_the_values_of_a_partition_is_found(toy, tmp_path):
    block = next(generator.run_tasks(generator.tasks_of(toy, 10, 1)))
    partitions.save(tmp_path, block)
    path = tmp_path / "0-00000.npz"
    content = bytearray(path.read_bytes())
    content[content.index(b"part.npy") + 60] ^= 1
    path.write_bytes(content)
    found, damaged = partitions.find(tmp_path, [block.task], set(MEANING))
    assert found == {} and damaged == [path]


@pytest.mark.parametrize("changed", [{"seed": 8}, {"events": 41}, {"batch_events": 5}, {"sources": "other"}])
def test_a_partition_of_another_request_is_never_used(toy, made, tmp_path, monkeypatch, changed):
    made.fail = {3}
    with pytest.raises(generator.PartitionsFailed):
        make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    made.fail = set()
    made.clear()
    if "sources" in changed:
        other = generator.made_with() | {"recipes": changed.pop("sources")}
        monkeypatch.setattr(generator, "made_with", lambda: other)
    if "batch_events" in changed:
        toy = dataclasses.replace(toy, batch_events=changed.pop("batch_events"))
    make.make_sample(toy, **{"events": 40, "seed": 7} | changed, folder=tmp_path)
    assert made[:4] == [0, 1, 2, 3]
    assert len(parts_of(tmp_path)) == 3, "those of the other request stay"


def test_a_second_run_of_the_same_request_at_the_same_time_is_refused(toy, made, tmp_path):
    pytest.importorskip("fcntl")
    with partitions.open_folder(tmp_path, toy, 40, 7):
        with pytest.raises(partitions.AlreadyRunning, match="another process makes the same sample"):
            make.make_sample(toy, events=40, seed=7, folder=tmp_path)
        make.make_sample(toy, events=40, seed=8, folder=tmp_path)


def test_ctrl_c_keeps_what_is_finished(toy, tmp_path, monkeypatch):
    plain = generator.make_block

    def interrupted(task):
        if task.block == 2:
            raise KeyboardInterrupt
        return plain(task)

    monkeypatch.setattr(generator, "make_block", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make.make_sample(toy, events=40, seed=7, folder=tmp_path)
    assert parts_of(tmp_path) == ["0-00000.npz", "0-00001.npz"]


def test_a_worker_with_another_version_makes_nothing():
    task, expected = generator.Task("zmumu", 0, 0, 10, 7), generator.made_with() | {"numpy": "1.0"}
    with pytest.raises(RuntimeError, match=r"the worker has {'numpy': '2.*'}, expected {'numpy': '1\.0'}"):
        generator.make_block(task, expected=expected)


# The command.


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["zmumu", "--events", "0"], "--events: '0' is not a whole number of 1 or more"),
        (["zmumu", "--events", "1e6"], "--events: '1e6' is not"),
        (["zmumu", "--seed", "-1"], "--seed: '-1' is not a whole number of 0 or more"),
        (["zmumu", "--workers", "0"], "--workers: '0' is not"),
        (["zmumuu"], "invalid choice: 'zmumuu'"),
        (["zmumu", "--workers", "2", "--dask", "tcp://localhost:1"], "expected none of it beside --dask"),
    ],
)
def test_bad_arguments_are_refused_by_value(arguments, match, capsys):
    with pytest.raises(SystemExit):
        make.main(arguments)
    assert match in capsys.readouterr().err


def test_without_a_name_the_command_lists_them(capsys):
    assert make.main([]) == 2
    assert "zmumu" in capsys.readouterr().out


def test_fewer_events_than_processes_are_refused(tmp_path, capsys):
    assert make.main(["dimuon_cocktail", "--events", "2", "--out", str(tmp_path)]) == 1
    assert "events is 2, expected at least 6" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1"])
def test_an_address_that_does_not_answer_is_named(tmp_path, capsys, address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "CONNECT_SECONDS", 1)
    assert make.main(["zmumu", "--events", "5", "--dask", address, "--out", str(tmp_path)]) == 1
    assert f"no Dask scheduler answers at {address!r}" in capsys.readouterr().err


# Real events, in other processes.

EVENTS, SEED = 2000, 11
DRIVER = f"""
import sys
sys.path.insert(0, {str(DATA)!r})
from recipes import generator, make
generator.BLOCK_EVENTS = 200
sys.exit(make.main())
"""


@pytest.fixture
def small_blocks(monkeypatch):
    """Ten blocks of zmumu; the size of a block is chosen where the request is cut, not by the workers."""
    monkeypatch.setattr(generator, "BLOCK_EVENTS", 200)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The bytes of the sample made in one process and in one go."""
    pytest.importorskip("pythia8mc", reason="pythia8mc is not installed: pip install 'hepml-helpers[simulate]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "BLOCK_EVENTS", 200)
        folder = tmp_path_factory.mktemp("undisturbed")
        return make.make_sample(RECIPES["zmumu"], events=EVENTS, seed=SEED, folder=folder).read_bytes()


def start(folder, *options):
    """The command in a process of its own, with the same small blocks."""
    arguments = ["zmumu", "--events", str(EVENTS), "--seed", str(SEED), "--out", str(folder), *options]
    return subprocess.Popen([sys.executable, "-c", DRIVER, *arguments], stderr=subprocess.PIPE, text=True)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_half_way_goes_on_and_gives_the_same_bytes(
    how, undisturbed, small_blocks, tmp_path, monkeypatch, capsys
):
    psutil = pytest.importorskip("psutil")
    process = start(tmp_path, "--workers", "2")
    wait_for(lambda: len(parts_of(tmp_path)) >= 3 or process.poll() is not None)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    words = process.communicate(timeout=60)[1]
    assert process.returncode == (-how if how == signal.SIGKILL else 130), words
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == [], "no worker may outlive the command"
    kept = parts_of(tmp_path)
    assert 3 <= len(kept) < 10 and not (tmp_path / "zmumu.h5").exists()

    made, plain = [], generator.make_block
    monkeypatch.setattr(generator, "make_block", lambda task: made.append(task.block) or plain(task))
    path = make.make_sample(RECIPES["zmumu"], events=EVENTS, seed=SEED, folder=tmp_path)
    assert path.read_bytes() == undisturbed
    assert len(made) == 10 - len(kept) and not {f"0-{block:05d}.npz" for block in made} & set(kept)
    assert f"{len(kept)} of 10 partitions found, {len(made)} to make" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["zmumu.h5"]


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, local_directory=str(tmp_path / "dask")) as cluster:
        yield cluster


def test_a_dask_cluster_that_loses_a_worker_half_way_gives_the_same_bytes(undisturbed, small_blocks, cluster, tmp_path):
    from distributed import Client

    out, request = tmp_path / "out", {"events": EVENTS, "seed": SEED, "dask": cluster.scheduler_address}
    with Client(cluster) as client, ThreadPoolExecutor(1) as background:
        before = client.run(os.getpid)
        future = background.submit(make.make_sample, RECIPES["zmumu"], folder=out, **request)
        wait_for(lambda: len(parts_of(out)) >= 2 or future.done())
        assert not future.done()
        os.kill(next(iter(before.values())), signal.SIGKILL)
        assert future.result(timeout=120).read_bytes() == undisturbed
        client.wait_for_workers(2, timeout=60)
        assert set(client.run(os.getpid).values()) != set(before.values())
        sources = client.run(eval, "__import__('recipes').__file__")
        assert all(".zip" in source for source in sources.values()), "the new worker must have the recipes of this run"


def test_two_processes_give_the_same_bytes_as_one(undisturbed, small_blocks, tmp_path):
    path = make.make_sample(RECIPES["zmumu"], events=EVENTS, seed=SEED, folder=tmp_path, workers=2)
    assert path.read_bytes() == undisturbed
