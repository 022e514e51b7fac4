#!/bin/sh
# Microsoft's own msgraph-sdk calls the emulator. It is large, so it has an environment of its own, .venv-msgraph, made at the
# first call. Needs .venv (make setup). Usage: sh tests/clients/msgraph_sdk/run.sh
set -eu
cd "$(dirname "$0")/../../.."
here=tests/clients/msgraph_sdk
venv=.venv-msgraph
stamp=$venv/.installed
want=$(cksum <$here/requirements.txt)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
    echo "msgraph-sdk: making $venv" >&2
    rm -rf "$venv"
    .venv/bin/python -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r $here/requirements.txt
    echo "$want" >"$stamp"
fi
exec .venv/bin/python -m tests.clients.msgraph_sdk.serve "$venv/bin/python" $here/walk.py
