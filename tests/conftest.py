"""What all tests share."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from ludus.runtimes import devices

# Property tests have no deadlines, since test machines are noisy.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="module", autouse=True)
def _devices_are_closed() -> Iterator[None]:
    """IREE's Vulkan keeps all cores busy on a driver in software for as long as it is open."""
    yield
    devices.open_device.cache_clear()
    gc.collect()
