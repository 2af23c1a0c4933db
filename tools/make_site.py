"""Build the course's site from the executed lessons: ``python tools/make_site.py`` (`make site`); needs Python 3.11.

It executes nothing: lessons come from ``build/notebooks`` and their results from ``build/results.json``, as `make run`
left them. `prepare` lays out a source tree in ``build/site-source`` in which every file lies where the repository has
it, so that the links between them hold; Sphinx turns it into ``build/site``. A warning is an error, and a build that
fails leaves the last good site as it was.

Exit status: 0 when the site was built, 1 when Sphinx found a fault, 2 when something to build from is missing.
"""

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import run_course
import site_lessons
import site_pages
from notebook_files import ROOT, lessons, read

DOCS = ROOT / "docs"
COPIED = ("CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "LICENSE-CC-BY-4.0", "CITATION.cff", "teaching")
COPIED += ("data/README.md", "data/validation.json")
FIGURE = re.compile(r"figures/(\w+)/([\w-]+)\.png")  # a page in docs/ shows a lesson's figure under this name
NOTES = "\n```{toctree}\n:hidden:\n:glob:\n\nsyllabus_*\nprojects\n[0-9]*\n```\n"


def main(arguments: list[str] | None = None) -> int:
    """Build the site; the exit status of the command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--build", type=Path, default=ROOT / "build", help="folder of the executed lessons and the site"
    )
    build = parser.parse_args(arguments).build.absolute()
    try:
        check_sphinx()
        prepare(build, build / "site-source")
    except ValueError as error:
        print(f"no site was built: {error}", file=sys.stderr)
        return 2
    draft = build / "site.partial"
    if run_sphinx(build / "site-source", draft) != 0:
        print(f"no site was built, see above; {build / 'site'} is as it was", file=sys.stderr)
        return 1
    replace(build / "site", draft)
    print(f"{build / 'site' / 'index.html'}")
    return 0


def check_sphinx() -> None:
    """Raise ValueError, in words, where Sphinx is not installed."""
    if importlib.util.find_spec("myst_nb") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        raise ValueError(f"this environment (Python {version}) has no Sphinx; the site needs Python 3.11 or newer")


def prepare(build: Path, target: Path) -> None:
    """Lay out the source tree of the site, anew.

    Raises
    ------
    ValueError
        If a lesson has no executed copy, results.json no good run of it, or a figure of a page is not there.
    """
    entries = recorded(build)
    shutil.rmtree(target, ignore_errors=True)
    (target / "notebooks").mkdir(parents=True)
    (target / "_generated").mkdir()
    executed = {path.stem: read(build / "notebooks" / path.name) for path in lessons()}
    stored = {path.stem: read(path) for path in lessons()}
    for name, notebook in executed.items():
        page = site_lessons.as_page(notebook, stored[name], run=site_pages.good_run(entries[name]))
        write(target / "notebooks" / f"{name}.ipynb", json.dumps(page, ensure_ascii=False))
    copy_files(target)
    for path in sorted(DOCS.glob("**/*.md")):
        write(target / path.relative_to(DOCS), text := path.read_text(encoding="utf-8"))
        write_figures(target, set(FIGURE.findall(text)), executed)
    titles = {name: site_pages.title_of(notebook) for name, notebook in stored.items()}
    environments = {name: site_lessons.environment_of(notebook) for name, notebook in executed.items()}
    changed = {name for name in executed if site_lessons.has_changed(executed[name], stored[name])}
    introduction, rest = site_pages.readme_parts((ROOT / "README.md").read_text(encoding="utf-8"))
    write(target / "_generated/introduction.md", introduction)
    write(target / "_generated/readme.md", site_lessons.without_badge_image(rest))
    shipped = run_course.ResultsFile(build / "pretrained/results.json").read()
    write(target / "_generated/results.md", site_pages.results_page(entries, titles, shipped))
    write(target / "_generated/status.md", site_pages.status_page(entries, titles, environments, changed))
    write(target / "_generated/modules.md", site_pages.api_table())
    for module in site_pages.modules():
        write(target / "api" / f"{module}.md", site_pages.api_page(module))


def recorded(build: Path) -> dict:
    """The entries of results.json, once every lesson has a good run there and an executed copy."""
    try:
        entries = json.loads((build / "results.json").read_text(encoding="utf-8"))["lessons"]
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{build / 'results.json'} cannot be read; make run writes it") from None
    for path in lessons():
        copied = (build / "notebooks" / path.name).exists()
        if not copied or path.stem not in entries or site_pages.good_run(entries[path.stem]) is None:
            raise ValueError(f"lesson {path.stem} has no good run yet: make run LESSONS={path.stem[:2]}")
    return entries


def copy_files(target: Path) -> None:
    """Copy what is shown or linked as it is."""
    for name in COPIED:
        (target / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target / name)
    with open(target / "teaching/README.md", "a", encoding="utf-8") as file:
        file.write(NOTES)


def write_figures(target: Path, wanted: set[tuple[str, str]], executed: dict) -> None:
    """Write the figures of lessons that a page shows."""
    for lesson, cell in sorted(wanted):
        if lesson not in executed:
            raise ValueError(f"a page shows a figure of {lesson!r}; expected one of {', '.join(executed)}")
        path = target / "figures" / lesson / f"{cell}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(site_lessons.picture_of(executed[lesson], cell))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run_sphinx(source: Path, target: Path) -> int:
    """Build a source tree into an empty folder; the exit status of Sphinx."""
    shutil.rmtree(target, ignore_errors=True)
    options = ("-b", "html", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env")
    folders = ("-c", DOCS, "-d", source.with_name("site-doctrees"), source, target)
    command = [sys.executable, "-m", "sphinx", *options, *map(str, folders)]
    return subprocess.run(command).returncode


def replace(site: Path, draft: Path) -> None:
    """Put the new site in the old one's place."""
    old = site.with_name("site.old")
    shutil.rmtree(old, ignore_errors=True)
    if site.exists():
        os.replace(site, old)
    os.replace(draft, site)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
