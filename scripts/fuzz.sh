#!/usr/bin/env bash
# Runs each fuzz target. Usage: fuzz.sh RUNS
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-20000}
for folder in Fuzz/*/; do
    target="Fuzz$(basename "$folder")"
    printf '%s: ' "$target"
    ".build/release/$target" --runs "$runs"
done
