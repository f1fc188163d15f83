#!/bin/sh
# Bring the servers that benchmarks/serving compares with, into .serving-peers.
set -eu
cmp -s requirements/serving-peers.txt .serving-peers/brought && exit 0
uv=$(setup/uv.sh)
"$uv" venv --quiet --clear --no-project --python 3.12 .serving-peers
"$uv" pip sync --quiet --require-hashes --python .serving-peers requirements/serving-peers.txt
cp requirements/serving-peers.txt .serving-peers/brought
