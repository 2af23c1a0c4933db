"""Resolve pyproject.toml into requirements.txt for every supported Python and platform (`make lock`).

One universal resolution, with a fork for each Python that needs other versions. The file names no index and no path.
"""

import subprocess
import sys

import uv_index
from notebook_files import ROOT

LOCK = ROOT / "requirements.txt"
HEADER = """\
# The pinned environment of the course for Python 3.10 to 3.13, generated from pyproject.toml by: make lock
# That is: uv pip compile --universal --python-version 3.10 --all-extras pyproject.toml
# Do not edit it by hand.
"""


def main() -> None:
    """Write the lock anew; the old one stays when the resolution fails."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.10"]
    command += ["--all-extras", "--no-header", "--no-emit-index-url", "--no-annotate", "pyproject.toml"]
    variables = uv_index.environment()
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):  # what only this machine has cannot be locked
        variables.pop(name, None)
    made = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        sys.exit("requirements.txt is as it was: the resolution failed (see above)")
    LOCK.write_text(HEADER + made.stdout, encoding="utf-8")
    print(f"{LOCK.name}: {sum('==' in line for line in made.stdout.splitlines())} pins")


if __name__ == "__main__":
    main()
