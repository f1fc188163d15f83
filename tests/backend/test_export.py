"""The exported files: no path of this machine in them, and the trace moves to a GPU."""

import gzip
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ludus.core.errors import ExportError
from ludus.export.ludwig import compare
from ludus.runtimes.torch import load_trace
from support.paths import ROOT


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and those of all files in it where it is an archive."""
    yield path.name, path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                data = archive.read(name)
                yield f"{path.name}/{name}", data
                if data[:2] == b"\x1f\x8b":
                    yield f"{path.name}/{name}, unpacked", gzip.decompress(data)


def test_no_file_that_is_made_holds_a_path_of_this_machine(
    exported: Any, lowered: Path, build: Callable[[str], Any]
) -> None:
    names = ["iree-vmvx-static", "iree-cpu-static", "iree-vulkan-dynamic", "ncnn"]
    folders = [exported.folder, lowered, *(build(name).folder for name in names)]
    paths = [str(ROOT), sys.prefix, str(exported.folder.parent)]
    found = [
        (name, path)
        for folder in folders
        for file in sorted(folder.iterdir())
        for name, data in contents(file)
        for path in paths
        if path.encode() in data
    ]
    assert found == []


def test_the_same_network_compiles_to_the_same_bytes(
    exported: Any, lowered: Path, build: Callable[[str], Any], tmp_path: Path
) -> None:
    from ludus.process.toolchains import iree_compile

    flags = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu"]
    elsewhere = tmp_path / "elsewhere" / "static.mlir"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes((lowered / "static.mlir").read_bytes())
    iree_compile("3.13.0", elsewhere, flags, tmp_path / "again.vmfb")
    built = build("iree-cpu-static").folder / "model.vmfb"
    assert (tmp_path / "again.vmfb").read_bytes() == built.read_bytes()


def test_onnx_says_labels_and_preprocessing(exported: Any) -> None:
    import json

    import onnx

    model = onnx.load(exported.folder / "model.onnx")
    said = {prop.key: json.loads(prop.value) for prop in model.metadata_props}
    assert said["labels"] == [str(digit) for digit in range(10)]
    assert said["preprocess"]["size"] == 14
    assert [value.name for value in model.graph.input] == ["image"]
    assert [value.name for value in model.graph.output] == ["probabilities"]


def test_the_trace_loads_on_a_gpu(exported: Any) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    trace = load_trace(exported.folder / "model.torchscript", "cuda")
    assert {parameter.device.type for parameter in trace.parameters()} == {"cuda"}
    with torch.inference_mode():
        answers = trace(torch.from_numpy(exported.images).cuda()).cpu().numpy()
    np.testing.assert_allclose(answers, exported.answers, atol=1e-3)


def test_the_trace_is_not_frozen(exported: Any) -> None:
    """Freezing makes the weights constants of the CPU, which no GPU takes."""
    trace = load_trace(exported.folder / "model.torchscript", "cpu")
    assert len(list(trace.parameters())) == 6


def test_an_answer_that_differs_is_told() -> None:
    expected = np.zeros((3, 10), np.float32)
    found = expected.copy()
    found[2, 7] = 0.25
    with pytest.raises(
        ExportError, match=r"model.onnx differs from .* by 0.25, .*image 2, output 7"
    ):
        compare("model.onnx", found, expected, "the trained network")


def test_an_answer_that_is_no_number_is_told() -> None:
    expected = np.zeros((3, 10), np.float32)
    with pytest.raises(ExportError, match="differs from Ludwig by nan"):
        compare("program.pt2", expected * np.nan, expected, "Ludwig")
