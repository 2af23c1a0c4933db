"""Prove that a lesson runs in Colab and moves nothing there: ``python tools/colab_check.py [LESSON ...]``.

1. Build the wheel, and see that it carries the registry and the samples.
2. Resolve it on top of Colab's own list of versions: a solution must exist in which no listed package changes.
3. Make an environment with the listed versions (Python 3.13 where this machine has one, its own Python otherwise), let
   pip install the wheel there as Colab would, and compare the versions before and after.
4. Execute the lessons there in the smoke profile, each as a single file in an empty folder, from the wheel, with the
   network out of reach and no recorded data.

The environment is kept in build/colab and made anew when the list or the wheel's requirements change.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import build_wheel
import nbformat
import uv_index
from notebook_files import ROOT, notebooks, read
from run_course import WORKER, describe_failure, kernel_environment, parallel_jobs, select

FREEZE = ROOT / "tools/colab-freeze-2026-08.txt"
COLAB_PYTHON = "3.13"
FOLDER = ROOT / "build/colab"
KERNEL = "hepml-colab"
# What lessons use of Colab's own. The CPU builds have other names and the same contents, and save gigabytes here.
NAMED = (
    "numpy",
    "pandas",
    "tensorflow",
    "keras",
    "matplotlib",
    "scikit-learn",
    "xgboost",
    "lightgbm",
    "plotly",
    "ipython",
    "ipykernel",
)
CPU_BUILDS = {"tensorflow": "tensorflow-cpu", "xgboost": "xgboost-cpu"}
OUT_OF_REACH = "http://127.0.0.1:9"  # a port where nothing listens: every download fails at once
PROOF = """\
import importlib.metadata, json
import hepml_helpers
names = {names}
print(json.dumps([hepml_helpers.__file__, {{name: importlib.metadata.version(name) for name in names}}]))"""


class CheckFailed(Exception):
    """What is wrong, in words."""


def main(wanted: list[str]) -> int:
    """Run the four steps; 1 when one fails, 2 for an unknown lesson."""
    try:
        chosen = select(wanted, notebooks()) if notebooks() else []
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        wheel = step_wheel()
        frozen = read_freeze(FREEZE)
        step_resolve(wheel, frozen)
        python = find_python()
        environment, listed = step_environment(wheel, frozen, python)
        step_lessons(chosen, environment, listed)
    except CheckFailed as error:
        print(f"\nNOT PROVEN: {error}", file=sys.stderr)
        return 1
    print(f"\nColab check passed: {len(chosen)} lesson(s) ran from the wheel and no listed package moved.")
    return 0


def step_wheel() -> Path:
    try:
        wheel = build_wheel.build(FOLDER / "wheel")
        build_wheel.check(wheel)
    except (subprocess.CalledProcessError, ValueError) as error:
        raise CheckFailed(f"the wheel: {error}") from error
    size = wheel.stat().st_size / 1e6
    say(f"1. {wheel.name}: {size:.1f} MB with {len(build_wheel.samples())} samples and the registry")
    return wheel


def step_resolve(wheel: Path, frozen: dict[str, str]) -> None:
    """Resolve the wheel with every listed version held fast, for Colab's Python and platform."""
    pins, unavailable = resolve([requirement(wheel)], frozen, python=COLAB_PYTHON, lenient=False)
    assert not unavailable
    moved = {name: version for name, version in pins.items() if frozen.get(name, version) != version}
    if moved:
        raise CheckFailed(f"the wheel would move {moved}")
    kept = sorted(set(pins) & set(frozen))
    new = sorted(f"{name} {version}" for name, version in pins.items() if name not in {*frozen, "hepml-helpers"})
    say(f"2. resolved on top of {len(frozen)} listed versions: {len(kept)} of them are used, none changes")
    print(f"   new in Colab: {', '.join(new)}")
    print(f"   not on the list's versions, since they come from addresses: {', '.join(left_out(FREEZE))}")


def step_environment(wheel: Path, frozen: dict[str, str], python: str) -> tuple[Path, dict[str, str]]:
    """The environment with the wheel in it, and the listed versions that it must keep."""
    version = version_of(python)
    same = version == COLAB_PYTHON
    names = [CPU_BUILDS.get(name, name) for name in NAMED]
    limits = {**frozen, **{cpu: frozen[name] for name, cpu in CPU_BUILDS.items()}}
    full, unavailable = resolve([*names, requirement(wheel)], limits, python=version, lenient=not same)
    listed = {name: found for name, found in full.items() if name in limits and name not in unavailable}
    before = {**resolve(names, {**limits, **full}, python=version, lenient=False)[0], **listed}
    say(f"3. Python {version}{'' if same else f' (no {COLAB_PYTHON} on this machine)'}, {len(listed)} listed versions")
    if unavailable:
        print(f"   not to be had for Python {version}, replaced by the nearest: {', '.join(sorted(unavailable))}")
    environment = make_environment(python, before, requires(wheel))
    install_wheel(environment, wheel, before)
    moved = changes(before, installed(environment))
    if moved:
        raise CheckFailed(f"installing the wheel moved {moved}")
    print(f"   pip installed the wheel and left all {len(before)} packages as they were")
    return environment, listed


def step_lessons(chosen: list[Path], environment: Path, listed: dict[str, str]) -> None:
    """Execute the lessons, a few at a time."""
    say("4. the lessons, each a single file in an empty folder, without network and recorded data")
    jobs = parallel_jobs(len(chosen))
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        faults = list(pool.map(lambda path: run_lesson(path, environment, listed, jobs), chosen))
    if any(faults):
        raise CheckFailed("; ".join(fault for fault in faults if fault))


def run_lesson(path: Path, environment: Path, listed: dict[str, str], jobs: int) -> str:
    """Execute one lesson as Colab would; what is wrong, or nothing."""
    start = time.monotonic()
    watched = {CPU_BUILDS.get(name, name) for name in NAMED} & set(listed)
    with tempfile.TemporaryDirectory() as folder:
        home, desk = Path(folder) / "home", Path(folder) / "desk"
        home.mkdir()
        desk.mkdir()
        (desk / path.name).write_text(with_proof(path, sorted(watched)), encoding="utf-8")
        output = home / path.name
        request = {"notebook": str(desk / path.name), "output": str(output), "parameters": {"PROFILE": "smoke"}}
        request |= {"cwd": str(desk), "kernel": KERNEL}
        command = [sys.executable, str(WORKER), json.dumps(request)]
        variables = colab_variables(environment, home, jobs)
        done = subprocess.run(command, env=variables, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        last = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"event": "none"}
        if last["event"] != "done":
            return describe(path, last, done.stderr)
        fault = judge_proof(read(output)["cells"][-1], environment, {name: listed[name] for name in watched})
    print(f"   {path.stem}: {fault or 'passed'} ({time.monotonic() - start:.0f} s)", flush=True)
    return fault and f"{path.stem}: {fault}"


def with_proof(path: Path, names: list[str]) -> str:
    """The lesson with one more cell, which tells where the package came from and which versions ran."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROOF.format(names=names), id="proof"))
    return nbformat.writes(notebook)


def judge_proof(cell: dict, environment: Path, wanted: dict[str, str]) -> str:
    """What the added cell told against."""
    file, versions = json.loads("".join(cell["outputs"][0]["text"]))
    if not Path(file).is_relative_to(environment) or "site-packages" not in file:
        return f"hepml_helpers came from {file} and not from the wheel"
    moved = changes(wanted, versions)
    return f"the versions moved: {moved}" if moved else ""


def describe(path: Path, event: dict, log: str) -> str:
    if event["event"] != "failed":
        return f"{path.stem}: its process ended without a word: {log[-500:]}"
    failure = describe_failure(event, read(path)["cells"])
    where = f"cell {failure['cell']} ({failure['line']}): " if "cell" in failure else ""
    return f"{path.stem}: {where}{failure['error']}: {failure['message']}"


def colab_variables(environment: Path, home: Path, jobs: int) -> dict[str, str]:
    """A student's variables: an empty home, no recorded data, no way out; the kernel is that of the environment."""
    kept = kernel_environment("smoke", jobs)
    variables = {name: value for name, value in kept.items() if not name.startswith(("HEPML_", "PYTHONPATH", "MPL"))}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        variables[name] = OUT_OF_REACH
    variables |= {"no_proxy": "localhost,127.0.0.1", "NO_PROXY": "localhost,127.0.0.1", "HOME": str(home)}
    variables["XDG_CACHE_HOME"] = str(home / ".cache")
    variables["JUPYTER_PATH"] = str(environment / "share/jupyter")
    return variables


def resolve(wanted: list[str], limits: dict[str, str], *, python: str, lenient: bool) -> tuple[dict, set]:
    """Versions for the wanted packages, with the limits held fast; and, where lenient, the limits given up.

    A limit is given up only when the index has no such version for this Python.
    """
    unavailable = set()
    while True:
        constraints = FOLDER / "constraints.txt"
        constraints.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}=={version}" for name, version in limits.items() if name not in unavailable]
        constraints.write_text("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
        command += ["--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "--only-binary", ":all:"]
        command += ["--constraints", str(constraints), "-"]
        done = subprocess.run(
            command, input="\n".join(wanted), env=uv_index.environment(), capture_output=True, text=True
        )
        if done.returncode == 0:
            return pins_of(done.stdout), unavailable
        guilty = not_to_be_had(done.stderr, limits) - unavailable
        if not (lenient and guilty):
            raise CheckFailed(f"no solution with the listed versions: {done.stderr.strip()}")
        unavailable |= guilty


def not_to_be_had(message: str, limits: dict[str, str]) -> set[str]:
    """The limits that uv names as missing from the index or made for another Python."""
    text = " ".join(message.split())
    found = re.findall(
        r"no version of ([\w.-]+)==|([\w.-]+)==[\w.+]+ depends on Python|([\w.-]+)==[\w.+]+ has no", text
    )
    return {canonical(name) for names in found for name in names if name} & set(limits)


def make_environment(python: str, pins: dict[str, str], requirements: list[str]) -> Path:
    """An environment with these versions, made once for each set of them."""
    recipe = "\n".join([version_of(python, full=True), *map("==".join, sorted(pins.items())), *requirements])
    environment = FOLDER / hashlib.sha256(recipe.encode()).hexdigest()[:12]
    if not (environment / ".ready").exists():
        for old in FOLDER.glob("*/pyvenv.cfg"):
            shutil.rmtree(old.parent)
        run([python, "-m", "venv", str(environment)])
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--no-deps"]
        command += ["--python", str(environment / "bin/python"), *map("==".join, pins.items())]
        run(command, env=uv_index.environment())
        kernel = environment / "share/jupyter/kernels" / KERNEL
        kernel.mkdir(parents=True)
        start = [str(environment / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernel / "kernel.json").write_text(json.dumps({"argv": start, "display_name": KERNEL, "language": "python"}))
    return environment


def install_wheel(environment: Path, wheel: Path, pins: dict[str, str]) -> None:
    """Let pip install the wheel with what it requires, as in Colab; later, only the wheel itself anew."""
    pip = [str(environment / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if (environment / ".ready").exists():
        run([*pip, "--no-deps", "--force-reinstall", str(wheel)])
        return
    missing = changes(pins, installed(environment))
    if missing:
        raise CheckFailed(f"the environment does not have the listed versions: {missing}")
    run([*pip, str(wheel)])
    (environment / ".ready").touch()


def installed(environment: Path) -> dict[str, str]:
    """The versions in an environment."""
    command = [str(environment / "bin/python"), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    rows = json.loads(run(command))
    return {canonical(row["name"]): row["version"] for row in rows}


def changes(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple]:
    """What differs: {name: (before, after)}.

    Examples
    --------
    >>> changes({"numpy": "2.1.3", "pandas": "2.2.3"}, {"numpy": "2.4.0", "pandas": "2.2.3", "uproot": "5"})
    {'numpy': ('2.1.3', '2.4.0')}
    """
    return {name: (old, after.get(name)) for name, old in before.items() if after.get(name) != old}


def read_freeze(path: Path) -> dict[str, str]:
    """The listed versions: {name: version}."""
    return pins_of(path.read_text(encoding="utf-8"))


def left_out(path: Path) -> list[str]:
    """The packages that the list names without a version."""
    return re.findall(r"^#   (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)


def pins_of(text: str) -> dict[str, str]:
    """The pins in a requirements file.

    Examples
    --------
    >>> pins_of("# a list\\nJupyter_Client==7.4.9\\nhepml-helpers @ file:///x.whl")
    {'jupyter-client': '7.4.9'}
    """
    lines = (line.split(";")[0].strip() for line in text.splitlines() if not line.startswith("#"))
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(wheel: Path) -> str:
    return f"hepml-helpers @ {wheel.as_uri()}"


def requires(wheel: Path) -> list[str]:
    """What the wheel requires, extras left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode().splitlines()
    return sorted(line for line in lines if line.startswith("Requires-Dist:") and "extra ==" not in line)


def find_python() -> str:
    """A Python of Colab's version on this machine, or the one that runs this."""
    beside = Path(sys.base_prefix).parent.glob(f"{COLAB_PYTHON}*/bin/python3")  # where several are kept side by side
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    others = [*beside, *root.glob(f"versions/{COLAB_PYTHON}*/bin/python3"), shutil.which(f"python{COLAB_PYTHON}")]
    for candidate in map(str, filter(None, others)):
        if version_of(candidate) == COLAB_PYTHON:
            return candidate
    return sys.executable


def version_of(python: str, *, full: bool = False) -> str:
    """The version of a Python, or nothing when it does not run."""
    code = "import sys, venv; print('.'.join(map(str, sys.version_info[:3])))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    version = done.stdout.strip() if done.returncode == 0 else ""
    return version if full else ".".join(version.split(".")[:2])


def run(command: list[str], env: dict | None = None) -> str:
    """The output of a command; its failure fails the check."""
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise CheckFailed(f"`{' '.join(command[:6])} ...` failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
