"""uv, told to use the package index that pip is configured with.

uv reads neither pip's configuration files nor its ``PIP_*`` variables. On a machine that reaches packages only through
a mirror it would therefore fail where pip works. `environment` translates pip's settings into uv's variables; what is
set for uv itself always wins.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys

# pip's setting -> uv's variable
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_SYNONYMS = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}


def environment(python: str = sys.executable) -> dict[str, str]:
    """The variables of this process, with uv's own completed from the configuration of that Python's pip."""
    variables = dict(os.environ)
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True)
    for name, value in from_pip(listed.stdout).items():
        if name not in variables and _SYNONYMS.get(name) not in variables:
            variables[name] = value
    if "UV_INDEX" in variables:  # pip takes the best version of all its indexes, uv by default that of the first
        variables.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return variables


def from_pip(listing: str) -> dict[str, str]:
    """uv's variables for the output of ``pip config list``.

    Examples
    --------
    >>> from_pip("global.index-url='https://mirror.example/simple'")
    {'UV_DEFAULT_INDEX': 'https://mirror.example/simple'}
    """
    # environment over the install section over the global one; within one scope pip lists the last word last
    order = {"global": 0, "install": 1, ":env:": 2}
    found = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        scope, _, setting = key.partition(".")
        if setting in _SETTINGS and order.get(scope, -1) >= found.get(setting, (0, ""))[0]:
            found[setting] = (order[scope], " ".join(_as_text(value).split()))
    return {_SETTINGS[setting]: value for setting, (_, value) in found.items() if value}


def _as_text(value: str) -> str:
    try:
        return str(ast.literal_eval(value))
    except (SyntaxError, ValueError):
        return value
