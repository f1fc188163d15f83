"""`ludus verify`: is a bundle whole, and does this machine compute what it should?"""

from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from ludus.bundle import reader
from ludus.cli.options import BundleFolder, Json, print_json
from ludus.core import terminal
from ludus.evaluation.golden import verify_bundle


def verify(folder: BundleFolder, as_json: Json = False) -> None:
    """Check every file of a bundle, and its golden answers on each device that is here."""
    rows = verify_bundle(reader.read_bundle(folder))
    if as_json:
        print_json(rows)
    else:
        _print(folder, rows)
    if any(row["status"] == "failed" for row in rows) or all(
        row["status"] == "not run" for row in rows
    ):
        raise typer.Exit(1)


def _print(folder: Path, rows: list[dict[str, Any]]) -> None:
    headers = ("variant", "device", "status", "largest difference")
    table = terminal.Whole(headers, [_cells(row) for row in rows], right=headers[-1:])
    why = [
        (f"{row['target']} on {row['device']}", row["status"], row["detail"])
        for row in rows
        if row["status"] != "verified"
    ]
    paragraphs = terminal.reasons(why, Console().width)
    said = Text(f"{folder}: every file is as {reader.MANIFEST} says")
    terminal.show(said, "", table, *([""] if why else []), *paragraphs)


def _cells(row: dict[str, Any]) -> list[str | Text]:
    difference = "" if row["difference"] is None else f"{row['difference']:.1e}"
    return [row["target"], row["device"], terminal.status(row["status"]), difference]
