"""FastAPI with ONNX Runtime, as many a tutorial has it; its own schema of the same protocol.

MODEL=model.onnx uvicorn fastapi_app:app --workers 2
"""

# Its imports are installed only in .serving-peers.
# mypy: ignore-errors

import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # of a worker for each core
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
app = FastAPI()


class Tensor(BaseModel):
    name: str
    datatype: str
    shape: list[int]
    data: list[float]


class Request(BaseModel):
    inputs: list[Tensor]


class Response(BaseModel):
    outputs: list[Tensor]


@app.get("/v2/models/digits/ready")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/v2/models/digits/infer")
async def infer(request: Request) -> Response:
    given = request.inputs[0]
    images = np.array(given.data, np.float32).reshape(given.shape)
    (answers,) = session.run(None, {given.name: images})
    data = answers.ravel().tolist()
    output = Tensor(name="probabilities", datatype="FP32", shape=list(answers.shape), data=data)
    return Response(outputs=[output])
