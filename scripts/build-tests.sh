#!/usr/bin/env bash
# An optimised build of everything, tests and fuzz targets included, with warnings as errors. TESTABLE lets tests see what is
# internal in it (Package.swift).
set -euo pipefail
cd "$(dirname "$0")/.."
export TESTABLE=1
exec swift build -c release --build-tests --explicit-target-dependency-import-check error "$@"
