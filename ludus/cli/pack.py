"""`ludus pack`: a bundle as one file."""

from pathlib import Path
from typing import Annotated

import typer

from ludus.bundle import reader
from ludus.cli.options import BundleFolder


def pack(
    folder: BundleFolder, out: Annotated[Path, typer.Argument(help="a folder for the zip")]
) -> None:
    """Pack a bundle into a zip with a checksum beside it, for builds without Git."""
    print(reader.pack(reader.read_bundle(folder), out))
