"""The event display: tracks against what a magnetic field does, and one output that carries both pictures."""

import base64
import json

import numpy as np
import plotly.io as pio
import pytest

from hepml_helpers import display

MUONS = {"pt": [54.7, 34.2], "eta": [-0.43, -0.99], "phi": [2.57, -0.50], "charge": [1, -1]}


@pytest.fixture
def event():
    return display.event_display(**MUONS, title="run 1, event 2")


@pytest.fixture
def plotly_default():
    saved = pio.renderers.default
    yield
    pio.renderers.default = saved


def circle_through(points):
    """Centre and radius of the circle through three points of shape (3, 2), from their perpendicular bisectors."""
    a, b, c = points
    centre = np.linalg.solve(2 * np.array([b - a, c - a]), [b @ b - a @ a, c @ c - a @ a])
    return centre, np.linalg.norm(a - centre)


def inside_coil(track):
    return track[(np.hypot(track[:, 0], track[:, 1]) < 2.9) & (np.abs(track[:, 2]) < 6.0)]


def test_bending_radius_is_pt_over_0_3_b():
    assert display.bending_radius(40.0) == pytest.approx(40.0 / (0.3 * 3.8), rel=1e-3)
    assert display.bending_radius(6.0, field=2.0) == pytest.approx(10.0, rel=1e-3)


@pytest.mark.parametrize("pt", [1.0, 5.0, 45.0])
def test_the_track_lies_on_a_circle_of_the_bending_radius_inside_the_coil(pt):
    track = inside_coil(display.muon_track(pt, 0.3, 1.1, 1))[:, :2]
    centre, radius = circle_through(track[[0, len(track) // 2, -1]])
    assert radius == pytest.approx(pt / (0.3 * 3.8), rel=1e-3)
    np.testing.assert_allclose(np.linalg.norm(track - centre, axis=1), radius, rtol=1e-6)


def test_a_positive_charge_turns_clockwise_seen_against_the_field():
    # v along x, B along z: the force q v x B points to -y.
    assert inside_coil(display.muon_track(10.0, 0.0, 0.0, 1))[-1, 1] < 0


def test_opposite_charges_are_mirror_images():
    plus, minus = (display.muon_track(10.0, 0.5, 0.0, charge) for charge in (1, -1))
    np.testing.assert_allclose(minus, plus * [1, -1, 1], atol=1e-9)
    assert np.abs(plus[:, 1]).max() > 0.1


@pytest.mark.parametrize("phi", [-3.0, -0.5, 0.0, 2.4])
def test_the_track_starts_along_phi(phi):
    first = display.muon_track(20.0, 0.7, phi, -1)[1]
    assert np.arctan2(first[1], first[0]) == pytest.approx(phi, abs=0.003)


@pytest.mark.parametrize("eta", [-2.2, 0.0, 0.8])
def test_z_advances_by_sinh_eta_for_each_metre_across(eta):
    track = display.muon_track(3.0, eta, 0.4, 1)
    radius = 3.0 / (0.3 * 3.8)
    inside = inside_coil(track)[-1]
    chord = np.hypot(*inside[:2])
    arc = 2 * radius * np.arcsin(chord / (2 * radius))
    assert inside[2] == pytest.approx(arc * np.sinh(eta), rel=2e-3, abs=1e-9)


def test_beyond_the_yoke_the_track_points_back_to_the_beam():
    # All of the coil's flux has come back: no net flux is enclosed, so r x p about the beam is zero again.
    end, before = display.muon_track(8.0, 0.0, 0.0, 1)[[-1, -2], :2]
    direction = (end - before) / np.linalg.norm(end - before)
    closest = abs(end[0] * direction[1] - end[1] * direction[0])
    assert np.hypot(*end) >= 7.4
    assert closest < 0.05
    assert abs(end[1]) > 0.5  # and it has been bent all the same


def test_the_track_bends_back_in_the_yoke():
    track = display.muon_track(8.0, 0.0, 0.0, 1)
    direction = np.unwrap(np.arctan2(*np.diff(track[:, :2], axis=0).T[::-1]))
    radius = np.hypot(track[1:, 0], track[1:, 1])
    assert np.all(np.diff(direction[radius < 2.9]) < 0)
    np.testing.assert_allclose(np.diff(direction[(radius > 3.1) & (radius < 3.9)]), 0, atol=1e-12)
    assert np.all(np.diff(direction[(radius > 4.1) & (radius < 7.3)]) > 0)


def test_a_slow_muon_curls_inside_and_a_forward_one_leaves_at_the_end():
    curling = display.muon_track(1.0, 0.05, 0.0, 1)
    assert np.hypot(curling[:, 0], curling[:, 1]).max() == pytest.approx(2 / (0.3 * 3.8), rel=1e-2)
    forward = display.muon_track(20.0, -2.3, 0.0, 1)[-1]
    assert forward[2] <= -10.8
    assert np.hypot(*forward[:2]) < 7.4


def test_the_output_carries_both_pictures(event):
    bundle = event._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    figure = bundle["application/vnd.plotly.v1+json"]
    assert figure["layout"]["title"]["text"] == "run 1, event 2"
    assert "text/html" not in bundle  # a converted page prefers html to the picture
    json.dumps(bundle)


def test_the_interactive_figure_holds_plain_lists_that_every_viewer_reads(event):
    assert "bdata" not in json.dumps(event._repr_mimebundle_()["application/vnd.plotly.v1+json"])


def test_in_colab_the_interactive_page_is_plotlys_own(event, plotly_default):
    pio.renderers.default = "colab"
    bundle = event._repr_mimebundle_()
    assert "Plotly.newPlot" in bundle["text/html"]
    assert "image/png" in bundle


def test_the_figure_draws_each_track_with_its_label(event):
    scatter = [trace for trace in event.figure().data if trace.type == "scatter3d"]
    traces = {trace.name: trace for trace in scatter if trace.mode == "lines"}
    track = display.muon_track(34.2, -0.99, -0.50, -1)
    np.testing.assert_allclose(traces["μ⁻ 34.2 GeV"].x, track[:, 2], atol=1e-3)  # z, along the beam
    np.testing.assert_allclose(traces["μ⁻ 34.2 GeV"].y, track[:, 0], atol=1e-3)
    np.testing.assert_allclose(traces["μ⁻ 34.2 GeV"].z, track[:, 1], atol=1e-3)  # y, up
    labels = [text for trace in scatter if trace.mode == "text" for text in trace.text]
    assert labels == ["μ⁺ 54.7 GeV", "μ⁻ 34.2 GeV"]
    assert {"calorimeters", "solenoid coil", "muon chambers and yoke", "beam line"} <= set(traces)


def test_the_picture_shows_the_tracks_across_and_along_the_beam(event):
    across, along = event.picture().axes
    track = display.muon_track(54.7, -0.43, 2.57, 1)
    drawn = [line.get_xydata() for line in across.lines if len(line.get_xydata()) == len(track)]
    np.testing.assert_allclose(drawn[0], track[:, :2])
    lengths = [line for line in along.lines if len(line.get_xdata()) == len(track)]
    np.testing.assert_allclose(lengths[0].get_xdata(), track[:, 2])
    assert lengths[0].get_ydata()[-1] == pytest.approx(np.hypot(*track[-1, :2]))  # the first muon goes upwards
    assert along.lines[-1].get_ydata()[-1] < -7  # and the one opposite to it downwards
    assert across.get_xlabel() == "x [m]" and along.get_xlabel() == "z, along the beam [m]"
    assert "μ⁺ 54.7 GeV" in [text.get_text() for text in across.texts]


def test_one_muon_as_plain_numbers_is_enough():
    assert len(display.event_display(20.0, 0.1, 0.2, 1).muons) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pt": [54.7, -3.0]}, "muon 2: pt is -3.0; expected a positive number of GeV"),
        ({"pt": [np.nan, 3.0]}, "muon 1: pt is nan"),
        ({"eta": [0.0, np.inf]}, "muon 2: eta is inf"),
        ({"phi": [np.nan, 0.0]}, "muon 1: phi is nan"),
        ({"charge": [1, 0]}, "muon 2: the charge is 0; expected 1 or -1"),
        ({"phi": [0.1]}, r"shapes \[\(2,\), \(2,\), \(1,\), \(2,\)\]; expected one common"),
        ({name: [] for name in MUONS}, "at least 1 muon"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        display.event_display(**{**MUONS, **change})


def test_a_track_refuses_a_muon_without_momentum():
    with pytest.raises(ValueError, match="pt is 0"):
        display.muon_track(0.0, 0.0, 0.0, 1)


POINTS = np.array([[30.0, 0.0, 5.0], [60.0, 0.0, 10.0], [0.0, 30.0, -7.0], [9.0, 9.0, 9.0]])


def test_points_of_one_track_have_one_colour_and_those_of_none_are_grey():
    shown = display.track_display(POINTS, [0, 0, 1, -1], lines=[POINTS[:2]], title="event 5")
    traces = [trace for trace in shown.figure().data if trace.mode == "markers" and len(trace.x)]
    assert sorted(len(trace.x) for trace in traces) == [1, 1, 2]
    assert len({trace.marker.color for trace in traces}) == 3
    pair = next(trace for trace in traces if len(trace.x) == 2)
    assert list(pair.x) == [5.0, 10.0] and list(pair.y) == [30.0, 60.0]  # z along the beam, then x
    assert list(pair.text) == ["track 0", "track 0"]
    grey = next(trace for trace in traces if trace.name == "in no track")
    assert list(grey.x) == [9.0]


def test_the_picture_of_points_shows_both_views_and_the_bundle_both_pictures():
    shown = display.track_display(POINTS, [0, 0, 1, -1], lines=[POINTS[:2]], title="event 5")
    across, along = shown.picture().axes
    drawn = np.concatenate([part.get_offsets() for part in along.collections])
    assert sorted(map(tuple, drawn.round(6))) == sorted((z, round(float(np.hypot(x, y)), 6)) for x, y, z in POINTS)
    np.testing.assert_allclose(across.lines[0].get_xydata(), POINTS[:2, :2])
    bundle = shown._repr_mimebundle_()
    assert bundle["text/plain"] == "Track display: 4 points, 2 tracks"
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["application/vnd.plotly.v1+json"]["layout"]["title"]["text"] == "event 5"


def test_points_without_a_track_number_each_are_refused():
    with pytest.raises(ValueError, match=r"points \(4, 3\), tracks \(3,\)"):
        display.track_display(POINTS, [0, 0, 1])


def test_no_label_of_the_picture_covers_another_or_leaves_the_frame():
    picture = display.event_display(
        [40, 39, 38, 37], [2.2, 2.2, 2.1, -0.1], [0.4, 0.5, 0.55, 2.0], [1, -1, 1, -1]
    ).picture()
    picture.canvas.draw()
    for ax in picture.axes:
        boxes = [text.get_window_extent() for text in ax.texts]
        assert len(boxes) == 4
        assert not [n for n, box in enumerate(boxes) for other in boxes[:n] if box.overlaps(other)]
        assert all(ax.bbox.y0 < box.y0 and box.y1 < ax.bbox.y1 for box in boxes)
        assert all(ax.bbox.x0 < box.x0 and box.x1 < ax.bbox.x1 for box in boxes)
