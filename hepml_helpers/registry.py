"""Which datasets there are: the registry ``data/registry.json``, read into plain frozen objects.

The registry lists every dataset with its title, origin, columns (unit, description, allowed values), licence and files
(addresses, size, SHA-256), and how a simulated one was made. Nothing is downloaded or read here: `fetch` finds a good
copy of a file, `tables` reads it, and lessons use `datasets`.
"""

import difflib
import json
from dataclasses import dataclass, field, fields
from pathlib import Path


class DataUnavailable(OSError):
    """No good copy of the data could be had; the message says where it was looked for, and what to do."""


class CorruptData(ValueError):
    """A file is there, but it is not what the registry describes; the message says what was found and expected."""


class UnknownDataset(KeyError):
    """No dataset has this name; the message suggests the nearest."""

    def __str__(self) -> str:
        return self.args[0]  # a KeyError would show the message in quotes


@dataclass(frozen=True)
class DataFile:
    """One file of a dataset; its `path` is relative to any folder of data.

    `sha256` or, where the archive gives no other, `md5` is its checksum; none at all means "not yet verified".
    """

    path: str
    urls: tuple[str, ...] = ()
    sha256: str | None = None
    md5: str | None = None
    size: int | None = None
    rows: int | None = None
    constants: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """An entry of the registry.

    `columns` maps each column to its ``unit`` and ``description``, and where they are known to ``min`` and ``max``. A
    column with a unit or a limit holds numbers; numbers are finite unless the column says ``"finite": false``. A column
    with ``counts`` holds one list a row, as long as the column of that name says; ``precision`` tells how numbers were
    rounded before they were stored, ``step`` that they are multiples of it, which is what the file holds.
    `rename` maps names in the file to ours. A dataset that is no table names in `read_with` what reads it.
    """

    name: str
    title: str
    recorded: bool
    label: str
    description: str
    columns: dict
    files: tuple[DataFile, ...]
    rows: int | None = None
    jagged: bool = False
    licence: str = ""
    record: int | str | None = None
    doi: str | None = None
    tree: str | None = None
    rename: dict = field(default_factory=dict)
    recipe: dict | None = None
    ask_first: bool = False
    read_with: str = ""
    note: str = ""

    @property
    def size(self) -> int | None:
        """Bytes of all files together, or None where one is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(sizes)


def data_root() -> Path:
    """The folder that holds ``registry.json`` and ``samples``: in the installed package, or ``data`` of a checkout."""
    package = Path(__file__).resolve().parent
    for root in (package / "data", package.parent / "data"):
        if (root / "registry.json").is_file():
            return root
    raise DataUnavailable(
        f"registry.json is neither in {package / 'data'} nor in a checkout; install the package again"
    )


def all_datasets() -> dict[str, Dataset]:
    """All datasets of the registry, by name."""
    entries = json.loads((data_root() / "registry.json").read_text(encoding="utf-8"))["datasets"]
    return {name: _dataset(name, entry) for name, entry in entries.items()}


def dataset_info(name: str) -> Dataset:
    """The registry's entry of one dataset.

    Raises
    ------
    UnknownDataset
        A KeyError that suggests the nearest name.

    Examples
    --------
    >>> dataset_info("cms_four_leptons").rows
    278
    >>> dataset_info("cms_four_lepton")
    Traceback (most recent call last):
        ...
    hepml_helpers.registry.UnknownDataset: no dataset 'cms_four_lepton'; did you mean 'cms_four_leptons'?
    """
    known = all_datasets()
    if name not in known:
        raise UnknownDataset(f"no dataset {name!r}; {did_you_mean(name, known)}")
    return known[name]


def did_you_mean(name: str, known) -> str:
    """A question that suggests the nearest of the known names, or a list of them where none is near.

    Examples
    --------
    >>> did_you_mean("etta1", ["pt1", "eta1"])
    "did you mean 'eta1'?"
    >>> did_you_mean("zzz", ["pt1", "eta1"])
    'expected one of pt1, eta1'
    """
    by_lower_case = {str(candidate).lower(): candidate for candidate in known}
    near = difflib.get_close_matches(str(name).lower(), by_lower_case, n=1)
    return f"did you mean {by_lower_case[near[0]]!r}?" if near else f"expected one of {', '.join(map(str, known))}"


def readable_size(size: int | None) -> str:
    """A number of bytes as people say it.

    Examples
    --------
    >>> readable_size(5551), readable_size(2_244_449_133)
    ('5.6 kB', '2.2 GB')
    """
    if size is None:
        return "unknown size"
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}"
    return f"{size} B"


def _dataset(name: str, entry: dict) -> Dataset:
    files = tuple(DataFile(**_known(DataFile, file) | {"urls": tuple(file.get("urls", ()))}) for file in entry["files"])
    return Dataset(**_known(Dataset, entry) | {"name": name, "files": files})


def _known(kind: type, entry: dict) -> dict:
    names = {f.name for f in fields(kind)}
    return {key: value for key, value in entry.items() if key in names}
