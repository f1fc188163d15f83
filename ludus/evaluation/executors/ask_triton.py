"""Sends inputs to a served model with NVIDIA's own client; run by the Python of .triton.

It uses gRPC, which takes 10 ms for 256 images; the client's HTTP takes 88.

ask_triton.py ADDRESS MODEL INPUT OUTPUT BATCH IN.npy OUT.npz

IN: float32 [N, ...]. OUT: outputs, float32 [N, ...], and seconds, of all requests together.
"""

import sys
import time

import numpy as np
import tritonclient.grpc as grpc


def main(
    address: str, model: str, name: str, output: str, batch: str, source: str, out: str
) -> None:
    client = grpc.InferenceServerClient(address)

    def ask(part: np.ndarray) -> np.ndarray:
        given = grpc.InferInput(name, part.shape, "FP32")
        given.set_data_from_numpy(part)
        found: np.ndarray = client.infer(model, [given], client_timeout=600).as_numpy(output)
        return found

    inputs = np.load(source)
    ask(inputs[:1])  # the first request also opens a connection and allocates memory
    began = time.perf_counter()
    parts = [ask(inputs[start : start + int(batch)]) for start in range(0, len(inputs), int(batch))]
    np.savez(out, outputs=np.concatenate(parts), seconds=time.perf_counter() - began)
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
