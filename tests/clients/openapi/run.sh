#!/bin/sh
# Schemathesis makes requests out of the served OpenAPI description, in an environment of its own. Needs .venv (make setup).
set -eu
cd "$(dirname "$0")/../../.."
venv=.venv-openapi
wanted=$(cksum <tests/clients/openapi/requirements.txt)
if [ ! -f "$venv/.installed" ] || [ "$(cat "$venv/.installed")" != "$wanted" ]; then
    rm -rf "$venv"
    .venv/bin/python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/clients/openapi/requirements.txt
    echo "$wanted" >"$venv/.installed"
fi
exec .venv/bin/python -m tests.clients.openapi.walk "$venv/bin/schemathesis" "$@"
