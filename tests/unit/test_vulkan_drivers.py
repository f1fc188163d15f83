"""Which of the Vulkan drivers that the environment names is broken, and how."""

import json
import os
from pathlib import Path

import pytest

from ludus.core.errors import DeviceError
from ludus.runtimes import devices
from ludus.runtimes.devices import vulkan_drivers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in vulkan_drivers.NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def describe(path: Path, library: object) -> Path:
    path.write_text(json.dumps({"file_format_version": "1.0.0", "ICD": {"library_path": library}}))
    return path


def test_without_the_variables_nothing_is_wrong(folder: Path) -> None:
    assert vulkan_drivers.faults() == []


@pytest.mark.parametrize("variable", vulkan_drivers.NAMES)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ('{"ICD": ', "is no JSON: Expecting value: line 1 column 9"),
        ("[]", "names no library: ICD.library_path is missing"),
        ('{"ICD": {"library_path": 7}}', "names no library: ICD.library_path is missing"),
        ('{"ICD": {"library_path": "./no.so"}}', "names a library that cannot be loaded: "),
        ('{"ICD": {"library_path": "no-such-vulkan.so"}}', "that cannot be loaded: no-such-vulkan"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, said: str
) -> None:
    path = folder / "driver.json"
    path.write_text(text)
    monkeypatch.setenv(variable, str(path))
    (fault,) = vulkan_drivers.faults()
    assert fault.startswith(f"{variable} names {path}, which ")
    assert said in fault


def test_of_several_files_and_folders_each_broken_one_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = describe(folder / "good.json", "libc.so.6")
    (folder / "more").mkdir()
    broken = describe(folder / "more" / "broken.json", "./no.so")
    gone = folder / "gone.json"
    names = os.pathsep.join(map(str, [good, folder / "more", gone]))
    monkeypatch.setenv("VK_DRIVER_FILES", names)
    monkeypatch.setenv("VK_ICD_FILENAMES", "is passed over by the loader too")
    first, second = vulkan_drivers.faults()
    assert f"names {broken}, which names a library" in first
    assert second == f"VK_DRIVER_FILES names {gone}, which is missing"


def test_a_device_that_is_not_there_for_a_broken_file_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "driver.json"
    path.write_text("{")
    monkeypatch.setenv("VK_DRIVER_FILES", str(path))

    def none(name: str) -> object:
        raise RuntimeError("vkCreateInstance failed: VK_ERROR_INCOMPATIBLE_DRIVER")

    with pytest.raises(DeviceError) as caught:
        devices._open("vulkan", none)
    said = str(caught.value)
    assert said.startswith(f"VK_DRIVER_FILES names {path}, which is no JSON: ")
    assert said.endswith(" (so Vulkan says: there is no Vulkan driver)")
