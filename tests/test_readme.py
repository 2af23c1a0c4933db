"""The first page: one screen before the table of lessons, one figure, which a command of the repository draws."""

import re
import sys

import make_figure
import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest
from notebook_files import ROOT

if str(ROOT / "data") not in sys.path:
    sys.path.append(str(ROOT / "data"))

from recipes import stand_ins

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = README.partition("\n## Lessons\n")[0]


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    """The figure, drawn anew."""
    path = tmp_path_factory.mktemp("figure") / "four_leptons.png"
    assert make_figure.main(["--out", str(path)]) == 0
    return path


def test_the_first_screen_is_short_and_comes_before_everything_else():
    assert len(FIRST_SCREEN.splitlines()) <= 34
    assert re.findall(r"^## (.*)$", README, re.MULTILINE)[:2] == ["Start", "Lessons"]
    assert re.findall(r"^make (\w+)", FIRST_SCREEN, re.MULTILINE) == ["run", "test"]
    assert "/01_invariant_mass.ipynb" in FIRST_SCREEN


def test_the_page_has_one_figure_with_words_for_those_who_do_not_see_it():
    ((words, path),) = re.findall(r"!\[((?!Open in Colab)[^\]]*)\]\(([^)]*)\)", README)
    assert ROOT / path == make_figure.FIGURE
    assert len(words.split()) >= 10
    assert make_figure.FIGURE.stat().st_size < 120_000


def test_the_figure_is_the_one_that_the_command_draws(figure):
    drawn, stored = (matplotlib.image.imread(path) for path in (figure, make_figure.FIGURE))
    assert drawn.shape == stored.shape
    assert np.mean(np.abs(drawn - stored)) < 0.01  # another version of a font moves few pixels


def test_the_figure_has_a_ground_of_its_own_and_is_read_on_a_dark_page(figure):
    picture = matplotlib.image.imread(make_figure.FIGURE)
    assert picture.shape[2] == 3 or picture[..., 3].min() == 1.0
    assert (picture[0, 0, :3] == 1.0).all()


def test_the_areas_of_the_figure_are_the_expected_events():
    ax = make_figure.draw()
    heights = {patch.get_label(): patch.get_data() for patch in ax.patches if patch.get_label()[0] != "_"}
    sums = {label: np.sum(data.values - data.baseline) for label, data in heights.items()}
    plt.close(ax.figure)
    assert sums["Higgs boson → 4ℓ"] == pytest.approx(stand_ins.EXPECTED["higgs"], rel=1e-3)
    assert sums["Z → 4ℓ"] + sums["ZZ → 4ℓ"] == pytest.approx(stand_ins.EXPECTED["zz"], rel=1e-3)
    assert ax.texts[-1].get_text() == "simulated (Pythia 8)"
