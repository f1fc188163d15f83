"""Evaluations in the engine: all images through the addon, in a project and in an exported game."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ludus.bundle.reader import Bundle, read_bundle
from ludus.bundle.schema import Variant
from ludus.core.types import Executor
from ludus.data.reference_set import ReferenceSet
from ludus.evaluation.executors import ExecutorError, godot_pck
from ludus.evaluation.executors import godot as in_godot
from ludus.evaluation.results import Result, judge
from ludus.evaluation.run import evaluate
from ludus.process import godot
from support.paths import BUNDLE
from support.reference_sets import repeated

IN_GODOT = ["godot", "godot-pck"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return read_bundle(BUNDLE)


@pytest.fixture(scope="module")
def tests(bundle: Bundle) -> ReferenceSet:
    """300 images: more than one run, and the last of another size."""
    return repeated(bundle)


@pytest.fixture(autouse=True)
def needs_the_engine(engine: godot.Engine) -> None:
    """A skip with the reason where it is not there."""


def run(
    bundle: Bundle,
    tests: ReferenceSet,
    executor: Executor = "godot",
    variant: Variant | None = None,
) -> Result:
    variant = variant or bundle.variant("iree-vmvx")
    return evaluate(
        variant,
        bundle.folder,
        str(variant.driver),
        tests,
        bundle.manifest,
        evaluation="e",
        executor=executor,
    )


@pytest.mark.parametrize("executor", IN_GODOT)
def test_all_images_are_measured(
    bundle: Bundle, tests: ReferenceSet, engine: godot.Engine, executor: Executor
) -> None:
    result = run(bundle, tests, executor)
    assert (result.status, result.reason) == ("measured", None)
    assert (result.images, result.accuracy, result.flipped) == (300, 1.0, [])
    assert result.max_abs_diff is not None
    assert result.max_abs_diff < 1e-5
    assert result.seconds is not None
    assert 0 < result.seconds < 30
    assert result.device_name
    assert result.runtime_version == f"3.13.0 in Godot {engine.number}"
    assert judge(result, bundle.manifest.floors, 300).status == "verified"


def test_each_answer_is_that_of_its_image(bundle: Bundle, tests: ReferenceSet) -> None:
    order = np.random.default_rng(1).permutation(300)
    shuffled = ReferenceSet(
        inputs=tests.inputs[order], labels=tests.labels[order], reference=tests.reference[order]
    )
    native, found = run(bundle, shuffled, "native"), run(bundle, shuffled)
    assert found.confusion == native.confusion
    assert found.max_abs_diff == pytest.approx(native.max_abs_diff, abs=1e-6)


def test_answers_unlike_the_references_are_measured_and_fall_short(
    bundle: Bundle, tests: ReferenceSet
) -> None:
    wrong = ReferenceSet(
        inputs=tests.inputs, labels=tests.labels, reference=tests.reference[:, ::-1].copy()
    )
    result = run(bundle, wrong)
    assert (result.status, result.agreement, result.accuracy) == ("measured", 0.0, 1.0)
    assert judge(result, bundle.manifest.floors).status == "failed"


@pytest.mark.parametrize("executor", IN_GODOT)
def test_a_variant_for_another_machine_is_not_run_with_the_reason(
    bundle: Bundle, tests: ReferenceSet, executor: Executor
) -> None:
    metal = bundle.variant("iree-vmvx").model_copy(update={"driver": "metal"})
    result = run(bundle, tests, executor, metal)
    assert (result.status, result.images) == ("not run", 0)
    # It comes into the bundle, which has the same bytes wherever and whenever it is made.
    assert str(result.reason).endswith("needs a Mac")
    assert "/" not in str(result.reason)


def test_a_module_of_another_iree_is_not_run_with_the_reason(
    bundle: Bundle, tests: ReferenceSet
) -> None:
    older = bundle.variant("iree-vmvx").model_copy(update={"iree_version": "3.9.0"})
    result = run(bundle, tests, variant=older)
    assert result.status == "not run"
    assert "3.9.0" in str(result.reason)


def test_files_that_are_not_the_variants_are_refused(bundle: Bundle, tests: ReferenceSet) -> None:
    other = bundle.variant("iree-vmvx").model_copy(update={"sha256": "0" * 64})
    result = run(bundle, tests, variant=other)
    assert result.status == "failed"
    assert "one after the other" in str(result.reason)


@pytest.mark.parametrize("executor", IN_GODOT)
def test_without_the_addon_it_is_not_run(
    bundle: Bundle,
    tests: ReferenceSet,
    executor: Executor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(godot, "ADDON", tmp_path)
    result = run(bundle, tests, executor)
    assert result.status == "not run"
    assert str(result.reason).endswith("run `make addon`")


BROKEN = [
    ("get('nobody').home()", "SCRIPT ERROR: "),
    ("OS.crash('on purpose')", "signal 6 ended it"),
    ("Node.new(); quit()", "ObjectDB instances"),
    ("quit(3)", "it ended with exit code 3"),
    ("quit()", "run.json is missing"),
]
RUN = {"status": "failed", "message": "no bundle", "variant": "", "device_name": "", "seconds": 0.5}
SCRIPT = """\
extends SceneTree

func _init() -> void:
	if {condition}:
		{lines}
		return
	var run := FileAccess.open(OS.get_cmdline_user_args()[4] + "/run.json", FileAccess.WRITE)
	run.store_string('{run}')
	quit()
"""


WithScript = Callable[[str, str], None]


@pytest.fixture
def with_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WithScript:
    """Have the engine run a script that has these lines where the condition holds."""

    def write(lines: str, condition: str) -> None:
        script = SCRIPT.format(lines=lines, condition=condition, run=json.dumps(RUN))
        monkeypatch.setattr(in_godot, "SCRIPT", tmp_path / "evaluate.gd")
        in_godot.SCRIPT.write_text(script)

    return write


@pytest.mark.parametrize(("lines", "said"), BROKEN)
def test_a_script_that_fails_with_the_bundle_is_failed_with_the_engines_message(
    bundle: Bundle, tests: ReferenceSet, with_script: WithScript, lines: str, said: str
) -> None:
    with_script(lines, f"FileAccess.file_exists('res://{in_godot.BUNDLE}/manifest.json')")
    result = run(bundle, tests)
    assert result.status == "failed"
    assert str(result.reason).startswith("broke: ")
    assert said in str(result.reason)


@pytest.mark.parametrize(("lines", "said"), BROKEN)
def test_a_script_that_fails_without_the_bundle_is_the_executors_fault(
    bundle: Bundle, tests: ReferenceSet, with_script: WithScript, lines: str, said: str
) -> None:
    with_script(lines, "true")
    with pytest.raises(ExecutorError, match=r"^it fails without a bundle, too: ") as caught:
        run(bundle, tests)
    assert said in str(caught.value)


def test_a_library_that_does_not_load_is_the_executors_fault(
    bundle: Bundle, tests: ReferenceSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = godot.ADDON
    monkeypatch.setattr(godot, "ADDON", tmp_path)
    (tmp_path / "ludus.gdextension").write_bytes((real / "ludus.gdextension").read_bytes())
    godot.library().parent.mkdir()
    godot.library().write_bytes(b"no library")
    with pytest.raises(ExecutorError, match="Can't open dynamic library"):
        run(bundle, tests)


def test_a_game_that_cannot_be_exported_is_the_executors_fault(
    bundle: Bundle, tests: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(godot_pck, "PRESETS", '[preset.0]\n\nname="another"\n')
    with pytest.raises(ExecutorError, match=r"^the game cannot be exported: Godot: "):
        run(bundle, tests, "godot-pck")
