#!/bin/sh
# Kusto's own language service looks at the template's queries. Needs npm; the package is installed here when it is missing.
set -eu
cd "$(dirname "$0")/../../.."
command -v npm >/dev/null 2>&1 || { echo "queries: npm is needed" >&2; exit 1; }
[ -d tests/clients/queries/node_modules/@kusto ] ||
    npm install --prefix tests/clients/queries --no-package-lock --no-audit --no-fund --loglevel=error
exec node tests/clients/queries/check.mjs deploy/queries/*.kql deploy/queries/workbook/*.kql
