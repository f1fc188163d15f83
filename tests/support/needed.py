"""What a test needs and this machine may lack: a skip with the reason, or a failure."""

import os
from typing import NoReturn

import pytest

# Names of what must be here, between spaces: .ci/run has those that any machine can install.
REQUIRED = "LUDUS_REQUIRE"


def absent(thing: str, reason: str) -> NoReturn:
    """End the test: it needs a thing that is not here. thing: a device, an executor, a program."""
    if thing in os.environ.get(REQUIRED, "").split():
        pytest.fail(f"{REQUIRED} says that '{thing}' must be here: {reason}", pytrace=False)
    pytest.skip(reason)
