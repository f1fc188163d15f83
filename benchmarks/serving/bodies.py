"""The bodies of requests: the same drawings by each protocol, in files for the load generators."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.serving import triton

GRPC_METHOD = "inference.GRPCInferenceService/ModelInfer"
# Serialised by NVIDIA's own classes, which only .triton has.
GRPC_BODY = """
import sys, numpy, tritonclient.grpc as grpc
from tritonclient.grpc import service_pb2
model, name, source, out = sys.argv[1:]
images = numpy.load(source)
tensor = service_pb2.ModelInferRequest.InferInputTensor(
    name=name, datatype="FP32", shape=images.shape)
request = service_pb2.ModelInferRequest(
    model_name=model, inputs=[tensor], raw_input_contents=[images.tobytes()])
data = request.SerializeToString()
open(out, "wb").write(b"\\0" + len(data).to_bytes(4, "big") + data)
"""


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request: the part of its URL that is the protocol's, its headers, and a file."""

    protocol: str
    path: str
    headers: dict[str, str]
    file: Path


def write_json(images: npt.NDArray[np.float32], model: str, name: str, out: Path) -> Body:
    """Open Inference Protocol, JSON there and back."""
    request = {"inputs": [_described(images, name) | {"data": images.ravel().tolist()}]}
    out.write_text(json.dumps(request), encoding="utf-8")
    headers = {"Content-Type": "application/json"}
    return Body(protocol="JSON", path=f"v2/models/{model}/infer", headers=headers, file=out)


def write_binary(
    images: npt.NDArray[np.float32], model: str, name: str, output: str, out: Path
) -> Body:
    """The same protocol's binary extension, there and back."""
    size = {"parameters": {"binary_data_size": images.nbytes}}
    request = {
        "inputs": [_described(images, name) | size],
        "outputs": [{"name": output, "parameters": {"binary_data": True}}],
    }
    head = json.dumps(request).encode()
    out.write_bytes(head + images.tobytes())
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(head)),
    }
    return Body(protocol="binary", path=f"v2/models/{model}/infer", headers=headers, file=out)


def write_grpc(images: npt.NDArray[np.float32], model: str, name: str, out: Path) -> Body:
    """A message of gRPC, with the tensor as bytes."""
    source = out.with_suffix(".npy")
    np.save(source, images)
    python = triton.OWN / "bin" / "python"
    command = [python, "-c", GRPC_BODY, model, name, source, out]
    subprocess.run(list(map(str, command)), check=True, timeout=600)
    headers = {"content-type": "application/grpc", "te": "trailers"}
    return Body(protocol="gRPC", path=GRPC_METHOD, headers=headers, file=out)


def _described(images: npt.NDArray[np.float32], name: str) -> dict[str, object]:
    return {"name": name, "datatype": "FP32", "shape": list(images.shape)}
