"""Bundles: a good one is read; each way to be bad has its error, as tests/golden/ lists them."""

import errno
import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.bundle.reader import pack, read_bundle
from ludus.core import errors
from ludus.evaluation.golden import check_golden_answers
from ludus.runtimes.choosing import choose
from ludus.runtimes.devices import cpu
from support import broken
from support.paths import BUNDLE, GOLDEN

CASES = broken.cases()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_bad_bundle_is_refused_with_its_own_error(case: dict[str, Any], tmp_path: Path) -> None:
    if case.get("only", cpu.architecture()) != cpu.architecture():
        pytest.skip(f"the case is one of {case['only']} CPUs, and this is {cpu.architecture()}")
    folder = broken.broken_bundle(case, tmp_path)

    def use() -> None:
        bundle = read_bundle(folder)
        assert case["when"] != "read", "reading found nothing wrong"
        if case["when"] == "choose":
            choose(bundle, case["device"])
        with np.errstate(all="ignore"):
            check_golden_answers(bundle, bundle.variant(case["target"]), "cpu")

    with pytest.raises(errors.LudusError) as caught:
        use()
    assert type(caught.value).__name__ == case["error"]
    assert case["says"] in str(caught.value)


def test_the_cases_reach_every_error_that_a_bundle_can_have() -> None:
    kinds = {
        kind.__name__
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.BundleError)
    }
    assert {case["error"] for case in CASES} >= kinds - {"BundleError"}


def test_the_good_bundle_is_read() -> None:
    bundle = read_bundle(BUNDLE)
    assert [variant.target for variant in bundle.manifest.variants] == ["iree-vulkan", "iree-vmvx"]
    assert bundle.golden().inputs.shape == (10, 28, 28)
    assert bundle.golden().inputs.dtype == np.uint8


def test_the_good_bundle_gives_its_golden_answers() -> None:
    bundle = read_bundle(BUNDLE)
    assert check_golden_answers(bundle, bundle.variant("iree-vmvx"), "cpu") < 1e-5


def test_answers_of_another_shape_are_not_broadcast(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = read_bundle(BUNDLE)
    monkeypatch.setattr("ludus.runtimes.load", lambda *_: lambda images: np.ones((1, 10)))
    with pytest.raises(errors.GoldenError, match=r"in the shape \[1, 10\], expected \[10, 10\]"):
        check_golden_answers(bundle, bundle.variant("iree-vmvx"), "cpu")


def test_a_bundle_without_sums_is_read(tmp_path: Path) -> None:
    shutil.copytree(BUNDLE, tmp_path / "bundle")
    (tmp_path / "bundle" / "SHA256SUMS").unlink()
    assert read_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_what_is_no_folder_is_no_bundle(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.ManifestError, match="is this a bundle"):
        read_bundle(tmp_path / name)


def test_an_unknown_variant_is_told_with_the_nearest() -> None:
    with pytest.raises(errors.UsageError, match="no variant 'iree-vmx', did you mean 'iree-vmvx'"):
        read_bundle(BUNDLE).variant("iree-vmx")


def test_without_a_device_the_first_variant_that_runs_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = read_bundle(BUNDLE)
    monkeypatch.setattr("ludus.runtimes.devices.why_not", lambda word: None)
    variant, device = choose(bundle, None)
    assert (variant.target, device) == ("iree-vulkan", "vulkan")
    monkeypatch.setattr(
        "ludus.runtimes.devices.why_not", lambda word: "no loader" if word == "vulkan" else None
    )
    variant, device = choose(bundle, None)
    assert (variant.target, device) == ("iree-vmvx", "cpu")


def test_a_named_device_that_is_absent_never_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ludus.runtimes.devices.why_not", lambda word: f"there is no {word}")
    with pytest.raises(errors.DeviceError) as caught:
        choose(read_bundle(BUNDLE), "vulkan")
    assert str(caught.value).splitlines()[1:] == [
        "  iree-vulkan: there is no vulkan",
        "  iree-vmvx: it is built for the driver 'cpu', not for 'vulkan'",
    ]


def test_an_unknown_device_is_told_with_the_nearest() -> None:
    with pytest.raises(errors.UsageError, match="no device 'vulcan', did you mean 'vulkan'"):
        choose(read_bundle(BUNDLE), "vulcan")


def test_packed_twice_a_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    shutil.copytree(BUNDLE, tmp_path / "copy")  # with times of its own
    first = pack(read_bundle(BUNDLE), tmp_path / "first")
    second = pack(read_bundle(tmp_path / "copy"), tmp_path / "second")
    assert first.name == second.name == "golden-1.0.0.zip"
    assert first.read_bytes() == second.read_bytes()


def test_a_packed_bundle_is_the_bundle_and_its_checksum_is_right(tmp_path: Path) -> None:
    path = pack(read_bundle(BUNDLE), tmp_path)
    digest, name = (tmp_path / "golden-1.0.0.zip.sha256").read_text().split()
    assert (digest, name) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert read_bundle(tmp_path / "unpacked" / "golden").manifest == read_bundle(BUNDLE).manifest


def test_a_full_disk_leaves_the_former_zip_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = read_bundle(BUNDLE)
    former = pack(bundle, tmp_path).read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space left"):
        pack(bundle, tmp_path)
    assert (tmp_path / "golden-1.0.0.zip").read_bytes() == former
    assert len(list(tmp_path.iterdir())) == 2


def test_sums_are_as_sha256sum_reads_them() -> None:
    for line in (BUNDLE / "SHA256SUMS").read_text().splitlines():
        digest, path = line.split("  ")
        assert hashlib.sha256((BUNDLE / path).read_bytes()).hexdigest() == digest


def test_the_good_manifest_has_keys_in_order_and_no_path_of_a_machine() -> None:
    text = (BUNDLE / "manifest.json").read_text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    assert "/tmp" not in text
    assert str(GOLDEN.parents[1]) not in text
