# IREE's C runtime for aarch64 Linux, built on another machine.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Where iree-flatcc-cli is that runs on this machine: one that was built for it before.
set(IREE_HOST_BIN_DIR "$ENV{IREE_HOST_BIN_DIR}" CACHE STRING "" FORCE)
