"""Another network than digits, lowered as params.yaml says for CPUs: is it faster than as exported?

    python -m benchmarks.other_network       (half a minute)

Three convolutions of 5x5 with average pooling on 64x64 colour images, random weights. The network
is compiled as exported and lowered for the best CPU target that runs here, and timed against
ONNX Runtime, all three on one thread and in turns. A ratio is the time as exported divided by the
runner's, of the same round: larger is faster.
"""

import statistics
import tempfile
import timeit
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.export import Dim, ExportedProgram

from ludus import runtimes
from ludus.compile import Sources, compiler
from ludus.config.backends.iree import IreeTarget
from ludus.config.lowerings import Lowering
from ludus.config.params import load_params
from ludus.lowering.to_mlir import to_mlir
from ludus.runtimes.devices import cpu

BATCHES, ROUNDS, SECONDS = (1, 16), 15, 0.05
Run = Callable[[np.ndarray], np.ndarray]


def network() -> nn.Module:
    """[N, 3, 64, 64] to the probabilities of ten classes."""
    sizes = [(3, 16), (16, 32), (32, 64)]
    convolutions = [
        layer
        for channels, outputs in sizes
        for layer in (nn.Conv2d(channels, outputs, 5), nn.ReLU(), nn.AvgPool2d(2))
    ]
    dense = [nn.Flatten(), nn.Linear(64 * 4 * 4, 128), nn.ReLU(), nn.Linear(128, 10)]
    torch.manual_seed(7)
    return nn.Sequential(*convolutions, *dense, nn.Softmax(dim=-1)).eval()


def export(model: nn.Module) -> ExportedProgram:
    example = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        return torch.export.export(model, (example,), dynamic_shapes=({0: Dim.DYNAMIC},))


def best_target() -> tuple[str, IreeTarget]:
    """The first row of params.yaml that this machine's CPU can run."""
    for name, target in load_params().targets.items():
        if isinstance(target, IreeTarget) and target.cpu and cpu.why_not_cpu(target.cpu) is None:
            return name, target
    raise SystemExit("no target of params.yaml is for this CPU")


def compiled(program: ExportedProgram, target: IreeTarget, lowering: Lowering, out: Path) -> Run:
    """The runner of a network compiled with a target's flags, on one thread."""
    out.mkdir()
    to_mlir(program, lowering).save_mlir(out / f"{target.lowering}.mlir")
    lowerings = {target.lowering: lowering}
    sources = Sources(export=out, lowered=out, lowerings=lowerings)
    variant = compiler("iree").build("other", target, sources, out)
    return runtimes.load(variant, out, "cpu", threads=1)


def on_onnxruntime(program: ExportedProgram, out: Path) -> Run:
    """The same network in ONNX Runtime, on one thread."""
    path = out / "model.onnx"
    torch.onnx.export(program, f=path, dynamo=True, verbose=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images})[0]


def measure(runs: dict[str, Run], images: np.ndarray) -> dict[str, list[float]]:
    """Seconds a call of each runner in each round."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)
    for index in range(ROUNDS):
        for name in order[index % len(order) :] + order[: index % len(order)]:
            timer = timeit.Timer(partial(runs[name], images))
            calls = max(1, round(SECONDS / timer.timeit(2) * 2))
            times[name].append(timer.timeit(calls) / calls)
    return times


def main() -> None:
    params, model = load_params(), network()
    program, (name, target) = export(model), best_target()
    with tempfile.TemporaryDirectory() as folder:
        out, lowering = Path(folder), params.lowerings[target.lowering]
        runs = {
            "as exported": compiled(program, target, lowering.model_copy(update={"rewrites": []}),
                                    out / "direct"),
            "lowered": compiled(program, target, lowering, out / "lowered"),
            "ONNX Runtime": on_onnxruntime(program, out),
        }  # fmt: skip
        table = Table(
            "batch", "runner", "ms a call", "ratio", "of all rounds", "largest difference"
        )
        for batch in BATCHES:
            images = np.random.default_rng(batch).random((batch, 3, 64, 64), dtype=np.float32)
            times = measure(runs, images)
            expected = model(torch.from_numpy(images)).detach().numpy()
            for runner, seconds in times.items():
                pairs = zip(times["as exported"], seconds, strict=True)
                ratios = [direct / own for direct, own in pairs]
                table.add_row(
                    str(batch),
                    runner,
                    f"{statistics.median(seconds) * 1e3:.3f}",
                    f"{statistics.median(ratios):.2f}",
                    f"{min(ratios):.2f} to {max(ratios):.2f}",
                    f"{np.abs(runs[runner](images) - expected).max():.1e}",
                )
    print(f"{name}, lowering '{target.lowering}': {lowering.rewrites}, batches {lowering.batches}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
