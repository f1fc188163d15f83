"""Finds faults in the Vulkan drivers that the environment names.

Vulkan's loader reads one JSON file a driver, and silently skips a broken one. VK_DRIVER_FILES, or
else the older VK_ICD_FILENAMES, is a list of such files and of folders with them:
https://github.com/KhronosGroup/Vulkan-Loader/blob/main/docs/LoaderDriverInterface.md
"""

import json
import os
from collections.abc import Iterator
from ctypes import CDLL
from pathlib import Path
from typing import Any

from ludus.core.files import file_fault

NAMES = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")


def faults() -> list[str]:
    """A message for each broken file: "VK_DRIVER_FILES names gone.json, which is missing"."""
    variable = next((name for name in NAMES if os.environ.get(name)), None)
    if variable is None:
        return []
    named = filter(None, os.environ[variable].split(os.pathsep))
    found = ((path, _fault(path)) for name in named for path in _files(Path(name)))
    return [f"{variable} names {path}, which {fault}" for path, fault in found if fault]


def _files(path: Path) -> Iterator[Path]:
    """A driver's file, or those in a folder."""
    if path.is_dir():
        yield from sorted(path.glob("*.json"))
    else:
        yield path


def _fault(path: Path) -> str | None:
    """The fault of a driver's file, or None."""
    fault = file_fault(path)
    if fault is not None:
        return fault
    try:
        described: Any = json.loads(path.read_bytes())
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:  # no JSON, or no UTF-8
        return f"is no JSON: {error}"
    driver = described.get("ICD") if isinstance(described, dict) else None
    library = driver.get("library_path") if isinstance(driver, dict) else None
    if not isinstance(library, str):
        return "names no library: ICD.library_path is missing"
    # The system looks up a bare name; other paths are relative to the file.
    place = path.parent / library if Path(library).name != library else library
    try:
        CDLL(str(place))
    except OSError as error:
        return f"names a library that cannot be loaded: {error}"
    return None
