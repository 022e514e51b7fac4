#!/bin/sh
# What is deployed, by name, version and licence: sbom.json (CycloneDX) and licenses.md, from an environment that has the packages of
# requirements.txt and nothing else. Usage: sh local/sbom.sh
set -eu
cd "$(dirname "$0")/.."
sh local/setup.sh
VENV=.venv-sbom
deployed=$VENV/deployed
tools=$VENV/tools
rm -rf "$VENV"
.venv/bin/python -m venv --without-pip "$deployed"
.venv/bin/python -m pip --python "$deployed/bin/python" install --quiet --require-hashes -r requirements.txt
.venv/bin/python -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check cyclonedx-bom pip-licenses
"$tools/bin/cyclonedx-py" environment --output-reproducible --pyproject pyproject.toml -o sbom.json "$deployed/bin/python"
"$tools/bin/pip-licenses" --python "$deployed/bin/python" --format markdown --with-urls --order license >licenses.md
cat licenses.md
