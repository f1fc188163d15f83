"""Runs a variant in this process, in its backend's runtime, through Python."""

import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ludus import runtimes
from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Variant
from ludus.core.types import Executor
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import Answers, Described, blaming_the_executor
from ludus.runtimes import devices
from ludus.runtimes.devices import cpu
from ludus.runtimes.iree import runtime_version

# Inputs between two steps of the progress bar; divisible by every batch that is compiled.
CHUNK = 256


def facts() -> dict[str, Any]:
    """The machine; `devices.facts` has its devices."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": {
            "name": cpu.name(),
            "architecture": cpu.architecture(),
            "features": sorted(cpu.features()),
        },
        "iree": runtime_version(),
    }


def why_not(variant: Variant, device: str) -> str | None:
    """Why this machine cannot run a variant on a device, or None."""
    return runtimes.why_not(variant, device)


def describe(variant: Variant, device: str) -> Described:
    """The device's own name, and the version of the backend's runtime."""
    return Described(
        device_name=devices.open_device(device)[1],
        runtime_version=runtimes.runtime(variant.backend).runtime_version(),
    )


def run(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Answers:
    """Load the variant and run the inputs; raises what its backend does.

    Raises ExecutorError where a backend's own process was killed or could not be started.
    """
    with blaming_the_executor():
        loaded = runtimes.load(variant, folder, device)
        return run_all("native", loaded, variant, device, tests, network)


def run_all(
    executor: Executor,
    run: runtimes.Run,
    variant: Variant,
    device: str,
    tests: ReferenceSet,
    network: Network,
) -> Answers:
    """Run all inputs through a variant that an executor has loaded."""
    inputs = network_inputs(tests, network)
    run(inputs[:1])  # the first run also allocates memory and loads kernels
    answers, seconds = [], 0.0
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task(f"{variant.target} on {device}", total=len(inputs))
        for start in range(0, len(inputs), CHUNK):
            part = inputs[start : start + CHUNK]
            began = time.perf_counter()
            answers.append(run(part))
            seconds += time.perf_counter() - began
            progress.advance(task, len(part))
    return Answers(
        executor=executor,
        outputs=np.concatenate(answers),
        seconds=seconds,
        device_name=devices.open_device(device)[1],
    )
