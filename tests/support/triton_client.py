"""Ask a server as NVIDIA's clients do; run by the Python of .triton.

triton_client.py HTTP_PORT GRPC_PORT IN.npz OUT.npz
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http

DRAWING = Path(__file__).parents[1] / "golden" / "drawings" / "7.png"


def ask(module: ModuleType, port: str, values: np.ndarray, name: str, **how: Any) -> np.ndarray:
    datatype = "FP32" if values.dtype == np.float32 else "BYTES"
    given = module.InferInput(name, values.shape, datatype)
    given.set_data_from_numpy(values, **how)
    client = module.InferenceServerClient(f"127.0.0.1:{port}")
    try:
        return client.infer("golden", [given]).as_numpy("probabilities")
    finally:
        client.close()


def main(http: str, grpc: str, source: str, out: str) -> None:
    images = np.load(source)["images"]
    drawing = np.array([[DRAWING.read_bytes()]], dtype=object)
    np.savez(
        out,
        http=ask(tritonclient.http, http, images, "image", binary_data=True),
        http_json=ask(tritonclient.http, http, images, "image", binary_data=False),
        grpc=ask(tritonclient.grpc, grpc, images, "image"),
        grpc_picture=ask(tritonclient.grpc, grpc, drawing, "encoded_picture"),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
