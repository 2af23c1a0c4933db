"""How a lesson starts and how it shows that it is at work: seeds, the machine, progress.

This is the only room that knows which backend Keras runs on. Keras is imported when a function needs it, not before, so
that a lesson without a network does not wait for it.
"""

import contextlib
import logging
import os
import platform
import random
import sys
import time

import numpy as np

from hepml_helpers import __version__
from hepml_helpers.progress import Bar

PROFILES = ("smoke", "quick", "full")

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # notes on its work are not for students; what fails raises


def start_lesson(seed: int, profile: str, *, minutes: dict, network: bool = True) -> str:
    """Seed everything and say in one line what the lesson runs on.

    Parameters
    ----------
    seed : int
        Seed of Python's, NumPy's and Keras' random numbers.
    profile : {"smoke", "quick", "full"}
        How much the lesson computes: seconds for tests, minutes on a CPU, or all of it, best on a GPU.
    minutes : dict
        Minutes to expect in each profile.
    network : bool
        Whether the lesson trains a network: if not, Keras is not loaded.

    Returns
    -------
    str
        The profile, once it is known to be one.

    Raises
    ------
    ValueError
        If the profile is unknown or ``minutes`` lacks it.

    Examples
    --------
    >>> profile = start_lesson(1, "smoke", minutes={"smoke": 0.2, "quick": 1, "full": 2}, network=False)
    ... # doctest: +ELLIPSIS
    hepml-helpers ... · Python ... · ... · profile smoke: about 12 seconds
    """
    if profile not in PROFILES:
        raise ValueError(f"the profile is {profile!r}; expected one of {', '.join(PROFILES)}")
    if profile not in minutes:
        raise ValueError(f"minutes names {sorted(minutes)}; expected an entry for {profile!r} too")
    set_seed(seed, network=network)
    parts = [
        f"hepml-helpers {__version__}",
        f"Python {platform.python_version()}",
        *(_describe_backend() if network else ["trains no network: no GPU needed"]),
        f"profile {profile}: about {_in_words(minutes[profile])}",
    ]
    print(" · ".join(parts))
    return profile


def set_seed(seed: int, *, network: bool = True) -> None:
    """Seed Python's, NumPy's and, if ``network``, Keras' and its backend's random numbers.

    Lessons draw from a ``numpy.random.Generator`` of their own; this is for what libraries draw on the side.
    """
    if network:
        with _quiet_start():
            import keras
        # a lesson with many small models is told of "retracing" for each: no student can do anything about it
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        keras.utils.set_random_seed(seed)
    else:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002


def progress(iterable=None, *, total: int | None = None, desc: str = "", unit: str = "it") -> Bar:
    """A progress bar with a time estimate, around an iterable or moved by hand with ``update``."""
    return Bar(iterable, total=total, desc=desc, unit=unit)


def FitProgress(desc: str = "training"):
    """A Keras callback that shows one progress bar for a whole fit, with the time left and the latest loss.

    Use it with ``verbose=0``: ``model.fit(..., callbacks=[FitProgress()], verbose=0)``. At the end it leaves one line:
    epochs, seconds, and the best validation loss (the best loss where there is no validation).
    """
    import keras

    class _FitProgress(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.start, self.best = time.perf_counter(), None
            self.bar = progress(total=self.params["epochs"], desc=desc, unit="epoch")

        def on_epoch_end(self, epoch, logs=None):
            loss = (logs or {}).get("val_loss", (logs or {}).get("loss"))
            if loss is not None and (self.best is None or loss < self.best):
                self.best = float(loss)
            self.bar.set_postfix_str("" if loss is None else f"loss {loss:.4f}", refresh=False)
            self.bar.update()

        def on_train_end(self, logs=None):
            best = "" if self.best is None else f", best loss {self.best:.4f}"
            seconds = time.perf_counter() - self.start
            self.bar.closing = f"{desc}: {self.bar.n} epochs in {seconds:.1f} s{best}"
            self.bar.close()

    return _FitProgress()


def jacobian(function, x) -> np.ndarray:
    """Derivatives of a function of one event at a time, by the backend's automatic differentiation.

    Parameters
    ----------
    function : callable
        Maps a tensor of shape (n_events, n_in) to one of shape (n_events, n_out), event by event, with `keras.ops`.
    x : array_like, shape (n_events, n_in)

    Returns
    -------
    ndarray, shape (n_events, n_out, n_in)

    Raises
    ------
    ValueError
        The backend is neither TensorFlow nor JAX.
    """
    import keras

    x = keras.ops.convert_to_tensor(x, dtype="float32")
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.batch_jacobian(y, x).numpy()
    if backend == "jax":
        import jax

        return np.asarray(jax.vmap(jax.jacfwd(lambda one: function(one[None])[0]))(x))
    raise ValueError(f"the backend is {backend!r}; expected tensorflow or jax")


@contextlib.contextmanager
def _quiet_start():
    """Send to nowhere what TensorFlow writes to standard error before it can be told not to."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _describe_backend() -> list[str]:
    import keras

    backend = keras.backend.backend()
    module = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}[backend]
    gpus = _gpu_names(backend)
    return [
        f"Keras {keras.__version__} on {backend} {__import__(module).__version__}",
        f"GPU: {', '.join(gpus)}" if gpus else "no GPU: the CPU does the work",
    ]


def _gpu_names(backend: str) -> list[str]:
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        return [tf.config.experimental.get_device_details(d).get("device_name", d.name) for d in devices]
    if backend == "jax":
        import jax

        return [d.device_kind for d in jax.devices() if d.platform == "gpu"]
    import torch

    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _in_words(minutes: float) -> str:
    if minutes < 0.9:
        return f"{60 * minutes:.0f} seconds"
    return "1 minute" if round(minutes) == 1 else f"{minutes:.0f} minutes"
