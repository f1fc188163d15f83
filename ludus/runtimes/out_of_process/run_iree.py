"""IREE's runtime, of the installed version; the calls here exist in that of 2024 and in 3.13.

run_iree.py MODULE DEVICE    DEVICE: as the runtime names it, such as local-sync or vulkan://UUID
"""

import sys
from pathlib import Path

from iree import runtime as iree
from serve import answer, calls, ready


def main(path: str, name: str) -> None:
    device = iree.get_device(name)
    config = iree.Config(device=device)
    ready()
    module = iree.VmModule.copy_buffer(config.vm_instance, Path(path).read_bytes())
    hal = iree.create_hal_module(config.vm_instance, device)
    context = iree.SystemContext(vm_modules=[hal, module], config=config)
    functions = context.modules[module.name]
    for function, argument in calls():
        answer(functions[function](argument).to_host())


if __name__ == "__main__":
    main(*sys.argv[1:])
