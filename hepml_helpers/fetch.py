"""A good copy of each file: here already, or downloaded, and always compared with the registry.

A file is looked for in ``HEPML_DATA_DIR`` (as ``DIR/<path>``, then ``DIR/<file name>``), in the cache
(``HEPML_CACHE_DIR``, or the usual cache of the operating system), and on the network, one address after the other. A
relative ``HEPML_DATA_DIR`` is taken from the current folder, or else from the top of the checkout.
Embedded samples have no address: they lie beside the registry. Wherever a file comes from, it is handed out only after
its size and checksum were compared with the registry.

A download goes to a temporary file in the cache and gets its good name in one step, after the comparison: a file that
was cut off, or an error page in place of data, never bears that name, and any number of processes may download the same
file at once (each moves the same bytes to the same place).
"""

import os
import tempfile
import time
import warnings
from pathlib import Path
from urllib.parse import urlsplit

from hepml_helpers import __version__, registry
from hepml_helpers.progress import Bar
from hepml_helpers.registry import CorruptData, DataFile, Dataset, DataUnavailable, readable_size

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pooch loads tqdm's widgets, which warn where ipywidgets is missing
    import pooch

USER_AGENT = f"hepml-helpers/{__version__}"
TIMEOUT = (5, 30)  # seconds to connect, and to wait for the next bytes
RETRY_WAIT = 1.0  # seconds before the second and last attempt at an address that broke off
BAR_DELAY = 0.5  # seconds before a progress bar appears; a small file needs none


def cache_dir() -> Path:
    """The folder for downloads: ``HEPML_CACHE_DIR``, or the usual cache of the operating system."""
    return Path(os.environ.get("HEPML_CACHE_DIR") or pooch.os_cache("hepml")).expanduser()


def local_copy(file: DataFile) -> tuple[Path, str] | None:
    """Where a file lies on this machine, and the name of that place, or None. It is not opened."""
    folder = _data_dir()
    if not file.urls:
        places = [(registry.data_root() / file.path, "embedded")]
    else:
        places = [(folder / name, "HEPML_DATA_DIR") for name in (file.path, Path(file.path).name) if folder]
        places.append((cache_dir() / file.path, "cache"))
    return next(((path, place) for path, place in places if path.is_file()), None)


def locate(dataset: Dataset, file: DataFile, *, download: bool | None = None) -> tuple[Path, str]:
    """A verified copy of a file on this machine, downloaded where it is needed and allowed.

    Parameters
    ----------
    dataset, file : Dataset, DataFile
        An entry of the registry, and one of its files.
    download : bool, optional
        Whether the network may be used; None means yes, except for a large dataset marked ``ask_first``.

    Returns
    -------
    path, source : Path, str
        ``source`` is "HEPML_DATA_DIR", "cache", "download" or "embedded".

    Raises
    ------
    CorruptData
        The copy in ``HEPML_DATA_DIR``, or the embedded one, is damaged. It is never passed over in silence.
    DataUnavailable
        No copy is here and none could be downloaded. A damaged copy in the cache is removed, with a printed line.
    """
    found = local_copy(file)
    if found is not None:
        path, source = found
        damage = find_damage(path, file)
        if damage is None:
            return path, source
        if source != "cache":
            raise CorruptData(f"{path} ({source}) is not the file of the registry: {damage}. {_REMEDY[source]}")
        discard(path)
        print(f"{path} (cache) is not the file of the registry: {damage}. It was removed.")
    if not file.urls:
        raise DataUnavailable(f"the embedded {registry.data_root() / file.path} is missing. {_REMEDY['embedded']}")
    if download is None:
        download = not dataset.ask_first
    if not download:
        why = f"It is downloaded only when asked for, because it has {readable_size(dataset.size)}" * dataset.ask_first
        raise DataUnavailable(". ".join(filter(None, (_looked(dataset, file), why, _how_to_get(dataset, file)))))
    return _download(dataset, file), "download"


def find_damage(path: Path, file: DataFile) -> str | None:
    """How a file differs from what the registry describes, in words, or None; an unknown checksum is printed."""
    size = path.stat().st_size
    known_size = file.size in (None, size)
    algorithm = "md5" if file.md5 and not file.sha256 else "sha256"
    expected = getattr(file, algorithm)
    checksum = pooch.file_hash(str(path), alg=algorithm) if known_size else None
    if known_size and expected == checksum:
        return None
    html = _looks_like_html(path)
    if known_size and expected is None and not html:
        print(f"{file.path}: not yet verified, the registry holds no checksum for it; found sha256 {checksum}")
        return None
    kind = "an HTML page of " if html else "a truncated file of " if file.size and size < file.size else ""
    found = f"{kind}{size} bytes" + (f" with {algorithm} {checksum}" if checksum else "")
    bytes_expected = "" if file.size is None else f"{file.size} bytes "
    return f"found {found}, expected {bytes_expected}with {algorithm} {expected or '(not yet verified)'}"


def discard(path: Path) -> None:
    """Remove a bad file from the cache, so that it does not keep its good name."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CorruptData(f"{path} is damaged and cannot be removed ({error}); delete it yourself") from error


_REMEDY = {
    "HEPML_DATA_DIR": "Replace or delete that file, or unset HEPML_DATA_DIR to download a good copy",
    "embedded": "Install hepml-helpers again, or restore the file in the checkout",
}


def _data_dir() -> Path | None:
    """The folder that HEPML_DATA_DIR names; lessons run in their own folder, so a relative one counts from the top."""
    name = os.environ.get("HEPML_DATA_DIR")
    if not name:
        return None
    folder = Path(name).expanduser()
    for candidate in (folder, registry.data_root().parent / folder):
        if candidate.is_dir():
            return candidate.absolute()
    warnings.warn(f"HEPML_DATA_DIR is {name!r}, which is no folder: nothing is looked up there", stacklevel=2)
    return None


def _looked(dataset: Dataset, file: DataFile) -> str:
    folder = os.environ.get("HEPML_DATA_DIR")
    first = f"HEPML_DATA_DIR ({folder})" if folder else "HEPML_DATA_DIR (not set)"
    return f"{dataset.name}: no {file.path} in {first}, nor in the cache ({cache_dir()})"


def _how_to_get(dataset: Dataset, file: DataFile) -> str:
    ask = f'datasets.dataset_path("{dataset.name}", download=True)'
    how = f"call {ask}" if dataset.ask_first else "connect to the network and load it again"
    return (
        f"To get it ({readable_size(dataset.size)}), {how}; or fetch {file.urls[0]} by other means, "
        f"save it as {Path(file.path).name}, and set HEPML_DATA_DIR to its folder"
    )


def _looks_like_html(path: Path) -> bool:
    with open(path, "rb") as stream:
        start = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml"))


def _download(dataset: Dataset, file: DataFile) -> Path:
    """Try one address after the other; a host that does not answer is not asked a second time."""
    target = cache_dir() / file.path
    failures, silent_hosts = [], set()
    for url in file.urls:
        host = urlsplit(url).netloc
        if host in silent_hosts:
            continue
        try:
            failure, answered = _try_address(url, file, target)
        except OSError as error:
            raise DataUnavailable(
                f"{_looked(dataset, file)}, and the cache cannot be written ({error}). "
                "Set HEPML_CACHE_DIR to a folder that you may write to"
            ) from error
        if failure is None:
            return target
        failures.append(f"\n  {url}: {failure}")
        silent_hosts |= set() if answered else {host}
    raise DataUnavailable(
        f"{_looked(dataset, file)}, and no good copy came from{''.join(failures)}\n{_how_to_get(dataset, file)}"
    )


def _try_address(url: str, file: DataFile, target: Path) -> tuple[str | None, bool]:
    """What failed in words, or None, and whether the host answered. What broke off on the way is tried once more."""
    from requests import exceptions

    for attempt in (1, 2):
        try:
            return _fetch(url, file, target), True
        except exceptions.HTTPError as error:
            failure = f"the server answered {error.response.status_code} {error.response.reason}"
            if error.response.status_code < 500:
                return failure, True
        except (exceptions.ChunkedEncodingError, exceptions.ReadTimeout) as error:
            failure = f"the download broke off ({error})"
        except exceptions.RequestException as error:
            return f"no connection ({_cause(error)})", False
        if attempt == 1:
            time.sleep(RETRY_WAIT)
    return failure, True


def _cause(error: Exception) -> str:
    """The innermost reason that requests and urllib3 wrap, such as "Failed to resolve ..."."""
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", None) or inner or type(error).__name__).split(": ", 1)[-1]


class _Bar(Bar):
    def reset(self, total: float | None = None) -> None:
        """Count from zero again, as pooch asks at the end, and draw nothing: a quick download shows no bar at all."""
        self.n = self.last_print_n = 0


def _fetch(url: str, file: DataFile, target: Path) -> str | None:
    """Download to a temporary file, compare, and move it to its place in one step; the damage in words, or None."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    total = file.size or 1  # pooch replaces it by what the server announces
    bar = _Bar(desc=target.name, total=total, unit="B", unit_scale=True, delay=BAR_DELAY)
    try:
        headers = {"User-Agent": USER_AGENT}
        pooch.HTTPDownloader(progressbar=bar, headers=headers, timeout=TIMEOUT)(url, name, None)
        damage = find_damage(part, file)
        if damage is None:
            part.chmod(0o644)  # others may share the cache
            os.replace(part, target)
        return damage
    finally:
        bar.close()
        part.unlink(missing_ok=True)
