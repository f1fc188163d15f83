#!/bin/sh
# Bring an environment of its own, .NAME, from its lock, requirements/NAME.txt; again when that changes.
# usage: setup/environment.sh NAME [OPTION of uv venv...]
#   remotes           DVC with what reaches S3 and SSH
#   remote-servers    the S3 server that tests/pipeline/test_remotes.py starts (OpenSSH's comes from
#                     Debian: setup/debian.sh setup/debian-remotes.txt)
#   serving-peers     the servers that benchmarks/serving compares with
#   ray               Ray, and what training on it needs: here, and on every node of a cluster
#   triton            NVIDIA's Triton and its clients: setup/triton.sh
set -eu
name=$1 lock=requirements/$1.txt
shift
cmp -s "$lock" ".$name/brought" && exit 0
uv=$(setup/uv.sh)
"$uv" venv --quiet --clear --no-project --python 3.12 "$@" ".$name"
"$uv" pip sync --quiet --require-hashes --python ".$name" "$lock"
cp "$lock" ".$name/brought"
