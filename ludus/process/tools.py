"""Runs other programs within a time limit, and leaves none of their processes behind.

`run_tool` runs a program to its end. `start_tool` starts one that lives longer; its caller limits
its time and ends it with `end_tool`. isolated.py runs Python code in a process of its own.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from ludus.core.errors import ToolError

ROOT = Path(__file__).parents[2]  # of the checkout
LINES_SHOWN = 20  # of what a failed tool said
TIME_LIMIT = 3600.0  # seconds; over a slow network an installation takes many minutes


def run_tool(
    command: list[str],
    folder: Path | None = None,
    paste: list[str] | None = None,
    seconds: float = TIME_LIMIT,
) -> str:
    """Run a tool in a folder, for so many seconds at most; returns what it printed.

    Raises ToolError with its output and the command to run it again; `paste` replaces a command
    whose files are temporary.
    """
    name, again = Path(command[0]).name, paste or command
    process = start_tool(command, folder=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with process:
        try:
            printed = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired as error:
            end_tool(process)
            raise ToolError(
                f"{name} had not ended after {seconds:g} s\n"
                f"to run it again:\n  {shlex.join(again)}",
                timed_out=True,
                output=_text(error.output or b""),
                command=again,
            ) from None
        except BaseException:
            end_tool(process)
            raise
    output = _text(printed)
    if process.returncode != 0:
        lines = output.strip().splitlines() or ["(nothing)"]
        said = "\n".join(f"  {line[:400]}" for line in lines[:LINES_SHOWN])
        raise ToolError(
            f"{name} ended with exit code {process.returncode} and said:\n{said}\n"
            f"to run it again:\n  {shlex.join(again)}",
            returncode=process.returncode,
            output=output,
            command=again,
        )
    return output


def start_tool(
    command: list[str],
    *,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    new_session: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start a program; None is a stream of this process. Raises ToolError where it cannot start."""
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=env,
            start_new_session=new_session,
        )
    except OSError as error:
        raise ToolError(
            f"{command[0]} cannot be started: {error.strerror}", command=command
        ) from None


def end_tool(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that was started and, on Linux, its descendants, if they still run."""
    if process.poll() is None:
        for pid in list(_with_descendants(process.pid)):
            with suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _with_descendants(pid: int) -> Iterator[int]:
    """A process and its running descendants, on Linux."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text().split():
                yield from _with_descendants(int(child))


def _text(printed: bytes) -> str:
    """Output as text: UTF-8, with the line ends of any system."""
    return printed.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
