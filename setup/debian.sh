#!/bin/sh
# Install what a list names from Debian, or say what is missing and why it would help. Never fails:
# who needs what is missing says so, or skips.
# usage: setup/debian.sh LIST
list=$1
missing=
while read -r package why; do
    case $package in '#'* | '') continue ;; esac
    # npm may have come another way than from Debian.
    command -v "$package" >/dev/null 2>&1 && continue
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' && continue
    missing="$missing $package"
    reasons="$reasons  $package: $why
"
done <"$list"
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing from Debian:$missing"
    # shellcheck disable=SC2086 # a list of words
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >/dev/null 2>&1 && exit 0
    echo "that failed; going on without."
fi
printf 'not installed, and would help:\n%sto install: sudo apt-get install%s\n' "$reasons" "$missing"
