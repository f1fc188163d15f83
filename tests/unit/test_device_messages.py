"""What is said of devices: known words, reasons in words, and CPUs' features."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus import runtimes
from ludus.bundle.schema import Variant
from ludus.core.errors import DeviceError, UsageError
from ludus.core.types import Cpu
from ludus.process import prebuilt
from ludus.runtimes import devices
from ludus.runtimes.devices import cpu

NAMES = {
    "llvmpipe": "llvmpipe (LLVM 15.0.6, 256 bits)",
    "swiftshader": "SwiftShader Device (LLVM 10.0.0)",
    "gpu": "NVIDIA H200",
}


class Driver:
    """Stands for one of IREE's, with devices of these names."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def query_available_devices(self) -> list[dict[str, Any]]:
        return [{"name": name, "device_id": number} for number, name in enumerate(self.names)]

    def create_device(self, number: int) -> str:
        return f"opened {self.names[number]}"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Any:
    devices.open_device.cache_clear()
    devices.why_not.cache_clear()
    yield
    devices.open_device.cache_clear()
    devices.why_not.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, driver: Driver | Exception) -> None:
    def get_driver(name: str) -> Driver:
        if isinstance(driver, Exception):
            raise driver
        return driver

    monkeypatch.setattr(devices.iree, "get_driver", get_driver)


def variant(**changes: Any) -> Variant:
    sha256 = "a" * 64
    values = {
        "target": "t",
        "backend": "iree",
        "driver": "cpu",
        "iree_version": runtimes.runtime("iree").runtime_version(),
        "files": [{"path": "model.vmfb", "bytes": 1, "sha256": sha256}],
        "sha256": sha256,
        "entry_functions": [{"name": "main", "batch": -1}],
    }
    return Variant.model_validate({**values, **changes})


def test_an_unknown_word_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no device 'vulkan-lvmpipe', did you mean 'vulkan-llvm"):
        devices.known_device("vulkan-lvmpipe")


def test_this_machine_computes_on_its_cpu() -> None:
    assert devices.why_not("cpu") is None


@pytest.mark.parametrize(
    ("word", "names", "opened"),
    [
        ("vulkan", ["llvmpipe", "gpu"], "llvmpipe"),
        ("vulkan-llvmpipe", ["gpu", "llvmpipe"], "llvmpipe"),
        ("vulkan-gpu", ["llvmpipe", "swiftshader", "gpu"], "gpu"),
    ],
)
def test_a_word_opens_the_first_device_that_it_means(
    monkeypatch: pytest.MonkeyPatch, word: str, names: list[str], opened: str
) -> None:
    install(monkeypatch, Driver(*(NAMES[name] for name in names)))
    expected = (f"opened {NAMES[opened]}", NAMES[opened])
    assert devices.open_device(word) == expected


@pytest.mark.parametrize(
    ("word", "names"),
    [("vulkan-gpu", ["llvmpipe", "swiftshader"]), ("vulkan-llvmpipe", ["gpu", "swiftshader"])],
)
def test_a_device_of_another_kind_is_not_taken_in_its_place(
    monkeypatch: pytest.MonkeyPatch, word: str, names: list[str]
) -> None:
    install(monkeypatch, Driver(*(NAMES[name] for name in names)))
    with pytest.raises(DeviceError) as caught:
        devices.open_device(word)
    there = ", ".join(NAMES[name] for name in names)
    help_ = devices.DEVICES[word].help
    assert str(caught.value) == f"no such device; the driver 'vulkan' has: {there}; {help_}"


@pytest.fixture
def swiftshader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str | None]:
    """SwiftShader beside the system's llvmpipe; where Vulkan looked for each driver."""
    looked: dict[str, str | None] = {}

    def of_its_own(name: str) -> Driver:
        looked["its own"] = os.environ.get("VK_DRIVER_FILES")
        return Driver(NAMES["swiftshader"])

    def systems(name: str) -> Driver:
        looked["the system's"] = os.environ.get("VK_DRIVER_FILES")
        return Driver(NAMES["llvmpipe"])

    monkeypatch.setattr(devices._binding, "create_hal_driver", of_its_own)
    monkeypatch.setattr(devices.iree, "get_driver", systems)
    monkeypatch.setattr(prebuilt, "PREBUILT", tmp_path)
    monkeypatch.setattr(prebuilt.Prebuilt, "why_not", lambda _: None)
    return looked


@pytest.mark.parametrize("before", [None, "/etc/icd.json"])
def test_swiftshader_is_seen_only_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
    swiftshader: dict[str, str | None],
    tmp_path: Path,
    before: str | None,
) -> None:
    if before is None:
        monkeypatch.delenv("VK_DRIVER_FILES", raising=False)
    else:
        monkeypatch.setenv("VK_DRIVER_FILES", before)
    assert devices.open_device("vulkan-swiftshader")[1] == NAMES["swiftshader"]
    assert devices.open_device("vulkan")[1] == NAMES["llvmpipe"]
    assert swiftshader == {"its own": f"{tmp_path}/swiftshader", "the system's": before}


def test_swiftshader_that_is_not_installed_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prebuilt, "PREBUILT", tmp_path)
    reason = devices.why_not("vulkan-swiftshader")
    assert reason == "it is not installed yet; run `make prebuilt`"


def test_a_prebuilt_dependency_without_a_driver_names_the_command_that_installs_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def none(name: str) -> Driver:
        raise RuntimeError("VK_ERROR_INCOMPATIBLE_DRIVER")

    monkeypatch.setattr(devices._binding, "create_hal_driver", none)
    monkeypatch.setattr(prebuilt.Prebuilt, "why_not", lambda _: None)
    assert devices.why_not("vulkan-swiftshader") == (
        "there is no Vulkan driver; it has no such driver; `rm -r .prebuilt/swiftshader` and "
        "`make prebuilt` install it again"
    )


def test_a_driver_without_devices_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Driver())
    assert devices.why_not("cuda") == (
        "no such device; the driver 'cuda' has: none; needs an NVIDIA GPU and its driver"
    )


@pytest.mark.parametrize(
    ("word", "said", "means"),
    [
        ("vulkan", "a.c:1: UNAVAILABLE; set LIBVULKAN_PATH", "there is no Vulkan loader"),
        ("vulkan", "VK_ERROR_INCOMPATIBLE_DRIVER", "there is no Vulkan driver; install"),
        ("cuda", "failed to load libcuda.so", "there is no NVIDIA driver (libcuda.so); needs an"),
        ("rocm", "libamdhip64.so not found", "there is no HIP runtime (libamdhip64.so); needs an"),
        ("metal", "no driver 'metal' registered", "this build of IREE's runtime has no Metal"),
        ("cuda", "file.c:12: INTERNAL; out of luck\nmore", "out of luck; needs an NVIDIA GPU"),
    ],
)
@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_a_drivers_error_is_explained(
    monkeypatch: pytest.MonkeyPatch, word: str, said: str, means: str, kind: type[Exception]
) -> None:
    install(monkeypatch, kind(said))
    assert str(devices.why_not(word)).startswith(means)


def test_a_device_that_computes_wrongly_is_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = np.array([2, 4, np.nan], dtype=np.float32)
    monkeypatch.setattr(devices.Module, "call", lambda *_: answer)
    assert devices.why_not("cpu") == (
        "the device computes wrongly: twice [1, 2, 3] gave [2.0, 4.0, nan]"
    )


def test_a_device_that_does_not_compute_is_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a.c:1: INTERNAL; device lost")

    monkeypatch.setattr(devices.Module, "call", broken)
    assert devices.why_not("cpu") == "the device does not compute: device lost"


def test_code_for_this_cpu_can_run() -> None:
    assert cpu.why_not_cpu(Cpu(architecture=cpu.architecture(), features=[])) is None


def test_code_for_another_architecture_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu.platform, "machine", lambda: "arm64")
    needs = Cpu(architecture="x86_64", features=[])
    assert cpu.why_not_cpu(needs) == "it is for x86_64 CPUs, and this is aarch64"


def test_code_for_features_that_are_not_here_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu.platform, "machine", lambda: "AMD64")
    monkeypatch.setattr(cpu, "_cpuinfo", lambda: "avx2   1\nfma    0\nf16c   0\n")
    needs = Cpu(architecture="x86_64", features=["avx2", "fma", "f16c"])
    assert cpu.why_not_cpu(needs) == "this CPU has no fma, f16c"


@pytest.mark.parametrize(
    ("changes", "device", "reason"),
    [
        ({}, "cpu", None),
        ({}, "vulkan-gpu", "it is built for the driver 'cpu', not for 'vulkan'"),
        ({"driver": "rocm"}, "cpu", "it is built for the driver 'rocm', not for 'cpu'"),
        ({"iree_version": "3.11.0"}, "cpu", "it needs IREE's runtime 3.11.0, and "),
        ({"cpu": {"architecture": cpu.architecture(), "features": ["warp9"]}}, "cpu",
         "IREE's runtime cannot tell whether this CPU has warp9"),
    ],
)  # fmt: skip
def test_why_a_variant_cannot_run_is_told(
    changes: dict[str, Any], device: str, reason: str | None
) -> None:
    found = runtimes.why_not(variant(**changes), device)
    assert found == reason if reason is None else str(found).startswith(reason)


def test_a_variant_runs_in_the_runtime_of_its_own_minor_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ludus.runtimes.iree.version", lambda name: "3.13.1")
    assert runtimes.why_not(variant(iree_version="3.13.0"), "cpu") is None
    assert runtimes.why_not(variant(iree_version="3.1.0"), "cpu") is not None


def test_a_runtime_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    other = variant(backend="onnx", driver=None, iree_version=None)
    monkeypatch.setattr(runtimes, "import_module", missing)
    found = str(runtimes.why_not(other, "cpu"))
    assert found.startswith("the Python package 'onnxruntime' is not installed; ")


def test_what_cannot_run_here_is_not_loaded(tmp_path: Any) -> None:
    with pytest.raises(DeviceError, match=r"t cannot run on 'vulkan': it is built for the driver"):
        runtimes.load(variant(), tmp_path, "vulkan")
