"""Machines: each offers the same functions, and what is written down of it differs by run only
where what a run depends on differs."""

import json
from pathlib import Path
from typing import Any

import pytest

from ludus import godot, machines
from ludus.bundle import read_bundle
from ludus.machines import MACHINES
from ludus.machines import godot as in_godot

GOOD = Path(__file__).parents[1] / "golden" / "bundle"


@pytest.mark.parametrize("name", MACHINES)
def test_each_machine_offers_the_same_functions(name: str) -> None:
    machine = machines.machine(name)
    for function in ("facts", "why_not", "describe", "run"):
        assert callable(getattr(machine, function))


@pytest.mark.parametrize("name", MACHINES)
def test_facts_are_json_and_the_same_twice(name: str) -> None:
    facts = machines.machine(name).facts()
    assert json.loads(json.dumps(facts)) == facts
    assert machines.machine(name).facts() == facts


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
    variant = read_bundle(GOOD).variant("iree-vmvx")
    reason = machines.machine("godot-pck").why_not(variant, "cpu")
    assert reason == "a game is exported and run on Linux alone, and this is Darwin"


def test_without_a_library_the_facts_say_so(addon: Path) -> None:
    godot.library().unlink()
    assert facts()["name"] is None
    assert "the addon is not built" in facts()["reason"]
