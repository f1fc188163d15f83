"""Compiles double.mlir for every driver: `python -m ludus.runtimes.devices.build`.

The modules are committed, since `ludus doctor` must work without a compiler; a test compiles them
again and compares the bytes.
"""

from pathlib import Path

from ludus.process.toolchains import iree_compile

TOOLCHAIN = "3.13.0"
DOUBLE = Path(__file__).with_name("double.mlir")
FLAGS = {
    "cpu": ["--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=vmvx"],
    "vulkan": ["--iree-hal-target-device=vulkan", "--iree-vulkan-target=vp_android_baseline_2022"],
    "cuda": ["--iree-hal-target-device=cuda", "--iree-cuda-target=sm_80"],
    "rocm": ["--iree-hal-target-device=hip", "--iree-rocm-target=gfx1100"],
    "metal": ["--iree-hal-target-device=metal"],
}


def compile_double(version: str, out: Path) -> None:
    """Compile the smallest computation for VMVX, with a flag that every version knows."""
    iree_compile(version, DOUBLE, ["--iree-hal-target-backends=vmvx"], out)


def build(out: Path) -> None:
    """Write out/double-<probe>.vmfb for every driver. Raises ToolError."""
    for probe, flags in FLAGS.items():
        iree_compile(TOOLCHAIN, DOUBLE, flags, out / f"double-{probe}.vmfb")


if __name__ == "__main__":
    build(Path(__file__).parent)
