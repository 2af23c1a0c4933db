"""The lecturer's pack agrees with itself and with the lessons."""

import json
import math
import re

import gift
import pytest
from notebook_files import ROOT, lessons, read, source

TEACHING = ROOT / "teaching"
PENDING = re.compile(r"^\| \[.*\]\(\.\./notebooks/(\w+)\.ipynb\) \| to come \| to come \|$", re.MULTILINE)
TO_COME = set(PENDING.findall((TEACHING / "README.md").read_text(encoding="utf-8")))  # whose notes are not written yet
WRITTEN = [path for path in lessons() if path.stem not in TO_COME]
PAGES = sorted(TEACHING.glob("[0-9][0-9]_*.md"))
TEXTS = sorted(TEACHING.glob("*.md"))
QUIZZES = {path.stem: gift.read(path) for path in sorted((TEACHING / "quizzes").glob("*.gift"))}
QUESTIONS = [question for questions in QUIZZES.values() for question in questions]
SYLLABI = ("syllabus_12_weeks.md", "syllabus_5_days.md")
HEADINGS = [
    "At a glance",
    "Learning objectives",
    "Prerequisites",
    "A plan for 90 minutes",
    "On the board",
    "Questions that students ask",
    "What goes wrong in the room",
    "Points for discussion",
    "Assessment",
    "Quiz",
]


def asimov(s: float, b: float) -> float:
    """Expected significance, arXiv:1007.1727, equation 97."""
    return math.sqrt(2 * ((s + b) * math.log(1 + s / b) - s))


# What every numerical question asks for, worked out here, and the results of the mistakes that its feedback names.
WORKED = {
    "01.1": (math.sqrt(100**2 - 50**2 - 50**2), [0.0, 100.0]),
    "01.3": (math.sqrt(1.1), [1.1, 1.05**2]),
    "02.1": (asimov(8.20, 4.66), [8.20 / math.sqrt(4.66), (8.20 + 4.66) / math.sqrt(4.66)]),
    "02.4": (14 * (5 / 3) ** 2, [14 * 5 / 3]),
    "03.1": (math.sqrt(2**2 + 2**2 + 1 + 1), [math.sqrt(4), math.sqrt(8)]),
    "03.4": (-(3 * (0.5 - 1) + (0.5 - 0)) / (4 * 0.25), [0.75, math.log(3), 0.5]),
    "04.2": (2 * 80.4 / 275, [80.4 / 275]),
    "04.3": (16 * (5 * 5 * 1 + 1), [16 * 25, 25 * 25 * 16]),
    "05.2": (100 * 0.01 * 1000**2 / 100**2, [1.0, 10.0]),
    "05.4": (100 / math.sqrt(200_000 / 800), [100 / math.sqrt(200_000), 100 / math.sqrt(800)]),
    "06.2": (0.5 * (1**2 + 1 - math.log(1) - 1), [1.0]),
    "07.1": ((1 + 2 + 3 + 10) / 4 / 10, [0.1, 0.25]),
    "07.3": (3 / (3 + 1), [3.0, math.log(3)]),
    "08.1": (30 * 7, [30 * 29, 30 * 7 / 2]),
    "08.4": ((9 / 4) / (9 / 4 + 1), [4 / 9, 1 - 9 / 13]),
    "09.1": (math.log(10), [math.log2(10), 10.0]),
    "09.2": (3 / math.sqrt(90 / 10), [3.0, 3 / 9]),
    "10.1": (1.5 * 0.4 / math.sqrt(0.0025), [1.5 * 0.4 / 0.0025, 0.4 / math.sqrt(0.0025)]),
    "10.4": (100 / math.sqrt(25) / 2, [20.0, 4.0]),
    "11.1": (math.degrees(math.acos(0.99)), [math.acos(0.99), 0.99]),
    "11.4": (0.99**9, [0.99, 0.99**10]),
}
# Numbers and names that a quiz takes from its lesson: they must stand in both.
QUOTED = {
    "01_invariant_mass": ["2304", "500"],
    "02_z_and_higgs_peaks": ["4.66", "8.20", "2.9|scan"],
    "04_jet_images_cnn": ["anti-kT", "5 × 5"],
    "05_lola_top_tagging": ["metric", "mask"],
    "06_vae": ["N(0, 1)|mathcal N(0,1)", "256"],
    "07_gan_event_generation": ["2 ln 2|2\\log 2", "Breit-Wigner"],
    "08_graph_taggers": ["particle flow network", "EdgeConv"],
    "09_calorimeter_gan": ["straight-through", "Geant4"],
    "10_anomaly_detection": ["SIC", "autoencoder", "p1/p2|p_1(x)}{p_2(x)"],
    "11_track_grouping": ["0.99", "vertex"],
}


def text_of(name: str) -> str:
    return (TEACHING / name).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading of a page."""
    return page.split(f"\n## {heading}\n")[1].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = {i for i, row in enumerate(cells) if set("".join(row)) <= set("-:")}
    return [row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules]


def announced(lesson: str) -> str:
    """The minutes of a lesson in the table of the repository's README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return next(row[3] for row in rows(readme) if row[0].startswith(f"[{lesson[:2]}](notebooks/{lesson}.ipynb)"))


def words_of(lesson: str) -> str:
    """All that is written in a lesson."""
    return "\n".join(source(cell) for cell in read(ROOT / f"notebooks/{lesson}.ipynb")["cells"])


def test_every_lesson_has_notes_and_a_quiz_or_is_listed_as_to_come():
    written = {path.stem for path in WRITTEN}
    assert {path.stem for path in PAGES} == written
    assert set(QUIZZES) == written


def test_what_is_said_to_come_is_not_there_yet():
    for lesson in TO_COME:
        assert not (TEACHING / f"{lesson}.md").exists() and lesson not in QUIZZES, f"{lesson}: link it in README.md"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_notes_have_all_headings_in_their_order(path):
    assert re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE) == HEADINGS


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_heading_stands_over_nothing(path):
    page = path.read_text(encoding="utf-8")
    assert all(len(section(page, heading).split()) >= 5 for heading in HEADINGS)
    assert len(re.findall(r"^\d\. ", section(page, "Learning objectives"), re.MULTILINE)) >= 5
    assert len(re.findall(r"^\$\$.+\$\$$", section(page, "On the board"), re.MULTILINE)) >= 3


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_plan_fills_ninety_minutes_with_parts_of_the_lesson(path):
    plan = rows(section(path.read_text(encoding="utf-8"), "A plan for 90 minutes"))
    assert sum(int(minutes) for minutes, _, _ in plan) == 90
    headings = "\n".join(re.findall(r"^#+ (.*)$", words_of(path.stem), re.MULTILINE))
    for part in filter(None, (part.strip() for _, _, parts in plan for part in parts.split(";"))):
        assert part in headings, f"the lesson has no part {part!r}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_notes_announce_the_minutes_of_the_readme(path):
    glance = dict(rows(section(path.read_text(encoding="utf-8"), "At a glance")))
    assert glance["Minutes on two CPU cores"] == announced(path.stem)


def test_the_question_of_the_notes_is_that_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    questions = {row[0][1:3]: row[1] for row in rows(readme) if row[0].startswith("[")}
    for path in PAGES:
        asked = dict(rows(section(path.read_text(encoding="utf-8"), "At a glance")))["Question"]
        assert questions[path.stem[:2]].startswith(asked), path.stem


@pytest.mark.parametrize("name", SYLLABI)
def test_a_syllabus_has_every_lesson_with_its_minutes(name):
    column = 2 if "weeks" in name else -1
    for row in rows(text_of(name)):
        linked = re.findall(r"\]\((\d\d_\w+)\.md\)", " ".join(row[:5] if column == -1 else row[:2]))
        minutes = [part.strip() for part in row[column].split("+")]
        assert minutes == ([announced(lesson) for lesson in linked] or ["to come"]), row
    assert all(f"({path.stem}.md)" in text_of(name) for path in WRITTEN)


def test_the_weeks_are_twelve_and_the_days_five():
    assert [row[0] for row in rows(text_of(SYLLABI[0]))] == [str(week) for week in range(1, 13)]
    assert [row[0] for row in rows(text_of(SYLLABI[1]))] == [str(day) for day in range(1, 6)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"https?://", target):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_formulas_survive_markdown(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("$") % 2 == 0
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text)
    assert not [formula for formula in formulas if re.search(r"\\[^A-Za-z ]", formula)], "Markdown eats a backslash"
    assert all(formula.count("{") == formula.count("}") for formula in formulas)
    assert all(formula.count(r"\left") == formula.count(r"\right") for formula in formulas)
    assert not [formula for formula in formulas if "\n\n" in formula]


@pytest.mark.parametrize("path", [*PAGES, TEACHING / "projects.md"], ids=lambda path: path.stem)
def test_a_rubric_has_four_levels_and_its_points_add_up(path):
    text = path.read_text(encoding="utf-8")
    table = text.split("| criterion | not yet (0) | pass (1) | good (2) | excellent (3) |")[1]
    criteria = [row for row in rows(table.partition("\n\n")[0]) if row]
    assert len(criteria) >= 4 and all(len(row) == 5 and all(row) for row in criteria)
    assert f"Of {3 * len(criteria)} points" in text


def test_the_projects_name_only_data_sets_of_the_registry_and_say_where_the_others_are():
    registry = json.loads((ROOT / "data/registry.json").read_text(encoding="utf-8"))
    known = set(registry.get("datasets", registry))
    data = rows(text_of("projects.md").partition("## Ideas")[0])
    assert len(data) >= 10
    for what, _, size, where, _ in data:
        assert size and re.search(r"\]\(https?://", where), what
        assert set(re.findall(r"`(\w+)`", where)) <= known, what


@pytest.mark.parametrize("lesson", QUIZZES)
def test_a_quiz_has_five_questions_of_three_kinds(lesson):
    questions = QUIZZES[lesson]
    assert [question.name.split()[0] for question in questions] == [f"{lesson[:2]}.{n}" for n in range(1, 6)]
    assert {question.kind for question in questions} == {"choice", "number", "true or false"}


def test_every_answer_is_told_why_and_no_two_are_told_the_same():
    for question in QUESTIONS:
        feedback = [answer.feedback for answer in question.answers]
        assert len(set(feedback)) == len(feedback) and all(len(text.split()) >= 4 for text in feedback), question.name
        assert len(question.explanation.split()) >= 8, question.name


def test_the_place_of_the_right_answer_gives_nothing_away():
    choices = [question for question in QUESTIONS if question.kind == "choice"]
    assert all(len(question.answers) == 4 for question in choices)
    places = [[answer.right for answer in question.answers].index(True) for question in choices]
    assert set(places) == {0, 1, 2, 3} and max(map(places.count, places)) <= len(places) / 2
    truths = [question.answers[0].right for question in QUESTIONS if question.kind == "true or false"]
    assert 0.25 <= sum(truths) / len(truths) <= 0.75


def test_every_number_is_worked_out_and_the_usual_mistakes_are_not_accepted():
    numbers = {question.name.split()[0]: question for question in QUESTIONS if question.kind == "number"}
    assert set(numbers) == set(WORKED)
    for name, (value, mistakes) in WORKED.items():
        question = numbers[name]
        assert abs(question.value - value) <= question.tolerance / 2, name
        assert all(abs(question.value - mistake) > 2 * question.tolerance for mistake in mistakes), name


@pytest.mark.parametrize("lesson", QUOTED)
def test_a_quiz_says_what_its_lesson_says(lesson):
    quiz = (TEACHING / f"quizzes/{lesson}.gift").read_text(encoding="utf-8")
    for in_quiz, _, in_lesson in (quoted.partition("|") for quoted in QUOTED[lesson]):
        assert in_quiz in quiz and (in_lesson or in_quiz) in words_of(lesson), in_quiz


def test_the_formulas_on_the_board_give_the_numbers_beside_them():
    assert "$Z = 3.12$, against $s/\\sqrt b = 3.80$" in text_of("02_z_and_higgs_peaks.md")
    assert f"{asimov(8.20, 4.66):.2f} {8.20 / math.sqrt(4.66):.2f}" == "3.12 3.80"
    efficiency = math.pi * 80.4 * 2.1 / 173.0**2  # of flat sampling; and the weight of the mapped one at the peak
    x = (80.4 / 173.0) ** 2
    assert f"{100 * efficiency:.1f} %" in text_of("07_gan_event_generation.md")
    assert f"at the peak it is {(1 - x) ** 2 * (1 + 2 * x):.2f}" in text_of("07_gan_event_generation.md")
    assert f"this is {2 * 80.4 / 275:.2f}" in text_of("04_jet_images_cnn.md")
    assert f"{200 / 0.05**2:.0f}" in text_of("05_lola_top_tagging.md")


def test_the_pack_is_linked_from_the_readme_and_from_the_contributing_guide():
    assert all("(teaching/README.md)" in (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md"))
