"""Whenever a game quits, models and their threads end with it: no crash, no wait, no leak."""

import re
from pathlib import Path

import pytest

from ludus.process import godot
from ludus.process.tools import ROOT
from support.needed import absent

SCRIPT = ROOT / "godot" / "tests" / "quit.gd"
WAYS = re.findall(r"^func (with_\w+)\(", SCRIPT.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("way", WAYS)
def test_the_engine_ends_well_when_it_quits(project: Path, way: str) -> None:
    said = godot.run(project, "--script", "res://tests/quit.gd", "--", way, timeout=60)
    assert f"quits: {way}" in said
    lacking = re.search(r"^absent: (.*)", said, re.MULTILINE)
    if lacking:
        absent("vulkan", lacking[1])
