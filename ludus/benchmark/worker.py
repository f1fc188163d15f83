"""The process of one runner: on request it loads it, checks its answers and times its calls.

Each has its own process, as runtimes disturb each other: ONNX Runtime's and OpenMP's workers spin
for tens of milliseconds after a call, PyTorch has one number of threads for all, and IREE 3.13's
Vulkan driver waits on Mesa's llvmpipe by keeping two cores busy for as long as the device is open.
"""

import gc
import importlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from ludus.benchmark.record import PYTHON, RESIDENT, Status, Way
from ludus.benchmark.rounds import BROKE, timed, warm_up
from ludus.benchmark.runners import Array, Runner, of_variants
from ludus.bundle.schema import Variant
from ludus.runtimes import Run, devices

MEMORY = Path("/proc/self/status")
LONG_CALL = 0.1  # seconds; what takes longer needs no warming
LONGEST_WARMING = 200  # ms
Key = tuple[str, str, str]
Built = list[tuple[Variant, Path]]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A runner one way, tried at one batch."""

    way: Way
    status: Status  # "measured": its answers are right
    reason: str | None = None
    seconds: float = 0.0  # of one call


def serve(pipe: Connection, built: Built, key: Key) -> None:
    """Answer requests, a method's name and arguments each, until the pipe is closed."""
    _die_with_parent()
    gc.disable()  # as timeit does: a collection is no part of any one call
    runner = next(one for one in of_variants(built) if one.key == key)
    importlib.import_module(runner.package)
    desk = Desk(runner)
    pipe.send(None)  # ready
    while True:
        try:
            name, arguments = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((True, getattr(desk, name)(*arguments)))
        except BROKE as error:
            pipe.send((False, str(error)))


def look(pipe: Connection, built: Built) -> None:
    """Send why each runner cannot run here, or None, and the names of the devices."""
    _die_with_parent()
    runners = of_variants(built)
    reasons = {one.key: one.why_not() for one in runners}
    here = {one.device for one in runners if reasons[one.key] is None}
    pipe.send((reasons, {word: _device_name(word) for word in sorted(here)}))


def _device_name(word: str) -> str:
    # PyTorch can have a device that IREE has not.
    return devices.open_device(word)[1] if devices.why_not(word) is None else word


class Desk:
    """What a worker can be asked for."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._run: Run | None = None
        self._threads = 0
        self._calls: dict[Way, Callable[[], object]] = {}
        self._usual: dict[Way, float] = {}  # ms of a call, in the best round so far

    def first_answer(self, threads: int, one: Array, many: Array) -> tuple[float, int | None]:
        """Load it. The ms until it has answered one image, and its peak memory in bytes.

        The peak is above what the process held after its imports, `many` images answered too.
        """
        _forget_peak()
        held = _memory("VmRSS")
        began = time.perf_counter()
        run = self._runner.load(threads)
        run(one)
        milliseconds = (time.perf_counter() - began) * 1000
        run(many)
        peak = _memory("VmHWM")
        return milliseconds, None if held is None or peak is None else max(peak - held, 0)

    def enter(
        self, images: Array, expected: Array, threads: int, limit: float, tolerance: float
    ) -> list[Trial]:
        """Try a batch, through Python and, where it can be, device-resident."""
        self._calls, self._usual = {}, {}
        gc.collect()
        if self._run is None or self._threads != threads:
            self._run, self._threads = self._runner.load(threads), threads
        run = self._run
        trial = try_answers(run, images, expected, limit, tolerance)
        if trial.status != "measured" or trial.seconds > limit:
            return [trial]
        self._calls[PYTHON] = lambda: run(images)
        return [trial, *self._resident(images, threads)]

    def _resident(self, images: Array, threads: int) -> list[Trial]:
        if self._runner.load_resident is None:
            return []
        try:
            call = self._runner.load_resident(images, threads)
            seconds = _seconds(call)
        except BROKE as error:
            return [Trial(way=RESIDENT, status="failed", reason=f"broke: {error}")]
        self._calls[RESIDENT] = call
        return [Trial(way=RESIDENT, status="measured", seconds=seconds)]

    def turn(self, way: Way, calls: int, seconds: float) -> list[float]:
        """The ms of each of some calls; `seconds` is about what one took when it was tried."""
        usual = self._usual.get(way, seconds * 1000)
        if seconds < LONG_CALL:
            warm_up(self._calls[way], usual, LONGEST_WARMING)
        times = timed(self._calls[way], calls)
        self._usual[way] = min(usual, statistics.median(times))
        return times


def try_answers(run: Run, images: Array, expected: Array, limit: float, tolerance: float) -> Trial:
    """Whether a runner's answers to images are those expected, and the seconds of a call."""
    began = time.perf_counter()
    answers = np.array(run(images))
    seconds = time.perf_counter() - began
    if answers.shape != expected.shape:
        reason = f"answers of the shape {list(answers.shape)}, expected {list(expected.shape)}"
        return Trial(way=PYTHON, status="failed", reason=reason)
    difference = float(np.abs(answers - expected).max())
    if not difference <= tolerance:  # a NaN is wrong too
        reason = f"differs by {difference:.3g} from the reference, more than {tolerance:g}"
        return Trial(way=PYTHON, status="failed", reason=reason)
    # Any call can be slow for once; one that is far too slow is not tried again.
    for _ in range(3):
        if limit < seconds < 10 * limit:
            seconds = _seconds(lambda: run(images))
    return Trial(way=PYTHON, status="measured", seconds=seconds)


def _seconds(call: Callable[[], object]) -> float:
    """Of one call: the median of five, where they are short."""
    times: list[float] = []
    while len(times) < 5 and sum(times) < 0.02:
        times += timed(call, 1)
    return statistics.median(times) / 1000


def _memory(key: str) -> int | None:
    """Bytes that this process holds (VmRSS) or held at most (VmHWM); None where none can tell."""
    if not MEMORY.exists():
        return None
    line = next(line for line in MEMORY.read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024


def _forget_peak() -> None:
    """Have VmHWM begin anew: imports hold more for a moment than they keep.

    It is why this is not getrusage's ru_maxrss, which never falls.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # the peak is then that of the imports, where those held more


def _die_with_parent() -> None:
    """Be killed when the benchmark is: a worker that is stopped would stay for ever."""
    if sys.platform == "linux":
        import ctypes
        import signal

        prctl: Any = ctypes.CDLL(None).prctl
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
