"""Windows, emulated by Wine on this CPU; IREE's programs are those of its wheel for Windows."""

import shutil
from contextlib import suppress

from ludus.core.errors import ToolError
from ludus.evaluation.executors.run_module import IREE, PATH, RunModule
from ludus.process.prebuilt import Prebuilt
from ludus.process.tools import run_tool

PREBUILT = Prebuilt(
    name="wine",
    iree=IREE,
    # Wine writes its registry when it ends, and creates drives, ports and users' folders at start.
    unstable=(
        "windows/*.reg",
        "windows/dosdevices/*",
        "windows/drive_c/users/*",
        "windows/drive_c/windows/temp/*",
    ),
)
SETTINGS = [
    "env",
    "--unset=DISPLAY",
    f"WINEPREFIX={PREBUILT.folder / 'windows'}",
    "WINEDEBUG=-all",
    "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=",  # no Mono, no Gecko, no menus
]


class Wine(RunModule):
    """Wine, whose server and services outlive the program that started them."""

    def close(self) -> None:
        server = shutil.which("wineserver", path=PATH)
        if server is not None:
            with suppress(ToolError):  # it ends with 1 where no server runs
                run_tool([*SETTINGS, server, "--kill"], seconds=60)


EXECUTOR = Wine(
    executor="wine",
    architecture="x86_64",
    prebuilt=PREBUILT,
    emulator="wine64",
    package="wine64",
    before=SETTINGS,
    suffix=".exe",
)
facts, why_not, describe, run = EXECUTOR.facts, EXECUTOR.why_not, EXECUTOR.describe, EXECUTOR.run
