#!/bin/sh
# MCP's conformance suite, mcp-authlab, mcp-remote and the MCP SDK for Python of 1.x, each in an environment of its own, against a bridge
# and an MCP server that are set up as docs/mcp.md says. Needs .venv (make setup), node and npm.
set -eu
cd "$(dirname "$0")"
command -v npm >/dev/null 2>&1 || { echo "MCP suites: npm is needed" >&2; exit 1; }
[ -d node_modules/mcp-remote ] && [ -d node_modules/@modelcontextprotocol/conformance ] || npm install --no-package-lock --no-audit --no-fund --loglevel=error
cd ../../..
sh tests/clients/environment.sh .venv-clients tests/clients/python/requirements.txt
sh tests/clients/environment.sh .venv-suites tests/clients/suites/requirements.txt
exec .venv/bin/python -m tests.clients.suites.walk
