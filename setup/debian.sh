#!/bin/sh
# Install a list's packages from Debian, or say which are missing and why they would help. Never
# fails: a program that needs a missing package says so, or skips.
# usage: setup/debian.sh LIST
list=$1
missing=
while read -r package why; do
    case $package in '#'* | '') continue ;; esac
    # npm may come from elsewhere than Debian.
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
