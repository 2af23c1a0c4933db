import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import awkward as ak
import hist
import numpy as np
import pytest
import uproot

from hepml_helpers import streaming
from hepml_helpers.streaming import reduce_chunks

N_EVENTS, BLOCK = 2300, 300  # blocks of 300 events and a last one of 200
COLUMNS = ["nMuon", "Muon_pt"]
RECORDED = "cms/Run2012BC_DoubleMuParked_Muons_1000.root"


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(7)
    n_muons = rng.poisson(2.0, size=N_EVENTS)
    n_muons[BLOCK : BLOCK + 50] = 0  # a stretch of events without any muon
    return ak.unflatten(rng.exponential(20.0, size=n_muons.sum()).astype(np.float32), n_muons)


@pytest.fixture(scope="module")
def root_file(tmp_path_factory, events):
    """The same events as TTree "Events" and as RNTuple "Ntuple", an empty tree, and a histogram that is no tree."""
    path = tmp_path_factory.mktemp("streaming") / "events.root"
    pt = ak.zip({"pt": events})
    with uproot.recreate(path) as file:
        file.mktree("Events", {"Muon": pt.type.content, "run": "int64"})
        file.mktree("Empty", {"run": "int64"})
        file["counts"] = np.histogram([1.0, 2.0])
        file.mkrntuple("Ntuple", {"Muon_pt": events[:0], "nMuon": np.zeros(0, dtype=np.int64)})
        for start in range(0, N_EVENTS, BLOCK):
            block = events[start : start + BLOCK]
            file["Events"].extend({"Muon": pt[start : start + BLOCK], "run": np.arange(start, start + len(block))})
            file["Ntuple"].extend({"Muon_pt": block, "nMuon": ak.num(block)})
    return path


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        yield executor


@pytest.fixture(scope="module")
def dask_executor():
    distributed = pytest.importorskip("dask.distributed", reason="the extra `run` brings Dask; it is not installed")
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        yield client.get_executor()


@pytest.fixture(params=["here", "threads", "pool", "dask"])
def executor(request):
    if request.param == "here":
        yield None
    elif request.param == "threads":
        with ThreadPoolExecutor(2) as threads:
            yield threads
    else:
        yield request.getfixturevalue({"pool": "pool", "dask": "dask_executor"}[request.param])


def pt_histogram(chunk):
    """Weighted, with weights that floating point does not hold exactly."""
    pt = ak.to_numpy(ak.flatten(chunk["Muon_pt"])).astype(float)
    return hist.Hist.new.Reg(40, 0, 120).Weight().fill(pt, weight=np.sqrt(pt) / 3)


def count_events(chunk):
    return len(chunk)


def weighted_sum(chunk):
    return float(ak.sum(np.sqrt(ak.flatten(chunk["Muon_pt"]).to_numpy().astype(float))))


def fails_late(chunk):
    if ak.any(chunk["run"] == 1050):
        raise KeyError("no such muon")
    return 1


# ---- the result ----


@pytest.mark.parametrize("tree", ["Events", "Ntuple"])
@pytest.mark.parametrize("chunk_entries", [60, 299, 300, 301, 1000, 10**6])
def test_every_event_is_seen_once_and_in_order_whatever_the_chunk_size(root_file, events, tree, chunk_entries):
    seen = []

    def keep(chunk):
        assert len(chunk) <= chunk_entries
        seen.append(chunk)
        return ak.to_numpy(ak.num(chunk["Muon_pt"])).sum()

    total = reduce_chunks(keep, root_file, tree=tree, columns=COLUMNS, chunk_entries=chunk_entries, progress=False)
    together = ak.concatenate(seen)
    assert total == ak.count(events)
    assert ak.array_equal(together["Muon_pt"], events, check_parameters=False)
    assert ak.to_list(together["nMuon"]) == ak.to_list(ak.num(events))


@pytest.mark.parametrize("tree", ["Events", "Ntuple"])
@pytest.mark.parametrize("chunk_entries", [50, 300, 700])
def test_the_result_is_the_same_to_the_last_bit_with_every_executor(root_file, executor, tree, chunk_entries):
    options = {"tree": tree, "columns": COLUMNS, "chunk_entries": chunk_entries, "progress": False}
    here = reduce_chunks(pt_histogram, root_file, **options)
    there = reduce_chunks(pt_histogram, root_file, executor=executor, **options)
    np.testing.assert_array_equal(there.view(flow=True), here.view(flow=True))


@pytest.mark.parametrize("tree", ["Events", "Ntuple"])
def test_the_result_is_that_of_the_whole_file_at_once(root_file, events, executor, tree):
    once = pt_histogram({"Muon_pt": events})
    chunked = reduce_chunks(
        pt_histogram, root_file, tree=tree, columns=COLUMNS, chunk_entries=170, executor=executor, progress=False
    )
    np.testing.assert_allclose(chunked.values(flow=True), once.values(flow=True), rtol=1e-12)
    np.testing.assert_allclose(chunked.variances(flow=True), once.variances(flow=True), rtol=1e-12)


def test_numbers_arrays_and_dicts_add_up_too(root_file, events, executor):
    def summarise(chunk):
        n_muons = ak.num(chunk["Muon_pt"])
        return {
            "events": len(chunk),
            "muons": np.bincount(ak.to_numpy(n_muons), minlength=20),
            "pt": {"sum": weighted_sum(chunk)},
        }

    found = reduce_chunks(summarise, root_file, columns=["Muon_pt"], chunk_entries=90, executor=executor)
    assert found["events"] == N_EVENTS
    np.testing.assert_array_equal(found["muons"], np.bincount(ak.num(events), minlength=20))
    np.testing.assert_allclose(found["pt"]["sum"], weighted_sum({"Muon_pt": events}), rtol=1e-12)


def test_the_first_result_is_not_changed_in_place(root_file):
    kept = np.zeros(3)

    def same_array(chunk):
        kept[:] = 1
        return kept

    total = reduce_chunks(same_array, root_file, columns=["nMuon"], chunk_entries=300, progress=False)
    assert total.tolist() == [8, 8, 8]
    assert kept.tolist() == [1, 1, 1]


def test_only_the_columns_asked_for_are_read(root_file):
    fields = reduce_chunks(lambda chunk: dict.fromkeys(chunk.fields, 1), root_file, columns=["run", "Muon_pt"])
    assert set(fields) == {"run", "Muon_pt"}


def test_the_recorded_rntuple_gives_the_counts_of_a_plain_read(executor):
    if "HEPML_DATA_DIR" not in os.environ:
        pytest.skip("HEPML_DATA_DIR is not set, so there is no recorded file to read")
    path = Path(os.environ["HEPML_DATA_DIR"]) / RECORDED
    with uproot.open(path) as file:
        whole = file["Events"].arrays(filter_name=["Muon_pt", "Muon_charge"])
    expected = pt_histogram(whole)
    found = reduce_chunks(pt_histogram, path, columns=["Muon_pt"], chunk_entries=64, executor=executor, progress=False)
    np.testing.assert_allclose(found.values(flow=True), expected.values(flow=True), rtol=1e-12)
    assert reduce_chunks(count_events, path, columns=["nMuon"], chunk_entries=64, progress=False) == 1000


# ---- how the work is cut and handed out ----


@pytest.mark.parametrize("tree", ["Events", "Ntuple"])
@pytest.mark.parametrize(
    ("chunk_entries", "expected"), [(50, 300), (300, 300), (599, 300), (600, 600), (10**6, N_EVENTS)]
)
def test_parts_end_where_compressed_blocks_end(root_file, tree, chunk_entries, expected):
    with uproot.open(root_file) as file:
        parts = streaming._parts(file[tree], COLUMNS, chunk_entries)
    assert parts[0] == (0, expected)
    assert [start for start, _ in parts[1:]] == [stop for _, stop in parts[:-1]]
    assert parts[-1][1] == N_EVENTS
    assert all(stop % BLOCK == 0 for _, stop in parts[:-1])


class CountingExecutor:
    """Runs a task only when its result is asked for, and counts how many wait at a time."""

    def __init__(self):
        self.waiting, self.most, self.cancelled = 0, 0, 0

    def submit(self, function, *args):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        outer = self

        class Lazy(Future):
            def result(self, timeout=None):
                outer.waiting -= 1
                return function(*args)

            def cancel(self):
                outer.cancelled += 1
                return super().cancel()

        return Lazy()


def test_the_number_of_parts_in_flight_is_bounded(root_file, monkeypatch):
    monkeypatch.setattr(streaming, "MAX_IN_FLIGHT", 3)
    counting = CountingExecutor()
    total = reduce_chunks(
        count_events, root_file, columns=["nMuon"], chunk_entries=300, executor=counting, progress=False
    )
    assert total == N_EVENTS
    assert counting.most == 3
    assert counting.waiting == counting.cancelled == 0


def test_after_a_failure_what_still_waits_is_cancelled(root_file, monkeypatch):
    monkeypatch.setattr(streaming, "MAX_IN_FLIGHT", 3)
    counting = CountingExecutor()
    with pytest.raises(RuntimeError, match="entries 900 to 1199"):
        reduce_chunks(fails_late, root_file, columns=["run"], chunk_entries=300, executor=counting, progress=False)
    assert counting.cancelled == 2


def test_the_bar_shows_events_and_can_be_switched_off(root_file, capsys):
    reduce_chunks(count_events, root_file, columns=["nMuon"], chunk_entries=300)
    assert "events/s" in capsys.readouterr().err
    reduce_chunks(count_events, root_file, columns=["nMuon"], chunk_entries=300, progress=False)
    assert capsys.readouterr().err == ""


# ---- functions from a notebook ----

NOTEBOOK = """
    import multiprocessing, sys
    from concurrent.futures import ProcessPoolExecutor
    from dask.distributed import Client
    from hepml_helpers.streaming import reduce_chunks

    FACTOR = 1

    def count(chunk):
        return FACTOR * len(chunk)

    if __name__ == "__main__":
        options = {"columns": ["nMuon"], "chunk_entries": 300, "progress": False}
        for method in ("spawn", "fork"):
            with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
                FACTOR = 1
                print(method, reduce_chunks(count, sys.argv[1], executor=pool, **options))
                FACTOR = 2  # the cell is edited and run again, with the same workers
                print(method, reduce_chunks(count, sys.argv[1], executor=pool, **options))
                print(method, reduce_chunks(lambda chunk: 3 * len(chunk), sys.argv[1], executor=pool, **options))
        with Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
            print("dask", reduce_chunks(count, sys.argv[1], executor=client.get_executor(), **options))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_functions_of_the_main_module_run_on_every_executor_and_never_in_a_stale_version(root_file, tmp_path):
    pytest.importorskip("dask.distributed", reason="the extra `run` brings Dask; it is not installed")
    script = tmp_path / "cell.py"
    script.write_text(textwrap.dedent(NOTEBOOK))
    root = str(Path(__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run([sys.executable, script, root_file], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    counts = [f"{method} {factor * N_EVENTS}" for method in ("spawn", "fork") for factor in (1, 2, 3)]
    assert done.stdout.splitlines() == [*counts, f"dask {2 * N_EVENTS}"]


def test_without_cloudpickle_a_notebook_function_is_refused_in_words(root_file, pool, monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)

    def in_a_notebook(chunk):
        return 1

    in_a_notebook.__module__ = "__main__"
    with pytest.raises(ValueError, match=r"defined in this notebook or script.*pip install cloudpickle"):
        reduce_chunks(in_a_notebook, root_file, columns=["nMuon"], executor=pool)
    assert pickle.loads(streaming._pack(np.sum)) is np.sum  # one that can be imported goes by name


def test_a_function_that_cannot_travel_is_named(root_file, pool):
    words = r"<lambda>.*cannot be sent to other processes.*expected a function"
    with open(root_file, "rb") as opened, pytest.raises(ValueError, match=words):
        reduce_chunks(lambda chunk: opened.name, root_file, columns=["nMuon"], executor=pool)


def leaves_at_once(chunk):
    os._exit(1)


def test_a_worker_that_dies_is_reported_in_words(root_file):
    context = multiprocessing.get_context("spawn")
    words = "a worker of the process pool died"
    with ProcessPoolExecutor(1, mp_context=context) as executor, pytest.raises(RuntimeError, match=words):
        reduce_chunks(leaves_at_once, root_file, columns=["nMuon"], executor=executor, progress=False)


# ---- bad input ----


def test_a_failure_names_the_entries_and_the_exception(root_file, executor):
    with pytest.raises(RuntimeError, match="failed on entries 1000 to 1099 with KeyError: 'no such muon'"):
        reduce_chunks(fails_late, root_file, columns=["run"], chunk_entries=100, executor=executor, progress=False)


def test_a_failure_in_this_process_keeps_its_cause(root_file):
    with pytest.raises(RuntimeError) as caught:
        reduce_chunks(fails_late, root_file, columns=["run"], progress=False, chunk_entries=300)
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize(("result", "kind"), [(None, "NoneType"), ((1, 2), "tuple"), ([1], "list"), ("a", "str")])
def test_a_result_that_does_not_add_is_refused(root_file, result, kind):
    with pytest.raises(RuntimeError, match=f"returned '{kind}' for entries 0 to 299; expected something that adds"):
        reduce_chunks(lambda chunk: result, root_file, columns=["run"], chunk_entries=300, progress=False)


def test_results_that_do_not_fit_together_are_refused(root_file):
    with pytest.raises(RuntimeError, match="entries 2100 to 2299 cannot be added to those before it"):
        reduce_chunks(
            lambda chunk: chunk["run"].to_numpy(), root_file, columns=["run"], chunk_entries=300, progress=False
        )
    with pytest.raises(RuntimeError, match=r"keys \['late'\], those before it \['early'\]"):
        reduce_chunks(
            lambda chunk: {"late" if chunk["run"][0] else "early": 1},
            root_file,
            columns=["run"],
            chunk_entries=300,
            progress=False,
        )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*nowhere\.root"):
        reduce_chunks(count_events, tmp_path / "nowhere.root", columns=["run"])


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>" * 40])
def test_a_file_that_is_no_root_file_is_named_with_its_size(tmp_path, content):
    path = tmp_path / "page.root"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"page\.root \({len(content)} bytes\) cannot be read as a ROOT file"):
        reduce_chunks(count_events, path, columns=["run"])


@pytest.mark.parametrize("tree", ["events", "counts"])
def test_an_unknown_tree_is_answered_with_those_there_are(root_file, tree):
    with pytest.raises(ValueError, match=f"named '{tree}'.*it has: Empty, Events, Ntuple$"):
        reduce_chunks(count_events, root_file, tree=tree, columns=["run"])


@pytest.mark.parametrize("tree", ["Events", "Ntuple"])
def test_a_missing_column_is_answered_with_the_nearest(root_file, tree):
    with pytest.raises(ValueError, match=r"no column 'muon_Pt' in .*the nearest are: Muon_pt"):
        reduce_chunks(count_events, root_file, tree=tree, columns=["nMuon", "muon_Pt"])
    with pytest.raises(ValueError, match=r"no column 'xyz' in .*it has: Muon_pt, nMuon"):
        reduce_chunks(count_events, root_file, tree=tree, columns=["xyz"])


def test_a_tree_without_entries_is_refused(root_file):
    with pytest.raises(ValueError, match=r"'Empty' in .* has no entries"):
        reduce_chunks(count_events, root_file, tree="Empty", columns=["run"])


@pytest.mark.parametrize("chunk_entries", [0, -5, 2.5, True, "100 MB"])
def test_a_chunk_size_that_is_no_positive_number_is_refused(root_file, chunk_entries):
    with pytest.raises(ValueError, match=f"chunk_entries is {chunk_entries!r}; expected a whole number"):
        reduce_chunks(count_events, root_file, columns=["run"], chunk_entries=chunk_entries)


@pytest.mark.parametrize("columns", ["run", [], [1]])
def test_columns_that_are_no_list_of_names_are_refused(root_file, columns):
    with pytest.raises(ValueError, match="expected a list of names"):
        reduce_chunks(count_events, root_file, columns=columns)


def test_a_function_and_an_executor_that_are_none_are_refused(root_file):
    with pytest.raises(ValueError, match="function is 3; expected a function"):
        reduce_chunks(3, root_file, columns=["run"])
    with pytest.raises(ValueError, match=r"executor is 2; expected None, a concurrent\.futures executor"):
        reduce_chunks(count_events, root_file, columns=["run"], executor=2)
