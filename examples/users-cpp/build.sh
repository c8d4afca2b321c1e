#!/bin/sh
# Builds ./bootstrap; at once when nothing changed. CXX chooses the compiler; clang++-19 is taken when it is there.
set -eu
cd "$(dirname "$0")"
if [ ! -f build/CMakeCache.txt ]; then
  if [ -z "${CXX:-}" ] && command -v clang++-19 >/dev/null; then export CXX=clang++-19; fi
  if command -v ninja >/dev/null; then set -- -G Ninja; fi
  cmake -S . -B build -DCMAKE_BUILD_TYPE=Release "$@" >build-configure.log 2>&1 || { cat build-configure.log >&2; rm -rf build; exit 1; }
  rm -f build-configure.log
fi
exec cmake --build build --parallel
