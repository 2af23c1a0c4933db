"""Sphinx's configuration of the course's site; `tools/make_site.py` prepares the sources and calls Sphinx."""

import collections
import os
import re
import sys
from pathlib import Path

import plotly
from docutils import nodes

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # autodoc imports every module, which makes TensorFlow talk
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # it notes at any level that they are on; nothing is computed here

import repository  # noqa: E402

import hepml_helpers  # noqa: E402

project = "Machine learning in particle physics"
author = "the hepml-helpers developers"
copyright = "the hepml-helpers developers: text and figures CC BY 4.0, code BSD 3-Clause"
version = release = hepml_helpers.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
exclude_patterns = ["_generated"]  # pages include what lies there

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}  # lessons have no widgets, and their scripts lie on another host
myst_enable_extensions = ["amsmath", "attrs_inline", "dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4

add_module_names = False  # each module has its page
default_role = "py:obj"  # what docstrings put between single backticks
napoleon_numpy_docstring, napoleon_google_docstring = True, False
napoleon_use_param = napoleon_use_rtype = False  # or each word of a shape, as n_events, would be taken for a name
autodoc_typehints = "none"  # the docstrings say it, with shapes and units

html_theme = "sphinx_book_theme"
html_title = project
html_show_sphinx = False
html_static_path = ["_static", str(Path(plotly.__file__).parent / "package_data/plotly.min.js")]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # as the reader's system has it
html_theme_options = {
    "repository_url": f"https://github.com/{repository.slug()}",
    "use_repository_button": True,
    "use_download_button": True,
    "show_toc_level": 2,
    "navbar_persistent": [],  # the search stands in the sidebar
    "secondary_sidebar_items": {"**": ["page-toc"], "results": [], "status": []},  # wide tables
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def load_plotly_where_it_draws(app, pagename, templatename, context, doctree):
    """Let only the pages that hold an interactive display load plotly, which is several megabytes."""
    if doctree is not None and any("plotly-display" in node.astext() for node in doctree.findall(nodes.raw)):
        app.add_js_file("plotly.min.js", loading_method="defer")
        app.add_js_file("displays.js", loading_method="defer")


def keep_bars(app, what, name, obj, options, lines):
    """Let |x| be the size of x: reStructuredText would look for a substitution of that name."""
    lines[:] = [re.sub(r"\|(?=\S)([^|`]*\S)\|", r"\\|\1\\|", line) for line in lines]


def skip_fields(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples, which the docstring of the class describes."""
    return True if isinstance(obj, type(collections.namedtuple("Pair", "first").first)) else None


def setup(app):
    app.connect("html-page-context", load_plotly_where_it_draws)
    app.connect("autodoc-process-docstring", keep_bars)
    app.connect("autodoc-skip-member", skip_fields)
