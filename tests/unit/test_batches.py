"""Any number of images through functions of fixed batches: each answered once, in order."""

import threading
import time

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ludus.runtimes.batches import ANY, LARGEST, WorkerPool, plan, run_in_batches

Array = npt.NDArray[np.float32]
COUNTS = st.integers(1, 700)
BATCHES = st.one_of(
    st.just([ANY]), st.lists(st.integers(1, 300), min_size=1, max_size=5, unique=True)
)


@given(images=COUNTS, batches=BATCHES)
def test_the_calls_take_all_images_and_only_the_last_is_padded(
    images: int, batches: list[int]
) -> None:
    calls = plan(images, batches)
    assert sum(calls[:-1]) < images <= sum(calls)
    if ANY in batches:
        assert sum(calls) == images
        assert max(calls) <= LARGEST
    else:
        assert set(calls) <= set(batches)


@given(images=COUNTS, batches=BATCHES)
def test_padding_is_less_than_half_a_call_unless_no_batch_is_smaller(
    images: int, batches: list[int]
) -> None:
    calls = plan(images, batches)
    padding = sum(calls) - images
    assert padding == 0 or padding * 2 < calls[-1] or calls[-1] == min(batches)


@given(images=COUNTS, batches=BATCHES)
def test_every_image_is_answered_once_in_order_and_no_padding_leaks(
    images: int, batches: list[int]
) -> None:
    x = np.arange(1, images + 1, dtype=np.float32).reshape(-1, 1, 1)
    seen: list[float] = []

    def call(part: Array) -> Array:
        assert part.shape[0] in batches or ANY in batches
        assert part.shape[1:] == (1, 1)
        assert part.dtype == np.float32
        seen.extend(part[part != 0].tolist())
        return np.stack([part[:, 0, 0], -part[:, 0, 0]], axis=1)

    answers = run_in_batches(call, batches, x)
    assert answers.shape == (images, 2)
    assert np.array_equal(answers[:, 0], x[:, 0, 0])
    assert np.array_equal(answers[:, 1], -x[:, 0, 0])
    assert seen == x.ravel().tolist()


@pytest.mark.parametrize(
    ("images", "batches", "calls"),
    [
        (1, [1, 16], [1]),
        (8, [1, 16], [1] * 8),
        (9, [1, 16], [16]),
        (17, [1, 16], [16, 1]),
        (1, [16], [16]),
        (300, [1, 16, 256], [256, 16, 16, 16]),
        (300, [ANY], [256, 44]),
        (512, [ANY], [256, 256]),
        (5, [4], [4, 4]),
    ],
)
def test_plans_are_as_expected(images: int, batches: list[int], calls: list[int]) -> None:
    assert plan(images, batches) == calls


@given(parts=st.lists(st.integers(), min_size=1, max_size=40), threads=st.integers(1, 4))
def test_a_pool_answers_every_part_once_in_order(parts: list[int], threads: int) -> None:
    pool = WorkerPool([str(index) for index in range(threads)])
    answers = pool.run(lambda tool, part: (part, tool in "0123"), parts)
    assert answers == [(part, True) for part in parts]


def test_no_tool_of_a_pool_is_used_twice_at_once() -> None:
    tools = [threading.Lock() for _ in range(3)]

    def work(tool: threading.Lock, part: int) -> int:
        assert tool.acquire(blocking=False)
        time.sleep(0.001)
        tool.release()
        return part

    assert WorkerPool(tools).run(work, range(50)) == list(range(50))


@pytest.mark.parametrize("wrong", [0, 7])
def test_what_goes_wrong_in_a_thread_reaches_the_caller_once_all_are_done(wrong: int) -> None:
    busy: set[str] = set()

    def work(tool: str, part: int) -> int:
        busy.add(tool)
        time.sleep(0.001)
        busy.discard(tool)
        if part == wrong:
            raise ValueError(f"part {part}")
        return part

    pool = WorkerPool(["a", "b", "c"])
    with pytest.raises(ValueError, match=f"part {wrong}"):
        pool.run(work, range(8))
    assert not busy
    assert pool.run(work, [9, 10]) == [9, 10]


def test_what_is_asked_for_alone_is_done_by_the_callers_thread() -> None:
    threads = WorkerPool(["a", "b"]).run(
        lambda _, __: threading.get_ident(), range(9), on_caller=True
    )
    assert set(threads) == {threading.get_ident()}
