#!/usr/bin/env bash
# Starts an HTTP server and the gateway in front of it, on loopback. Usage: run.sh [flags of serve]
# PRODUCTS is the folder of the built programs, RUN that of what is made while it runs, BACKEND_PORT the server's port.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/lib.sh

example=examples/backends/http
products=${PRODUCTS:-.build/release}
run=${RUN:-.run/http-backend}
port=${BACKEND_PORT:-9100}

require_free "$port" "the server" BACKEND_PORT
mkdir -p "$run/manifests"
sed "s/127\.0\.0\.1:9100/127.0.0.1:$port/" "$example/orders.yaml" >"$run/manifests/orders.yaml"

python3 "$example/server.py" "$port" &
server=$!
trap 'kill $server 2>/dev/null || true; wait' EXIT
# Before the gateway looks whether it is there.
wait_for "the server" $server "http://127.0.0.1:$port/"
"$products/dataplane-gateway" serve --manifests "$run/manifests" --data-dir "$run/data" "$@" &
gateway=$!
trap 'kill $server $gateway 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM
wait $gateway
