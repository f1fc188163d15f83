"""Triton, started by `ludus serve` as a user would, on the golden bundles."""

import shutil
from collections.abc import Iterator

import pytest

from ludus.core.errors import ToolError
from ludus.serving import triton
from support import nginx, served
from support.needed import absent
from support.paths import BUNDLE, TENSORS


@pytest.fixture(scope="session", autouse=True)
def triton_is_here() -> None:
    """A skip with the reason where Triton or the backend is not there."""
    try:
        triton.find_server()
        triton.find_backends()
    except ToolError as error:
        absent("triton", str(error))


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Server]:
    """Both golden bundles on the CPU, and the digits' a second time as version 2."""
    second = tmp_path_factory.mktemp("second") / "bundle"
    shutil.copytree(BUNDLE, second)
    bundles = [BUNDLE, TENSORS, second]
    with served.started(*bundles, "--device", "cpu", "--key", "open sesame") as running:
        yield running


@pytest.fixture(scope="session")
def proxy(
    serving: served.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[nginx.Proxy]:
    """nginx before it."""
    for program in ("nginx", "openssl"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/bin") is None:
            absent(program, f"there is no {program}; apt-get install {program}")
    with nginx.started(serving, tmp_path_factory.mktemp("nginx")) as found:
        yield found
