#!/bin/sh
# A headless Chromium looks at the audit's report page, also with axe-core's eyes. Needs .venv (make setup) and npm; installs Debian's
# chromium and its driver when they are missing and this may (root). Usage: sh tests/clients/report_page/run.sh [screenshots | pytest arguments]
set -eu
cd "$(dirname "$0")/../../.."
if ! command -v chromium >/dev/null 2>&1 || ! command -v chromedriver >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "report page: chromium and chromedriver are needed (Debian: apt-get install chromium chromium-driver)" >&2
        exit 1
    fi
    echo "report page: installing chromium and chromium-driver" >&2
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null
fi
command -v npm >/dev/null 2>&1 || { echo "report page: npm is needed, for axe-core" >&2; exit 1; }
[ -d tests/clients/report_page/node_modules/axe-core ] ||
    npm install --prefix tests/clients/report_page --no-package-lock --no-audit --no-fund --loglevel=error
if [ "${1:-}" = screenshots ]; then
    exec .venv/bin/python -m tests.clients.report_page.screenshots
fi
exec .venv/bin/python -m pytest tests/clients/report_page/look_at_page.py "$@"
