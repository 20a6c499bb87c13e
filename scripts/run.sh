#!/usr/bin/env bash
# Starts Prometheus, the gateway and the example plugin on loopback. With --demo: one query, checked, printed, and out.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=""
[ "${1:-}" = "--demo" ] && demo=1
prometheus_port=9090
http_port=8080
secure_port=8443
admin_port=9903
run=.run
if [ -n "$demo" ]; then
    # A demo must not meet, or disturb, what runs on the machine.
    free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }
    prometheus_port=$(free_port)
    http_port=any
    secure_port=any
    admin_port=0
    run=$(mktemp -d "${TMPDIR:-/tmp}/gateway-demo.XXXXXX")
fi
say() { printf '%s\n' "$*" >&2; }

mkdir -p "$run/plugins/prometheus" "$run/provisioning/datasources"
platform=linux_$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
cp examples/plugins/prometheus/plugin.json "$run/plugins/prometheus/"
install -m 755 .build/release/gpx_prometheus "$run/plugins/prometheus/gpx_prometheus_$platform"
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

wait_for() { # what url
    for _ in $(seq 300); do
        sleep 0.1
        # Whoever answers, it must be ours: a port that is taken ends the new process.
        kill -0 "${pids[-1]}" 2>/dev/null || { say "$1 did not start:"; tail -n 20 "$run"/*.log >&2; exit 1; }
        curl -fsS -o /dev/null "$2" 2>/dev/null && return 0
    done
    say "$1 does not answer at $2"
    exit 1
}

say "starting Prometheus on 127.0.0.1:$prometheus_port"
prometheus --config.file="$run/prometheus.yml" --storage.tsdb.path="$run/prometheus" \
    --web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn >"$run/prometheus.log" 2>&1 &
pids+=($!)
wait_for Prometheus "http://127.0.0.1:$prometheus_port/-/ready"

say "starting the gateway"
: >"$run/ready"
.build/release/dataplane-gateway serve --http-port "$http_port" --secure-port "$secure_port" --admin-address "127.0.0.1:$admin_port" \
    --data-dir "$run/data" --plugins-dir "$run/plugins" --provisioning "$run/provisioning" \
    --upstream "http://127.0.0.1:$prometheus_port" \
    >"$run/ready" 2>"$run/gateway.log" &
pids+=($!)
gateway=$!
for _ in $(seq 300); do
    grep -q '^ready ' "$run/ready" 2>/dev/null && break
    kill -0 "$gateway" 2>/dev/null || { say "the gateway did not start:"; cat "$run/gateway.log" >&2; exit 1; }
    sleep 0.1
done
url=$(sed -n 's/^ready http=\([^ ]*\).*/\1/p' "$run/ready")

# Registered as a user would, so that kubectl may change them afterwards; a second run finds them in the database.
for manifest in examples/manifests/*.yaml; do
    status=$(curl -sS -o "$run/register" -w '%{http_code}' -X POST -H 'Content-Type: application/yaml' \
        --data-binary "@$manifest" "$url/apis/aggregation.grafana.app/v0alpha1/dataplaneservices")
    case $status in
    201 | 409) ;;
    *) say "registering $manifest failed:"; cat "$run/register" >&2; exit 1 ;;
    esac
done

query() {
    curl -sS "http://admin:admin@${url#http://}/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query" \
        -X POST -d '@examples/datasource-query.json'
}

if [ -z "$demo" ]; then
    say ""
    say "The gateway is at $url, Prometheus' own pages come through it. Try in another terminal:"
    say ""
    grep '^export KUBECONFIG=' "$run/ready" >&2 || true
    say "kubectl apply -f examples/manifests/prometheus.yaml"
    say "kubectl get dataplaneservices"
    say "curl 'http://admin:admin@localhost:$http_port/apis/prometheus.grafana.app/v0alpha1/namespaces/default/connections/example/query' -X POST -d '@examples/datasource-query.json'"
    say "curl 'http://localhost:$http_port/apis/prometheus.grafana.app/v0alpha1'"
    say "curl 'http://localhost:$http_port/api/v1/query?query=up'"
    say ""
    say "Ctrl-C ends everything."
    tail -f "$run/gateway.log" --pid="$gateway" &
    pids+=($!)
    wait "$gateway"
    exit 0
fi

say "asking until Prometheus has measured something"
for _ in $(seq 60); do
    answer=$(query) || true
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
