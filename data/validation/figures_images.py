"""Average images of jets, ours and those of simulated CMS jets."""

import h5py
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from hepml_helpers import plotting
from hepml_helpers.plotting import BACKGROUND, SIGNAL
from validation import observables
from validation.figures import SIMULATED, Figure, Section, finish, recorded_file

CMS_IMAGES = "jets/jet_images.h5"
SIMULATED_CMS = "simulated CMS jets"
BOTH_SOURCES = f"{SIMULATED} and {SIMULATED_CMS}"
W_IMAGE = {"pixel": 0.1, "n_pixels": 24}
TOP_IMAGE = {"pixel": 0.09, "n_pixels": 30}  # CMS's jets reach to 9 of their pixels: R = 0.8 would make them 0.09 wide


def draw_w_images(axes, signal: dict, background: dict) -> None:
    """Average images of W and QCD jets."""
    for ax, jets, title in ((axes[0], signal, "W jets"), (axes[1], background, "QCD jets")):
        draw_image(ax, observables.jet_images(jets, **W_IMAGE), title, pixel=W_IMAGE["pixel"], source=SIMULATED)


def draw_top_images(axes, signal: dict, background: dict) -> None:
    """Average images of top and QCD jets, and those of CMS."""
    for ax, jets, title in ((axes[0], signal, "top jets, ours"), (axes[1], background, "QCD jets, ours")):
        draw_image(ax, observables.jet_images(jets, **TOP_IMAGE), title, pixel=TOP_IMAGE["pixel"], source=SIMULATED)
    for ax, images, title in zip(axes[2:], cms_images(), ("top jets, CMS", "QCD jets, CMS"), strict=True):
        draw_image(ax, images, title, pixel=None, source=SIMULATED_CMS)


def draw_image(ax, images: np.ndarray, title: str, *, pixel: float | None, source: str):
    """Average of images, each divided by its sum, on a logarithmic scale; axes in pixels where their width is "
    "unknown."""
    average = np.mean(images / images.sum(axis=(1, 2), keepdims=True), axis=0)
    reach = average.shape[0] / 2 * (pixel or 1)
    shown = ax.imshow(
        np.where(average > 0, average, np.nan),
        extent=(-reach, reach, -reach, reach),
        origin="lower",
        norm=LogNorm(1e-6, 0.5),
        cmap="viridis",
    )
    unit = "ΔR" if pixel else "pixels"
    ax.set(xlabel=f"second prong to the left [{unit}]", ylabel=f"across [{unit}]", facecolor="0.95")
    ax.set_title(title, loc="left")
    plt.colorbar(shown, ax=ax, label="share of pt per pixel", shrink=0.9)
    return plotting.add_source(ax, source)


def draw_profiles(axes, signal: dict, background: dict) -> None:
    """Numbers of the images: where the pt is, how many pixels have any, and how much the hardest holds."""
    ours = [observables.jet_images(jets, **TOP_IMAGE) for jets in (signal, background)]
    sets = {"top, ours": ours[0], "QCD, ours": ours[1]} | dict(zip(("top, CMS", "QCD, CMS"), cms_images(), strict=True))
    styles = {name: (SIGNAL if "top" in name else BACKGROUND, "-" if "ours" in name else "--") for name in sets}
    edges = np.arange(0, 13)
    for name, images in sets.items():
        color, line = styles[name]
        axes[0].stairs(radial_shares(images, edges), edges, color=color, ls=line, lw=1.8, label=name)
    axes[0].set_xlabel("distance from the hardest [pixels]")
    finish(axes[0], "share of pt / pixel", log=True, source=BOTH_SOURCES)
    rows = (
        (axes[1], lambda images: (images > 0).sum(axis=(1, 2)), np.arange(0.5, 91, 3), "pixels with pt"),
        (axes[2], _leading_share, np.linspace(0, 1, 41), "share of pt in the leading pixel"),
    )
    for ax, measure, bins, label in rows:
        for name, images in sets.items():
            counts, _ = np.histogram(measure(images), bins)
            ax.stairs(counts / len(images), bins, color=styles[name][0], ls=styles[name][1], lw=1.8, label=name)
        ax.set_xlabel(label)
        finish(ax, "share of jets", source=BOTH_SOURCES)


def _leading_share(images: np.ndarray) -> np.ndarray:
    return images.max(axis=(1, 2)) / images.sum(axis=(1, 2))


def radial_shares(images: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean share of the pt in rings around the hardest pixel of each image, radii in pixels."""
    size = images.shape[1]
    row, column = np.divmod(images.reshape(len(images), -1).argmax(axis=1), size)
    at = np.arange(size)
    distance = np.hypot(at[None, :, None] - row[:, None, None], at[None, None, :] - column[:, None, None])
    weight = images / images.sum(axis=(1, 2), keepdims=True) / len(images)
    return np.histogram(distance, edges, weights=weight)[0]


def cms_images() -> tuple[np.ndarray, np.ndarray]:
    """Top and QCD images of simulated CMS jets, in GeV, shape (n_jets, 30, 30)."""
    with h5py.File(recorded_file(CMS_IMAGES)) as file:
        return file["TT"][..., 0], file["QCD"][..., 0]


_TEXT = """\
The hardest constituent lies in the centre, the second prong is turned to the left. The images of simulated CMS jets
come from the public set of Zenodo 3901869; neither the width of their pixels nor the way in which they were turned is
documented. What can be inferred: the sum of the pixels is 190 to 510 GeV, the pt of the jet; nearly all pt lies
within 8 to 10 pixels, so that pixels are about 0.09 wide if R = 0.8; the mass of their top jets is then about 80 GeV,
that of a W: most of them do not contain the whole top quark.

**Where the comparison makes sense:** the share of pt in the hardest pixel; the core of QCD jets, which hardly depends
on pt; that tops have a second lobe.

**Where it does not:** ours are top jets of 550 to 650 GeV that contain all three quarks, CMS's have 190 to 510 GeV,
so that their prongs lie twice as far apart; theirs have the full simulation of CMS, ours a parametrised detector
without pile-up or underlying event, and at most 40 stored constituents, so that they fill half as many pixels; the
centre of theirs is an axis, on a corner of four pixels, ours a constituent. So numbers of pixels, masses and
distances of prongs cannot be compared, and a classifier trained on one set says little about the other. No saturation
of pixels is seen in either. W jets have no counterpart there at all.
"""
SECTIONS = (
    Section(
        "Images of jets",
        _TEXT,
        (
            Figure(
                "images_w",
                ("w_jets", "qcd_w_jets"),
                draw_w_images,
                "Average images of W and QCD jets: W jets have a second lobe left of the centre, QCD jets a tail "
                "that falls smoothly.",
                "W jets have two prongs at a distance of 2 m / pt = 0.6.",
                panels=2,
                height=4.8,
            ),
            Figure(
                "images_top",
                ("top_jets", "qcd_top_jets"),
                draw_top_images,
                "Four average images: top and QCD jets of this course above, those of CMS below. Tops of either have"
                " a lobe left of the centre, farther away in those of CMS; QCD jets have a narrow core.",
                "Average images of top and QCD jets: ours (550 to 650 GeV) and those of simulated CMS jets (190 to "
                "510 GeV).",
                panels=4,
                rows=2,
                height=4.8,
                recorded=CMS_IMAGES,
            ),
            Figure(
                "image_profiles",
                ("top_jets", "qcd_top_jets"),
                draw_profiles,
                "Three panels, ours as full lines and CMS as dashed ones: share of pt against the distance from the "
                "hardest pixel, number of pixels with pt, share of the leading pixel. The last one is alike; ours "
                "fill half as many pixels.",
                "The share of the leading pixel agrees; the distance of the prongs and the number of pixels need not.",
                panels=3,
                recorded=CMS_IMAGES,
            ),
        ),
        [],
    ),
)
