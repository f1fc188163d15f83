"""A computer with a 64-bit Arm CPU, emulated by qemu; IREE's programs are its Arm wheel's."""

from ludus.evaluation.executors.run_module import IREE, RunModule
from ludus.process.prebuilt import Prebuilt

PREBUILT = Prebuilt(name="qemu-aarch64", iree=IREE)
EXECUTOR = RunModule(
    executor="qemu-aarch64",
    architecture="aarch64",
    prebuilt=PREBUILT,
    emulator="qemu-aarch64-static",
    package="qemu-user-static",
    options=["-L", str(PREBUILT.folder / "root")],
)
facts, why_not, describe, run = EXECUTOR.facts, EXECUTOR.why_not, EXECUTOR.describe, EXECUTOR.run
