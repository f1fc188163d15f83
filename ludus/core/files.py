"""Writes files and folders whole or not at all, and says why a file cannot be read."""

import json
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ludus.core.errors import DataError

if TYPE_CHECKING:  # process/install.py uses this module before there is any package
    from pydantic import TypeAdapter

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new empty folder beside `folder` that replaces it when the block ends without an error.

    An error, Ctrl-C included, removes it and leaves what was there; a kill leaves it under its
    temporary name, and the next call removes it.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    former = folder.with_name(f".{folder.name}.former")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        if folder.exists():
            shutil.rmtree(former, ignore_errors=True)
            folder.rename(former)
        partial.rename(folder)
    finally:
        if former.exists() and not folder.exists():
            former.rename(folder)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it; makes its folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def to_json(value: object) -> str:
    """JSON with sorted keys, so that the same value gives the same text."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, as `write_text` writes."""
    write_text(path, to_json(value))


def file_fault(path: Path) -> str | None:
    """Why a path is not a file with something in it, or None: "is empty", "is a folder; …".

    Every reader calls it first, so that all give the same message for a file of no format.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return "is a folder; expected a file"
        if not stat.S_ISREG(found.st_mode):
            return "is no regular file"  # a pipe would have its reader wait
        if found.st_size == 0:
            return "is empty"
        with path.open("rb") as file:
            start = file.read(len(LFS_POINTER))
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if start == LFS_POINTER:
        return "is a Git LFS pointer, not the file itself; run `git lfs pull`"
    return None


def read_json[T](
    kind: "TypeAdapter[T]",
    path: Path,
    what: str,
    next_step: str = "",
    upgrade: Callable[[bytes], bytes] = bytes,
) -> T:
    """Read a JSON file as a type; keys that a dataclass does not know are left out.

    Raises DataError for a missing or broken file or a value of another type; its message names what
    (such as "results file") and ends with next_step. upgrade: converts the content of an older file
    before it is checked.
    """
    from pydantic import ValidationError

    end = f"; {next_step}" if next_step else ""
    if fault := file_fault(path):
        raise DataError(f"{path} {fault}{end}")
    try:
        return kind.validate_json(upgrade(path.read_bytes()), strict=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}{end}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg'].lower()}" if where else first["msg"]
        raise DataError(f"{path} is no {what}: {message}{end}") from None
