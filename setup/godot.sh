#!/bin/sh
# Print the path of a Godot for the addon: GODOT, or the one on PATH if it is 4.3 or newer, or ours
# in .godot-engine. Ours is Debian testing's, with every library it loads, software OpenGL and
# Vulkan included; it needs no root and touches nothing outside its folder.
set -eu
own=$PWD/.godot-engine
wanted="godot libegl1 libgl1 libgl1-mesa-dri libvulkan1 mesa-vulkan-drivers"

runs() { # runs GODOT: it starts, and is 4.3 or newer
    "$1" --version 2>/dev/null |
        awk -F. 'END { exit !(/^[0-9]+\.[0-9]+/ && ($1 > 4 || $1 == 4 && $2 >= 3)) }'
}
fail() {
    echo "error: no Godot 4.3 or newer, and $1; name one by GODOT=/path/to/godot" >&2
    exit 1
}
if [ -n "${GODOT:-}" ]; then
    runs "$GODOT" && { echo "$GODOT"; exit 0; }
    said=$("$GODOT" --version 2>&1 | tail -n 1) || true
    echo "error: GODOT=$GODOT is no Godot 4.3 or newer: --version says '$said'" >&2
    exit 1
fi
if found=$(command -v godot) && runs "$found"; then
    echo "$found"
    exit 0
fi
# One whose folder was moved does not run, and is installed again.
[ -x "$own/godot" ] && runs "$own/godot" && { echo "$own/godot"; exit 0; }

[ "$(uname -m)" = x86_64 ] || fail "our own is for x86_64"
command -v apt-get >/dev/null || fail "there is no apt-get to download it with"
# Debian's mirror, as this machine knows it.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-testing}")
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || fail "apt knows no mirror of Debian"

echo "installing Godot into .godot-engine" >&2
[ -x .native/bin/patchelf ] || setup/native.sh
rm -rf "$own"
mkdir -p "$own/apt/lists/partial" "$own/apt/debs/partial" "$own/root"
echo "deb $mirror testing main" >"$own/apt/sources"
: >"$own/apt/status" # as if nothing were installed: all that it needs is downloaded
cat >"$own/apt/conf" <<END
Dir::Etc::SourceList "$own/apt/sources";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$own/apt/lists";
Dir::State::Status "$own/apt/status";
Dir::Cache "$own/apt";
Dir::Cache::Archives "$own/apt/debs";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
END
{
    export APT_CONFIG="$own/apt/conf"
    apt-get update
    # shellcheck disable=SC2086 # a list of words
    apt-get install --download-only --yes $wanted
} >"$own/apt/log" 2>&1 || fail "Debian testing's cannot be downloaded ($own/apt/log says why)"
for deb in "$own"/apt/debs/*.deb; do
    dpkg -x "$deb" "$own/root"
done
rm -rf "$own/apt/debs" "$own/apt/lists" "$own"/apt/*.bin
(cd "$own/root/usr/share" && rm -rf bug doc lintian locale man)

# Godot must find these libraries, also those that it loads while it runs. RPATH does both, unless a
# library has a RUNPATH.
libraries=$own/root/usr/lib/x86_64-linux-gnu
find "$libraries" "$libraries/pulseaudio" -maxdepth 1 -type f -name '*.so*' \
    -exec .native/bin/patchelf --remove-rpath {} +
.native/bin/patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" \
    --force-rpath --set-rpath "$libraries:$libraries/pulseaudio" "$own/root/usr/bin/godot"
# Files that would be looked for in /usr and /etc. Only NVIDIA's driver is the machine's own.
cat >"$own/godot" <<END
#!/bin/sh
root=$own/root
nvidia=/etc/vulkan/icd.d/nvidia_icd.json:/usr/share/vulkan/icd.d/nvidia_icd.json
export VK_DRIVER_FILES="\${VK_DRIVER_FILES:-\$root/usr/share/vulkan/icd.d:\$nvidia}"
export __EGL_VENDOR_LIBRARY_DIRS="\$root/usr/share/glvnd/egl_vendor.d"
export FONTCONFIG_PATH="\$root/etc/fonts"
exec "\$root/usr/bin/godot" "\$@"
END
chmod +x "$own/godot"
runs "$own/godot" || fail "Debian testing's does not start here ($own/godot)"
echo "$own/godot"
