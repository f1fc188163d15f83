# Set-up, the pipeline and the tests. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
# Nothing is sent anywhere.
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1

READY := .venv/ready

.PHONY: help setup debian repro table test test-unit test-backend test-pipeline lint format bundle doctor lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) debian ## bring the environment and what Debian has for it; all others do so too

repro: setup ## run the pipeline (dvc repro): from data to verified bundle, and the table of targets
	@dvc repro; ended=$$?; test ! -e artifacts/report || python -m ludus.report; exit $$ended

table: ## show the table of the last run
	@python -m ludus.report

test: setup ## all tests
	@python -m pytest tests/unit tests/backend tests/pipeline

test-unit: setup ## the fast ones: no training, no compiler
	@python -m pytest tests/unit

test-backend: setup ## each backend, on its own
	@python -m pytest tests/backend

test-pipeline: setup ## the whole pipeline on small data
	@python -m pytest tests/pipeline

lint: setup ## ruff and mypy
	@ruff format --check . && ruff check . && mypy

format: setup ## let ruff write what it can
	@ruff format . && ruff check --fix .

bundle: setup ## a zip of the bundle with its checksum, for builds without Git
	@dvc repro bundle
	@ludus pack artifacts/bundle dist

doctor: setup ## what this machine can run
	@ludus doctor

lock: setup ## pin the newest versions that pyproject.toml and requirements/*.in allow
	@setup/lock.sh

clean: ## remove what the pipeline made and the environments; DVC's cache stays
	rm -rf data/raw data/prepared artifacts dist .venv .uv .toolchains .*_cache .hypothesis

# The environment: made again only when what it is made from changes.
$(READY): .python-version pyproject.toml requirements/pipeline.txt requirements/uv.txt
	@uv=$$(setup/uv.sh) && \
	$$uv venv --quiet --clear --no-project .venv && \
	$$uv pip sync --quiet --require-hashes requirements/pipeline.txt && \
	$$uv pip install --quiet --no-deps --no-build-isolation --editable . && \
	echo "$$uv" > $@

debian:
	@setup/debian.sh
