"""See whether every link of the course leads somewhere: ``python tools/check_links.py [FILE ...]`` (`make links`).

Collects the http addresses in the Markdown files, notebooks, data registry and citation, and asks each server once,
several at a time. A server that is reached and refuses to answer a program (401, 403, 429) is listed and not counted as
broken. Links into the course's own repository are left out while that address is not published.

Exit status: 0 when no link is broken, 1 when one is, 2 when no server at all could be reached.
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from notebook_files import ROOT, read, source
from repository import slug, text_files

ENDINGS = (".md", ".cff", ".ipynb", ".json")
SKIPPED = ("tests", "benchmarks")
ADDRESS = re.compile(r"https?://(?:(?!\]\()[^\s<>\"'`|\\])+")  # a badge is two: ![](picture)](target)
TIMEOUT = (10, 30)  # seconds to connect, and to wait for the answer
AGENT = {"User-Agent": "Mozilla/5.0 (compatible; link check of a course)"}
REFUSALS = {401, 403, 429}
UNREACHED = "not reached"


def main(files: list[str]) -> int:
    """Check the links of the files that are named, or of the whole course."""
    paths = [Path(name) for name in files] or course_files()
    places = collect(paths)
    with ThreadPoolExecutor(16) as pool:
        answers = dict(zip(places, pool.map(ask, places), strict=True))
    return report(places, answers)


def course_files() -> list[Path]:
    """The files whose links are checked."""
    found = (path for path in text_files() if path.suffix in ENDINGS)
    return [path for path in found if path.relative_to(ROOT).parts[0] not in SKIPPED]


def collect(paths: list[Path]) -> dict[str, list[str]]:
    """Every address in the files, with the names of the files in which it stands."""
    places = {}
    for path in paths:
        for address in addresses(text_of(path)):
            places.setdefault(address, []).append(path.name)
    return places


def text_of(path: Path) -> str:
    """What a file says; of a notebook, its cells."""
    if path.suffix == ".ipynb":
        return "\n".join(source(cell) for cell in read(path)["cells"])
    return path.read_text(encoding="utf-8")


def addresses(text: str) -> list[str]:
    """The addresses in a text, each once, without the marks that follow them and without the part after '#'.

    Examples
    --------
    >>> addresses("see [a](https://a.example/b_(c)), and https://d.example/e#f.")
    ['https://a.example/b_(c)', 'https://d.example/e']
    >>> addresses("[![badge](https://a.example/b.svg)](https://c.example/d.ipynb)")
    ['https://a.example/b.svg', 'https://c.example/d.ipynb']
    """
    found = []
    for address in ADDRESS.findall(text):
        address = address.partition("#")[0].rstrip(".,;:!?*]}")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?*]}")
        found.append(address)
    return list(dict.fromkeys(found))


def ask(address: str) -> int | str:
    """The status that a server answers, or why it does not. HEAD first, and GET where HEAD is not answered well."""
    try:
        for method in ("HEAD", "GET"):
            with requests.request(
                method, address, headers=AGENT, timeout=TIMEOUT, allow_redirects=True, stream=True
            ) as answer:
                status = answer.status_code
            if status < 400:
                break
    except requests.RequestException as error:
        return f"{UNREACHED} ({type(error).__name__})"
    return status


def report(places: dict[str, list[str]], answers: dict[str, int | str]) -> int:
    """Print what is wrong; the exit status."""
    if places and all(str(answer).startswith(UNREACHED) for answer in answers.values()):
        print(
            f"none of {len(places)} links could be reached: is there a network? Nothing was checked.", file=sys.stderr
        )
        return 2
    own = f"github.com/{slug()}", f"research.google.com/github/{slug()}"
    published = answers.get(f"https://github.com/{slug()}") == 200
    broken = 0
    for address, names in places.items():
        answer = answers[address]
        if answer in REFUSALS:
            print(f"  refused   {answer} {address} ({', '.join(names)})")
        elif not isinstance(answer, int) or answer >= 400:
            if not published and any(part in address for part in own):
                continue
            broken += 1
            print(f"  BROKEN    {answer} {address} ({', '.join(names)})")
    if not published and any(part in address for address in places for part in own):
        print(f"  left out  links into https://github.com/{slug()}, which is not published")
    print(f"{len(places)} links, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
