"""The built site, seen in Chromium on a desk and on a phone, in the light and in the dark (`make site-check`)."""

import functools
import http.server
import io
import json
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import site_lessons
from notebook_files import ROOT, lessons, read, tags

SITE = ROOT / "build/site"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LESSONS = [f"notebooks/{path.stem}.html" for path in lessons()]
KINDS = ["index.html", "results.html", "status.html", "search.html", "api/index.html", "api/metrics.html"]
KINDS += ["data/README.html", "teaching/README.html", "teaching/01_invariant_mass.html", "CONTRIBUTING.html"]
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts)

if not PAGES:
    pytest.skip("build/site is not there: make site", allow_module_level=True)
axe = pytest.importorskip("axe_playwright_python.sync_playwright")


@pytest.fixture(scope="module")
def address():
    """The site's address on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


class View:
    """A window on the site that lets no request go elsewhere, and notes what goes wrong."""

    def __init__(self, browser, address: str, size: dict, scheme: str):
        self.address = address
        self.faults = []
        self.page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
        self.page.route("**/*", self.let_pass)
        self.page.on("console", lambda said: self.note(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("response", lambda got: self.note(f"{got.status} {got.url}") if got.status >= 400 else None)

    def note(self, fault: str) -> None:
        self.faults.append(fault)

    def let_pass(self, route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.note(f"a request to another host: {route.request.url}")
            route.abort()

    def open(self, path: str):
        """Go to a page; its formulas and displays are there when this returns."""
        self.faults.clear()
        self.page.goto(self.address + path, wait_until="load")
        self.page.evaluate("() => window.MathJax?.startup?.promise")
        displays = self.page.locator(".plotly-display").count()
        self.page.wait_for_function(
            "n => document.querySelectorAll('.plotly-target[role=img]').length === n", arg=displays, timeout=30_000
        )
        return self.page


@pytest.fixture(scope="module")
def view(browser, address):
    """Open a page: view(path, size, scheme); one window for each size and scheme."""
    windows = {}

    def open_page(path: str, size: dict = DESK, scheme: str = "light") -> View:
        key = (size["width"], scheme)
        if key not in windows:
            windows[key] = View(browser, address, size, scheme)
        windows[key].open(path)
        return windows[key]

    return open_page


class Parts(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        self.links += [found[key] for key in ("href", "src") if found.get(key)]


@functools.cache
def parts(path: Path) -> Parts:
    return Parts(path)


@pytest.mark.parametrize("path", PAGES)
def test_links_within_the_site_lead_somewhere(path):
    lost = []
    for link in parts(SITE / path).links:
        if urlsplit(link).scheme or link.startswith("//"):
            continue
        target = urlsplit(urljoin(f"http://site/{path}", link))
        file = SITE / unquote(target.path).lstrip("/")
        anchored = target.fragment and file.suffix == ".html"
        if not file.is_file() or (anchored and unquote(target.fragment) not in parts(file).ids):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_without_errors_or_other_hosts_and_its_figures_have_texts(view, path):
    seen = view(path)
    assert seen.faults == []
    images = seen.page.eval_on_selector_all("img", "all => all.map(i => [i.src.slice(-60), i.alt, i.naturalWidth])")
    assert [image for image in images if not image[1].strip() or not image[2]] == []


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_shows_every_figure_of_its_executed_copy(view, path):
    notebook = read(ROOT / "build/notebooks" / f"{Path(path).stem}.ipynb")
    outputs = [output.get("data", {}) for cell in notebook["cells"] for output in cell.get("outputs", [])]
    page = view(path).page
    assert page.locator(".cell_output img").count() == sum("image/png" in data for data in outputs)
    assert page.locator(".plotly-target").count() == sum(site_lessons.PLOTLY in data for data in outputs)


@pytest.mark.parametrize("path", LESSONS)
def test_solutions_are_folded_and_open(view, path):
    notebook = read(ROOT / "build/notebooks" / f"{Path(path).stem}.ipynb")
    wanted = sum("solution" in tags(cell) for cell in notebook["cells"])
    folds = view(path).page.locator(".cell.tag_solution details")
    assert folds.count() == wanted > 0
    for number in range(wanted):
        fold = folds.nth(number)
        code = fold.locator(".cell_input")
        assert not code.is_visible()
        fold.locator("summary").click()
        assert code.is_visible()


@pytest.mark.parametrize("path", [path for path in LESSONS if "plotly-display" in (SITE / path).read_text("utf-8")])
def test_interactive_displays_draw(view, path):
    from PIL import Image

    page = view(path).page
    for number in range(page.locator(".plotly-target").count()):
        target = page.locator(".plotly-target").nth(number)
        target.scroll_into_view_if_needed()
        canvas = target.locator("canvas").first
        canvas.wait_for()
        picture = Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")
        assert len(picture.getcolors(maxcolors=2**24)) > 100, "the display is all but empty"


def test_a_page_without_displays_does_not_load_plotly():
    pages = {path for path in PAGES if "plotly.min.js" in (SITE / path).read_text("utf-8")}
    assert pages == {path for path in PAGES if 'class="plotly-display"' in (SITE / path).read_text("utf-8")} != set()


def test_the_search_finds_lola(view):
    page = view("search.html?q=LoLa").page
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    assert any("05_lola_top_tagging" in address for address in found)


def test_the_results_page_has_every_recorded_result(view):
    page = view("results.html").page
    entries = json.loads((ROOT / "build/results.json").read_text("utf-8"))["lessons"]
    runs = [entry if entry["status"] == "passed" else entry["last_good"] for entry in entries.values()]
    assert page.locator("tbody tr").count() == sum(len(run["results"]) for run in runs)


@pytest.mark.parametrize("path", [*KINDS, *LESSONS])
def test_a_phone_scrolls_tables_and_formulas_and_not_the_page(view, path):
    page = view(path, PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*KINDS, *LESSONS])
def test_text_has_the_contrast_that_wcag_aa_asks_for(view, path, scheme):
    page = view(path, DESK, scheme).page
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    rules = {"runOnly": {"type": "rule", "values": ["color-contrast", "image-alt", "link-name", "document-title"]}}
    violations = axe.Axe().run(page, options=rules).response["violations"]
    assert [(fault["id"], node["html"][:100]) for fault in violations for node in fault["nodes"]] == []


def test_no_page_names_a_machine_s_path():
    path = re.compile(r"/(?:home|root|work|tmp|opt)/[\w.-]+")
    texts = [file for file in SITE.rglob("*") if file.suffix in (".html", ".ipynb", ".md", ".txt")]
    assert {
        file.name: path.findall(file.read_text("utf-8"))[:3] for file in texts if path.search(file.read_text("utf-8"))
    } == {}
