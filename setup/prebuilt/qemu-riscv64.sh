#!/bin/sh
# IREE's programs for 64-bit RISC-V, for which there is no wheel: built from the source that the crate
# eerie-sys carries, which is what the Godot addon is built from.
# usage: setup/prebuilt/qemu-riscv64.sh FOLDER VERSION    VERSION: of IREE's runtime
set -eu
setup/native.sh
folder=$1
source=$(cd native && cargo fetch --quiet --locked && cargo metadata --locked --offline --format-version 1 |
    python -c 'import json, pathlib, sys
found = {package["name"]: package["manifest_path"] for package in json.load(sys.stdin)["packages"]}
print(pathlib.Path(found["eerie-sys"]).with_name("iree"))')
case $(cat "$source/runtime/version.json") in
    *"\"$2"*) ;;
    *) echo "$source is no IREE $2" >&2 && exit 1 ;;
esac
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
riscv64-linux-gnu-gcc -O2 -c setup/prebuilt/hwprobe.c -o "$build/hwprobe.o"
# Tools of IREE's that its own build runs have to be this machine's: those of its wheel.
host=$(python -c 'from iree import _runtime_libs as libs; print(libs.__path__[0])')
{
    # GCC 12 has no vector intrinsics for RISC-V, which one microkernel is written with.
    .native/cmake -G Ninja -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=riscv64 \
        -DCMAKE_C_COMPILER=riscv64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=riscv64-linux-gnu-g++ \
        -DCMAKE_EXE_LINKER_FLAGS="-static -s -Wl,--wrap=syscall $build/hwprobe.o" \
        -DIREE_HOST_BIN_DIR="$host" -DIREE_ENABLE_LIBBACKTRACE=OFF -DIREE_BUILD_COMPILER=OFF \
        -DIREE_BUILD_PYTHON_BINDINGS=OFF -DIREE_BUILD_TESTS=OFF -DIREE_BUILD_SAMPLES=OFF \
        -DIREE_BUILD_BENCHMARKS=OFF -DIREE_BUILD_BINDINGS_TFLITE=OFF \
        -DIREE_BUILD_BINDINGS_TFLITE_JAVA=OFF -DIREE_HAL_DRIVER_DEFAULTS=OFF \
        -DIREE_HAL_DRIVER_LOCAL_SYNC=ON -DIREE_HAL_DRIVER_LOCAL_TASK=ON \
        -DIREE_UK_BUILD_RISCV_64_V=OFF &&
        .native/cmake --build "$build" --target iree-run-module iree-cpuinfo
} >"$build/log" 2>&1 || {
    tail -n 20 "$build/log" >&2
    exit 1
}
mkdir -p "$folder/iree"
cp "$build/tools/iree-run-module" "$build/tools/iree-cpuinfo" "$folder/iree"
echo "iree-base-runtime $2"
