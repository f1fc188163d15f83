#!/bin/sh
# Check params.yaml, run `dvc repro`, and show the table of this run.
# usage: setup/repro.sh [OPTIONS OF dvc repro]
set -u
# DVC fills in dvc.yaml first, and says of a misspelt row only what dvc.yaml then lacks.
python -m ludus.config.params || exit
began=$(mktemp)
trap 'rm -f "$began"' EXIT
dvc repro "$@"
ended=$?
# After an error, the table of an earlier run would be taken for this one's.
if [ $ended = 0 ] || [ artifacts/report/results.json -nt "$began" ]; then
    python -m ludus.report
fi
[ $ended = 0 ] || echo "the run failed: its error stands above" >&2
exit $ended
