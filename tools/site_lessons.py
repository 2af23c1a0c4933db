"""An executed lesson as a page of the site: `as_page` changes a copy of the notebook that papermill wrote.

The page shows what was computed and nothing of the machine that computed it; the set-up is folded, so are the
solutions; every figure has a text for those who cannot see it, and interactive displays become HTML that
``docs/_static/displays.js`` draws.
"""

import ast
import base64
import copy
import datetime
import html
import json
import re

from notebook_files import first_line, source, tags
from repository import BADGE_IMAGE

from hepml_helpers import comparison, results

PLOTLY = "application/vnd.plotly.v1+json"
INJECTED = "injected-parameters"  # papermill's tag of the cell that it adds
FOLDED = {"parameters": ("hide-input", "the profile and the seed"), "setup": ("hide-input", "the set-up")}
FOLDED["solution"] = ("hide-cell", "the solution")
ENOUGH_TEXT, LONGEST_TEXT = 40, 400  # characters of a text made from the lesson's own words


def as_page(executed: dict, stored: dict, *, run: dict) -> dict:
    """The notebook from which the site's page of a lesson is made.

    Parameters
    ----------
    executed : dict
        The executed copy, as read from its file.
    stored : dict
        The lesson itself: where a figure's cell has a text of its own, ``alt`` in its metadata, it is taken from here.
    run : dict
        The run's entry of results.json: profile, minutes, and when it finished.
    """
    notebook = copy.deepcopy(executed)
    notebook["metadata"] = {key: notebook["metadata"][key] for key in ("kernelspec", "language_info")}
    notebook["cells"] = [cell for cell in notebook["cells"] if INJECTED not in tags(cell)]
    texts = figure_texts(notebook["cells"], stored["cells"])
    for cell in notebook["cells"]:
        cell["metadata"] = {"tags": tags(cell)}
        cell["source"] = without_badge_image(source(cell))
        if cell["cell_type"] == "code":
            fold(cell)
            dress_figures(cell, texts[cell["id"]])
    badge = notebook["cells"][1]
    badge["source"] += "\n\n" + about(run, changed=has_changed(executed, stored))
    return notebook


def about(run: dict, *, changed: bool) -> str:
    """A sentence on the run that the page shows.

    Examples
    --------
    >>> about({"profile": "quick", "minutes": 1.26, "finished": "2026-11-29T16:50:00+00:00"}, changed=False)
    '*Executed on 29 November 2026 in the quick profile, in 1.3 minutes.*'
    """
    day = datetime.datetime.fromisoformat(run["finished"])
    text = f"Executed on {day.day} {day:%B %Y} in the {run['profile']} profile, in {run['minutes']:.1f} minutes."
    return f"*{text}{' The lesson has been changed since.' if changed else ''}*"


def has_changed(executed: dict, stored: dict) -> bool:
    """Whether the lesson's cells are no longer those that were executed."""
    ran = [source(cell) for cell in executed["cells"] if INJECTED not in tags(cell)]
    return ran != [source(cell) for cell in stored["cells"]]


def without_badge_image(text: str) -> str:
    """Markdown in which Colab's badge, an image on another host, is a plain link.

    Examples
    --------
    >>> without_badge_image(f"[![Open in Colab]({BADGE_IMAGE})](https://colab.example/a.ipynb)")
    '[Open in Colab](https://colab.example/a.ipynb)'
    """
    return text.replace(f"![Open in Colab]({BADGE_IMAGE})", "Open in Colab")


def fold(cell: dict) -> None:
    """Fold what a reader need not see at first."""
    for tag in FOLDED.keys() & set(tags(cell)):
        how, what = FOLDED[tag]
        cell["metadata"]["tags"].append(how)
        cell["metadata"]["mystnb"] = {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}


def dress_figures(cell: dict, text: str) -> None:
    """Give a cell's pictures their text, turn its interactive displays into HTML, and drop what only runners read.

    Warnings and notes of libraries on stderr are for them too: they name files of the machine.
    """
    cell["metadata"].setdefault("mystnb", {})["image"] = {"alt": text}
    cell["outputs"] = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    for output in cell["outputs"]:
        if PLOTLY in output.get("data", {}):
            output["data"] = {"text/html": display_html(output["data"], text), "text/plain": text}
        for kind in (results.MIME_TYPE, comparison.MIME_TYPE):
            output.get("data", {}).pop(kind, None)


def display_html(data: dict, text: str) -> str:
    """An interactive display as HTML: what plotly draws, and the static picture that stands there until it has."""
    figure = json.dumps({key: data[PLOTLY][key] for key in ("data", "layout")}).replace("</", "<\\/")
    picture = f'<img src="data:image/png;base64,{joined(data["image/png"]).strip()}" alt="{html.escape(text)}">'
    return f'<div class="plotly-display"><script type="application/json">{figure}</script>{picture}</div>'


def picture_of(executed: dict, cell_id: str) -> bytes:
    """The first picture in a cell's outputs, a PNG.

    Raises
    ------
    ValueError
        If there is no such cell or it shows no picture.
    """
    for cell in executed["cells"]:
        for output in cell.get("outputs", []) if cell.get("id") == cell_id else ():
            if "image/png" in output.get("data", {}):
                return base64.b64decode(joined(output["data"]["image/png"]))
    raise ValueError(f"cell {cell_id!r} shows no picture; expected a cell that draws a figure")


def environment_of(executed: dict) -> str:
    """What the lesson ran on, as its set-up cell said; without the profile."""
    said = [
        line
        for cell in executed["cells"]
        for output in cell.get("outputs", [])
        for line in joined(output.get("text", "")).splitlines()
        if line.startswith("hepml-helpers ")
    ]
    return " · ".join(part for part in (said or ["not known"])[0].split(" · ") if not part.startswith("profile "))


def figure_texts(cells: list[dict], stored: list[dict]) -> dict[str, str]:
    """For each code cell, by its id, what its figure shows.

    Its own text where the lesson has one; otherwise the heading above it, the labels of its axes, and the first
    sentence after it, which in these lessons says what there is to see.
    """
    own = {cell["id"]: cell["metadata"].get("alt") for cell in stored}
    texts, heading = {}, ""
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.+)$", source(cell), re.MULTILINE)
            heading = headings[-1] if headings else heading
        else:
            after = next((source(later) for later in cells[number + 1 :] if later["cell_type"] == "markdown"), "")
            parts = (re.sub(r"(?<![.?!])$", ".", plain(heading)), axes_of(source(cell)), first_sentences(after))
            texts[cell["id"]] = own.get(cell["id"]) or shortened(" ".join(filter(None, parts)))
    return texts


def axes_of(code: str) -> str:
    """What stands at the axes of the figures that a cell draws, as far as the cell writes it out.

    Examples
    --------
    >>> axes_of('ax.set(xlabel="epoch", ylabel="loss", ylim=(0, 1))\\nax.set_title("not an axis")')
    'Axes: epoch; loss.'
    """
    try:
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    except SyntaxError:  # a line for IPython alone, as in a set-up cell
        return ""
    labels = []
    for call in calls:
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        wanted = {"xlabel", "ylabel"} | ({"label"} if name == "make_hist" else set())
        labels += [keyword.value for keyword in call.keywords if keyword.arg in wanted]
        labels += call.args[:1] if name in ("set_xlabel", "set_ylabel") else []
    texts = [plain(label.value) for label in labels if isinstance(label, ast.Constant) and isinstance(label.value, str)]
    texts = list(dict.fromkeys(filter(None, texts)))
    return f"Axes: {'; '.join(texts)}." if texts else ""


def first_sentences(markdown: str) -> str:
    """The beginning of a text, without its marks, until it says enough; nothing where it begins with a heading.

    Examples
    --------
    >>> first_sentences("**The losses.** Left, they part at $t_0$: see [PDG](https://x.y) and the text. And more.")
    'The losses. Left, they part at t_0: see PDG and the text.'
    """
    line = first_line({"source": markdown})
    if line.startswith(("#", "$$", "|")):
        return ""
    said = ""
    for sentence in re.findall(r"\S.*?(?:[.?!](?=\s|$)|$)", plain(line)):
        said = f"{said} {sentence}".strip()
        if len(said) >= ENOUGH_TEXT:
            break
    return said


def plain(markdown: str) -> str:
    """Markdown and TeX as text that can be read aloud.

    Examples
    --------
    >>> plain(r"`p4` with **bold** $p_\\mathrm{T} \\to \\frac{1}{2}$")
    'p4 with bold p_T to 1/2'
    """
    text = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:mathrm|text|mathbf|vec|bar|hat|left|right)\b", "", text)
    return re.sub(r"\s+", " ", re.sub(r"[*`$\\{}]", "", text)).strip()


def shortened(text: str) -> str:
    """A text of bearable length, cut between words."""
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT].rpartition(" ")[0] + " …"


def joined(text: str | list[str]) -> str:
    """What the notebook format keeps as one string or as a list of lines."""
    return text if isinstance(text, str) else "".join(text)
