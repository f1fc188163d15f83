"""What takes long to make is made once for all processes of a test run (pytest-xdist)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first process to ask makes; others wait for it. Not to be changed.

    A test that needs what could not be made fails, in each process, with the error of its own try.
    """
    run = tmp_path_factory.getbasetemp()
    if worker():
        run = run.parent  # a worker's own folder is in that of the run
    folder, made = run / "shared" / name, run / "shared" / f"{name}.made"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a try that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def worker() -> int:
    """This process's number among those of the run, from 1; 0 if it is the only one."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
