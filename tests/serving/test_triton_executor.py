"""The executor `triton`: a variant is served by a Triton of its own, and asked for all inputs."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ludus.bundle.reader import Bundle, read_bundle
from ludus.bundle.schema import Variant
from ludus.core.errors import ToolError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import ExecutorError
from ludus.evaluation.executors import triton as in_triton
from ludus.evaluation.results import Result, judge
from ludus.evaluation.run import evaluate
from ludus.serving import triton
from support.paths import BUNDLE, TENSORS
from support.reference_sets import repeated


@pytest.fixture(scope="module")
def digits() -> Bundle:
    return read_bundle(BUNDLE)


@pytest.fixture(scope="module")
def tests(digits: Bundle) -> ReferenceSet:
    """300 images: more than one request, and the last of another size."""
    return repeated(digits)


def run(bundle: Bundle, tests: ReferenceSet, **changes: object) -> Result:
    variant: Variant = bundle.variant("iree-vmvx").model_copy(update=changes)
    return evaluate(
        variant,
        bundle.folder,
        "cpu",
        tests,
        bundle.manifest,
        evaluation="e",
        executor="triton",
    )


def test_all_images_are_measured(digits: Bundle, tests: ReferenceSet) -> None:
    result = run(digits, tests)
    assert (result.status, result.reason) == ("measured", None)
    assert (result.images, result.accuracy, result.flipped) == (300, 1.0, [])
    assert result.max_abs_diff is not None
    assert result.max_abs_diff < 1e-5
    assert result.seconds is not None
    assert 0 < result.seconds < 30
    assert result.runtime_version == "3.13.0 in Triton"
    assert judge(result, digits.manifest.floors, 300).status == "verified"


def test_a_network_that_is_no_classifier_is_measured() -> None:
    bundle = read_bundle(TENSORS)
    golden = bundle.golden()
    tests = ReferenceSet(inputs=golden.inputs, labels=None, reference=golden.reference)
    result = run(bundle, tests)
    assert (result.status, result.images, result.agreement) == ("measured", 6, 1.0)


def test_what_the_server_refuses_is_failed_with_its_message(
    digits: Bundle, tests: ReferenceSet
) -> None:
    result = run(digits, tests, sha256="0" * 64)
    assert result.status == "failed"
    assert str(result.reason).startswith("broke: ")
    assert "iree-vmvx" in str(result.reason)


def test_without_triton_it_is_not_run(
    digits: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRITON_SERVER", str(tmp_path / "none"))
    result = run(digits, tests)
    assert result.status == "not run"
    assert "`make triton` installs one" in str(result.reason)


def test_a_port_that_another_took_is_the_executors_fault(
    digits: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        _, free = in_triton._free_ports()
        monkeypatch.setattr(in_triton, "_free_ports", lambda: (taken.getsockname()[1], free))
        with pytest.raises(ExecutorError, match="already in use"):
            run(digits, tests)


def test_a_server_that_was_killed_is_the_executors_fault(
    digits: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    killed = tmp_path / "tritonserver"
    killed.write_text("#!/bin/sh\nkill -s KILL $$\n")
    killed.chmod(0o755)
    monkeypatch.setenv("TRITON_SERVER", str(killed))
    with pytest.raises(ExecutorError, match="Triton ended with exit code -9"):
        run(digits, tests)
    assert triton.find_server() == killed


def test_a_server_that_is_never_ready_is_the_executors_fault(
    digits: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "tritonserver"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("TRITON_SERVER", str(slow))
    monkeypatch.setattr(triton, "READY", 0.5)
    with pytest.raises(ExecutorError, match=r"Triton had not loaded every model after 0\.5 s"):
        run(digits, tests)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGKILL, "raised"), (signal.SIGSEGV, "failed")]
)
def test_a_server_that_ends_while_it_is_asked_is_told_by_how_it_ended(
    digits: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch, number: int, kind: str
) -> None:
    started = triton.started

    @contextmanager
    def remembered(*arguments: Any) -> Iterator[triton.Running]:
        with started(*arguments) as server:
            monkeypatch.setattr(in_triton, "run_tool", partial(ask, server))
            yield server

    def ask(server: triton.Running, *_: object, **__: object) -> str:
        server.process.send_signal(number)
        raise ToolError("ask_triton.py ended with exit code 1", returncode=1)

    monkeypatch.setattr(triton, "started", remembered)
    monkeypatch.setattr(in_triton, "why_broken", lambda _: None)
    said = f"Triton ended with exit code -{int(number)} while it was asked"
    if kind == "raised":
        with pytest.raises(ExecutorError, match=said):
            run(digits, tests)
    else:
        result = run(digits, tests)
        assert (result.status, result.failure) == ("failed", "run")
        assert said in str(result.reason)
