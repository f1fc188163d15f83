"""Runs a module on an emulated system, with IREE's own `iree-run-module`.

One run takes all inputs: a second module (loop.py) calls the first for each batch. So the emulated
system needs only two programs, both IREE's.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ludus.bundle.inputs import network_inputs
from ludus.bundle.schema import Network, Variant
from ludus.core.errors import DeviceError, LudusError, ToolError
from ludus.core.types import Executor
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import Answers, Described, ExecutorError
from ludus.evaluation.executors.loop import compile_loop, images_a_call, padded
from ludus.process.prebuilt import Prebuilt
from ludus.process.tools import run_tool
from ludus.runtimes.devices import cpu

IREE = version("iree-base-runtime")
DEVICE = "--device=local-task"  # all cores
TIMEOUT = 3600.0  # seconds; an emulator takes minutes where the CPU itself takes two seconds
PATH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/lib/wine"  # where Debian's wine64 is


@dataclass(frozen=True, kw_only=True)
class RunModule:
    """An executor of an emulated system, with the functions of every executor."""

    executor: Executor
    architecture: str  # of its CPU
    prebuilt: Prebuilt  # IREE's programs for it, in the folder iree, and what they need
    emulator: str  # a program of this machine
    package: str  # Debian's, that contains the emulator
    before: Sequence[str] = ()  # on the command line, before the emulator
    options: Sequence[str] = ()  # after the emulator
    suffix: str = ""  # of programs

    def facts(self) -> dict[str, Any]:
        """The versions of its parts, or the reason why it is missing."""
        reason = self.absent()
        name = None if reason else f"{self._emulator_version()}; {self.prebuilt.description()}"
        return {self.prebuilt.name: {"name": name, "reason": reason}}

    def absent(self) -> str | None:
        """Why it is missing, and what would help, or None."""
        if self._emulator() is None:
            return f"there is no {self.emulator}; on Debian: `apt-get install {self.package}`"
        try:
            self._emulator_version()
        except ToolError as error:
            return _in_a_line(error)
        return self.prebuilt.why_not()

    def why_not(self, variant: Variant, device: str) -> str | None:
        """Why it cannot run a variant, or None. Raises ExecutorError where it cannot tell."""
        if variant.driver != "cpu" or device != "cpu":
            return "it has no device but its CPU"
        if any(entry.buffers for entry in variant.entry_functions):
            return "the caller has to keep its buffers, which `iree-run-module` does not"
        if str(variant.iree_version).split(".")[:2] != IREE.split(".")[:2]:
            return f"it needs IREE's runtime {variant.iree_version}, and {IREE} is there"
        absent = self.absent()
        if absent or variant.cpu is None:
            return absent
        return cpu.lacks(variant.cpu, self.architecture, self._cpuinfo)

    def describe(self, variant: Variant, device: str) -> Described:
        """The emulated CPU and its emulator, and the version of IREE's runtime."""
        return Described(device_name=self._name(), runtime_version=IREE)

    def run(
        self, variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
    ) -> Answers:
        """Run all inputs; the seconds are those of the program, including its start.

        Raises ToolError where the program fails, DeviceError for invalid answers, and
        ExecutorError where the executor is at fault.
        """
        module = (folder / variant.files[0].path).resolve()
        entry, batch = images_a_call(variant.entry_functions)
        inputs = padded(network_inputs(tests, network), batch)
        shape = (len(inputs), *network.outputs[0].shape[1:])
        with tempfile.TemporaryDirectory(prefix="ludus-machine-") as scratch:
            here = Path(scratch)
            try:
                compile_loop(str(variant.iree_version), entry, batch, inputs.shape, shape, here)
            except LudusError as error:
                said = (
                    "the loop over the inputs, which is no part of the target, cannot be compiled"
                )
                raise ExecutorError(f"{said}: {error}") from None
            shutil.copyfile(module, here / "model.vmfb")
            np.save(here / "inputs.npy", inputs)
            asked = [DEVICE, "--module=model.vmfb", "--module=loop.vmfb", "--function=run"]
            asked += ["--input=@inputs.npy", "--output=@answers.npy"]
            # A command that shows the same fault without the temporary files.
            one = "x".join(map(str, (batch, *inputs.shape[1:])))
            alone = [DEVICE, f"--module={module}", f"--function={entry}", f"--input={one}xf32=0"]
            began = time.perf_counter()
            try:
                self._call("iree-run-module", *asked, at=here, paste=alone)
            except ToolError:
                self._refuse_if_broken()
                raise
            seconds = time.perf_counter() - began
            answers = _answers(here / "answers.npy", shape)
        return Answers(
            executor=self.executor,
            outputs=answers[: len(tests.inputs)],
            seconds=seconds,
            device_name=self._name(),
        )

    def command(self, program: str) -> list[str]:
        """The command that starts one of IREE's programs there."""
        path = self.prebuilt.folder / "iree" / f"{program}{self.suffix}"
        return [*self.before, self._emulator() or self.emulator, *self.options, str(path)]

    def close(self) -> None:
        """End the processes that a program has left running, if any."""

    def _call(
        self, program: str, *arguments: str, at: Path | None = None, paste: Sequence[str] = ()
    ) -> str:
        command = self.command(program)
        again = [*command, *(paste or arguments)]
        try:
            return run_tool([*command, *arguments], at, again, TIMEOUT)
        except ToolError as error:
            told = error.prefixed(program)
            if error.returncode is None or error.killed:  # the program itself did not fail
                raise ExecutorError(str(told)) from None
            raise told from None
        finally:
            self.close()

    def _cpuinfo(self) -> str:
        """The output of `iree-cpuinfo` there. It has no input, so its failure is the executor's.

        `facts` does not call it, since Wine takes a second and a half and every build waits for it.
        """
        try:
            return self._call("iree-cpuinfo")
        except ToolError as error:
            raise self._broke(error) from None

    def _refuse_if_broken(self) -> None:
        """Raises ExecutorError where `iree-cpuinfo` fails too, so the module is not at fault."""
        absent = self.absent()
        if absent is not None:
            raise ExecutorError(absent)
        try:
            self._call("iree-run-module", "--list_drivers")
        except ToolError as error:
            raise self._broke(error) from None

    def _broke(self, error: ToolError) -> ExecutorError:
        anew = (
            f"`rm -r .prebuilt/{self.prebuilt.name}` and `{self.prebuilt.command}` install it again"
        )
        return ExecutorError(
            f"{_in_a_line(error)}; if {self.prebuilt.name} itself is damaged, {anew}"
        )

    def _emulator(self) -> str | None:
        return shutil.which(self.emulator, path=PATH)

    def _name(self) -> str:
        emulator = self._emulator_version().partition(" (")[0]
        return f"{self.architecture} by {emulator}, on {cpu.name()}"

    def _emulator_version(self) -> str:
        """The first line of the emulator's version."""
        said = run_tool([self._emulator() or self.emulator, "--version"], seconds=60)
        return said.partition("\n")[0].strip()


def _in_a_line(error: ToolError) -> str:
    """The failure in one line, with the first line that the program printed, if any."""
    first = str(error).partition("\n")[0]
    if error.returncode is None:
        return first
    return f"{first} {error.output.strip().partition('\n')[0][:400] or '(nothing)'}"


def _answers(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The answers that iree-run-module wrote. Raises DeviceError for an invalid file."""
    try:
        answers = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise DeviceError(f"iree-run-module wrote no answers: {error}") from None
    if answers.shape != shape or answers.dtype != np.float32:
        found = f"{answers.dtype} {list(answers.shape)}"
        raise DeviceError(f"iree-run-module answered {found}, expected float32 {list(shape)}")
    found_answers: npt.NDArray[np.float32] = answers
    return found_answers
