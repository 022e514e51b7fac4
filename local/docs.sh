#!/bin/sh
# Build docs/ as a site into site/, in an environment of its own; a link that leads nowhere fails. Usage: sh local/docs.sh [serve]
set -eu
cd "$(dirname "$0")/.."
sh local/setup.sh
VENV=.venv-docs
[ -x "$VENV/bin/mkdocs" ] || {
    .venv/bin/python -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "mkdocs-material>=9.8,<10" "mkdocs>=1.6,<2"
}
if [ "${1:-}" = serve ]; then exec "$VENV/bin/mkdocs" serve; fi
NO_MKDOCS_2_WARNING=1 exec "$VENV/bin/mkdocs" build --strict
