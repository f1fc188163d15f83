#!/bin/sh
# SwiftShader, Google's Vulkan in software: the two files of it that Debian's Chromium has.
# usage: setup/prebuilt/swiftshader.sh FOLDER
set -eu
chromium=$(mktemp -d)
trap 'rm -rf "$chromium"' EXIT
setup/prebuilt/unpack.sh "$chromium" "$(dpkg --print-architecture)" chromium-common
cp "$chromium/usr/lib/chromium/libvk_swiftshader.so" \
    "$chromium/usr/lib/chromium/vk_swiftshader_icd.json" "$1"
