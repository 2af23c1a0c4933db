"""The built site, seen in Chromium on a desk and on a phone, in the light and in the dark (`make site-check`).

One window goes through the pages and opens each once; what is asked of a page is asked while it is open. pytest sees to
that: it runs together what shares a value of a module's fixture, here `page`.
"""

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
import site_pages
from notebook_files import ROOT, lessons, read, tags

SITE = ROOT / "build/site"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LESSONS = [f"notebooks/{path.stem}.html" for path in lessons()]
KINDS = ["index.html", "results.html", "status.html", "search.html", "api/index.html", "api/metrics.html"]
KINDS += ["data/README.html", "teaching/README.html", "teaching/01_invariant_mass.html", "CONTRIBUTING.html"]
FOUND = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts)
DRAWN = [path for path in LESSONS if path in FOUND and "plotly-display" in (SITE / path).read_text("utf-8")]
PAGES = [*LESSONS, *KINDS, *(path for path in FOUND if path not in {*LESSONS, *KINDS})]  # pytest groups by position

if not FOUND:
    pytest.skip("build/site is not there: make site", allow_module_level=True)
axe = pytest.importorskip("axe_playwright_python.sync_playwright")


def of_pages(paths: list[str]):
    """Ask something of these pages, each of which is opened once for the whole module."""
    return pytest.mark.parametrize("page", paths, indirect=True, scope="module")


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


@pytest.fixture(scope="module")
def faults():
    """What went wrong since the page was opened: errors in the console, lost files, requests to another host."""
    return []


@pytest.fixture(scope="module")
def window(browser, address, faults):
    """The window; a machine under load may take a minute or two for a lesson's displays."""
    window = browser.new_context(viewport=DESK, color_scheme="light", reduced_motion="reduce").new_page()
    window.set_default_timeout(120_000)

    def requested(request):
        if not request.url.startswith((address, "data:", "blob:")):
            faults.append(f"a request to another host: {request.url}")

    window.on("request", requested)
    window.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on("response", lambda got: faults.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    return window


def visit(window, url: str):
    """Open a page on the desk and in the light; its formulas and displays are there when this returns."""
    window.set_viewport_size(DESK)
    window.emulate_media(color_scheme="light")
    window.goto(url, wait_until="load")
    window.evaluate("() => window.MathJax?.startup?.promise")
    displays = window.locator(".plotly-display").count()
    window.wait_for_function(
        "n => document.querySelectorAll('.plotly-target[role=img]').length === n", arg=displays, timeout=120_000
    )
    return window


@pytest.fixture(scope="module")
def page(window, address, faults, request):
    """An open page of the site."""
    faults.clear()
    return visit(window, address + request.param)


def executed(page) -> dict:
    """The executed lesson that a page shows."""
    return read(ROOT / "build/notebooks" / f"{Path(urlsplit(page.url).path).stem}.ipynb")


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


def lost_links(path: str) -> list[str]:
    """The links of a page that lead nowhere in the site."""
    lost = []
    for link in parts(SITE / path).links:
        if urlsplit(link).scheme or link.startswith("//"):
            continue
        target = urlsplit(urljoin(f"http://site/{path}", link))
        file = SITE / unquote(target.path).lstrip("/")
        anchored = target.fragment and file.suffix == ".html"
        if not file.is_file() or (anchored and unquote(target.fragment) not in parts(file).ids):
            lost.append(link)
    return lost


def test_links_within_the_site_lead_somewhere():
    assert {path: lost for path in PAGES if (lost := lost_links(path))} == {}


@of_pages(PAGES)
def test_a_page_loads_without_errors_or_other_hosts_and_its_figures_have_texts(page, faults):
    assert faults == []
    images = page.eval_on_selector_all("img", "all => all.map(i => [i.src.slice(-60), i.alt, i.naturalWidth])")
    assert [image for image in images if not image[1].strip() or not image[2]] == []


@of_pages(LESSONS)
def test_a_lesson_shows_every_figure_of_its_executed_copy(page):
    outputs = [output.get("data", {}) for cell in executed(page)["cells"] for output in cell.get("outputs", [])]
    assert page.locator(".cell_output img").count() == sum("image/png" in data for data in outputs)
    assert page.locator(".plotly-target").count() == sum(site_lessons.PLOTLY in data for data in outputs)


@of_pages(LESSONS)
def test_solutions_are_folded_and_open(page):
    wanted = sum("solution" in tags(cell) for cell in executed(page)["cells"])
    folds = page.locator(".cell.tag_solution details")
    assert folds.count() == wanted > 0
    for number in range(wanted):
        fold = folds.nth(number)
        code = fold.locator(".cell_input")
        assert not code.is_visible()
        fold.locator("summary").click()
        assert code.is_visible()


@of_pages(DRAWN)
def test_interactive_displays_draw(page):
    from PIL import Image

    for number in range(page.locator(".plotly-target").count()):
        target = page.locator(".plotly-target").nth(number)
        target.scroll_into_view_if_needed()
        canvas = target.locator("canvas").first
        canvas.wait_for()
        picture = Image.open(io.BytesIO(canvas.screenshot())).convert("RGB")
        assert len(picture.getcolors(maxcolors=2**24)) > 100, "the display is all but empty"


@of_pages(PAGES)
def test_a_phone_scrolls_tables_and_formulas_and_not_the_page(page):
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    assert width <= PHONE["width"]


@of_pages(PAGES)
def test_images_links_and_the_page_have_names(page):
    assert broken_rules(page, "image-alt", "link-name", "document-title") == []


def broken_rules(page, *rules: str) -> list[tuple[str, str]]:
    """Where a page breaks axe's rules, and how it looks there."""
    options = {"runOnly": {"type": "rule", "values": rules}, "resultTypes": ["violations"], "selectors": False}
    violations = axe.Axe().run(page, options=options).response["violations"]
    return [(fault["id"], node["html"][:100]) for fault in violations for node in fault["nodes"]]


@of_pages([*LESSONS, *KINDS])
def test_text_has_the_contrast_that_wcag_aa_asks_for(page):
    page.eval_on_selector_all("details", "all => all.forEach(fold => fold.open = true)")
    broken = {}
    for scheme in ("dark", "light"):
        change_scheme(page, scheme)
        broken[scheme] = broken_rules(page, "color-contrast")
    assert broken == {"dark": [], "light": []}


def change_scheme(page, scheme: str) -> None:
    """Let the reader's system be light or dark; the page follows."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")


def test_a_page_without_displays_does_not_load_plotly():
    pages = {path for path in PAGES if "plotly.min.js" in (SITE / path).read_text("utf-8")}
    assert pages == {path for path in PAGES if 'class="plotly-display"' in (SITE / path).read_text("utf-8")} != set()


def test_the_search_finds_lola(window, address):
    page = visit(window, address + "search.html?q=LoLa")
    page.locator("#search-results li a").first.wait_for()
    found = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    assert any("05_lola_top_tagging" in address for address in found)


def test_the_results_page_has_every_recorded_result(window, address):
    page = visit(window, address + "results.html")
    entries = json.loads((ROOT / "build/results.json").read_text("utf-8"))["lessons"]
    runs = [site_pages.good_run(entry) for entry in entries.values()]
    shown = page.locator("tbody tr").count()
    path = ROOT / "build/pretrained/results.json"
    shipped = json.loads(path.read_text("utf-8"))["lessons"].values() if path.is_file() else ()
    runs += [run for entry in shipped if (run := site_pages.good_run(entry))]
    assert shown == sum(len(run["results"]) for run in runs)


def test_no_page_names_a_machine_s_path():
    path = re.compile(r"/(?:home|root|work|tmp|opt)/[\w.-]+")
    files = [file for file in SITE.rglob("*") if file.suffix in (".html", ".ipynb", ".md", ".txt")]
    texts = {str(file): re.sub(r'"image/png": "[^"]*"', "", file.read_text("utf-8")) for file in files}  # base64
    assert {name: path.findall(text)[:3] for name, text in texts.items() if path.search(text)} == {}
