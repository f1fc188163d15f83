"""`ludus inspect`: what a bundle holds."""

from collections.abc import Iterator

from rich.text import Text

from ludus.bundle import reader
from ludus.bundle.schema import Figures, Variant
from ludus.cli.options import BundleFolder, Json, print_json
from ludus.core import cpu_features, terminal


def inspect(folder: BundleFolder, as_json: Json = False) -> None:
    """Show a bundle's inputs, outputs, labels, variants and what was proved of each."""
    found = reader.read_bundle(folder).manifest
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    lines = [Text.assemble((found.name, "bold"), f" {found.version}")]
    for index, tensor in enumerate(found.inputs):
        lines.append(Text(f"input/{index}   {tensor.name}: {tensor.datatype} {tensor.shape}"))
    for index, tensor in enumerate(found.outputs):
        lines.append(Text(f"output/{index}  {tensor.name}: {tensor.datatype} {tensor.shape}"))
    lines.append(Text(f"labels    {_listed(found.labels)}"))
    figure = _best_figure_of([row for each in found.variants for row in each.evaluations])
    headers = ("variant, its evaluations", "size", "needs", "status", figure)
    rows = [row for variant in found.variants for row in _rows(variant, figure)]
    terminal.show(*lines, "", terminal.Whole(headers, rows, right=("size", figure)))


def _rows(variant: Variant, figure: str) -> Iterator[list[str | Text]]:
    """A line for the variant, and one below it for each evaluation that is called otherwise."""
    size = f"{sum(file.bytes for file in variant.files) / 1e6:.2f} MB"
    named = {row.evaluation: _found(row, figure) for row in variant.evaluations}
    none: list[str | Text] = ["", ""] if named else [terminal.status("not run"), ""]
    yield [variant.target, size, _needs(variant), *named.pop(variant.target, none)]
    for evaluation, found in named.items():
        yield [f"  {evaluation}", "", "", *found]


def _listed(labels: list[str]) -> str:
    if len(labels) > 100:
        return f"{len(labels)}, {', '.join(labels[:10])} and so on"
    return ", ".join(labels) or "none"


def _best_figure_of(rows: list[Figures]) -> str:
    """What says most of a network: without labelled data that is agreement."""
    measured = any(row.accuracy is not None for row in rows)
    return "accuracy" if measured or all(row.agreement is None for row in rows) else "agreement"


def _found(row: Figures, figure: str) -> list[str | Text]:
    share: float | None = getattr(row, figure)
    return [terminal.status(row.status), "" if share is None else f"{share:.4f}"]


def _needs(variant: Variant) -> str:
    return (
        cpu_features.description(variant.cpu) if variant.cpu else variant.driver or variant.backend
    )
