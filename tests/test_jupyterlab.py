"""Lessons as a student runs them: JupyterLab in a browser, Run All Cells from the menu, then save.

Takes minutes, so `make lab-check` runs it, and `make test` does not. Skipped where Playwright (the extra `site`) or
Debian's Chromium is not there.
"""

import os
import re
import shutil
import subprocess
import sys
import time

import psutil
import pytest
import requests
from notebook_files import NOTEBOOKS, START, first_line, read, source

pytestmark = pytest.mark.skipif(not os.environ.get("HEPML_LAB_CHECK"), reason="takes minutes: make lab-check")

LONGEST = 600  # seconds for a notebook in the smoke profile
PATIENCE = 120  # seconds for one step in the browser, on a busy machine
QUIET = 4  # seconds without work after which a kernel counts as done: it is idle for a moment between two cells
# A picture is known by its cell and a part of its data: what is out of sight leaves the page, and comes back.
CELL = "x.closest('.jp-Cell').dataset.windowedListIndex"
PICTURES = f"""() => [...document.querySelectorAll('.jp-Cell .jp-RenderedImage img')].filter(
    x => x.naturalWidth > 100).map(x => {CELL} + x.src.slice(-200, -40))"""
PLOTS = f"""() => [...document.querySelectorAll('.jp-Cell .js-plotly-plot')].filter(
    x => x.querySelector('canvas, svg')).map(x => {CELL})"""
PLOTLY = "application/vnd.plotly.v1+json"
DRAWN = {"image/png", PLOTLY}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the lessons, in the smoke profile: (address, token), folder, number of its process."""
    home = tmp_path_factory.mktemp("lab")
    folder = shutil.copytree(NOTEBOOKS, home / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    variables = dict(os.environ, HEPML_PROFILE="smoke", JUPYTER_CONFIG_DIR=str(home), JUPYTERLAB_SETTINGS_DIR=str(home))
    variables.pop("MPLBACKEND", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += ["--ServerApp.port_retries=50", "--LabApp.news_url=", str(folder / f"{START}.ipynb")]  # as `make lab`
    with open(home / "log", "w") as log:
        server = subprocess.Popen(command, env=variables, stdout=log, stderr=log, cwd=home)
    try:
        yield address(home / "log", server), folder, server.pid
    finally:
        server.terminate()
        server.wait(30)


def address(log, server) -> tuple[str, str]:
    """Where the server listens, and its token, from what it prints."""
    for _ in range(120):
        found = re.search(r"(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)", log.read_text())
        if found:
            return found.groups()
        assert server.poll() is None, log.read_text()
        time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()}")


@pytest.fixture
def page(browser, lab):
    """A window; afterwards it is closed, and the kernels that it started are ended."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as window:
        window.set_default_timeout(1000 * PATIENCE)
        yield window.new_page()
    url, token = lab[0]
    for kernel in kernels(url, token):
        requests.delete(f"{url}/api/kernels/{kernel['id']}", headers={"Authorization": f"token {token}"}, timeout=30)


def kernels(url: str, token: str) -> list[dict]:
    """The kernels that run, as the server describes them."""
    return requests.get(f"{url}/api/kernels", headers={"Authorization": f"token {token}"}, timeout=30).json()


def wait_until_done(url: str, token: str) -> None:
    """Wait until no kernel of the server has worked for some seconds."""
    quiet_since, end = None, time.monotonic() + LONGEST
    while time.monotonic() < end:
        states = [kernel["execution_state"] for kernel in kernels(url, token)]
        idle = bool(states) and set(states) == {"idle"}
        quiet_since = (quiet_since or time.monotonic()) if idle else None
        if idle and time.monotonic() - quiet_since > QUIET:
            return
        time.sleep(0.5)
    raise AssertionError(f"the kernel still works after {LONGEST} s")


@pytest.mark.parametrize("name", [START, "01_invariant_mass", "05_lola_top_tagging", "11_track_grouping"])
def test_all_cells_of_a_notebook_run_from_the_menu_and_its_figures_are_seen(lab, page, name):
    open_notebook(page, lab, name)
    run_all_cells(page)
    wait_until_done(*lab[0])
    saved = save(page, lab[1] / f"{name}.ipynb")
    check_saved(saved)
    check_seen(page, saved)


def test_after_a_kernel_was_killed_half_way_all_cells_run_again(lab, page):
    open_notebook(page, lab, START)
    run_all_cells(page)
    (kernel,) = kernels(*lab[0])
    (process,) = (
        child for child in psutil.Process(lab[2]).children(recursive=True) if kernel["id"] in " ".join(child.cmdline())
    )
    process.kill()
    page.get_by_role("button", name="Ok", exact=True).click()  # "Kernel Restarting"
    wait_until_done(*lab[0])
    run_all_cells(page)
    wait_until_done(*lab[0])
    check_saved(save(page, lab[1] / f"{START}.ipynb"))


def open_notebook(page, lab, name: str) -> None:
    """Open a notebook, and wait until it is seen and its kernel has started."""
    (url, token), folder, _ = lab
    page.goto(f"{url}/lab/tree/{name}.ipynb?reset&token={token}")  # without what an earlier one left open
    page.locator(".jp-Notebook").wait_for()
    title = first_line(read(folder / f"{name}.ipynb")["cells"][0]).lstrip("# ")
    page.get_by_role("heading", name=title).first.wait_for()
    page.get_by_text("| Idle").wait_for()


def run_all_cells(page) -> None:
    """Run, Run All Cells; the cells wait for their turn when this returns."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".jp-InputPrompt", has_text="[*]").first.wait_for()


def save(page, path) -> dict:
    """Save the notebook; what was saved."""
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").wait_for(state="detached")
    return read(path)


def check_saved(notebook: dict) -> None:
    """Every cell ran, none failed, there are figures."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and source(cell).strip()]
    outputs = [output for cell in code for output in cell["outputs"]]
    errors = [(output["ename"], output["evalue"]) for output in outputs if output["output_type"] == "error"]
    assert errors == []
    assert [first_line(cell) for cell in code if cell["execution_count"] is None] == []
    assert [output for output in outputs if DRAWN & set(output.get("data", {}))]


def check_seen(page, notebook: dict) -> None:
    """From top to bottom: every picture is drawn, what is interactive as such, and no cell shows an error."""
    drawn = [
        output
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if DRAWN & set(output.get("data", {}))
    ]
    interactive = sum(PLOTLY in output["data"] for output in drawn)
    pictures, plots = set(), set()
    for number, cell in enumerate(notebook["cells"]):  # what is out of sight is not in the page
        shown = page.locator(f'.jp-Cell[data-windowed-list-index="{number}"]')
        shown.scroll_into_view_if_needed()
        if any(PLOTLY in output.get("data", {}) for output in cell.get("outputs", [])):
            shown.locator(".jp-OutputArea-output").last.hover()  # a display that comes back is a picture until then
            shown.locator(".js-plotly-plot canvas, .js-plotly-plot svg").first.wait_for(state="attached")
        page.wait_for_timeout(150)
        pictures |= set(page.evaluate(PICTURES))
        plots |= set(page.evaluate(PLOTS))
        assert page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert len(plots) == interactive
    assert len(pictures) == len(drawn) - interactive
