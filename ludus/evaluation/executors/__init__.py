"""Executors: what runs a variant, one small file each, with the same four functions.

facts()                                         what a run there depends on, for DVC to see:
                                                artifacts/executors/<executor>.json
why_not(variant, device)                        why it cannot be run so here, or None
describe(variant, device)                       the names of the device and of the runtime
run(variant, folder, device, tests, network)    the answers to all test inputs, and its own name

A result says what an executor says of itself, so that none passes for another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ludus.bundle.schema import Network, Variant
from ludus.core import types
from ludus.core.errors import LudusError, ProcessError, UsageError, nearest
from ludus.data.reference_set import ReferenceSet

EXECUTORS: dict[types.Executor, str] = {
    "native": "ludus.evaluation.executors.native",  # this process
    "godot": "ludus.evaluation.executors.godot",  # the engine, a project in a folder
    "godot-pck": "ludus.evaluation.executors.godot_pck",  # the engine, a game that was exported
    "own-runtime": "ludus.evaluation.executors.own_runtime",  # of the module's toolchain
    "qemu-aarch64": "ludus.evaluation.executors.qemu_aarch64",  # by iree-run-module
    "qemu-riscv64": "ludus.evaluation.executors.qemu_riscv64",
    "triton": "ludus.evaluation.executors.triton",  # a server, asked by its own client
    "wine": "ludus.evaluation.executors.wine",  # Windows, by the same
}


class NotHere(LudusError):
    """Only when it was tried did it show that a variant cannot be run here."""


class ExecutorError(LudusError):
    """An executor failed, whatever it ran: nothing is proved of the variant, nor against it."""


@contextmanager
def blaming_the_executor() -> Iterator[None]:
    """Raises ExecutorError where something outside, or its time, ends a program in the block.

    What a program does to itself, by an exit code, SIGSEGV or SIGABRT, is the variant's doing.
    """
    try:
        yield
    except ProcessError as error:
        if error.killed or error.timed_out:
            raise ExecutorError(str(error)) from None
        raise


@dataclass(frozen=True, kw_only=True)
class Described:
    """What runs a variant; a name that only the run itself finds out is None until then."""

    device_name: str | None
    runtime_version: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers to all test inputs, what they took, and what gave them."""

    executor: types.Executor  # written by the executor that ran, whatever was asked for
    outputs: npt.NDArray[np.float32]  # [N, ...]
    seconds: float  # in the runtime alone
    device_name: str


class Executor(Protocol):
    """What each file of this package offers."""

    def facts(self) -> dict[str, Any]: ...
    def why_not(self, variant: Variant, device: str) -> str | None: ...
    def describe(self, variant: Variant, device: str) -> Described: ...
    def run(
        self, variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
    ) -> Answers: ...


def known(word: str) -> types.Executor:
    """A word as the name of an executor. Raises UsageError, which says the nearest."""
    for name in EXECUTORS:
        if name == word:
            return name
    raise UsageError(f"no executor '{word}'{nearest(word, set(EXECUTORS))}")


def executor(name: types.Executor) -> Executor:
    """The executor of a name in EXECUTORS."""
    return cast(Executor, import_module(EXECUTORS[name]))
