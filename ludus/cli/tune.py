"""`ludus tune`: a faster row of params.yaml for a target on this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ludus.config.params import load_params
from ludus.tuning import rows, summary, tuner


def tune(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="a row of params.yaml's targets")],
    minutes: Annotated[float, typer.Option(min=0.1, help="how long to search")] = 5.0,
    batch: Annotated[
        list[int] | None, typer.Option(help="images a call; may be given again; default: 1 and 256")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="write nothing")] = False,
) -> None:
    """Search for a faster row of params.yaml for a target on this machine, and write it there.

    Run in a checkout, after `dvc repro export`. What is not verified is not kept.
    """
    path = Path("params.yaml")
    found = tuner.tune(
        target,
        load_params(path),
        Path("artifacts/export"),
        minutes=minutes,
        batches=batch or [1, 256],
    )
    console = Console()
    console.print(summary.summary(found.log), highlight=False, soft_wrap=True)
    if found.score is not None:
        console.print(summary.table(found.score), highlight=False, crop=False)
    _write(found, path, dry_run=dry_run)
    if found.log.interrupted:
        raise typer.Exit(130)


def _write(found: tuner.Found, path: Path, *, dry_run: bool) -> None:
    """Write what a search chose, and say what comes next; after Ctrl-C only if it is wanted."""
    chosen, log = found.chosen, found.log
    if log.interrupted and log.kept and not dry_run and sys.stdin.isatty():
        gained = summary.gained(log)
        question = f"interrupted; write the best so far, about {gained:.2f} times as fast?"
        chosen = log.best if typer.confirm(question) else None
    if chosen is None:
        print(f"{path} is as it was")
    elif dry_run:
        print(f"{path} is as it was (--dry-run); what would be written:")
        print(rows.to_paste(found.name, chosen), end="")
    else:
        rows.write_row(path, found.name, log.start, chosen)
        print(f"{path} is written; next: git diff {path}, then dvc repro")
