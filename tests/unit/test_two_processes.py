"""`make test` runs two processes; a file stays in one, which makes its fixtures once."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="this is one process")
def test_the_tests_of_a_file_are_one_group(request: pytest.FixtureRequest) -> None:
    assert request.node.nodeid.endswith("@unit/test_two_processes")
