"""Every way in which data is found, downloaded or refused, against a real HTTP server on this machine."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from hepml_helpers import __version__, datasets, fetch, registry

CHECKOUT = Path(__file__).resolve().parent.parent
OPEN_DATA = Path(os.environ.get("HEPML_DATA_DIR") or CHECKOUT.parent / "shared" / "opendata")

GOOD = b"Run,E1,pt1\n1,50.0,30.0\n2,60.5,31.5\n3,70.0,33.0\n"
HTML = b"<!DOCTYPE html>\n<html><body><h1>Not today</h1></body></html>\n"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Server:
    """Serves what `answers` says for each path: bytes, a status, or a function that takes the request handler."""

    def __init__(self):
        self.answers, self.requests = {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers["User-Agent"]))
                answer = outer.answers.get(self.path, 404)
                if callable(answer):
                    answer(self)
                elif isinstance(answer, int):
                    self.send_error(answer)
                else:
                    self.reply(answer)

            def reply(self, content, *, length=None):
                self.send_response(200)
                self.send_header("Content-Length", str(length or len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def paths(self):
        return [path for path, _ in self.requests]


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def unreachable():
    """The address of a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A registry of our own, with an empty cache, no HEPML_DATA_DIR, and no waiting."""
    root = tmp_path / "data"
    (root / "samples").mkdir(parents=True)
    (root / "registry.json").write_text('{"datasets": {}}')
    monkeypatch.setattr(registry, "data_root", lambda: root)
    monkeypatch.setattr(fetch, "RETRY_WAIT", 0.0)
    monkeypatch.setenv("HEPML_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("HEPML_DATA_DIR", raising=False)
    return tmp_path


def register(world, name="toy", **changes):
    """Add a dataset of one csv file (path ``cms/toy.csv``) to the registry; keys of the file or of the entry change."""
    file = {"path": "cms/toy.csv", "urls": [], "sha256": sha256(GOOD), "size": len(GOOD), "rows": 3}
    entry = {
        "title": "A toy",
        "recorded": True,
        "label": "CMS Open Data",
        "description": "three events",
        "columns": {
            "run": {"unit": "", "description": "run number", "min": 1},
            "E1": {"unit": "GeV", "description": "energy", "min": 0},
            "pt1": {"unit": "GeV", "description": "transverse momentum", "min": 0},
        },
        "rename": {"Run": "run"},
        "files": [file],
    }
    for key, value in changes.items():
        (file if key in file else entry)[key] = value
    path = world / "data" / "registry.json"
    content = json.loads(path.read_text())
    content["datasets"][name] = entry
    path.write_text(json.dumps(content))


def register_sample(world, name="toysim"):
    path = world / "data" / "samples" / f"{name}.h5"
    with h5py.File(path, "w") as file:
        events = file.create_group("events")
        events["E1"] = np.array([45.0, 46.0], np.float32)
        events["charge1"] = np.array([-1, 1], np.int8)
        events["kind"] = np.array([b"GT", b"TT"])
    columns = {
        "E1": {"unit": "GeV", "description": "energy", "min": 0},
        "charge1": {"unit": "e", "description": "charge"},
        "kind": {"unit": "", "description": "type"},
    }
    content = path.read_bytes()
    register(
        world, name, path=f"samples/{name}.h5", sha256=sha256(content), size=len(content), rows=2, columns=columns,
        rename={}, recorded=False, label="simulated (Pythia 8)", title="A simulated toy",
    )  # fmt: skip


def cached(world) -> Path:
    return world / "cache" / "cms" / "toy.csv"


def everything_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# ---- where data is found


def test_the_look_up_goes_from_data_dir_to_cache_to_network(world, server, monkeypatch, capsys):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    assert datasets.load_dataset("toy").attrs["source"] == "download"
    assert datasets.load_dataset("toy").attrs["source"] == "cache"
    (world / "mine").mkdir()
    (world / "mine" / "toy.csv").write_bytes(GOOD)
    monkeypatch.setenv("HEPML_DATA_DIR", str(world / "mine"))
    assert datasets.load_dataset("toy").attrs["source"] == "HEPML_DATA_DIR"
    assert server.paths() == ["/toy.csv"]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(", from ")[1] for line in lines] == ["the network", "the cache", "HEPML_DATA_DIR"]
    assert all(line.startswith("toy: 3 rows, CMS Open Data") for line in lines)


def test_data_dir_may_hold_the_file_under_its_path_or_under_its_name(world, monkeypatch):
    register(world, urls=["http://unused.invalid/"])
    monkeypatch.setenv("HEPML_DATA_DIR", str(world / "mine"))
    for folder in (world / "mine", world / "mine" / "cms"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "toy.csv").write_bytes(GOOD)
        assert datasets.dataset_path("toy") == folder / "toy.csv"


def test_a_relative_data_dir_counts_from_here_or_from_the_checkout(world, monkeypatch):
    register(world, urls=["http://unused.invalid/"])
    (world / "mine").mkdir()
    (world / "mine" / "toy.csv").write_bytes(GOOD)
    (world / "notebooks").mkdir()
    monkeypatch.setenv("HEPML_DATA_DIR", "mine")
    for folder in (world, world / "notebooks"):
        monkeypatch.chdir(folder)
        assert datasets.dataset_path("toy") == world / "mine" / "toy.csv"


def test_no_socket_is_opened_when_the_file_is_there(world, monkeypatch):
    register(world, urls=["http://unused.invalid/"])
    register_sample(world)
    cached(world).parent.mkdir(parents=True)
    cached(world).write_bytes(GOOD)

    def refuse(*args, **kwargs):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert len(datasets.load_dataset("toy")) == 3
    assert len(datasets.load_dataset("toysim")) == 2
    assert list(datasets.list_datasets()["where"]) == ["cache", "embedded"]


def test_a_data_dir_that_is_no_folder_is_pointed_out(world, monkeypatch):
    register(world, urls=["http://unused.invalid/"])
    cached(world).parent.mkdir(parents=True)
    cached(world).write_bytes(GOOD)
    monkeypatch.setenv("HEPML_DATA_DIR", str(world / "misspelt"))
    with pytest.warns(UserWarning, match="misspelt', which is no folder"):
        assert datasets.load_dataset("toy").attrs["source"] == "cache"


def test_a_table_says_what_it_is_also_after_a_selection(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    table = datasets.load_dataset("toy")
    assert table.columns.tolist() == ["run", "E1", "pt1"]
    assert table["run"].tolist() == [1, 2, 3]
    assert table["E1"].tolist() == [50.0, 60.5, 70.0]
    selected = table[table["E1"] > 55]
    assert selected.attrs == {"name": "toy", "label": "CMS Open Data", "recorded": True, "source": "download"}


def test_columns_come_in_the_order_asked_for(world, server):
    register(world, urls=[f"{server.url}/toy.csv"], constants={"year": 2012}, columns={
        "run": {"unit": ""}, "pt1": {"unit": "GeV"}, "year": {"unit": ""},
    })  # fmt: skip
    content = json.loads((world / "data" / "registry.json").read_text())
    content["datasets"]["toy"]["files"][0]["constants"] = {"year": 2012}
    (world / "data" / "registry.json").write_text(json.dumps(content))
    server.answers["/toy.csv"] = GOOD
    assert datasets.load_dataset("toy", columns=["year", "pt1"]).to_dict("list") == {
        "year": [2012] * 3,
        "pt1": [30.0, 31.5, 33.0],
    }
    assert datasets.load_dataset("toy", columns=["year"])["year"].tolist() == [2012] * 3


def test_an_embedded_sample_comes_in_long_numbers_and_text(world):
    register_sample(world)
    table = datasets.load_dataset("toysim")
    assert [str(kind) for kind in table.dtypes][:2] == ["float64", "int64"]
    assert table["kind"].tolist() == ["GT", "TT"]
    assert table.attrs["recorded"] is False and table.attrs["source"] == "embedded"


def test_a_ragged_sample_is_an_array_that_says_what_it_is(world, capsys):
    path = world / "data" / "samples" / "toyjets.h5"
    with h5py.File(path, "w") as file:
        events = file.create_group("events")
        events["pt"] = np.array([300.0, 310.0], np.float32)
        events["n"] = np.array([1, 2], np.int16)
        events["part"] = np.array([300.0, 200.0, 110.0], np.float16)
    columns = {"pt": {"unit": "GeV"}, "n": {"unit": ""}, "part": {"unit": "GeV", "counts": "n", "min": 0}}
    content = path.read_bytes()
    register(
        world, "toyjets", path="samples/toyjets.h5", sha256=sha256(content), size=len(content), rows=2, jagged=True,
        columns=columns, rename={}, recorded=False, label="simulated (Pythia 8)",
    )  # fmt: skip
    jets = datasets.load_dataset("toyjets")
    assert jets.fields == ["pt", "n", "part"]
    assert jets["part"].to_list() == [[300.0], [200.0, 110.0]]
    expected = {"name": "toyjets", "label": "simulated (Pythia 8)", "recorded": False, "source": "embedded"}
    assert jets.attrs == expected and jets[jets["pt"] > 305].attrs == expected
    assert "toyjets: 2 rows, simulated (Pythia 8)" in capsys.readouterr().out


# ---- downloading


def test_a_download_names_its_client_and_leaves_one_file(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    datasets.load_dataset("toy")
    assert server.requests == [("/toy.csv", f"hepml-helpers/{__version__}")]
    assert everything_below(world / "cache") == ["toy.csv"]


@pytest.mark.parametrize(("delay", "shown"), [(0, True), (60, False)])
def test_a_download_that_takes_a_while_shows_its_progress(world, server, monkeypatch, capsys, delay, shown):
    monkeypatch.setattr(fetch, "BAR_DELAY", delay)
    content = b"Run,E1,pt1\n" + b"1,50.0,30.0\n" * 2000
    register(world, urls=[f"{server.url}/toy.csv"], sha256=sha256(content), size=len(content), rows=2000)
    server.answers["/toy.csv"] = content
    datasets.load_dataset("toy")
    bar = capsys.readouterr().err
    assert ("toy.csv" in bar and "B/s" in bar) if shown else bar == ""


@pytest.mark.parametrize("bad", [404, 503, b"something else\n", HTML, GOOD[:20]])
def test_the_next_mirror_is_asked_where_one_fails(world, server, bad):
    register(world, urls=[f"{server.url}/bad.csv", f"{server.url}/good.csv"])
    server.answers |= {"/bad.csv": bad, "/good.csv": GOOD}
    assert datasets.load_dataset("toy").attrs["source"] == "download"
    assert server.paths()[0] == "/bad.csv" and server.paths()[-1] == "/good.csv"
    assert cached(world).read_bytes() == GOOD


def test_a_server_in_trouble_is_asked_once_more_and_no_more(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = 503
    with pytest.raises(datasets.DataUnavailable, match="answered 503"):
        datasets.load_dataset("toy")
    assert server.paths() == ["/toy.csv"] * 2


def test_a_missing_page_is_not_asked_for_again(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    with pytest.raises(datasets.DataUnavailable, match="answered 404 Not Found"):
        datasets.load_dataset("toy")
    assert server.paths() == ["/toy.csv"]


def test_a_truncated_download_is_tried_again_and_leaves_nothing_behind(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = lambda handler: handler.reply(GOOD[:20], length=len(GOOD))
    with pytest.raises(datasets.DataUnavailable, match="broke off") as caught:
        datasets.load_dataset("toy")
    assert "HEPML_DATA_DIR" in str(caught.value)
    assert server.paths() == ["/toy.csv"] * 2
    assert everything_below(world / "cache") == []


def test_a_download_that_is_short_but_looks_complete_is_refused(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD[:20]
    with pytest.raises(datasets.DataUnavailable, match=f"a truncated file of 20 bytes, expected {len(GOOD)} bytes"):
        datasets.load_dataset("toy")
    assert everything_below(world / "cache") == []


def test_a_wrong_checksum_is_refused_with_both_checksums(world, server):
    wrong = GOOD.replace(b"50.0", b"51.0")
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = wrong
    with pytest.raises(datasets.DataUnavailable) as caught:
        datasets.load_dataset("toy")
    assert sha256(wrong) in str(caught.value) and sha256(GOOD) in str(caught.value)
    assert everything_below(world / "cache") == []


@pytest.mark.parametrize("known", [True, False])
def test_an_html_page_in_place_of_data_is_recognised(world, server, known):
    register(world, urls=[f"{server.url}/toy.csv"], **({} if known else {"sha256": None, "size": None}))
    server.answers["/toy.csv"] = HTML
    with pytest.raises(datasets.DataUnavailable, match="found an HTML page"):
        datasets.load_dataset("toy")
    assert everything_below(world / "cache") == []


def test_an_unverified_file_is_loaded_and_its_checksum_printed(world, server, capsys):
    register(world, urls=[f"{server.url}/toy.csv"], sha256=None, size=None)
    server.answers["/toy.csv"] = GOOD
    assert len(datasets.load_dataset("toy")) == 3
    assert f"not yet verified, the registry holds no checksum for it; found sha256 {sha256(GOOD)}" in (
        capsys.readouterr().out
    )


def test_a_damaged_copy_in_the_cache_is_replaced_and_said_so(world, server, capsys):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    cached(world).parent.mkdir(parents=True)
    cached(world).write_bytes(GOOD[:20])
    assert datasets.load_dataset("toy").attrs["source"] == "download"
    assert "(cache) is not the file of the registry: found a truncated file of 20 bytes" in capsys.readouterr().out
    assert cached(world).read_bytes() == GOOD


def test_a_damaged_copy_in_the_cache_does_not_stay_without_a_network(world, unreachable):
    register(world, urls=[f"{unreachable}/toy.csv"])
    cached(world).parent.mkdir(parents=True)
    cached(world).write_bytes(GOOD[:20])
    with pytest.raises(datasets.DataUnavailable, match="no connection"):
        datasets.load_dataset("toy")
    assert not cached(world).exists()


def test_a_wrong_file_in_data_dir_is_an_error_and_stays_where_it_is(world, server, monkeypatch):
    register(world, urls=[f"{server.url}/toy.csv"])
    register_sample(world)
    server.answers["/toy.csv"] = GOOD
    (world / "toy.csv").write_bytes(GOOD[:20])
    monkeypatch.setenv("HEPML_DATA_DIR", str(world))
    for fallback in (None, "toysim"):
        with pytest.raises(datasets.CorruptData, match=r"\(HEPML_DATA_DIR\).*truncated.*Replace or delete that file"):
            datasets.load_dataset("toy", fallback=fallback)
    assert server.requests == [] and (world / "toy.csv").exists()


def test_a_damaged_embedded_sample_is_an_error(world):
    register_sample(world)
    (world / "data" / "samples" / "toysim.h5").write_bytes(b"not HDF5")
    with pytest.raises(datasets.CorruptData, match=r"\(embedded\).*truncated.*Install hepml-helpers again"):
        datasets.load_dataset("toysim")


def test_a_missing_embedded_sample_is_an_error_that_touches_no_network(world):
    register_sample(world)
    (world / "data" / "samples" / "toysim.h5").unlink()
    with pytest.raises(datasets.DataUnavailable, match=r"the embedded .* is missing"):
        datasets.load_dataset("toysim")


def test_a_cache_that_cannot_be_written_is_an_error_that_names_the_way_out(world, server, monkeypatch):
    register(world, urls=[f"{server.url}/toy.csv", f"{server.url}/other.csv"])
    server.answers["/toy.csv"] = GOOD
    (world / "file").write_text("where the cache should be")
    monkeypatch.setenv("HEPML_CACHE_DIR", str(world / "file" / "cache"))
    with pytest.raises(datasets.DataUnavailable, match=r"cache cannot be written .*Set HEPML_CACHE_DIR to a folder"):
        datasets.load_dataset("toy")
    assert server.requests == []


def test_the_good_name_appears_in_one_step_and_on_a_whole_file(world, server, monkeypatch):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    moves = []

    def replace(part, target):
        moves.append((Path(part).read_bytes(), Path(part).parent == Path(target).parent, Path(target).exists()))
        os.rename(part, target)

    monkeypatch.setattr(fetch.os, "replace", replace)
    datasets.load_dataset("toy")
    assert moves == [(GOOD, True, False)]


# ---- without a network


def test_without_network_the_error_says_where_it_looked_and_what_to_do(world, unreachable):
    register(world, urls=[f"{unreachable}/toy.csv", f"{unreachable}/mirror.csv"])
    start = time.monotonic()
    with pytest.raises(datasets.DataUnavailable) as caught:
        datasets.load_dataset("toy")
    assert time.monotonic() - start < 2
    message = str(caught.value)
    for words in (
        "HEPML_DATA_DIR (not set)",
        str(world / "cache"),
        f"{unreachable}/toy.csv: no connection",
        "save it as",
    ):
        assert words in message
    assert "mirror.csv" not in message  # the same host, which did not answer, is not asked again


def test_a_host_that_never_answers_is_left_after_the_timeout(world, server, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as mute:
        register(world, urls=[f"http://127.0.0.1:{mute.getsockname()[1]}/toy.csv", f"{server.url}/toy.csv"])
        server.answers["/toy.csv"] = GOOD
        start = time.monotonic()
        assert len(datasets.load_dataset("toy")) == 3
    assert time.monotonic() - start < 3


def test_the_timeouts_are_short(world):
    connect, read = fetch.TIMEOUT
    assert 0 < connect <= 10 and 0 < read <= 60


def test_a_dataset_is_given_up_after_its_first_file_that_cannot_be_had(world, server):
    register(world, urls=[f"{server.url}/first.csv"])
    content = json.loads((world / "data" / "registry.json").read_text())
    first = content["datasets"]["toy"]["files"][0]
    content["datasets"]["toy"]["files"].append(first | {"path": "cms/toy2.csv", "urls": [f"{server.url}/second.csv"]})
    (world / "data" / "registry.json").write_text(json.dumps(content))
    with pytest.raises(datasets.DataUnavailable):
        datasets.load_dataset("toy")
    assert server.paths() == ["/first.csv"]


def test_the_fallback_comes_with_a_banner_and_its_own_label(world, unreachable, capsys):
    register(world, urls=[f"{unreachable}/toy.csv"])
    register_sample(world)
    table = datasets.load_dataset("toy", fallback="toysim")
    assert table.attrs == {
        "name": "toysim",
        "label": "simulated (Pythia 8)",
        "recorded": False,
        "source": "embedded",
        "stands_in_for": "toy",
    }
    out = capsys.readouterr().out
    assert "SIMULATED DATA: toysim (A simulated toy) stands in for toy." in out and "no connection" in out


def test_in_a_notebook_the_banner_is_a_box(world, unreachable, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append((bundle, raw)))
    register(world, urls=[f"{unreachable}/toy.csv"])
    register_sample(world)
    datasets.load_dataset("toy", fallback="toysim")
    [(bundle, raw)] = shown
    assert raw and "SIMULATED DATA" in bundle["text/plain"]
    assert "<strong>SIMULATED DATA" in bundle["text/html"] and "<br>" in bundle["text/html"]


def test_the_fallback_is_not_used_when_the_recorded_data_is_there(world, server, capsys):
    register(world, urls=[f"{server.url}/toy.csv"])
    register_sample(world)
    server.answers["/toy.csv"] = GOOD
    assert datasets.load_dataset("toy", fallback="toysim").attrs["recorded"] is True
    assert "SIMULATED" not in capsys.readouterr().out


def test_a_fallback_must_exist_and_be_simulated_before_anything_is_tried(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    register_sample(world)
    with pytest.raises(KeyError, match="did you mean 'toysim'"):
        datasets.load_dataset("toy", fallback="toysym")
    with pytest.raises(ValueError, match="expected an embedded simulated sample"):
        datasets.load_dataset("toy", fallback="toy")
    assert server.requests == []


# ---- large datasets


def test_a_large_dataset_is_downloaded_only_when_asked_for(world, server):
    register(world, urls=[f"{server.url}/toy.csv"], ask_first=True)
    register_sample(world)
    server.answers["/toy.csv"] = GOOD
    for attempt in (lambda: datasets.load_dataset("toy"), lambda: datasets.dataset_path("toy")):
        with pytest.raises(datasets.DataUnavailable, match=r'call datasets.dataset_path\("toy", download=True\)'):
            attempt()
    assert datasets.load_dataset("toy", fallback="toysim").attrs["name"] == "toysim"
    assert datasets.list_datasets().loc["toy", "where"] == "not here; downloaded when asked for"
    assert server.requests == []
    assert datasets.dataset_path("toy", download=True) == cached(world)
    assert datasets.load_dataset("toy").attrs["source"] == "cache"


def test_dataset_path_downloads_a_small_file_unless_told_not_to(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = GOOD
    with pytest.raises(datasets.DataUnavailable, match=r"no cms/toy\.csv in"):
        datasets.dataset_path("toy", download=False)
    assert server.requests == []
    assert datasets.dataset_path("toy").read_bytes() == GOOD


def test_dataset_path_of_several_files_is_refused():
    with pytest.raises(ValueError, match="6 files, expected 1"):
        datasets.dataset_path("cms_four_leptons")


# ---- several processes

LOAD_IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from hepml_helpers import datasets, registry
registry.data_root = lambda: Path(sys.argv[1])
print(datasets.load_dataset("toy")["E1"].sum())
"""


def another_process(world) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", LOAD_IN_ANOTHER_PROCESS, str(world / "data")],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_may_download_the_same_file_at_once(world, server):
    both = threading.Barrier(2, timeout=60)

    def slowly(handler):
        both.wait()  # neither gets a byte before both have asked
        for start in range(0, len(GOOD), 10):
            if start == 0:
                handler.reply(GOOD[:10], length=len(GOOD))
            else:
                handler.wfile.write(GOOD[start : start + 10])
                handler.wfile.flush()
            time.sleep(0.02)

    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = slowly
    processes = [another_process(world) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert out.splitlines()[-1] == "180.5"
    assert server.paths() == ["/toy.csv"] * 2
    assert cached(world).read_bytes() == GOOD
    assert everything_below(world / "cache") == ["toy.csv"]


def test_a_process_killed_in_the_middle_leaves_no_file_under_the_good_name(world, server):
    half_sent, killed = threading.Event(), threading.Event()

    def half(handler):
        handler.reply(GOOD[:20], length=len(GOOD))
        half_sent.set()
        killed.wait(60)

    register(world, urls=[f"{server.url}/toy.csv"])
    server.answers["/toy.csv"] = half
    process = another_process(world)
    assert half_sent.wait(60)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed.set()
    assert not cached(world).exists()
    server.answers["/toy.csv"] = GOOD
    assert len(datasets.load_dataset("toy")) == 3


# ---- what is in a file


def offer(world, content: bytes, **changes):
    """Put a file into HEPML_DATA_DIR that has the right checksum, so that only its content can be at fault."""
    (world / "toy.csv").write_bytes(content)
    register(world, urls=["http://unused.invalid/"], sha256=sha256(content), size=len(content), **changes)
    os.environ["HEPML_DATA_DIR"] = str(world)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"60.5", b"nan", r"column 'E1' is nan in row 1 .*expected a finite number, at least 0"),
        (b"60.5", b"", r"column 'E1' is nan in row 1 "),
        (b"60.5", b"inf", r"column 'E1' is inf in row 1 "),
        (b"60.5", b"-60.5", r"column 'E1' is -60.5 in row 1 .*at least 0; 1 such values"),
        (b"60.5", b"abc", r"column 'E1' is abc in row 1 "),
        (b"\n1,", b"\n0,", r"column 'run' is 0 in row 0 .*at least 1"),
        (b"E1", b"energy", r"no column E1: found Run, energy, pt1.*get it again"),
        (b"3,70.0,33.0\n", b"", r"2 rows, expected 3"),
        (GOOD[GOOD.index(b"\n") + 1 :], b"", r"0 rows, expected 3"),
        (b"60.5,31.5", b"60.5,31.5,1,2,3", r"cannot be read as csv"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_in_words(world, monkeypatch, old, new, message):
    monkeypatch.setenv("HEPML_DATA_DIR", "")  # restored afterwards
    assert GOOD.count(old) == 1
    offer(world, GOOD.replace(old, new))
    with pytest.raises(datasets.CorruptData, match=message):
        datasets.load_dataset("toy")


def test_a_file_without_events_is_refused_also_where_their_number_is_not_known(world, monkeypatch):
    monkeypatch.setenv("HEPML_DATA_DIR", "")
    offer(world, b"Run,E1,pt1\n", rows=None)
    with pytest.raises(datasets.CorruptData, match="0 rows, expected at least one"):
        datasets.load_dataset("toy")


def test_an_unverified_bad_file_does_not_stay_in_the_cache(world, server):
    register(world, urls=[f"{server.url}/toy.csv"], sha256=None, size=None)
    server.answers["/toy.csv"] = GOOD.replace(b"E1", b"F1")
    with pytest.raises(datasets.CorruptData, match="no column E1"):
        datasets.load_dataset("toy")
    assert everything_below(world / "cache") == []


@pytest.mark.parametrize(
    ("written", "tree", "message"),
    [
        ({"E1": [50.0], "pt1": [30.0]}, "events", r"no column Run: found E1, pt1"),
        ({"E1": [50.0], "pt1": [30.0], "Run": [1]}, "other", r"cannot be read as root: .*'?events"),
        ({"E1": [-50.0], "pt1": [30.0], "Run": [1]}, "events", r"column 'E1' is -50.0 in row 0 "),
        ({"E1": [50.0], "pt1": [30.0], "Run": [1]}, "events", None),
    ],
)
def test_a_root_file_is_checked_as_a_csv_file_is(world, monkeypatch, written, tree, message):
    import uproot

    with uproot.recreate(world / "toy.root") as file:
        file[tree] = {name: np.array(values) for name, values in written.items()}
    content = (world / "toy.root").read_bytes()
    about = {"path": "cms/toy.root", "sha256": sha256(content), "size": len(content), "rows": 1}
    register(world, urls=["http://unused.invalid/"], tree="events", **about)
    monkeypatch.setenv("HEPML_DATA_DIR", str(world))
    if message is None:
        assert datasets.load_dataset("toy").to_dict("list") == {"run": [1], "E1": [50.0], "pt1": [30.0]}
    else:
        with pytest.raises(datasets.CorruptData, match=f"(?s){message}"):
            datasets.load_dataset("toy")


@pytest.mark.parametrize("content", [b"no HDF5 at all", None])
def test_a_sample_that_is_no_sample_is_refused(world, content):
    path = world / "data" / "samples" / "toy.h5"
    if content is None:
        with h5py.File(path, "w") as file:
            file["events/E1"] = [50.0]
    else:
        path.write_bytes(content)
    content = path.read_bytes()
    register(world, path="samples/toy.h5", sha256=sha256(content), size=len(content), rows=1)
    with pytest.raises(datasets.CorruptData, match=r"cannot be read as h5|no column Run, pt1: found E1"):
        datasets.load_dataset("toy")


def test_values_of_jagged_columns_are_checked_event_by_event(tmp_path):
    import awkward as ak

    from hepml_helpers.tables import _check_values

    pt = ak.Array([[1.0, 1.5], [], [2.0, -3.0], [4.0]])
    with pytest.raises(datasets.CorruptData, match=r"column 'pt' is -3.0 in row 2 "):
        _check_values(pt, tmp_path, "pt", {"unit": "GeV", "min": 0})
    _check_values(pt, tmp_path, "pt", {"unit": "GeV", "min": -3})


def test_columns_that_do_not_exist_are_refused_before_anything_is_fetched(world, server):
    register(world, urls=[f"{server.url}/toy.csv"])
    with pytest.raises(ValueError, match=r"no column 'ptt1' in toy; did you mean 'pt1'\?"):
        datasets.load_dataset("toy", columns=["run", "ptt1"])
    for empty in ([], "pt1"):
        with pytest.raises(ValueError, match="expected a list of at least one column"):
            datasets.load_dataset("toy", columns=empty)
    assert server.requests == []


@pytest.mark.parametrize("ask", [datasets.load_dataset, datasets.dataset_path, datasets.dataset_info])
def test_an_unknown_name_suggests_the_nearest(ask):
    with pytest.raises(KeyError) as caught:
        ask("CMS_Zmumu_2011a")
    assert str(caught.value) == "no dataset 'CMS_Zmumu_2011a'; did you mean 'cms_zmumu_2011'?"


def test_the_nearest_name_is_suggested_as_it_is_written():
    assert registry.did_you_mean("ee1", ["E1", "px1"]) == "did you mean 'E1'?"


def test_an_empty_selection_is_an_error_in_words():
    table = pd.DataFrame({"mass": [90.0, 91.0]})
    with pytest.raises(ValueError, match="pairs above 200 GeV: no event is left, expected at least one"):
        datasets.require_events(table[table["mass"] > 200], "pairs above 200 GeV")
    assert datasets.require_events(table, "all pairs") is table


def test_importing_datasets_is_light():
    heavy = ("matplotlib", "keras", "tensorflow", "uproot")
    code = f"import sys, hepml_helpers.datasets; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- the recorded data

recorded = pytest.mark.skipif(not (OPEN_DATA / "cms").is_dir(), reason="no recorded data; set HEPML_DATA_DIR")


@pytest.fixture
def open_data(monkeypatch):
    monkeypatch.setenv("HEPML_DATA_DIR", str(OPEN_DATA))


@recorded
def test_the_recorded_dimuons_are_the_published_ones(open_data):
    table = datasets.load_dataset("cms_zmumu_2011")
    assert len(table) == 10583
    assert (table["charge1"] * table["charge2"] > 0).sum() == 356
    mass = np.sqrt(
        2
        * table["pt1"]
        * table["pt2"]
        * (np.cosh(table["eta1"] - table["eta2"]) - np.cos(table["phi1"] - table["phi2"]))
    )
    assert 90.2 < np.median(mass[(mass > 80) & (mass < 100)]) < 91.4


@recorded
def test_the_tag_and_probe_sample_holds_500_events_in_2304_rows(open_data):
    table = datasets.load_dataset("cms_tag_and_probe")
    assert len(table) == 2304
    assert len(table[["run", "event"]].drop_duplicates()) == 500
    assert (table["charge1"] * table["charge2"] > 0).sum() == 157
    assert sorted(table["kind"].unique()) == ["GG", "GT", "TT"]


@recorded
def test_the_four_lepton_candidates_are_joined_from_six_files(open_data):
    table = datasets.load_dataset("cms_four_leptons")
    counts = table.groupby(["year", "channel"]).size().to_dict()
    assert counts == {
        (2011, "4mu"): 18,
        (2011, "4e"): 7,
        (2011, "2e2mu"): 13,
        (2012, "4mu"): 95,
        (2012, "4e"): 41,
        (2012, "2e2mu"): 104,
    }
    assert table["mass"].between(121, 130).sum() == 12
    p4 = sum(table[[f"E{i}", f"px{i}", f"py{i}", f"pz{i}"]].to_numpy() for i in range(1, 5))
    mass = np.sqrt(p4[:, 0] ** 2 - (p4[:, 1:] ** 2).sum(axis=1))
    assert np.mean(np.abs(mass / table["mass"] - 1) < 0.005) > 0.99


@recorded
def test_the_ntuple_of_2012_is_jagged_and_keeps_its_label(open_data):
    import awkward as ak

    events = datasets.load_dataset("cms_doublemu_2012_first1000")
    assert len(events) == 1000 and events.fields == list(datasets.dataset_info("cms_doublemu_2012_first1000").columns)
    assert ak.all(events["nMuon"] == ak.num(events["Muon_pt"]))
    assert events[events["nMuon"] == 2].attrs["label"] == "CMS Open Data"
    few = datasets.load_dataset("cms_doublemu_2012_first1000", columns=["nMuon"])
    assert few.fields == ["nMuon"]
