#!/bin/sh
# Build the backend for NVIDIA's Triton, and install Triton and its clients, all into .triton.
set -eu
setup/native.sh
(cd native && cargo build --locked --release --package ludus-triton)
folder=native/target
[ -z "${CARGO_TARGET_DIR:-}" ] || folder=$CARGO_TARGET_DIR

setup/environment.sh triton
# Renamed into place: a running server keeps the library that it loaded.
mkdir -p .triton/backends/ludus
cp "$folder/release/libtriton_ludus.so" .triton/backends/ludus/new
mv .triton/backends/ludus/new .triton/backends/ludus/libtriton_ludus.so
