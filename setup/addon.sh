#!/bin/sh
# Build the addon's libraries, debug and release, into godot/addons/ludus/bin.
# usage: setup/addon.sh [TARGET]    TARGET: a name of rustc's; this machine's if none is given
# (For Windows it is setup/addon.ps1.)
set -eu
cd native
machine=$(rustc -vV | sed -n 's/^host: //p')
target=${1:-$machine}
case $target in
    *-darwin) system=macos suffix=dylib ;;
    *) system=linux suffix=so ;;
esac
case $target in
    aarch64-*) architecture=arm64 ;;
    *) architecture=${target%%-*} ;;
esac
mkdir -p "${CARGO_TARGET_DIR:=target}"
folder=$(cd "$CARGO_TARGET_DIR" && pwd)

set --
if [ "$target" != "$machine" ]; then
    [ -d "$(rustc --print target-libdir --target "$target")" ] || rustup target add "$target"
    # IREE's build runs one of its own tools, which has to be built for this computer.
    cargo build --locked --release --package ludus-runtime
    flatcc=$(find "$folder/release/build" -name iree-flatcc-cli -type f | head -n 1)
    export IREE_HOST_BIN_DIR="${flatcc%/*}"
    folder=$folder/$target
    set -- --target "$target"
fi
bin=../godot/addons/ludus/bin
mkdir -p "$bin"
for kind in debug release; do
    [ $kind = debug ] && profile=dev || profile=release
    cargo build --locked --profile $profile --package ludus-godot "$@"
    # Renamed, not overwritten: an engine that is running keeps the file that it loaded.
    library=$bin/libludus.$system.template_$kind.$architecture.$suffix
    cp "$folder/$kind/libludus_godot.$suffix" "$library.new"
    mv "$library.new" "$library"
done
# eerie-sys' build script (0.5.0) watches files that it writes itself, and so would run again.
for output in "$folder"/*/build/eerie-sys-*/output; do
    find "${output%output}out" -newer "$output" -exec touch -r "$output" {} +
done
