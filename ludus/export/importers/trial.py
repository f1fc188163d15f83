"""Compiles a network as far as IREE's own dialects, in seconds, to find unknown operators."""

import re
import tempfile
from pathlib import Path

from ludus.core.errors import NetworkError, ToolError
from ludus.process.toolchains import iree_compile

TOOLCHAIN = "3.13.0"
# Up to IREE's own operators; later phases fail only because of sizes or devices.
FLAGS = [
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=vmvx",
    "--compile-to=input",
]
NAMED = re.compile(r"onnx\.([A-Z]\w*)|torch\.(aten\.[\w.]+)|(stablehlo\.\w+)")


def try_compiler(file: Path, mlir: Path) -> None:
    """Raises NetworkError with the operator that the compiler refuses, and its message.

    mlir: the MLIR of file, which the message names. Raises InstallError where there is no compiler.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            iree_compile(TOOLCHAIN, mlir, FLAGS, Path(scratch) / "trial.mlir")
        except ToolError as error:
            lines = [line for line in error.output.splitlines() if "error:" in line]
            found = NAMED.search("\n".join(lines) or error.output)
            name = next(filter(None, found.groups()), "") if found else ""
            what = f"the operator {name}" if name else "it"
            said = f"{file} cannot be compiled by IREE {TOOLCHAIN}, which refuses {what}:\n{error}"
            raise error.as_kind(NetworkError, said) from None
