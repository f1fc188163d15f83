"""The executors themselves, where they are here: the golden bundle through each.

What is not here is skipped with the command that brings it.
"""

from pathlib import Path

import numpy as np
import pytest

from ludus import runtimes
from ludus.bundle.reader import read_bundle
from ludus.bundle.schema import Variant
from ludus.evaluation import executors
from ludus.evaluation.executors import EXECUTORS
from ludus.evaluation.golden import check_golden_answers
from ludus.runtimes import devices
from support.needed import absent
from support.reference_sets import repeated

BUNDLE = read_bundle(Path(__file__).parents[1] / "golden" / "bundle")
GOLDEN = BUNDLE.manifest.golden
EMULATED = [name for name in EXECUTORS if name.startswith("qemu") or name == "wine"]
SWIFTSHADER = "vulkan-swiftshader"


def there(name: str, variant: Variant) -> executors.Executor:
    found = executors.executor(name)
    reason = found.why_not(variant, "cpu")
    if reason is not None:
        absent(name, f"no {name} here: {reason}")
    return found


@pytest.mark.parametrize("name", EMULATED)
def test_an_executor_gives_the_golden_answers(name: str) -> None:
    variant, tests = (
        BUNDLE.variant("iree-vmvx"),
        repeated(BUNDLE, 3),
    )  # 30 images: the last 2 padded
    executor = there(name, variant)
    answers = executor.run(variant, BUNDLE.folder, "cpu", tests, BUNDLE.manifest)
    assert answers.outputs.shape == tests.reference.shape
    assert np.abs(answers.outputs - tests.reference).max() < 1e-5
    assert answers.device_name == executor.describe(variant, "cpu").device_name
    assert answers.seconds > 0


@pytest.mark.parametrize(
    ("name", "architecture"), [("qemu-aarch64", "aarch64"), ("wine", "x86_64")]
)
def test_an_executor_tells_its_features(name: str, architecture: str) -> None:
    there(name, BUNDLE.variant("iree-vmvx"))
    values = BUNDLE.variant("iree-vmvx").model_dump()
    needs = {"architecture": architecture, "features": ["warp9"]}
    reason = executors.executor(name).why_not(
        Variant.model_validate(values | {"cpu": needs}), "cpu"
    )
    assert reason == "IREE's runtime cannot tell whether this CPU has warp9"


def test_a_module_for_any_batch_is_run_too(tmp_path: Path) -> None:
    """What `batches: dynamic` makes: one function for any number of images."""
    from ludus.process.toolchains import iree_compile

    executor = there("wine", BUNDLE.variant("iree-vmvx"))
    source = tmp_path / "twice.mlir"
    source.write_text("""\
func.func @main(%x: tensor<?x1x28x28xf32>) -> tensor<?x10xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x1x28x28xf32>
  %y = tensor.extract_slice %x[0, 0, 14, 9] [%n, 1, 1, 10] [1, 1, 1, 1]
    : tensor<?x1x28x28xf32> to tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}
""")
    flags = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=vmvx"]
    iree_compile("3.13.0", source, flags, tmp_path / "model.vmfb")
    entries = [{"name": "main", "batch": -1}]
    files = [{"path": "model.vmfb", "bytes": 0, "sha256": "0" * 64}]
    values = BUNDLE.variant("iree-vmvx").model_dump() | {"entry_functions": entries, "files": files}
    variant, tests = Variant.model_validate(values), repeated(BUNDLE, 30)
    answers = executor.run(variant, tmp_path, "cpu", tests, BUNDLE.manifest)
    assert np.allclose(answers.outputs, tests.inputs[:, 14, 9:19] / 255)


def test_swiftshader_gives_the_golden_answers_and_no_other_word_sees_it() -> None:
    reason = devices.why_not(SWIFTSHADER)
    if reason is not None:
        absent(SWIFTSHADER, f"no SwiftShader here: {reason}")
    variant = BUNDLE.variant("iree-vulkan")
    assert check_golden_answers(BUNDLE, variant, SWIFTSHADER) < 1e-5
    assert "SwiftShader" in devices.open_device(SWIFTSHADER)[1]
    if runtimes.why_not(variant, "vulkan") is None:
        assert "SwiftShader" not in devices.open_device("vulkan")[1]
