#!/bin/sh
# Fetch the two networks of the examples, which others made: examples/fetch.sh. They are taken from
# a package of the Python index, whose sha256 is checked; nothing is installed, none is committed.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "rapidocr-onnxruntime==1.4.4 --hash=sha256:971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf" |
    uv pip install --quiet --no-deps --require-hashes --target "$scratch" --requirement -
models=$scratch/rapidocr_onnxruntime/models
cp "$models/ch_ppocr_mobile_v2.0_cls_infer.onnx" text-direction/network.onnx
cp "$models/ch_PP-OCRv4_rec_infer.onnx" text/network.onnx
ls -l text-direction/network.onnx text/network.onnx
