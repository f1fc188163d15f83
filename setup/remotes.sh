#!/bin/sh
# Bring DVC with what reaches S3 and SSH into .remotes.
set -eu
cmp -s requirements/remotes.txt .remotes/brought && exit 0
uv=$(setup/uv.sh)
"$uv" venv --quiet --clear --no-project --python 3.12 .remotes
"$uv" pip sync --quiet --require-hashes --python .remotes requirements/remotes.txt
cp requirements/remotes.txt .remotes/brought
