"""Grouping points into tracks: the slide's loop, in numpy and in torch, beside the vectorised one; other methods.

    python benchmarks/group_tracks.py --repeat 3 --figure build/group_tracks.png

The functions are those of lesson 11, taken from its notebook. The loop with torch tensors, one dot product at a time,
is written here from its description; where torch is missing, that row is left out. To measure it, install it into an
environment of its own, beside the package: `pip install torch --index-url https://download.pytorch.org/whl/cpu`.
All ways must give the same labels; the script stops if they do not.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from notebook_files import definitions  # noqa: E402

from hepml_helpers import kinematics, tracker, tracking  # noqa: E402

WANTED = {"group_loop", "directions", "group", "scan_vertex", "unroll", "dbscan", "inner_vertex", "hough", "make_graph"}


def lesson() -> dict:
    """Functions of lesson 11 by name."""
    from sklearn.cluster import DBSCAN

    names = {"np": np, "DBSCAN": DBSCAN, "replace": replace}
    names["CURVATURE_MAX"] = 1.05 * kinematics.CURVATURE * tracker.TRACKML_BARREL.field / 0.5 / 1000
    return definitions(ROOT / "notebooks" / "11_track_grouping.ipynb", WANTED, names)


def group_torch(points, vertex_z, cut=0.99):
    """The loop with one tensor for each direction."""
    import torch

    centre, representatives, labels = torch.tensor([0.0, 0.0, vertex_z], dtype=torch.float64), [], []
    for point in points:
        d = torch.tensor(point, dtype=torch.float64) - centre
        d = d / torch.norm(d)
        for number, representative in enumerate(representatives):
            if torch.dot(d, representative) > cut:
                labels.append(number)
                break
        else:
            labels.append(len(representatives))
            representatives.append(d)
    return np.array(labels)


def seconds(function, repeat: int) -> float:
    best = np.inf
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def compare_loops(names: dict, repeat: int) -> list[dict]:
    """Seconds an event of each way at about 140, 1000 and 10 000 points; the vectorised one over a batch of events."""
    rows, rng = [], np.random.default_rng(1)
    collisions = tracker.Collisions(beam_spot=(0.0, 0.0))
    for n_tracks, n_batch, n_loop in ((4, 1000, 20), (29, 100, 5), (286, 10, 1)):
        options = {"collisions": collisions, "tracker": tracker.STRAIGHT_LINES}
        hits = tracker.make_events(n_batch, n_tracks, rng, **options)[1]
        points, mask = tracking.pad_events(hits.event, hits.xyz, n_batch)
        z = np.zeros(n_batch)

        def vectorised(points=points, mask=mask, z=z):
            return names["group"](names["directions"](points, z), mask)

        labels = vectorised()
        row = {"points": points.shape[1], "vectorised": seconds(vectorised, repeat) / n_batch}
        loops = {"loop, numpy": names["group_loop"], "loop, torch": group_torch}
        for name, loop in loops.items():
            try:
                for event in range(n_loop):
                    if not np.array_equal(loop(points[event], 0.0), labels[event]):
                        sys.exit(f"{name}: other labels in event {event}")
            except ImportError:
                print("torch is not installed: its loop is left out")
                continue

            def run(loop=loop, points=points, n_loop=n_loop):
                for event in range(n_loop):
                    loop(points[event], 0.0)

            row[name] = seconds(run, repeat) / n_loop
        rows.append(row)
    return rows


def compare_methods(names: dict, repeat: int) -> list[dict]:
    """Seconds an event of each method on bunch crossings of 4 to 1000 tracks."""
    rows, rng = [], np.random.default_rng(2)
    collisions = tracker.Collisions(n_vertices=10, displaced_share=0.2)
    curvatures = np.linspace(-names["CURVATURE_MAX"], names["CURVATURE_MAX"], 61)
    for n_tracks in (4, 20, 100, 300, 1000):
        hits = tracker.make_events(1, n_tracks, rng, collisions=collisions)[1]
        points, mask = tracking.pad_events(hits.event, hits.xyz, 1)
        ways = {
            "slide's loop, numpy": lambda points=points: names["group_loop"](points[0], 0.0),
            "slide's method, vectorised": lambda p=points, m=mask: names["group"](names["directions"](p, [0.0]), m),
            "DBSCAN, angles": lambda hits=hits: names["dbscan"](hits),
            "DBSCAN, unrolled": lambda hits=hits: names["dbscan"](hits, curvatures=curvatures),
            "Hough transform": lambda hits=hits: names["hough"](hits),
            "edges of the graph": lambda hits=hits: names["make_graph"](hits),
        }
        times = {name: seconds(way, repeat) for name, way in ways.items()}
        rows.append({"tracks": n_tracks, "hits": len(hits)} | times)
    return rows


def draw(rows: list[dict], path: Path) -> None:
    import matplotlib.pyplot as plt

    from hepml_helpers import plotting

    plotting.use_style()
    fig, ax = plt.subplots(figsize=(7, 5))
    for n, name in enumerate(key for key in rows[0] if key not in ("tracks", "hits")):
        ax.plot([row["hits"] for row in rows], [row[name] for row in rows], "osv^D*"[n] + "-", label=name)
    ax.set(xscale="log", yscale="log", xlabel="hits in the event", ylabel="seconds an event")
    ax.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--output", type=Path)
    given, names = parser.parse_args(), lesson()
    loops, methods = compare_loops(names, given.repeat), compare_methods(names, given.repeat)
    for row in loops:
        ways = [
            f"{name} {1e3 * row[name]:.4g} ms ({row[name] / row['vectorised']:.0f}x)"
            for name in row
            if name != "points"
        ]
        print(f"{row['points']} points:", ", ".join(ways))
    for row in methods:
        print(", ".join(f"{name} {value:.4g}" for name, value in row.items()))
    if given.output:
        given.output.write_text(json.dumps({"loops": loops, "methods": methods}, indent=1) + "\n", encoding="utf-8")
    if given.figure:
        draw(methods, given.figure)


if __name__ == "__main__":
    main()
