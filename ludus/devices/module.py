"""An IREE module on a device: arrays in, arrays out."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from iree import runtime as iree

Array = npt.NDArray[np.float32]


class Module:
    """A loaded module. Not for several threads at once."""

    def __init__(self, path: Path, device: iree.HalDevice) -> None:
        """Load a vmfb. Raises ValueError where the runtime refuses it."""
        instance = iree.VmInstance()
        self._device = device
        # Not `mmap`, which in iree-base-runtime 3.13 opens the file for writing too, and so refuses
        # a read-only one.
        self._module = iree.VmModule.copy_buffer(instance, path.read_bytes())
        hal = iree.create_hal_module(instance, device)
        self._context = iree.VmContext(instance, modules=[hal, self._module])

    def has(self, function: str) -> bool:
        """Whether the module has a function of that name."""
        return self._module.lookup_function(function) is not None

    def call(self, function: str, argument: Array) -> Array:
        """Call a function of one float32 tensor that returns one."""
        view = self._device.allocator.allocate_buffer_copy(
            memory_type=iree.MemoryType.DEVICE_LOCAL,
            allowed_usage=iree.BufferUsage.DEFAULT,
            device=self._device,
            buffer=np.ascontiguousarray(argument),
            element_type=iree.HalElementType.FLOAT_32,
        )
        arguments, results = iree.VmVariantList(1), iree.VmVariantList(1)
        arguments.push_ref(view)
        self._context.invoke(self._module.lookup_function(function), arguments, results)
        return self._to_host(results.get_as_object(0, iree.HalBufferView))

    def _to_host(self, view: iree.HalBufferView) -> Array:
        """Copy a result to the host: directly where its memory can be mapped, else staged.

        `DeviceArray.to_host` of iree-base-runtime 3.13 imports host memory instead, which a Vulkan
        device with a `minImportedHostPointerAlignment` refuses.
        """
        shape = tuple(view.shape)
        buffer = view.get_buffer()
        wanted = int(iree.MemoryType.HOST_VISIBLE)
        mappable = buffer.memory_type() & wanted == wanted and buffer.allowed_usage() & int(
            iree.BufferUsage.MAPPING_SCOPED
        )
        if not mappable:
            buffer = self._staged(buffer)
        mapped: Array = buffer.map().asarray(shape, np.dtype(np.float32))
        return mapped.copy()

    def _staged(self, source: iree.HalBuffer) -> iree.HalBuffer:
        target = self._device.allocator.allocate_buffer(
            memory_type=int(iree.MemoryType.HOST_LOCAL | iree.MemoryType.DEVICE_VISIBLE),
            allowed_usage=int(iree.BufferUsage.TRANSFER_TARGET | iree.BufferUsage.MAPPING_SCOPED),
            allocation_size=source.byte_length(),
        )
        done = self._device.create_semaphore(0)
        self._device.queue_copy(
            source,
            target,
            wait_semaphores=iree.HalFence.create_at(done, 0),
            signal_semaphores=iree.HalFence.create_at(done, 1),
        )
        iree.HalFence.create_at(done, 1).wait()
        return target
