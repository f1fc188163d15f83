"""Files and folders that appear whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
