"""Make a simulated sample: `python data/recipes/make.py zmumu --events 1000000 --workers 2`.

The result does not depend on the number of workers, nor on whether they are processes of this machine or of a Dask
cluster (`--dask tcp://host:8786`): the sample is cut into partitions of 10,000 events, each with its own seed. Finished
partitions are kept in the folder `.parts` beside the output until the sample is whole. After an error, Ctrl-C or a
kill, the same command makes only those that are missing.
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

DATA = Path(__file__).resolve().parents[1]
if str(DATA) not in sys.path:
    sys.path.insert(0, str(DATA))  # so that `recipes` can be imported here and in worker processes
    sys.path.append(str(DATA.parent))

import numpy as np  # noqa: E402

from recipes import entries, generator, partitions, precision, store  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402
from recipes.stand_ins import STAND_INS, StandIn  # noqa: E402
from recipes.workers import make_executor  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.sample is None:
        known = {name: recipe.title for name, recipe in {**RECIPES, **STAND_INS}.items()}
        print("which sample? One of", *(f"  {name:<20} {title}" for name, title in known.items()), sep="\n")
        return 2
    if options.dask and options.workers:
        parser.error("--workers is for processes of this machine, expected none of it beside --dask")
    try:
        path = write_stand_in(STAND_INS[options.sample], options) if options.sample in STAND_INS else _make(options)
    except generator.PartitionsFailed as error:
        traceback.print_exception(error.__cause__)
        print(f"\n{error}\nThe finished ones are kept; the same command makes only the others.", file=sys.stderr)
        return 1
    except (OSError, ValueError, partitions.AlreadyRunning) as error:
        print(f"make.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on with the partitions that are finished", file=sys.stderr)
        return 130
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return 0


def make_sample(
    recipe: generator.Recipe,
    *,
    events: int,
    seed: int,
    folder: Path,
    workers: int = 1,
    dask: str | None = None,
    registry: Path | None = None,
) -> Path:
    """Make a sample partition by partition, or what is missing of it, and write it when it is complete.

    Parameters
    ----------
    recipe : Recipe
        What to make.
    events, seed : int
        Events to generate, and the seed from which those of the partitions are derived.
    folder : Path
        Where the sample goes; the finished partitions lie in its subfolder `.parts` until then.
    workers : int
        Processes of this machine.
    dask : str or None
        Address of the scheduler of a Dask cluster, which then makes them.
    registry : Path or None
        The registry.json to write the entry into.

    Returns
    -------
    Path
        The sample.

    Raises
    ------
    ValueError
        For fewer events than components, or a negative seed.
    PartitionsFailed, AlreadyRunning, ConnectionError
        See `generator.run_tasks`, `partitions.open_folder`, `workers.make_executor`.
    """
    tasks, columns = generator.tasks_of(recipe, events, seed), set(recipe.columns)
    with partitions.open_folder(folder, recipe, events, seed) as parts:
        blocks, damaged = partitions.find(parts, tasks, columns)
        missing = [task for task in tasks if task not in blocks]
        for path in damaged:
            print(f"{path} is damaged, it is made again", file=sys.stderr)
        if blocks:
            print(f"{len(blocks)} of {len(tasks)} partitions found, {len(missing)} to make", file=sys.stderr)
        with make_executor(min(workers, len(missing)), dask) as executor, _bar(blocks, missing) as bar:
            for block in generator.run_tasks(missing, executor=executor):
                blocks[block.task] = partitions.save(parts, block)
                bar.update(block.task.events)
        print(f"all {len(tasks)} partitions are there, writing the sample", file=sys.stderr)
        return write(recipe, [blocks[task] for task in tasks], folder=folder, registry=registry, scratch=parts)


def combine(recipe: generator.Recipe, blocks: list[generator.Block]) -> tuple:
    """Join the blocks and turn event weights into expected events.

    Returns
    -------
    pieces : callable
        `pieces(name)` yields a column of the sample block after block, as `store.write_pieces` takes it.
    summary : list of dict
        For each component: name, generated and kept events, cross-section with uncertainty in pb.
    """
    summary, scales = [], []
    for index, component in enumerate(recipe.components):
        mine = [block for block in blocks if block.task.component == index]
        generated = np.array([block.task.events for block in mine])
        sigma = np.average([block.cross_section for block in mine], weights=generated)
        error = np.sqrt(np.sum((generated * [block.uncertainty for block in mine]) ** 2)) / generated.sum()
        scales.append(sigma * 1000 * (recipe.luminosity_fb or 0) / generated.sum())
        kept = sum(store.count_rows(block.columns, recipe.columns) for block in mine)
        numbers = {"cross_section_pb": float(sigma), "cross_section_uncertainty_pb": float(error)}
        counts = {"events_generated": int(generated.sum()), "events_kept": kept}
        summary.append({"name": component.name, **counts, **numbers})

    def pieces(name):
        for block in blocks:
            values = block.columns[name]
            is_weight = name == "weight" and recipe.luminosity_fb is not None
            yield precision.stored(values * scales[block.task.component]) if is_weight else values

    return pieces, summary


def write(
    recipe: generator.Recipe,
    blocks: list[generator.Block],
    *,
    folder: Path,
    registry: Path | None = None,
    scratch: Path | None = None,
) -> Path:
    """Write the sample and, where a registry is named, its entry; `scratch` as in `store.write_pieces`."""
    pieces, summary = combine(recipe, blocks)
    path = Path(folder) / f"{recipe.name}.h5"
    provenance = entries.provenance_of(recipe, blocks[0].task.seed, summary)
    attributes = {
        "name": recipe.name,
        "seed": provenance["seed"],
        "versions": provenance["versions"],
        "recipe": provenance,
    }
    store.write_pieces(path, pieces, meaning=recipe.columns, attributes=attributes, scratch=scratch)
    if registry is not None:
        rows = sum(part["events_kept"] for part in summary)
        store.update_registry(registry, recipe.name, entries.entry_of(recipe, path, rows, provenance))
    return path


def write_stand_in(stand_in: StandIn, options: argparse.Namespace) -> Path:
    """Make a set from the samples in `data/samples` and write it, and its entry where a registry is named.

    Raises
    ------
    FileNotFoundError
        When a sample that it is made from has not been made.
    """
    files = {name: DATA / "samples" / f"{name}.h5" for name in stand_in.sources}
    seed = stand_in.default_seed if options.seed is None else options.seed
    columns = stand_in.derive(
        {name: store.read_sample(file) for name, file in files.items()}, np.random.default_rng(seed)
    )
    path = options.out / f"{stand_in.name}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    provenance = {
        "command": f"python data/recipes/make.py {stand_in.name} --seed {seed}",
        "module": stand_in.derive.__module__,
        "seed": seed,
        "events_generated": 0,
        "sources": {name: store.sha256(file) for name, file in files.items()},
        "versions": entries.versions(stand_in.libraries),
        "process": stand_in.process,
    }
    attributes = {"name": stand_in.name, "seed": seed, "versions": provenance["versions"], "recipe": provenance}
    store.write_sample(path, columns, meaning=stand_in.columns, attributes=attributes)
    if options.registry is not None:
        rows = next(len(columns[name]) for name, about in stand_in.columns.items() if "counts" not in about)
        entry = entries.entry_of(stand_in, path, rows, provenance)
        store.update_registry(options.registry, stand_in.name, entry)
    return path


def _make(options: argparse.Namespace) -> Path:
    recipe = RECIPES[options.sample]
    return make_sample(
        recipe,
        events=recipe.default_events if options.events is None else options.events,
        seed=recipe.default_seed if options.seed is None else options.seed,
        folder=options.out,
        workers=options.workers or os.cpu_count() or 1,
        dask=options.dask,
        registry=options.registry,
    )


def _bar(found: Iterable[generator.Task], missing: list[generator.Task]):
    """A progress bar with the events a second and the time that is left."""
    from tqdm import tqdm

    done, left = (sum(task.events for task in tasks) for tasks in (found, missing))
    return tqdm(total=done + left, initial=done, unit=" events", unit_scale=True, smoothing=0.1)


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument(
        "sample",
        nargs="?",
        choices=sorted([*RECIPES, *STAND_INS]),
        metavar="sample",
        help="without it: the list of names",
    )
    parser.add_argument("--events", type=_count(1), help="to generate, before the detector; default: as committed")
    parser.add_argument("--seed", type=_count(0), help="default: that of the committed sample")
    parser.add_argument("--workers", type=_count(1), help="processes of this machine; default: one a core")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, tcp://host:port")
    parser.add_argument(
        "--out", type=Path, default=Path("build/samples"), help="folder for the file; default: %(default)s"
    )
    parser.add_argument("--registry", type=Path, help="registry.json to write the entry into; default: none")
    return parser


def _count(least: int) -> Callable:
    """A whole number from the command line."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return read


if __name__ == "__main__":
    sys.exit(main())
