"""Networks that need no training: weights of the full profile, which ship with the course.

``data/weights.json`` lists them, with the size and the SHA-256 of each file and how it was made (`make weights`). A
file is a plain NumPy archive: an array of 16-bit floats for each weight of the network, and what the lesson shows of
the training, losses and distances, as 32-bit floats. It is read without pickle, so it can carry numbers only.

Keras is not needed here; whoever calls has a network already.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch

from hepml_helpers.fetch import find_damage
from hepml_helpers.registry import CorruptData, DataFile, data_root, did_you_mean

KINDS = {"w": "float16", "k": "float32"}  # weights, rounded by a relative 0.0005 at most, and what is kept beside them


@dataclass(frozen=True)
class Entry:
    """What the list says of one network; ``recipe`` has lesson, profile, seed, minutes, machine and backend."""

    file: DataFile
    recipe: dict


def entries() -> dict[str, Entry]:
    """All networks that ship, by name."""
    path = data_root() / "weights.json"
    listed = json.loads(path.read_text(encoding="utf-8"))["networks"] if path.is_file() else {}
    return {
        name: Entry(DataFile(f"weights/{name}.npz", **entry["file"]), entry["recipe"]) for name, entry in listed.items()
    }


def restore(name: str, model) -> list[np.ndarray]:
    """Put weights that ship with the course into a network, and say so.

    Parameters
    ----------
    name : str
        As `entries` has it.
    model : keras.Model
        Built, with the shapes of the full profile. It is changed only when the file is good.

    Returns
    -------
    list of ndarray
        What was stored beside the weights, in the order of `store`.

    Raises
    ------
    CorruptData
        A ValueError, if the file is not the one that is listed.
    ValueError
        If nothing of this name ships, with the nearest name, or if the network has other shapes than the stored one.
    """
    known = entries()
    if name not in known:
        raise ValueError(f"no weights {name!r} ship with the course; {did_you_mean(name, known)}")
    entry, path = known[name], data_root() / known[name].file.path
    if not path.is_file():
        raise CorruptData(f"{path} is missing; install hepml-helpers again, or restore the file in the checkout")
    if damage := find_damage(path, entry.file):
        raise CorruptData(f"{path}: {damage}. Install hepml-helpers again, or restore the file in the checkout")
    weights, kept = load(path)
    found, expected = ([tuple(x.shape) for x in group] for group in (weights, model.get_weights()))
    if found != expected:
        raise ValueError(f"the stored network {name} has weights of shapes {found}; this one has {expected}")
    model.set_weights(weights)
    made = "lesson {lesson}, {profile} profile, seed {seed}: {minutes} minutes on {machine} with {backend}"
    print(f"{name}: NOT trained here. The weights come from {made.format(**entry.recipe)}")
    return kept


def load(path: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and what was stored beside them, from a file that `store` wrote; 32-bit floats."""
    with np.load(path, allow_pickle=False) as archive:
        return tuple([archive[key].astype("float32") for key in archive.files if key[0] == kind] for kind in "wk")


def store(path: Path, model, *kept) -> dict:
    """Write the weights of a network, and arrays that belong to its training, to a file.

    Parameters
    ----------
    path : Path
        It gets its name in one step, when it is complete.
    model : keras.Model
        Left as it is.
    *kept : array_like
        Numbers to store with the weights.

    Returns
    -------
    dict
        Size and SHA-256 of the file, for the list.

    Raises
    ------
    ValueError
        If a number is not finite, or too large for 16 bits.
    """
    groups = {"w": model.get_weights(), "k": kept}
    with np.errstate(over="ignore"):
        rounded = {f"{k}{i:03}": np.asarray(x, KINDS[k]) for k, group in groups.items() for i, x in enumerate(group)}
    for key, values in rounded.items():
        if not np.isfinite(values).all():
            raise ValueError(f"array {key} of {path.name} is not finite as {KINDS[key[0]]}; expected values that fit")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as file:
        np.savez_compressed(file, **rounded)
    os.replace(draft, path)
    return {"size": path.stat().st_size, "sha256": pooch.file_hash(str(path))}
