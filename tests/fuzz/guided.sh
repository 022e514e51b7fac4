#!/bin/sh
# The property tests guided by coverage (atheris), each for so many seconds, in an environment made at the first run:
#   sh tests/fuzz/guided.sh 60 [text in a test's name]
set -e
cd "$(dirname "$0")/../.."
if [ ! -x .venv-fuzz/bin/python ]; then
    "${PYTHON:-.venv/bin/python}" -m venv .venv-fuzz
    .venv-fuzz/bin/python -m pip install --quiet --require-hashes -r requirements-dev.txt
    .venv-fuzz/bin/python -m pip install --quiet atheris==3.1.0
fi
for name in $(.venv-fuzz/bin/python -m tests.fuzz.guided --list "${2:-}"); do
    echo "== $name"
    .venv-fuzz/bin/python -m tests.fuzz.guided "$name" -max_total_time="${1:-60}" -verbosity=0
done
