"""Runners for comparison that belong to no target."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ludus.runtimes import Run
from ludus.runtimes.torch import load_trace

if TYPE_CHECKING:
    import torch

Array = npt.NDArray[np.float32]


def why_no_openvino() -> str | None:
    """Why OpenVINO cannot run here, or None."""
    if importlib.util.find_spec("openvino") is None:
        return (
            "the Python package 'openvino' is not installed; in a checkout of Ludus: "
            "uv pip install '.[bench]'"
        )
    return None


def openvino(path: Path, threads: int) -> Run:
    """An ONNX file in OpenVINO, as it would be set for the shortest time of one call."""
    from openvino import Core

    settings: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
    }
    compiled = Core().compile_model(path, "CPU", settings)
    request = compiled.create_infer_request()

    def run(images: Array) -> Array:
        request.infer([images], share_inputs=True, share_outputs=True)
        return np.array(request.get_output_tensor().data)

    return run


class CudaGraphs:
    """A TorchScript file, recorded as a CUDA graph for each batch size that it is asked for."""

    def __init__(self, path: Path) -> None:
        self._model = load_trace(path, "cuda")
        self._graphs: dict[int, tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]] = {}

    def run(self, images: Array) -> Array:
        """Images to probabilities: copied to the GPU, the graph replayed, the answers copied."""
        import torch

        graph, given, answer = self._recorded(images)
        given.copy_(torch.from_numpy(images))
        graph.replay()
        copied: Array = answer.cpu().numpy()
        return copied

    def resident(self, images: Array) -> Callable[[], None]:
        """The graph on images that lie on the GPU; returns when it is computed."""
        import torch

        graph, given, _ = self._recorded(images)
        given.copy_(torch.from_numpy(images))

        def call() -> None:
            graph.replay()
            torch.cuda.synchronize()

        return call

    def _recorded(self, images: Array) -> "tuple[torch.cuda.CUDAGraph, torch.Tensor, torch.Tensor]":
        """The graph for a batch as large as this, where its input lies, and where its answer."""
        import torch

        if len(images) not in self._graphs:
            given = torch.from_numpy(images).to("cuda")
            side = torch.cuda.Stream()  # torch wants the first calls outside the main stream
            side.wait_stream(torch.cuda.current_stream())
            with torch.inference_mode(), torch.cuda.stream(side):
                for _ in range(4):  # TorchScript's profiling runs, before its code is final
                    self._model(given)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.inference_mode(), torch.cuda.graph(graph):
                answer = self._model(given)
            self._graphs[len(images)] = graph, given, answer
        return self._graphs[len(images)]
