"""`ludus verify`: is a bundle whole, and does this machine compute what it should?"""

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ludus.bundle import reader
from ludus.cli.options import BundleFolder, Json, print_json
from ludus.evaluation.golden import verify_bundle

COLOURS = {"verified": "green", "failed": "red", "not run": "yellow"}


def verify(folder: BundleFolder, as_json: Json = False) -> None:
    """Check every file of a bundle, and its golden answers on each device that is here."""
    rows = verify_bundle(reader.read_bundle(folder))
    if as_json:
        print_json(rows)
    else:
        console = Console()
        console.print(f"{folder}: every file is as {reader.MANIFEST} says")
        table = Table("variant", "device", "status", "", box=None)
        for row in rows:
            status = f"[{COLOURS[row['status']]}]{row['status']}[/]"
            table.add_row(row["target"], row["device"], status, escape(row["detail"]))
        console.print(table)
    if any(row["status"] == "failed" for row in rows) or all(
        row["status"] == "not run" for row in rows
    ):
        raise typer.Exit(1)
