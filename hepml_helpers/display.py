"""Interactive displays of single events: muon tracks in the magnetic field of a detector built like CMS.

Conventions: lengths in metres, the beam along z, y up, the collision at the origin. A track is a chain of exact arcs in
a field along z that is constant piece by piece: 3.8 T inside the coil; none in the coil itself and beyond its ends; and
between the radii of the yoke the uniform field that carries all of the coil's flux back, so that muons bend the other
way there. Left out: the energy that muons lose in the calorimeters and the iron, scattering, and the radial field at
the coil's ends. The dimensions are those of CMS (JINST 3 (2008) S08004), rounded.

`track_display` shows points that are put together into tracks, in any detector; there lengths are in mm.
"""

import base64
import io
import math

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from hepml_helpers import kinematics

FIELD = 3.8  # tesla, along +z
COIL_RADIUS, COIL_HALF_LENGTH = 3.0, 6.25  # metres: the field fills this cylinder
YOKE_RADII = (4.0, 7.4)  # metres: the flux returns between these
OUTER_HALF_LENGTH = 10.8  # metres: end of the muon chambers

# name, colour, drawn boxes (inner radius, outer radius, low |z|, high |z|) in metres
_DETECTOR = [
    ("calorimeters", "#C9A227", [(1.3, 2.9, 0.0, 3.0), (0.35, 2.9, 3.1, 5.6)]),
    ("solenoid coil", "#8C8C8C", [(COIL_RADIUS, 3.5, 0.0, COIL_HALF_LENGTH)]),
    ("muon chambers and yoke", "#4F8FC0", [(*YOKE_RADII, 0.0, 6.6), (0.9, 7.0, 6.7, OUTER_HALF_LENGTH)]),
]
# Middle tones, which are seen on a light and on a dark page; μ⁺ and μ⁻
_COLOR = {1: "#CC5C97", -1: "#009E73"}
_GREY, _FAINT = "#808080", "rgba(128,128,128,0.25)"
_TRACK_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4FBF", "#A6761D")
_STEP, _LONGEST = 0.05, 40.0  # metres along a track
_LABEL = np.array([6.8, 1.1])  # metres that a label takes in the static picture
_LABEL_REACH = np.array([10.7, 10.7])  # and how far out its middle may lie


def bending_radius(pt: float, *, field: float = FIELD) -> float:
    """Radius in metres of the circle on which a unit charge of transverse momentum ``pt`` (GeV) moves.

    Raises
    ------
    ValueError
        If ``pt`` is not a positive number.

    Examples
    --------
    >>> round(bending_radius(3.0, field=1.0), 1)
    10.0
    """
    if not 0.0 < pt < math.inf:
        raise ValueError(f"pt is {pt}; expected a positive number of GeV")
    return float(kinematics.bending_radius(pt, field))


def muon_track(pt: float, eta: float, phi: float, charge: int) -> np.ndarray:
    """Points along a muon's path from the collision to the end of the detector.

    Parameters
    ----------
    pt, eta, phi : float
        Transverse momentum in GeV, pseudorapidity and azimuth in radians, at the collision.
    charge : {1, -1}

    Returns
    -------
    ndarray, shape (n_points, 3)
        x, y, z in metres, a few centimetres apart. The track ends where it leaves the detector, or curls up inside.

    Raises
    ------
    ValueError
        If ``pt`` is not positive, ``eta`` or ``phi`` is not finite, or the charge is neither 1 nor -1.
    """
    _check_muon(pt, eta, phi, charge)
    across, along = _STEP / math.cosh(eta), _STEP * math.tanh(eta)  # of each step, transverse and along the beam
    x = y = z = 0.0
    points = [(x, y, z)]
    while math.hypot(x, y) < YOKE_RADII[1] and abs(z) < OUTER_HALF_LENGTH and len(points) * _STEP < _LONGEST:
        # The force q v x B turns a positive charge clockwise about a field along +z.
        turn = -charge * across * kinematics.CURVATURE * _field(math.hypot(x, y), z) / pt
        chord = across * float(np.sinc(turn / (2.0 * math.pi)))
        x, y, z = x + chord * math.cos(phi + turn / 2.0), y + chord * math.sin(phi + turn / 2.0), z + along
        phi += turn
        points.append((x, y, z))
    return np.array(points)


def event_display(pt, eta, phi, charge, *, title: str = "") -> "EventDisplay":
    """Display one event's muons in three dimensions, with a static picture where nothing interactive shows.

    Parameters
    ----------
    pt, eta, phi, charge : array_like, shape (n_muons,)
        Transverse momenta in GeV, pseudorapidities, azimuths in radians, and charges (1 or -1).
    title : str
        Written above: say where the event comes from.

    Returns
    -------
    EventDisplay
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If the shapes differ, there is no muon, or a muon's values make no track; the message names the muon.
    """
    columns = [np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in (pt, eta, phi, charge)]
    shapes = [column.shape for column in columns]
    if len(set(shapes)) > 1 or columns[0].ndim != 1 or columns[0].size == 0:
        raise ValueError(f"pt, eta, phi, charge have shapes {shapes}; expected one common (n_muons,), at least 1 muon")
    muons = list(zip(*(column.tolist() for column in columns), strict=True))
    for number, muon in enumerate(muons, start=1):
        try:
            _check_muon(*muon)
        except ValueError as error:
            raise ValueError(f"muon {number}: {error}") from None
    return EventDisplay(muons, title)


def track_display(points, track, *, lines=(), title: str = "") -> "TrackDisplay":
    """Display points in three dimensions, coloured by the track to which each belongs.

    Parameters
    ----------
    points : array_like, shape (n_points, 3)
        x, y, z in mm.
    track : array_like of int, shape (n_points,)
        Number of the track; negative for none, which is drawn in grey. Eight colours take turns.
    lines : iterable of ndarray, shape (n, 3)
        Curves to draw beneath, in mm: the true tracks.
    title : str
        Written above: say where the event comes from.

    Returns
    -------
    TrackDisplay
        Shows itself as the last line of a cell.

    Raises
    ------
    ValueError
        If there is not one track number for each point of three coordinates.
    """
    points, track = np.asarray(points, dtype=np.float64), np.asarray(track)
    if points.ndim != 2 or points.shape[1] != 3 or track.shape != points.shape[:1]:
        raise ValueError(f"points {points.shape}, tracks {track.shape}; expected (n_points, 3) and (n_points,)")
    return TrackDisplay(points, track, [np.asarray(line, dtype=np.float64) for line in lines], title)


class _Shown:
    """What has an interactive ``figure`` and a static ``picture``, in one output of a notebook."""

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        png = io.BytesIO()
        self.picture().savefig(png, format="png", dpi=110, facecolor="white")
        renderer = "colab" if "colab" in (pio.renderers.default or "") else "plotly_mimetype"
        return {
            **pio.renderers[renderer].to_mimebundle(self.figure().to_dict()),
            "image/png": base64.b64encode(png.getvalue()).decode("ascii"),
            "text/plain": self._in_words(),
        }


class TrackDisplay(_Shown):
    """Points and tracks of one event, ready to be shown; made by `track_display`.

    Attributes
    ----------
    points : ndarray, shape (n_points, 3)
    track : ndarray, shape (n_points,)
    lines : list of ndarray, shape (n, 3)
    title : str
    """

    def __init__(self, points, track, lines, title):
        self.points, self.track, self.lines, self.title = points, track, lines, title

    def figure(self) -> go.Figure:
        """The interactive plotly figure; its axes are z (beam), x, y (up)."""
        traces, style = [], {"mode": "lines", "line": {"color": _GREY, "width": 2}, "hoverinfo": "skip"}
        for n, line in enumerate(self.lines):
            name = {"name": "true tracks", "legendgroup": "truth", "showlegend": n == 0}
            traces.append(go.Scatter3d(**_lists(line), **name, **style, opacity=0.5))
        for color, kept in self._colors():
            name = "in no track" if color == _GREY else "points of tracks"
            text = [f"track {number}" if number >= 0 else "no track" for number in self.track[kept].tolist()]
            marker = {"color": color, "size": 2.0 if color == _GREY else 3.0}
            about = {"name": name, "text": text, "hoverinfo": "text", "showlegend": color == _GREY}
            traces.append(go.Scatter3d(**_lists(self.points[kept]), mode="markers", marker=marker, **about))
        layout = _layout(self.title)
        for key, text in (("xaxis", "z, beam [mm]"), ("yaxis", "x [mm]"), ("zaxis", "y, up [mm]")):
            layout["scene"][key]["title"] = {"text": text}
        return go.Figure(traces, layout)

    def picture(self):
        """The static matplotlib figure: across the beam (x, y) and along it (z, distance from the beam)."""
        from matplotlib.figure import Figure

        picture = Figure(figsize=(10.5, 4.8), dpi=110, layout="constrained")
        across, along = picture.subplots(1, 2, width_ratios=[1, 1.2])
        for x, y, z in (line.T for line in self.lines):
            across.plot(x, y, color="0.75", lw=0.8, zorder=0)
            along.plot(z, np.hypot(x, y), color="0.75", lw=0.8, zorder=0)
        for color, kept in self._colors():
            x, y, z = self.points[kept].T
            style = {"color": color, "s": 4 if color == _GREY else 9, "lw": 0}
            across.scatter(x, y, **style)
            along.scatter(z, np.hypot(x, y), **style)
        across.set(xlabel="x [mm]", ylabel="y [mm]", aspect="equal")
        along.set(xlabel="z, along the beam [mm]", ylabel="distance from beam [mm]", ylim=(0, None))
        picture.suptitle(self.title, fontsize="medium", color="0.3")
        return picture

    def _colors(self):
        """Each colour and which points have it."""
        yield _GREY, self.track < 0
        for n, color in enumerate(_TRACK_COLORS):
            yield color, (self.track >= 0) & (self.track % len(_TRACK_COLORS) == n)

    def _in_words(self) -> str:
        n_tracks = len(np.unique(self.track[self.track >= 0]))
        return f"Track display: {len(self.points)} points, {n_tracks} tracks"


class EventDisplay(_Shown):
    """One event, ready to be shown; made by `event_display`.

    A notebook stores both pictures in one output: JupyterLab and VS Code show the interactive one, and a converted or
    printed page, or a viewer without plotly, shows the static one. In Colab, plotly's own Colab page is the first.

    Attributes
    ----------
    muons : list of (pt, eta, phi, charge)
    title : str
    """

    def __init__(self, muons: list, title: str):
        self.muons = muons
        self.title = title

    def figure(self) -> go.Figure:
        """The interactive plotly figure; its axes are z (beam), x, y (up)."""
        traces = [*_detector_traces(), _beam_trace()]
        for muon in self.muons:
            traces += _muon_traces(muon)
        return go.Figure(traces, _layout(self.title))

    def picture(self):
        """The static matplotlib figure: across the beam (x, y) and along it (z, distance from the beam)."""
        from matplotlib.figure import Figure  # not pyplot: the figure must not be shown a second time

        picture = Figure(figsize=(10.5, 4.9), dpi=110, layout="constrained")
        across, along = picture.subplots(1, 2, width_ratios=[27, 29])
        _draw_detector(across, along)
        for muon in self.muons:
            _draw_muon(muon, across, along, up=self.muons[0][2])
        across.set(xlabel="x [m]", ylabel="y [m]", xlim=(-13.5, 13.5), ylim=(-11.8, 11.8), aspect="equal")
        along.set(xlabel="z, along the beam [m]", ylabel="± distance from beam [m]", aspect="equal")
        along.set(xlim=(-14.5, 14.5), ylim=(-11.8, 11.8))
        handles, labels = across.get_legend_handles_labels()
        picture.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize="small")
        picture.suptitle(self.title, fontsize="medium", color="0.3")
        return picture

    def _in_words(self) -> str:
        return f"Event display: {', '.join(_name(muon) for muon in self.muons)}"


def _field(radius: float, z: float) -> float:
    """The field along z in tesla at a distance from the beam."""
    if abs(z) > COIL_HALF_LENGTH:
        return 0.0
    if radius < COIL_RADIUS:
        return FIELD
    inner, outer = YOKE_RADII
    return -FIELD * COIL_RADIUS**2 / (outer**2 - inner**2) if inner < radius < outer else 0.0


def _check_muon(pt, eta, phi, charge) -> None:
    bending_radius(pt)
    for name, value in (("eta", eta), ("phi", phi)):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; expected a finite number")
    if charge not in (1, -1):
        raise ValueError(f"the charge is {charge:g}; expected 1 or -1")


def _name(muon) -> str:
    return f"{'μ⁺' if muon[3] > 0 else 'μ⁻'} {muon[0]:.1f} GeV"


def _lists(points: np.ndarray) -> dict:
    """Points (x, y, z) as plotly's x, y, z: the beam to the right, y up. Lists, which every plotly.js can read."""
    x, y, z = np.asarray(points).round(3).T.tolist()
    return {"x": z, "y": x, "z": y}


def _circle(radius: float, z: float) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, 61)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, z)], axis=-1)


def _detector_traces() -> list:
    traces = []
    for name, color, boxes in _DETECTOR:
        inner, outer = boxes[0][0], max(box[1] for box in boxes)
        length = max(box[3] for box in boxes)
        rings = [_circle(r, sign * box[3]) for box in boxes for r in box[:2] for sign in (-1, 1)]
        gap = np.full((1, 3), np.nan)
        lines = _lists(np.concatenate([part for ring in rings for part in (ring, gap)]))
        lines = {key: [None if value != value else value for value in values] for key, values in lines.items()}
        style = {"name": name, "legendgroup": name, "hoverinfo": "skip"}
        traces.append(go.Scatter3d(**lines, **style, mode="lines", line={"color": color, "width": 2}, opacity=0.6))
        barrel = boxes[0][3]
        for radius, half in {(inner, barrel), (outer, barrel if length < OUTER_HALF_LENGTH else length)}:
            wall = np.stack([_circle(radius, -half), _circle(radius, half)]).round(3)
            surface = {"x": wall[..., 2].tolist(), "y": wall[..., 0].tolist(), "z": wall[..., 1].tolist()}
            colors = {"colorscale": [[0, color], [1, color]], "showscale": False, "opacity": 0.08}
            traces.append(go.Surface(**surface, **style, **colors, showlegend=False))
    return traces


def _beam_trace():
    points = _lists([[0, 0, -12.0], [0, 0, 12.0]])
    line = {"color": _GREY, "width": 3, "dash": "dash"}
    return go.Scatter3d(**points, name="beam line", mode="lines", line=line, hoverinfo="skip")


def _muon_traces(muon) -> list:
    points, color = muon_track(*muon), _COLOR[muon[3]]
    about = f"{_name(muon)}<br>η = {muon[1]:.2f}, φ = {muon[2]:.2f} rad<extra></extra>"
    track = go.Scatter3d(
        **_lists(points), name=_name(muon), mode="lines", line={"color": color, "width": 7}, hovertemplate=about
    )
    label = go.Scatter3d(
        **_lists(1.08 * points[-1:]), mode="text", text=[_name(muon)], textfont={"color": color, "size": 14},
        showlegend=False, hoverinfo="skip",
    )  # fmt: skip
    return [track, label]


def _layout(title: str) -> dict:
    clear = "rgba(0,0,0,0)"
    axis = {"gridcolor": _FAINT, "zerolinecolor": _FAINT, "showbackground": False, "nticks": 7}
    names = {"xaxis": "z, beam [m]", "yaxis": "x [m]", "zaxis": "y, up [m]"}
    return {
        "template": "none",
        "title": {"text": title, "font": {"size": 14}},
        "font": {"color": _GREY},
        "paper_bgcolor": clear,
        "scene": {
            **{key: {**axis, "title": {"text": text}} for key, text in names.items()},
            "aspectmode": "data",
            "bgcolor": clear,
            "camera": {
                "up": {"x": 0, "y": 0, "z": 1},
                "eye": {"x": -0.65, "y": -1.5, "z": 0.55},
                "center": {"x": 0, "y": 0, "z": -0.12},
            },
        },
        "modebar": {"bgcolor": clear, "color": _GREY, "activecolor": _GREY},
        "legend": {"orientation": "h", "y": 0.0, "x": 0.5, "xanchor": "center"},
        "margin": {"l": 0, "r": 0, "t": 40, "b": 0},
        "height": 600,
    }


def _draw_detector(across, along) -> None:
    from matplotlib.patches import Annulus, Rectangle

    for name, color, boxes in _DETECTOR:
        inner, outer = boxes[0][:2]
        across.add_patch(Annulus((0, 0), outer, outer - inner, color=color, alpha=0.25, lw=0, label=name))
        for low_r, high_r, low_z, high_z in boxes:
            # A barrel is one box on each side of the beam; an endcap is one more at the other end.
            ends = [(-high_z, high_z)] if low_z == 0 else [(low_z, high_z), (-high_z, -low_z)]
            for (start, stop), low in ((end, low) for end in ends for low in (low_r, -high_r)):
                along.add_patch(Rectangle((start, low), stop - start, high_r - low_r, color=color, alpha=0.25, lw=0))
    along.axhline(0.0, color="0.5", ls="--", lw=1)
    across.plot(0, 0, "+", color="0.3", label="beam line")


def _draw_muon(muon, across, along, *, up: float) -> None:
    """Draw a muon in both views; along the beam, what starts within 90 degrees of the azimuth ``up`` goes upwards."""
    from matplotlib.patheffects import withStroke

    x, y, z = muon_track(*muon).T
    side = 1.0 if math.cos(muon[2] - up) >= 0 else -1.0
    distance = side * np.hypot(x, y)
    for ax, horizontal, vertical in ((across, x, y), (along, z, distance)):
        ax.plot(horizontal, vertical, color=_COLOR[muon[3]], lw=2.2)
        end = np.array([horizontal[-1], vertical[-1]])
        outwards = end / np.hypot(*end)
        place = end + (0.9 + 1.6 * abs(outwards[0])) * outwards  # further out where the text lies along the track
        place = _free_place(place, [text.get_position() for text in ax.texts])
        style = {"ha": "center", "va": "center", "fontsize": "small", "fontweight": "bold"}
        halo = [withStroke(linewidth=3, foreground="white")]
        ax.text(*place, _name(muon), color=_COLOR[muon[3]], path_effects=halo, **style)


def _free_place(place, taken) -> np.ndarray:
    """The place for a label, moved inside the frame, and away from the beam until it covers no label that is there."""
    place = np.clip(place, -_LABEL_REACH, _LABEL_REACH)
    step = np.array([0.0, _LABEL[1] if place[1] >= 0 else -_LABEL[1]])
    while any(np.all(np.abs(place - other) < _LABEL) for other in np.array(taken).reshape(-1, 2)):
        place = place + step
    return place
