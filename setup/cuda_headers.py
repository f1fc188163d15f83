"""Copy CUDA's headers out of the wheels beside this Python into the one folder that IREE wants.

usage: python setup/cuda_headers.py FOLDER
"""

import shutil
import sys
import sysconfig
from pathlib import Path


def main() -> None:
    folder = Path(sys.argv[1])
    for wheel in ("cuda_runtime", "cuda_nvcc", "cuda_cccl"):
        headers = Path(sysconfig.get_path("purelib"), "nvidia", wheel, "include")
        shutil.copytree(headers, folder / "include", dirs_exist_ok=True)
    # IREE's build looks for it, and only its compiler, which is not built, reads it.
    libdevice = folder / "nvvm/libdevice/libdevice.10.bc"
    libdevice.parent.mkdir(parents=True, exist_ok=True)
    libdevice.touch()


if __name__ == "__main__":
    main()
