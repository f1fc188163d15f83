"""`ludus doctor`: what this machine can run."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ludus.cli.options import Json, print_json
from ludus.evaluation.doctor import rows_here


def doctor(as_json: Json = False) -> None:
    """Say what this machine can run, after computing on each device."""
    rows = rows_here()
    if as_json:
        print_json(rows)
        return
    table = Table("", "", "", "", box=None, show_header=False)
    for row in rows:
        word = "[green]PASS[/]" if row["passes"] else "[yellow]no[/]"
        table.add_row(row["kind"], row["name"], word, escape(row["detail"]))
    Console().print(table)
