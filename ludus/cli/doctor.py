"""`ludus doctor`: what this machine can run."""

import re

from rich.console import Console

from ludus.cli.options import Json, print_json
from ludus.core import terminal
from ludus.evaluation.doctor import rows_here

DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def doctor(as_json: Json = False) -> None:
    """Show what this machine can run: each device computes something first."""
    rows = rows_here()
    if as_json:
        print_json(rows)
        return
    table = terminal.table("kind", "name", "runs", "what it is")
    for row in rows:
        word = terminal.status("PASS" if row["passes"] else "no")
        table.add_row(
            row["kind"], row["name"], word, _short(row["detail"]) if row["passes"] else ""
        )
    table.columns[-1].no_wrap, table.columns[-1].overflow = False, "fold"
    missing = [
        (f"{row['kind']} {row['name']}", "no", row["detail"]) for row in rows if not row["passes"]
    ]
    console = Console()
    console.print(table, highlight=False)
    terminal.show("", *terminal.reasons(missing, console.width))


def _short(detail: str) -> str:
    """A sha256 by its first digits; --json has all of them."""
    return DIGEST.sub(r"\1", detail)
