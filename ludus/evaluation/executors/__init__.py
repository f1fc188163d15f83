"""Executors, the environments that run a variant: a module each, with the same four functions.

facts()                                         what its runs depend on, for DVC to compare:
                                                artifacts/executors/<executor>.json
why_not(variant, device)                        why it cannot run a variant here, or None
describe(variant, device)                       the names of the device and of the runtime
run(variant, folder, device, tests, network)    the answers to all test inputs, and its own name

A result holds the name that the executor itself gives, so that none passes for another.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from ludus.bundle.schema import Network, Variant
from ludus.core import types
from ludus.core.errors import InstallError, LudusError, ProcessError, UsageError, nearest
from ludus.data.reference_set import ReferenceSet

EXECUTORS: dict[types.Executor, str] = {
    "native": "ludus.evaluation.executors.native",  # this process
    "godot": "ludus.evaluation.executors.godot",  # the engine, a project in a folder
    "godot-pck": "ludus.evaluation.executors.godot_pck",  # the engine, an exported game
    "own-runtime": "ludus.evaluation.executors.own_runtime",  # its toolchain's runtime
    "qemu-aarch64": "ludus.evaluation.executors.qemu_aarch64",  # by iree-run-module
    "qemu-riscv64": "ludus.evaluation.executors.qemu_riscv64",
    "triton": "ludus.evaluation.executors.triton",  # a server and its own client
    "wine": "ludus.evaluation.executors.wine",  # Windows, by the same
}


class NotHere(LudusError):
    """A variant cannot be run here, as the attempt to run it has shown."""


class ExecutorError(LudusError):
    """An executor failed, which proves nothing about the variant that it ran."""


@contextmanager
def blaming_the_executor(why_broken: Callable[[], str | None] = lambda: None) -> Iterator[None]:
    """Raises ExecutorError for an error in the block that is no fault of the variant.

    That is one of an installation, of a program that was killed or ran out of time, and any where
    why_broken, which tries the executor without the variant, then returns a reason. Any other
    counts as a failure of the variant: an exit code, SIGSEGV and SIGABRT, too.
    """
    try:
        yield
    except (ExecutorError, NotHere):
        raise
    except LudusError as error:
        outside = isinstance(error, ProcessError) and (error.killed or error.timed_out)
        if outside or isinstance(error, InstallError):
            raise ExecutorError(str(error)) from None
        if (reason := why_broken()) is not None:
            raise ExecutorError(reason) from None
        raise


@dataclass(frozen=True, kw_only=True)
class Described:
    """The device and runtime of a run; a name that only the run can find out is None before it."""

    device_name: str | None
    runtime_version: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answers to all test inputs, their time, and the executor and device."""

    executor: types.Executor  # set by the executor that ran, whatever was asked for
    outputs: npt.NDArray[np.float32]  # [N, ...]
    seconds: float  # only in the runtime
    device_name: str


class Executor(Protocol):
    """The functions of each executor's module."""

    def facts(self) -> dict[str, Any]: ...
    def why_not(self, variant: Variant, device: str) -> str | None: ...
    def describe(self, variant: Variant, device: str) -> Described: ...
    def run(
        self, variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
    ) -> Answers: ...


def known(word: str) -> types.Executor:
    """The executor's name, if it is known. Raises UsageError with the nearest name."""
    for name in EXECUTORS:
        if name == word:
            return name
    raise UsageError(f"no executor '{word}'{nearest(word, set(EXECUTORS))}")


def executor(name: types.Executor) -> Executor:
    """The executor of a name in EXECUTORS."""
    return cast(Executor, import_module(EXECUTORS[name]))
