"""The Godot engine, headless: a project with the addon opens a bundle as a game does.

The bundle holds one variant, and ludus/evaluation/executors/evaluate.gd runs the inputs.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from ludus.bundle.schema import Network, Variant
from ludus.core.errors import DeviceError, LudusError, ToolError
from ludus.core.files import read_json
from ludus.core.types import Executor
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import (
    Answers,
    Described,
    NotHere,
    blaming_the_executor,
    bundle_of_one,
)
from ludus.process import godot

SCRIPT = Path(__file__).parent / "evaluate.gd"
BUNDLE = "models/evaluated"
TIMEOUT = 1800.0  # seconds; slow software Vulkan takes 1 s for 200 images


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """The outcome that evaluate.gd writes."""

    status: Literal["ran", "unavailable", "failed"]
    message: str
    variant: str
    device_name: str
    seconds: float


def facts() -> dict[str, Any]:
    """The engine's version and the addon's digest, or the reason why they are missing."""
    no_engine, no_library = godot.why_no_engine(), godot.why_no_library()
    version = None if no_engine else f"Godot {godot.find_engine().version}"
    return {
        "engine": {"name": version, "reason": no_engine},
        "addon": {"name": None if no_library else _digest(), "reason": no_library},
    }


def why_not(variant: Variant, device: str) -> str | None:
    """Why there is no Godot with the addon here, or None; only the run tests the device."""
    return godot.why_not()


def describe(variant: Variant, device: str) -> Described:
    """The versions of IREE's runtime, which is the module's, and of the engine."""
    version = godot.find_engine().number
    return Described(device_name=None, runtime_version=f"{variant.iree_version} in Godot {version}")


def run(
    variant: Variant, folder: Path, device: str, tests: ReferenceSet, network: Network
) -> Answers:
    """Run all inputs in a project of its own.

    Raises NotHere where the extension finds no device for the variant, ToolError where the engine
    or its script fails, DeviceError where the extension refuses the bundle or a run, and
    ExecutorError where the engine was killed, or fails without a bundle, too.
    """
    with tempfile.TemporaryDirectory(prefix="ludus-godot-") as scratch:
        project = make_game(Path(scratch) / "game", variant, folder, tests, network)
        return ask("godot", project, variant, device, tests, network)


def make_game(
    place: Path,
    variant: Variant,
    folder: Path,
    tests: ReferenceSet,
    network: Network,
    settings: str = "",
) -> Path:
    """Make a project with the addon, a bundle of the one variant and the script."""
    bundle = bundle_of_one.write(place.with_name("bundle"), variant, folder, tests, network)
    return godot.make_project(place, {BUNDLE: bundle, SCRIPT.name: SCRIPT}, settings)


def ask(
    executor: Executor,
    project: Path,
    variant: Variant,
    device: str,
    tests: ReferenceSet,
    network: Network,
    *options: str,
) -> Answers:
    """Run the script in a game, or in the pack that `options` name; raises as `run` does."""
    with tempfile.TemporaryDirectory(prefix="ludus-answers-") as scratch:
        inputs, out = Path(scratch) / "inputs.bin", Path(scratch)
        tests.inputs.tofile(inputs)
        kind = "drawings" if tests.are_drawings else "tensors"
        arguments = [f"res://{BUNDLE}", device, kind, str(inputs), str(out)]
        script = ["--script", f"res://{SCRIPT.name}", "--", *arguments]
        with blaming_the_executor(why_broken):
            ran = _run(project, out, *options, *script)
        if ran.status == "unavailable":
            raise NotHere(ran.message)
        if ran.status == "failed":
            raise DeviceError(ran.message)
        if ran.variant != variant.target:
            raise DeviceError(f"'{ran.variant}' was run, and '{variant.target}' was asked for")
        answers = np.fromfile(out / "outputs.bin", dtype="<f4")
    return Answers(
        executor=executor,
        outputs=answers.reshape(-1, *network.outputs[0].shape[1:]),
        seconds=ran.seconds,
        device_name=ran.device_name,
    )


def why_broken() -> str | None:
    """Why the engine with the addon and the script fails where it has no bundle, or None."""
    with tempfile.TemporaryDirectory(prefix="ludus-godot-") as scratch:
        project = godot.make_project(Path(scratch) / "game", {SCRIPT.name: SCRIPT})
        asked = [f"res://{BUNDLE}", "cpu", "tensors", "none", scratch]
        try:
            _run(project, Path(scratch), "--script", f"res://{SCRIPT.name}", "--", *asked)
        except LudusError as error:
            return f"it fails without a bundle, too: {error}"
    return None


def _run(project: Path, out: Path, *arguments: str) -> EngineRun:
    ended = godot.start(project, *arguments, timeout=TIMEOUT)
    error = godot.failure(ended)
    if error is not None and ended.bad_lines:  # they tell the cause; how the engine ended does not
        raise ToolError(str(error), output=error.output, command=error.command)
    if error is not None:
        raise error
    return read_json(TypeAdapter(EngineRun), out / "run.json", "answer of evaluate.gd")


def _digest() -> str:
    """sha256 of the addon: the library and the other files."""
    together = hashlib.sha256()
    for path in sorted(path for path in godot.ADDON.rglob("*") if path.is_file()):
        together.update(f"{path.relative_to(godot.ADDON).as_posix()}\0".encode())
        together.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256 {together.hexdigest()}"
