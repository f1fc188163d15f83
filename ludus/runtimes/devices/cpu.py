"""This machine's CPU: its architecture, and its features as LLVM names them."""

import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ludus.core.types import Cpu
from ludus.process.tools import run_tool


def why_not_cpu(needs: Cpu) -> str | None:
    """Why this CPU cannot run code that needs these, or None."""
    return lacks(needs, architecture(), _cpuinfo)


def lacks(needs: Cpu, here: str, cpuinfo: Callable[[], str]) -> str | None:
    """Why a CPU of the architecture `here` cannot run code that needs these, or None.

    cpuinfo: what IREE's program `iree-cpuinfo` prints there; asked only where features are needed.
    """
    if here != needs.architecture:
        return f"it is for {needs.architecture} CPUs, and this is {here}"
    reported = _parse(cpuinfo()) if needs.features else {}
    unknown = [feature for feature in needs.features if feature not in reported]
    if unknown:
        return f"IREE's runtime cannot tell whether this CPU has {', '.join(unknown)}"
    missing = [feature for feature in needs.features if not reported[feature]]
    return f"this CPU has no {', '.join(missing)}" if missing else None


def architecture() -> str:
    """x86_64 or aarch64, the same on every system; another name for any other."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def features() -> frozenset[str]:
    """The features of this CPU that IREE's runtime knows."""
    return frozenset(feature for feature, has in _parse(_cpuinfo()).items() if has)


@cache
def _cpuinfo() -> str:
    from iree import _runtime_libs

    suffix = ".exe" if platform.system() == "Windows" else ""
    program = Path(_runtime_libs.__file__).with_name(f"iree-cpuinfo{suffix}")
    return run_tool([str(program)], seconds=60)


def _parse(printed: str) -> dict[str, bool]:
    """Whether each feature that `iree-cpuinfo` knows, such as avx2, is there."""
    return {line.split()[0]: line.split()[1] == "1" for line in printed.splitlines()}


def count() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name() -> str:
    """The CPU's name, if the system gives one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or architecture()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, architecture())
