"""The tests of godot/tests, which the engine runs without a window: one process a file."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ludus.process import godot
from ludus.process.tools import ROOT

TESTS = ROOT / "godot" / "tests"
FILES = sorted(path.name for path in TESTS.glob("test_*.gd"))
NAMED = [
    (file, name)
    for file in FILES
    for name in re.findall(r"^func (test_\w+)\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)
]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A file of tests that was run."""

    ended: godot.Ended
    said: dict[str, str]  # of each test, from its first line to its verdict


@cache
def ran(project: Path, file: str) -> Ran:
    """Run a file of tests, once."""
    script = "res://tests/runner.gd"
    ended = godot.start(project, "--script", script, "--", file, timeout=120)
    parts = ended.said.split(f"TEST {file} ")[1:]
    return Ran(ended=ended, said={part.partition("\n")[0]: part for part in parts})


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_in_the_engine(project: Path, file: str, name: str) -> None:
    this = ran(project, file)
    said = this.said.get(name)
    assert said is not None, f"it was not run; {godot.explain(this.ended)}"
    faults = [line for line in said.splitlines() if godot.SIGNS.search(line)]
    skipped = re.search(rf"^SKIP {file} {name}: (.*)", said, re.MULTILINE)
    if skipped and not faults:
        pytest.skip(skipped[1])
    passed = f"\nPASS {file} {name}\n" in said and not faults
    assert passed, f"{said}{godot.explain(this.ended)}"


@pytest.mark.parametrize("file", FILES)
def test_the_engine_ends_well_after(project: Path, file: str) -> None:
    ended = ran(project, file).ended
    assert ended.faults == [], godot.explain(ended)
    assert re.search(r"^\d+ passed, 0 failed, ", ended.said, re.MULTILINE), godot.explain(ended)
