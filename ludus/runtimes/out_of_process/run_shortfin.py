"""shortfin, the serving library of SHARK: IREE's modules of its own version.

run_shortfin.py MODULE DEVICE    DEVICE: hip for an AMD GPU, else the CPU
"""

import sys

import numpy as np
import shortfin
from serve import Array, answer, calls, ready
from shortfin import array as arrays


def main(path: str, device: str) -> None:
    build = shortfin.amdgpu.SystemBuilder if device == "hip" else shortfin.host.CPUSystemBuilder
    system = build().create_system()
    # The worker that runs the coroutine: on another, shortfin 3.9 takes half a second to notice
    # that a call has ended.
    fiber = system.create_fiber(system.init_worker)
    ready()
    module = shortfin.ProgramModule.load(system, path)
    program = shortfin.Program([module], devices=fiber.raw_devices)

    async def answer_all() -> None:
        for function, argument in calls():
            answer(await call(program[f"module.{function}"], argument, fiber))

    system.run(answer_all())


async def call(function: shortfin.ProgramFunction, argument: Array, fiber: shortfin.Fiber) -> Array:
    """The module's buffers differ from those that the host reads and writes, so both are copied."""
    device = fiber.device(0)
    given = arrays.device_array(device, argument.shape, arrays.float32)
    staged = given.for_transfer()
    with staged.map(discard=True) as memory:
        memory.fill(np.ascontiguousarray(argument))
    staged.copy_to(given)
    await device  # a function without fences would not wait for its argument
    (result,) = await function(given, fiber=fiber)
    await device
    staged = result.for_transfer()
    staged.copy_from(result)
    await device
    with staged.map(read=True) as memory:
        return np.frombuffer(memory, dtype=np.float32).reshape(result.shape).copy()


if __name__ == "__main__":
    main(*sys.argv[1:])
