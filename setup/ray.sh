#!/bin/sh
# Bring Ray and what training on it needs, into .ray: here, and on every node of a cluster.
set -eu
cmp -s requirements/ray.txt .ray/brought && exit 0
uv=$(setup/uv.sh)
echo "bringing Ray into .ray; minutes the first time" >&2
"$uv" venv --quiet --clear --relocatable --no-project --python 3.12 .ray
"$uv" pip sync --quiet --require-hashes --python .ray requirements/ray.txt
cp requirements/ray.txt .ray/brought
