"""Build the wheel that Colab installs: ``python tools/build_wheel.py [FOLDER]`` (`make wheel`); default folder dist/.

It must carry the registry and every embedded sample, since a lesson opened on its own has nothing else.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import uv_index
from notebook_files import ROOT

LARGEST = 60e6  # bytes; a wheel over this takes a student's patience


def main(folder: str = "dist") -> None:
    """Build the wheel and say how large it is."""
    try:
        wheel = build(ROOT / folder)
        check(wheel)
    except (subprocess.CalledProcessError, ValueError) as error:
        sys.exit(f"no good wheel: {error}")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, with the registry and {len(samples())} samples")


def build(folder: Path) -> Path:
    """Build the wheel into a folder, in the place of an older one."""
    for old in folder.glob("hepml_helpers-*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-create-gitignore", "-o", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, env=uv_index.environment())
    (wheel,) = folder.glob("hepml_helpers-*.whl")
    return wheel


def samples() -> list[Path]:
    """The embedded samples of this checkout."""
    return sorted((ROOT / "data/samples").glob("*.h5"))


def check(wheel: Path) -> None:
    """Raise ValueError when the wheel lacks something, or carries what it should not."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    wanted = {
        f"hepml_helpers/data/{name}": ROOT / "data" / name
        for name in ("registry.json", "comparison.json", "weights.json")
    }
    wanted |= {f"hepml_helpers/data/samples/{path.name}": path for path in samples()}
    weights = (ROOT / "data/weights").glob("*.npz")
    wanted |= {f"hepml_helpers/data/weights/{path.name}": path for path in weights}
    wanted |= {f"hepml_helpers/{path.name}": path for path in (ROOT / "hepml_helpers").glob("*.py")}
    for name, path in wanted.items():
        if sizes.get(name) != path.stat().st_size:
            raise ValueError(f"{name} in the wheel has {sizes.get(name)} bytes; {path} has {path.stat().st_size}")
    strangers = [name for name in sizes if not name.startswith(("hepml_helpers/", "hepml_helpers-"))]
    if strangers:
        raise ValueError(f"the wheel carries what is no part of the package: {strangers[:5]}")
    if wheel.stat().st_size > LARGEST:
        raise ValueError(f"the wheel has {wheel.stat().st_size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
