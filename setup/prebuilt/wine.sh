#!/bin/sh
# What Wine needs to run IREE's programs for Windows: them, and a Windows of our own.
# usage: setup/prebuilt/wine.sh FOLDER VERSION    VERSION: of IREE's runtime
set -eu
setup/prebuilt/programs.sh "$1/iree" "$2" x86_64-pc-windows-msvc
PATH=$PATH:/usr/lib/wine # where Debian's wine64 is
export WINEPREFIX="$1/windows" WINEDEBUG=-all WINEARCH=win64
# No Mono, no Gecko, no menus: each would ask, or write outside.
export WINEDLLOVERRIDES="mscoree,mshtml,winemenubuilder.exe="
unset DISPLAY
wine64 wineboot --init >"$1/log" 2>&1 && wineserver -w || {
    tail -n 5 "$1/log" >&2
    exit 1
}
# 700 MB of it are copies of what Wine has installed. It must never bring itself up to date: what it
# would write through the links is Wine's own.
echo disable >"$WINEPREFIX/.update-timestamp"
find "$WINEPREFIX/drive_c/windows" -type f -size +4k | while read -r copy; do
    installed=$(echo /usr/lib/*/wine/x86_64-windows/"${copy##*/}")
    ! cmp -s "$copy" "$installed" || ln -sf "$installed" "$copy"
done
rm "$1/log"
