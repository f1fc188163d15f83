"""What all tests share: which files are run by one process, when there are two.

`make test` runs two processes (pytest-xdist). The tests of a file stay together, since its fixtures
do, and so do those of files that would be in each other's way.
"""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ludus.runtimes import devices

# Property tests have no deadlines, since test machines are noisy.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

# Folders whose files share an engine, a server or a cluster: one after the other.
TOGETHER = ("godot", "serving", "cluster")
# Drivers in software take every core while they are open: one at a time.
DEVICES = {
    "test_backends.py",
    "test_golden_bundle.py",
    "test_executors_real.py",
    "test_toolchain_real.py",
    "test_toolchains.py",
}


# First: pytest-xdist puts the group in a test's name in the same hook, and else would see none.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item.path)))
        if item.path.parent.name == "cluster":  # two nodes, and trainings of minutes
            item.add_marker(pytest.mark.long)


def group(path: Path) -> str:
    """What the tests of a file are run with."""
    if path.parent.name in TOGETHER:
        return path.parent.name
    return "devices" if path.name in DEVICES else f"{path.parent.name}/{path.stem}"


@pytest.fixture(scope="module", autouse=True)
def _devices_are_closed() -> Iterator[None]:
    """IREE's Vulkan keeps all cores busy on a driver in software for as long as it is open."""
    yield
    devices.open_device.cache_clear()
    gc.collect()
