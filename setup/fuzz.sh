#!/bin/sh
# Fuzz the reader of bundles: each target of native/fuzz for some seconds. Any panic fails.
# usage: setup/fuzz.sh [SECONDS]
set -eu
seconds=${1:-60}
cd native
PATH="${PWD%/native}/.native/bin:$PATH"
cargo +nightly --version >/dev/null 2>&1 || {
    echo "skipped: fuzzing needs a nightly Rust (rustup toolchain install nightly)"
    exit 0
}
command -v cargo-fuzz >/dev/null || cargo install --quiet --locked --root ../.native cargo-fuzz
mkdir -p fuzz/corpus/manifest
cargo +nightly fuzz run manifest fuzz/corpus/manifest ../tests/golden/bundle \
    ../tests/golden/tensor-bundle -- -max_total_time="$seconds" -timeout=10
cargo +nightly fuzz run bundle -- -max_total_time="$seconds" -timeout=10
