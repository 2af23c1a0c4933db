"""What is looked at once a week: links and downloads, against a server on this machine."""

import http.server
import threading
from dataclasses import replace

import check_downloads
import check_links
import pytest
from notebook_files import ROOT
from repository import slug

from hepml_helpers import registry


class Handler(http.server.BaseHTTPRequestHandler):
    """/good answers, /moved leads to it, /get knows no HEAD, /shut refuses, /file is a file; all else is missing."""

    def answer(self, *, head: bool):
        status = {"/good": 200, "/file": 200, "/moved": 302, "/get": 405 if head else 200, "/shut": 403}.get(
            self.path, 404
        )
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/good")
        self.send_header("Content-Length", "5")
        self.end_headers()
        if not head:
            self.wfile.write(b"muons")

    def do_HEAD(self):
        self.answer(head=True)

    def do_GET(self):
        self.answer(head=False)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def check(tmp_path, text: str) -> int:
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    return check_links.main([str(tmp_path / "page.md")])


def test_good_links_pass_whether_they_are_moved_or_know_no_head_or_refuse_programs(tmp_path, server, capsys):
    assert check(tmp_path, f"[a]({server}/good), [b]({server}/moved) {server}/get. <{server}/shut>") == 0
    printed = capsys.readouterr().out
    assert "4 links, 0 broken" in printed and f"refused   403 {server}/shut (page.md)" in printed


def test_a_broken_link_is_named_with_its_file(tmp_path, server, capsys):
    assert check(tmp_path, f"{server}/good and {server}/gone") == 1
    assert f"BROKEN    404 {server}/gone (page.md)" in capsys.readouterr().out


def test_a_host_that_is_not_there_is_a_broken_link(tmp_path, server, capsys):
    assert check(tmp_path, f"{server}/good and http://127.0.0.1:9/x") == 1
    assert "BROKEN    not reached (ConnectionError) http://127.0.0.1:9/x" in capsys.readouterr().out


def test_without_a_network_nothing_is_called_broken(tmp_path, capsys):
    assert check(tmp_path, "http://127.0.0.1:9/x and http://127.0.0.1:9/y") == 2
    assert "none of 2 links could be reached: is there a network?" in capsys.readouterr().err


def test_links_into_a_repository_that_is_not_published_are_left_out(capsys):
    places = {f"https://github.com/{slug()}": ["a.md"], "https://b.example": ["b.md"]}
    assert check_links.report(places, dict(zip(places, (404, 200), strict=True))) == 0
    assert "is not published" in capsys.readouterr().out
    more = {**places, f"https://github.com/{slug()}/blob/main/gone": ["c.md"]}
    assert check_links.report(more, dict(zip(more, (200, 200, 404), strict=True))) == 1


def test_the_links_of_the_readme_a_lesson_and_the_registry_are_among_those_that_are_checked():
    files = check_links.course_files()
    assert {ROOT / "README.md", ROOT / "notebooks/01_invariant_mass.ipynb", ROOT / "data/registry.json"} <= set(files)
    found = check_links.collect(files)
    assert "01_invariant_mass.ipynb" in found["https://arxiv.org/abs/1402.4735"]
    assert "registry.json" in found["https://opendata.cern.ch/record/5200/files/4mu_2011.csv"]
    assert not [address for address in found if address.endswith((")", ",", ".", "\\n"))]


@pytest.fixture
def one_file(server, monkeypatch):
    """A registry of one file of two addresses, whose checksum is that of "muons"."""
    dataset = next(entry for entry in registry.all_datasets().values() if entry.recorded and not entry.ask_first)
    sha256 = "5f0f38a2e1c2f5e1cb794b48c3a1da99cdd2dbcce6083935ee519edf8e2f5637"
    file = replace(dataset.files[0], urls=(f"{server}/file", f"{server}/good"), sha256=sha256, md5=None, size=5)

    def use(**changed):
        known = {"one": replace(dataset, name="one", files=(replace(file, **changed),))}
        monkeypatch.setattr(check_downloads.registry, "all_datasets", lambda: known)

    return use


def test_every_address_is_tried_though_the_first_gives_the_file(one_file, server, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HEPML_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HEPML_CACHE_DIR", str(tmp_path))
    one_file()
    assert check_downloads.main() == 0
    assert "2 addresses, 0 failed" in capsys.readouterr().out
    assert (
        check_downloads.os.environ["HEPML_DATA_DIR"] == check_downloads.os.environ["HEPML_CACHE_DIR"] == str(tmp_path)
    )
    one_file(urls=(f"{server}/file", f"{server}/gone"))
    assert check_downloads.main() == 1
    assert f"FAILED  one: {server}/gone" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_another_file_of_that_name_fails(one_file, capsys):
    one_file(sha256="0" * 64)
    assert check_downloads.main() == 2
    assert "2 addresses, 2 failed" in capsys.readouterr().out


def test_without_a_network_the_downloads_say_so(one_file, capsys):
    one_file(urls=("http://127.0.0.1:9/file",))
    assert check_downloads.main() == 2
    assert "is there a network?" in capsys.readouterr().err
