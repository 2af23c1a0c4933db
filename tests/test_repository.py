"""The files around the package agree with each other: dependencies, versions, addresses, targets."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import repository
import retarget
import setup_env
import uv_index
import yaml
from notebook_files import ROOT, START, lessons, notebooks
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = repository.project()["project"]
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
PLATFORMS = (
    {"sys_platform": "linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_machine": "arm64"},
)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def environment_of(python: str, platform: dict) -> dict:
    """What the markers of requirements are evaluated in."""
    return {"python_version": python, "python_full_version": f"{python}.1", "extra": "", **platform}


def locked(environment: dict) -> dict[str, str]:
    """The lock's versions in an environment: {name: version}."""
    lines = [line for line in text_of("requirements.txt").splitlines() if line and not line.startswith(("#", " "))]
    pins = [Requirement(line) for line in lines]
    valid = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in valid}


def direct(environment: dict) -> list[Requirement]:
    """The direct dependencies, with all extras, that apply in an environment."""
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    wanted = [Requirement(line) for line in lines]
    return [want for want in wanted if want.marker is None or want.marker.evaluate(environment)]


@pytest.mark.parametrize("python", SUPPORTED)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: "-".join(platform.values()))
def test_the_lock_has_a_good_version_of_every_direct_dependency(python, platform):
    environment = environment_of(python, platform)
    pins = locked(environment)
    for want in direct(environment):
        name = canonicalize_name(want.name)
        assert name in pins, f"{name} is not locked for {environment}: make lock"
        assert want.specifier.contains(pins[name]), f"{name} {pins[name]} is not in {want.specifier}: make lock"


@pytest.mark.parametrize("python", SUPPORTED)
def test_a_cpu_machine_gets_the_cpu_builds_and_not_both(python):
    pins = locked(environment_of(python, PLATFORMS[0]))
    assert "tensorflow-cpu" in pins and "tensorflow" not in pins
    assert "xgboost-cpu" in pins and "xgboost" not in pins


def test_the_package_itself_requires_no_backend():
    names = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert not names & {"tensorflow", "tensorflow-cpu", "jax", "torch", "xgboost", "xgboost-cpu"}


def test_the_lock_names_no_index_and_no_path():
    for line in text_of("requirements.txt").splitlines():
        assert not re.search(r"://|^--|file:|@ |/(home|root|work|opt|tmp)/", line), line


def test_conda_gets_the_same_and_nothing_more():
    conda = yaml.safe_load(text_of("environment.yml"))
    python, pip, packages = conda["dependencies"]
    assert pip == "pip"
    assert packages == {"pip": ["-r requirements.txt", "-e ."]}
    name, _, versions = python.partition(" ")
    assert name == "python" and SpecifierSet(versions) == SpecifierSet(PROJECT["requires-python"])


def test_binder_installs_the_same_lock_and_the_package_alone_beside_it():
    folder = ROOT / ".binder"
    assert sorted(path.name for path in folder.iterdir()) == ["postBuild", "requirements.txt", "runtime.txt"]
    (line,) = text_of(".binder/requirements.txt").splitlines()
    assert line.startswith("-r ") and (folder / line[3:]).resolve() == ROOT / "requirements.txt"
    commands = [line for line in text_of(".binder/postBuild").splitlines() if not line.startswith(("#", "set "))]
    assert commands == ["python -m pip install --quiet --no-deps --editable ."]
    assert (folder / "postBuild").stat().st_mode & 0o111
    assert text_of(".binder/runtime.txt").strip().removeprefix("python-") in SUPPORTED


def test_the_dev_container_is_made_by_make_setup_and_uses_its_environment():
    container = json.loads(text_of(".devcontainer/devcontainer.json"))
    assert container["postCreateCommand"] == "make setup"
    assert container["image"].partition(":")[2] in SUPPORTED
    interpreter = container["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"


def test_the_supported_pythons_are_the_same_everywhere():
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [minor for minor in range(30) if f"3.{minor}" in allowed] == [int(python[2:]) for python in SUPPORTED]
    assert [".".join(map(str, version)) for version in setup_env.SUPPORTED] == [SUPPORTED[0], SUPPORTED[-1]]
    assert "--python-version 3.10" in text_of("requirements.txt").partition("absl")[0]
    assert "Python 3.10 to 3.13" in text_of("README.md")


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_an_unsupported_python_is_refused_in_words(version):
    with pytest.raises(SystemExit, match=r"needs Python 3\.10 to 3\.13, and this is"):
        setup_env.check_python(version)


@pytest.mark.parametrize("version", [(3, 10), (3, 13)])
def test_a_supported_python_is_taken(version):
    setup_env.check_python(version)


def test_a_half_made_environment_is_made_anew_and_another_folder_is_left_alone(tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/pyvenv.cfg").touch()
    setup_env.remove(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").touch()
    with pytest.raises(SystemExit, match="is not a Python environment"):
        setup_env.remove(tmp_path / "mine")
    assert (tmp_path / "mine/thesis.tex").exists()


def test_a_place_that_cannot_be_written_is_named_and_another_one_asked_for(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"Not a directory: .*/file/venv\n.*VENV="):
        setup_env.check_place(tmp_path / "file/venv")
    setup_env.check_place(tmp_path / "new/venv")
    assert list((tmp_path / "new/venv").iterdir()) == []


def test_uv_uses_the_index_of_pip_and_its_own_setting_first(monkeypatch):
    listing = "\n".join(
        [
            "global.index-url='https://mirror.example/simple'",
            "global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'",
            "install.trusted-host='mirror.example'",
            ":env:.index-url='https://other.example/simple'",
        ]
    )
    found = uv_index.from_pip(listing)
    assert found == {
        "UV_DEFAULT_INDEX": "https://other.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INSECURE_HOST": "mirror.example",
    }
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example/simple")
    assert uv_index.environment()["UV_DEFAULT_INDEX"] == "https://mine.example/simple"


def test_both_licences_are_there_and_named():
    assert text_of("LICENSE").startswith("BSD 3-Clause License")
    assert "Creative Commons Attribution 4.0 International" in text_of("LICENSE-CC-BY-4.0")
    assert PROJECT["license"] == "BSD-3-Clause AND CC-BY-4.0"
    assert set(PROJECT["license-files"]) == {"LICENSE", "LICENSE-CC-BY-4.0"}
    assert "(LICENSE)" in text_of("README.md") and "(LICENSE-CC-BY-4.0)" in text_of("README.md")
    assert yaml.safe_load(text_of("CITATION.cff"))["license"] == ["BSD-3-Clause", "CC-BY-4.0"]


def test_the_citation_has_the_package_s_version_and_address():
    from hepml_helpers import __version__

    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert citation["version"] == __version__
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]


def test_the_citation_has_the_form_of_cff_1_2():
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert (
        {"cff-version", "message", "title", "authors"}
        <= set(citation)
        <= {
            *(
                "abstract",
                "authors",
                "cff-version",
                "commit",
                "contact",
                "date-released",
                "doi",
                "identifiers",
                "keywords",
            ),
            *(
                "license",
                "license-url",
                "message",
                "preferred-citation",
                "references",
                "repository",
                "repository-artifact",
            ),
            *("repository-code", "title", "type", "url", "version"),
        }
    )
    assert citation["cff-version"] == "1.2.0" and citation["type"] in {"software", "dataset"}
    assert isinstance(citation["version"], str)  # a version such as 1.0 without quotes would be a number
    persons = {"family-names", "given-names", "name-particle", "affiliation", "orcid", "email", "alias", "website"}
    for author in citation["authors"]:
        assert set(author) <= persons or set(author) <= {"name", "website", "email", "alias", "orcid"}
        assert author.get("name") or author.get("family-names")
    assert len(set(citation["keywords"])) == len(citation["keywords"])


def own_links(text: str) -> set[str]:
    """The repositories named by badges, install lines and links to this course."""
    badges = re.findall(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob", text)
    installs = re.findall(r"hepml-helpers @ git\+https://github\.com/([\w.-]+/[\w.-]*\w)", text)
    binders = re.findall(r"mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)", text)
    return {*badges, *installs, *binders}


def test_badges_and_install_lines_name_the_address_of_pyproject():
    for path in repository.text_files():
        if not {"tests", "tools"} & set(path.parts):  # these hold examples
            assert own_links(path.read_text(encoding="utf-8")) <= {repository.slug()}, path


def test_the_readme_has_a_badge_for_every_notebook():
    readme = text_of("README.md")
    assert all(repository.badge(path.stem, repository.slug()) in readme for path in notebooks())


def test_retarget_changes_every_place_and_nothing_else(tmp_path):
    old, new = repository.slug(), "some-one/another.course"
    copies = [path for path in repository.text_files() if old in path.read_text(encoding="utf-8")]
    for path in copies:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    assert {"pyproject.toml", "README.md", "CITATION.cff", *(path.name for path in lessons())} <= {
        path.name for path in copies
    }
    before = {path: path.read_text(encoding="utf-8") for path in repository.text_files(tmp_path)}
    assert retarget.main([new, "--root", str(tmp_path)]) == 0
    for path, text in before.items():
        assert path.read_text(encoding="utf-8") == text.replace(old, new)
    assert repository.slug(tmp_path) == new
    assert retarget.main([old, "--root", str(tmp_path)]) == 0  # and back again
    assert {path: path.read_text(encoding="utf-8") for path in before} == before


@pytest.mark.parametrize("name", ["", "course", "https://github.com/a/b", "a/b/c", "a b/c", "/b"])
def test_retarget_refuses_what_is_no_repository(tmp_path, name, capsys):
    assert retarget.main([name, "--root", str(tmp_path)]) == 2
    assert "expected owner/name" in capsys.readouterr().err


def test_every_target_is_explained_and_calls_a_file_that_is_there():
    makefile = text_of("Makefile")
    targets = set(re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)[1].split())
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert targets == explained
    for script in re.findall(r"(?:tools|data)/[\w/]+\.py", makefile):
        assert (ROOT / script).exists(), script
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in listed for target in targets)


def test_ci_runs_only_what_a_user_can_run():
    lines = [line.strip() for line in text_of(".ci/run").splitlines()]
    commands = [line for line in lines if re.search(r"\bmake\b", line) and not line.startswith("#")]
    targets = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(commands)))
    assert targets == {"test", "run", "site", "site-check", "slides", "student-check", "colab-check"}
    assert not re.search(r"pip install|apt|curl|wget|python", "\n".join(line for line in lines if line[:1] != "#"))


def test_the_package_is_installed_from_this_checkout():
    code = "import hepml_helpers; print(hepml_helpers.__file__)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == str(ROOT / "hepml_helpers/__init__.py")


def test_jupyterlab_opens_on_the_page_on_which_to_start():
    command = ["make", "--no-print-directory", "-n", "lab", "VENV=/nowhere"]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert called.stdout.splitlines()[-1].split()[-1] == f"notebooks/{START}.ipynb"
