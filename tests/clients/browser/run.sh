#!/bin/sh
# A real Chromium walks the sign-in page of the emulator. Needs .venv (make setup); installs Debian's chromium and its driver when
# they are missing and this may (root). Usage: sh tests/clients/browser/run.sh [pytest arguments]
set -eu
cd "$(dirname "$0")/../../.."
if ! command -v chromedriver >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "browser: chromium and chromedriver are needed (Debian: apt-get install chromium chromium-driver)" >&2
        exit 1
    fi
    echo "browser: installing chromium and chromium-driver" >&2
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null
fi
exec .venv/bin/python -m pytest tests/clients/browser/walk_in_browser.py tests/clients/browser/walk_with_bridge.py "$@"
