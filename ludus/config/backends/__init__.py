"""The backends: each has a file here, which exports BACKEND and thereby registers it.

A backend NAME is three files of that name: the description here, the compiler in ludus/compile/
and the runtime in ludus/runtimes/. The tables of params.yaml, the manifest, the benchmark and the
command line are made from the descriptions, so nothing else names it.

The descriptions import neither compiler nor runtime, so that every package may import them.
"""

import pkgutil
from importlib import import_module

from ludus.config.backends.base import Backend

BACKENDS: dict[str, Backend] = {
    name: import_module(f"{__name__}.{name}").BACKEND
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
    if name != "base"
}
