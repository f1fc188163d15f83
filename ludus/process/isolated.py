"""Runs a function in a process of its own, with a time limit, since it may crash or never end."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ludus.core.errors import DeviceError, LudusError

SPAWN = multiprocessing.get_context("spawn")  # a fresh one: nothing of ours is loaded in it


class TookTooLong(DeviceError):
    """The function did not end in time, and its process was killed."""


def run_isolated[Answer](
    work: Callable[..., Answer], *arguments: object, seconds: float = 600.0
) -> Answer:
    """work(*arguments), of a function at the top of a module; its output is dropped.

    Raises the LudusError that it raised, DeviceError where its process died, and TookTooLong.
    """
    pipe, theirs = SPAWN.Pipe()
    with no_interrupts():
        process = SPAWN.Process(target=_serve, args=(theirs, work, arguments), daemon=True)
        process.start()
    theirs.close()
    try:
        if not pipe.poll(seconds):
            raise TookTooLong(f"it took more than {seconds:.0f} s", timed_out=True)
        good, answer = pipe.recv()
    except (EOFError, OSError):
        process.join()
        raise DeviceError(
            f"its process ended with {exit_description(process.exitcode)}",
            returncode=process.exitcode,
        ) from None
    finally:
        _kill_group(process.pid)
        process.kill()
        process.join()
        pipe.close()
    if not good:
        raise answer
    result: Answer = answer
    return result


def _serve(pipe: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()  # so that the compiler that it starts can be killed with it
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        try:
            pipe.send((True, work(*arguments)))
        except LudusError as error:
            pipe.send((False, error))
        except (RuntimeError, ValueError, OSError) as error:
            pipe.send((False, DeviceError(f"{type(error).__name__}: {error}")))


def _kill_group(leader: int | None) -> None:
    """Kill a process of `run_isolated` and all that it started, if they still run."""
    if leader is not None and hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(leader, signal.SIGKILL)


@contextmanager
def limited(pids: list[int], seconds: float) -> Iterator[threading.Event]:
    """Kill processes when the block takes longer; the event is set when they were killed."""
    expired = threading.Event()

    def kill() -> None:
        expired.set()
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    timer = threading.Timer(seconds, kill)
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


@contextmanager
def no_interrupts() -> Iterator[None]:
    """Processes started in this block ignore Ctrl-C; this one handles it when the block ends."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def exit_description(code: Any) -> str:
    """An exit code as a message says it; a negative one is a signal."""
    died = isinstance(code, int) and code < 0
    return f"signal {-code} ({signal.Signals(-code).name})" if died else f"exit code {code}"
