"""Grids of pictures and matrices of numbers: what lies where, and what is left white."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from hepml_helpers import pictures


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn(ax):
    return ax.images[0].get_array()


def test_pictures_stand_in_their_rows_and_the_first_pixel_is_at_the_lower_left():
    rows = {"real": [np.full((2, 3), 0.5), np.full((2, 3), 0.2)], "generated": [np.full((2, 3), 0.1)] * 3}
    axes = pictures.plot_images(rows, limits=(0.01, 1), label="share")
    assert axes.shape == (2, 2)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == ["real", "generated"]
    assert drawn(axes[0, 1])[0, 0] == 0.2 and drawn(axes[1, 1])[0, 0] == 0.1
    assert all(ax.images[0].origin == "lower" for ax in axes.flat)


def test_all_pictures_share_one_scale_of_colours():
    axes = pictures.plot_images({"a": [[[0.02]], [[0.9]]]}, limits=(0.01, 1), label="share")
    assert [ax.images[0].get_clim() for ax in axes.flat] == [(0.01, 1)] * 2
    assert [ax.get_ylabel() for ax in axes[0, 0].figure.axes][-1] == "share"


def test_what_is_below_the_scale_or_not_finite_is_left_white():
    (ax,) = pictures.plot_images({"a": [[[0.0, 0.005, 0.01], [np.nan, np.inf, 7.0]]]}, limits=(0.01, 1), label="").flat
    np.testing.assert_array_equal(np.ma.getmaskarray(drawn(ax)), [[True, True, False], [True, True, False]])


def test_a_title_is_written_above_each_picture_beside_the_source():
    picture = [[2.0, 0.0], [0.0, 0.5]]
    rows = {"one": [picture, [[1.0]]], "two": [picture, [[1.0]]]}
    axes = pictures.plot_images(
        rows, limits=(0.1, 3), label="", title=lambda p: f"{p.sum():.2g} GeV", source="simulated"
    )
    assert [ax.get_title(loc="left") for ax in axes.flat] == ["2.5 GeV", "1 GeV"] * 2
    assert axes[0, 1].get_title(loc="right") == "simulated"


def test_pictures_are_not_changed():
    picture = np.array([[0.0, 0.5]])
    pictures.plot_images({"a": [picture]}, limits=(0.01, 1), label="", source="simulated")
    np.testing.assert_array_equal(picture, [[0.0, 0.5]])


def test_pictures_are_drawn_into_the_figure_that_is_given():
    fig = plt.figure()
    assert pictures.plot_images({"a": [[[1.0]]]}, fig=fig, limits=(0.1, 1), label="")[0, 0].figure is fig


@pytest.mark.parametrize(
    ("rows", "limits", "words"),
    [
        ({}, (0.1, 1), "at least one"),
        ({"a": []}, (0.1, 1), "at least one"),
        ({"a": [[[1.0]]] * 2, "b": [[[1.0]]]}, (0.1, 1), "no fewer"),
        ({"a": [[[1.0]]]}, (0.0, 1), "above 0"),
        ({"a": [[[1.0]]]}, (1, 0.1), "lower one first"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused(rows, limits, words):
    with pytest.raises(ValueError, match=words):
        pictures.plot_images(rows, limits=limits, label="")


def test_a_matrix_shows_each_number_in_its_row_and_column():
    values = [[1.0, -0.25, 0.0], [0.5, 0.75, -1.0]]
    ax = pictures.plot_matrix(values, ["first", "second"], ["a", "b", "c"])
    found = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in ax.texts}
    assert found[0, 1] == "-0.25" and found[1, 0] == "0.50" and len(found) == 6
    np.testing.assert_array_equal(drawn(ax), values)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.yaxis_inverted(), "the first row is on top"


def test_the_colours_of_a_matrix_are_symmetric_about_zero():
    ax = pictures.plot_matrix([[0.1]], ["a"], ["b"], limit=0.5)
    assert ax.images[0].get_clim() == (-0.5, 0.5)


def test_a_matrix_needs_a_name_for_each_row_and_column():
    with pytest.raises(ValueError, match="one for each name"):
        pictures.plot_matrix([[1.0, 2.0]], ["a"], ["b"])


def test_constituents_are_circles_with_the_area_of_their_share_and_padding_is_left_out():
    _, ax = plt.subplots()
    circles = pictures.plot_constituents([30.0, 10.0, 0.0], [0.1, -0.2, 0.0], [0.0, 0.3, 0.0], ax, c=[1.0, 2.0, 3.0])
    np.testing.assert_allclose(circles.get_offsets(), [[0.1, 0.0], [-0.2, 0.3]])
    np.testing.assert_allclose(circles.get_sizes(), [1500.0, 500.0])
    np.testing.assert_allclose(circles.get_array(), [1.0, 2.0])
    assert ax.get_xlim() == (-0.8, 0.8) and ax.get_ylabel() == "$\\Delta\\phi$ [rad]"


@pytest.mark.parametrize(("pt", "eta"), [([1.0, 2.0], [0.0]), ([0.0], [0.0])])
def test_constituents_that_cannot_be_drawn_are_refused(pt, eta):
    with pytest.raises(ValueError, match="expected equal ones, with pt above 0"):
        pictures.plot_constituents(pt, eta, eta)


def test_arrows_lead_from_a_point_to_those_that_belong_to_it():
    points = np.array([[0.0, 0.1], [0.2, 0.3], [0.4, 0.5]])
    ax = pictures.plot_arrows(points, {0: [1, 2], 2: [1]}, plt.figure().gca(), colors=["r", "b"])
    found = [(*arrow.xyann, *arrow.xy, arrow.arrowprops["color"]) for arrow in ax.texts]
    assert found == [(0.0, 0.1, 0.2, 0.3, "r"), (0.0, 0.1, 0.4, 0.5, "r"), (0.4, 0.5, 0.2, 0.3, "b")]
    np.testing.assert_allclose([line.get_xydata()[0] for line in ax.lines], points[[0, 2]])


def test_points_that_are_no_pairs_are_refused():
    with pytest.raises(ValueError, match=r"points have shape \(3,\)"):
        pictures.plot_arrows([1.0, 2.0, 3.0], {})
