"""Opening, running and freeing a model again and again takes no more memory."""

import re
import sys
from pathlib import Path

import pytest

from ludus.process import godot
from support.needed import absent

ALLOWED = 1024  # KiB


def grown(project: Path, device: str, cycles: int, first: int) -> int:
    """KiB of resident memory that came between the first cycles and the last. Skips without the
    device."""
    arguments = ["--script", "res://tests/cycles.gd", "--", device, str(cycles), str(first)]
    said = godot.run(project, *arguments, timeout=240)
    failed = re.search(r"^failed: (.*)", said, re.MULTILINE)
    if failed and device != "cpu":
        absent(device, failed[1])
    before, after = map(int, re.findall(r"^resident: (\d+)", said, re.MULTILINE))
    return after - before


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@pytest.mark.parametrize(
    ("device", "cycles", "first"),
    [("cpu", 10000, 1000), pytest.param("vulkan", 150, 50, marks=pytest.mark.long)],
)
def test_memory_does_not_grow(project: Path, device: str, cycles: int, first: int) -> None:
    assert grown(project, device, cycles, first) <= ALLOWED
