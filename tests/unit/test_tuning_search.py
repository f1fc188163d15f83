"""When a candidate is taken for faster, and in which order candidates are tried."""

import itertools
from collections.abc import Callable

import pytest

from ludus.config.backends.iree import IreeTarget
from ludus.config.lowerings import Lowering
from ludus.tuning import summary
from ludus.tuning.candidates import Candidate
from ludus.tuning.scores import WINS, Score, Times, score
from ludus.tuning.search import Log, Outcome, Step, search

ROUNDS = 10


def times(batch: int, *ratios: float) -> Times:
    after = [0.5] * len(ratios)
    return Times(batch=batch, threads=1, before=[0.5 * ratio for ratio in ratios], after=after)


def test_the_score_is_the_geometric_mean_over_the_batches() -> None:
    found = score([times(1, *[2.0] * ROUNDS), times(256, *[0.5] * ROUNDS)])
    assert found.together.median == pytest.approx(1)
    assert [line.ratio.median for line in found.lines] == pytest.approx([2, 0.5])
    assert not found.wins


def test_ratios_are_of_the_same_round() -> None:
    before, after = [1.0, 10.0, 100.0], [0.5, 5.0, 50.0]
    found = score([Times(batch=1, threads=1, before=before, after=after)])
    assert (found.together.low, found.together.high) == pytest.approx((2, 2))


def test_a_gain_beyond_the_spread_wins() -> None:
    assert score([times(1, *[1.05, 1.2] * 5)]).wins


@pytest.mark.parametrize(
    "ratios",
    [
        pytest.param([WINS - 0.001] * ROUNDS, id="too small a gain"),
        pytest.param([0.9] * 3 + [1.4] * 7, id="within the spread"),
        pytest.param([0.9] * ROUNDS, id="a loss"),
    ],
)
def test_what_does_not_win(ratios: list[float]) -> None:
    assert not score([times(1, *ratios)]).wins


def test_batches_of_different_numbers_of_rounds_are_no_score() -> None:
    with pytest.raises(ValueError, match="inhomogeneous"):
        score([times(1, 1.0, 1.0), times(256, 1.0)])


def test_the_table_and_the_lines_name_ratio_and_spread() -> None:
    found = score([times(1, 1.0, 1.1, 1.2)])
    assert summary.spread(found.together) == "1.10 (1.02 to 1.18)"
    done = Step(candidate=row(), outcome=Outcome(verdict="faster", score=found))
    assert summary.step(done) == "faster      1.10 (1.02 to 1.18)  flags "
    assert len(summary.table(found).rows) == 2


def row(*flags: str) -> Candidate:
    target = IreeTarget(
        backend="iree", toolchain="3.13.0", lowering="one", driver="cpu", flags=list(flags)
    )
    lowering = Lowering(rewrites=[], batches=[1])
    return Candidate(change=f"flags {' '.join(flags)}", target=target, lowering=lowering)


def one_more(*flags: str) -> Callable[[Candidate], list[Candidate]]:
    return lambda now: [
        row(*now.target.flags, flag) for flag in flags if flag not in now.target.flags
    ]


def answer(gain: float) -> Outcome:
    found: Score = score([times(1, *[gain] * ROUNDS)])
    return Outcome(verdict="faster" if found.wins else "not faster", score=found)


def searched(
    compare: Callable[[Candidate, Candidate], Outcome],
    *dimensions: Callable[[Candidate], list[Candidate]],
    left: Callable[[], float] = lambda: 100,
) -> Log:
    log = Log(start=row())
    search(log, dimensions, compare, left, lambda step: None)
    return log


def test_each_candidate_is_held_against_the_best_so_far() -> None:
    held: list[list[str]] = []

    def compare(candidate: Candidate, best: Candidate) -> Outcome:
        held.append(best.target.flags)
        return answer(1.5 if candidate.target.flags[-1] == "b" else 0.9)

    log = searched(compare, one_more("a", "b", "c"))
    assert log.best.target.flags == ["b"]
    assert held == [[], [], ["b"], ["b"]], "what lost before is tried again on the new best"


def test_a_dimension_is_searched_again_after_another_has_changed_the_row() -> None:
    def compare(candidate: Candidate, best: Candidate) -> Outcome:
        return answer(1.5 if candidate.target.flags in (["b"], ["b", "a"]) else 0.9)

    log = searched(compare, one_more("a"), one_more("b"))
    assert log.best.target.flags == ["b", "a"]
    assert summary.gained(log) == pytest.approx(2.25)


def test_no_row_is_tried_twice() -> None:
    seen: list[str] = []

    def compare(candidate: Candidate, best: Candidate) -> Outcome:
        seen.append(candidate.change)
        return answer(0.9)

    searched(compare, one_more("a", "b"), one_more("a", "b"))
    assert seen == ["flags a", "flags b"]


def test_what_is_refused_is_counted_and_never_kept() -> None:
    fast = score([times(1, *[9.0] * ROUNDS)])
    log = searched(lambda *_: Outcome(verdict="refused", reason="below", score=fast), one_more("a"))
    assert (log.refused, log.kept, log.best) == (1, [], row())
    assert summary.summary(log) == "1 candidate tried, 1 refused; none is faster"


def test_no_candidate_is_begun_when_the_time_is_up() -> None:
    clock = itertools.count(2, -1)
    log = searched(lambda *_: answer(0.9), one_more("a", "b", "c"), left=lambda: next(clock))
    assert len(log.steps) == 2


def test_after_ctrl_c_the_finished_comparisons_stand() -> None:
    def compare(candidate: Candidate, best: Candidate) -> Outcome:
        if candidate.target.flags[-1] == "b":
            raise KeyboardInterrupt
        return answer(1.5)

    log = searched(compare, one_more("a", "b"))
    assert (log.interrupted, log.best.target.flags, len(log.steps)) == (True, ["a"], 1)
