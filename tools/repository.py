"""The address of the published repository, which stands in pyproject.toml, and what is derived from it."""

import os
import re
import sys
from pathlib import Path

from notebook_files import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
BADGE_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
TEXT_ENDINGS = (".md", ".cff", ".toml", ".yml", ".yaml", ".py", ".ipynb", ".json")
SKIPPED = {".git", ".venv", "build", "dist"}


def project(root: Path = ROOT) -> dict:
    """pyproject.toml, read."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def slug(root: Path = ROOT) -> str:
    """owner/name of the repository, from pyproject.toml."""
    address = project(root)["project"]["urls"]["Repository"]
    return address.removeprefix("https://github.com/")


def badge(lesson: str, slug: str) -> str:
    """The markdown of a lesson's Colab badge.

    Examples
    --------
    >>> badge("01_mass", "a/b").partition("]")[2].partition("]")[2]
    '(https://colab.research.google.com/github/a/b/blob/main/notebooks/01_mass.ipynb)'
    """
    target = f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/{lesson}.ipynb"
    return f"[![Open in Colab]({BADGE_IMAGE})]({target})"


def install_line(slug: str) -> str:
    """The line with which a lesson installs the package where it is missing."""
    return f'%pip install -q "hepml-helpers @ git+https://github.com/{slug}"'


def text_files(root: Path = ROOT) -> list[Path]:
    """The files that may hold the address."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED)
        found += [Path(folder) / name for name in sorted(names) if name.endswith(TEXT_ENDINGS)]
    return found
