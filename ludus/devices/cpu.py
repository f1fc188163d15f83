"""What this machine's CPU is: its architecture, and its features as LLVM names them."""

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

from ludus.params import Cpu


def why_not_cpu(needs: Cpu) -> str | None:
    """Why this CPU cannot run code that needs these, or None."""
    if architecture() != needs.architecture:
        return f"it is for {needs.architecture} CPUs, and this is {architecture()}"
    unknown = [feature for feature in needs.features if feature not in _reported()]
    if unknown:
        return f"IREE's runtime cannot tell whether this CPU has {', '.join(unknown)}"
    missing = [feature for feature in needs.features if feature not in features()]
    return f"this CPU has no {', '.join(missing)}" if missing else None


def architecture() -> str:
    """x86_64 or aarch64 on every system; another name where it is neither."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def features() -> frozenset[str]:
    """The features that this CPU has, of those that IREE's runtime looks for."""
    return frozenset(feature for feature, has in _reported().items() if has)


@cache
def _reported() -> dict[str, bool]:
    """Each feature that `iree-cpuinfo` knows on this architecture, such as avx2, and is it here?"""
    from iree import _runtime_libs

    suffix = ".exe" if platform.system() == "Windows" else ""
    program = Path(_runtime_libs.__file__).with_name(f"iree-cpuinfo{suffix}")
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: line.split()[1] == "1" for line in printed.splitlines()}


def count() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def name() -> str:
    """The CPU's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or architecture()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, architecture())
