#!/bin/sh
# Installs the programs that read the lake in tests/interop and tests/lake/interop_test.cc into .deps/interop: the Python
# package deltalake in a venv, and chdb for node. What cannot be had is left out; its test is then skipped by name.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/.deps/interop
mkdir -p "$folder"

if command -v python3 >/dev/null; then
  python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet deltalake==1.6.6 pyarrow==26.0.1 ||
    { rm -rf "$folder/venv"; echo "interop: no deltalake" >&2; }
fi
if command -v npm >/dev/null; then
  [ -f "$folder/package.json" ] || echo '{"private": true}' >"$folder/package.json"
  (cd "$folder" && npm install --silent --no-audit --no-fund --save-exact chdb@3.4.0) || echo "interop: no chdb" >&2
fi
