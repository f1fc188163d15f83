#!/bin/sh
# What 64-bit Arm programs need beside qemu: IREE's, and the C and C++ libraries of Debian's arm64.
# usage: setup/prebuilt/qemu-aarch64.sh FOLDER VERSION    VERSION: of IREE's runtime
set -eu
setup/prebuilt/programs.sh "$1/iree" "$2" aarch64-manylinux_2_28
setup/prebuilt/unpack.sh "$1/root" arm64 libc6 libgcc-s1 libstdc++6
