#!/bin/sh
# Runs `python -m benchmarks.introspection` in an environment of its own, made at the first run: sh benchmarks/run.sh [flags]
set -e
cd "$(dirname "$0")/.."
if [ ! -x .venv-bench/bin/python ]; then
    "${PYTHON:-.venv/bin/python}" -m venv .venv-bench
    .venv-bench/bin/python -m pip install --quiet --require-hashes -r requirements.txt
    .venv-bench/bin/python -m pip install --quiet -r benchmarks/requirements.txt
fi
if command -v npm >/dev/null && [ ! -d benchmarks/introspection/node/node_modules ]; then
    (cd benchmarks/introspection/node && npm install --silent --no-audit --no-fund)
fi
exec .venv-bench/bin/python -m benchmarks.introspection "$@"
