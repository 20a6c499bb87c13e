#!/usr/bin/env bash
# Starts Prometheus, the gateway and the example plugin on loopback. With --demo: one query, checked, printed, and out.
# HTTP_PORT, HTTPS_PORT, ADMIN_PORT and PROMETHEUS_PORT choose other ports; PRODUCTS is the folder of the built programs,
# RUN that of what is made while it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

demo=""
[ "${1:-}" = "--demo" ] && demo=1
products=${PRODUCTS:-.build/release}
prometheus_port=${PROMETHEUS_PORT:-9090}
http_port=${HTTP_PORT:-8080}
secure_port=${HTTPS_PORT:-8443}
admin_port=${ADMIN_PORT:-9903}
run=${RUN:-.run}
if [ -n "$demo" ]; then
    # A demo must not meet, or disturb, what runs on the machine.
    free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
    prometheus_port=$(free_port)
    http_port=any
    secure_port=any
    admin_port=0
    run=$(mktemp -d "${TMPDIR:-/tmp}/gateway-demo.XXXXXX")
else
    # All of them, before anything starts.
    require_free "$prometheus_port" Prometheus PROMETHEUS_PORT
    require_free "$http_port" "the gateway" HTTP_PORT
    require_free "$secure_port" "the gateway (HTTPS)" HTTPS_PORT
    require_free "$admin_port" "the gateway's admin listener" ADMIN_PORT
fi

mkdir -p "$run/plugins/prometheus" "$run/provisioning/datasources"
rm -f "$run/prometheus.log" "$run/gateway.log"
cp examples/plugins/prometheus/plugin.json "$run/plugins/prometheus/"
install -m 755 "$products/gpx_prometheus" "$run/plugins/prometheus/gpx_prometheus_$platform"
sed "s/127\.0\.0\.1:9090/127.0.0.1:$prometheus_port/" examples/provisioning/datasources/prometheus.yaml \
    >"$run/provisioning/datasources/prometheus.yaml"
sed "s/127\.0\.0\.1:9090/127.0.0.1:$prometheus_port/" examples/prometheus.yml >"$run/prometheus.yml"

pids=()
finish() {
    status=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    [ -z "$demo" ] || { [ $status = 0 ] || tail -n 40 "$run"/*.log >&2 || true; rm -rf "$run"; }
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

say "starting Prometheus on 127.0.0.1:$prometheus_port"
prometheus --config.file="$run/prometheus.yml" --storage.tsdb.path="$run/prometheus" \
    --web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn >"$run/prometheus.log" 2>&1 &
pids+=($!)
prometheus_url="http://127.0.0.1:$prometheus_port"
wait_for Prometheus $! "$prometheus_url/-/ready" "$run/prometheus.log"

say "starting the gateway"
: >"$run/ready"
"$products/dataplane-gateway" serve --http-port "$http_port" --secure-port "$secure_port" --admin-address "127.0.0.1:$admin_port" \
    --data-dir "$run/data" --plugins-dir "$run/plugins" --provisioning "$run/provisioning" \
    --upstream "$prometheus_url" >"$run/ready" 2>"$run/gateway.log" &
pids+=($!)
gateway=$!
for _ in $(seq 300); do
    grep -q '^ready ' "$run/ready" 2>/dev/null && break
    kill -0 "$gateway" 2>/dev/null || { say "the gateway did not start:"; cat "$run/gateway.log" >&2; exit 1; }
    sleep 0.1
done
url=$(sed -n 's/^ready http=\([^ ]*\).*/\1/p' "$run/ready")
[ -n "$url" ] || { say "the gateway is not ready after 30 s:"; cat "$run/gateway.log" >&2; exit 1; }

# So that the first query has something to show: it asks for every fifth second.
say "waiting until Prometheus has measured something"
for _ in $(seq 300); do
    time=$(($(date +%s) / 5 * 5))
    curl -fsS "$prometheus_url/api/v1/query?query=rate(prometheus_http_requests_total%5B1m%5D)&time=$time" 2>/dev/null |
        grep -q '"value"' && break
    sleep 0.1
done

if [ -z "$demo" ]; then
    say ""
    say "The gateway is at $url; Prometheus' own pages come through it. Try in another terminal, in this folder:"
    say ""
    grep '^export KUBECONFIG=' "$run/ready" >&2 || true
    say "kubectl apply -f examples/manifests/prometheus.yaml"
    say "kubectl wait --for=condition=Available dataplaneservice --all --timeout=30s"
    say "kubectl get dataplaneservices"
    say "curl '$url/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query' -d '@examples/datasource-query.json'"
    say "curl '$url/apis/prometheus.grafana.app/v0alpha1'"
    say "curl '$url/api/v1/query?query=up'"
    say ""
    say "Ctrl-C ends everything. The log of the gateway:"
    tail -n +1 -f "$run/gateway.log" --pid="$gateway" >&2 &
    pids+=($!)
    wait "$gateway"
    exit 0
fi

for manifest in examples/manifests/*.yaml; do
    status=$(curl -sS -o "$run/register" -w '%{http_code}' -X POST -H 'Content-Type: application/yaml' \
        --data-binary "@$manifest" "$url/apis/aggregation.grafana.app/v0alpha1/dataplaneservices")
    [ "$status" = 201 ] || { say "registering $manifest failed:"; cat "$run/register" >&2; exit 1; }
done

say "asking for data"
for _ in $(seq 60); do
    answer=$(curl -sS "$url/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query" \
        -d '@examples/datasource-query.json') || true
    if printf '%s' "$answer" | python3 -c '
import json, sys
result = json.load(sys.stdin)["results"]["A"]
assert "error" not in result, result
points = [v for f in result["frames"] if f["data"]["values"] for v in f["data"]["values"][1] if v is not None]
sys.exit(0 if len(points) >= 2 else 1)' 2>/dev/null; then
        printf '%s\n' "$answer"
        say "demo: the answer has real data points"
        exit 0
    fi
    sleep 0.5
done
say "demo: no data points came; the last answer was: ${answer:-}"
exit 1
