"""Change the repository's address wherever it stands: ``python tools/retarget.py owner/name`` (`make retarget`).

pyproject.toml holds it; the lessons' badges and install lines, the README and CITATION.cff repeat it.
"""

import argparse
import re
import sys
from pathlib import Path

from notebook_files import ROOT
from repository import SLUG, slug, text_files


def main(arguments: list[str] | None = None) -> int:
    """Retarget the repository; 2 when the new name is none."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", help="owner/name")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to change")
    options = parser.parse_args(arguments)
    if not SLUG.fullmatch(options.repository):
        print(f"{options.repository!r} is not a repository; expected owner/name", file=sys.stderr)
        return 2
    for path in retarget(options.root, options.repository):
        print(f"changed {path.relative_to(options.root)}")
    return 0


def retarget(root: Path, new: str) -> list[Path]:
    """Put the new address in the place of the old one; the files that changed."""
    hosts = r"(github\.com/|research\.google\.com/github/|mybinder\.org/v2/gh/)"
    old = re.compile(rf"{hosts}{re.escape(slug(root))}(?![\w-])")
    changed = []
    for path in text_files(root):
        text = path.read_text(encoding="utf-8")
        renewed = old.sub(lambda found: found.group(1) + new, text)
        if renewed != text:
            path.write_text(renewed, encoding="utf-8")
            changed.append(path)
    return changed


if __name__ == "__main__":
    sys.exit(main())
