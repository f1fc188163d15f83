"""The tests of godot/tests that need no more than a game has, in one exported to a .pck."""

from pathlib import Path

import pytest

from ludus.evaluation.executors import godot_pck
from ludus.process import godot
from ludus.process.tools import ROOT
from support import bundles
from support.paths import BUNDLE, TENSORS

FILES = [
    "test_run.gd",
    "test_run_async.gd",
    "test_self_test.gd",
    "test_tensors.gd",
    "test_threads.gd",
]


@pytest.fixture(scope="module")
def game(engine: godot.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the .pck and the library; the project that it was made from is gone."""
    folder = tmp_path_factory.mktemp("exported")
    files = {
        "tests": ROOT / "godot" / "tests",
        "models/golden": BUNDLE,
        "models/tensors": TENSORS,
    }
    for change in (bundles.another_golden_answer, bundles.another_first_golden_answer):
        name = change.__name__.replace("_", "-")
        files[f"models/{name}"] = bundles.changed(folder / name, change)
    project = godot.make_project(folder / "project", files, godot_pck.SETTINGS)
    game = godot_pck.export(project, folder / "game")
    project.rename(folder / "away")
    return game


@pytest.mark.parametrize("file", FILES)
def test_in_an_exported_game(game: Path, file: str) -> None:
    script = ["--script", "res://tests/runner.gd"]
    said = godot.run(game, "--main-pack", godot_pck.PACK, *script, "--", file)
    assert f"PASS {file} " in said
