"""What the site is made from: lessons as pages, results, status, and a build that keeps the last good site."""

import json
import re

import make_site
import pytest
import site_lessons
import site_pages
from notebook_files import ROOT, lessons, read, source
from notebook_samples import PARAMETERS, cell, notebook

BADGE = f"[![Open in Colab]({site_lessons.BADGE_IMAGE})](https://colab.example/1)"
RUN = {"profile": "quick", "status": "passed", "minutes": 1.26, "finished": "2026-11-29T16:50:12+00:00", "results": []}
PNG = "iVBORw0KGgo="


def outputs(**data) -> list[dict]:
    return [{"output_type": "display_data", "metadata": {}, "data": {key.replace("_", "/"): data[key] for key in data}}]


@pytest.fixture
def stored():
    cells = [
        cell("markdown", "# 01 Mass", cell_id="title"),
        cell("markdown", BADGE, cell_id="badge"),
        cell("code", PARAMETERS, cell_id="parameters", tags=["parameters"]),
        cell("markdown", "## The peak", cell_id="words"),
        cell("code", 'ax.set(xlabel="mass [GeV]", ylabel="events")', cell_id="figure"),
        cell("markdown", "It leans to the **left**, towards low masses $m_Z$. Why?", cell_id="after"),
        cell("code", "show()", cell_id="display"),
        cell("code", "answer = 42", cell_id="solution", tags=["solution"]),
    ]
    return notebook(cells)


@pytest.fixture
def executed(stored):
    copy = json.loads(json.dumps(stored))
    by_id = {one["id"]: one for one in copy["cells"]}
    by_id["figure"]["outputs"] = outputs(image_png=PNG, text_plain="<Figure>")
    figure = {"data": [{"x": [1], "name": "</script>"}], "layout": {"title": "event"}, "config": {}}
    by_id["display"]["outputs"] = outputs(image_png=PNG, text_plain="display")
    by_id["display"]["outputs"][0]["data"][site_lessons.PLOTLY] = figure
    copy["cells"].insert(3, cell("code", 'PROFILE = "quick"', cell_id="new", tags=["injected-parameters"]))
    copy["metadata"]["papermill"] = {"input_path": "/somewhere/on/a/machine"}
    by_id["figure"]["metadata"]["papermill"] = {"duration": 1}
    return copy


@pytest.fixture
def page(executed, stored):
    made = site_lessons.as_page(executed, stored, run=RUN)
    return {one["id"]: one for one in made["cells"]}


def test_a_page_holds_the_lesson_s_cells_and_nothing_of_papermill(executed, stored):
    made = site_lessons.as_page(executed, stored, run=RUN)
    assert [one["id"] for one in made["cells"]] == [one["id"] for one in stored["cells"]]
    assert "papermill" not in json.dumps(made) and "/somewhere" not in json.dumps(made)


def test_a_page_says_when_and_how_it_was_executed(page):
    assert page["badge"]["source"].startswith("[Open in Colab](https://colab.example/1)")
    assert "Executed on 29 November 2026 in the quick profile, in 1.3 minutes." in page["badge"]["source"]
    assert "changed since" not in page["badge"]["source"]


def test_a_page_says_when_the_lesson_has_changed_since(executed, stored):
    stored["cells"][-1]["source"] = "answer = 43"
    badge = site_lessons.as_page(executed, stored, run=RUN)["cells"][1]
    assert "The lesson has been changed since." in badge["source"]


def test_solutions_are_folded_whole_and_the_set_up_s_code_only(page):
    assert "hide-cell" in page["solution"]["metadata"]["tags"]
    assert "hide-input" in page["parameters"]["metadata"]["tags"]
    assert not {"hide-cell", "hide-input"} & set(page["figure"]["metadata"]["tags"])


def test_a_figure_s_text_is_its_own_or_made_from_heading_axes_and_the_words_after_it(page, executed, stored):
    said = "The peak. Axes: mass [GeV]; events. It leans to the left, towards low masses m_Z."
    assert page["figure"]["metadata"]["mystnb"]["image"]["alt"] == said
    stored["cells"][4]["metadata"]["alt"] = "A peak."
    again = site_lessons.as_page(executed, stored, run=RUN)["cells"][4]
    assert again["metadata"]["mystnb"]["image"]["alt"] == "A peak."


def test_an_interactive_display_becomes_html_with_its_figure_whole(page):
    data = page["display"]["outputs"][0]["data"]
    assert set(data) == {"text/html", "text/plain"}
    inside = re.fullmatch(r'<div .*?<script type="application/json">(.*?)</script>(<img .*>)</div>', data["text/html"])
    assert json.loads(inside[1]) == {"data": [{"x": [1], "name": "</script>"}], "layout": {"title": "event"}}
    assert f"data:image/png;base64,{PNG}" in inside[2] and 'alt="The peak.' in inside[2]


def test_what_libraries_write_to_stderr_is_left_out_and_what_a_cell_prints_stays(executed, stored):
    said = [{"output_type": "stream", "name": name, "text": f"{name}\n"} for name in ("stderr", "stdout")]
    next(one for one in executed["cells"] if one["id"] == "solution")["outputs"] = said
    made = site_lessons.as_page(executed, stored, run=RUN)
    assert [output["name"] for output in made["cells"][-1]["outputs"]] == ["stdout"]


def test_the_executed_copy_stays_as_it_was(executed, stored):
    before = json.dumps(executed)
    site_lessons.as_page(executed, stored, run=RUN)
    assert json.dumps(executed) == before


def test_a_cell_without_a_picture_is_refused_by_name(executed):
    assert site_lessons.picture_of(executed, "figure").startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="cell 'solution' shows no picture"):
        site_lessons.picture_of(executed, "solution")


RESULT = {"name": "m_Z | all", "value": 91.1, "uncertainty": 0.12, "accepted": [90, 92], "published": "91.188"}
RESULT |= {"source": "arXiv:1207.7235, table 2", "unit": "GeV"}


def test_a_result_s_row_has_value_band_published_figure_and_a_link_to_its_source():
    name, ours, band, published, origin, word = site_pages.result_row(RESULT)
    assert name == r"m\_Z \| all"
    assert (ours, band, published, word) == ("91.10 ± 0.12 GeV", "90 to 92 GeV", "91.188 GeV", "pass")
    assert origin == "[arXiv:1207.7235](https://arxiv.org/abs/1207.7235), table 2"


def test_the_results_page_counts_what_is_judged_and_what_passed():
    outside, free = RESULT | {"value": 80.0}, RESULT | {"accepted": None}
    entries = {"01_mass": RUN | {"results": [RESULT, outside, free]}}
    text = site_pages.results_page(entries, {"01_mass": "01 Mass"}, {})
    assert "3 results of 1 lessons. 2 have an accepted band, and 1 of these lie inside it" in text
    assert text.count("91.188") == 3 and "[01 Mass](notebooks/01_mass.ipynb)" in text


def test_the_results_page_shows_the_run_with_weights_that_ship_below_the_lesson_s_own():
    entries = {name: RUN | {"results": [RESULT]} for name in ("01_mass", "02_peak")}
    shipped = {"02_peak": RUN | {"results": [RESULT | {"value": 91.19}]}}
    text = site_pages.results_page(entries, {"01_mass": "01 Mass", "02_peak": "02 Peak"}, shipped)
    first, own, with_weights = re.split(r"## \[02 Peak\]|With weights that ship", text)
    assert "91.10 ±" in first and "91.10 ±" in own and "91.19 ±" in with_weights and "91.10 ±" not in with_weights


def test_the_status_page_shows_a_failed_run_beside_the_last_good_one():
    failed = RUN | {"status": "failed", "finished": "2026-11-30T08:00:00+00:00", "last_good": RUN}
    text = site_pages.status_page({"01_mass": failed}, {"01_mass": "01 Mass"}, {"01_mass": "Python 3.11"}, {"01_mass"})
    row = next(line for line in text.splitlines() if "| failed |" in line)
    assert "30 November 2026, 08:00 UTC" in row and "29 November 2026, 16:50 UTC (changed since)" in row
    assert "Python 3.11" in text


def test_every_room_of_the_package_has_a_page_with_one_line_about_it():
    rooms = site_pages.modules()
    assert set(rooms) == {path.stem for path in (ROOT / "hepml_helpers").glob("*.py")} - {"__init__"}
    assert all(about.endswith(".") and "\n" not in about for about in rooms.values())
    assert ".. automodule:: hepml_helpers.metrics\n" in site_pages.api_page("metrics")


@pytest.fixture
def build(tmp_path, executed, monkeypatch):
    """A folder with good copies of all lessons, and a site from an earlier build in it."""
    (tmp_path / "notebooks").mkdir()
    for path in lessons():
        text = json.dumps(executed).replace('"id": "figure"', '"id": "c-stack"')
        (tmp_path / "notebooks" / path.name).write_text(text, encoding="utf-8")
    entries = {path.stem: RUN for path in lessons()}
    (tmp_path / "results.json").write_text(json.dumps({"lessons": entries}), encoding="utf-8")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/old.html").write_text("the last good site", encoding="utf-8")
    monkeypatch.setattr(make_site, "check_sphinx", lambda: None)
    return tmp_path


def test_the_source_tree_has_every_page_and_no_image_of_another_host(build):
    make_site.prepare(build, build / "site-source")
    files = {str(path.relative_to(build / "site-source")) for path in (build / "site-source").rglob("*.*")}
    assert {f"notebooks/{path.name}" for path in lessons()} <= files
    assert {"index.md", "results.md", "status.md", "api/index.md", "data/README.md", "teaching/README.md"} <= files
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "figures/02_z_and_higgs_peaks/c-stack.png"} <= files
    for name in files:
        if name.endswith((".md", ".ipynb")):
            assert not re.search(r"!\[[^]]*\]\(https?:", (build / "site-source" / name).read_text("utf-8")), name


def test_a_new_site_takes_the_old_one_s_place_whole(build, monkeypatch):
    def sphinx(source, target):
        target.mkdir()
        (target / "index.html").write_text("new", encoding="utf-8")
        return 0

    monkeypatch.setattr(make_site, "run_sphinx", sphinx)
    assert make_site.main(["--build", str(build)]) == 0
    assert [path.name for path in (build / "site").iterdir()] == ["index.html"]


def test_a_build_that_fails_leaves_the_last_good_site(build, monkeypatch, capsys):
    monkeypatch.setattr(make_site, "run_sphinx", lambda source, target: 1)
    assert make_site.main(["--build", str(build)]) == 1
    assert [path.name for path in (build / "site").iterdir()] == ["old.html"]
    assert "is as it was" in capsys.readouterr().err


def test_a_lesson_without_a_good_run_is_named_and_leaves_the_last_good_site(build, capsys):
    (build / "notebooks" / lessons()[2].name).unlink()
    assert make_site.main(["--build", str(build)]) == 2
    assert f"{lessons()[2].stem} has no good run yet: make run LESSONS=03" in capsys.readouterr().err
    assert (build / "site/old.html").exists()


def test_without_results_the_command_says_what_writes_them(build, capsys):
    (build / "results.json").unlink()
    assert make_site.main(["--build", str(build)]) == 2
    assert "make run writes it" in capsys.readouterr().err


def test_texts_of_figures_name_cells_that_are_there():
    own = [(path.stem, one) for path in lessons() for one in read(path)["cells"] if one["metadata"].get("alt")]
    assert own and all(one["cell_type"] == "code" and source(one) for _, one in own)
