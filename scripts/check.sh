#!/usr/bin/env bash
# Format, layering, and a build with warnings as errors, which `make test` uses again.
set -euo pipefail
cd "$(dirname "$0")/.."

report() { printf '%-10s %s\n' "$1" "$2"; }
folders=()
for folder in Package.swift Sources Tests examples Benchmarks Fuzz; do [ -e "$folder" ] && folders+=("$folder"); done
swift format lint --strict -r "${folders[@]}" || { report format FAILED; exit 1; }
report format OK
scripts/layers.py || { report layers FAILED; exit 1; }
report layers OK
scripts/conformance.py || { report rows FAILED; exit 1; }
report rows OK
scripts/build-tests.sh || { report build FAILED; exit 1; }
report build OK
