"""The peers' configurations: each a plain reverse proxy to one origin, two workers, keep-alive upstream, no access log."""

import os
import pathlib
import shutil

from harness import ROOT, Server, free_port


def envoy_binary():
    own = ROOT / ".run/envoy/bin/envoy"
    return str(own) if own.exists() else shutil.which("envoy")


def origin(folder, body="x" * 1024):
    port = free_port()
    conf = folder / "origin.conf"
    conf.write_text(
        f"daemon off; worker_processes 1; pid {folder}/origin.pid; error_log {folder}/origin.err;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; keepalive_requests 100000000; server {{ listen 127.0.0.1:{port} backlog=4096;\n"
        f"  location / {{ default_type text/plain; return 200 '{body}'; }} }} }}\n")
    return Server("origin", ["nginx", "-c", str(conf), "-p", str(folder)], port, folder / "origin.log")


def nginx(folder, upstream):
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.err;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; keepalive_requests 100000000;\n"
        f"  client_body_temp_path {folder}; proxy_temp_path {folder};\n"
        f"  upstream o {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://o; proxy_http_version 1.1;\n"
        "    proxy_set_header Connection ''; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;\n"
        "    proxy_set_header X-Forwarded-For $remote_addr; } } }\n")
    return Server("nginx", ["nginx", "-c", str(conf), "-p", str(folder)], port, folder / "nginx.log")


def haproxy(folder, upstream):
    port = free_port()
    conf = folder / "haproxy.cfg"
    conf.write_text(
        "global\n  nbthread 2\n  maxconn 4096\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        "  option http-keep-alive\n  option forwardfor\n  http-reuse always\n"
        f"frontend f\n  bind 127.0.0.1:{port}\n  default_backend b\n"
        f"backend b\n  server o 127.0.0.1:{upstream}\n")
    return Server("haproxy", ["haproxy", "-f", str(conf)], port, folder / "haproxy.log")


def caddy(folder, upstream):
    port = free_port()
    conf = folder / "Caddyfile"
    conf.write_text(
        "{\n  admin off\n  auto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n  reverse_proxy 127.0.0.1:{upstream}\n}}\n")
    env = dict(os.environ, HOME=str(folder), GOMAXPROCS="2")
    return Server(
        "caddy", ["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"], port, folder / "caddy.log", env)


def envoy(folder, upstream):
    port = free_port()
    conf = folder / "envoy.yaml"
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
          use_remote_address: true
          route_config: {{virtual_hosts: [{{name: v, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: o}}}}]}}]}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: o
    type: STATIC
    load_assignment: {{cluster_name: o, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]}}
""")
    return Server(
        "envoy", [envoy_binary(), "-c", str(conf), "--concurrency", "2", "-l", "error", "--disable-hot-restart"], port,
        folder / "envoy.log")


def gateway_binary():
    return os.environ.get("GATEWAY_BIN") or str(ROOT / ".build/release/dataplane-gateway")


def gateway(folder, arguments):
    port = free_port()
    binary = gateway_binary()
    return Server(
        "gateway",
        [binary, "serve", "--http-port", str(port), "--secure-port", "any", "--admin-address", "127.0.0.1:0", "--data-dir", str(folder / "data"),
         "--log-level", "warn", *arguments],
        port, folder / "gateway.log")
