"""`ludus`: look at a bundle, verify it, time it, recognise digits, and see what a machine can run.

Exit codes: 0; 1 where something falls short; 2 where it cannot be asked so.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ludus import backends, bundle, devices, evaluation, files, images, results, toolchain
from ludus.backends import apart
from ludus.benchmark import record, tables
from ludus.benchmark.run import bundle_benchmark
from ludus.errors import DeviceError, ImageError, LudusError, UsageError, nearest
from ludus.machines import MACHINES
from ludus.manifest import Preprocess, Variant
from ludus.params import load_params
from ludus.test_set import load_test_set
from ludus.tuning import rows as tuned_rows
from ludus.tuning import tuner
from ludus.tuning import words as tuning_words

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
console = Console()

BundleFolder = Annotated[Path, typer.Argument(metavar="BUNDLE", help="the bundle's folder")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for programs")]
DeviceOption = Annotated[
    str | None,
    typer.Option(help=f"{', '.join(devices.DEVICES)}; default: the first that the bundle prefers"),
]
VariantOption = Annotated[str | None, typer.Option(help="a target, such as iree-vulkan")]


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine can run, after computing on each device."""
    rows = [_device_row(word) for word in devices.DEVICES]
    rows += [_runtime_row(name) for name in backends.BACKENDS if name != "xla"]
    rows += [_toolchain_row(name) for name in toolchain.names()]
    if as_json:
        _print_json(rows)
        return
    table = Table("", "", "", "", box=None, show_header=False)
    for row in rows:
        word = "[green]PASS[/]" if row["passes"] else "[yellow]no[/]"
        table.add_row(row["kind"], row["name"], word, escape(row["detail"]))
    console.print(table)


@app.command()
def inspect(folder: BundleFolder, as_json: Json = False) -> None:
    """Show a bundle's inputs, outputs, labels, variants and what was proved of each."""
    found = bundle.read_bundle(folder).manifest
    if as_json:
        _print_json(found.model_dump(mode="json"))
        return
    console.print(f"[bold]{escape(found.name)}[/] {found.version}")
    for index, tensor in enumerate(found.inputs):
        console.print(f"input/{index}   {tensor.name}: {tensor.datatype} {tensor.shape}")
    for index, tensor in enumerate(found.outputs):
        console.print(f"output/{index}  {tensor.name}: {tensor.datatype} {tensor.shape}")
    console.print(f"labels    {', '.join(found.labels)}")
    whole = [Column(name, no_wrap=True) for name in ("variant", "size")]
    table = Table(
        *whole, "needs", Column("evaluation", no_wrap=True), "status", "accuracy", box=None
    )
    for variant in found.variants:
        size = sum(file.bytes for file in variant.files) / 1e6
        for number, row in enumerate(variant.evaluations or [None]):
            first = [variant.target, f"{size:.2f} MB", _needs(variant)] if number == 0 else [""] * 3
            accuracy = "" if row is None or row.accuracy is None else f"{row.accuracy:.4f}"
            last = ["", "not run", ""] if row is None else [row.evaluation, row.status, accuracy]
            table.add_row(*first, *last)
    console.print(table)


@app.command()
def verify(folder: BundleFolder, as_json: Json = False) -> None:
    """Check every file of a bundle, and its golden answers on each device that is here."""
    checked = bundle.read_bundle(folder)
    rows = [
        _verify_variant(checked, variant, word)
        for variant in checked.manifest.variants
        for word in _devices_here(variant)
    ]
    if as_json:
        _print_json(rows)
    else:
        console.print(f"{folder}: every file is as {bundle.MANIFEST} says")
        colours = {"verified": "green", "failed": "red", "not run": "yellow"}
        table = Table("variant", "device", "status", "", box=None)
        for row in rows:
            status = f"[{colours[row['status']]}]{row['status']}[/]"
            table.add_row(row["target"], row["device"], status, escape(row["detail"]))
        console.print(table)
    if any(row["status"] == "failed" for row in rows) or all(
        row["status"] == "not run" for row in rows
    ):
        raise typer.Exit(1)


@app.command()
def predict(
    folder: BundleFolder,
    pictures: Annotated[list[Path], typer.Argument(metavar="IMAGE...")],
    device: DeviceOption = None,
    variant: VariantOption = None,
    as_json: Json = False,
) -> None:
    """Recognise pictures of digits: any size and colour, dark on light or light on dark."""
    opened = bundle.read_bundle(folder)
    chosen, word = _choose(opened, device, variant)
    how = opened.manifest.preprocess
    batch = np.stack([_read_picture(path, how) for path in pictures])
    answers = backends.load(chosen, folder, word)(batch)
    if not np.isfinite(answers).all():
        raise DeviceError(f"{chosen.target} on '{word}' answers with what is no number")
    labels = opened.manifest.labels
    rows = [
        {
            "image": str(path),
            "label": labels[int(answer.argmax())],
            "probabilities": dict(zip(labels, map(float, answer), strict=True)),
        }
        for path, answer in zip(pictures, answers, strict=True)
    ]
    if as_json:
        _print_json({"variant": chosen.target, "device": word, "answers": rows})
        return
    for path, answer in zip(pictures, answers, strict=True):
        best, second = np.argsort(-answer)[:2]
        console.print(
            f"{escape(str(path))}: [bold]{labels[best]}[/]  {answer[best]:.1%}, "
            f"then {labels[second]}  {answer[second]:.1%}",
            highlight=False,
        )
    print(f"({chosen.target} on {word})", file=sys.stderr)


@app.command()
def evaluate(
    folder: BundleFolder,
    data: Annotated[Path, typer.Option(help="reference.npz: images, labels, probabilities")],
    out: Annotated[Path, typer.Option(help="the results file to write")],
    variant: VariantOption = None,
    device: DeviceOption = None,
    machine: Annotated[str, typer.Option(help="what this machine is called")] = "native",
    through: Annotated[
        str | None, typer.Option(help="what runs it: native (default), godot, godot-pck")
    ] = None,
) -> None:
    """Run labelled images through a bundle; write a results file that attests another's build."""
    if through is not None and through not in MACHINES:
        raise UsageError(f"--through {through} is unknown{nearest(through, set(MACHINES))}")
    opened = bundle.read_bundle(folder)
    chosen, word = _choose(opened, device, variant)
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it")
    out.parent.mkdir(parents=True, exist_ok=True)
    tests = load_test_set(data)
    result = evaluation.evaluate(
        chosen, folder, word, tests, opened.manifest,
        evaluation=f"{chosen.target}-{word}", machine=through or machine,
        through=through or "native",
    )  # fmt: skip
    if result.status == "not run":
        raise DeviceError(f"{chosen.target} on '{word}' was not run: {result.reason}")
    judged = results.judge(result, opened.manifest.floors)
    results.write_result(judged, out)
    print(f"{chosen.target} on {word}: {judged.status}{': ' if judged.reason else ''}"
          f"{judged.reason or f', accuracy {judged.accuracy:.4f}'}; {out}")  # fmt: skip
    if judged.status != "verified":
        raise typer.Exit(1)


@app.command()
def bench(
    folder: BundleFolder,
    long: Annotated[bool, typer.Option("--long", help="every batch, 40 rounds; minutes")] = False,
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
    if out is not None and out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it")
    found = bundle_benchmark(bundle.read_bundle(folder), only or [], device or [], long=long)
    if out is not None:
        record.write_record(found, out)
    if as_json:
        print(files.to_json(asdict(found)), end="")
    else:
        console.print(tables.terminal(found))
    if all(row.status != "measured" for row in found.rows):
        raise typer.Exit(1)


@app.command()
def tune(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="a row of params.yaml's targets")],
    minutes: Annotated[float, typer.Option(min=0.1, help="after which it ends")] = 5.0,
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
    console.print(tuning_words.summary(found.log), highlight=False, soft_wrap=True)
    if found.score is not None:
        console.print(tuning_words.table(found.score), highlight=False)
    _write_tuned(found, path, dry_run=dry_run)
    if found.log.interrupted:
        raise typer.Exit(130)


@app.command()
def pack(
    folder: BundleFolder, out: Annotated[Path, typer.Argument(help="a folder for the zip")]
) -> None:
    """Pack a bundle into a zip with a checksum beside it, for builds without Git."""
    checked = bundle.read_bundle(folder)
    print(bundle.pack(checked, out))


def main() -> None:
    """The command's entry point: an error meant for a person is one message and an exit code."""
    try:
        app()
    except LudusError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"error: {error.filename or 'writing'}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def _write_tuned(found: tuner.Found, path: Path, *, dry_run: bool) -> None:
    """Write what a search chose, and say what comes next; after Ctrl-C only if it is wanted."""
    chosen, log = found.chosen, found.log
    if log.interrupted and log.kept and not dry_run and sys.stdin.isatty():
        gained = tuning_words.gained(log)
        question = f"interrupted; write the best so far, about {gained:.2f} times as fast?"
        chosen = log.best if typer.confirm(question) else None
    if chosen is None:
        print(f"{path} is as it was")
    elif dry_run:
        print(f"{path} is as it was (--dry-run); what would be written:")
        print(tuned_rows.to_paste(found.name, chosen), end="")
    else:
        tuned_rows.write_row(path, found.name, log.start, chosen)
        print(f"{path} is written; next: git diff {path}, then dvc repro")


def _device_row(word: str) -> dict[str, Any]:
    reason = devices.why_not(word)
    detail = reason or devices.open_device(word)[1]
    return {"kind": "device", "name": word, "passes": reason is None, "detail": detail}


def _runtime_row(name: str) -> dict[str, Any]:
    row = {"kind": "runtime", "name": name}
    try:
        return {**row, "passes": True, "detail": backends.backend(name).runtime_version()}
    except ModuleNotFoundError as error:
        return {**row, "passes": False, "detail": f"needs the Python package '{error.name}'"}


def _toolchain_row(name: str) -> dict[str, Any]:
    """A toolchain passes where its compiler compiles and what it made is computed rightly."""
    reason = apart.why_not(name)
    detail = reason or f"compiles; {apart.runtime_of(name)} computes"
    shown = name if name == toolchain.STABLEHLO else f"iree {name}"
    return {"kind": "toolchain", "name": shown, "passes": reason is None, "detail": detail}


def _choose(opened: bundle.Bundle, device: str | None, target: str | None) -> tuple[Variant, str]:
    """The variant and device that were asked for; a named one never falls back."""
    if device is not None:
        devices.known_device(device)
    if target is None:
        return bundle.choose(opened, device)
    variant = opened.variant(target)
    return variant, device or variant.driver or "cpu"


def _devices_here(variant: Variant) -> list[str]:
    """The devices of this machine that run a variant; where none does, the one it was made for."""
    # "vulkan" is the first of the Vulkan devices, each of which has a word of its own.
    words = [word for word in devices.DEVICES if word != "vulkan"]
    here = [word for word in words if backends.why_not(variant, word) is None]
    return here or [variant.driver or "cpu"]


def _verify_variant(opened: bundle.Bundle, variant: Variant, word: str) -> dict[str, Any]:
    row = {"target": variant.target, "device": word}
    reason = backends.why_not(variant, word)
    if reason is not None:
        return {**row, "status": "not run", "detail": reason}
    try:
        difference = bundle.check_golden_answers(opened, variant, word)
    except (LudusError, RuntimeError, ValueError) as error:
        return {**row, "status": "failed", "detail": str(error)}
    return {**row, "status": "verified", "detail": f"largest difference {difference:.1e}"}


def _needs(variant: Variant) -> str:
    cpu = variant.cpu
    words = [cpu.architecture, *cpu.features] if cpu else [variant.driver or variant.backend]
    return " ".join(words)


def _read_picture(path: Path, how: Preprocess) -> npt.NDArray[np.float32]:
    image = images.load_image(path)
    try:
        return images.preprocess(image, how)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))
