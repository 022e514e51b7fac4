#!/bin/sh
# `environment.sh DIRECTORY REQUIREMENTS`: an environment of its own with these packages, made where it isn't there yet. Needs .venv.
set -eu
wanted=$(cksum <"$2")
if [ ! -f "$1/.installed" ] || [ "$(cat "$1/.installed")" != "$wanted" ]; then
    rm -rf "$1"
    .venv/bin/python -m venv "$1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
    echo "$wanted" >"$1/.installed"
fi
