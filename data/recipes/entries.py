"""What the registry and the file say of a sample: how it was made, with which versions, and what its columns hold."""

import platform
from importlib import metadata
from pathlib import Path

import numpy as np

from recipes import generator, store
from recipes.generator import Recipe


def versions(libraries: tuple[str, ...] = ()) -> dict:
    """Versions of everything that a reproduction depends on, with those of further libraries."""
    import awkward
    import h5py
    import pythia8mc

    pythia = pythia8mc.Pythia("", False).settings.parm("Pythia:versionNumber")
    always = {"numpy": np.__version__, "h5py": h5py.__version__, "awkward": awkward.__version__}
    further = {name: metadata.version(name) for name in libraries}
    return {"pythia8mc": f"{pythia:.3f}", **always, **further, "python": platform.python_version()}


def provenance_of(recipe: Recipe, seed: int, summary: list[dict]) -> dict:
    """How a sample was made, from the recipe and what came of each component."""
    events = sum(part["events_generated"] for part in summary)
    return {
        "command": f"python data/recipes/make.py {recipe.name} --events {events} --seed {seed}",
        "module": recipe.reconstruct.__module__,
        "seed": seed,
        "events_generated": events,
        "block_events": generator.BLOCK_EVENTS,
        "batch_events": recipe.batch_events,
        "versions": versions(recipe.libraries),
        "process": recipe.process,
        "energy_tev": recipe.energy_tev,
        **({} if recipe.luminosity_fb is None else {"luminosity_fb": recipe.luminosity_fb}),
        "cross_section_pb": sum(part["cross_section_pb"] for part in summary),
        "cross_section_uncertainty_pb": float(np.hypot.reduce([p["cross_section_uncertainty_pb"] for p in summary])),
        "cross_section_order": "leading order (Pythia 8), no K-factor",
        "components": summary,
    }


def entry_of(recipe, path: Path, rows: int, provenance: dict) -> dict:
    """The registry's entry of a sample, made by a recipe or drawn as a stand-in."""
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
