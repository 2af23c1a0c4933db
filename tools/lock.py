"""Resolve pyproject.toml into requirements.txt for every supported Python and platform (`make lock`).

One universal resolution, with a fork for each Python that needs other versions. What is pinned keeps its version as
long as pyproject.toml admits it; with ``--upgrade`` everything takes its newest. The file names no index and no path.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import uv_index
from notebook_files import ROOT

LOCK = ROOT / "requirements.txt"
HEADER = """\
# The pinned environment of the course for Python 3.10 to 3.13, generated from pyproject.toml by: make lock
# That is: uv pip compile --universal --python-version 3.10 --all-extras pyproject.toml
# Do not edit it by hand.
"""


def main(arguments: list[str] | None = None) -> None:
    """Write the lock anew; the old one stays when the resolution fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--upgrade", action="store_true", help="take the newest version of everything")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, LOCK.name)
        shutil.copy(LOCK, draft)  # uv prefers the versions that it finds in its output file
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"]
        command += ["--all-extras", "--no-header", "--no-emit-index-url", "--no-annotate", "--output-file", str(draft)]
        command += [*(["--upgrade"] if options.upgrade else []), "pyproject.toml"]
        variables = uv_index.environment()
        for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):  # what only this machine has cannot be locked
            variables.pop(name, None)
        if subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit("requirements.txt is as it was: the resolution failed (see above)")
        made = draft.read_text(encoding="utf-8")
    LOCK.write_text(HEADER + made, encoding="utf-8")
    print(f"{LOCK.name}: {sum('==' in line for line in made.splitlines())} pins")


if __name__ == "__main__":
    main()
