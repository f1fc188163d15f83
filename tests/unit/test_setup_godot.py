"""setup/godot.sh takes a Godot that GODOT names, and nothing else by that name."""

import os
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT


def ask(program: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "setup/godot.sh"],
        cwd=ROOT,
        env=os.environ | {"GODOT": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )


def saying(folder: Path, version: str) -> Path:
    program = folder / "godot"
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("version", ["4.3.stable.official.77dcf97d8", "4.10.1.stable", "5.0.beta1"])
def test_a_godot_that_is_named_is_taken(tmp_path: Path, version: str) -> None:
    program = saying(tmp_path, version)
    asked = ask(program)
    assert (asked.returncode, asked.stdout) == (0, f"{program}\n")


@pytest.mark.parametrize("version", ["4.2.2.stable", "3.6.stable", "true (GNU coreutils) 9.1", ""])
def test_what_is_no_godot_or_too_old_is_refused(tmp_path: Path, version: str) -> None:
    program = saying(tmp_path, version)
    asked = ask(program)
    assert (asked.returncode, asked.stdout) == (1, "")
    says = f"error: GODOT={program} is no Godot 4.3 or newer: --version says '{version}'\n"
    assert asked.stderr == says


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    asked = ask(tmp_path / "nowhere")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert f"error: GODOT={tmp_path}/nowhere is no Godot" in asked.stderr
    assert "not found" in asked.stderr
