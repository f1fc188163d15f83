#!/bin/sh
# Pin every environment anew: hashes, and no addresses.
set -eu
uv=$(setup/uv.sh)
lock() {
    "$uv" pip compile --quiet --universal --generate-hashes --upgrade --python-version 3.12 \
        --custom-compile-command "make lock" "$@"
}
lock --extra runtimes --group dev pyproject.toml -o requirements/pipeline.txt
lock pyproject.toml -o requirements/ludus.txt
for source in requirements/*.in; do
    lock "$source" -o "${source%.in}.txt"
done
