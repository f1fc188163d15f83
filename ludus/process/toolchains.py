"""The only place that starts iree-compile: one Python environment for each toolchain.

A toolchain is a requirements file with hashes: a version of IREE (`3.13.0` is that of
`requirements/iree-3.13.0.txt`), or `stablehlo`, which makes StableHLO and runs it. Its environment,
`.toolchains/iree-3.13.0`, is made when a target first needs it.
"""

import re
from pathlib import Path

from ludus.core.errors import ConfigError, ToolError, nearest
from ludus.process import install
from ludus.process.tools import ROOT, run_tool

TOOLCHAINS = ROOT / ".toolchains"
STABLEHLO = "stablehlo"
NOT_INSTALLED = "not installed yet; it will be when a target needs it"


def iree_compile(version: str, source: Path, flags: list[str], out: Path) -> None:
    """Compile MLIR to a module with the compiler of one IREE version.

    The module is written under a temporary name and renamed. Raises ToolError with the compiler's
    output and the command to paste, InstallError where there is no compiler, and ConfigError for a
    version without a requirements file.
    """
    if not source.is_file():
        raise ToolError(f"{source} cannot be compiled: there is no such file")
    program = [str(environment(version) / "bin" / "iree-compile"), *flags]
    partial = out.with_suffix(".partial").absolute()
    try:
        # Run in the source's folder, since the compiler writes the source's path into the module.
        run_tool(
            [*program, source.name, "-o", str(partial)],
            source.parent,
            paste=[*program, str(source), "-o", "/dev/null"],
        )
        partial.rename(out)
    finally:
        partial.unlink(missing_ok=True)


def environment(name: str) -> Path:
    """The environment of a toolchain, installed from hashed requirements if it is missing."""
    requirements = _requirements(name)
    if not requirements.exists():
        raise ConfigError(
            f"no toolchain '{name}'{nearest(name, set(versions()))}; a new one needs "
            f"requirements/{requirements.name} (docs/reference/toolchains.md)"
        )
    folder = TOOLCHAINS / requirements.stem
    install.install_environment(requirements.stem, folder)
    return folder


def versions() -> list[str]:
    """The IREE versions that have a requirements file; none outside a checkout of the project."""
    files = (ROOT / "requirements").glob("iree-*.txt")
    return sorted(path.stem.removeprefix("iree-") for path in files)


def names() -> list[str]:
    """Every toolchain that has a requirements file."""
    return [*versions(), *([STABLEHLO] if _requirements(STABLEHLO).exists() else [])]


def pinned(name: str) -> dict[str, str]:
    """The version of each package that a toolchain's requirements pin; none where it has no file.

    Read from the file, so the answer is the same before and after the environment is installed.
    """
    path = _requirements(name)
    lines = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lines, re.MULTILINE))


def is_installed(name: str) -> bool:
    """Whether a toolchain's environment is complete and made from the current requirements."""
    wanted = _requirements(name)
    if not wanted.exists():
        return False
    return install.environment(wanted.stem, TOOLCHAINS / wanted.stem).why_not() is None


def _requirements(name: str) -> Path:
    """The file that pins a toolchain."""
    return ROOT / "requirements" / f"{name if name == STABLEHLO else f'iree-{name}'}.txt"
