"""Compiles a small IREE module that calls another module's function for each batch of the inputs.

It has loops, slices and copies, but no code for a CPU, so it is the same for every machine.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ludus.bundle.schema import EntryFunction
from ludus.process.toolchains import iree_compile
from ludus.runtimes.batches import ANY, LARGEST

FLAGS = ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=vmvx"]
LOOP = """\
!inputs = {inputs}
!answers = {answers}
!batch = {batch}
!answer = {answer}
module @loop {{
  func.func private @module.{function}(!batch) -> !answer
  func.func @run(%inputs: !inputs) -> !answers {{
    %first = arith.constant 0 : index
    %end = arith.constant {count} : index
    %step = arith.constant {size} : index
    %none = tensor.empty() : !answers
    %all = scf.for %i = %first to %end step %step iter_args(%some = %none) -> (!answers) {{
      %part = tensor.extract_slice %inputs{part} : !inputs to !batch
      %answer = func.call @module.{function}(%part) : (!batch) -> !answer
      %more = tensor.insert_slice %answer into %some{place} : !answer into !answers
      scf.yield %more : !answers
    }}
    return %all : !answers
  }}
}}
"""


def images_a_call(functions: Sequence[EntryFunction]) -> tuple[str, int]:
    """The function with the largest batch, and the number of images for each call."""
    for function in functions:
        if function.batch == ANY:
            return function.name, LARGEST
    largest = max(functions, key=lambda function: function.batch)
    return largest.name, largest.batch


def padded(inputs: npt.NDArray[np.float32], batch: int) -> npt.NDArray[np.float32]:
    """Inputs [N, ...], padded with zeros to a multiple of the batch."""
    missing = -len(inputs) % batch
    return np.concatenate([inputs, np.zeros((missing, *inputs.shape[1:]), dtype=np.float32)])


def compile_loop(
    version: str,
    function: str,
    batch: int,
    inputs: tuple[int, ...],
    answers: tuple[int, ...],
    folder: Path,
) -> None:
    """Write folder/loop.vmfb: run(inputs) -> answers, of these shapes, float32.

    It calls `function` of the module named `module`, IREE's name for a module without one, which
    must be loaded before it. Raises ToolError.
    """
    (folder / "loop.mlir").write_text(loop(function, batch, inputs, answers), encoding="utf-8")
    iree_compile(version, folder / "loop.mlir", FLAGS, folder / "loop.vmfb")


def loop(function: str, batch: int, inputs: tuple[int, ...], answers: tuple[int, ...]) -> str:
    """The loop's MLIR; inputs and answers are the shapes of all, a multiple of the batch."""
    return LOOP.format(
        function=function,
        inputs=_tensor(inputs),
        answers=_tensor(answers),
        batch=_tensor((batch, *inputs[1:])),
        answer=_tensor((batch, *answers[1:])),
        count=inputs[0],
        size=batch,
        part=_rows(batch, inputs[1:]),
        place=_rows(batch, answers[1:]),
    )


def _rows(count: int, sides: tuple[int, ...]) -> str:
    """The slice of count rows from %i: offsets, sizes and strides."""
    offsets, sizes = ["%i", *("0" for _ in sides)], map(str, (count, *sides))
    strides = ["1"] * (1 + len(sides))
    return " ".join(f"[{', '.join(values)}]" for values in (offsets, sizes, strides))


def _tensor(shape: tuple[int, ...]) -> str:
    return f"tensor<{'x'.join(map(str, shape))}xf32>"
