#!/bin/sh
# Copy the addon and a bundle into the demo, and start it.
# usage: setup/demo.sh [ARGUMENT...]    ARGUMENT: of Godot's, and after -- of the demo's
#        setup/demo.sh --check          only say what is missing
set -eu
bundle=${BUNDLE:-artifacts/bundle}
demo=godot/demo
[ -f "$bundle/manifest.json" ] || {
    echo "error: no bundle in $bundle; make repro makes one, or BUNDLE=folder names one" >&2
    exit 1
}
[ "${1:-}" != --check ] || exit 0
rm -rf $demo/addons $demo/models
mkdir -p $demo/addons $demo/models $demo/.godot
cp -R godot/addons/ludus $demo/addons/ludus
cp -R "$bundle" $demo/models/digits
# Named before the first start: an extension that Godot comes upon while it imports crashes it
# (godotengine/godot#111048).
echo res://addons/ludus/ludus.gdextension >$demo/.godot/extension_list.cfg
exec "$(setup/godot.sh)" --path $demo "$@"
