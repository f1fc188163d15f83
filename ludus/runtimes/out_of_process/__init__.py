"""Runs a variant in the runtime of a toolchain's environment, in a process of its Python.

Modules of another IREE, and XLA, cannot be run in this process, since their packages are in the
environments of their toolchains. A runner (run_iree.py, run_shortfin.py, run_xla.py) loads the
module there, and answers calls through its standard input and output (serve.py).
"""

import json
import subprocess
import tempfile
import weakref
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from ludus.bundle.schema import Variant
from ludus.core.errors import DeviceError, InstallError, LudusError, ToolError
from ludus.process import toolchains
from ludus.process.isolated import limited
from ludus.process.tools import end_tool, start_tool
from ludus.runtimes import Run
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices.build import compile_double

Array = npt.NDArray[np.float32]
CALL_LIMIT = 600.0  # seconds to start, and for one call; the first call loads the module
ENDING = 5.0  # seconds for a process without an answer to end by itself
# The packages of runtimes and their runners; the first that a toolchain pins is used.
RUNNERS = {
    "shortfin": "run_shortfin.py",
    "jaxlib": "run_xla.py",
    "iree-base-runtime": "run_iree.py",
    "iree-runtime": "run_iree.py",  # its name until 2024
}


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """The runtime of a toolchain."""

    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"


def runtime_of(name: str) -> Runtime | None:
    """The runtime that a toolchain's requirements pin, or None."""
    pinned = toolchains.pinned(name)
    found = (package for package in RUNNERS if package in pinned)
    package = next(found, None)
    return Runtime(package=package, version=pinned[package]) if package else None


def why_no_runtime(name: str) -> str | None:
    """Why a toolchain has no runtime, or None; its environment need not be installed yet."""
    if runtime_of(name) is not None:
        return None
    return f"the toolchain '{name}' has no runtime in requirements/, which a checkout has"


def load(name: str, variant: Variant, folder: Path, device: str) -> Run:
    """Load a variant in a toolchain's runtime; device: as that runtime names it.

    Raises InstallError where the runtime cannot be installed or does not start. A call raises
    DeviceError with the last message of a runner that ended.
    """
    functions = {entry.batch: entry.name for entry in variant.entry_functions}
    child = Child(name, folder / variant.files[0].path, device)

    def call(images: Array) -> Array:
        return child.call(functions.get(len(images)) or functions[-1], images)

    return lambda images: run_in_batches(call, list(functions), images)


def why_not(name: str) -> str | None:
    """None where a toolchain compiles and its runtime computes here, else the reason."""
    if not toolchains.is_installed(name):
        return toolchains.NOT_INSTALLED
    try:
        with tempfile.TemporaryDirectory() as scratch:
            answer = _double(name, Path(scratch) / "double.vmfb")
    except LudusError as error:
        return str(error)
    return None if answer == [2, 4, 6] else f"twice [1, 2, 3] gave {answer}"


def _double(name: str, module: Path) -> list[float]:
    """Compute twice [1, 2, 3]; StableHLO is run as it is, other modules are compiled first."""
    numbers = np.array([1, 2, 3], dtype=np.float32)
    if name == toolchains.STABLEHLO:
        answer = Child(name, Path(__file__).with_name("double.mlir"), "cpu").call("main", numbers)
    else:
        compile_double(name, module)
        answer = Child(name, module, "local-sync").call("double", numbers)
    twice: list[float] = answer.tolist()
    return twice


class Child:
    """A runner with a loaded module; it ends with this object."""

    def __init__(self, name: str, module: Path, device: str) -> None:
        python, runtime = toolchains.environment(name) / "bin" / "python", runtime_of(name)
        if runtime is None:
            raise DeviceError(str(why_no_runtime(name)))
        runner = Path(__file__).parent / RUNNERS[runtime.package]
        self._what = f"{runtime} does not start on '{device}'"
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the child ends
        try:
            self._process = start_tool(
                # -E: PYTHONPATH is this Python's.
                [str(python), "-E", str(runner), str(module.absolute()), device],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
            )
        except ToolError as error:
            raise error.as_kind(InstallError, f"{self._what}: {error}") from None
        self._end = weakref.finalize(self, _end, self._process, self._said)
        self._wait_until_ready(python.parents[1])
        self._what = f"{module} failed on '{device}' in {runtime}"

    def _wait_until_ready(self, environment: Path) -> None:
        """Raises InstallError where it ends before it loads the module, or takes CALL_LIMIT."""
        back = self._process.stdout
        with limited([self._process.pid], CALL_LIMIT) as expired:
            if back is not None and back.readline() == b"\n":
                return
        error = self._failure(timed_out=expired.is_set())
        anew = f"if it is damaged, `rm -r {environment}` has it installed again"
        raise error.as_kind(InstallError, f"{error}; {anew}")

    def call(self, function: str, argument: Array) -> Array:
        """Call a function of one float32 tensor that returns one.

        Raises DeviceError where the process has ended or gives no complete answer in CALL_LIMIT.
        """
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise DeviceError(self._what)
        request = json.dumps({"function": function, "shape": argument.shape})
        with limited([self._process.pid], CALL_LIMIT) as expired:
            try:
                to.write(request.encode() + b"\n")
                to.write(np.ascontiguousarray(argument).data)
                to.flush()
                shape = json.loads(back.readline())
                data = back.read(4 * int(np.prod(shape)))
                return np.frombuffer(data, dtype=np.float32).reshape(shape)
            except (OSError, ValueError):
                raise self._failure(timed_out=expired.is_set()) from None

    def _failure(self, *, timed_out: bool) -> DeviceError:
        """The error of a runner: how it ended and its last line. Kills it if it still runs."""
        code: int | None = None
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()  # there are no more calls
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(ENDING)
        end_tool(self._process)
        self._said.seek(0)
        said = self._said.read().decode(errors="replace")
        lines = said.strip().splitlines() or ["(nothing)"]
        if timed_out:
            how = f"its process had not answered after {CALL_LIMIT:g} s"
        elif code is None:
            how = f"its process gave no answer and had not ended after {ENDING:g} s"
        else:
            how = f"its process ended with exit code {code}"
        return DeviceError(
            f"{self._what}: {how} and said: {lines[-1]}",
            returncode=None if timed_out else code,
            timed_out=timed_out,
            output=said,
        )


def _end(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
    for stream in (process.stdin, process.stdout, said):
        if stream is not None:
            with suppress(OSError):  # the process may have ended before it read everything
                stream.close()
    end_tool(process)
