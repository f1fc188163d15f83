"""`ludus evaluate`: the test inputs through a bundle, and a results file of it."""

from pathlib import Path
from typing import Annotated

import typer

from ludus.bundle import reader
from ludus.cli.options import BundleFolder, DeviceOption, VariantOption, check_file
from ludus.core.errors import DeviceError
from ludus.data.reference_set import load_reference_set
from ludus.evaluation import executors, results, run
from ludus.evaluation.executors import EXECUTORS
from ludus.runtimes.choosing import choose


def evaluate(
    folder: BundleFolder,
    data: Annotated[Path, typer.Option(help="artifacts/export/reference.npz of the build")],
    out: Annotated[Path, typer.Option(help="the results file to write")],
    variant: VariantOption = None,
    device: DeviceOption = None,
    executor: Annotated[str, typer.Option(help=f"what runs it: {', '.join(EXECUTORS)}")] = "native",
    machine: Annotated[
        str | None, typer.Option(help="a label of this machine, such as h200; free text")
    ] = None,
) -> None:
    """Run the test inputs through a bundle; write a result that attests a build made elsewhere."""
    by = executors.known(executor)
    opened = reader.read_bundle(folder)
    chosen, word = choose(opened, device, variant)
    check_file("--out", out)
    tests = load_reference_set(data)
    result = run.evaluate(
        chosen, folder, word, tests, opened.manifest,
        evaluation=f"{chosen.target}-{word}", executor=by, machine=machine,
    )  # fmt: skip
    if result.status == "not run":
        raise DeviceError(f"{chosen.target} on '{word}' was not run: {result.reason}")
    judged = results.judge(result, opened.manifest.floors)
    results.write_result(judged, out)
    print(f"{chosen.target} on {word}: {judged.status}{': ' if judged.reason else ''}"
          f"{judged.reason or f', {_best_figure(judged)}'}; {out}")  # fmt: skip
    if judged.status != "verified":
        raise typer.Exit(1)


def _best_figure(result: results.Result) -> str:
    if result.accuracy is None:
        return f"agreement {result.agreement:.4f}"
    return f"accuracy {result.accuracy:.4f}"
