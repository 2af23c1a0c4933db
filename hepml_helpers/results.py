"""What a lesson measured, beside what was published.

A lesson calls `record`; the reader sees a row of a table, and the notebook keeps a machine-readable copy of it, in an
output of type `MIME_TYPE`, which whoever executes the notebook collects with `collect`.
"""

import html
import math
import warnings

MIME_TYPE = "application/vnd.hepml.result+json"


def record(name, value, uncertainty=None, *, accepted=None, published=None, source=None, unit="") -> None:
    """Show one measured result beside the published one, and leave it in the notebook for the runner.

    Parameters
    ----------
    name : str
        What was measured, in words.
    value : float
        The measured value.
    uncertainty : float, optional
        Its standard uncertainty, in the same unit.
    accepted : (low, high), optional
        The band in which the value must lie; without one the result is shown and not judged.
    published : float or str, optional
        The published figure, quoted with its uncertainty where it has one.
    source : str, optional
        Where it was published (arXiv id, equation or table).
    unit : str, optional
        Unit of all these numbers.

    Notes
    -----
    It never raises: what cannot be recorded is shown with a warning, and the lesson goes on.

    Examples
    --------
    >>> record("Z mass", 91.1, 0.1, accepted=(90.0, 92.0), published="91.188", source="PDG", unit="GeV")
    Z mass: 91.10 ± 0.10 GeV | accepted 90 to 92 | published 91.188 (PDG) | pass
    """
    try:
        result = {
            "name": str(name),
            "value": _finite(value),
            "uncertainty": None if uncertainty is None else _finite(uncertainty),
            "accepted": None if accepted is None else [_finite(edge) for edge in accepted],
            "published": None if published is None else str(published),
            "source": None if source is None else str(source),
            "unit": str(unit),
        }
        if result["accepted"] is not None and len(result["accepted"]) != 2:
            raise ValueError(f"accepted is {accepted!r}; expected (low, high)")
        _show(result)
    except Exception as error:  # a result that cannot be shown must not stop a student's lesson
        warnings.warn(f"the result {name!r} was not recorded: {error}", stacklevel=2)


def verdict(result: dict) -> str:
    """How a recorded result stands to its accepted band: ``"pass"``, ``"outside"`` or ``"not judged"``.

    Examples
    --------
    >>> verdict({"value": 0.9, "accepted": [0.8, 1.0]})
    'pass'
    >>> verdict({"value": None, "accepted": [0.8, 1.0]})
    'outside'
    """
    if result["accepted"] is None:
        return "not judged"
    low, high = result["accepted"]
    value = result["value"]
    return "pass" if value is not None and low <= value <= high else "outside"


def collect(notebook: dict) -> list[dict]:
    """The results that an executed notebook (as read from its JSON file) recorded, in their order."""
    return [
        output["data"][MIME_TYPE]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if MIME_TYPE in output.get("data", {})
    ]


def describe(result: dict) -> dict[str, str]:
    """The cells of a table row for a result, as text: result, measured, accepted, published, verdict.

    Examples
    --------
    >>> row = describe({"name": "m", "value": 1.234, "uncertainty": 0.05, "accepted": [1, 2], "unit": "GeV",
    ...                 "published": None, "source": None})
    >>> row["measured"], row["accepted"], row["verdict"]
    ('1.234 ± 0.050 GeV', '1 to 2', 'pass')
    """
    accepted = result["accepted"]
    published = result["published"] or "-"
    return {
        "result": result["name"],
        "measured": f"{describe_value(result['value'], result['uncertainty'])} {result['unit']}".strip(),
        "accepted": "-" if accepted is None else f"{accepted[0]:g} to {accepted[1]:g}",
        "published": f"{published} ({result['source']})" if result["source"] else published,
        "verdict": verdict(result),
    }


def describe_value(value: float | None, uncertainty: float | None = None) -> str:
    """Value and uncertainty as text, rounded to two digits of the uncertainty.

    Examples
    --------
    >>> describe_value(0.97512, 0.0012), describe_value(304.6, 21.0), describe_value(0.5)
    ('0.9751 ± 0.0012', '305 ± 21', '0.5')
    """
    if value is None:
        return "not a finite number"
    if not uncertainty:
        return f"{value:.4g}"
    decimals = 1 - math.floor(math.log10(abs(uncertainty)))
    if decimals > 6:
        return f"{value:.3g} ± {uncertainty:.2g}"
    decimals = max(decimals, 0)
    return f"{value:.{decimals}f} ± {uncertainty:.{decimals}f}"


def _show(result: dict) -> None:
    from IPython import get_ipython
    from IPython.display import display

    row = describe(result)
    text = "{result}: {measured} | accepted {accepted} | published {published} | {verdict}".format(**row)
    if get_ipython() is None:
        print(text)
        return
    bundle = {"text/plain": text, "text/html": _as_html(row), MIME_TYPE: result}
    display(bundle, raw=True)


def _as_html(row: dict[str, str]) -> str:
    mark = {"pass": "✔", "outside": "✘", "not judged": ""}[row["verdict"]]
    cells = dict(row, verdict=f"{mark} {row['verdict']}".strip())
    style = "text-align:left;padding:0.2em 1em 0.2em 0;vertical-align:top"
    head = "".join(f'<th style="{style}">{key}</th>' for key in cells)
    body = "".join(f'<td style="{style}">{html.escape(text)}</td>' for text in cells.values())
    return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{body}</tr></tbody></table>"


def _finite(value) -> float | None:
    """The value as a float, or None where it is nan or infinite (JSON knows neither)."""
    value = float(value)
    return value if math.isfinite(value) else None
