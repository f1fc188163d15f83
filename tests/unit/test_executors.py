"""Executors: each offers the same functions, and what is written down of it differs by run only
where what a run depends on differs."""

import json
from pathlib import Path
from typing import Any

import pytest

from ludus.bundle.reader import read_bundle
from ludus.core.errors import DeviceError, ToolError
from ludus.evaluation import executors
from ludus.evaluation.executors import (
    EXECUTORS,
    ExecutorError,
    blaming_the_executor,
    own_runtime,
)
from ludus.evaluation.executors import godot as in_godot
from ludus.evaluation.executors import triton as in_triton
from ludus.process import godot
from ludus.process.tools import ROOT
from ludus.runtimes import out_of_process
from ludus.serving import triton
from support.paths import BUNDLE


@pytest.mark.parametrize("name", EXECUTORS)
def test_each_executor_offers_the_same_functions(name: str) -> None:
    executor = executors.executor(name)
    for function in ("facts", "why_not", "describe", "run"):
        assert callable(getattr(executor, function))


@pytest.mark.parametrize("name", EXECUTORS)
def test_facts_are_json_and_the_same_twice(name: str) -> None:
    facts = executors.executor(name).facts()
    assert json.loads(json.dumps(facts)) == facts
    assert executors.executor(name).facts() == facts


@pytest.mark.parametrize("name", EXECUTORS)
def test_facts_name_no_place_of_this_checkout(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "triton":
        monkeypatch.setattr(triton, "BACKENDS", ROOT / "nowhere")
    assert str(ROOT) not in json.dumps(executors.executor(name).facts())


@pytest.fixture
def addon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An addon with a library that nothing loads here."""
    monkeypatch.setattr(godot, "ADDON", tmp_path / "addon")
    godot.library().parent.mkdir(parents=True)
    godot.library().write_bytes(b"library")
    (tmp_path / "addon" / "plugin.cfg").write_text("[plugin]")
    return tmp_path / "addon"


def facts() -> Any:
    return in_godot.facts()["addon"]


def test_a_library_that_is_built_anew_changes_the_facts(addon: Path) -> None:
    before = facts()
    assert before["name"].startswith("sha256 ")
    assert before["reason"] is None
    godot.library().write_bytes(b"Library")
    assert facts() != before
    godot.library().write_bytes(b"library")
    assert facts() == before


def test_an_edited_plug_in_or_another_name_changes_the_facts(addon: Path) -> None:
    found = [facts()]
    (addon / "plugin.cfg").write_text("[plugin]\n")
    found.append(facts())
    (addon / "plugin.cfg").rename(addon / "plugin.gd")
    found.append(facts())
    assert len({fact["name"] for fact in found}) == 3


def test_no_game_is_exported_on_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    variant = read_bundle(BUNDLE).variant("iree-vmvx")
    reason = executors.executor("godot-pck").why_not(variant, "cpu")
    assert reason == "a game is exported and run on Linux alone, and this is Darwin"


def test_without_a_library_the_facts_say_so(addon: Path) -> None:
    godot.library().unlink()
    assert facts()["name"] is None
    assert "the addon is not built" in facts()["reason"]


# Whose fault it is


@pytest.mark.parametrize(
    ("exit_code", "said", "kind"),
    [
        (None, "", ExecutorError),
        (-9, "", ExecutorError),
        (-15, "", ExecutorError),
        (-11, "", ToolError),
        (3, "", ToolError),
        (None, "SCRIPT ERROR: no such function", ToolError),
        (-9, "SCRIPT ERROR: no such function", ToolError),
    ],
)
def test_an_engine_that_was_ended_from_outside_is_the_executors_fault(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    exit_code: int | None,
    said: str,
    kind: type[Exception],
) -> None:
    ended = godot.Ended(command=["godot"], exit_code=exit_code, said=said, seconds=1800.4)
    monkeypatch.setattr(godot, "start", lambda *_, **__: ended)
    with pytest.raises(kind, match=r"^Godot: "), blaming_the_executor():
        in_godot._run(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ({"returncode": -9}, ExecutorError),
        ({"returncode": 137}, ExecutorError),
        ({"timed_out": True}, ExecutorError),
        ({"returncode": -11}, DeviceError),
        ({"returncode": 1}, DeviceError),
        ({}, DeviceError),
    ],
)
def test_a_runtime_that_was_ended_from_outside_is_the_executors_fault(
    monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any], kind: type[Exception]
) -> None:
    said = "its process ended with exit code -9, had not ended after 5 s"  # decides nothing

    def broken(*_: object) -> Any:
        raise DeviceError(said, **ended)

    monkeypatch.setattr(out_of_process, "load", broken)
    opened: Any = read_bundle(BUNDLE)
    with pytest.raises(kind, match=said):
        own_runtime.run(opened.variant("iree-vmvx"), BUNDLE, "cpu", opened, opened.manifest)


def test_triton_is_not_started_for_a_device_that_the_variant_is_not_built_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_triton, "_try", lambda part: (Path("installed"), None))
    variant = read_bundle(BUNDLE).variant("iree-vmvx")
    assert in_triton.why_not(variant, "cpu") is None
    reason = in_triton.why_not(variant, "cuda")
    assert reason == "it is built for the driver 'cpu', not for 'cuda'"
