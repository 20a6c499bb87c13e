#!/usr/bin/env bash
# Starts Prometheus and the gateway with the example plugin on loopback. Usage: run.sh [flags of serve]
# PRODUCTS is the folder of the built programs, RUN that of what is made while it runs, BACKEND_PORT Prometheus' port.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/lib.sh

products=${PRODUCTS:-.build/release}
run=${RUN:-.run/prometheus-example}
port=${BACKEND_PORT:-9090}

require_free "$port" Prometheus BACKEND_PORT
mkdir -p "$run/plugins/prometheus" "$run/provisioning/datasources"
cp examples/plugins/prometheus/plugin.json "$run/plugins/prometheus/"
install -m 755 "$products/gpx_prometheus" "$run/plugins/prometheus/gpx_prometheus_$platform"
for file in prometheus.yml provisioning/datasources/prometheus.yaml; do
    sed "s/127\.0\.0\.1:9090/127.0.0.1:$port/" "examples/$file" >"$run/$file"
done

prometheus --config.file="$run/prometheus.yml" --storage.tsdb.path="$run/data-prometheus" \
    --web.listen-address="127.0.0.1:$port" &
prometheus=$!
trap 'kill $prometheus 2>/dev/null || true; wait' EXIT
wait_for Prometheus $prometheus "http://127.0.0.1:$port/-/ready"
"$products/dataplane-gateway" serve --plugins-dir "$run/plugins" --provisioning "$run/provisioning" \
    --manifests examples/manifests --data-dir "$run/data" "$@" &
gateway=$!
trap 'kill $prometheus $gateway 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM
wait $gateway
