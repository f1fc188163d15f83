#!/bin/sh
# Pin environments: hashes, and no addresses.
# usage: setup/lock.sh           all anew, as new as pyproject.toml and requirements/*.in allow
#        setup/lock.sh FILE.in   one; existing pins stay
set -eu
uv=$(setup/uv.sh)
lock() {
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.12 \
        --custom-compile-command "make lock" "$@"
}
for source in "$@"; do
    lock "$source" -o "${source%.in}.txt"
done
[ $# = 0 ] || exit 0
lock --upgrade --extra runtimes --group dev pyproject.toml -o requirements/pipeline.txt
lock --upgrade pyproject.toml -o requirements/ludus.txt
for source in requirements/*.in; do
    lock --upgrade "$source" -o "${source%.in}.txt"
done
