#!/bin/sh
# install.sh VENV NAME ...: put the named locks (and retailkit itself) into a virtual environment.
# What is there already is not installed again: a stamp in VENV carries the lock's checksum.
set -eu
venv=$1; shift
here=$(cd "$(dirname "$0")" && pwd); root=$(dirname "$here")
python=${PYTHON:-python3}

if [ ! -x "$venv/bin/python" ]; then
  "$python" -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else
    "retailkit needs Python 3.11 or later; this is %d.%d. Say which: make PYTHON=python3.11 ..." % sys.version_info[:2])'
  "$python" -m venv "$venv"
fi
if command -v uv >/dev/null 2>&1; then pip="uv pip install --quiet --python $venv/bin/python"
else pip="$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile"; fi  # Python compiles what it imports

once() { # once NAME FILE COMMAND...: run the command unless the file is as it was when it last succeeded
  stamp="$venv/.installed-$1"; sum=$(cksum < "$2"); shift 2
  [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
  "$@" && echo "$sum" > "$stamp"
}
install() { # install NAME ...: these locks, one after the other
  for name in "$@"; do
    once "$name" "$here/$name.lock" sh -c "echo 'Installing requirements/$name.lock'; $pip --no-deps --require-hashes -r '$here/$name.lock'"
  done
}
for name in "$@"; do
  [ -f "$here/$name.lock" ] || { echo "no lock '$name' in requirements/" >&2; exit 2; }
done
first=$1; shift
trap wait EXIT
install "$first" & beside=$! # base, as large as the rest and without a file of theirs: pip works on one core
install "$@"
wait $beside
once retailkit "$root/pyproject.toml" sh -c "$pip --no-deps -e '$root'"
