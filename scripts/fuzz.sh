#!/usr/bin/env bash
# Runs each fuzz target. Usage: fuzz.sh RUNS
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-20000}
export FUZZ=1
for folder in Fuzz/*/; do
    target="Fuzz$(basename "$folder")"
    # Debug builds keep every overflow and bounds check.
    swift build --product "$target" >/dev/null || { echo "$target does not build"; swift build --product "$target" | tail -n 20; exit 1; }
    printf '%s: ' "$target"
    ".build/debug/$target" --runs "$runs"
done
