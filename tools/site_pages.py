"""The pages of the site that are made from what the repository and its last runs hold: results, status, API."""

import ast
import datetime
import re
from pathlib import Path

from make_data_cards import table
from make_quizzes import escaped
from notebook_files import ROOT, first_line

from hepml_helpers import results

ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})")
PACKAGE = ROOT / "hepml_helpers"


def good_run(entry: dict) -> dict | None:
    """The last run of a lesson that was good, from its entry in results.json."""
    return entry if entry["status"] == "passed" else entry.get("last_good")


def title_of(notebook: dict) -> str:
    """The title of a lesson."""
    return first_line(notebook["cells"][0]).lstrip("# ")


def readme_parts(readme: str) -> tuple[str, str]:
    """What stands between the README's title and its first section, and everything from there on.

    Its figure is left out: the site shows one of a lesson that was executed.

    Examples
    --------
    >>> readme_parts("# Course\\n\\nWhat it is.\\n\\n## Lessons\\n\\n![A peak](peak.png)\\n\\nTen.\\n")
    ('What it is.\\n', '## Lessons\\n\\nTen.\\n')
    """
    readme = re.sub(r"^!\[[^\]]*\]\([^)]*\)\n\n", "", readme, flags=re.MULTILINE)
    introduction, rest = re.fullmatch(r"# .+?\n(.*?\n)(## .*)", readme, re.DOTALL).groups()
    return introduction.strip() + "\n", rest


def results_page(entries: dict, titles: dict[str, str], shipped: dict) -> str:
    """Every result of every lesson's last good run, a table each.

    Parameters
    ----------
    entries : dict
        What results.json holds, by lesson.
    titles : dict
        The lessons' titles, by name; these lessons are shown.
    shipped : dict
        The same as ``entries``, of the runs with weights that ship with the course.
    """
    runs = {name: good_run(entries[name]) for name in titles}
    judged = [results.verdict(result) for run in runs.values() for result in run["results"] if result["accepted"]]
    total = sum(len(run["results"]) for run in runs.values())
    parts = [
        f"{total} results of {len(runs)} lessons. {len(judged)} have an accepted band, and "
        f"{judged.count('pass')} of these lie inside it; the others are shown and not judged.\n"
    ]
    head = ("result", "ours", "accepted band", "published", "source", "verdict")
    for name, run in runs.items():
        smoke = " The smoke profile trains for seconds: its results mean nothing." if run["profile"] == "smoke" else ""
        parts += [f"## [{escaped(titles[name])}](notebooks/{name}.ipynb)\n"]
        parts += [f"In the {run['profile']} profile, {day(run['finished'])}.{smoke}\n"]
        parts += [table(head, [result_row(result) for result in run["results"]])]
        if name in shipped and (run := good_run(shipped[name])):
            parts += [f"With weights that ship with the course (`make run PRETRAINED=1`), {day(run['finished'])}:\n"]
            parts += [table(head, [result_row(result) for result in run["results"]])]
    return "\n".join(parts)


def result_row(result: dict) -> tuple[str, ...]:
    """One result as the cells of a table in Markdown."""
    words = results.describe(result)
    unit = f" {result['unit']}" if result["unit"] and result["published"] else ""
    band = words["accepted"] + (f" {result['unit']}" if result["unit"] and result["accepted"] else "")
    source = ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", escaped(result["source"] or "–"))
    cells = (words["result"], words["measured"], band.replace("-", "–") if band == "-" else band)
    cells += ((result["published"] or "–") + unit,)
    return (*(escaped(cell) for cell in cells), source, words["verdict"])


def status_page(entries: dict, titles: dict[str, str], environments: dict[str, str], changed: set[str]) -> str:
    """How each lesson's last run went, its last good one, and what that ran on."""
    head = ("lesson", "last run", "profile", "minutes", "finished", "last good run")
    rows, machines = [], []
    for name, title in titles.items():
        entry, good = entries[name], good_run(entries[name])
        link = f"[{escaped(title)}](notebooks/{name}.ipynb)"
        finished = day(good["finished"]) + (" (changed since)" if name in changed else "")
        rows.append((link, *run_row(entry), finished))
        machines.append((link, escaped(environments[name])))
    return "\n".join([table(head, rows), "## Environments\n", table(("lesson", "ran on"), machines)])


def run_row(run: dict) -> tuple[str, ...]:
    """How a run went: status, profile, minutes, and when it finished."""
    status = {"passed": "passed", "outside": "a result outside its band", "failed": "failed"}[run["status"]]
    return (status, run["profile"], f"{run['minutes']:.1f}", day(run["finished"]))


def day(finished: str) -> str:
    """A time stamp as a date that everybody reads alike.

    Examples
    --------
    >>> day("2026-11-29T16:50:12+00:00")
    '29 November 2026, 16:50 UTC'
    """
    moment = datetime.datetime.fromisoformat(finished).astimezone(datetime.timezone.utc)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def modules() -> dict[str, str]:
    """The rooms of the package, with the first line of each one's docstring."""
    paths = [path for path in sorted(PACKAGE.glob("*.py")) if path.stem != "__init__"]
    return {path.stem: summary(path) for path in paths}


def summary(path: Path) -> str:
    """The first paragraph of a module's docstring, in one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def api_page(module: str) -> str:
    """The page of one module: Sphinx fills it from the docstrings."""
    options = "   :members:\n   :ignore-module-all:\n   :member-order: bysource\n"
    return f"# {module}\n\n```{{eval-rst}}\n.. automodule:: hepml_helpers.{module}\n{options}```\n"


def api_table() -> str:
    """The rooms, each with a link to its page."""
    return table(("module", "what it holds"), [(f"[`{name}`]({name}.md)", about) for name, about in modules().items()])
