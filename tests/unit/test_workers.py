"""The benchmark's processes: one that does not answer is killed."""

import time
from typing import Any

import pytest

from ludus.benchmark import workers
from ludus.core.errors import DeviceError

KEY = ("IREE", "t", "cpu")


def hangs(pipe: Any, *_: object) -> None:
    """What a worker's process runs: it takes no request."""
    time.sleep(600)


@pytest.fixture(autouse=True)
def hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LIMIT", 0.5)
    monkeypatch.setattr(workers, "serve", hangs)
    monkeypatch.setattr(workers, "look", hangs)


def test_a_worker_that_does_not_answer_is_killed_and_told() -> None:
    worker = workers.Worker([], KEY)
    try:
        with pytest.raises(DeviceError, match=r"^it had not answered after 0\.5 s$") as caught:
            worker.ask("turn")
        worker._process.join(30)
        assert worker._process.exitcode == -9
        assert caught.value.timed_out
    finally:
        worker.end()


def test_a_look_at_the_devices_that_does_not_end_is_killed_and_told() -> None:
    with pytest.raises(DeviceError, match="the process that tries the devices ended with signal 9"):
        workers.look_around([])
