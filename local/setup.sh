#!/bin/sh
# Make .venv: a Python 3.13 environment with the packages that requirements-dev.txt pins.
# A second call with nothing changed ends at once. Usage: sh local/setup.sh
set -eu
cd "$(dirname "$0")/.."
VENV=.venv
WANTED=3.13

is_wanted() {
    "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$WANTED')" >/dev/null 2>&1
}

# The first Python 3.13 on the PATH, else the newest of pyenv's.
find_python() {
    for candidate in "python$WANTED" python3 python; do
        path=$(command -v "$candidate" 2>/dev/null) || continue
        if is_wanted "$path"; then echo "$path"; return; fi
    done
    for candidate in $(ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$WANTED".*/bin/python 2>/dev/null | sort -rV); do
        if is_wanted "$candidate"; then echo "$candidate"; return; fi
    done
}

# Let uv, from the package index, bring a Python 3.13 of its own.
python_from_uv() {
    command -v python3 >/dev/null 2>&1 || return 0
    tools=$VENV-uv
    [ -x "$tools/bin/uv" ] || { python3 -m venv "$tools" && "$tools/bin/python" -m pip install --quiet uv; } >&2 || return 0
    "$tools/bin/uv" python install "$WANTED" >&2 || return 0
    "$tools/bin/uv" python find "$WANTED"
}

stamp=$VENV/.installed
want=$(cat requirements-dev.txt local/setup.sh | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && is_wanted "$VENV/bin/python"; then exit 0; fi

python=$(find_python)
if [ -z "$python" ]; then
    echo "setup: no Python $WANTED on the PATH or under pyenv; asking uv for one" >&2
    python=$(python_from_uv)
fi
if [ -z "$python" ]; then
    cat >&2 <<TEXT
setup: Python $WANTED is needed (it is what Azure Functions offers and what azure-functions 2.x asks for), and none was found.
Looked for: python$WANTED, python3 and python on the PATH; ${PYENV_ROOT:-$HOME/.pyenv}/versions/$WANTED.*; uv.
Install one, e.g. with your system's packages, "pyenv install $WANTED" or "uv python install $WANTED", and call this again.
TEXT
    exit 1
fi
echo "setup: making $VENV with $python" >&2
rm -rf "$VENV"
"$python" -m venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
echo "$want" >"$stamp"
