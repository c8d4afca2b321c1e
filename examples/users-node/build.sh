#!/bin/sh
# Installs what package-lock.json names; at once when that is already there.
set -eu
cd "$(dirname "$0")"
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --omit=dev --no-audit --no-fund
  touch node_modules/.package-lock.json
fi
