#!/bin/sh
# Puts HiGHS, the opponent of the portfolio, into FOLDER as a shared library with its C interface: the Python package
# highsbox of one exact version. The program and its tests do not need it.
#
#   bench/setup_highs.sh FOLDER     prints the path of libhighs.so
set -eu
version=1.15.1
folder=$1
library=$folder/highsbox/highs_dist/lib/libhighs.so
if [ ! -f "$library" ] || [ "$(cat "$folder/version" 2>/dev/null)" != "$version" ]; then
  rm -rf "$folder"
  mkdir -p "$folder"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target="$folder" "highsbox==$version" >&2
  echo "$version" >"$folder/version"
fi
echo "$library"
