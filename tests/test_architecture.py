"""Who may import whom in the package, and what importing it costs."""

import ast
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import repository
from notebook_files import ROOT, lessons

PACKAGE = ROOT / "hepml_helpers"
MODULES = sorted(PACKAGE.glob("*.py"))

# A room may import these rooms and no others; a new room needs a line here.
ROOMS = {
    "__init__": set(),
    "kinematics": set(),
    "jets": {"kinematics"},
    "constituents": {"kinematics"},
    "showers": set(),
    "calorimeter": set(),
    "tracker": {"kinematics"},
    "tracking": set(),
    "results": set(),
    "metrics": set(),
    "counting": {"metrics"},
    "two_sample": {"metrics"},
    "jet_distances": {"two_sample"},
    "progress": set(),
    "registry": set(),
    "fetch": {"registry", "progress"},
    "tables": {"registry"},
    "datasets": {"registry", "fetch", "tables", "kinematics"},
    "comparison": {"registry", "results", "metrics"},
    "reference": {"registry", "fetch", "progress"},
    "streaming": {"progress"},
    "plotting": {"metrics"},
    "pictures": set(),
    "display": {"kinematics"},
    "training": {"progress"},
    "adversarial": set(),
    "checkpoints": set(),
    "pretrained": {"registry", "fetch"},
    "layers": set(),
    "anomalies": {"datasets", "jets", "metrics", "counting"},
}
BACKENDS = {"keras", "tensorflow", "jax", "torch"}
DRAWING = {"matplotlib", "mplhep", "plotly"}
DRAWING_ROOMS = {"plotting", "pictures", "display"}
HEAVY = ("matplotlib", "keras", "pandas", "tensorflow", "jax", "torch", "awkward", "uproot", "plotly", "sklearn")


def imports(path: Path, *, everywhere: bool = True) -> set[str]:
    """The dotted names that a module imports: everywhere in it, or only on its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {f"{base}.{alias.name}" for alias in node.names} | {base}
    return found


def rooms_imported(path: Path) -> set[str]:
    """The rooms of the package that a module imports."""
    names = {path.stem for path in MODULES}
    parts = (name.split(".") for name in imports(path) if name.startswith("hepml_helpers."))
    return {part[1] for part in parts if part[1] in names}


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_room_imports_only_the_rooms_below_it(path):
    assert path.stem in ROOMS, f"{path.stem} is a new room: say in ROOMS whom it may import"
    assert rooms_imported(path) <= ROOMS[path.stem]


def test_the_arrows_run_one_way():
    open_rooms = dict(ROOMS)
    while open_rooms:
        ground = {room for room, below in open_rooms.items() if not below & set(open_rooms)}
        assert ground, f"these import each other in a circle: {sorted(open_rooms)}"
        open_rooms = {room: below for room, below in open_rooms.items() if room not in ground}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_package_imports_neither_tools_nor_tests_nor_relative_names(path):
    strangers = {file.stem for folder in ("tools", "tests") for file in (ROOT / folder).glob("*.py")}
    assert not tops(imports(path)) & (strangers | {"tools", "tests", "notebooks", "data"})
    assert not any(name.startswith(".") for name in imports(path))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_rooms_of_training_know_a_backend(path):
    used = tops(imports(path)) & BACKENDS
    assert not used or path.stem in {"training", "adversarial", "checkpoints", "layers"}
    assert not tops(imports(path, everywhere=False)) & BACKENDS or path.stem == "layers"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_computation_does_not_draw(path):
    assert not tops(imports(path)) & DRAWING or path.stem in DRAWING_ROOMS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_what_a_room_imports_on_its_top_level_is_a_declared_dependency(path):
    declared = {re.match(r"[\w-]+", line)[0] for line in repository.project()["project"]["dependencies"]}
    declared = {{"scikit-learn": "sklearn"}.get(name, name) for name in declared}
    outside = tops(imports(path, everywhere=False)) - sys.stdlib_module_names - {"hepml_helpers"}
    assert outside <= declared


def test_there_is_no_room_for_odds_and_ends():
    assert not {"utils", "util", "helpers", "common", "misc"} & {path.stem for path in PACKAGE.rglob("*")}


@pytest.mark.parametrize("path", [*MODULES, *lessons()], ids=lambda path: path.stem)
def test_keras_is_not_called_by_its_old_name(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\btf\.keras\b|tensorflow\.keras\b|from tensorflow import keras", text)


def test_importing_the_package_is_quick_and_loads_nothing_heavy():
    code = f"import hepml_helpers, sys; print([name for name in {HEAVY} if name in sys.modules])"
    seconds = []
    for _ in range(3):  # the best of three: the machine may be busy with something else
        start = time.perf_counter()
        fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
        assert fresh.stdout.strip() == "[]"
    assert min(seconds) < 1


def test_results_needs_nothing_but_python():
    code = "import sys; before = set(sys.modules); import hepml_helpers.results; print(set(sys.modules) - before)"
    fresh = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = tops(ast.literal_eval(fresh.stdout))
    assert loaded - sys.stdlib_module_names == {"hepml_helpers"}
