"""What lies in .github: workflows call only what a user can call, forms and template are what GitHub reads."""

import re

import pytest
import yaml
from notebook_files import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[0-9]_*.yml"))
TARGETS = set(re.search(r"^\.PHONY:(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1].split())


def parsed(path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(workflow: dict) -> list[str]:
    """Every line that a workflow runs."""
    return [line.strip() for step in steps(workflow) for line in step.get("run", "").splitlines() if line.strip()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_only_make_targets_that_are_there_or_the_one_script_of_ci(path):
    lines = commands(parsed(path))
    assert lines
    for line in lines:
        call = re.fullmatch(r"make ([a-z-]+)((?: [A-Z]+=(?:\w+|\"[\w ]+\"))*)", line)
        assert line == ".ci/run" or (call and call[1] in TARGETS), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_ends_by_itself_and_names_the_versions_of_its_actions(path):
    workflow = parsed(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all(1 <= job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in steps(workflow) if "uses" in step)


def test_a_change_runs_the_script_of_ci_on_the_oldest_and_the_newest_python():
    workflow = parsed(ROOT / ".github/workflows/ci.yml")
    assert set(workflow[True]) == {"push", "pull_request"}  # YAML reads the word on as true
    assert commands(workflow) == [".ci/run"]
    assert workflow["jobs"]["course"]["strategy"]["matrix"]["python"] == ["3.10", "3.13"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_once_a_week_newest_versions_downloads_and_links_are_tried():
    workflow = parsed(ROOT / ".github/workflows/weekly.yml")
    assert "schedule" in workflow[True]
    assert {"make newest", "make downloads", "make links"} <= set(commands(workflow))


def test_there_is_a_form_for_a_lesson_for_physics_and_for_ideas():
    assert [path.stem[2:] for path in FORMS] == ["lesson", "physics", "idea"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_requires(path):
    form = parsed(path)
    assert set(form) <= {"name", "description", "title", "labels", "assignees", "body"}
    assert form["name"] and form["description"] and form["body"]
    ids = [field["id"] for field in form["body"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[\w-]+", name) for name in ids)
    for field in form["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"}
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]
        assert ("options" in field["attributes"]) == (field["type"] in {"dropdown", "checkboxes"})
        assert set(field.get("validations", {})) <= {"required"}


def test_the_template_of_changes_names_only_targets_that_are_there():
    template = (ROOT / ".github/pull_request_template.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", template))
    assert named and named <= TARGETS
