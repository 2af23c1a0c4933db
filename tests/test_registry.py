"""The registry itself: complete, consistent, true of the files that are here, and equal to the data cards."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hepml_helpers import datasets, fetch, registry

CHECKOUT = Path(__file__).resolve().parent.parent
OPEN_DATA = Path(os.environ.get("HEPML_DATA_DIR") or CHECKOUT.parent / "shared" / "opendata")
ENTRIES = json.loads((registry.data_root() / "registry.json").read_text(encoding="utf-8"))["datasets"]
RECORDED = [name for name, entry in ENTRIES.items() if entry["recorded"]]
SIMULATED = [name for name, entry in ENTRIES.items() if not entry["recorded"] and not entry["files"][0]["urls"]]
PUBLIC = [name for name in ENTRIES if name not in (*RECORDED, *SIMULATED)]  # simulated by others, and downloaded
UNITS = {"", "GeV", "MeV", "rad", "mm", "cm", "e", "events", "1"}

every_dataset = pytest.mark.parametrize("name", ENTRIES)


@every_dataset
def test_an_entry_says_what_every_reader_needs_to_know(name):
    entry = ENTRIES[name]
    needed = {
        "title",
        "recorded",
        "label",
        "description",
        "columns",
        "rows",
        "jagged",
        "licence",
        "record",
        "doi",
        "files",
    }
    assert needed <= set(entry)
    known = {field.name for field in dataclasses.fields(registry.Dataset)}
    assert set(entry) <= known - {"name"}, "a key that nobody reads"
    assert entry["label"] == "CMS Open Data" if entry["recorded"] else entry["label"].startswith("simulated (")
    assert name not in SIMULATED or entry["label"] == "simulated (Pythia 8)"
    assert entry["title"] and entry["description"] and entry["licence"]


@every_dataset
def test_each_column_has_a_unit_and_a_description(name):
    for column, about in ENTRIES[name]["columns"].items():
        assert set(about) <= {"unit", "description", "min", "max", "finite", "counts", "precision", "step"}, column
        assert about.get("counts", column) in ENTRIES[name]["columns"], column
        assert about["unit"] in UNITS, column
        assert len(about["description"]) >= 3, column
        assert about.get("min", -1e300) < about.get("max", 1e300), column


@pytest.mark.parametrize("name", RECORDED)
def test_no_recorded_energy_may_be_negative(name):
    columns = ENTRIES[name]["columns"]
    positive = [column for column in columns if re.fullmatch(r"(E|pt)\d|Muon_pt|mass|mZ\d", column)]
    assert positive
    assert all(columns[column].get("min") == 0 for column in positive)


@every_dataset
def test_each_file_has_size_checksum_and_rows_that_add_up(name):
    entry = ENTRIES[name]
    for file in entry["files"]:
        assert set(file) <= {field.name for field in dataclasses.fields(registry.DataFile)}
        assert file["sha256"] is None or re.fullmatch("[0-9a-f]{64}", file["sha256"])
        assert file.get("md5") is None or re.fullmatch("[0-9a-f]{32}", file["md5"])
        assert file["rows"] > 0 and (file["size"] or entry.get("ask_first"))
        assert Path(file["path"]).suffix in (".csv", ".root", ".h5", ".hdf5") and not file["path"].startswith("/")
        assert set(file.get("constants") or {}) <= set(entry["columns"])
    assert sum(file["rows"] for file in entry["files"]) == entry["rows"]
    assert (entry.get("tree") is not None) == any(file["path"].endswith(".root") for file in entry["files"])


@every_dataset
def test_renamed_columns_are_columns(name):
    assert set((ENTRIES[name].get("rename") or {}).values()) <= set(ENTRIES[name]["columns"])


@pytest.mark.parametrize("name", [*RECORDED, *PUBLIC])
def test_downloaded_files_have_addresses_that_end_in_a_file(name):
    for file in ENTRIES[name]["files"]:
        assert file["urls"] and len(set(file["urls"])) == len(file["urls"])
        for url in file["urls"]:
            parts = urlsplit(url)
            assert parts.scheme == "https" and parts.netloc
            assert Path(parts.path).suffix == Path(file["path"]).suffix


@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_samples_are_embedded_and_say_how_they_were_made(name):
    entry = ENTRIES[name]
    assert entry["record"] is None and entry["doi"] is None
    assert {"command", "seed", "versions"} <= set(entry["recipe"])
    for file in entry["files"]:
        assert file["urls"] == [] and file["sha256"] and file["path"].startswith("samples/")


@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_samples_load_and_hold_what_the_registry_says(name):
    table = datasets.load_dataset(name)
    columns = table.fields if ENTRIES[name]["jagged"] else list(table.columns)
    assert columns == list(ENTRIES[name]["columns"])
    assert len(table) == ENTRIES[name]["rows"]
    assert table.attrs["label"] == "simulated (Pythia 8)" and table.attrs["source"] == "embedded"


def test_no_sample_lies_about_unregistered():
    registered = {file["path"] for entry in ENTRIES.values() for file in entry["files"]}
    present = {f"samples/{path.name}" for path in (registry.data_root() / "samples").glob("*.h5")}
    assert present <= registered


@pytest.mark.skipif(not (OPEN_DATA / "cms").is_dir(), reason="no recorded data; set HEPML_DATA_DIR")
@pytest.mark.parametrize("name", [name for name in (*RECORDED, *PUBLIC) if not ENTRIES[name].get("ask_first")])
def test_downloaded_files_are_those_of_the_registry(name, monkeypatch):
    monkeypatch.setenv("HEPML_DATA_DIR", str(OPEN_DATA))
    for file in datasets.dataset_info(name).files:
        path, place = fetch.local_copy(file)
        assert place == "HEPML_DATA_DIR"
        assert fetch.find_damage(path, file) is None


def test_the_names_promised_to_the_lessons_are_there():
    assert {
        "cms_zmumu_2011",
        "cms_tag_and_probe",
        "cms_four_leptons",
        "cms_doublemu_2012",
        "cms_doublemu_2012_first1000",
    } <= set(RECORDED)


def test_what_is_large_is_asked_for_first():
    for name in (*RECORDED, *PUBLIC):
        info = datasets.dataset_info(name)
        assert info.ask_first == (info.size is None or info.size > 100e6)


def test_the_list_of_datasets_can_be_read():
    table = datasets.list_datasets()
    assert list(table.index) == list(ENTRIES)
    assert list(table.columns) == ["title", "origin", "rows", "size", "where"]
    assert table.loc["cms_doublemu_2012", "size"] == "2.2 GB"
    assert table.loc["cms_zmumu_2011", "origin"] == "recorded"


def test_an_entry_cannot_be_changed_by_mistake():
    info = datasets.dataset_info("cms_zmumu_2011")
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.rows = 1


def test_the_installed_package_is_looked_into_before_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "hepml_helpers"
    for root in (package / "data", tmp_path / "data"):
        root.mkdir(parents=True)
        (root / "registry.json").write_text('{"datasets": {}}')
    monkeypatch.setattr(registry, "__file__", str(package / "registry.py"))
    assert registry.data_root() == (package / "data").resolve()
    (package / "data" / "registry.json").unlink()
    assert registry.data_root() == (tmp_path / "data").resolve()
    (tmp_path / "data" / "registry.json").unlink()
    with pytest.raises(datasets.DataUnavailable, match="install the package again"):
        registry.data_root()


# ---- the data cards


def make_cards(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, str(CHECKOUT / "tools" / "make_data_cards.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_data_cards_are_those_of_the_registry():
    done = make_cards("--check")
    assert done.returncode == 0, done.stderr


def test_stale_cards_are_noticed(tmp_path):
    (tmp_path / "registry.json").write_text(json.dumps({"datasets": ENTRIES}))
    assert make_cards("--check", "--data", tmp_path).returncode == 1
    assert make_cards("--data", tmp_path).returncode == 0
    assert make_cards("--check", "--data", tmp_path).returncode == 0
    changed = json.loads(json.dumps(ENTRIES))
    changed["cms_zmumu_2011"]["columns"]["pt1"]["unit"] = "MeV"
    (tmp_path / "registry.json").write_text(json.dumps({"datasets": changed}))
    done = make_cards("--check", "--data", tmp_path)
    assert done.returncode == 1 and "run: python tools/make_data_cards.py" in done.stderr


def test_a_card_says_which_columns_hold_lists_and_how_precise_they_are(tmp_path):
    entry = json.loads(json.dumps(ENTRIES["zmumu"])) | {"jagged": True}
    entry["columns"] |= {"part": {"unit": "", "description": "of it", "counts": "n", "precision": "steps of 1/512"}}
    (tmp_path / "registry.json").write_text(json.dumps({"datasets": {"zmumu": entry}}))
    assert make_cards("--data", tmp_path).returncode == 0
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| column | unit | a row holds | precision | allowed | in the file | what |" in card
    assert "| `part` | - | list of `n` | steps of 1/512 | - | `part` | of it |" in card
    assert "| `pt1` | GeV | one value | - | ≥ 0 | `pt1` |" in card


@every_dataset
def test_a_card_holds_columns_licence_checksums_and_addresses(name):
    cards = (CHECKOUT / "data" / "README.md").read_text(encoding="utf-8")
    card = cards[cards.index(f"### {name}\n") :].split("\n### ")[0]
    entry = ENTRIES[name]
    assert entry["title"] in card and entry["licence"] in card and f"{entry['rows']:,}" in card
    assert not entry["doi"] or entry["doi"] in card
    for column, about in entry["columns"].items():
        assert f"| `{column}` | {about['unit'] or '-'} |" in card
    for file in entry["files"]:
        assert (file["sha256"] or file.get("md5") or "not yet verified") in card
        assert (f"{file['size']:,} bytes" if file["size"] else "size not known") in card
        assert all(url in card for url in file["urls"])
