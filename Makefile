# Set-up, the pipeline and the tests. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
# Nothing is sent anywhere.
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
# Each stage is a process of its own: without cached bytecode each compiles PyTorch and Ludwig anew,
# which doubles the time of the pipeline and of the tests.
unexport PYTHONDONTWRITEBYTECODE

READY := .venv/ready
# Two processes; tests/conftest.py says which tests must not be run side by side. PyTorch has one
# thread in each: four on two cores wait for each other, ten times as long as they compute.
PYTEST := OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

.PHONY: help check test-long setup debian debian-addon prebuilt prebuilt-riscv64 repro repro-all table test test-results test-unit test-backend test-pipeline test-native \
	test-godot test-serving test-cluster fuzz addon addon-aarch64 demo demo-server ray search triton serve lint format \
	bundle release remotes doctor lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) debian ## install the environment; all others do so too

repro: setup ## run the pipeline, and show the table of targets
	@setup/repro.sh

repro-all: setup prebuilt ## the same, and other runtimes and systems
	@setup/repro.sh --all-pipelines

prebuilt: setup ## install qemu's libraries, Wine's, and SwiftShader
	@setup/debian.sh setup/debian-everywhere.txt
	@python -m ludus.evaluation.executors

prebuilt-riscv64: setup debian-addon ## build IREE's runtime for RISC-V; takes minutes
	@setup/debian.sh setup/debian-riscv64.txt
	@python -m ludus.evaluation.executors qemu-riscv64

table: ## show the table of the last run
	@python -m ludus.report

check: setup ## format, lint, types and unit tests: before each commit
	@ruff format --check . && ruff check . && mypy && $(PYTEST) tests/unit

# The longest first: then no process works on one alone at the end, and none waits for the small
# project that tests/pipeline builds once.
TESTS := tests/godot tests/pipeline tests/backend tests/serving tests/cluster tests/unit

test: test-native addon-if-possible triton-if-possible prebuilt remote-servers ## all tests but the long ones
	@$(PYTEST) -m "not long" $(TESTS)

test-long: test-native addon-if-possible triton-if-possible prebuilt remote-servers ray ## races, soaks and the cluster, before a release
	@$(PYTEST) -m long tests

test-results: setup ## what `make repro-all` made here: every row, every file
	@$(PYTEST) tests/results tests/godot/test_demo.py

test-unit: setup ## the fast ones: no training, no compiler
	@$(PYTEST) tests/unit

test-backend: setup prebuilt ## each backend, on its own
	@$(PYTEST) tests/backend

test-pipeline: setup remote-servers ## the whole pipeline on small data
	@$(PYTEST) tests/pipeline

test-native: setup debian-addon ## cargo's tests; skipped where the addon cannot be built
	@if setup/native.sh; then cd native && cargo test --locked --workspace; \
	else echo "skipped: the tests in native"; fi

test-godot: addon-if-possible ## the addon in headless Godot
	@$(PYTEST) tests/godot

test-serving: triton-if-possible ## bundles served by Triton, and real clients
	@$(PYTEST) tests/serving

test-cluster: ray ## training and search on a Ray cluster of two nodes
	@$(PYTEST) tests/cluster

fuzz: ## wrong bundles for two minutes; needs a nightly Rust
	@setup/native.sh && setup/fuzz.sh

addon: debian-addon ## build the Godot addon; install Godot if missing
	@setup/native.sh && setup/addon.sh && setup/godot.sh >/dev/null

addon-aarch64: debian-addon ## build the addon for 64-bit Arm Linux
	@setup/debian.sh setup/debian-aarch64.txt
	@setup/native.sh && setup/addon.sh aarch64-unknown-linux-gnu

# Tests in Godot skip what they lack, and say so.
.PHONY: addon-if-possible
addon-if-possible: setup debian-addon
	@! setup/native.sh || setup/addon.sh
	@setup/godot.sh >/dev/null || true

demo: bundle-is-there addon ## draw a digit in Godot; BUNDLE= names the bundle
	@setup/demo.sh

demo-server: bundle-is-there addon ## judge the drawings of others, without a screen
	@setup/demo.sh --server

ray: setup ## install Ray, for train.backend: ray and the search
	@setup/environment.sh ray

search: setup data/prepared ## search the hyper-parameters that search.yaml names
	@python -m ludus.training.search

data/prepared:
	@dvc repro prepare

triton: setup debian-addon ## build the backend for Triton, and install Triton
	@setup/triton.sh

serve: bundle-is-there triton ## serve artifacts/bundle over HTTP and gRPC
	@ludus serve $(or $(BUNDLE),artifacts/bundle)

.PHONY: triton-if-possible
triton-if-possible: setup debian-addon
	@! setup/native.sh || setup/triton.sh || echo "skipped: the tests in tests/serving"

# Said before the addon is built, which takes minutes.
.PHONY: bundle-is-there
bundle-is-there:
	@setup/demo.sh --check

lint: setup ## ruff, mypy, rustfmt and clippy
	@ruff format --check . && ruff check . && mypy
	@! setup/native.sh || { cd native && cargo fmt --check && \
	cargo clippy --locked --release --workspace --all-targets -- --deny warnings; }

format: setup ## let ruff and rustfmt write what they can
	@ruff format . && ruff check --fix .
	@! setup/native.sh || { cd native && cargo fmt; }

bundle: setup ## a zip of the bundle, for builds without Git
	@dvc repro bundle
	@ludus pack artifacts/bundle dist

release: setup ## changelog entry, tag, and zip with SHA256SUMS
	@python -m tools.release

remotes: ## install DVC with S3 and SSH into .remotes
	@setup/environment.sh remotes

# Tests of remotes skip what they lack, and say so.
.PHONY: remote-servers
remote-servers: remotes
	@setup/environment.sh remote-servers

doctor: setup ## what this machine can run
	@ludus doctor

lock: setup ## pin the newest versions that are allowed
	@setup/lock.sh

clean: ## remove outputs and environments, not DVC's cache
	rm -rf data/raw data/prepared artifacts dist .venv .uv .toolchains .*_cache .hypothesis
	rm -rf .prebuilt .native .triton .serving-peers .ray .remotes .remote-servers .godot-engine native/target godot/addons/ludus/bin

# The environment: made again only when what it is made from changes.
$(READY): .python-version pyproject.toml requirements/pipeline.txt requirements/uv.txt
	@uv=$$(setup/uv.sh) && \
	$$uv venv --quiet --clear --no-project .venv && \
	$$uv pip sync --quiet --require-hashes requirements/pipeline.txt && \
	$$uv pip install --quiet --no-deps --no-build-isolation --editable . && \
	echo "$$uv" > $@

debian:
	@setup/debian.sh setup/debian-packages.txt

debian-addon:
	@setup/debian.sh setup/debian-addon.txt
