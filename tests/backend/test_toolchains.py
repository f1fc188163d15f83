"""Each toolchain for real: what it makes of the network, and what its own runtime answers.

An environment that is not there is made; where it cannot be, the test skips with the reason.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.bundle.schema import Variant, read_network
from ludus.config.backends.iree import IreeTarget
from ludus.config.backends.xla import XlaTarget
from ludus.config.lowerings import Lowering
from ludus.config.params import Params
from ludus.config.targets import Target
from ludus.core.errors import DeviceError, InstallError, ToolError
from ludus.data.reference_set import load_reference_set
from ludus.evaluation import executors
from ludus.lowering import from_onnx
from ludus.process import toolchains
from ludus.runtimes import devices, load, out_of_process, runtime, why_not
from support.needed import absent

OLD, SHARK, NEW = "20240828.999", "3.9.0", "3.13.0"
LLVM = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
LOWERINGS = {
    "dynamic": Lowering(rewrites=[], batches="dynamic"),
    "one": Lowering(rewrites=["im2col"], batches=[1]),
    "onnx": Lowering(source="onnx", rewrites=[], batches="dynamic"),
    "onnx-static": Lowering(source="onnx", rewrites=[], batches=[8]),
    "stablehlo": Lowering(source="stablehlo", rewrites=[], batches=[8]),
}


def iree(version: str, lowering: str, *flags: str, driver: str = "cpu") -> IreeTarget:
    row = {"backend": "iree", "toolchain": version, "lowering": lowering}
    return IreeTarget.model_validate({**row, "driver": driver, "flags": list(flags)})


TARGETS: dict[str, Target] = {
    "onnx": iree(NEW, "onnx", *LLVM),
    "onnx-static": iree(NEW, "onnx-static", *LLVM),
    "stablehlo": iree(NEW, "stablehlo", *LLVM),
    "xla": XlaTarget(backend="xla", lowering="stablehlo"),
    "old-vmvx": iree(
        OLD,
        "one",
        "--iree-hal-target-backends=vmvx",
        "--iree-opt-data-tiling",
        "--iree-vmvx-enable-microkernels",
    ),
    "old-vulkan": iree(OLD, "one", "--iree-hal-target-backends=vulkan-spirv", driver="vulkan"),
    "shark": iree(SHARK, "dynamic", *LLVM),
    "shark-static": iree(SHARK, "one", *LLVM),
    "shark-rocm": iree(
        SHARK, "one", "--iree-hal-target-device=hip", "--iree-hip-target=gfx1100", driver="rocm"
    ),
}
Build = Callable[[str], tuple[Variant, Path]]


def needs(name: str) -> None:
    try:
        toolchains.environment(name)
    except InstallError as error:
        absent("toolchains", f"the toolchain '{name}' cannot be made here: {error}")


@pytest.fixture(scope="module")
def build(exported: Any, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds a row of TARGETS, once."""
    from stages.compile import compile_target
    from stages.lower import lower

    lowered = tmp_path_factory.mktemp("lowered")
    lower(exported.folder / "model.pt2", LOWERINGS, lowered)
    assert {path.stem for path in lowered.glob("*.mlir")} == {"dynamic", "one"}, "the others later"
    params = Params.model_construct(targets=TARGETS, lowerings=LOWERINGS)
    made: dict[str, tuple[Variant, Path]] = {}

    def built(name: str) -> tuple[Variant, Path]:
        if name in made:
            return made[name]
        target = TARGETS[name]
        needs(target.toolchain if isinstance(target, IreeTarget) else toolchains.STABLEHLO)
        if "stablehlo" in getattr(target, "lowering", ""):
            needs(toolchains.STABLEHLO)
        folder = tmp_path_factory.mktemp("targets") / name
        compile_target(name, params, exported.folder, lowered, folder)
        described = (folder / "variant.json").read_bytes()
        made[name] = Variant.model_validate_json(described), folder
        return made[name]

    return built


@pytest.mark.parametrize("name", [OLD, SHARK, NEW, toolchains.STABLEHLO])
def test_a_toolchain_compiles_and_its_runtime_computes(name: str) -> None:
    needs(name)
    assert out_of_process.why_not(name) is None


@pytest.mark.parametrize("target", ["onnx", "onnx-static", "stablehlo", "xla"])
def test_a_network_from_another_source_answers_as_torch_does(
    exported: Any, build: Build, target: str
) -> None:
    variant, folder = build(target)
    assert [entry.name for entry in variant.entry_functions] == ["main"]
    run = load(variant, folder, "cpu")
    for count in (1, 8, 300):
        answers = run(exported.images[:count])
        np.testing.assert_allclose(answers, exported.answers[:count], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("target", "device", "runtime"),
    [
        ("old-vmvx", "cpu", f"iree-runtime {OLD}"),
        ("old-vulkan", "vulkan-llvmpipe", f"iree-runtime {OLD}"),
        ("shark", "cpu", f"shortfin {SHARK}"),
        ("shark-static", "cpu", f"shortfin {SHARK}"),
        ("onnx", "cpu", f"iree-base-runtime {NEW}"),
    ],
)
def test_a_toolchains_own_runtime_answers_as_torch_does(
    exported: Any, build: Build, target: str, device: str, runtime: str
) -> None:
    reason = devices.why_not(device)
    if reason is not None:
        absent(device, f"no '{device}' here: {reason}")
    variant, folder = build(target)
    own = executors.executor("own-runtime")
    assert own.why_not(variant, device) is None
    assert own.describe(variant, device).runtime_version == runtime
    tests, network = (
        load_reference_set(exported.folder / "reference.npz"),
        read_network(exported.folder),
    )
    found = own.run(variant, folder, device, tests, network)
    expected = executors.executor("native").run(*build("onnx"), "cpu", tests, network)
    np.testing.assert_allclose(found.outputs, expected.outputs, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("target", "wanted"), [("old-vmvx", OLD), ("shark", SHARK)])
def test_a_module_of_another_iree_is_refused_by_name_in_this_process(
    build: Build, target: str, wanted: str
) -> None:
    variant, folder = build(target)
    reason = f"it needs IREE's runtime {wanted}, and {NEW} is here"
    assert why_not(variant, "cpu") == reason
    with pytest.raises(DeviceError, match=reason):
        load(variant, folder, "cpu")


def test_a_module_of_another_iree_that_is_run_anyway_fails_with_a_message(
    exported: Any, build: Build
) -> None:
    variant, folder = build("old-vmvx")
    run = out_of_process.load(NEW, variant, folder, "local-sync")
    with pytest.raises(
        DeviceError, match=rf"in iree-base-runtime {NEW}: .* exit code 1 and said: "
    ):
        run(exported.images[:1])


def test_sharks_build_for_amd_says_what_it_needs(build: Build) -> None:
    if devices.why_not("rocm") is None:
        pytest.skip("this machine has an AMD GPU")
    variant, folder = build("shark-rocm")
    assert (folder / "model.vmfb").stat().st_size > 1000
    reason = executors.executor("own-runtime").why_not(variant, "rocm")
    assert str(reason).endswith("needs an AMD GPU and ROCm")


@pytest.mark.parametrize("source", ["onnx", "stablehlo"])
def test_the_same_network_gives_the_same_mlir(exported: Any, source: Any) -> None:
    needs(toolchains.STABLEHLO)
    lowering = Lowering(source=source, rewrites=[], batches=[8])
    model = exported.folder / "model.onnx"
    first = from_onnx.to_mlir(model, lowering, "a")
    again = from_onnx.to_mlir(model, lowering, "b")
    assert first.read_bytes() == again.read_bytes()
    assert "@main(" in first.read_text()
    other = from_onnx.to_mlir(model, lowering.model_copy(update={"batches": [2]}), "a")
    assert other.read_bytes() != first.read_bytes()


def test_stablehlo_is_the_network_and_no_more(exported: Any) -> None:
    needs(toolchains.STABLEHLO)
    made = from_onnx.to_mlir(exported.folder / "model.onnx", LOWERINGS["stablehlo"], "a")
    text = made.read_text()
    assert text.count("stablehlo.convolution(") == 2
    assert "torch" not in text


@pytest.mark.parametrize("content", [b"garbage", b""])
def test_a_file_that_is_no_onnx_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ToolError, match=r"model\.onnx cannot be read as ONNX: "):
        from_onnx.to_mlir(path, LOWERINGS["onnx"], "a")


def test_an_operator_that_stablehlo_lacks_is_told_with_a_command_to_paste(tmp_path: Path) -> None:
    needs(toolchains.STABLEHLO)
    import onnx
    from onnx import TensorProto, helper

    shape = [None, 4]
    graph = helper.make_graph(
        [helper.make_node("MelNoSuch", ["x"], ["y"], domain="no.such")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("no.such", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), tmp_path / "model.onnx")
    with pytest.raises(ToolError, match="MelNoSuch") as caught:
        from_onnx.to_mlir(tmp_path / "model.onnx", LOWERINGS["stablehlo"], "a")
    again = subprocess.run(
        str(caught.value).splitlines()[-1], shell=True, capture_output=True, text=True, check=False
    )
    assert "MelNoSuch" in again.stderr


def test_xla_is_used_on_the_cpu_alone(build: Build) -> None:
    variant, _ = build("xla")
    assert runtime("xla").why_not(variant, "cuda") == "XLA runs only on 'cpu'"
