#!/bin/sh
# Installs the programs that tests/lake/interop_test.cc reads the lake with, into .deps/interop: the Python packages deltalake and
# pyarrow in a venv, and chdb for node. What cannot be had is left out; the test is then skipped by name.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.deps/interop
mkdir -p "$folder"

if command -v python3 >/dev/null; then
  python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet deltalake pyarrow ||
    { rm -rf "$folder/venv"; echo "interop: no deltalake" >&2; }
fi
if command -v npm >/dev/null; then
  [ -f "$folder/package.json" ] || echo '{"private": true}' >"$folder/package.json"
  (cd "$folder" && npm install --silent --no-audit --no-fund chdb) || echo "interop: no chdb" >&2
fi
