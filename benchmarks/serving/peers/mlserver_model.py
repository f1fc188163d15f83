"""ONNX Runtime as a model of MLServer, which has no such model itself."""

# Its imports are installed only in .serving-peers.
# mypy: ignore-errors

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # of a worker for each core
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        (answers,) = self.session.run(None, {payload.inputs[0].name: images})
        output = NumpyCodec.encode_output("probabilities", answers)
        return InferenceResponse(model_name=self.name, outputs=[output])
