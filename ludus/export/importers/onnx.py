"""Imports an ONNX file; its reference is ONNX Runtime on the unchanged file."""

from pathlib import Path
from typing import Literal

import onnx
import onnxruntime
from onnx import TensorProto, external_data_helper, shape_inference, version_converter
from onnxruntime.capi import onnxruntime_pybind11_state as state

from ludus.config.lowerings import Lowering
from ludus.config.model import ModelDescription
from ludus.core.errors import NetworkError, ToolError
from ludus.export.importers import shapes
from ludus.export.importers.trial import try_compiler
from ludus.lowering import from_onnx
from ludus.runtimes.batches import run_in_batches
from ludus.runtimes.devices.module import Array

OPSET = 17  # the oldest that iree-import-onnx accepts
ENTRY = "main"  # the name of the function that IREE makes of the graph


def take(file: Path, description: ModelDescription, folder: Path) -> None:
    """Write model.onnx: with opset OPSET or newer, fixed dimensions, and its graph named ENTRY."""
    model = _read(file)
    graph = model.graph
    print(f"{file}: operators {', '.join(sorted({node.op_type for node in graph.node}))}")
    constants = {value.name for value in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    for kind, values in (("inputs", inputs), ("outputs", list(graph.output))):
        shapes.only(file, kind, [value.name for value in values])
        _float32(file, kind, values[0])
    (given,) = inputs
    shapes.agree(file, given.name, _declared(given), description.input.shape)
    del graph.input[:]
    graph.input.append(
        onnx.helper.make_tensor_value_info(
            given.name,
            TensorProto.FLOAT,
            ["batch" if size == -1 else size for size in description.input.shape],
        )
    )
    del graph.value_info[:]  # with the former sizes
    graph.name = ENTRY
    model = _modern(file, model)
    for node in model.graph.node:
        node.doc_string = ""  # has paths of the exporter's sources
    onnx.save(shape_inference.infer_shapes(model), folder / "model.onnx")
    _try(file, folder / "model.onnx", description.input.shape[0])


def answers(file: Path, *inputs: Array) -> list[Array]:
    """The answers of ONNX Runtime, in one session. Raises NetworkError where it refuses."""
    refusals = (
        state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf,
        state.NotImplemented, state.RuntimeException,
    )  # fmt: skip
    try:
        session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        given = session.get_inputs()[0]
        batch = given.shape[0] if isinstance(given.shape[0], int) else -1
        return [
            run_in_batches(lambda part: session.run(None, {given.name: part})[0], [batch], each)
            for each in inputs
        ]
    except refusals as error:
        version = onnxruntime.__version__
        raise NetworkError(f"ONNX Runtime {version} does not run {file}: {error}") from None


def _read(file: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(file, load_external_data=False)
        _whole(file, model)
        onnx.checker.check_model(model)
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise NetworkError(f"{file} is no ONNX file: {_first(error)}") from None
    except Exception as error:  # each build of protobuf has its own class DecodeError
        if type(error).__name__ != "DecodeError":
            raise
        raise NetworkError(f"{file} is no ONNX file: {_first(error)}") from None
    return model


def _whole(file: Path, model: onnx.ModelProto) -> None:
    """Raises NetworkError where weights are in separate files, which DVC would not see."""
    # onnx has no public function that also finds the tensors of attributes and of inner graphs.
    tensors = external_data_helper._get_all_tensors(model)
    beside = {
        external_data_helper.ExternalDataInfo(tensor).location
        for tensor in tensors
        if external_data_helper.uses_external_data(tensor)
    }
    if beside:
        name = Path(file.name)
        whole = name.with_stem(f"{name.stem}-whole")
        raise NetworkError(
            f"the weights of {file} are in {', '.join(sorted(beside))} beside it, and a network "
            "must be one file; in their folder, write it as one, and name that in params.yaml "
            f'model.file:\n  python -c \'import onnx; onnx.save(onnx.load("{name}"), "{whole}")\''
        )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _float32(file: Path, kind: str, value: onnx.ValueInfoProto) -> None:
    found = value.type.tensor_type.elem_type
    if found != TensorProto.FLOAT:
        name = TensorProto.DataType.Name(found)
        raise NetworkError(
            f"{file}: of the {kind}, '{value.name}' is {name}; expected FLOAT, 32 bits"
        )


def _declared(value: onnx.ValueInfoProto) -> list[shapes.Declared]:
    """Sizes; an open dimension is a name. Some exporters write 0 or -1 for an open one."""
    return [
        size.dim_value if size.dim_value > 0 else size.dim_param or "?"
        for size in value.type.tensor_type.shape.dim
    ]


def _modern(file: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    opset = next(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    if opset >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except (RuntimeError, ValueError) as error:
        raise NetworkError(
            f"{file} is of opset {opset} and cannot be converted to {OPSET}: {_first(error)}; "
            "export it again with a newer opset"
        ) from None


def _try(file: Path, model: Path, batch: int) -> None:
    """Try to compile it; if it fails with any batch, try a batch of one."""
    with from_onnx.kept_where_named("trial") as folder:
        try:
            _try_batches(file, model, "dynamic" if batch == -1 else [batch], folder)
        except NetworkError as refusal:
            if batch != -1:
                raise
            (folder / "one").mkdir()  # the error's command names files in the folder itself
            try:
                _try_batches(file, model, [1], folder / "one")
            except NetworkError:
                raise refusal from None
            print(f"{file}: it does not compile for any batch, but for a batch of 1: give its "
                  "lowerings a list of batches")  # fmt: skip


def _try_batches(
    file: Path, model: Path, batches: Literal["dynamic"] | list[int], folder: Path
) -> None:
    lowering = Lowering(source="onnx", rewrites=[], batches=batches)
    try:
        mlir = from_onnx.convert(model, lowering, folder, "trial")
    except ToolError as error:
        said = f"{file} cannot be imported by iree-import-onnx: {error}"
        raise error.as_kind(NetworkError, said) from None
    try_compiler(file, mlir)
