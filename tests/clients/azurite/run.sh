#!/bin/sh
# Microsoft's storage emulator takes the audit's report page. Needs .venv (make setup) and npm; the package is installed here.
set -eu
cd "$(dirname "$0")/../../.."
command -v npm >/dev/null 2>&1 || { echo "azurite: npm is needed" >&2; exit 1; }
[ -d tests/clients/azurite/node_modules/azurite ] ||
    npm install --prefix tests/clients/azurite --no-package-lock --no-audit --no-fund --loglevel=error
exec .venv/bin/python -m pytest -q tests/clients/azurite/store_report.py "$@"
