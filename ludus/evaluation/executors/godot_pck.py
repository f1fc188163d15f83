"""The Godot engine with an exported game: the project is packed, and deleted before the run.

The addon's own export plug-in packs the bundle, as it does for every game.
"""

import platform
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from ludus.bundle.schema import Network, Variant
from ludus.core.errors import ToolError
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import Answers, ExecutorError
from ludus.evaluation.executors.godot import ask, describe, facts, make_game
from ludus.process import godot

__all__ = ["describe", "facts", "run", "why_not"]

PACK = "game.pck"
SETTINGS = """
[editor_plugins]

enabled=PackedStringArray("res://addons/ludus/plugin.cfg")

[ludus]

export/allow_unproven=true
"""  # the variant that is evaluated here is not proven yet
PRESETS = """\
[preset.0]

name="game"
platform="Linux"
runnable=true
export_filter="all_resources"
include_filter=""
exclude_filter=""
export_path=""

[preset.0.options]

binary_format/architecture="{architecture}"
"""


def why_not(variant: Variant, device: str) -> str | None:
    """Why no game can be exported and run here, or None."""
    if platform.system() != "Linux":
        return f"a game is exported and run on Linux alone, and this is {platform.system()}"
    return godot.why_not()


def run(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Answers:
    """Export a game and run all inputs in it; raises as `godot.run` does."""
    with tempfile.TemporaryDirectory(prefix="ludus-godot-") as scratch:
        project = make_game(Path(scratch) / "project", variant, folder, tests, network, SETTINGS)
        # First one input, since the export would report a variant that cannot run here as failed.
        ask("godot-pck", project, variant, device, replace(tests, inputs=tests.inputs[:1]), network)
        game = export(project, Path(scratch) / "game")
        shutil.rmtree(project)
        return ask("godot-pck", game, variant, device, tests, network, "--main-pack", PACK)


def export(project: Path, game: Path) -> Path:
    """Pack a project into the folder game, with the library where the engine looks for it.

    Raises ExecutorError where the engine cannot: the bundle in it has been run before.
    """
    presets = PRESETS.format(architecture=godot.architecture())
    (project / "export_presets.cfg").write_text(presets, encoding="utf-8")
    game.mkdir()
    try:
        godot.run(project, "--export-pack", "game", str(game / PACK), timeout=600)
    except ToolError as error:
        raise ExecutorError(f"the game cannot be exported: {error}") from None
    library = game / godot.library().relative_to(godot.ADDON.parents[1])
    library.parent.mkdir(parents=True)
    shutil.copyfile(godot.library(), library)
    return game
