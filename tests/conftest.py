"""Fixtures that several test modules share."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_samples import PARAMETERS, cell, notebook

os.environ.setdefault("MPLBACKEND", "agg")  # no window, on any machine

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the repository."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def compiled_by_jax(tmp_path_factory):
    """A folder in which JAX keeps what it compiled, for all kernels of these tests: half their time goes there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path_factory.mktemp("compiled-by-jax")))
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        patch.setenv("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
        yield


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, driven by Playwright; a test that asks for it is skipped where one is missing."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (it needs Python 3.11)")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("there is no Chromium on this machine (on Debian: apt install chromium)")
    options = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]  # WebGL without a GPU
    with driver.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def make_notebook(tmp_path):
    """Write a notebook of code cells (after a parameters cell) into tmp_path/notebooks; returns its path."""

    def make(name: str, *sources: str) -> Path:
        cells = [cell("code", PARAMETERS, cell_id="parameters", tags=["parameters"])]
        cells += [cell("code", source, cell_id=f"cell-{n}") for n, source in enumerate(sources)]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(notebook(cells)), encoding="utf-8")
        return path

    return make


@pytest.fixture
def run_nbval(root):
    """Run nbval on a notebook as `make test` does; returns the finished process."""

    def run(path: Path) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider"]
        command += ["-c", str(root / "pyproject.toml"), "--rootdir", str(root), "-p", "conftest", str(path)]
        variables = dict(os.environ, HEPML_PROFILE="smoke", PYTHONPATH=str(root))
        return subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True)

    return run
