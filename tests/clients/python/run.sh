#!/bin/sh
# The MCP SDK for Python and pyoidc, in an environment of their own, against the bridge. Needs .venv (make setup).
set -eu
cd "$(dirname "$0")/../../.."
venv=.venv-clients
wanted=$(cksum <tests/clients/python/requirements.txt)
if [ ! -f "$venv/.installed" ] || [ "$(cat "$venv/.installed")" != "$wanted" ]; then
    rm -rf "$venv"
    .venv/bin/python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/clients/python/requirements.txt
    echo "$wanted" >"$venv/.installed"
fi
exec .venv/bin/python -m tests.clients.python.walk "$venv/bin/python"
