"""Weights that ship with the course: what is stored comes back, damage is noticed, and the recipe makes them."""

import json

import make_weights
import numpy as np
import pytest
from notebook_files import lessons, read

from hepml_helpers import pretrained
from hepml_helpers.registry import CorruptData, data_root

LARGEST = 3e6  # bytes a lesson
RECIPE = {"lesson": "07", "profile": "full", "seed": 1, "minutes": 9, "machine": "2 CPU cores", "backend": "tensorflow"}


class Network:
    """What `pretrained` needs of a Keras model."""

    def __init__(self, *weights):
        self.weights = [np.array(w, "float32") for w in weights]

    def get_weights(self):
        return [w.copy() for w in self.weights]

    def set_weights(self, weights):
        self.weights = weights


@pytest.fixture
def network():
    rng = np.random.default_rng(1)
    return Network(rng.normal(size=(20, 7)), rng.normal(size=7), 91.1876)


@pytest.fixture
def shelf(tmp_path, network, monkeypatch):
    """A list with one network, `small`; returns its file."""
    path = tmp_path / "weights/small.npz"
    entry = {"file": pretrained.store(path, network, np.arange(12345.0), [[1, 2]]), "recipe": RECIPE}
    (tmp_path / "weights.json").write_text(json.dumps({"networks": {"small": entry}}))
    monkeypatch.setattr(pretrained, "data_root", lambda: tmp_path)
    return path


def test_weights_come_back_rounded_and_what_was_kept_comes_back_whole(shelf, network, capsys):
    other = Network(np.zeros((20, 7)), np.zeros(7), 0)
    steps, pair = pretrained.restore("small", other)
    for found, stored in zip(other.weights, network.weights, strict=True):
        np.testing.assert_allclose(found, stored, rtol=2**-11)
        assert found.dtype == np.float32
    np.testing.assert_array_equal(steps, np.arange(12345.0))
    np.testing.assert_array_equal(pair, [[1, 2]])
    said = capsys.readouterr().out
    assert "small: NOT trained here" in said and "lesson 07, full profile, seed 1: 9 minutes on 2 CPU cores" in said


def test_a_damaged_file_is_refused_and_the_network_stays_as_it_was(shelf, network):
    before, data = network.get_weights(), bytearray(shelf.read_bytes())
    data[len(data) // 2] ^= 1
    shelf.write_bytes(data)
    with pytest.raises(CorruptData, match=r"small.npz: found .* with sha256 .*expected .*with sha256"):
        pretrained.restore("small", network)
    shelf.unlink()
    with pytest.raises(CorruptData, match=r"small.npz is missing"):
        pretrained.restore("small", network)
    for a, b in zip(before, network.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_name_or_another_shape_is_refused_in_words(shelf, network):
    with pytest.raises(ValueError, match=r"no weights 'smal' ship with the course; did you mean 'small'\?"):
        pretrained.restore("smal", network)
    with pytest.raises(
        ValueError, match=r"shapes \[\(20, 7\), \(7,\), \(\)\]; this one has \[\(20, 6\), \(6,\), \(\)\]"
    ):
        pretrained.restore("small", Network(np.zeros((20, 6)), np.zeros(6), 0))


def test_a_file_that_could_run_code_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", w000=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        pretrained.load(tmp_path / "bad.npz")


@pytest.mark.parametrize("value", [np.nan, 1e6])
def test_a_number_that_does_not_fit_leaves_the_file_before(shelf, value):
    before = shelf.read_bytes()
    with pytest.raises(ValueError, match=r"array w001 of small.npz is not finite as float16"):
        pretrained.store(shelf, Network([1.0], [value]))
    assert shelf.read_bytes() == before and list(shelf.parent.iterdir()) == [shelf]


def test_the_lessons_restore_what_ships_and_it_is_small():
    wanted = {path.stem[:2]: make_weights.restored(read(path)).values() for path in lessons()}
    by_name = {name: number for number, found in wanted.items() for name, *_ in found}
    entries = pretrained.entries()
    assert {name: entry.recipe["lesson"] for name, entry in entries.items()} == by_name
    sizes = dict.fromkeys(by_name.values(), 0)
    for name, entry in entries.items():
        path = data_root() / entry.file.path
        assert pretrained.find_damage(path, entry.file) is None
        weights, _ = pretrained.load(path)
        assert all(np.isfinite(w).all() for w in weights) and entry.recipe["profile"] == "full"
        sizes[by_name[name]] += entry.file.size
    assert max(sizes.values()) < LARGEST
    assert sorted(path.stem for path in (data_root() / "weights").iterdir()) == sorted(entries)


def test_the_recipe_trains_in_the_full_profile_and_enters_what_it_made(make_notebook, tmp_path, monkeypatch):
    model = """import numpy as np
class Model:
    weights = [np.zeros(3)]
    def get_weights(self):
        return self.weights
model = Model()"""
    fit = """PRETRAINED = False
if PRETRAINED:
    losses, checks = pretrained.restore("line", model)
else:
    model.weights, losses, checks = [np.full(3, 2.0 if PROFILE == "full" else 1.0)], [3, 2, 1], [[1, SEED]]"""
    imports = f"import sys\nsys.path.insert(0, {str(make_weights.ROOT)!r})\nfrom hepml_helpers import pretrained"
    path = make_notebook("01_first", imports, model, fit, "raise SystemExit('not needed for the weights')")
    monkeypatch.setattr(make_weights, "ROOT", tmp_path)
    monkeypatch.setattr(make_weights, "WORK", tmp_path / "build")
    monkeypatch.setattr(make_weights, "machine", lambda: "a machine")
    for name, entry in make_weights.train(path).items():
        make_weights.enter(name, entry)
    monkeypatch.setattr(pretrained, "data_root", lambda: tmp_path / "data")
    network = Network(np.zeros(3))
    losses, checks = pretrained.restore("line", network)
    np.testing.assert_array_equal(network.weights, [[2.0, 2, 2]])
    assert losses.tolist() == [3, 2, 1] and checks.tolist() == [[1, make_weights.SEED]]
    recipe = pretrained.entries()["line"].recipe
    assert (recipe["lesson"], recipe["profile"], recipe["machine"]) == ("01", "full", "a machine")
