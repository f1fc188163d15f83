#!/bin/sh
# Print the path of uv: the one on PATH if it works, else one of our own in .uv, installed by pip.
# (A shim of pyenv's can be on PATH and not work.)
set -eu
export PIP_ROOT_USER_ACTION=ignore
own=$PWD/.uv/bin/uv
# Not the environment's own: it goes when the environment is made anew.
PATH=$(printf %s "$PATH" | tr : '\n' | grep -vxF "$PWD/.venv/bin" | paste -sd: -)
if found=$(command -v uv) && "$found" --version >/dev/null 2>&1; then
    echo "$found"
    exit 0
fi
[ -x "$own" ] && { echo "$own"; exit 0; }

wanted=$(dirname "$0")/../requirements/uv.txt
install() { # install PIP...: with some pip, into .uv
    "$@" install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --target "$PWD/.uv/lib" -r "$wanted" >&2
}
debian_pip() { # the wheel of pip that Debian packages: needs no root
    mkdir -p .uv/debian/partial
    apt="-o Dir::State::Lists=$PWD/.uv/debian"
    # shellcheck disable=SC2086 # a list of words
    (cd .uv && apt-get $apt update && apt-get $apt download python3-pip-whl && dpkg -x python3-pip-whl_*.deb debian) >/dev/null 2>&1
    ls "$PWD"/.uv/debian/usr/share/python-wheels/pip-*.whl
}
echo "installing uv into .uv" >&2
if python3 -m pip --version >/dev/null 2>&1; then
    install python3 -m pip
elif python3 -m ensurepip --version >/dev/null 2>&1; then
    python3 -m venv .uv/venv && install .uv/venv/bin/python -m pip
elif command -v apt-get >/dev/null && wheel=$(debian_pip); then
    install python3 "$wheel/pip"
else
    echo "error: no uv, and no pip to install it with; install either (Debian: apt-get install python3-pip)" >&2
    exit 1
fi
mkdir -p .uv/bin && ln -sf ../lib/bin/uv "$own"
echo "$own"
