"""`ludus bench`: how fast each variant of a bundle runs here."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ludus.benchmark import record, tables
from ludus.benchmark.run import bundle_benchmark
from ludus.bundle import reader
from ludus.cli.options import BundleFolder, Json, check_file
from ludus.core import files


def bench(
    folder: BundleFolder,
    long: Annotated[
        bool, typer.Option("--long", help="every batch, 40 rounds: takes minutes")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="a variant; may be given again; default: all")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="a device; may be given again; default: all")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="a file for the figures, as JSON")] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast each variant runs here, side by side with the other runners."""
    check_file("--out", out)
    found = bundle_benchmark(reader.read_bundle(folder), only or [], device or [], long=long)
    if out is not None:
        record.write_record(found, out)
    if as_json:
        print(files.to_json(asdict(found)), end="")
    else:
        console = Console()
        console.print(tables.terminal(found, console.width), crop=False, highlight=False)
    if all(row.status != "measured" for row in found.rows):
        raise typer.Exit(1)
