#!/bin/sh
# Unpack packages of this machine's Debian, for any architecture, into a folder, with apt lists of our
# own: nothing in the system changes, and it needs no root. Prints each package with its version.
# usage: setup/prebuilt/unpack.sh FOLDER ARCHITECTURE PACKAGE...
set -eu
folder=$1 architecture=$2
shift 2
command -v apt-get >/dev/null || {
    echo "there is no apt-get to download $* with" >&2
    exit 1
}
# Debian's mirror, as this machine knows it.
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk -v release="$release" '$1 == release && $2 == "main" { print $3; exit }')
[ -n "$mirror" ] || {
    echo "apt knows no mirror of Debian $release; apt-get update may help" >&2
    exit 1
}

apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
chmod 755 "$apt" # apt downloads as a user of its own
mkdir -p "$apt/lists/partial" "$apt/debs"
echo "deb $mirror $release main" >"$apt/sources"
: >"$apt/status"
cat >"$apt/conf" <<END
APT::Architecture "$architecture";
APT::Architectures "$architecture";
Dir::Etc::SourceList "$apt/sources";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
Debug::NoLocking "true";
Acquire::Languages "none";
END
export APT_CONFIG="$apt/conf"
(apt-get update && cd "$apt/debs" && apt-get download "$@") >"$apt/log" 2>&1 || {
    tail -n 5 "$apt/log" >&2
    exit 1
}
for deb in "$apt"/debs/*.deb; do
    dpkg -x "$deb" "$folder"
    dpkg-deb --show --showformat '${Package} ${Version}\n' "$deb"
done
