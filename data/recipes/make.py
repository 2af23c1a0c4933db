"""Make a simulated sample: `python data/recipes/make.py zmumu --events 1000000 --workers 2`.

Without `--events` and `--seed` it makes the sample that the repository carries. The result does not depend on the
number of workers, nor on whether they are processes of this machine or of a Dask cluster (`--dask tcp://host:8786`).
"""

import argparse
import contextlib
import platform
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

DATA = Path(__file__).resolve().parents[1]
if str(DATA) not in sys.path:
    sys.path.insert(0, str(DATA))  # so that `recipes` can be imported here and in worker processes
    sys.path.append(str(DATA.parent))

import numpy as np  # noqa: E402

from recipes import generator, store  # noqa: E402
from recipes.catalogue import RECIPES  # noqa: E402
from recipes.stand_ins import STAND_INS, StandIn  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = _parser().parse_args(arguments)
    if options.sample in STAND_INS:
        path = write_stand_in(STAND_INS[options.sample], options)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
        return 0
    recipe = RECIPES[options.sample]
    events, seed = (
        options.events or recipe.default_events,
        recipe.default_seed if options.seed is None else options.seed,
    )
    with make_executor(options.workers, options.dask) as executor:
        blocks = generator.run_tasks(generator.tasks_of(recipe, events, seed), executor=executor, progress=_bar)
    path = write(recipe, blocks, folder=options.out, registry=options.registry)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return 0


@contextlib.contextmanager
def make_executor(workers: int, address: str | None):
    """Nothing for one worker, a pool of processes for several, the workers of a Dask cluster for an address.

    Dask's workers get the recipes as an uploaded file; they need numpy, awkward and pythia8mc.
    """
    if address is not None:
        from dask.distributed import Client

        with Client(address) as client, tempfile.TemporaryDirectory() as folder:
            client.upload_file(_archive(Path(folder)))
            yield client.get_executor(pure=False)
    elif workers > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
    else:
        yield None


def combine(recipe: generator.Recipe, blocks: list[generator.Block]) -> tuple:
    """Join the blocks and turn event weights into expected events.

    Returns
    -------
    columns : dict of ndarray
    summary : list of dict
        For each component: name, generated and kept events, cross-section with uncertainty in pb.
    """
    columns, summary = [], []
    for index, component in enumerate(recipe.components):
        mine = [block for block in blocks if block.task.component == index]
        generated = np.array([block.task.events for block in mine])
        sigma = np.average([block.cross_section for block in mine], weights=generated)
        error = np.sqrt(np.sum((generated * [block.uncertainty for block in mine]) ** 2)) / generated.sum()
        columns += [block.columns for block in mine]
        if recipe.luminosity_fb is not None:
            scale = sigma * 1000 * recipe.luminosity_fb / generated.sum()
            columns[-len(mine) :] = [
                part | {"weight": generator.stored(part["weight"] * scale)} for part in columns[-len(mine) :]
            ]
        kept = sum(store.count_rows(block.columns, recipe.columns) for block in mine)
        numbers = {"cross_section_pb": float(sigma), "cross_section_uncertainty_pb": float(error)}
        counts = {"events_generated": int(generated.sum()), "events_kept": kept}
        summary.append({"name": component.name, **counts, **numbers})
    return {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}, summary


def write(recipe: generator.Recipe, blocks: list[generator.Block], *, folder: Path, registry: Path | None) -> Path:
    """Write the sample and, where a registry is named, its entry."""
    columns, summary = combine(recipe, blocks)
    path = Path(folder) / f"{recipe.name}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    provenance = _provenance(recipe, blocks, summary)
    attributes = {"name": recipe.name, "seed": provenance["seed"], "versions": versions(), "recipe": provenance}
    store.write_sample(path, columns, meaning=recipe.columns, attributes=attributes)
    if registry is not None:
        rows = store.count_rows(columns, recipe.columns)
        store.update_registry(registry, recipe.name, _entry(recipe, path, rows, provenance))
    return path


def write_stand_in(stand_in: StandIn, options: argparse.Namespace) -> Path:
    """Draw a stand-in from the samples in `data/samples` and write it, and its entry where a registry is named.

    Raises
    ------
    FileNotFoundError
        When a sample that it is drawn from has not been made.
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
        "versions": versions(),
        "process": stand_in.process,
    }
    attributes = {"name": stand_in.name, "seed": seed, "versions": versions(), "recipe": provenance}
    store.write_sample(path, columns, meaning=stand_in.columns, attributes=attributes)
    if options.registry is not None:
        entry = _entry(stand_in, path, len(columns["mass"]), provenance)
        store.update_registry(options.registry, stand_in.name, entry)
    return path


def versions() -> dict:
    """Versions of everything that a reproduction depends on."""
    import awkward
    import h5py
    import pythia8mc

    pythia = pythia8mc.Pythia("", False).settings.parm("Pythia:versionNumber")
    libraries = {"numpy": np.__version__, "h5py": h5py.__version__, "awkward": awkward.__version__}
    return {"pythia8mc": f"{pythia:.3f}", **libraries, "python": platform.python_version()}


def _provenance(recipe, blocks, summary) -> dict:
    events, seed = sum(part["events_generated"] for part in summary), blocks[0].task.seed
    return {
        "command": f"python data/recipes/make.py {recipe.name} --events {events} --seed {seed}",
        "module": recipe.reconstruct.__module__,
        "seed": seed,
        "events_generated": events,
        "block_events": generator.BLOCK_EVENTS,
        "batch_events": recipe.batch_events,
        "versions": versions(),
        "process": recipe.process,
        "energy_tev": recipe.energy_tev,
        **({} if recipe.luminosity_fb is None else {"luminosity_fb": recipe.luminosity_fb}),
        "cross_section_pb": sum(part["cross_section_pb"] for part in summary),
        "cross_section_uncertainty_pb": float(np.hypot.reduce([p["cross_section_uncertainty_pb"] for p in summary])),
        "cross_section_order": "leading order (Pythia 8), no K-factor",
        "components": summary,
    }


def _entry(recipe, path, rows, provenance) -> dict:
    place = {"path": f"samples/{path.name}", "urls": [], "sha256": store.sha256(path), "size": path.stat().st_size}
    return {
        "title": recipe.title,
        "recorded": False,
        "label": "simulated (Pythia 8)",
        "description": recipe.description + _luminosity(recipe),
        "columns": {name: about | _range(name) | about for name, about in recipe.columns.items()},
        "rows": rows,
        "jagged": any("counts" in about for about in recipe.columns.values()),
        "licence": "CC-BY-4.0",
        "record": None,
        "doi": None,
        "files": [{**place, "rows": rows, "constants": {}}],
        "tree": None,
        "rename": {},
        "recipe": provenance,
    }


def _luminosity(recipe) -> str:
    luminosity = getattr(recipe, "luminosity_fb", None)
    return "" if luminosity is None else f" Weights: {luminosity:g}/fb at {recipe.energy_tev:g} TeV."


def _range(column: str) -> dict:
    """Limits that every value keeps, where the recipe states none; `load_dataset` checks them."""
    limits = {"eta": (-2.5, 2.5), "phi": (-3.1416, 3.1416), "charge": (-1, 1), "pdgid": (-13, 13)}
    kind = column.rstrip("1234")
    if kind in limits:
        return dict(zip(("min", "max"), limits[kind], strict=True))
    return {"min": 0} if kind in ("pt", "E", "mZ", "weight") or kind.startswith("mass") else {}


def _archive(folder: Path) -> str:
    return shutil.make_archive(str(folder / "recipes"), "zip", root_dir=DATA, base_dir="recipes")


def _bar(iterable, total):
    from tqdm import tqdm

    return tqdm(iterable, total=total, unit="block", smoothing=0.1, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make a simulated sample with Pythia 8 and a parametrised detector.")
    parser.add_argument("sample", choices=sorted([*RECIPES, *STAND_INS]))
    parser.add_argument("--events", type=int, help="events to generate, before the detector; default: as committed")
    parser.add_argument("--seed", type=int, help="default: the seed of the committed sample")
    parser.add_argument("--workers", type=int, default=1, help="processes of this machine")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, tcp://host:port")
    parser.add_argument("--out", type=Path, default=Path("build/samples"), help="folder for the file")
    parser.add_argument("--registry", type=Path, help="registry.json to write the entry into; default: none")
    return parser


if __name__ == "__main__":
    sys.exit(main())
