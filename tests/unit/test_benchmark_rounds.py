"""The stopwatch and the sessions, with runners that are made up."""

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.benchmark import others, plan
from ludus.benchmark.plan import Session
from ludus.benchmark.record import PYTHON, RESIDENT, Row
from ludus.benchmark.rounds import Series, interleave, percentile, round_medians, timed, warm_up
from ludus.benchmark.runners import Runner
from ludus.benchmark.sessions import MOST_CALLS, Sessions, calls_in, with_ratios
from ludus.benchmark.worker import Trial, try_answers
from ludus.bundle.schema import Variant
from ludus.config.benchmark import Benchmark
from ludus.core.errors import DeviceError

SESSION = Session(batch=16, threads=2, rounds=4, seconds=1, usual=True)
IMAGES = np.zeros((16, 1, 4, 4), dtype=np.float32)
EXPECTED = np.full((16, 10), 0.1, dtype=np.float32)


# Rounds


def raced(names: str, rounds: int, seed: int = 1) -> str:
    """The names in the order in which they had their turns."""
    turns: list[str] = []

    def turn(name: str) -> list[float]:
        turns.append(name)
        return [1.0]

    series = [Series(turn=lambda name=name: turn(name)) for name in names]  # type: ignore[misc]
    interleave(series, rounds, random.Random(seed))
    assert all(len(each.times) == rounds for each in series)
    return "".join(turns)


def test_each_has_one_turn_in_every_round() -> None:
    turns = raced("abcd", 20)
    for start in range(0, 80, 4):
        assert sorted(turns[start : start + 4]) == list("abcd")


def test_the_order_changes_from_round_to_round() -> None:
    turns = raced("abcd", 20)
    assert len({turns[start : start + 4] for start in range(0, 80, 4)}) > 5


def test_the_same_seed_gives_the_same_order() -> None:
    assert raced("abcd", 5) == raced("abcd", 5) != raced("abcd", 5, seed=2)


def test_who_breaks_has_no_further_turns_and_the_others_go_on() -> None:
    turns: list[int] = []

    def breaks() -> list[float]:
        turns.append(1)
        if len(turns) == 3:
            raise DeviceError("the device is lost")
        return [1.0]

    broken, good = Series(turn=breaks), Series(turn=lambda: [1.0])
    interleave([broken, good], 6, random.Random(1))
    assert (len(turns), broken.broke) == (3, "the device is lost")
    assert (len(good.times), good.broke) == (6, None)


def test_a_bug_is_not_taken_for_a_runtime_that_breaks() -> None:
    def bug() -> list[float]:
        raise TypeError("ours")

    with pytest.raises(TypeError, match="ours"):
        interleave([Series(turn=bug)], 1, random.Random(1))


def test_every_call_is_timed() -> None:
    calls: list[None] = []
    times = timed(lambda: calls.append(None), 3)
    assert (len(times), len(calls)) == (3, 3)
    assert min(times) > 0


def warming(sleeps: list[float], usual: float, longest: float = 1000) -> int:
    """How many calls a warm-up makes of a runner that takes these ms, the last for ever."""
    calls: list[float] = []

    def call() -> None:
        calls.append(sleeps[min(len(calls), len(sleeps) - 1)])
        time.sleep(calls[-1] / 1000)

    warm_up(call, usual, longest)
    return len(calls)


def test_a_warm_up_is_one_call_where_it_takes_its_usual_time() -> None:
    assert warming([1], usual=20) == 1


def test_a_warm_up_goes_on_until_a_call_takes_its_usual_time() -> None:
    assert warming([60, 60, 1], usual=30) == 3


def test_a_warm_up_ends_in_any_case() -> None:
    assert warming([30], usual=1, longest=50) == 2


def test_a_rounds_median_is_of_its_own_calls() -> None:
    assert round_medians([[1, 2, 9], [4, 6]]) == [2, 5]


def test_an_outlier_counts() -> None:
    times = [[1.0] * 50, [1.0] * 48 + [70.0, 90.0]]
    assert percentile(times, 50) == 1
    assert percentile(times, 99) == 70  # a call that there was
    assert percentile(times, 100) == 90


# Sessions


@dataclass
class Fake:
    """Stands for a worker: what its trials say, and what one call takes, ms."""

    trials: list[Trial] | Exception
    ms: list[float] = field(default_factory=lambda: [1.0])
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    pid: int = 0

    def ask(self, name: str, *arguments: Any) -> Any:
        self.asked.append((name, *arguments))
        if name == "enter":
            if isinstance(self.trials, Exception):
                raise self.trials
            return self.trials
        turns = sum(request[0] == "turn" for request in self.asked)
        return [self.ms[(turns - 1) % len(self.ms)]] * arguments[1]

    def turns(self) -> int:
        return sum(request[0] == "turn" for request in self.asked)


def right(seconds: float = 0.001, way: Any = PYTHON) -> Trial:
    return Trial(way=way, status="measured", seconds=seconds)


def runner(target: str, runner: str = "IREE", device: str = "cpu") -> Runner:
    variant = Variant.model_construct(target=target, backend="iree", files=[])
    return Runner(
        name=runner,
        variant=variant,
        folder=Path(),
        device=device,
        package="",
        why_not=lambda: None,
        load=lambda _: lambda images: images,
    )


ONNX = runner("onnx", runner="ONNX Runtime")


def sessions(fakes: dict[str, Fake], device: str = "cpu") -> Sessions:
    """ONNX Runtime and others, each of them its target's name."""
    there = [ONNX if name == "onnx" else runner(name, device=device) for name in fakes]
    workers = {one.key: fakes[one.target] for one in there}
    return Sessions(runners=there, workers=workers, settings=Benchmark(slowest_call=0.1))


def held(sessions: Sessions, session: Session = SESSION) -> dict[str, Row]:
    return {row.name: row for row in sessions.hold(session, IMAGES, EXPECTED)}


def test_the_ratio_is_taken_in_each_round() -> None:
    # The second round is disturbed for both: the medians' own ratio would not be 2 there.
    fakes = {"onnx": Fake([right()], ms=[4, 40, 4, 4]), "iree": Fake([right()], ms=[2, 20, 2, 1])}
    row = held(sessions(fakes))["iree"]
    assert row.round_ms == [2, 20, 2, 1]
    assert row.ratio_to_onnxruntime == 2
    assert (row.ratio_low, row.ratio_high) == (2, pytest.approx(3.4))  # 4 in one of four rounds


def test_a_row_has_the_figures_of_all_its_calls() -> None:
    row = held(sessions({"onnx": Fake([right(0.01)], ms=[10, 10, 10, 50])}))["ONNX Runtime"]
    assert (row.status, row.batch, row.threads, row.rounds) == ("measured", 16, 2, 4)
    assert row.calls == 4 * 25  # a second, four rounds, 10 ms each
    assert (row.median_ms, row.p99_ms, row.max_ms) == (10, 50, 50)
    assert row.images_per_second == 1600
    assert row.ratio_to_onnxruntime == 1


def test_without_onnx_runtime_there_are_no_ratios() -> None:
    row = held(sessions({"iree": Fake([right()])}))["iree"]
    assert (row.status, row.ratio_to_onnxruntime) == ("measured", None)


def test_the_module_alone_is_a_row_of_its_own() -> None:
    fakes = {"onnx": Fake([right()]), "iree": Fake([right(), right(way=RESIDENT)])}
    rows = held(sessions(fakes))
    assert rows["iree, device-resident"].way == RESIDENT
    assert rows["iree, device-resident"].status == rows["iree"].status == "measured"


def test_who_answers_wrongly_has_failed_and_has_no_speed() -> None:
    wrong = Trial(way=PYTHON, status="failed", reason="differs by 0.5 from the reference")
    fakes = {"onnx": Fake([right()]), "iree": Fake([wrong])}
    row = held(sessions(fakes))["iree"]
    assert (row.status, row.reason) == ("failed", "differs by 0.5 from the reference")
    assert (row.median_ms, row.images_per_second, row.round_ms) == (None, None, [])
    assert fakes["iree"].turns() == 0


def test_who_breaks_when_tried_has_failed() -> None:
    row = held(sessions({"iree": Fake(DeviceError("its process ended with signal 4 (SIGILL)"))}))
    assert row["iree"].status == "failed"
    assert row["iree"].reason == "broke: its process ended with signal 4 (SIGILL)"


def test_who_is_too_slow_is_not_run_and_not_tried_at_larger_batches() -> None:
    slow = Fake([right(0.3)])
    there = sessions({"slow": slow})
    row = held(there)["slow"]
    reason = "one call took 0.3 s at batch 16 with 2 threads, more than 0.1 s"
    assert (row.status, row.reason) == ("not run", reason)
    larger = Session(batch=64, threads=2, rounds=4, seconds=1, usual=True)
    row = held(there, larger)["slow"]
    assert (row.status, row.batch, row.reason) == ("not run", 64, reason)
    assert len(slow.asked) == 1
    one = Session(batch=64, threads=1, rounds=4, seconds=1, usual=False)
    held(there, one)
    assert len(slow.asked) == 2, "with other threads it is tried again"


def test_a_gpu_is_measured_with_the_usual_threads_alone() -> None:
    there = sessions({"iree": Fake([right()])}, device="cuda")
    assert list(held(there)) == ["iree on cuda"]
    unusual = Session(batch=1, threads=2, rounds=4, seconds=1, usual=False)
    assert held(there, unusual) == {}


@pytest.mark.parametrize(
    ("share", "seconds", "calls"),
    [(0.1, 0.01, 10), (0.1, 0.5, 1), (0.1, 0.0, MOST_CALLS), (1, 1e-6, MOST_CALLS)],
)
def test_calls_fill_a_share_of_the_round(share: float, seconds: float, calls: int) -> None:
    assert calls_in(share, seconds) == calls


def test_a_baseline_that_failed_gives_no_ratios() -> None:
    rows = [Row(runner="ONNX Runtime", target="onnx", device="cpu", status="failed", reason="x")]
    assert with_ratios(rows, {ONNX.key}) == rows


# Answers


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        (EXPECTED, "measured", None),
        (EXPECTED + np.float32(5e-4), "measured", None),
        (EXPECTED + np.float32(0.5), "failed", "differs by 0.5 from the reference, more than"),
        (np.full_like(EXPECTED, np.nan), "failed", "differs by nan"),
        (EXPECTED[:1], "failed", "answers of the shape [1, 10], expected [16, 10]"),
    ],
)
def test_answers_are_held_against_the_references(
    answers: np.ndarray, status: str, said: str | None
) -> None:
    trial = try_answers(lambda _: answers, IMAGES, EXPECTED, 0.1, 0.001)
    assert trial.status == status
    assert (trial.reason or "").startswith(said or "")
    assert (trial.reason is None) == (said is None)


# Plans


def pairs(settings: Benchmark, cores: int, both: bool) -> list[tuple[int, int]]:
    return [(one.batch, one.threads) for one in plan.sessions(settings, cores, both=both)]


def test_the_short_form_has_one_thread_at_batch_1_and_all_cores_at_more() -> None:
    settings = Benchmark(curve=[1, 16])
    assert pairs(settings, 4, both=False) == [(1, 1), (256, 1), (256, 2), (16, 4), (256, 4)]


def test_the_long_form_has_both_thread_counts_at_both_batches() -> None:
    found = pairs(plan.LONG, 2, both=True)
    assert {(1, 1), (1, 2), (256, 1), (256, 2)} <= set(found)
    assert {batch for batch, _ in found} == {2**power for power in range(13)}
    assert len(set(found)) == len(found)


def test_one_core_is_a_thread_curve_of_one_point() -> None:
    assert pairs(Benchmark(curve=[1]), 1, both=True) == [(1, 1), (256, 1)]


def test_the_table_has_the_rounds_and_the_curves_have_fewer() -> None:
    settings = Benchmark(rounds=9, seconds=5, curve=[4], curve_rounds=3, curve_seconds=1)
    rounds = {(s.batch, s.threads): s.rounds for s in plan.sessions(settings, 2, both=False)}
    assert rounds == {(1, 1): 9, (256, 1): 3, (4, 2): 3, (256, 2): 9}


@pytest.mark.parametrize(("cores", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6])])
def test_the_thread_curve_doubles_up_to_all_cores(cores: int, counts: list[int]) -> None:
    assert plan.thread_counts(cores) == counts


# Others


def spin(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


@pytest.mark.parametrize(
    ("whole", "busy", "ours", "share"),
    [(200, 100, 100, 0.0), (200, 150, 50, 0.5), (200, 150, 150, 0.0), (200, 200, 0, 1.0)],
)
def test_the_share_of_others_is_what_is_busy_and_not_ours(
    monkeypatch: pytest.MonkeyPatch, whole: int, busy: int, ours: int, share: float
) -> None:
    looks = iter([(1000, 500, 200), (1000 + whole, 500 + busy, 200 + ours)])
    monkeypatch.setattr(others.Watch, "_read", lambda _: next(looks))
    assert others.Watch([]).share() == share


@pytest.mark.skipif(not others.STAT.exists(), reason="only /proc tells what others take")
def test_a_busy_process_is_seen_as_busy_and_as_its_own() -> None:
    began, busy, ours = others.Watch([])._read() or (0, 0, 0)
    spin(0.3)
    now, busy_now, ours_now = others.Watch([])._read() or (0, 0, 0)
    ticks = 0.3 * os.sysconf("SC_CLK_TCK")
    assert ours_now - ours == pytest.approx(ticks, abs=0.1 * os.sysconf("SC_CLK_TCK"))
    # The kernel counts in whole ticks, at other moments for a core than for a process.
    assert busy_now - busy > ticks / 2
    assert now - began >= busy_now - busy


@pytest.mark.skipif(not others.STAT.exists(), reason="only /proc tells what others take")
def test_a_named_process_is_ours() -> None:
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        mine = others.Watch([])._read()
        both = others.Watch([process.pid])._read()
        process.communicate(b"\n")
    assert mine is not None
    assert both is not None
    assert both[2] - mine[2] >= 0.25 * os.sysconf("SC_CLK_TCK")


def test_without_proc_nothing_is_said_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(others, "STAT", tmp_path / "stat")
    assert others.Watch([]).share() is None
