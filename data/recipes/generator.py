"""Run Pythia 8 block by block, on any number of workers, always with the same result.

A sample is cut into blocks of at most `BLOCK_EVENTS` generated events. Each block has its own Pythia and its own random
numbers, seeded from (seed, component, block), so it does not matter which worker makes it, or when. Inside a block the
events are measured in batches (`Recipe.batch_events`): the first batch of a block can be made again alone.

The recorded cross-sections are those of Pythia's leading-order matrix elements; no K-factor is applied anywhere.

References
----------
Pythia 8.3: arXiv:2203.11601.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files

import numpy as np

from recipes import store

BLOCK_EVENTS = 10_000
BATCH_EVENTS = 1_000
MB_TO_PB = 1e9
MANTISSA_BITS = 14  # of the 23 of a float32 that are kept: a relative error below 3.1e-5, far below the resolution

STATUS_CODES = {"hard": (-22, -23), "recoiled": (-62,)}  # of Pythia's event record

# Leptons and photons of the hard process and of the showers, without the underlying event and without hadrons: these
# change no isolated lepton, and leaving them out saves nineteen twentieths of the time. Initial-state radiation (the
# boson's pt) and final-state radiation (photons from the leptons) stay on.
PARTONS_ONLY = ("PartonLevel:MPI = off", "HadronLevel:all = off")


@dataclass(frozen=True)
class Component:
    """One Pythia process of a sample.

    `share` is its part of the generated events, `branching` a factor that Pythia's cross-section does not contain
    (the branching fraction of a forced hadron decay), `origin` the code stored with its events.
    """

    name: str
    settings: tuple[str, ...]
    share: float = 1.0
    branching: float = 1.0
    origin: int = 0


@dataclass(frozen=True)
class Recipe:
    """What a sample is made of.

    `reconstruct(events, component, rng)` returns a dictionary of columns: flat arrays with one value a row. A column
    whose meaning in `columns` says ``"counts": name`` is ragged: its array holds the lists of all rows one after the
    other, and the integer column `name` holds their lengths. With a luminosity there is a column ``weight``, scaled to
    expected events; `luminosity_fb` None means a sample without weights. Events are measured `batch_events` at a time:
    fewer where an event is large.
    """

    name: str
    title: str
    description: str
    process: str
    energy_tev: float
    luminosity_fb: float | None
    components: tuple[Component, ...]
    reconstruct: Callable
    columns: dict
    default_events: int
    default_seed: int
    batch_events: int = BATCH_EVENTS


@dataclass(frozen=True)
class Task:
    """One block: enough to make it anywhere."""

    recipe: str
    component: int
    block: int
    events: int
    seed: int


@dataclass
class Block:
    """What came out of one block. `cross_section` and its uncertainty are in pb."""

    task: Task
    columns: Mapping = field(repr=False)
    cross_section: float
    uncertainty: float


class PartitionsFailed(RuntimeError):
    """Some blocks could not be made; the message names the first, its cause is what went wrong there."""


def tasks_of(recipe: Recipe, events: int, seed: int) -> list[Task]:
    """Cut the generated events of a sample into blocks, component after component.

    Raises
    ------
    ValueError
        For fewer events than components, or a negative seed.
    """
    if events < len(recipe.components):
        raise ValueError(f"events is {events}, expected at least {len(recipe.components)}, one for each process")
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected zero or a positive integer")
    tasks = []
    for index, n_component in enumerate(events_of_components(recipe, events)):
        for block in range(math.ceil(n_component / BLOCK_EVENTS)):
            n_block = min(BLOCK_EVENTS, n_component - block * BLOCK_EVENTS)
            tasks.append(Task(recipe.name, index, block, n_block, seed))
    return tasks


def events_of_components(recipe: Recipe, events: int) -> list[int]:
    """How many events each component generates: its share, at least one."""
    total = sum(component.share for component in recipe.components)
    return [max(1, round(events * component.share / total)) for component in recipe.components]


def make_block(task: Task, *, first_batch_only: bool = False, expected: dict | None = None) -> Block:
    """Generate and measure one block. This is the function that travels to the workers.

    Parameters
    ----------
    task : Task
        Which block.
    first_batch_only : bool
        Stop after the first batch: the same events as the beginning of the whole block, for a quick check.
    expected : dict or None
        What `made_with` said in the process that ordered the block.

    Raises
    ------
    RuntimeError
        When this process has other versions or other recipes than expected.
    ValueError
        For columns that do not fit the recipe, see `store.check_columns`.
    """
    from recipes.catalogue import RECIPES

    other = {name: found for name, found in made_with().items() if expected and found != expected[name]}
    if other:
        raise RuntimeError(
            f"the worker has {other}, expected { ({name: expected[name] for name in other}) } as in the main process; "
            "were the recipes changed after its start?"
        )

    recipe = RECIPES[task.recipe]
    component = recipe.components[task.component]
    pythia_seed, detector_seed = np.random.SeedSequence([task.seed, task.component, task.block]).generate_state(2)
    rng = np.random.default_rng(detector_seed)
    settings = (f"Beams:eCM = {recipe.energy_tev * 1000}", *component.settings)
    pythia = start_pythia(settings, int(pythia_seed) % 900_000_000 + 1)
    events = min(task.events, recipe.batch_events) if first_batch_only else task.events
    batches = [recipe.reconstruct(batch, component, rng) for batch in _batches(pythia, events, recipe.batch_events)]
    columns = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    store.check_columns(columns, recipe.columns)
    info = pythia.infoPython()
    scale = MB_TO_PB * component.branching
    return Block(task, columns, info.sigmaGen() * scale, info.sigmaErr() * scale)


def run_tasks(tasks: list[Task], *, executor: Executor | None = None) -> Iterator[Block]:
    """Make all blocks, here or on the workers of an executor, and yield each one as soon as it is finished.

    Parameters
    ----------
    tasks : list of Task
        From `tasks_of`.
    executor : Executor or None
        A `ProcessPoolExecutor`, or `dask.distributed.Client(...).get_executor()`; None for this process.

    Raises
    ------
    PartitionsFailed
        After all the others, when a block could not be made.
    """
    failed = {}
    for task, result in _results(tasks, executor):
        try:
            block = result()
        except Exception as error:
            failed[task] = error
        else:
            yield block
    if failed:
        task, error = next(iter(failed.items()))
        raise PartitionsFailed(
            f"{len(failed)} of {len(tasks)} partitions failed, the first one: {task.recipe}, component "
            f"{task.component}, block {task.block}, seed {task.seed}: {type(error).__name__}: {error}"
        ) from error


def _results(tasks: list[Task], executor: Executor | None) -> Iterator[tuple[Task, Callable]]:
    """Each task with a function that returns its block; results are let go of once they have been yielded."""
    if executor is None:
        yield from ((task, partial(make_block, task)) for task in tasks)
        return
    futures = {executor.submit(make_block, task, expected=made_with()): task for task in tasks}
    for future in as_completed(futures):
        yield futures.pop(future), future.result


@cache
def made_with() -> dict:
    """What the events depend on beside the task: versions of libraries, and a digest of the text of the recipes."""
    versions = {name: version(name) for name in ("pythia8mc", "fastjet", "numpy", "awkward")}
    sources = sorted(
        (source.name, source.read_text(encoding="utf-8"))
        for source in files(__package__).iterdir()
        if source.name.endswith(".py")
    )
    return {**versions, "recipes": hashlib.sha256(repr(sources).encode()).hexdigest()[:16]}


def start_pythia(settings: tuple[str, ...], seed: int):
    """A quiet, seeded Pythia.

    Raises
    ------
    ValueError
        For a setting that Pythia does not know.
    RuntimeError
        When Pythia cannot start with these settings.
    """
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for setting in ("Print:quiet = on", "Random:setSeed = on", f"Random:seed = {seed}", *settings):
        if not pythia.readString(setting):
            raise ValueError(f"Pythia does not accept {setting!r}, expected one of its settings")
    if not pythia.init():
        raise RuntimeError(f"Pythia did not start with the settings {settings}")
    return pythia


def select_particles(events, ids: tuple[int, ...], *, size: int, status: str = "final") -> tuple:
    """Pick particles by their code and pad each event to the same number, the hardest first.

    Parameters
    ----------
    events : awkward.Array
        From Pythia's `nextBatch`.
    ids : tuple of int
        Absolute PDG codes.
    size : int
        How many to keep; missing ones are rows of zeros.
    status : str
        "final" for particles that leave the collision, "hard" for those of the hard process, "recoiled" for
        unstable ones of the hard process after initial-state radiation and primordial momentum have moved them.

    Returns
    -------
    p4 : ndarray, shape (n_events, size, 4)
        Four-momenta (E, px, py, pz) in GeV.
    pdg_id : ndarray of int, shape (n_events, size)
        Zero where padded.
    """
    code, state, row = _flat(events.prt.id), _flat(events.prt.status), _event_of_particle(events)
    wanted = state > 0 if status == "final" else np.isin(state, STATUS_CODES[status])
    chosen = np.flatnonzero(wanted & np.isin(np.abs(code), ids))
    momenta = np.stack([_flat(events.prt.p[name])[chosen] for name in ("e", "px", "py", "pz")], axis=-1)
    row, code = row[chosen], code[chosen]
    order = np.lexsort((-(momenta[:, 1] ** 2 + momenta[:, 2] ** 2), row))  # by event, then by falling pt
    row = row[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)  # 0, 1, 2 ... within each event
    kept = place < size
    p4, pdg_id = np.zeros((len(events), size, 4)), np.zeros((len(events), size), dtype=np.int64)
    p4[row[kept], place[kept]] = momenta[order][kept]
    pdg_id[row[kept], place[kept]] = code[order][kept]
    return p4, pdg_id


def stored(values: np.ndarray, bits: int = MANTISSA_BITS) -> np.ndarray:
    """Round to the float32 that the file holds, with so many bits of mantissa: it compresses, and cuts see the same.

    Raises
    ------
    ValueError
        For bits other than 1 to 22, of the 23 of a float32.

    Examples
    --------
    >>> float(stored(np.array(45.678901))), float(stored(np.array(45.678901), bits=4))
    (45.6796875, 46.0)
    """
    if not 1 <= bits <= 22:
        raise ValueError(f"bits is {bits}, expected 1 to 22")
    pattern = np.asarray(values, dtype=np.float32).view(np.uint32)
    dropped = 23 - bits
    half = np.uint32(1 << (dropped - 1))
    return ((pattern + half) >> np.uint32(dropped) << np.uint32(dropped)).view(np.float32)


def rounded(values: np.ndarray, step: float) -> np.ndarray:
    """Round to the nearest multiple of a step that is a power of two, exact in the float32 that is returned.

    Up to 2048 steps from zero it is exact in a float16 as well, which is the way to store it in two bytes.

    Raises
    ------
    ValueError
        For a step that is no power of two.

    Examples
    --------
    >>> angles = rounded(np.array([0.1234, -1.3, 3.999]), 1 / 512)
    >>> (angles * 512).tolist()
    [63.0, -666.0, 2047.0]
    >>> bool((angles.astype(np.float16) == angles).all())
    True
    """
    if not (step > 0 and math.frexp(step)[0] == 0.5):
        raise ValueError(f"step is {step}, expected a power of two, such as 1/512")
    return (np.round(np.asarray(values) / step) * step).astype(np.float32)


def stored_phi(phi: np.ndarray) -> np.ndarray:
    """As `stored`, for an azimuth: rounding never carries it outside [-pi, pi]."""
    edge = np.nextafter(np.float32(np.pi), np.float32(0)).view(np.uint32) >> 9 << 9
    edge = np.uint32(edge).view(np.float32)
    return np.clip(stored(phi), -edge, edge)


def short(values: np.ndarray, bits: int) -> np.ndarray:
    """As `stored`, in the two bytes of a float16: numbers below 65504, with at most 10 bits of mantissa.

    Raises
    ------
    ValueError
        For bits other than 1 to 10, or a number that a float16 cannot hold.

    Examples
    --------
    >>> float(short(np.array(45.678901), bits=8))
    45.625
    """
    if not 1 <= bits <= 10:
        raise ValueError(f"bits is {bits}, expected 1 to 10, which a float16 has")
    values = stored(values, bits)
    if np.abs(values).max(initial=0) > np.finfo(np.float16).max:
        raise ValueError(f"a value is {np.abs(values).max()}, expected at most 65504, the largest float16")
    return values.astype(np.float16)


def rounded_phi(phi: np.ndarray, step: float) -> np.ndarray:
    """As `rounded`, for an azimuth: rounding never carries it outside [-pi, pi]."""
    edge = math.floor(math.pi / step) * step
    return np.clip(rounded(phi, step), np.float32(-edge), np.float32(edge))


def _batches(pythia, events: int, size: int) -> Iterator:
    for start in range(0, events, size):
        yield pythia.nextBatch(min(size, events - start))


def _flat(values) -> np.ndarray:
    import awkward as ak

    return ak.to_numpy(ak.flatten(values, axis=1))


def _event_of_particle(events) -> np.ndarray:
    import awkward as ak

    return np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(events.prt.id, axis=1)))
