"""A computer with a 64-bit RISC-V CPU, emulated by qemu; IREE's programs are built for it here."""

from ludus.evaluation.executors.run_module import IREE, RunModule
from ludus.process.prebuilt import Prebuilt

PREBUILT = Prebuilt(name="qemu-riscv64", iree=IREE, command="make prebuilt-riscv64")
EXECUTOR = RunModule(
    executor="qemu-riscv64",
    architecture="riscv64",
    prebuilt=PREBUILT,
    emulator="qemu-riscv64-static",
    package="qemu-user-static",
)
facts, why_not, describe, run = EXECUTOR.facts, EXECUTOR.why_not, EXECUTOR.describe, EXECUTOR.run
