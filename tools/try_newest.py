"""Try the course with the newest packages that pyproject.toml admits: ``python tools/try_newest.py`` (`make newest`).

Makes an environment in build/newest, without the lock, lists what differs from the lock, and runs all tests there.
"""

import subprocess
import sys

import setup_env
import uv_index
from colab_check import changes, installed, pins_of
from notebook_files import ROOT

ENVIRONMENT = ROOT / "build/newest"


def main(arguments: list[str]) -> int:
    """Make the environment and run the tests with pytest's options; 1 when a test fails."""
    setup_env.remove(ENVIRONMENT)
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    setup_env.create(ENVIRONMENT)
    install()
    moved = changes(locked(), installed(ENVIRONMENT))
    for name, (old, new) in sorted(moved.items()):
        print(f"  {name}: locked {old}, tried {new or 'not needed any more'}")
    print(f"{len(moved)} packages differ from the lock", flush=True)
    command = [str(ENVIRONMENT / "bin/python"), "tools/run_tests.py", *arguments]
    return 1 if subprocess.run(command, cwd=ROOT).returncode else 0


def install() -> None:
    """The course's package as it lies, with all extras, and nothing pinned."""
    python = ENVIRONMENT / "bin/python"
    variables = dict(uv_index.environment(str(python)), VIRTUAL_ENV=str(ENVIRONMENT))
    pip = (python, "-m", "uv", "pip", "install", "--quiet", "--upgrade", "--compile-bytecode")
    setup_env.run(*pip, "--all-extras", "-r", "pyproject.toml", env=variables)
    setup_env.run(*pip, "--no-deps", "-e", ROOT, env=variables)


def locked() -> dict[str, str]:
    """The versions that the lock gives to this machine."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-deps"]
    listed = subprocess.run(
        [*command, "requirements.txt"], cwd=ROOT, env=uv_index.environment(), capture_output=True, text=True, check=True
    )
    return pins_of(listed.stdout)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        sys.exit(f"The newest versions were not tried: `{' '.join(map(str, error.cmd))}` failed (see above)")
