"""The arguments that several commands have, and JSON as they print it."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from ludus.core.errors import UsageError

BundleFolder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="the bundle's folder")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        help="a device that `ludus doctor` lists; default: the first that the bundle prefers"
    ),
]
VariantOption = Annotated[str | None, typer.Option(help="a target, such as iree-vulkan")]


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def check_file(option: str, path: Path | None) -> None:
    """Raise UsageError where a file cannot be written: before the work whose result it takes.

    Makes the folders above it.
    """
    if path is None:
        return
    if path.is_dir():
        raise UsageError(f"{option} {path} is a folder; name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be written: {error.strerror}") from None
