"""Trainings that outlive their process: where two networks stand, in a file, to go on from after a crash.

A lesson saves at regular steps and restores before the first one. Both do nothing, so that whoever changes a network or
a loss never meets an old training, unless ``HEPML_KEEP_DIR`` names a folder. Then a training that was stopped, by
whatever, goes on at the last stored step with the same random numbers, and one that is finished is not repeated. To
train anew, empty the folder.
"""

import os
import pickle
import re
from pathlib import Path


def save(name: str, gan, state) -> None:
    """Store both networks, both optimizers, and what else a training needs.

    The file gets its name in one step, when it is complete: a process that dies meanwhile leaves the one before.

    Parameters
    ----------
    name : str
        Of the training: lesson, profile, seed and whatever else makes it another one.
    gan : adversarial.AdversarialTraining
        Left as it is.
    state : object
        That pickle can store, such as losses and the ``numpy.random.Generator`` of the training.

    Raises
    ------
    OSError
        If the folder cannot be written. It is made when it is missing.

    Examples
    --------
    >>> save("some training", None, state=())  # no folder is named: nothing to do
    """
    path = _path(name)
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as file:
        pickle.dump({"values": _values(gan), "state": state}, file)
    os.replace(draft, path)


def restore(name: str, gan):
    """Put a stored training back into the networks and optimizers.

    Parameters
    ----------
    name, gan
        As `save` had them. A file from elsewhere can run any code: name only a folder that you filled yourself.

    Returns
    -------
    object
        The ``state`` of the last `save`; None, with everything left as it is, if nothing is stored.

    Raises
    ------
    ValueError
        If the file holds networks of other shapes, or no training.

    Examples
    --------
    >>> restore("some training", None) is None
    True
    """
    path = _path(name)
    if path is None or not path.is_file():
        return None
    try:
        stored = pickle.loads(path.read_bytes())
        values, state = stored["values"], stored["state"]
    except Exception as error:  # what pickle raises for a file that is no pickle is anything
        raise ValueError(f"{path} holds no stored training ({error}); delete it to train anew") from error
    groups = _groups(gan)
    found, expected = ([[tuple(x.shape) for x in group] for group in all_] for all_ in (values, groups))
    if found != expected:
        raise ValueError(f"{path} holds networks of other shapes; expected {expected}: delete it to train anew")
    for group, arrays in zip(groups, values, strict=True):
        for variable, array in zip(group, arrays, strict=True):
            variable.assign(array)
    return state


def _groups(gan) -> list[list]:
    """All variables: of both networks, and the moments, averages and step counters of both optimizers."""
    holders = gan.generator, gan.discriminator, gan.generator_optimizer, gan.discriminator_optimizer
    return [list(holder.variables) for holder in holders]


def _values(gan) -> list[list]:
    import keras

    return [[keras.ops.convert_to_numpy(variable) for variable in group] for group in _groups(gan)]


def _path(name: str) -> Path | None:
    folder = os.environ.get("HEPML_KEEP_DIR")
    return Path(folder).expanduser() / f"{re.sub(r'[^0-9A-Za-z]+', '-', name).strip('-')}.training" if folder else None
