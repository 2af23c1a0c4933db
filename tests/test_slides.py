"""The slides: what becomes of a lesson's cells, and how the decks look in a browser."""

import base64
import io
import json
from importlib.metadata import distributions

import make_slides
import pytest
from make_slides import Deck
from notebook_files import ROOT
from notebook_samples import cell, notebook
from slide_text import HEIGHT, Block, blocks_of, condensed, height_of, pages, sentences

DECKS = sorted((ROOT / "build/slides").glob("*.html"))
RESULT = {
    "name": "Z mass", "value": 91.1, "uncertainty": 0.1, "accepted": [90, 92], "published": "91.188", "source": "PDG",
    "unit": "GeV",
}  # fmt: skip
LONG = (
    "The first of the sentences stays. "
    + "Many more words follow here. " * 40
    + "**This is the result.** And why is it so?"
)


def figure(width=700, height=500) -> dict:
    from matplotlib.figure import Figure

    png = io.BytesIO()
    Figure(figsize=(width / 100, height / 100), dpi=100).savefig(png, format="png")
    data = {"image/png": base64.b64encode(png.getvalue()).decode(), "text/plain": "<Figure>"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def output(**data) -> dict:
    return {"output_type": "display_data", "data": {k.replace("_", "/"): v for k, v in data.items()}, "metadata": {}}


def ran(source: str, *outputs, cell_id="ran", **options) -> dict:
    return {**cell("code", source, cell_id=cell_id, **options), "outputs": list(outputs)}


def words(source: str, **options) -> dict:
    return cell("markdown", source, cell_id="words", **options)


def slides(*cells) -> list:
    """The slides after the title of a lesson with these cells."""
    deck = Deck(notebook([words("# Title\n\n**What is it?**"), *cells]))
    return [slide for stack in deck.stacks for slide in stack][1:]


def body(*cells) -> str:
    (slide,) = slides(*cells)
    return slide.body


def test_a_long_paragraph_is_condensed_and_stands_whole_in_the_notes():
    (slide,) = slides(words(f"## Part\n\n{LONG}"))
    assert slide.title == "Part"
    assert make_slides.plain(slide.body) == "The first of the sentences stays. This is the result. And why is it so?"
    assert "Many more words" in slide.notes[0]


def test_a_short_text_stays_whole_and_needs_no_notes():
    (slide,) = slides(words("## Part\n\nOne. Two. Three."))
    assert make_slides.plain(slide.body) == "One. Two. Three." and not slide.notes


def test_the_text_of_an_exercise_is_never_condensed():
    (slide,) = slides(words(f"Before.\n\n## Exercises\n\n### 1. Count\n\n{LONG}", tags=["exercise"]))[1:]
    assert slide.title == "1. Count" and slide.body.count("Many more words") == 40


@pytest.mark.parametrize("tag", ["setup", "parameters", "injected-parameters", "solution", "check"])
def test_set_up_solutions_and_checks_are_left_out(tag):
    assert slides(ran("x = 1", figure(), tags=[tag])) == []


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_metadata_leaves_a_cell_out_or_puts_it_into_the_notes(kind):
    make = {"code": ran, "markdown": words}[kind]
    assert slides(make("aside", slideshow={"slide_type": "skip"})) == []
    (slide,) = slides(words("## Part\n\nText."), make("aside", slideshow={"slide_type": "notes"}))
    assert "aside" in "".join(slide.notes) and "aside" not in slide.body


def test_metadata_shows_long_code_and_text_in_full():
    code = "\n".join(f"line_{n} = {n}" for n in range(15))
    assert slides(ran(code)) == []
    assert "line_14" in make_slides.plain(body(ran(code, slideshow={"slide_type": "slide"})))
    assert "Many more" in body(words(f"## Part\n\n{LONG}", slideshow={"slide_type": "slide"}))


def test_short_code_stands_under_its_text_with_what_it_prints():
    printed = {"output_type": "stream", "name": "stdout", "text": "<42>\n"}
    warned = {"output_type": "stream", "name": "stderr", "text": "warning\n"}
    shown = body(words("## Part\n\nText."), ran("x = 6 * 7", printed, warned))
    assert shown.index("Text.") < shown.index("highlight") < shown.index("&lt;42&gt;") and "warning" not in shown


def test_long_code_goes_into_the_notes():
    (slide,) = slides(words("## Part\n\nText."), ran("x = 1\n" * 11))
    assert "highlight" in slide.notes[0] and "highlight" not in slide.body


def test_a_figure_has_a_slide_of_its_own_and_what_is_to_be_seen_comes_at_the_next_key():
    text, picture, more = slides(
        words("## Part\n\nText."), ran("plot()", figure()), words("The **peak** is there.\n\n- a")
    )
    assert picture.kind == "figure" and "plot()" not in make_slides.plain(picture.body)
    assert 'class="reading fragment"' in picture.body and 'alt="The peak is there."' in picture.body
    assert "peak" not in more.body and text.kind == more.kind == "text"


@pytest.mark.parametrize(
    ("size", "kind"), [((700, 500), "figure"), ((1200, 400), "figure wide"), ((300, 900), "figure")]
)
def test_a_figure_fits_and_keeps_its_shape(size, kind):
    (slide,) = slides(ran("plot()", figure(*size)))
    width, height = (int(part) for part in make_slides.re.findall(r'(?:width|height)="(\d+)"', slide.body))
    assert (
        slide.kind == kind
        and width <= make_slides.WIDTH
        and height <= (make_slides.FIGURE_HEIGHT if "wide" in kind else HEIGHT)
    )
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)


def test_a_question_to_the_room_has_a_slide_of_its_own():
    asked = slides(words("## Part\n\nText.\n\n**Predict:** will it rise?\n\nMore."))
    assert [slide.kind for slide in asked] == ["text", "question", "text"]


def test_a_long_question_is_asked_in_short():
    (asked,) = slides(words(f"**What do you expect?** {LONG}"))
    assert asked.kind == "question" and "Many more" not in asked.body and "Many more" in asked.notes[0]


def test_a_sentence_of_a_few_words_does_not_stand_alone():
    block = Block("paragraph", "One warning. Rows are not events. " + "More words follow here. " * 20)
    assert condensed(block).text == "One warning. Rows are not events."


def test_results_are_one_table_without_empty_columns():
    judged = output(**{make_slides.results.MIME_TYPE: RESULT, "text_html": "<table>row</table>"})
    table = body(ran("record()", judged, judged))
    assert table.count("<tr>") == 3 and "91.10 ± 0.10 GeV" in table and "91.188 (PDG)" in table and "row" not in table
    plain = RESULT | {"accepted": None, "published": None, "source": None}
    bare = body(ran("record()", output(**{make_slides.results.MIME_TYPE: plain})))
    assert "published" not in bare and "verdict" not in bare


@pytest.mark.parametrize(("text", "kinds"), [("Text.", ["text"]), ("**Predict** it.", ["text", "table"])])
def test_a_result_stands_under_its_text_and_never_under_a_question(text, kinds):
    result = output(**{make_slides.results.MIME_TYPE: RESULT})
    assert [slide.kind for slide in slides(words(f"## Part\n\n{text}"), ran("record()", result))] == kinds


def test_a_long_table_is_divided_and_keeps_its_head():
    rows = "".join(f"<tr><td>{n}</td></tr>" for n in range(20))
    html = f"<style>td {{}}</style><table><thead><tr><th>head</th></tr></thead><tbody>{rows}</tbody></table>"
    parts = [slide.body for slide in slides(ran("show()", output(text_html=html)))]
    assert [part.count("<td>") for part in parts] == [7, 7, 6]
    assert all(part.count("head</th>") == 1 and "<style" not in part for part in parts)


def test_a_progress_line_is_no_slide():
    assert slides(ran("x = 1\n" * 11, output(text_plain="fit: 8 epochs in 3 s"))) == []


def test_the_prerequisites_go_into_the_notes_of_the_aims():
    (aims,) = slides(words("By the end you can\n\n1. see\n\n*You need* lesson 01."))
    assert "lesson 01" in aims.notes[0] and "lesson 01" not in aims.body


def test_sentences_are_not_cut_inside_formulas_links_bold_words_and_names():
    text = "By T. Plehn et al. in [A. B.](https://a.org/b. C). We find $x. Y$ (see Phys. Rev. D). **No. Really?** Yes."
    assert sentences(text) == [
        "By T. Plehn et al. in [A. B.](https://a.org/b. C).",
        "We find $x. Y$ (see Phys. Rev. D).",
        "**No. Really?** Yes.",
    ]


def test_no_word_of_a_text_is_lost_between_pages():
    text = f"{LONG}\n\n" + "\n".join(f"{n}. item {n} " + "with words " * 12 for n in range(1, 15))
    text += "\n\n| a | b |\n|---|---|\n" + "\n".join(f"| row {n} | {n} |" for n in range(30))
    blocks = blocks_of(text)
    filled = pages(blocks)
    assert all(sum(map(height_of, page)) <= HEIGHT for page in filled) and len(filled) > 3
    shown = " ".join(block.text for page in filled for block in page).split()
    assert [word for word in shown if word not in ("|", "a", "b", "|---|---|")] == [
        word for word in text.split() if word not in ("|", "a", "b", "|---|---|")
    ]


def test_a_formula_with_an_empty_line_in_it_is_one_block():
    assert [block.kind for block in blocks_of("Text:\n\n$$\na\n\n= b\n$$\n\nMore.")] == [
        "paragraph",
        "formula",
        "paragraph",
    ]


def test_condensing_takes_nothing_from_lists_and_formulas():
    for text, kind in (("- a. B. C.\n- " + "word " * 50, "list"), ("$$ a $$ " + "word. " * 50, "formula")):
        assert condensed(Block(kind, text)).text == text


# Goes to every slide, shows all that comes at a key, and finds what lies outside the slide or is too small to be read
INSPECT = """() => Reveal.getSlides().map((slide, n) => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 99);
  const outside = [...slide.querySelectorAll("h2, .body, .body *")].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.width > 0 && !part.closest("mjx-assistive-mml") &&
      (box.left < 0 || box.top < 0 || box.right > 1281 || box.bottom > 721);
  });
  const title = slide.querySelector("h2"), body = slide.querySelector(".body");
  const wide = (part) => part.scrollWidth > part.clientWidth + 1;
  const pictures = [...slide.querySelectorAll("img")];
  return {
    n: n + 1,
    title: title.textContent,
    empty: !body.innerText.trim() && !pictures.length,
    outside: outside.map((part) => part.outerHTML.slice(0, 80)),
    cut: wide(title) || wide(body) || body.scrollHeight > body.clientHeight + 1,
    scale: Number(getComputedStyle(body).getPropertyValue("--scale") || 1),
    pictures: pictures.filter((img) => !img.complete || !img.naturalWidth || !img.alt).length,
    formulas: [...slide.querySelectorAll("[data-mjx-error]")].map((part) => part.dataset.mjxError),
  };
})"""


def inspect(browser, path) -> tuple[list[dict], list[str]]:
    """What each slide of a deck looks like, and what went wrong on the way: errors, and requests to other hosts."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else wrong.append(r.url))
    page.goto(path.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()", timeout=120_000)
    seen = page.evaluate(INSPECT)
    page.close()
    return seen, wrong


def faults_of(seen: list[dict]) -> list[str]:
    return [
        f"slide {slide['n']}, {slide['title']}: {fault}"
        for slide in seen
        for fault, there in (
            ("nothing is on it", slide["empty"]),
            (f"outside: {slide['outside']}", slide["outside"]),
            ("something is cut off", slide["cut"]),
            (f"letters of {slide['scale']} of their size", slide["scale"] < 0.6),
            ("a picture without its data or its words", slide["pictures"]),
            (f"formulas: {slide['formulas']}", slide["formulas"]),
        )
        if there
    ]


@pytest.mark.parametrize("path", DECKS or [pytest.param(None, marks=pytest.mark.skip("make slides has not run"))])
def test_a_deck_shows_every_slide_whole_and_fetches_nothing(browser, path):
    seen, wrong = inspect(browser, path)
    assert wrong == [] and len(seen) >= 20
    assert faults_of(seen) == []
    assert sum(slide["scale"] < 0.8 for slide in seen) <= 0.1 * len(seen), "many slides are too full"


@pytest.fixture
def build(tmp_path):
    """Make the deck of these cells; its path."""

    def make(*cells):
        missing = [package for package in make_slides.ASSETS if not any(distributions(name=package))]
        if missing:
            pytest.skip(f"the extra slides is not installed: {missing}")
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        lesson = notebook([words("# Title\n\n**What is it?**"), *cells])
        (tmp_path / "notebooks/01_small.ipynb").write_text(json.dumps(lesson), encoding="utf-8")
        status = make_slides.main(["--notebooks", str(tmp_path / "notebooks"), "--out", str(tmp_path / "slides")])
        assert status == 0
        return tmp_path / "slides/01_small.html"

    return make


def test_a_deck_of_everything_is_shown_whole(browser, build):
    path = build(words(f"## Part\n\n{LONG}\n\n$$ \\frac{{a}}{{b}} $$"), ran("x", figure(1200, 300)), words("Seen."))
    seen, wrong = inspect(browser, path)
    assert wrong == [] and faults_of(seen) == [] and len(seen) == 3


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda html: html.replace("Seen.", "<img src='data:,' alt='x'>Seen."), "a picture"),
        (lambda html: html.replace("Seen.", "<p style='width:1500px'>Wide.</p>"), "outside"),
        (lambda html: html.replace("Seen.", "<p style='height:900px'>High.</p>"), "cut off"),
        (lambda html: html.replace("Seen.", "$\\nosuchthing$"), "formulas"),
        (lambda html: html.replace("<p>Seen.</p>", ""), "nothing is on it"),
    ],
    ids=["picture", "wide", "high", "formula", "empty"],
)  # fmt: skip
def test_the_browser_finds_what_is_wrong_with_a_slide(browser, build, spoil, fault):
    path = build(words("## Part\n\nSeen."))
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert any(fault in found for found in faults_of(inspect(browser, path)[0]))


def test_the_browser_notices_a_request_and_an_error(browser, build):
    path = build(words("## Part\n\nSeen."))
    html = path.read_text(encoding="utf-8")
    spoiled = html.replace("Seen.", "<img src='https://example.org/a.png' alt='a'><script>nothing()</script>")
    path.write_text(spoiled, encoding="utf-8")
    wrong = inspect(browser, path)[1]
    assert any("example.org" in one for one in wrong) and any("nothing is not defined" in one for one in wrong)


def test_without_executed_lessons_nothing_is_written(tmp_path, capsys):
    assert make_slides.main(["--notebooks", str(tmp_path), "--out", str(tmp_path / "slides")]) == 2
    assert "make run" in capsys.readouterr().err and not (tmp_path / "slides").exists()
