"""The strict reader of quizzes, and the notebooks that are made from them."""

import gift
import make_quizzes
import nbformat
import pytest

CHOICE = "::A::Which? {\n~one#too few\n=two#yes\n~three#too many\n####Count them.\n}"
NUMBER = "::B::How many? {\n#=2.5:0.1#yes\n~#no\n####Half of five.\n}"
TRUTH = "::C::Is it? {\nFALSE#it is not#yes\n####By definition.\n}"


def test_a_choice_has_its_answers_in_order_with_their_feedback():
    [question] = gift.parse(CHOICE)
    assert (question.name, question.text, question.kind) == ("A", "Which?", "choice")
    assert question.answers == (("one", False, "too few"), ("two", True, "yes"), ("three", False, "too many"))
    assert question.explanation == "Count them."


def test_a_number_has_a_tolerance_and_an_answer_to_any_other():
    [question] = gift.parse(NUMBER)
    assert (question.kind, question.value, question.tolerance) == ("number", 2.5, 0.1)
    assert [answer.feedback for answer in question.answers] == ["yes", "no"]


@pytest.mark.parametrize("word", ["TRUE", "FALSE"])
def test_the_first_feedback_of_true_or_false_is_that_to_the_wrong_answer(word):
    [question] = gift.parse(TRUTH.replace("FALSE", word))
    feedback = {answer.right: answer.feedback for answer in question.answers}
    assert feedback == {False: "it is not", True: "yes"}
    assert next(answer.text for answer in question.answers if answer.right) == word.lower()


def test_an_empty_line_divides_questions_and_comments_are_left_out():
    text = "\n\n".join(["// a comment, { with = marks", CHOICE, NUMBER, TRUTH])
    assert [question.name for question in gift.parse(text)] == ["A", "B", "C"]


def test_escaped_characters_are_meant_as_text():
    text = r"::A\: B::Is 1 \= 1 in \{1\}? {TRUE#no \~ no#yes \# yes####a\:b \\ c}"
    [question] = gift.parse(text)
    assert (question.name, question.text) == ("A: B", "Is 1 = 1 in {1}?")
    assert {answer.feedback for answer in question.answers} == {"no ~ no", "yes # yes"}
    assert question.explanation == r"a:b \ c"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("::A::", "", "expected '::name::text"),
        ("}", "", "expected '::name::text"),
        ("Which?", "1 = 1?", "need a backslash"),
        ("Which?", r"\alpha?", "escapes nothing"),
        ("\n####Count them.", "", "explanation"),
        ("=two", "~two", "exactly one"),
        ("~one", "=one", "exactly one"),
        ("#too few", "", "a mark and a feedback"),
        ("~three#too many\n", "~%50%three#half#more\n", "a mark and a feedback"),
    ],
)
def test_what_is_not_complete_is_refused_in_words(old, new, said):
    with pytest.raises(gift.GiftError, match=said):
        gift.parse(CHOICE.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new"), [(":0.1", ""), ("~#no\n", ""), (":0.1", ":0"), ("2.5", "a few")])
def test_a_number_without_tolerance_or_answer_to_others_is_refused(old, new):
    with pytest.raises(gift.GiftError, match="B: "):
        gift.parse(NUMBER.replace(old, new))


def test_the_notebook_is_valid_and_hides_what_is_right():
    notebook = nbformat.reads(make_quizzes.as_notebook("A title", gift.parse(f"{CHOICE}\n\n{NUMBER}")), as_version=4)
    nbformat.validate(notebook)
    title, choice, number = (cell.source for cell in notebook.cells)
    assert title.startswith("# Quiz: A title")
    shown, _, folded = choice.partition("<details>")
    assert all(f"- {word}\n" in shown for word in ("one", "two", "three"))
    assert "yes" not in shown and "two: **right**. yes" in folded and "Count them." in folded
    assert "2.5" not in number.partition("<details>")[0]


def test_each_file_becomes_a_notebook_in_the_folder_that_is_named(tmp_path, capsys):
    (tmp_path / "99_nothing.gift").write_text(CHOICE, encoding="utf-8")
    assert make_quizzes.main([str(tmp_path / "99_nothing.gift"), "--out", str(tmp_path / "new/folder")]) == 0
    assert nbformat.read(tmp_path / "new/folder/99_nothing.ipynb", as_version=4).cells[0].source.startswith("# Quiz")
    assert "99_nothing.ipynb" in capsys.readouterr().out
