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
    fewer where an event is large. `libraries` are those that the events depend on beside Pythia, numpy and awkward.
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
    libraries: tuple[str, ...] = ()


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


def _batches(pythia, events: int, size: int) -> Iterator:
    for start in range(0, events, size):
        batch = pythia.nextBatch(min(size, events - start))
        if not len(batch):
            raise RuntimeError("Pythia made no event of a whole batch: these settings start, but give nothing")
        yield batch
