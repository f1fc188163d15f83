#!/bin/sh
# Bring the S3 server that tests/pipeline/test_remotes.py starts, into .remote-servers. OpenSSH's server
# comes from Debian: setup/debian.sh setup/debian-remotes.txt
set -eu
cmp -s requirements/remote-servers.txt .remote-servers/brought && exit 0
uv=$(setup/uv.sh)
"$uv" venv --quiet --clear --no-project --python 3.12 .remote-servers
"$uv" pip sync --quiet --require-hashes --python .remote-servers requirements/remote-servers.txt
cp requirements/remote-servers.txt .remote-servers/brought
