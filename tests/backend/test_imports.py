"""Networks that were made elsewhere: small ones, made on the spot, and each way to be refused."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper

from ludus.bundle.schema import read_network
from ludus.compile import Sources, compiler
from ludus.config.backends import BACKENDS
from ludus.config.backends.iree import IreeTarget
from ludus.config.backends.onnx import OnnxTarget
from ludus.config.lowerings import Lowering
from ludus.core.errors import ConfigError, DataError, NetworkError, ToolError
from ludus.data.reference_set import load_reference_set
from ludus.evaluation.results import measure
from ludus.lowering import from_onnx
from ludus.runtimes import load

VMVX = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=vmvx"]
ABOUT: dict[str, Any] = {
    "inputs": [{"name": "x", "shape": [-1, 2, 6]}],
    "outputs": [{"name": "y"}],
    "tests": {"count": 5, "seed": 1, "low": -1, "high": 1},
}
WEIGHTS = np.random.default_rng(3).standard_normal((6, 4)).astype(np.float32)
Import = Callable[..., Path]


@pytest.fixture
def import_file(tmp_path: Path) -> Import:
    """Imports a file as model.yaml, changed so, says; the folder that is written."""

    def imported(source: str, file: Path, **changes: Any) -> Path:
        from ludus.export import importers

        path = tmp_path / "model.yaml"
        path.write_text(yaml.safe_dump({**ABOUT, **changes}))
        importers.import_model(source, file, path, tmp_path / "export")
        return tmp_path / "export"

    return imported


def model(
    path: Path,
    nodes: Sequence[onnx.NodeProto] | None = None,
    *,
    given: Sequence[Any] = (("x", TensorProto.FLOAT, ["batch", 2, "width"]),),
    found: Sequence[Any] = (("y", TensorProto.FLOAT, ["batch", 2, "classes"]),),
    opset: int = 13,
) -> Path:
    """An ONNX file; without nodes [N, 2, width] through a dense layer to [N, 2, 4]."""
    if nodes is None:
        nodes = [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Softmax", ["h"], ["y"], axis=-1),
        ]
    graph = helper.make_graph(
        list(nodes),
        "a graph of some name",
        [helper.make_tensor_value_info(*value) for value in given],
        [helper.make_tensor_value_info(*value) for value in found],
        [onnx.numpy_helper.from_array(WEIGHTS, "w")],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.acme", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def identity(**more: Any) -> dict[str, Any]:
    return {"nodes": [helper.make_node("Identity", ["x"], ["y"])], **more}


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x @ WEIGHTS)
    return powers / powers.sum(-1, keepdims=True)


def run_built(export: Path, lowering: Lowering, scratch: Path) -> np.ndarray:
    """The outputs of a module for VMVX, built as the compile stage does."""
    row = {"backend": "iree", "toolchain": "3.13.0", "lowering": "one", "driver": "cpu"}
    target = IreeTarget.model_validate({**row, "flags": VMVX})
    sources = Sources(export=export, lowered=scratch, lowerings={"one": lowering})
    variant = compiler("iree").build("iree-vmvx", target, sources, scratch)
    return load(variant, scratch, "cpu")(load_reference_set(export / "reference.npz").inputs)


# ONNX


def test_an_onnx_file_becomes_what_an_export_is(tmp_path: Path, import_file: Import) -> None:
    export = import_file("onnx", model(tmp_path / "n.onnx"))
    assert {path.name for path in export.iterdir()} == {
        "model.onnx",
        "network.json",
        "reference.npz",
    }
    network, tests = read_network(export), load_reference_set(export / "reference.npz")
    assert (network.inputs[0].name, network.inputs[0].shape) == ("x", [-1, 2, 6])
    assert (network.outputs[0].name, network.outputs[0].shape) == ("y", [-1, 2, 4])
    assert (network.labels, network.preprocess, tests.labels) == ([], None, None)
    assert tests.inputs.shape == (5, 2, 6)
    assert np.abs(tests.inputs).max() <= 1
    np.testing.assert_allclose(tests.reference, softmax(tests.inputs), rtol=0, atol=1e-6)
    fixed = onnx.load(export / "model.onnx")
    assert fixed.graph.name == "main"
    sizes = fixed.graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_value or size.dim_param for size in sizes] == ["batch", 2, 6]


def test_the_same_seed_gives_the_same_files(tmp_path: Path, import_file: Import) -> None:
    file = model(tmp_path / "n.onnx")
    first = {path.name: path.read_bytes() for path in import_file("onnx", file).iterdir()}
    assert {path.name: path.read_bytes() for path in import_file("onnx", file).iterdir()} == first


def test_an_onnx_file_is_compiled_and_agrees(tmp_path: Path, import_file: Import) -> None:
    export = import_file("onnx", model(tmp_path / "n.onnx"))
    one = Lowering(source="onnx", rewrites=[], batches=[1])
    tests = load_reference_set(export / "reference.npz")
    figures = measure(run_built(export, one, tmp_path), None, tests.reference)
    assert figures["agreement"] == 1
    assert figures["max_abs_diff"] < 1e-5
    assert "accuracy" not in figures


def test_a_fixed_batch_stays_fixed(tmp_path: Path, import_file: Import) -> None:
    given = [("x", TensorProto.FLOAT, [2, 2, 6])]
    inputs = [{"name": "x", "shape": [2, 2, 6]}]
    export = import_file("onnx", model(tmp_path / "n.onnx", given=given), inputs=inputs)
    sources = Sources(export=export, lowered=tmp_path, lowerings={})
    variant = compiler("onnx").build("onnx", OnnxTarget(backend="onnx"), sources, tmp_path)
    assert [entry.batch for entry in variant.entry_functions] == [2]
    tests = load_reference_set(export / "reference.npz")
    assert len(tests.inputs) == 5
    found = load(variant, tmp_path, "cpu")(tests.inputs)
    np.testing.assert_allclose(found, tests.reference, rtol=0, atol=1e-6)
    any_batch = Lowering(source="onnx", rewrites=[], batches="dynamic")
    with pytest.raises(ConfigError, match=r"lowerings.one.batches is dynamic, .* takes 2 inputs"):
        run_built(export, any_batch, tmp_path)


def test_labelled_data_give_accuracy(tmp_path: Path, import_file: Import) -> None:
    inputs = np.random.default_rng(5).standard_normal((7, 2, 6)).astype(np.float32)
    labels = softmax(inputs).argmax(-1)
    np.savez(tmp_path / "tests.npz", inputs=inputs, labels=labels)
    digest = hashlib.sha256((tmp_path / "tests.npz").read_bytes()).hexdigest()
    tests = {"file": "tests.npz", "sha256": digest, "labelled": True}
    export = import_file(
        "onnx", model(tmp_path / "n.onnx"), tests=tests, labels=["a", "b", "c", "d"]
    )
    found = load_reference_set(export / "reference.npz")
    assert found.labels is not None
    figures = measure(found.reference, found.labels, found.reference)
    assert figures["accuracy"] == figures["reference_accuracy"] == 1


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "two inputs": (
        identity(given=[("x", 1, ["b", 2, 6]), ("state", 1, [2, 6])]),
        {},
        "has 2 inputs (x, state)",
    ),
    "two outputs": (
        {
            "nodes": [
                helper.make_node("Identity", ["x"], ["y"]),
                helper.make_node("Neg", ["x"], ["z"]),
            ],
            "found": [("y", 1, ["b", 2, 6]), ("z", 1, ["b", 2, 6])],
        },
        {},
        "has 2 outputs (y, z)",
    ),
    "whole numbers": (
        {
            "nodes": [helper.make_node("Cast", ["x"], ["y"], to=1)],
            "given": [("x", TensorProto.UINT8, ["b", 2, 6])],
        },
        {},
        "of the inputs, 'x' is UINT8; expected FLOAT",
    ),
    "a dynamic dimension": (
        {},
        {"inputs": [{"name": "x", "shape": [-1, 2, -1]}]},
        "the dimension 2 of the input 'x', [batch, 2, width], is dynamic",
    ),
    "another size": (
        {},
        {"inputs": [{"name": "x", "shape": [-1, 3, 6]}]},
        "the dimension 1 of the input 'x', [batch, 2, width], is 2",
    ),
    "a size that the network does not take": (
        {},
        {"inputs": [{"name": "x", "shape": [-1, 2, 7]}]},
        "",
    ),
    "an operator that the compiler lacks": (
        {
            "nodes": [
                helper.make_node("Unique", ["x"], ["u"], axis=0),
                helper.make_node("Identity", ["u"], ["y"]),
            ]
        },
        {},
        "cannot be compiled by IREE 3.13.0",
    ),
    "an operator of somebody's own": (
        {"nodes": [helper.make_node("MyOp", ["x"], ["y"], domain="com.acme")]},
        {},
        "MyOp",
    ),
    "an output without the batch": (
        {
            "nodes": [helper.make_node("ReduceMean", ["x"], ["y"], axes=[0], keepdims=0)],
            "found": [("y", 1, [2, 6])],
        },
        {},
        "expected the batch in its first dimension",
    ),
    "answers that are no numbers": (
        {
            "nodes": [
                helper.make_node("Sub", ["x", "x"], ["o"]),
                helper.make_node("Div", ["o", "o"], ["y"]),
            ]
        },
        {},
        "answers inputs of",
    ),
    "answers drawn at random": (
        {
            "nodes": [
                helper.make_node("RandomNormalLike", ["x"], ["r"]),
                helper.make_node("Add", ["x", "r"], ["y"]),
            ]
        },
        {},
        "n.onnx answers the same inputs differently when it is run again, by up to ",
    ),
    "an output without the batch, in words": (
        {
            "nodes": [helper.make_node("ReduceMean", ["x"], ["y"], axes=[0], keepdims=0)],
            "found": [("y", 1, [2, 6])],
        },
        {},
        "so [5, ...]",
    ),
    "an output of another shape": (
        {},
        {"outputs": [{"name": "y", "shape": [-1, 2, 5]}]},
        "outputs.0.shape is [-1, 2, 5], and it has [-1, 2, 4]",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_taken_is_refused_by_name(
    name: str, tmp_path: Path, import_file: Import
) -> None:
    made, about, said = REFUSED[name]
    with pytest.raises(NetworkError) as caught:
        import_file("onnx", model(tmp_path / "n.onnx", **made), **about)
    assert said in str(caught.value)
    assert not (tmp_path / "export").exists()


def test_the_operator_that_the_compiler_lacks_is_named(tmp_path: Path, import_file: Import) -> None:
    nodes = [helper.make_node("StringNormalizer", ["x"], ["y"])]
    with pytest.raises(NetworkError) as caught:
        import_file("onnx", model(tmp_path / "n.onnx", nodes, opset=17))
    assert "StringNormalizer" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no ONNX", None])
def test_a_file_that_is_no_onnx_is_refused(
    tmp_path: Path, import_file: Import, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "n.onnx").write_bytes(content)
    with pytest.raises(NetworkError, match=r"n\.onnx is (no ONNX file|empty|missing)"):
        import_file("onnx", tmp_path / "n.onnx")


@pytest.mark.parametrize("count", [3, 5])
def test_labels_that_do_not_fit_are_refused(
    tmp_path: Path, import_file: Import, count: int
) -> None:
    said = rf"model\.yaml: labels: 4 outputs, {count} labels; the output is \[N, 2, 4\]"
    with pytest.raises(NetworkError, match=said):
        import_file("onnx", model(tmp_path / "n.onnx"), labels=list("abcde"[:count]))


def test_labels_of_a_file_are_read_as_utf_8_or_refused(tmp_path: Path, import_file: Import) -> None:
    def imported(content: bytes) -> Path:
        (tmp_path / "labels.txt").write_bytes(content)
        named = {"file": "labels.txt", "sha256": hashlib.sha256(content).hexdigest()}
        return import_file("onnx", model(tmp_path / "n.onnx"), labels=named)

    words = "a\né\nc\nd\n"
    assert read_network(imported(words.encode())).labels == ["a", "é", "c", "d"]
    said = r"labels\.txt is no text in UTF-8: byte 2 is 0xe9; .*/model.yaml, labels.sha256"
    with pytest.raises(NetworkError, match=f"{tmp_path}/{said}"):
        imported(words.encode("latin-1"))


def test_data_of_another_sha256_are_refused(tmp_path: Path, import_file: Import) -> None:
    np.savez(tmp_path / "tests.npz", inputs=np.zeros((1, 2, 6), np.float32))
    tests = {"file": "tests.npz", "sha256": "0" * 64}
    with pytest.raises(NetworkError, match=r"tests.npz has the sha256 .*write its sha256 there"):
        import_file("onnx", model(tmp_path / "n.onnx"), tests=tests)


GIVEN = np.zeros((3, 2, 6), np.float32)
HOLE = np.where(np.arange(3)[:, None, None] == 1, np.float32(np.nan), GIVEN)
# Arrays of the file of tests; the error, and what it says after the file's name.
DATA: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "another size": (
        {"inputs": GIVEN[..., :5]},
        NetworkError,
        ": 'inputs' are float32 [3, 2, 5]; expected float32 [N, 2, 6], as inputs.0.shape",
    ),
    "another type": (
        {"inputs": GIVEN.astype(float)},
        NetworkError,
        ": 'inputs' are float64 [3, 2, 6]; expected float32 [N, 2, 6]",
    ),
    "no inputs": (
        {"inputs": GIVEN[:0]},
        NetworkError,
        ": 'inputs' are none, [0, 2, 6]; expected at least 1",
    ),
    "NaN": (
        {"inputs": HOLE},
        NetworkError,
        ": 'inputs' give NaN or infinity in 1 of 3 inputs, first in number 1",
    ),
    "infinity": (
        {"inputs": GIVEN + np.float32(np.inf)},
        NetworkError,
        ": 'inputs' give NaN or infinity in 3 of 3 inputs, first in number 0",
    ),
    "another name": ({"others": GIVEN}, DataError, " is no .npz file with 'inputs'"),
    "labels of another name": (
        {"inputs": GIVEN, "answers": np.zeros((3, 2), int)},
        DataError,
        " is no .npz file with 'inputs' and 'labels'",
    ),
    "fewer labels": (
        {"inputs": GIVEN, "labels": np.zeros((2, 2), int)},
        NetworkError,
        ": 'labels' are [2, 2] for 3 inputs; expected as many of each",
    ),
    "one label": (
        {"inputs": GIVEN, "labels": np.array(0)},
        NetworkError,
        ": 'labels' are [] for 3 inputs",
    ),
    "labels of another shape": (
        {"inputs": GIVEN, "labels": np.zeros(3, int)},
        NetworkError,
        ": 'labels' are [3], and the network's answers [3, 2, 4]; expected labels [3, 2]",
    ),
    "labels that are no whole numbers": (
        {"inputs": GIVEN, "labels": np.zeros((3, 2))},
        NetworkError,
        ": 'labels' are float64; expected whole numbers",
    ),
    "a label too large": (
        {"inputs": GIVEN, "labels": np.array([[0, 1], [2, 4], [0, 0]])},
        NetworkError,
        ": 'labels' hold 4 at [1, 1]; expected 0 to 3",
    ),
    "a label below 0": (
        {"inputs": GIVEN, "labels": np.array([[0, 1], [2, 3], [-1, 0]])},
        NetworkError,
        ": 'labels' hold -1 at [2, 0]; expected 0 to 3",
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_tests_that_do_not_fit_are_refused_with_file_and_key(
    name: str, tmp_path: Path, import_file: Import
) -> None:
    arrays, error, said = DATA[name]
    file = tmp_path / "tests.npz"
    np.savez(file, **arrays)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    tests = {"file": "tests.npz", "sha256": digest, "labelled": len(arrays) > 1}
    with pytest.raises(error) as caught:
        import_file("onnx", model(tmp_path / "n.onnx"), tests=tests)
    assert str(caught.value).startswith(f"{file}{said}")


def test_numbers_too_large_for_float32_are_not_blamed_on_the_network(
    tmp_path: Path, import_file: Import
) -> None:
    tests = {**ABOUT["tests"], "high": 1e39}
    with pytest.raises(NetworkError, match=r"model\.yaml: tests: low -1 and high 1e\+39 give NaN"):
        import_file("onnx", model(tmp_path / "n.onnx"), tests=tests)


def test_weights_in_a_file_beside_it_are_refused_with_a_command_that_mends(
    tmp_path: Path, import_file: Import
) -> None:
    whole = onnx.load(model(tmp_path / "n.onnx"))
    onnx.save(
        whole, tmp_path / "n.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    with pytest.raises(NetworkError) as caught:
        import_file("onnx", tmp_path / "n.onnx")
    said, command = str(caught.value).splitlines()
    assert said.startswith(f"the weights of {tmp_path / 'n.onnx'} are in w.bin beside it")
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    import_file("onnx", tmp_path / "n-whole.onnx")


# What is left of an import


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("name", ["ludus-trial", "ludus-onnx"])
def test_an_import_leaves_nothing_and_minds_nothing_in_its_way(
    name: str, tmp_path: Path, import_file: Import, temporary: Path
) -> None:
    (temporary / name).write_text("of somebody else")
    import_file("onnx", model(tmp_path / "n.onnx"))
    assert [path.name for path in temporary.iterdir()] == [name]


def test_a_refusal_keeps_the_file_that_its_command_needs(
    tmp_path: Path, import_file: Import, temporary: Path
) -> None:
    nodes = [helper.make_node("StringNormalizer", ["x"], ["y"])]
    with pytest.raises(NetworkError, match="to run it again") as caught:
        import_file("onnx", model(tmp_path / "n.onnx", nodes, opset=17))
    (kept,) = temporary.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    command = str(caught.value).splitlines()[-1]
    assert str(kept) in command
    again = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert "StringNormalizer" in again.stderr


def test_mlir_is_kept_once_a_lowering_and_what_is_stale_goes(
    tmp_path: Path, import_file: Import, temporary: Path
) -> None:
    file = import_file("onnx", model(tmp_path / "n.onnx")) / "model.onnx"
    one, two = (Lowering(source="onnx", rewrites=[], batches=[size]) for size in (1, 2))
    first = from_onnx.to_mlir(file, one, "one")
    made = first.read_bytes()
    assert from_onnx.to_mlir(file, one, "one") == first
    assert first.read_bytes() == made
    from_onnx.to_mlir(file, two, "two")
    assert first.exists()  # as yet it may be in use
    os.utime(first.parent, (0, 0))
    other = from_onnx.to_mlir(file, two, "two")
    assert [path.name for path in other.parent.parent.iterdir()] == [other.parent.name]
    assert [path.name for path in other.parent.iterdir()] == ["two.mlir"]
    assert not list(temporary.iterdir())


def test_a_target_for_what_did_not_come_is_refused_by_name(
    tmp_path: Path, import_file: Import
) -> None:
    export = import_file("onnx", model(tmp_path / "n.onnx"))
    torchs = Lowering(rewrites=[], batches="dynamic")
    with pytest.raises(ToolError, match=r"model\.pt2 is not there, and lowerings.one is made from"):
        run_built(export, torchs, tmp_path)
    sources = Sources(export=export, lowered=tmp_path, lowerings={})
    for name in ("torch", "ncnn"):
        target = BACKENDS[name].target.model_validate({"backend": name})
        with pytest.raises(
            ToolError, match=rf"model\.torchscript is not there, and targets.{name}"
        ):
            compiler(name).build(name, target, sources, tmp_path)


# torch


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Path]:
    """Writes a network of torch as an ExportedProgram."""
    import torch

    class Dense(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.softmax(x @ torch.from_numpy(WEIGHTS), dim=-1)

    def written(network: Any = None, examples: Any = None, dynamic: Any = None) -> Path:
        batch = torch.export.Dim("batch", min=1, max=1024)
        examples = examples or (torch.zeros(2, 2, 6),)
        exported = torch.export.export(
            network or Dense(), examples, dynamic_shapes=dynamic or ({0: batch},)
        )
        torch.export.save(exported, tmp_path / "n.pt2")
        return tmp_path / "n.pt2"

    return written


@pytest.mark.filterwarnings("ignore")
def test_torchs_program_becomes_what_an_export_is(
    tmp_path: Path, import_file: Import, program: Callable[..., Path]
) -> None:
    from stages.lower import lower

    export = import_file("torch", program())
    names = {"model.pt2", "model.onnx", "model.torchscript", "network.json", "reference.npz"}
    assert {path.name for path in export.iterdir()} == names
    tests = load_reference_set(export / "reference.npz")
    np.testing.assert_allclose(tests.reference, softmax(tests.inputs), rtol=0, atol=1e-6)
    rows = {"one": Lowering(rewrites=[], batches=[1, 4])}
    lower(export / "model.pt2", rows, tmp_path)
    found = run_built(export, rows["one"], tmp_path)
    np.testing.assert_allclose(found, tests.reference, rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_torchs_program_of_any_width_is_fixed(
    tmp_path: Path, import_file: Import, program: Callable[..., Path]
) -> None:
    import torch

    class Sums(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cumsum(x, dim=-1)

    batch, width = (torch.export.Dim(name, min=1, max=64) for name in ("batch", "width"))
    file = program(Sums(), dynamic=({0: batch, 2: width},))
    export = import_file("torch", file)
    assert read_network(export).outputs[0].shape == [-1, 2, 6]
    with pytest.raises(NetworkError, match=r"the dimension 2 of the input 'x'.* is dynamic"):
        import_file("torch", file, inputs=[{"name": "x", "shape": [-1, 2, -1]}])


@pytest.mark.filterwarnings("ignore")
def test_torchs_program_of_two_inputs_is_refused(
    import_file: Import, program: Callable[..., Path]
) -> None:
    import torch

    class Sum(torch.nn.Module):
        def forward(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
            return x + z

    examples = (torch.zeros(2, 2, 6), torch.zeros(2, 2, 6))
    with pytest.raises(NetworkError, match=r"n\.pt2 has 2 inputs \(x, z\)"):
        import_file("torch", program(Sum(), examples, ({}, {})))


@pytest.mark.filterwarnings("ignore")
def test_torchs_import_leaves_nothing(
    import_file: Import, program: Callable[..., Path], temporary: Path
) -> None:
    (temporary / "ludus-trial").write_text("of somebody else")
    import_file("torch", program())
    assert [path.name for path in temporary.iterdir()] == ["ludus-trial"]


@pytest.mark.parametrize("content", [b"", b"no program"])
def test_a_file_that_is_no_program_is_refused(
    tmp_path: Path, import_file: Import, content: bytes
) -> None:
    (tmp_path / "n.pt2").write_bytes(content)
    with pytest.raises(NetworkError, match=r"n\.pt2 is (no ExportedProgram, but no zip|empty)"):
        import_file("torch", tmp_path / "n.pt2")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("weights", "weights or a module, as torch.save writes them"),
        ("module", "weights or a module, as torch.save writes them"),
        ("former", "a pickle, as torch.save wrote them once"),
        ("script", "TorchScript, as torch.jit.save writes it"),
        ("no program", "an archive without one"),
        ("zip", "a zip archive of something else"),
    ],
)
def test_what_else_a_pt2_is_is_said_in_one_line(
    kind: str, said: str, tmp_path: Path, import_file: Import, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch

    dense, path = torch.nn.Linear(3, 2), tmp_path / "n.pt2"
    write: dict[str, Callable[[], Any]] = {
        "weights": lambda: torch.save(dense.state_dict(), path),
        "module": lambda: torch.save(dense, path),
        "former": lambda: torch.save(dense, path, _use_new_zipfile_serialization=False),
        "script": lambda: torch.jit.trace(dense, torch.zeros(1, 3)).save(path),
        "no program": lambda: zipped(path, "n/archive_format"),
        "zip": lambda: zipped(path, "something"),
    }
    write[kind]()
    with pytest.raises(NetworkError) as caught:
        import_file("torch", path)
    assert str(caught.value).startswith(f"{path} is no ExportedProgram, but {said}")
    assert "torch.export.save" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore")
def test_a_program_that_torch_cannot_read_is_told_without_a_traceback(
    import_file: Import, program: Callable[..., Path], capfd: pytest.CaptureFixture[str]
) -> None:
    path = program()
    data = path.read_bytes()
    assert b'"graph_module"' in data
    path.write_bytes(data.replace(b'"graph_module"', b'"graph_modulo"'))
    with pytest.raises(NetworkError, match=r"n\.pt2 is no ExportedProgram that torch") as caught:
        import_file("torch", path)
    assert "warnings above" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def zipped(path: Path, name: str) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr(name, "pt2")


# StableHLO

STABLEHLO = """\
module {{
  func.func public @{name}(%x: tensor<{batch}x2x6x{kind}>) -> tensor<{batch}x2x6x{kind}> {{
    %y = stablehlo.{operation} %x : tensor<{batch}x2x6x{kind}>
    return %y : tensor<{batch}x2x6x{kind}>
  }}
}}
"""


def stablehlo(path: Path, **changes: Any) -> Path:
    values = {"name": "main", "batch": 2, "kind": "f32", "operation": "tanh", **changes}
    path.write_text(STABLEHLO.format(**values))
    return path


def test_stablehlo_becomes_what_an_export_is(tmp_path: Path, import_file: Import) -> None:
    inputs = [{"name": "x", "shape": [2, 2, 6]}]
    export = import_file("stablehlo", stablehlo(tmp_path / "n.mlir"), inputs=inputs)
    assert {path.name for path in export.iterdir()} == {
        "model.mlir",
        "network.json",
        "reference.npz",
    }
    tests = load_reference_set(export / "reference.npz")
    np.testing.assert_allclose(tests.reference, np.tanh(tests.inputs), rtol=0, atol=1e-5)
    two = Lowering(source="stablehlo", rewrites=[], batches=[2])
    found = run_built(export, two, tmp_path)
    np.testing.assert_allclose(found, tests.reference, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "f64", "operation": "negate"}, "the input is of f64; expected f32"),
        ({"name": "other"}, "has no function 'main'"),
        ({"operation": "conjure"}, "stablehlo.conjure"),
        ({"batch": 3}, "the dimension 0 of the input 'main', [3, 2, 6], is 3"),
    ],
)
def test_stablehlo_that_cannot_be_taken_is_refused_by_name(
    tmp_path: Path, import_file: Import, changes: dict[str, Any], said: str
) -> None:
    inputs = [{"name": "x", "shape": [2, 2, 6]}]
    with pytest.raises(NetworkError) as caught:
        import_file("stablehlo", stablehlo(tmp_path / "n.mlir", **changes), inputs=inputs)
    assert said in str(caught.value)


def test_the_schema_of_an_imported_network_is_the_manifests(
    tmp_path: Path, import_file: Import
) -> None:
    export = import_file("onnx", model(tmp_path / "n.onnx"))
    written = json.loads((export / "network.json").read_text())
    assert set(written) == {"inputs", "outputs", "labels", "preprocess"}
