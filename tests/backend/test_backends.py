"""Each backend builds the network, gives torch's answers for any number of images, and says why
where it cannot."""

import subprocess
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus import runtimes
from ludus.bundle.schema import EntryFunction
from ludus.compile import Sources, ncnn
from ludus.config.backends.ncnn import NcnnTarget
from ludus.core.errors import DeviceError, LudusError, RuntimeVersionError, ToolError, UsageError
from ludus.runtimes import devices
from ludus.runtimes.devices import fenced
from support.needed import absent

Build = Callable[[str], Any]
RUNS = [
    ("iree-cpu-dynamic", "cpu"),
    ("iree-cpu-static", "cpu"),
    ("iree-cpu-rewritten", "cpu"),
    ("iree-cpu-rewritten-static", "cpu"),
    ("iree-cpu-tiled", "cpu"),
    ("iree-vmvx-static", "cpu"),
    ("iree-vulkan-dynamic", "vulkan"),
    ("iree-vulkan-static", "vulkan"),
    ("iree-vulkan-callers", "vulkan"),
    ("iree-cpu-callers", "cpu"),
    ("iree-cuda", "cuda"),
    ("onnx", "cpu"),
    ("ncnn", "cpu"),
    ("ncnn", "vulkan"),
    ("torchscript", "cpu"),
    ("torchscript", "cuda"),
]


def load(build: Build, target: str, device: str) -> runtimes.Run:
    reason = devices.why_not(device)
    if reason is not None:
        absent(device, f"no '{device}' here: {reason}")
    built = build(target)
    return runtimes.load(built.variant, built.folder, device)


@pytest.mark.parametrize(("target", "device"), RUNS)
def test_any_number_of_images_is_answered_as_torch_does(
    exported: Any, build: Build, target: str, device: str
) -> None:
    run = load(build, target, device)
    for count in (1, 2, 16, 17, 300, 1):
        answers = run(exported.images[:count])
        assert answers.dtype == np.float32
        assert answers.shape == (count, 10)
        np.testing.assert_allclose(answers, exported.answers[:count], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("target", "device"), RUNS)
def test_answers_are_the_callers_own(exported: Any, build: Build, target: str, device: str) -> None:
    run = load(build, target, device)
    first = run(exported.images[:16])
    kept = first.copy()
    run(exported.images[16:32])
    assert np.array_equal(first, kept), "a later call must not change an earlier answer"


@pytest.mark.parametrize("target", ["iree-cpu-static", "iree-cpu-dynamic", "onnx", "torchscript"])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_no_answer(
    exported: Any, build: Build, target: str, threads: int
) -> None:
    built = build(target)
    run = runtimes.load(built.variant, built.folder, "cpu", threads=threads)
    for count in (1, 33, 100):
        np.testing.assert_allclose(
            run(exported.images[:count]), exported.answers[:count], rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("target", ["iree-cpu-static", "iree-cpu-dynamic", "onnx", "torchscript"])
def test_the_module_alone_takes_time_with_every_number_of_images(
    exported: Any, build: Build, target: str
) -> None:
    built = build(target)
    seconds = []
    for count in (1, 512):
        images = np.concatenate([exported.images] * 2)[:count]
        run = runtimes.load_resident(built.variant, built.folder, "cpu", images, threads=1)
        run()
        seconds.append(min(timeit.repeat(run, number=1, repeat=5)))
    assert seconds[1] > 8 * seconds[0], "512 images cannot be computed as fast as 1"


def test_ncnn_cannot_be_run_kernel_only(exported: Any, build: Build) -> None:
    built = build("ncnn")
    with pytest.raises(UsageError, match="ncnn runs only from the host's memory"):
        runtimes.load_resident(built.variant, built.folder, "cpu", exported.images[:1])


@pytest.mark.parametrize("target", ["iree-vmvx-static", "onnx", "ncnn", "torchscript"])
def test_what_describes_a_target_names_its_files(build: Build, target: str) -> None:
    built = build(target)
    there = {path.name for path in built.folder.iterdir()} - {"variant.json"}
    assert {file.path for file in built.variant.files} == there
    assert built.variant.target == target


@pytest.mark.parametrize(
    ("target", "device", "reason"),
    [
        ("iree-vmvx-static", "vulkan", "it is built for the driver 'cpu', not for 'vulkan'"),
        ("iree-vmvx-static", "cuda", "it is built for the driver 'cpu', not for 'cuda'"),
        ("onnx", "cuda", "ONNX Runtime runs only on 'cpu'"),
        ("ncnn", "cuda", "ncnn runs only on 'cpu' and Vulkan devices"),
        ("torchscript", "vulkan", "PyTorch runs only on cpu, cuda"),
    ],
)
def test_a_device_that_is_not_a_backends_own_is_told_and_not_loaded(
    build: Build, target: str, device: str, reason: str
) -> None:
    built = build(target)
    assert runtimes.why_not(built.variant, device) == reason
    with pytest.raises(DeviceError) as caught:
        runtimes.load(built.variant, built.folder, device)
    assert str(caught.value) == f"{target} cannot run on '{device}': {reason}"


@pytest.mark.parametrize(
    ("target", "driver"), [("iree-vmvx-static", "cuda"), ("torchscript", None)]
)
def test_a_machine_without_cuda_says_what_would_help(
    build: Build, target: str, driver: str | None
) -> None:
    if devices.why_not("cuda") is None:
        pytest.skip("this machine has a CUDA device")
    variant = build(target).variant.model_copy(update={"driver": driver})
    assert str(runtimes.why_not(variant, "cuda")).endswith("needs an NVIDIA GPU and its driver")


def test_a_machine_without_the_vulkan_device_says_so_of_ncnn(build: Build) -> None:
    if devices.why_not("vulkan-gpu") is None:
        pytest.skip("this machine has a Vulkan GPU")
    reason = runtimes.why_not(build("ncnn").variant, "vulkan-gpu")
    assert str(reason).endswith(devices.DEVICES["vulkan-gpu"].help)


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("iree-vmvx-static", RuntimeVersionError, "is refused by IREE's runtime 3.13.0: "),
        ("onnx", ToolError, "cannot load"),
        ("ncnn", ToolError, "cannot load"),
        ("torchscript", ToolError, "cannot load"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"garbage\n"])
def test_a_file_that_is_no_network_is_told(
    build: Build, tmp_path: Path, target: str, kind: type[LudusError], said: str, content: bytes
) -> None:
    variant = build(target).variant
    for file in variant.files:
        (tmp_path / file.path).write_bytes(content)
    with pytest.raises(kind) as caught:
        runtimes.load(variant, tmp_path, "cpu")
    assert said in str(caught.value)
    assert variant.files[0].path in str(caught.value)


def test_a_loaded_module_needs_its_file_no_more(
    exported: Any, build: Build, tmp_path: Path
) -> None:
    built = build("iree-vmvx-static")
    path = tmp_path / "model.vmfb"
    path.write_bytes((built.folder / "model.vmfb").read_bytes())
    path.chmod(0o444)
    run = runtimes.load(built.variant, tmp_path, "cpu")
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    np.testing.assert_allclose(run(exported.images), exported.answers, rtol=0, atol=1e-5)


def test_a_module_of_another_iree_version_is_not_run(build: Build) -> None:
    built = build("iree-vmvx-static")
    other = built.variant.model_copy(update={"iree_version": "3.11.0"})
    assert runtimes.why_not(other, "cpu") == ("it needs IREE's runtime 3.11.0, and 3.13.0 is here")


def test_the_entry_functions_are_those_of_the_lowering(build: Build) -> None:
    static, dynamic = (
        build(name).variant.entry_functions for name in ("iree-cpu-static", "iree-cpu-dynamic")
    )
    assert static == [
        EntryFunction(name="batch_1", batch=1),
        EntryFunction(name="batch_16", batch=16),
    ]
    assert dynamic == [EntryFunction(name="main", batch=-1)]


def test_the_manifest_says_what_a_caller_must_give(build: Build) -> None:
    functions = build("iree-cpu-callers").variant.entry_functions
    assert [(entry.name, entry.batch) for entry in functions] == [
        ("batch_1$async", 1),
        ("batch_16$async", 16),
    ]
    assert [entry.buffers.result for entry in functions] == [[1, 10], [16, 10]]
    assert functions[1].buffers.transients > functions[0].buffers.transients > 0


@pytest.mark.parametrize(
    ("target", "device"), [("iree-vulkan-callers", "vulkan"), ("iree-cpu-callers", "cpu")]
)
def test_two_modules_in_buffers_of_their_own_do_not_disturb_each_other(
    exported: Any, build: Build, target: str, device: str
) -> None:
    one, other = (load(build, target, device) for _ in range(2))
    for start in range(0, 60, 20):
        first, second = exported.images[start : start + 20], exported.images[start + 20 :][:17]
        for run, images, since in ((one, first, start), (other, second, start + 20)):
            expected = exported.answers[since : since + len(images)]
            np.testing.assert_allclose(run(images), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("target", "device"), [("iree-vulkan-callers", "vulkan"), ("iree-cpu-callers", "cpu")]
)
def test_a_refused_call_is_told_and_the_next_one_is_answered(
    exported: Any, build: Build, target: str, device: str
) -> None:
    run = load(build, target, device)
    with pytest.raises(DeviceError, match="failed on"):
        run(exported.images[:1, :, :13])
    np.testing.assert_allclose(run(exported.images[:1]), exported.answers[:1], rtol=0, atol=1e-5)


def test_a_module_that_does_not_say_its_buffers_is_told(build: Build) -> None:
    built = build("iree-cpu-static")
    with pytest.raises(ValueError, match=r"'batch_1' should say its ludus\.result and iree\.abi"):
        fenced.buffers_of(built.folder / "model.vmfb", ["batch_1"])


@pytest.mark.parametrize("device", ["vulkan", "cpu"])
def test_an_interpreter_with_a_loaded_module_ends_well(
    exported: Any, build: Build, tmp_path: Path, device: str
) -> None:
    target = f"iree-{device}-callers"
    load(build, target, device)
    np.save(tmp_path / "images.npy", exported.images[:17])
    script = (
        "import sys, numpy as np; from pathlib import Path; from ludus import runtimes\n"
        "from ludus.bundle.schema import Variant\n"
        "folder = Path(sys.argv[1])\n"
        "variant = Variant.model_validate_json((folder / 'variant.json').read_bytes())\n"
        "run = runtimes.load(variant, folder, sys.argv[3])\n"
        "print(run(np.load(sys.argv[2])).shape)\n"
    )
    words = [str(build(target).folder), str(tmp_path / "images.npy"), device]
    ended = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "(17, 10)\n"), ended.stderr


def test_batches_are_worked_off_by_the_functions_that_there_are(
    exported: Any, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    call = devices.Module.call

    def listened(self: Any, name: str, images: Any) -> Any:
        called.append(name)
        return call(self, name, images)

    run = load(build, "iree-cpu-static", "cpu")
    monkeypatch.setattr(devices.Module, "call", listened)
    run(exported.images[:18])
    assert called == ["batch_16", "batch_1", "batch_1"]


def test_tiles_reach_the_compiler(build: Build) -> None:
    tiled, untiled = (build(name).variant for name in ("iree-cpu-tiled", "iree-cpu-untiled"))
    assert tiled.sha256 != untiled.sha256


def test_pnnx_flags_that_it_takes_no_notice_of_are_refused(
    exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pnnx 20261020 takes any word and says what it made of those that it knows."""
    monkeypatch.setattr(ncnn, "run_tool", lambda *_, **__: "pnnxparam = x\nfp16 = 1\n")
    target = NcnnTarget(backend="ncnn", flags=["fp61=0"])
    sources = Sources(export=exported.folder, lowered=tmp_path, lowerings={})
    with pytest.raises(ToolError, match=r"targets\.n\.flags: pnnx took no notice of 'fp61=0'"):
        ncnn.build("n", target, sources, tmp_path)
    assert list(tmp_path.iterdir()) == []
