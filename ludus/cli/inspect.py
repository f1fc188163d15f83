"""`ludus inspect`: what a bundle holds."""

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ludus.bundle import reader
from ludus.bundle.schema import Figures, Variant
from ludus.cli.options import BundleFolder, Json, print_json


def inspect(folder: BundleFolder, as_json: Json = False) -> None:
    """Show a bundle's inputs, outputs, labels, variants and what was proved of each."""
    found = reader.read_bundle(folder).manifest
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    console = Console()
    console.print(f"[bold]{escape(found.name)}[/] {found.version}")
    for index, tensor in enumerate(found.inputs):
        console.print(f"input/{index}   {tensor.name}: {tensor.datatype} {tensor.shape}")
    for index, tensor in enumerate(found.outputs):
        console.print(f"output/{index}  {tensor.name}: {tensor.datatype} {tensor.shape}")
    console.print(f"labels    {_listed(found.labels)}")
    figure = _best_figure_of([row for each in found.variants for row in each.evaluations])
    whole = [Column(name, no_wrap=True) for name in ("variant", "size")]
    table = Table(
        *whole,
        "needs",
        Column("evaluation", no_wrap=True),
        "status",
        figure,
        box=None,
    )
    for variant in found.variants:
        size = sum(file.bytes for file in variant.files) / 1e6
        for number, row in enumerate(variant.evaluations or [None]):
            first = [variant.target, f"{size:.2f} MB", _needs(variant)] if number == 0 else [""] * 3
            last = ["", "not run", ""] if row is None else _found(row, figure)
            table.add_row(*first, *last)
    console.print(table)


def _listed(labels: list[str]) -> str:
    if len(labels) > 100:
        return f"{len(labels)}, {', '.join(labels[:10])} and so on"
    return ", ".join(labels) or "none"


def _best_figure_of(rows: list[Figures]) -> str:
    """What says most of a network: without labelled data that is agreement."""
    measured = any(row.accuracy is not None for row in rows)
    return "accuracy" if measured or all(row.agreement is None for row in rows) else "agreement"


def _found(row: Figures, figure: str) -> list[str]:
    share: float | None = getattr(row, figure)
    return [row.evaluation, row.status, "" if share is None else f"{share:.4f}"]


def _needs(variant: Variant) -> str:
    cpu = variant.cpu
    words = [cpu.architecture, *cpu.features] if cpu else [variant.driver or variant.backend]
    return " ".join(words)
