"""A whole benchmark: who can run, what each takes to load, and all sessions."""

import platform
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ludus.benchmark import plan
from ludus.benchmark.record import Load, Machine, Record, Row
from ludus.benchmark.rounds import BROKE
from ludus.benchmark.runners import Array, Runner, chosen, of_variants
from ludus.benchmark.sessions import Asked, Sessions
from ludus.benchmark.worker import Built
from ludus.benchmark.workers import look_around, workers
from ludus.bundle.inputs import network_inputs
from ludus.bundle.reader import Bundle
from ludus.config.benchmark import Benchmark
from ludus.runtimes.devices import cpu

PACKAGES = ("iree-base-runtime", "onnxruntime", "ncnn", "torch", "openvino", "numpy")


def benchmark(
    built: Built,
    images: Array,
    expected: Array,
    settings: Benchmark,
    *,
    long: bool = False,
    only: list[str] | None = None,
    on: list[str] | None = None,
) -> Record:
    """Measure all that this machine can run.

    built: variants, each with the folder that its files' paths begin in. images and
    expected, [N, ...] float32: inputs and answers, repeated to fill a batch. only, on: targets and
    devices to keep to. Raises UsageError for one that there is not.
    """
    runners = chosen(of_variants(built), only or [], on or [])
    named = {one.target for one in runners}
    reasons, names = look_around([pair for pair in built if pair[0].target in named])
    present = [one for one in runners if reasons[one.key] is None]
    rows = [
        Row(runner=one.name, target=one.target, device=one.device, reason=reasons[one.key])
        for one in runners
        if reasons[one.key] is not None
    ]
    cores = cpu.count()
    planned = plan.sessions(settings, cores, both=long)
    with _bar() as bar, workers(built, [one.key for one in present]) as started:
        seconds = sum(session.seconds for session in planned)
        task = bar.add_task("", total=seconds + len(present))
        loads = []
        for one in runners:
            bar.update(task, description=f"loading {one.target}")
            reason = reasons[one.key]
            loads.append(
                _absent(one, reason)
                if reason is not None
                else _loaded(one, built, started[one.key], images, settings, cores)
            )
            bar.advance(task)
        sessions = Sessions(runners=present, workers=started, settings=settings)
        for session in planned:
            bar.update(task, description=f"batch {session.batch}, threads {session.threads}")
            which = np.arange(session.batch) % len(images)
            step = session.seconds / session.rounds
            rows += sessions.hold(
                session,
                np.ascontiguousarray(images[which]),
                expected[which],
                after_round=lambda step=step: bar.advance(task, step),  # type: ignore[misc]
            )
    machine = Machine(
        system=f"{platform.system()} {platform.machine()}",
        cpu=cpu.name(),
        cores=cores,
        devices=names,
    )
    rows = [replace(row, device_name=names.get(row.device)) for row in rows]
    return Record(machine=machine, versions=_versions(), long=long, rows=rows, loads=loads)


def bundle_benchmark(
    opened: Bundle, only: list[str], on: list[str], *, long: bool = False
) -> Record:
    """Measure a bundle's variants, on its golden inputs. Raises as `benchmark` does."""
    manifest, golden = opened.manifest, opened.golden()
    settings = plan.LONG if long else Benchmark()
    return benchmark(
        [(variant, opened.folder) for variant in manifest.variants],
        network_inputs(golden, manifest),
        golden.reference,
        settings.model_copy(update={"max_abs_diff": manifest.golden.max_abs_diff}),
        long=long,
        only=only,
        on=on,
    )


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _absent(runner: Runner, reason: str | None) -> Load:
    return Load(
        runner=runner.name,
        target=runner.target,
        device=runner.device,
        reason=reason,
        file_bytes=_file_bytes(runner.files),
    )


def _loaded(
    runner: Runner,
    built: Built,
    worker: Asked,
    images: Array,
    settings: Benchmark,
    cores: int,
) -> Load:
    """Load time and memory, in the runner's own process and in as many more as asked for."""
    row = _absent(runner, None)
    which = np.arange(plan.LARGE) % len(images)
    asked = "first_answer", cores, images[:1], np.ascontiguousarray(images[which])
    try:
        found = [worker.ask(*asked)]
        for _ in range(settings.processes - 1):
            with workers(built, [runner.key]) as another:
                found.append(another[runner.key].ask(*asked))
    except BROKE as error:
        return replace(row, status="failed", reason=f"broke: {error}")
    peaks = [peak for _, peak in found if peak is not None]
    return replace(
        row,
        status="measured",
        load_ms=median(milliseconds for milliseconds, _ in found),
        processes=len(found),
        peak_bytes=int(median(peaks)) if peaks else None,
    )


def _file_bytes(files: list[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
