"""Get the four IDX files of MNIST, each checked by its sha256.

Reads:   the sources that params.yaml `data.sources` names, in that order
Writes:  data/raw/{train,t10k}-{images-idx3,labels-idx1}-ubyte
Command: python -m stages.download

A file is put in place only once its checksum is right; until then it is in data/raw/.partial,
which the next run clears away. Files that are in place already are not fetched again.
"""

import errno
import gzip
import hashlib
import shutil
import zlib
from pathlib import Path

from ludus.config.elsewhere import made_elsewhere
from ludus.config.params import Data, load_params
from ludus.core.errors import DownloadError
from ludus.core.program import arguments_of, run_stage
from ludus.data.sources import SOURCES, Request, SourceError, copy_with_bar

# sha256 of the unpacked files.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def download(target: Path, data: Data) -> None:
    """Put the files of SHA256 into target. Raises DownloadError if no source has all of them."""
    missing = [name for name, sha256 in SHA256.items() if _sha256(target / name) != sha256]
    reasons: list[str] = []
    try:
        for source in data.sources:
            if missing:
                for reason in _take(source, target, missing, data):
                    reasons.append(f"{source}: {reason}")
                    print(f"{reasons[-1]}; going on")
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DownloadError(
            f"{target}: no space left on the disk; expected 150 MB free\n"
            "next step: free some and run this again"
        ) from None
    finally:
        shutil.rmtree(target / ".partial", ignore_errors=True)
    if missing:
        lines = "\n".join(f"  {reason}" for reason in reasons)
        raise DownloadError(
            f"no source has {', '.join(missing)}:\n{lines}\n"
            f"next step: put the files (plain or .gz) into {data.folder} and run this again"
        )


def _take(source: str, target: Path, missing: list[str], data: Data) -> list[str]:
    """Put in place the missing files that source has, and strike them off.

    Returns why the others could not be taken, a line each.
    """
    scratch = target / ".partial"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    request = Request(names=frozenset(missing), scratch=scratch, folder=Path(data.folder))
    try:
        folder = SOURCES[source](request)
    except SourceError as error:
        return [str(error)]
    reasons = []
    for name in list(missing):
        try:
            _put(folder, name, target)
        except SourceError as error:
            reasons.append(str(error))
        else:
            missing.remove(name)
            print(f"{target / name}: from {source}, sha256 as expected")
    return reasons


def _put(folder: Path, name: str, target: Path) -> None:
    """Copy the file name, plain or .gz, from folder to target, if its bytes are the right ones."""
    plain, packed = folder / name, folder / f"{name}.gz"
    source = plain if plain.is_file() else packed
    if not source.is_file():
        raise SourceError(f"{folder} has no {name}")
    checked = target / ".partial" / f"{name}.checked"
    total = source.stat().st_size if source == plain else None
    with source.open("rb") as raw, checked.open("wb") as file:
        stream = raw if source == plain else gzip.GzipFile(fileobj=raw)
        try:
            sha256 = copy_with_bar(stream, file, f"checking {name}", total)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise SourceError(f"{source.name} cannot be unpacked: {error}") from None
    if sha256 != SHA256[name]:
        raise SourceError(f"{source.name} has sha256 {sha256}, expected {SHA256[name]}")
    checked.replace(target / name)


def _sha256(path: Path) -> str | None:
    """The sha256 of a file, or None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    arguments = arguments_of(__doc__, target="data/raw", params="params.yaml").parse_args()
    params = load_params(arguments.params)
    if not made_elsewhere(params.model, arguments.target):
        download(arguments.target, params.data)


if __name__ == "__main__":
    run_stage(main)
