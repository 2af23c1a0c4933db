"""All tests: ``python tools/run_tests.py [pytest's options]`` (`make test`).

Ruff's rules and formatting, the data cards, and then one pytest run over unit tests, doctests, data checks and, cell by
cell, every lesson in the smoke profile (nbval), in as many processes as cores and memory bear (pytest-xdist). All parts
run even when one fails; pytest's summary comes last.
"""

import os
import subprocess
import sys

from notebook_files import NOTEBOOKS, ROOT, lessons
from run_course import cores, kernel_environment, parallel_jobs

PYTEST_FOLDERS = ("tests", "hepml_helpers", "tools", "--ignore=tests/test_site.py")  # `make site-check` runs that one
CHECKS = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "--quiet", "--diff", "."),
    "data cards": ("tools/make_data_cards.py", "--check"),
}


def main(arguments: list[str]) -> int:
    """Run every part; 1 when any of them failed."""
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    notebooks = (str(NOTEBOOKS.relative_to(ROOT)), "--nbval-lax", "--nbval-current-env") if lessons() else ()
    folders = () if any(not word.startswith("-") for word in arguments) else (*PYTEST_FOLDERS, *notebooks)
    jobs = parallel_jobs(cores())
    # a file is tested by one process: the cells of a notebook need one kernel, tests of one file share fixtures
    parallel = ("-n", str(jobs), "--dist=loadfile", "--no-loadscope-reorder")
    variables = kernel_environment("smoke", jobs) | {"MPLBACKEND": os.environ.get("MPLBACKEND", "agg")}
    command = [sys.executable, "-m", "pytest", "-q", "--durations=10", *parallel, *folders, *arguments]
    tested = subprocess.run(command, cwd=ROOT, env=variables).returncode
    if failed:
        print(f"FAILED before pytest: {', '.join(failed)} (see above)", flush=True)
    return 1 if failed or tested else 0


def passes(name: str, command: tuple[str, ...]) -> bool:
    """Run one check and say how it went."""
    print(f"{name}: ", end="", flush=True)
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print("passed" if done.returncode == 0 else f"FAILED\n{done.stdout}", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
