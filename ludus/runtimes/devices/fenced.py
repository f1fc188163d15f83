"""Runs an IREE module between fences, in buffers that the caller keeps.

    batch_N$async(images, result, transients, wait, signal)

In a plain call IREE creates a semaphore for each allocation and each submission; NVIDIA's Vulkan
driver takes 300 microseconds to create one and as long to destroy it. Here one semaphore and one
set of buffers serve every call. ludus/lowering/owned_buffers.py makes such modules.
"""

import weakref
from collections.abc import Callable
from math import prod
from pathlib import Path

from iree import runtime as iree

from ludus.bundle.fences import RESULT, TRANSIENTS
from ludus.bundle.schema import Buffers
from ludus.runtimes.devices.module import FLOAT32, Array, Input, Module


def buffers_of(path: Path, functions: list[str]) -> dict[str, Buffers]:
    """The buffers that the caller must give to each function of a module.

    Raises ValueError where the module does not name them, or needs another version of IREE.
    """
    module = iree.VmModule.copy_buffer(iree.VmInstance(), path.read_bytes())
    return {function: _buffers(module, function) for function in functions}


def _buffers(module: iree.VmModule, function: str) -> Buffers:
    found = module.lookup_function(function)
    said = found.reflection if found is not None else {}
    if RESULT not in said or TRANSIENTS not in said:
        raise ValueError(f"'{function}' should say its {RESULT} and {TRANSIENTS}, and says {said}")
    shape = [int(size) for size in said[RESULT].split("x")]
    return Buffers(result=shape, transients=int(said[TRANSIENTS]))


class Timeline:
    """The one semaphore of all calls, and its current value."""

    def __init__(self, device: iree.HalDevice) -> None:
        self._device = device
        self._restart()

    def _restart(self) -> None:
        self._semaphore, self._now = self._device.create_semaphore(0), 0

    def run(self, work: Callable[[iree.HalFence, iree.HalFence], None]) -> None:
        """Call work(wait, signal), which queues work between two fences, and wait for that work."""
        wait, signal = (iree.HalFence.create_at(self._semaphore, self._now + i) for i in (0, 1))
        try:
            work(wait, signal)
            signal.wait()
        except (RuntimeError, ValueError):
            self._restart()  # failed work signals nothing, so the next call would wait for ever
            raise
        self._now += 1


class Tensor:
    """A float32 tensor in the host's memory that the device reads and writes directly.

    Copying 3 KB to a GPU's own memory, and 40 bytes back, takes longer than a call.
    """

    def __init__(self, device: iree.HalDevice, shape: tuple[int, ...]) -> None:
        self._buffer = device.allocator.allocate_buffer(
            memory_type=int(iree.MemoryType.HOST_LOCAL | iree.MemoryType.DEVICE_VISIBLE),
            allowed_usage=int(iree.BufferUsage.DEFAULT | iree.BufferUsage.MAPPING_SCOPED),
            allocation_size=FLOAT32.itemsize * prod(shape),
        )
        self.view = iree.HalBufferView(self._buffer, shape, int(iree.HalElementType.FLOAT_32))
        self.shape = shape

    @property
    def array(self) -> Array:
        """The tensor as an array, without a copy."""
        array: Array = self._buffer.map().asarray(self.shape, FLOAT32)
        return array


class FencedModule(Module):
    """A loaded module of such functions. Not thread-safe."""

    def _start(self) -> None:
        super()._start()
        self._timeline = Timeline(self.device)
        self._arguments: dict[str, Tensor] = {}
        self._results: dict[str, Tensor] = {}
        self._transients: list[iree.HalBuffer] = []
        # A buffer that outlives its device crashes the interpreter at exit (IREE 3.13, Vulkan).
        kept = (self._arguments, self._results, self._transients)
        weakref.finalize(self, lambda: [held.clear() for held in kept])

    def call(self, function: str, argument: Array) -> Array:
        """Call a function of one float32 tensor that returns one."""
        placed = self._arguments.get(function)
        if placed is None or placed.shape != argument.shape:
            placed = self._arguments[function] = Tensor(self.device, argument.shape)
        placed.array[...] = argument
        result = self._compute(function, placed.view)
        return result.array.copy()

    def invoke(self, function: str, argument: Input) -> iree.HalBufferView:
        """Call a function and wait for it; the next call of it overwrites its answer."""
        return self._compute(function, argument.view).view

    def _compute(self, function: str, argument: iree.HalBufferView) -> Tensor:
        """Call a function and wait for it. Returns the tensor that holds the answer."""
        result = self._results.get(function)
        if result is None:
            result = self._results[function] = self._prepare(function)

        def work(wait: iree.HalFence, signal: iree.HalFence) -> None:
            arguments = iree.VmVariantList(5)
            for given in (argument, result.view, self._transients[0], wait, signal):
                arguments.push_ref(given)
            self._context.invoke(self._functions[function], arguments, iree.VmVariantList(0))

        self._timeline.run(work)
        return result

    def _prepare(self, function: str) -> Tensor:
        """A function's result tensor; enlarges the shared buffer for transients if needed."""
        needs = _buffers(self._module, function)
        self._functions[function] = self._module.lookup_function(function)
        size = max(needs.transients, 1)
        if not self._transients or self._transients[0].byte_length() < size:
            self._transients[:] = [
                self.device.allocator.allocate_buffer(
                    int(iree.MemoryType.DEVICE_LOCAL), int(iree.BufferUsage.DEFAULT), size
                )
            ]
        return Tensor(self.device, tuple(needs.result))
