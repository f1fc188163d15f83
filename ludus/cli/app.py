"""`ludus`: look at a bundle, verify it, time it, give it pictures, and see what a machine can run.

Exit codes: 0; 1 where something falls short; 2 where it cannot be asked so.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ludus import runtimes
from ludus.benchmark import record, tables
from ludus.benchmark.run import bundle_benchmark
from ludus.bundle import preprocessing, reader
from ludus.bundle.schema import Figures, Picture, Variant
from ludus.config.params import load_params
from ludus.core import files
from ludus.core.errors import DeviceError, ImageError, LudusError, ToolError, UsageError, nearest
from ludus.core.types import Executor
from ludus.data.reference_set import load_reference_set
from ludus.evaluation import executors, results, run
from ludus.evaluation.executors import EXECUTORS, own_runtime
from ludus.evaluation.golden import check_golden_answers
from ludus.process import toolchains
from ludus.runtimes import devices, out_of_process
from ludus.runtimes.choosing import choose
from ludus.serving import repository, triton
from ludus.tuning import rows as tuned_rows
from ludus.tuning import summary as tuning_words
from ludus.tuning import tuner

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
console = Console()
Answer = npt.NDArray[np.float32]

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
    rows += [_executor_row(name) for name in EXECUTORS if name != "native"]
    rows += [_runtime_row(name) for name in runtimes.RUNTIMES if name != "xla"]
    rows += [_toolchain_row(name) for name in toolchains.names()]
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
    found = reader.read_bundle(folder).manifest
    if as_json:
        _print_json(found.model_dump(mode="json"))
        return
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


@app.command()
def verify(folder: BundleFolder, as_json: Json = False) -> None:
    """Check every file of a bundle, and its golden answers on each device that is here."""
    checked = reader.read_bundle(folder)
    rows = [
        _verify_variant(checked, variant, word)
        for variant in checked.manifest.variants
        for word in _devices_here(variant)
    ]
    if as_json:
        _print_json(rows)
    else:
        console.print(f"{folder}: every file is as {reader.MANIFEST} says")
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
    """Give pictures to the network, of any size and colour; drawings dark or light."""
    opened = reader.read_bundle(folder)
    chosen, word = _choose(opened, device, variant)
    how = opened.manifest.preprocess
    if how is None:
        raise UsageError(
            f"{folder} takes tensors alone: its manifest says nothing of how pictures become its "
            "input (preprocess is null)"
        )
    batch = np.stack([_read_picture(path, how) for path in pictures])
    answers = runtimes.load(chosen, folder, word)(batch)
    if not np.isfinite(answers).all():
        raise DeviceError(f"{chosen.target} on '{word}' answers with what is no number")
    labels = opened.manifest.labels
    if as_json:
        rows = [
            {"image": str(path), **_answer(answer, labels)}
            for path, answer in zip(pictures, answers, strict=True)
        ]
        _print_json({"variant": chosen.target, "device": word, "answers": rows})
        return
    for path, answer in zip(pictures, answers, strict=True):
        said = _answer_in_words(answer, labels)
        console.print(f"{escape(str(path))}: {said}", highlight=False)
    print(f"({chosen.target} on {word})", file=sys.stderr)


@app.command()
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
    """Run the test inputs through a bundle; write a results file that attests another's build."""
    by = executors.known(executor)
    opened = reader.read_bundle(folder)
    chosen, word = _choose(opened, device, variant)
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder; name a file in it")
    out.parent.mkdir(parents=True, exist_ok=True)
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
    found = bundle_benchmark(reader.read_bundle(folder), only or [], device or [], long=long)
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
def serve(
    folders: Annotated[list[Path], typer.Argument(metavar="BUNDLE...", help="bundles' folders")],
    device: Annotated[
        str, typer.Option(help=f"auto, a variant, or one of {', '.join(devices.DEVICES)}")
    ] = "auto",
    host: Annotated[str, typer.Option(help="the address to listen at")] = "127.0.0.1",
    http: Annotated[int, typer.Option(min=1, max=65535, help="port")] = 8000,
    grpc: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: none")] = 8001,
    metrics: Annotated[int, typer.Option(min=0, max=65535, help="port; 0: none")] = 8002,
    instances: Annotated[
        int | None, typer.Option(min=1, help="calls at a time; default: one a core")
    ] = None,
    max_batch: Annotated[int, typer.Option(min=1, help="images a request")] = 1024,
    queue: Annotated[int, typer.Option(min=1, help="requests that wait; others get 503")] = 1024,
    timeout: Annotated[float, typer.Option(min=0.001, help="seconds that one waits")] = 2.0,
    key: Annotated[
        str | None,
        typer.Option(envvar="LUDUS_SERVE_KEY", help="lets who has it load and unload models"),
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="write a model repository there, and start nothing")
    ] = None,
) -> None:
    """Serve bundles over HTTP and gRPC, by NVIDIA's Triton; see docs/how-to/serve.md."""
    options = repository.Options(
        device=device,
        instances=instances or len(os.sched_getaffinity(0)),
        max_batch=max_batch,
        queue=queue,
        timeout=timeout,
    )
    addresses = triton.Addresses(host=host, http=http, grpc=grpc, metrics=metrics)
    bundles = [reader.read_bundle(folder) for folder in folders]
    _check_known(device, bundles)
    if write is not None:
        _write_repository(bundles, options, write)
        return
    addresses.check_free()
    with tempfile.TemporaryDirectory(prefix="ludus-serve-") as scratch:
        served = repository.write_repository(bundles, options, Path(scratch))
        while True:
            with triton.started(Path(scratch), addresses, key) as running:
                for line in triton.lines(served, addresses):
                    print(line, flush=True)
                ended = running.wait()
            # Triton 2.51 has faults that a client can bring about; docs/how-to/serve.md names them.
            if not running.died:
                break
            print(f"Triton died of signal {-ended}; it is started anew", file=sys.stderr)
    if ended != 0:
        raise ToolError(f"Triton ended with exit code {ended}; its lines above say why")


@app.command()
def pack(
    folder: BundleFolder, out: Annotated[Path, typer.Argument(help="a folder for the zip")]
) -> None:
    """Pack a bundle into a zip with a checksum beside it, for builds without Git."""
    checked = reader.read_bundle(folder)
    print(reader.pack(checked, out))


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


def _check_known(device: str, bundles: list[reader.Bundle]) -> None:
    """Raise UsageError where that is no device word, and a bundle has no such variant."""
    words = {"auto", *devices.DEVICES}
    for each in bundles:
        targets = {variant.target for variant in each.manifest.variants}
        if device not in words | targets:
            raise UsageError(
                f"--device {device} is no device, and {each.folder} has no such variant"
                + nearest(device, words | targets)
            )


def _write_repository(
    bundles: list[reader.Bundle], options: repository.Options, folder: Path
) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--write {folder} is there already; name a new folder, or an empty one")
    with files.replaced_folder(folder) as partial:
        repository.write_repository(bundles, options, partial)
    print(f"{folder} is written; a Triton that has the backend serves it (docs/how-to/serve.md)")


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


def _executor_row(name: Executor) -> dict[str, Any]:
    parts = executors.executor(name).facts()
    reasons = [part["reason"] for part in parts.values() if part["reason"]]
    missing = own_runtime.not_installed() if name == "own-runtime" else []
    names = [part["name"] for key, part in parts.items() if key not in missing]
    if missing:
        reasons = [*names, f"{', '.join(missing)}: {toolchains.NOT_INSTALLED}"]
    detail = "; ".join(reasons or names)
    return {"kind": "executor", "name": name, "passes": not reasons, "detail": detail}


def _runtime_row(name: str) -> dict[str, Any]:
    row = {"kind": "runtime", "name": name}
    try:
        return {**row, "passes": True, "detail": runtimes.runtime(name).runtime_version()}
    except ModuleNotFoundError as error:
        return {**row, "passes": False, "detail": f"needs the Python package '{error.name}'"}


def _toolchain_row(name: str) -> dict[str, Any]:
    """A toolchain passes where its compiler compiles and what it made is computed rightly."""
    reason = out_of_process.why_not(name)
    detail = reason or f"compiles; {out_of_process.runtime_of(name)} computes"
    shown = name if name == toolchains.STABLEHLO else f"iree {name}"
    return {"kind": "toolchain", "name": shown, "passes": reason is None, "detail": detail}


def _choose(opened: reader.Bundle, device: str | None, target: str | None) -> tuple[Variant, str]:
    """The variant and device that were asked for; a named one never falls back."""
    if device is not None:
        devices.known_device(device)
    if target is None:
        return choose(opened, device)
    variant = opened.variant(target)
    return variant, device or variant.driver or "cpu"


def _devices_here(variant: Variant) -> list[str]:
    """The devices of this machine that run a variant; where none does, the one it was made for."""
    # "vulkan" is the first of the Vulkan devices, each of which has a word of its own.
    words = [word for word in devices.DEVICES if word != "vulkan"]
    here = [word for word in words if runtimes.why_not(variant, word) is None]
    return here or [variant.driver or "cpu"]


def _verify_variant(opened: reader.Bundle, variant: Variant, word: str) -> dict[str, Any]:
    row = {"target": variant.target, "device": word}
    reason = runtimes.why_not(variant, word)
    if reason is not None:
        return {**row, "status": "not run", "detail": reason}
    try:
        difference = check_golden_answers(opened, variant, word)
    except (LudusError, RuntimeError, ValueError) as error:
        return {**row, "status": "failed", "detail": str(error)}
    return {**row, "status": "verified", "detail": f"largest difference {difference:.1e}"}


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


def _best_figure(result: results.Result) -> str:
    if result.accuracy is None:
        return f"agreement {result.agreement:.4f}"
    return f"accuracy {result.accuracy:.4f}"


def _answer(answer: Answer, labels: list[str]) -> dict[str, Any]:
    """One answer of the network, for programs: of several places, the likeliest at each."""
    if answer.ndim > 1 and labels:
        return {"labels": np.array(labels)[answer.argmax(-1)].tolist()}
    if not labels:
        return {"output": answer.tolist()}
    return {
        "label": labels[int(answer.argmax())],
        "probabilities": dict(zip(labels, map(float, answer), strict=True)),
    }


def _answer_in_words(answer: Answer, labels: list[str]) -> str:
    if answer.ndim > 1 and labels:
        return escape(" ".join(np.array(labels)[answer.argmax(-1)].flat))
    if not labels:
        return f"an output of {list(answer.shape)}, which has no labels; --json prints it"
    best, second = (*np.argsort(-answer)[:2], None)[:2]
    words = f"[bold]{escape(labels[best])}[/]  {answer[best]:.1%}"
    return (
        words
        if second is None
        else (f"{words}, then {escape(labels[second])}  {answer[second]:.1%}")
    )


def _needs(variant: Variant) -> str:
    cpu = variant.cpu
    words = [cpu.architecture, *cpu.features] if cpu else [variant.driver or variant.backend]
    return " ".join(words)


def _read_picture(path: Path, how: Picture) -> npt.NDArray[np.float32]:
    image = preprocessing.load_image(path)
    try:
        return preprocessing.preprocess(image, how)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))
