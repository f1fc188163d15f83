"""An IREE module on a device: arrays in, arrays out."""

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from iree import runtime as iree

Array = npt.NDArray[np.float32]
FLOAT32 = np.dtype(np.float32)
# Plain numbers, since constructing a value of the binding's enumerations takes a microsecond.
VISIBLE = int(iree.MemoryType.HOST_VISIBLE)
MAPPABLE = int(iree.BufferUsage.MAPPING_SCOPED)


class Input:
    """A float32 tensor in a device's memory, as a module's argument."""

    def __init__(self, device: iree.HalDevice, array: Array) -> None:
        self.view = device.allocator.allocate_buffer_copy(
            memory_type=iree.MemoryType.DEVICE_LOCAL,
            allowed_usage=iree.BufferUsage.DEFAULT,
            device=device,
            buffer=np.ascontiguousarray(array),
            element_type=iree.HalElementType.FLOAT_32,
        )
        self.arguments = iree.VmVariantList(1)
        self.arguments.push_ref(self.view)
        self.shape = array.shape
        self._mapped = _mapped(self.view.get_buffer(), array.shape)

    def rewrite(self, array: Array) -> bool:
        """Overwrite it with another array; False where shape or device do not allow it."""
        if self._mapped is None or array.shape != self.shape:
            return False
        self._mapped[...] = array
        return True


class Module:
    """A loaded module. Not thread-safe: each thread needs its own `twin`."""

    def __init__(self, path: Path, device: iree.HalDevice) -> None:
        """Load a vmfb. Raises ValueError where the runtime refuses it."""
        self._instance = iree.VmInstance()
        # Not `mmap`, which in iree-base-runtime 3.13 opens the file for writing too and therefore
        # fails on a read-only one.
        self._module = iree.VmModule.copy_buffer(self._instance, path.read_bytes())
        self.device = device
        self._start()

    def _start(self) -> None:
        hal = iree.create_hal_module(self._instance, self.device)
        self._context = iree.VmContext(self._instance, modules=[hal, self._module])
        self._functions: dict[str, iree.VmFunction] = {}
        self._inputs: dict[str, Input] = {}

    def twin(self) -> Self:
        """The same module with its own state, for another thread."""
        other = object.__new__(type(self))
        other._instance, other._module, other.device = self._instance, self._module, self.device
        other._start()
        return other

    def has(self, function: str) -> bool:
        """Whether the module has a function of that name."""
        return self._module.lookup_function(function) is not None

    def call(self, function: str, argument: Array) -> Array:
        """Call a function of one float32 tensor that returns one."""
        kept = self._inputs.get(function)
        if kept is None or not kept.rewrite(argument):
            kept = self._inputs[function] = Input(self.device, argument)
        return self._to_host(self.invoke(function, kept))

    def invoke(self, function: str, argument: Input) -> iree.HalBufferView:
        """Call a function and wait for it; its answer stays in the device's memory."""
        found = self._functions.get(function)
        if found is None:
            found = self._functions[function] = self._module.lookup_function(function)
        results = iree.VmVariantList(1)
        self._context.invoke(found, argument.arguments, results)
        return results.get_as_object(0, iree.HalBufferView)

    def _to_host(self, view: iree.HalBufferView) -> Array:
        """Copy a result to the host: directly where its memory can be mapped, else staged.

        `DeviceArray.to_host` of iree-base-runtime 3.13 imports host memory instead, which a Vulkan
        device with a `minImportedHostPointerAlignment` refuses.
        """
        shape = tuple(view.shape)
        buffer = view.get_buffer()
        mapped = _mapped(buffer, shape)
        if mapped is None:
            mapped = self._staged(buffer).map().asarray(shape, FLOAT32)
        return mapped.copy()

    def _staged(self, source: iree.HalBuffer) -> iree.HalBuffer:
        target = self.device.allocator.allocate_buffer(
            memory_type=int(iree.MemoryType.HOST_LOCAL | iree.MemoryType.DEVICE_VISIBLE),
            allowed_usage=int(iree.BufferUsage.TRANSFER_TARGET | iree.BufferUsage.MAPPING_SCOPED),
            allocation_size=source.byte_length(),
        )
        done = self.device.create_semaphore(0)
        self.device.queue_copy(
            source,
            target,
            wait_semaphores=iree.HalFence.create_at(done, 0),
            signal_semaphores=iree.HalFence.create_at(done, 1),
        )
        iree.HalFence.create_at(done, 1).wait()
        return target


def _mapped(buffer: iree.HalBuffer, shape: tuple[int, ...]) -> Array | None:
    """A buffer as an array in host memory, without a copy, or None where it cannot be mapped."""
    if buffer.memory_type() & VISIBLE != VISIBLE or not buffer.allowed_usage() & MAPPABLE:
        return None
    # Not the binding's own `asarray`, which takes 3 microseconds.
    return np.ndarray(shape, FLOAT32, buffer.map())
