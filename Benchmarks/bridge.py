"""The query bridge against Envoy's gRPC-JSON transcoder: the same plugin program, message and kind of socket."""

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import peers
from harness import ROOT, Server, free_port, measure, median_of, tree

QUERY = {
    "refId": "A", "datasource": {"type": "echo", "uid": "bench"}, "expr": "rate(http_requests_total[5m])",
    "intervalMs": 15000, "maxDataPoints": 1000,
}
REQUEST = {"from": "1700000000000", "to": "1700001500000", "queries": [QUERY]}


def binary():
    for name in (os.environ.get("ECHO_PLUGIN", ""), ROOT / ".build/release/EchoPlugin"):
        if name and pathlib.Path(name).exists():
            return str(name)
    raise SystemExit("build the echo plugin first: BENCHMARKS=1 swift build -c release --product EchoPlugin")


def wrk_script(folder, name, body):
    script = folder / f"{name}.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = [==[{json.dumps(body, separators=(',', ':'))}]==]\n")
    return script


def gateway(folder, services=1, arguments=(), types=("query",)):
    plugin = folder / "plugins/echo"
    plugin.mkdir(parents=True, exist_ok=True)
    (plugin / "plugin.json").write_text(json.dumps(
        {"id": "echo", "type": "datasource", "name": "echo", "backend": True, "executable": "gpx_echo"}))
    arch = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    target = plugin / f"gpx_echo_linux_{arch}"
    if not target.exists():
        target.symlink_to(binary())
    sources = folder / "provisioning/datasources"
    sources.mkdir(parents=True, exist_ok=True)
    (sources / "bench.yaml").write_text(
        "apiVersion: 1\ndatasources:\n  - {name: bench, uid: bench, type: echo, url: 'http://127.0.0.1:1'}\n")
    groups = ["bench.test"] + [f"g{number}.test" for number in range(1, services)]
    (folder / "service.yaml").write_text("\n---\n".join(json.dumps({
        "apiVersion": "aggregation.grafana.app/v0alpha1", "kind": "DataPlaneService", "metadata": {"name": f"v1.{group}"},
        "spec": {"pluginID": "echo", "pluginType": "datasource", "group": group, "version": "v1",
                 "services": [{"type": kind} for kind in types]}}) for group in groups))
    server = peers.gateway(folder, [
        "--plugins-dir", str(folder / "plugins"), "--provisioning", str(folder / "provisioning"),
        "--manifests", str(folder / "service.yaml"), *arguments])
    return server, f"http://127.0.0.1:{server.port}/apis/bench.test/v1/namespaces/default/datasources/bench/query"


class Plugin:
    """The echo plugin, started the way a host does."""

    def __init__(self, folder):
        sockets = tempfile.mkdtemp(prefix="s", dir=folder)
        env = {"PATH": os.environ["PATH"], "grafana_plugin_type": "datasource", "PLUGIN_PROTOCOL_VERSIONS": "2",
               "PLUGIN_UNIX_SOCKET_DIR": sockets, "TMPDIR": sockets}
        self.process = subprocess.Popen([binary()], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
        self.socket = self.process.stdout.readline().decode().split("|")[3]

    def stop(self):
        self.process.kill()
        self.process.wait()


def descriptors(folder):
    out = folder / "pluginv2.pb"
    proto = ROOT / "Benchmarks/pluginv2_data.proto"
    subprocess.run(
        ["protoc", f"-I{proto.parent}", "--include_imports", f"--descriptor_set_out={out}", str(proto)], check=True)
    return out


def envoy(folder, socket):
    port = free_port()
    conf = folder / "transcoder.yaml"
    conf.write_text(f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          generate_request_id: false
          route_config: {{virtual_hosts: [{{name: v, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: plugin}}}}]}}]}}
          http_filters:
          - name: envoy.filters.http.grpc_json_transcoder
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder
              proto_descriptor: {descriptors(folder)}
              services: [pluginv2.Data]
              auto_mapping: true
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: plugin
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http2_protocol_options: {{}}}}
    load_assignment: {{cluster_name: plugin, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{pipe: {{path: {socket}}}}}}}}}]}}]}}
""")
    server = Server(
        "envoy", [peers.envoy_binary(), "-c", str(conf), "--concurrency", "2", "-l", "error", "--disable-hot-restart"],
        port, folder / "transcoder.log")
    return server, f"http://127.0.0.1:{port}/pluginv2.Data/QueryData"


def envoy_body():
    """What the gateway sends, as the JSON that the transcoder turns into the same message."""
    encode = lambda value: base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
    text = lambda value: base64.b64encode(value.encode()).decode()
    return {
        "pluginContext": {"orgId": 1, "pluginId": "echo", "dataSourceInstanceSettings": {
            "id": 1, "uid": "bench", "name": "bench", "url": "http://127.0.0.1:1", "jsonData": encode({})}},
        "queries": [{"refId": "A", "maxDataPoints": 1000, "intervalMS": 15000, "json": encode(QUERY),
                     "timeRange": {"fromEpochMS": 1700000000000, "toEpochMS": 1700001500000}}],
        "format": 1,
    }


def run(folder, seconds, rounds, connections):
    runs = {}
    for _ in range(rounds):
        server, url = gateway(folder)
        try:
            plugin_pids = lambda: [p for p in tree(server.process.pid) if p != server.process.pid]
            single = OnlyParent(server)
            runs.setdefault("gateway", []).append(
                measure(single, url, seconds, connections, wrk_script(folder, "gateway", REQUEST), plugin_pids))
        finally:
            server.stop()
        plugin = Plugin(folder)
        server, url = envoy(folder, plugin.socket)
        try:
            runs.setdefault("envoy", []).append(
                measure(server, url, seconds, connections, wrk_script(folder, "envoy", envoy_body()),
                        lambda: [plugin.process.pid]))
        finally:
            server.stop()
            plugin.stop()
    return {name: median_of(results) for name, results in runs.items()}


def formats(folder, seconds, rounds, connections):
    """Gateway plus plugin, asking for frames as JSON and as Arrow."""
    results = {}
    for rows in (100, 1_000, 10_000):
        for form in ("json", "arrow"):
            place = folder / f"format-{rows}-{form}"
            place.mkdir()
            server, url = gateway(place, arguments=["--frame-format", form])
            try:
                body = dict(REQUEST, queries=[dict(QUERY, queryType=f"rows:{rows}")])
                script = wrk_script(place, "format", body)
                plugin_pids = lambda: [p for p in tree(server.process.pid) if p != server.process.pid]
                runs = [
                    measure(OnlyParent(server), url, seconds, connections, script, plugin_pids) for _ in range(rounds)]
                results[f"{form} {rows}"] = median_of(runs)
            finally:
                server.stop()
    return results


def resource(folder, seconds, rounds, connections):
    """CPU of the gateway per resource call and per query: the same plugin, request body and size of answer, by turns."""
    server, query_url = gateway(folder, types=("query", "resource"))
    urls = {"query": query_url, "resource": query_url.removesuffix("query") + "resources/query"}
    script = wrk_script(folder, "resource", REQUEST)
    try:
        sizes = {}
        for name, url in urls.items():
            request = urllib.request.Request(url, json.dumps(REQUEST).encode(), {"Content-Type": "application/json"})
            for _ in range(100):
                try:
                    sizes[name] = len(urllib.request.urlopen(request).read())
                    break
                except urllib.error.HTTPError as error:
                    if error.code != 503:
                        raise
                    time.sleep(0.1)
        runs = {name: [] for name in urls}
        for _ in range(rounds):
            for name, url in urls.items():
                runs[name].append(measure(OnlyParent(server), url, seconds, connections, script))
    finally:
        server.stop()
    results = {name: median_of(results) for name, results in runs.items()}
    for name in results:
        results[name]["body_bytes"] = sizes[name]
    return results


class OnlyParent:
    """A server whose children are counted apart."""

    def __init__(self, server):
        self.server = server

    @property
    def pids(self):
        return [self.server.process.pid]
