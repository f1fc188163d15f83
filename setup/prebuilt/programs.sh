#!/bin/sh
# Unpack the programs of IREE's runtime for another platform, from its wheel, into a folder. The wheel
# must be one whose sha256 the toolchain's requirements name. Prints what it is.
# usage: setup/prebuilt/programs.sh FOLDER VERSION PLATFORM    PLATFORM: a name of uv's
set -eu
folder=$1 version=$2 platform=$3
uv=$(setup/uv.sh)
wheel=$(mktemp -d)
trap 'rm -rf "$wheel"' EXIT
"$uv" pip install --quiet --no-deps --require-hashes --python-version 3.12 \
    --python-platform "$platform" --target "$wheel" \
    --constraint "requirements/iree-$version.txt" "iree-base-runtime==$version"
mkdir -p "$folder"
for program in iree-run-module iree-cpuinfo; do
    cp "$wheel/iree/_runtime_libs/$program"* "$folder"
done
echo "iree-base-runtime $version"
