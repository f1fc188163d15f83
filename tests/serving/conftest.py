"""Triton, started by `ludus serve` as a user would, on the golden bundles."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import proxy as proxies
import pytest
import server

from ludus.core.errors import ToolError
from ludus.serving import triton

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session", autouse=True)
def triton_is_here() -> None:
    """A skip with the reason where Triton or the backend is not there."""
    try:
        triton.find_server()
        triton.find_backends()
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """Both golden bundles on the CPU, and the digits' a second time as version 2."""
    second = tmp_path_factory.mktemp("second") / "bundle"
    shutil.copytree(GOLDEN / "bundle", second)
    bundles = [GOLDEN / "bundle", GOLDEN / "tensor-bundle", second]
    with server.started(*bundles, "--device", "cpu", "--key", "open sesame") as running:
        yield running


@pytest.fixture(scope="session")
def proxy(
    serving: server.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[proxies.Proxy]:
    """nginx before it."""
    for program in ("nginx", "openssl"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/bin") is None:
            pytest.skip(f"there is no {program}; apt-get install {program}")
    with proxies.started(serving, tmp_path_factory.mktemp("nginx")) as found:
        yield found
