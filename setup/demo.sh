#!/bin/sh
# Copy the addon, a bundle and the files shared with the server's project into the demo; start it.
# usage: setup/demo.sh [ARGUMENT...]    ARGUMENT: of Godot's, and after -- of the demo's
#        setup/demo.sh --server [ARGUMENT...]    start godot/examples/server, without a screen
#        setup/demo.sh --check          only say what is missing
set -eu
bundle=${BUNDLE:-artifacts/bundle}
server=godot/examples/server
project=godot/demo
[ -f "$bundle/manifest.json" ] || {
    echo "error: no bundle in $bundle; make repro makes one, or BUNDLE=folder names one" >&2
    exit 1
}
[ "${1:-}" != --check ] || exit 0
if [ "${1:-}" = --server ]; then
    project=$server
    shift
    set -- --headless "$@"
else
    rm -rf $project/shared
    cp -R $server/shared $project/shared
fi
rm -rf $project/addons $project/models
mkdir -p $project/addons $project/models $project/.godot
cp -R godot/addons/ludus $project/addons/ludus
cp -R "$bundle" $project/models/digits
# Named before the first start: an extension that Godot comes upon while it imports crashes it
# (godotengine/godot#111048).
echo res://addons/ludus/ludus.gdextension >$project/.godot/extension_list.cfg
exec "$(setup/godot.sh)" --path $project "$@"
