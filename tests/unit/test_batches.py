"""Any number of images through functions of fixed batches: each answered once, in order."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ludus.backends.batches import ANY, LARGEST, plan, run_in_batches

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

    def call(batch: int, part: Array) -> Array:
        assert part.shape == (batch, 1, 1)
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
