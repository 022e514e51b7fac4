#!/bin/sh
# openid-client and the MCP SDKs of 1.x and 2.x, from the npm registry, against the bridge. Needs node and npm.
set -eu
cd "$(dirname "$0")"
command -v node >/dev/null 2>&1 || { echo "node clients: node 20 or newer and npm are needed" >&2; exit 1; }
[ -d node_modules/openid-client ] && [ -d node_modules/@modelcontextprotocol/client ] || npm install --no-package-lock --no-audit --no-fund --loglevel=error
cd ../../..
exec .venv/bin/python -m tests.clients.node.walk
