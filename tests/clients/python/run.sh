#!/bin/sh
# The MCP SDK for Python, pyoidc and Authlib, in an environment of their own, against the bridge. Needs .venv (make setup).
set -eu
cd "$(dirname "$0")/../../.."
sh tests/clients/environment.sh .venv-clients tests/clients/python/requirements.txt
exec .venv/bin/python -m tests.clients.python.walk .venv-clients/bin/python
