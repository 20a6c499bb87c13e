#!/usr/bin/env bash
# Starts the gateway with the showcase plugin on loopback. Usage: run.sh [flags of serve]
# PRODUCTS is the folder of the built programs, RUN that of what is made while it runs.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. scripts/lib.sh

example=examples/plugins/showcase
products=${PRODUCTS:-.build/release}
run=${RUN:-.run/showcase}

mkdir -p "$run/plugins/showcase" "$run/provisioning/datasources" "$run/manifests"
cp "$example/plugin.json" "$run/plugins/showcase/"
install -m 755 "$products/gpx_showcase" "$run/plugins/showcase/gpx_showcase_$platform"
cp "$example/datasources.yaml" "$run/provisioning/datasources/showcase.yaml"
cp "$example/showcase.yaml" "$run/manifests/"

exec "$products/dataplane-gateway" serve --plugins-dir "$run/plugins" --provisioning "$run/provisioning" \
    --manifests "$run/manifests" --data-dir "$run/data" "$@"
