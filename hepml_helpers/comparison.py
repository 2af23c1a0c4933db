"""Models beside each other: measured in this lesson, measured in other lessons, and published.

Lessons that solve the same problem share a table, such as "top_tagging". ``data/comparison.json`` holds what was
published, with its source, and what the lessons measured when they were last run as a whole (`make comparison` writes
it from the executed notebooks). A lesson shows its own rows among them with `show`, which also leaves them in the
notebook for the runner, in an output of type `MIME_TYPE`.
"""

import html
import json

import numpy as np

from hepml_helpers import metrics
from hepml_helpers.registry import data_root, did_you_mean
from hepml_helpers.results import describe_value

MIME_TYPE = "application/vnd.hepml.comparison+json"


def row(model: str, **figures) -> dict:
    """One model of a table.

    Parameters
    ----------
    model : str
        Its name.
    **figures
        Numbers by the names of the table's figures (``roc_auc``, ``rejection_30``, ``parameters``, ...): a value, or a
        pair of value and standard uncertainty. None and nan mean "not measured".

    Examples
    --------
    >>> row("one cut", roc_auc=(0.93, 0.002), parameters=1)
    {'model': 'one cut', 'roc_auc': [0.93, 0.002], 'parameters': 1}
    """
    return {"model": str(model)} | {name: _plain(value) for name, value in figures.items() if value is not None}


def tagger_row(model: str, y_true, logit, **about) -> dict:
    """A row of what a tagger reaches on test jets: AUC, accuracy, and rejection at 50 % and 30 % signal efficiency.

    Parameters
    ----------
    model : str
        Its name.
    y_true : array_like, shape (n_jets,)
        1 for signal, 0 for background.
    logit : array_like, shape (n_jets,)
        Scores; above 0 is taken for signal.
    **about
        Other figures of the table, such as parameters or seconds.

    Raises
    ------
    ValueError
        As `metrics.roc_auc`.

    Examples
    --------
    >>> found = tagger_row("cut", [1, 1, 1, 0, 0, 0], [2.0, 1.0, -1.0, 0.5, -2.0, -3.0], parameters=1)
    >>> found["accuracy"][0].__round__(3), found["roc_auc"][0].__round__(3), found["rejection_30"], found["parameters"]
    (0.667, 0.889, [None, None], 1)
    """
    right = float(np.mean((np.asarray(logit) > 0) == np.asarray(y_true)))
    figures = {
        "roc_auc": metrics.roc_auc(y_true, logit),
        "accuracy": (right, np.sqrt(right * (1 - right) / len(y_true))),
    }
    figures |= {f"rejection_{e}": metrics.background_rejection(y_true, logit, e / 100) for e in (50, 30)}
    return row(model, **figures, **about)


def table(name: str, rows: list[dict] = ()):
    """A table of models as text, published ones first, then measured ones, those of this lesson last.

    Parameters
    ----------
    name : str
        Such as "top_tagging".
    rows : list of dict
        What this lesson measured, from `row`; each replaces what is on record for a model of that name.

    Returns
    -------
    pandas.DataFrame
        One row a model: its name, the figures, and where the row comes from.

    Raises
    ------
    ValueError
        There is no table of that name, or a row has a figure that the table lacks.
    """
    import pandas as pd

    about = _about(name, rows)
    lines = [_as_text(line, about["figures"], origin) for line, origin in _all_rows(about, rows)]
    return pd.DataFrame(lines, columns=["model", *about["figures"].values(), "from"])


def numbers(name: str, rows: list[dict] = ()) -> list[dict]:
    """The same rows as numbers, for a figure: each with its model, its figures and its origin under ``from``."""
    return [line | {"from": origin} for line, origin in _all_rows(_about(name, rows), rows)]


def show(name: str, rows: list[dict]) -> None:
    """Show the table, and leave this lesson's rows in the notebook for the runner.

    Raises
    ------
    ValueError
        There is no table of that name, or a row has a figure that the table lacks.
    """
    from IPython import get_ipython
    from IPython.display import display

    shown = table(name, rows)
    text = shown.to_string(index=False)
    if get_ipython() is None:
        print(text)
        return
    display({"text/plain": text, "text/html": _as_html(shown), MIME_TYPE: {"table": name, "rows": rows}}, raw=True)


def collect(notebook: dict) -> dict[str, list[dict]]:
    """The rows that an executed notebook (as read from its JSON file) showed, by table."""
    found = [
        output["data"][MIME_TYPE]
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if MIME_TYPE in output.get("data", {})
    ]
    return {one["table"]: one["rows"] for one in found}


def _about(name: str, rows: list[dict]) -> dict:
    tables = json.loads((data_root() / "comparison.json").read_text(encoding="utf-8"))
    if name not in tables:
        raise ValueError(f"no comparison {name!r}; {did_you_mean(name, tables)}")
    for line in rows:
        for figure in line.keys() - {"model"} - tables[name]["figures"].keys():
            raise ValueError(
                f"{line['model']} has a figure {figure!r}; {did_you_mean(figure, tables[name]['figures'])}"
            )
    return tables[name]


def _all_rows(about: dict, rows: list[dict]) -> list[tuple[dict, str]]:
    mine = {line["model"] for line in rows}
    others = [line for line in about["measured"] if line["model"] not in mine]
    return [
        *((line, line["source"]) for line in about["published"]),
        *((line, f"lesson {line['lesson'][:2]}") for line in others),
        *((line, "this lesson") for line in rows),
    ]


def _plain(value):
    if isinstance(value, (tuple, list)):
        return [None if number is None or number != number else float(number) for number in value]
    if value != value:
        return None
    return int(value) if int(value) == value else float(value)


def _as_text(line: dict, figures: dict, origin: str) -> list[str]:
    values = [line.get(figure) for figure in figures]
    return [line["model"], *(_figure_as_text(value) for value in values), origin]


def _figure_as_text(value) -> str:
    if value is None or value == [None, None]:
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return describe_value(*value) if isinstance(value, list) else f"{value:.3g}"


def _as_html(shown) -> str:
    style = "text-align:left;padding:0.15em 0.8em 0.15em 0;vertical-align:top"
    head = "".join(f'<th style="{style}">{html.escape(column)}</th>' for column in shown.columns)
    body = ""
    for line in shown.itertuples(index=False):
        weight = ";font-weight:bold" if line[-1] == "this lesson" else ""
        body += "<tr>" + "".join(f'<td style="{style}{weight}">{html.escape(cell)}</td>' for cell in line) + "</tr>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
