"""The runners' processes as the benchmark sees them: asked one at a time, stopped meanwhile."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ludus.benchmark.worker import Built, Key, look, serve
from ludus.core.errors import DeviceError
from ludus.process.isolated import SPAWN, exit_description

LIMIT = 600.0  # seconds of one request, the loading of a module with it
# Windows has no such signals: workers that spin there disturb the others.
STOP, GO = getattr(signal, "SIGSTOP", None), getattr(signal, "SIGCONT", None)


class Worker:
    """A runner's process. It computes only while it is asked something."""

    def __init__(self, built: Built, key: Key) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=serve, args=(theirs, built, key), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def wait(self) -> None:
        """Wait until it has imported what it needs; from then on it is stopped while not asked."""
        self._receive()
        self._signal(STOP)

    def ask(self, name: str, *arguments: object) -> Any:
        """The answer to a request. Raises DeviceError with what it said, or how it died."""
        self._signal(GO)
        with suppress(OSError):  # then there is nothing to receive either
            self._pipe.send((name, arguments))
        good, answer = self._receive()
        self._signal(STOP)
        if not good:
            raise DeviceError(answer)
        return answer

    def _receive(self) -> Any:
        try:
            if not self._pipe.poll(LIMIT):
                self._process.kill()
                raise DeviceError(f"it had not answered after {LIMIT:g} s", timed_out=True)
            return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            raise DeviceError(
                f"its process ended with {exit_description(self._process.exitcode)}"
            ) from None

    def end(self) -> None:
        """Kill it, stopped or not."""
        self._pipe.close()
        self._process.kill()
        self._process.join()

    def _signal(self, number: signal.Signals | None) -> None:
        if number is not None and self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, number)


@contextmanager
def workers(built: Built, keys: list[Key]) -> Iterator[dict[Key, Worker]]:
    """A process for each runner, ended when the block ends, however it does."""
    started: dict[Key, Worker] = {}
    try:
        for key in keys:
            started[key] = Worker(built, key)
        for worker in started.values():
            worker.wait()
        yield started
    finally:
        for worker in started.values():
            worker.end()


def look_around(built: Built) -> tuple[dict[Key, str | None], dict[str, str]]:
    """Why each runner cannot run here, or None, and the names of the devices that are here.

    In a process of its own, since a device that was opened can keep cores busy from then on.
    """
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=look, args=(theirs, built), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(LIMIT):
            process.kill()
        found: tuple[dict[Key, str | None], dict[str, str]] = ours.recv()
    except EOFError:
        process.join()
        raise DeviceError(
            f"the process that tries the devices ended with {exit_description(process.exitcode)}; "
            "`ludus doctor` tries them too"
        ) from None
    process.kill()
    process.join()
    return found
