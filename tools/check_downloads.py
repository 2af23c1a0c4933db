"""Download the recorded data from every address that the registry names (`make downloads`).

Each file is fetched from each of its addresses into an empty folder and compared with its checksum, so that neither an
earlier download nor a second address hides one that no longer works. Large data sets, which no lesson downloads unless
it is told to, are left out.

Exit status: 0 when every address gave the right file, 1 when one did not, 2 when none could be reached.
"""

import dataclasses
import os
import sys
import tempfile

from hepml_helpers import fetch, registry


def main() -> int:
    """Try every address; print one line for each."""
    failed, tried = [], 0
    for dataset in registry.all_datasets().values():
        for file in () if dataset.ask_first else dataset.files:
            for url in file.urls:
                tried += 1
                failure = try_address(dataset, file, url)
                failed += [url] * bool(failure)
                print(f"{'FAILED' if failure else 'passed'}  {dataset.name}: {url}", flush=True)
                if failure:
                    print(f"        {failure}", flush=True)
    print(f"{tried} addresses, {len(failed)} failed")
    if tried and len(failed) == tried:
        print("no address gave its file: is there a network?", file=sys.stderr)
        return 2
    return 1 if failed else 0


def try_address(dataset: registry.Dataset, file: registry.DataFile, url: str) -> str:
    """Why this address does not give the file of the registry, or nothing."""
    variables = {name: os.environ.pop(name, None) for name in ("HEPML_DATA_DIR", "HEPML_CACHE_DIR")}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEPML_CACHE_DIR"] = folder
        try:
            fetch.locate(dataset, dataclasses.replace(file, urls=(url,)), download=True)
        except (registry.DataUnavailable, registry.CorruptData) as error:
            return str(error).partition("\nTo get it")[0]
        finally:
            del os.environ["HEPML_CACHE_DIR"]
            os.environ.update({name: value for name, value in variables.items() if value is not None})
    return ""


if __name__ == "__main__":
    sys.exit(main())
