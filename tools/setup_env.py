"""Create the environment of the course: ``python tools/setup_env.py [.venv]``.

Runs on the machine's own Python, with nothing installed. A stamp, written last, marks an environment as complete; one
without its stamp was interrupted and is made anew.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import uv_index

SUPPORTED = ((3, 10), (3, 13))
ROOT = Path(__file__).resolve().parent.parent
STAMP = ".ready"


def main(target: str = ".venv") -> None:
    """Make the environment unless the one that is there was made from this very requirements.txt."""
    check_python(sys.version_info[:2])
    venv = (ROOT / target).absolute()
    stamp = venv / STAMP
    wanted = fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted and works(venv):
        stamp.touch()
        return
    start = time.monotonic()
    print(f"Creating {target} from requirements.txt (once; a few minutes on a slow line)", flush=True)
    remove(venv)
    check_place(venv)
    create(venv)
    install(venv)
    stamp.write_text(wanted)
    print(f"{target} is ready ({time.monotonic() - start:.0f} s)", flush=True)


def check_python(version: tuple) -> None:
    """Stop with a sentence where this Python is too old or too new for the locked packages."""
    oldest, newest = SUPPORTED
    if not oldest <= version <= newest:
        sys.exit(
            "This course needs Python {}.{} to {}.{}, and this is {}.{} ({}).\n"
            "Name another one, for example: make setup PYTHON=python3.12".format(
                *oldest, *newest, *version, sys.executable
            )
        )


def check_place(venv: Path) -> None:
    """Stop with a sentence where the environment cannot be written, as in a read-only checkout."""
    try:
        venv.mkdir(parents=True)
    except OSError as error:
        sys.exit(f"{error.strerror}: {venv}\nName another place for the environment: make run VENV=~/hepml-venv")


def fingerprint() -> str:
    """What the environment is made from: the lock and the Python version."""
    lock = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    return "{} python {}.{}\n".format(lock, *sys.version_info[:2])


def works(venv: Path) -> bool:
    """Whether that environment's Python still runs and knows the course's package."""
    try:
        check = subprocess.run(
            [str(venv / "bin/python"), "-c", "import hepml_helpers"], capture_output=True, check=False
        )
    except OSError:
        return False
    return check.returncode == 0


def remove(venv: Path) -> None:
    """Remove an old or half-made environment, and nothing that is not one."""
    if not venv.exists():
        return
    if any(venv.iterdir()) and not (venv / "pyvenv.cfg").exists():
        sys.exit(f"{venv} is there and is not a Python environment: move it away, then try again")
    shutil.rmtree(venv)


def create(venv: Path) -> None:
    """An empty environment with pip, and uv in it."""
    try:
        run(sys.executable, "-m", "venv", venv)
    except subprocess.CalledProcessError:
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit(
            "Python could not create an environment. On Debian and Ubuntu its venv module is a package of its own:\n"
            "  sudo apt install python3-venv"
        )
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv")


def install(venv: Path) -> None:
    """The locked packages, byte-compiled once (see CONTRIBUTING.md), and the course's own package as it lies."""
    python = venv / "bin/python"
    variables = dict(uv_index.environment(str(python)), VIRTUAL_ENV=str(venv))
    pip = (python, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode")
    run(*pip, "-r", ROOT / "requirements.txt", env=variables)
    run(*pip, "--no-deps", "-e", ROOT, env=variables)


def run(*command, env=None) -> None:
    """Run one command; its failure stops the set-up, and the environment stays without its stamp."""
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=env)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"The environment is not complete: `{' '.join(error.cmd)}` failed (see above). Try again: make setup")
