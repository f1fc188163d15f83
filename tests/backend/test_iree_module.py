"""What is seen of a module without its device: each way in which one can be no good."""

import re
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from ludus.bundle.schema import EntryFunction
from ludus.compile import iree_module
from ludus.compile.iree_module import check_loads, check_module
from ludus.core.errors import ToolError
from ludus.core.types import Driver
from ludus.runtimes import devices
from ludus.runtimes.devices.build import FLAGS

PROBES = Path(devices.__file__).parent
DOUBLE = [EntryFunction(name="double", batch=1)]


def module(driver: str) -> Path:
    return PROBES / f"double-{driver}.vmfb"


@pytest.mark.parametrize("driver", FLAGS)
def test_a_good_module_passes(driver: Driver) -> None:
    check_module(module(driver), driver, DOUBLE)
    check_loads(module(driver))


def test_a_function_that_is_missing_is_told_with_those_that_are_there() -> None:
    functions = [*DOUBLE, EntryFunction(name="batch_8", batch=8)]
    with pytest.raises(ToolError, match=r"has no function 'batch_8'; it has __init, double"):
        check_module(module("metal"), "metal", functions)


def test_code_for_another_driver_is_not_taken_for_it() -> None:
    said = r"no code for the driver 'rocm'; it holds .*metal_msl_fb\.fb"
    with pytest.raises(ToolError, match=said):
        check_module(module("metal"), "rocm", DOUBLE)


def test_a_module_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path, whole = tmp_path / "cut.vmfb", module("rocm").read_bytes()
    path.write_bytes(whole[: len(whole) - 1000])
    with pytest.raises(ToolError, match=r"no whole module: the list of its files is missing"):
        check_module(path, "rocm", DOUBLE)
    with pytest.raises(ToolError, match=r"refused by IREE's virtual machine: .*out of range"):
        check_loads(path)


def test_a_file_that_is_no_module_is_refused_with_the_tools_message(tmp_path: Path) -> None:
    path = tmp_path / "text.vmfb"
    path.write_text("a text that is long enough for a length in front of it")
    with pytest.raises(ToolError, match="iree-dump-module ended with exit code 1") as caught:
        check_module(path, "rocm", DOUBLE)
    assert str(caught.value).splitlines()[-1].endswith(f"--output=metadata {path}")


def test_code_of_no_length_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = zipfile.ZipFile.infolist

    def empty(archive: zipfile.ZipFile) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(filename=info.filename, file_size=0 if "metal" in info.filename else 1)
            for info in real(archive)
        ]

    monkeypatch.setattr(iree_module.zipfile.ZipFile, "infolist", empty)
    with pytest.raises(ToolError, match=re.escape("no code in double_dispatch_0_metal_msl_fb.fb")):
        check_module(module("metal"), "metal", DOUBLE)
