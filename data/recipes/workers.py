"""Who makes the blocks: this process, a pool of processes, or the workers of a Dask cluster."""

import contextlib
import os
import signal
import tempfile
import threading
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import active_children, get_context, parent_process
from pathlib import Path

from recipes import generator

CONNECT_SECONDS = 10


@contextlib.contextmanager
def make_executor(workers: int, address: str | None):
    """Nothing for one worker, a pool of processes for several, the workers of a Dask cluster for an address.

    Dask's workers get the recipes as an uploaded file, those that join later too; they need pythia8mc,
    fastjet, numpy and awkward in the versions that are here, and h5py.

    Raises
    ------
    ConnectionError
        No Dask scheduler answers at the address.
    """
    if address is not None:
        with _connect(address) as client, tempfile.TemporaryDirectory() as folder:
            client.run(exec, _FORGET)
            client.upload_file(_archive(Path(folder)))
            yield client.get_executor(pure=False)
    elif workers > 1:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_follow_parent)
        try:
            yield pool
        except BaseException:  # Ctrl-C too: do not wait for blocks that nobody will store
            for process in active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        yield None


# A worker that has made samples before would keep the recipes of then; sent as text, since it may have none to import.
_FORGET = "import sys; [sys.modules.pop(name) for name in list(sys.modules) if name.split('.')[0] == 'recipes']"


def _connect(address: str):
    from dask.distributed import Client

    try:
        return Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TypeError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address!r} ({error}); expected an address such as tcp://127.0.0.1:8786, "
            "where `dask scheduler` runs"
        ) from error


def _archive(folder: Path) -> str:
    """The recipes as a zip file; its name tells versions apart, so that a worker never rewrites one that it uses."""
    path = folder / f"recipes-{generator.made_with()['recipes']}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for source in Path(__file__).parent.glob("*.py"):
            archive.write(source, f"recipes/{source.name}")
    return str(path)


def _follow_parent() -> None:
    """A worker process ends when its parent does, even when that was killed, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def wait():
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
