"""One function over all chunks of a ROOT file: in this process, in a process pool, or on a Dask cluster.

A file of 60 million collisions does not fit into memory, and it need not: a histogram of all of them is the sum of the
histograms of its parts. `reduce_chunks` reads a part (a chunk), calls your function on it ("map"), and adds up what the
function returns ("reduce"). Neither the size of the chunks nor the place where they are read changes the result.

What exists already, and why there is something here: `uproot.iterate` [1]_ reads chunk by chunk, but only in this
process; this room is a thin layer on it, and for a loop in one process a plain ``for chunk in tree.iterate(...)`` does
as well. ``uproot.dask`` with dask-awkward, and coffea, spread an analysis over a cluster, but each brings a framework
with a vocabulary of its own, they are not among the course's requirements, and the same lines would not run in a bare
process pool. Missing were three plain things: the same call with or without workers, parts that end where the file's
compressed blocks end (so that two workers need not unpack the same block), and errors that name the entries at fault.

References
----------
.. [1] J. Pivarski et al., Uproot, https://uproot.readthedocs.io
"""

import difflib
import math
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from numbers import Integral
from pathlib import Path

import uproot

from hepml_helpers.progress import Bar

MAX_IN_FLIGHT = 32
"""Parts of a file that are handed to an executor and not yet added up: enough to keep 16 workers busy."""


def reduce_chunks(
    function: Callable,
    path: str | Path,
    *,
    tree: str = "Events",
    columns: Sequence[str],
    chunk_entries: int = 200_000,
    executor=None,
    progress: bool = True,
):
    """Call a function on every chunk of a TTree or an RNTuple and add up what it returns.

    Parameters
    ----------
    function : callable
        ``function(chunk) -> result``. The chunk is an ``ak.Array`` with one record per event, whose fields are
        ``columns``. The result must be something that adds: a ``hist.Hist``, a number, an array of the same shape for
        every chunk (such as counts; not one value per event), or a dict of these. It must depend on nothing but the
        chunk.
    path : str or Path
        A ROOT file. The workers of an executor read it themselves, so they must see it under the same path.
    tree : str
        Name of the TTree or RNTuple in the file.
    columns : sequence of str
        The branches or fields to read; the others stay on disk.
    chunk_entries : int
        Events in one chunk, at most. More is quicker up to a point, and takes more memory. It is a limit for what
        your function sees: reading needs at least one compressed block of each column (for an RNTuple, a whole cluster)
        in memory as well.
    executor : executor, optional
        Where to run: None for this process, or anything with the ``submit`` of ``concurrent.futures``: a
        ``ProcessPoolExecutor``, or ``client.get_executor()`` of a ``dask.distributed.Client``. You open it and you
        close it. A part of the file that goes to a worker is at least one compressed block, so a file of one block
        keeps one worker busy.
    progress : bool
        Whether to show a bar with the time that is left.

    Returns
    -------
    result
        The sum of all results, added in the order of the file: the same to the last bit with every executor; with
        another chunk size the same up to the rounding of floating-point sums.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a ROOT file, has no such tree (the message lists those it has) or column (the nearest are named),
        has no entries, or if an argument makes no sense.
    RuntimeError
        If the function fails on a chunk: the message names the entries, and the exception in it. What is still
        waiting is cancelled.

    Notes
    -----
    A function defined in a notebook, a lambda too, runs on every executor: it travels by value (cloudpickle, which Dask
    and Colab bring). Without cloudpickle a process pool accepts only functions that it can import from a module, and
    says so. In a notebook or wherever threads run, open the pool with "spawn", since a forked copy of a process with
    threads can hang, and in a script stand below ``if __name__ == "__main__":``, since each worker imports the script.

    Memory does not grow with the file: each worker holds one chunk, and at most ``MAX_IN_FLIGHT`` parts are submitted
    and not yet added.

    Examples
    --------
    >>> import hist
    >>> def muon_pt(chunk):
    ...     return hist.Hist.new.Reg(100, 0, 100).Int64().fill(ak.flatten(chunk["Muon_pt"]))
    >>> h = reduce_chunks(muon_pt, "events.root", columns=["Muon_pt"])  # doctest: +SKIP

    The same with two processes, and on a Dask cluster:

    >>> with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:  # doctest: +SKIP
    ...     h = reduce_chunks(muon_pt, "events.root", columns=["Muon_pt"], executor=pool)
    >>> with Client(n_workers=2, threads_per_worker=1) as client:  # doctest: +SKIP
    ...     h = reduce_chunks(muon_pt, "events.root", columns=["Muon_pt"], executor=client.get_executor())
    """
    path, columns = _check_arguments(function, path, columns, chunk_entries, executor)
    with _open(path) as file:
        events = _find_tree(file, tree, path)
        _check_columns(events, columns, path)
        parts = _parts(events, columns, chunk_entries)
        if executor is None:
            results = _reduce_parts(function, events, columns, chunk_entries, parts)
        else:
            task = (_pack(function), path, tree, columns, chunk_entries)
            results = _results_in_order(executor, task, parts)
        total = None
        with Bar(total=parts[-1][1], unit=" events", unit_scale=True, disable=not progress) as bar:
            for (start, stop), result in zip(parts, results, strict=True):
                total = result if total is None else _add(total, result, start, stop)
                bar.update(stop - start)
    return total


def _check_arguments(function, path, columns, chunk_entries, executor) -> tuple[Path, list[str]]:
    if not callable(function):
        raise ValueError(f"function is {function!r}; expected a function of one chunk")
    if isinstance(columns, str) or not columns or not all(isinstance(column, str) for column in columns):
        raise ValueError(f'columns is {columns!r}; expected a list of names, such as ["Muon_pt"]')
    if isinstance(chunk_entries, bool) or not isinstance(chunk_entries, Integral) or chunk_entries < 1:
        raise ValueError(f"chunk_entries is {chunk_entries!r}; expected a whole number of events, at least 1")
    if executor is not None and not hasattr(executor, "submit"):
        raise ValueError(
            f"executor is {executor!r}; expected None, a concurrent.futures executor such as ProcessPoolExecutor, "
            "or client.get_executor() of a Dask client"
        )
    path = Path(path).absolute()  # a worker may run in another folder
    if not path.is_file():
        raise FileNotFoundError(f"no file at {path}; expected a ROOT file")
    return path, list(dict.fromkeys(columns))


def _open(path: Path):
    try:
        return uproot.open(path)
    except (OSError, ValueError) as error:
        size = path.stat().st_size
        raise ValueError(f"{path} ({size} bytes) cannot be read as a ROOT file: {error}") from error


def _find_tree(file, tree: str, path: Path):
    names = sorted({name.split(";")[0] for name, kind in file.classnames().items() if _is_tree(kind)})
    if tree.split(";")[0] not in names:
        found = ", ".join(names) or "none"
        raise ValueError(f"no TTree or RNTuple named {tree!r} in {path}; it has: {found}")
    return file[tree]


def _is_tree(class_name: str) -> bool:
    return class_name in ("TTree", "TNtuple", "TNtupleD") or class_name.endswith("RNTuple")


def _check_columns(events, columns: list[str], path: Path) -> None:
    names = events.keys()
    for column in columns:
        if column not in names:
            nearest = difflib.get_close_matches(column, names, n=3, cutoff=0.5)
            hint = f"the nearest are: {', '.join(nearest)}" if nearest else f"it has: {', '.join(sorted(names))}"
            raise ValueError(f"no column {column!r} in {path}; {hint}")
    if events.num_entries == 0:
        raise ValueError(f"{events.name!r} in {path} has no entries; there is nothing to add up")


def _parts(events, columns: list[str], chunk_entries: int) -> list[tuple[int, int]]:
    """Entry ranges of about a chunk that end, where they can, at the end of a compressed block.

    A block (basket of a TTree, cluster of an RNTuple) is unpacked as a whole, so a range that ends inside one is paid
    for twice. A block longer than a chunk makes one part, which `_reduce_parts` takes in several chunks.
    """
    if hasattr(events, "cluster_summaries"):
        borders = [cluster.num_first_entry for cluster in events.cluster_summaries]
    else:
        branches = [events[column] for column in columns if events[column].num_baskets > 0]
        borders = min(branches, key=lambda branch: branch.num_baskets).entry_offsets if branches else []
    borders = sorted({int(border) for border in borders if 0 < border < events.num_entries} | {events.num_entries})
    parts, start = [], 0
    for border, following in zip(borders, [*borders[1:], None], strict=True):
        if following is None or following - start > chunk_entries:
            parts.append((start, border))
            start = border
    return parts


def _reduce_parts(function, events, columns: list[str], chunk_entries: int, parts: list[tuple[int, int]]):
    """For each part, the sum of the function's results over its chunks.

    A chunk stays in memory until the next one is read, as in a plain loop: were it freed before, the C library would
    hand the memory back to the system each time and ask for it anew, which costs more than a tenth of the whole time.
    """
    for start, last in parts:
        total = None
        n_chunks = math.ceil((last - start) / chunk_entries)
        step = math.ceil((last - start) / n_chunks)  # chunks of equal size
        for chunk in events.iterate(filter_name=columns, entry_start=start, entry_stop=last, step_size=step):
            stop = start + len(chunk)
            result = _call(function, chunk, start, stop)
            total = result if total is None else _add(total, result, start, stop)
            start = stop
        yield total


def _call(function, chunk, start: int, stop: int):
    try:
        result = function(chunk)
    except Exception as error:
        raise RuntimeError(
            f"the function failed on entries {start} to {stop - 1} with {type(error).__name__}: {error}"
        ) from error
    if result is None or isinstance(result, str | bytes | list | tuple | set):
        raise RuntimeError(
            f"the function returned {type(result).__name__!r} for entries {start} to {stop - 1}; expected something "
            "that adds: a hist.Hist, a number, an array of fixed shape, or a dict of these"
        )
    return result


def _add(total, result, start: int, stop: int):
    """Sum of two results, as a new object: a result may be something that the function still holds."""
    try:
        if isinstance(total, dict):
            if total.keys() != result.keys():
                raise ValueError(f"the dict has the keys {sorted(result)}, those before it {sorted(total)}")
            return {key: _add(total[key], result[key], start, stop) for key in total}
        return total + result
    except (TypeError, ValueError, AttributeError) as error:
        raise RuntimeError(
            f"the result for entries {start} to {stop - 1} cannot be added to those before it: {error}"
        ) from error


def _results_in_order(executor, task: tuple, parts: list[tuple[int, int]]):
    """Results of all parts in the order of the file, with a bounded number of them submitted at a time."""
    waiting, todo = deque(), iter(parts)
    try:
        while True:
            while len(waiting) < MAX_IN_FLIGHT and (part := next(todo, None)) is not None:
                waiting.append(executor.submit(_work, *task, part))
            if not waiting:
                return
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker of the process pool died. Either it ran out of memory (try fewer chunk_entries), or the pool was "
            'opened in a script outside of `if __name__ == "__main__":`'
        ) from error
    finally:
        for future in waiting:
            future.cancel()


def _work(packed: bytes, path: Path, tree: str, columns: list[str], chunk_entries: int, part: tuple[int, int]):
    """What a worker does: open the file and reduce one part of it."""
    function = pickle.loads(packed)
    with uproot.open(path) as file:
        return next(_reduce_parts(function, file[tree], columns, chunk_entries, [part]))


def _pack(function) -> bytes:
    """The function as bytes, by value where it is defined in a notebook.

    An executor left to itself would send such a function by name: spawned workers do not find it, and forked ones find
    the version of the day they were forked, also after the cell was edited.
    """
    try:
        from cloudpickle import dumps
    except ImportError:
        if getattr(function, "__module__", None) == "__main__":
            raise ValueError(
                f"{function!r} is defined in this notebook or script, and cannot be sent to other processes without "
                "cloudpickle: install it (pip install cloudpickle), or put the function into a module and import it"
            ) from None
        dumps = pickle.dumps
    try:
        return dumps(function)
    except Exception as error:
        raise ValueError(
            f"{function!r} cannot be sent to other processes: {error}; expected a function that holds no open file, "
            "lock or generator"
        ) from error
