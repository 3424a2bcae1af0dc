#!/bin/sh
# Set up .venv for the Makefile: `sh scripts/setup.sh` installs requirements.txt, `sh scripts/setup.sh backends` one extra.
# .venv counts as done only when .venv/.done-* is there, and that is written last: what was interrupted starts afresh.
# PYTHON names the interpreter to use; UV=none makes pip do the work even where uv is at hand.
set -eu
cd "$(dirname "$0")/.."

in_range='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
done_file=.venv/.done-requirements

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c "$in_range" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

find_uv() {
    [ "${UV:-uv}" = none ] || command -v "${UV:-uv}" || true
}

install() {
    uv=$(find_uv)
    if [ -n "$uv" ]; then
        "$uv" pip install --python .venv "$@"
    else
        .venv/bin/python -m pip install --disable-pip-version-check "$@"
    fi
}

make_venv() {
    python=$(find_python)
    [ -n "$python" ] || fail "No Python from 3.11 to 3.13 was found (looked for: ${PYTHON:-} python3 python3.13 python3.12 python3.11)." \
        "Install one, or name it: make lab PYTHON=/path/to/python3.12"
    uv=$(find_uv)
    echo "Setting up .venv with $("$python" -V). This happens once and takes a few minutes."
    if [ -n "$uv" ]; then
        rm -rf .venv
        "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" .venv
    elif "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$python" -m venv --clear .venv
    else
        fail "$python comes without the modules venv and ensurepip. On Debian and Ubuntu they are a package of their own:" \
            "    sudo apt install $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
}

if [ $# -gt 0 ]; then
    install -e ".[$1]"
    touch ".venv/.done-$1"
    exit
fi
# A set-up that was completed once is brought up to date; anything else may be half-made.
if [ -e "$done_file" ] && .venv/bin/python -c "$in_range" >/dev/null 2>&1; then
    rm "$done_file"
else
    make_venv
fi
install -r requirements.txt
touch "$done_file"
