"""Files and folders that appear whole or not at all, and files that are read checked."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from ludus.core.errors import DataError


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new empty folder beside `folder` that takes its place when the block ends well.

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
    """Write a text file under a temporary name and rename it; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def to_json(value: object) -> str:
    """JSON as all our files have it: keys in order, so that the same value is the same text."""
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, as `write_text` writes."""
    write_text(path, to_json(value))


def read_json[T](
    kind: TypeAdapter[T],
    path: Path,
    what: str,
    next_step: str = "",
    upgrade: Callable[[bytes], bytes] = bytes,
) -> T:
    """Read a JSON file as a type; keys that a dataclass does not know are left out.

    what: such as "results file", for the message of the DataError that a missing file, a broken
    one or a value of another type raises. next_step: what its end says that would help. upgrade:
    makes of an older file one of today, before it is checked.
    """
    end = f"; {next_step}" if next_step else ""
    try:
        return kind.validate_json(upgrade(path.read_bytes()), strict=True)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}{end}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{where}: {first['msg'].lower()}" if where else first["msg"]
        raise DataError(f"{path} is no {what}: {message}{end}") from None


def read_arrays(path: Path, keys: list[str], next_step: str) -> list[npt.NDArray[Any]]:
    """The arrays of these names in an .npz file. Raises DataError, whose end is next_step."""
    expected = " with " + " and ".join(f"'{key}'" for key in keys)
    with _archive(path, expected, next_step) as arrays:
        return [arrays[key] for key in keys]


def array_names(path: Path, next_step: str) -> list[str]:
    """The names of the arrays in an .npz file. Raises DataError, whose end is next_step."""
    with _archive(path, "", next_step) as arrays:
        return list(arrays.files)


@contextmanager
def _archive(path: Path, expected: str, next_step: str) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        # Opened here: np.load of numpy 2 leaves open a file that it is given by its path and that
        # is no archive.
        with path.open("rb") as file:
            yield np.lib.npyio.NpzFile(file)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {next_step}") from None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DataError(f"{path} is no .npz file{expected}: {error}; {next_step}") from None
