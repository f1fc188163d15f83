#!/bin/sh
# Install the separate environment .NAME from its lock, requirements/NAME.txt; again when the lock
# changes, or one of its files is missing. ludus/process/install.py does it.
# usage: setup/environment.sh NAME
#   remotes           DVC with S3 and SSH
#   remote-servers    the S3 server that tests/pipeline/test_remotes.py starts (OpenSSH's comes from
#                     Debian: setup/debian.sh setup/debian-remotes.txt)
#   serving-peers     the servers that benchmarks/serving compares with
#   ray               Ray and the training's packages: here, and on every node of a cluster
#   triton            NVIDIA's Triton and its clients: setup/triton.sh
#   native            CMake and the like, to build the addon: setup/native.sh
set -eu
uv=$(setup/uv.sh)
exec "$uv" run --quiet --no-project --python 3.12 python -m ludus.process.install "$1"
