"""The peers' configurations: each a plain reverse proxy to one origin, two workers, keep-alive upstream, no access log."""

import os
import pathlib
import shutil
import subprocess

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


def certificate(folder):
    """A P-256 certificate for 127.0.0.1, the same for all; gives its file and that of its key."""
    files = folder / "tls.crt", folder / "tls.key"
    if not files[0].exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
             str(files[1]), "-out", str(files[0])], check=True, capture_output=True)
        (folder / "tls.pem").write_text(files[0].read_text() + files[1].read_text())
    return files


def nginx(folder, upstream, tls=False):
    port = free_port()
    secure = ""
    if tls:
        cert, key = certificate(folder)
        secure = f"ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;"
    conf = folder / "nginx.conf"
    conf.write_text(
        f"daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.err;\n"
        "events { worker_connections 4096; }\n"
        f"http {{ access_log off; keepalive_requests 100000000;\n"
        f"  client_body_temp_path {folder}; proxy_temp_path {folder};\n"
        f"  upstream o {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}\n"
        f"  server {{ listen 127.0.0.1:{port}{' ssl' if tls else ''}; {secure} location / {{ proxy_pass http://o; proxy_http_version 1.1;\n"
        "    proxy_set_header Connection ''; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;\n"
        "    proxy_set_header X-Forwarded-For $remote_addr; } } }\n")
    return Server("nginx", ["nginx", "-c", str(conf), "-p", str(folder)], port, folder / "nginx.log")


def haproxy(folder, upstream, tls=False):
    port = free_port()
    if tls:
        certificate(folder)
    secure = f" ssl crt {folder / 'tls.pem'} ssl-min-ver TLSv1.2" if tls else ""
    conf = folder / "haproxy.cfg"
    conf.write_text(
        "global\n  nbthread 2\n  maxconn 4096\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        "  option http-keep-alive\n  option forwardfor\n  http-reuse always\n"
        f"frontend f\n  bind 127.0.0.1:{port}{secure}\n  default_backend b\n"
        f"backend b\n  server o 127.0.0.1:{upstream}\n")
    return Server("haproxy", ["haproxy", "-f", str(conf)], port, folder / "haproxy.log")


def caddy(folder, upstream, tls=False):
    port = free_port()
    secure = ""
    if tls:
        cert, key = certificate(folder)
        secure = f"  tls {cert} {key}\n"
    conf = folder / "Caddyfile"
    conf.write_text(
        "{\n  admin off\n  auto_https off\n  default_sni 127.0.0.1\n}\n"
        f"{'https' if tls else 'http'}://127.0.0.1:{port} {{\n{secure}  reverse_proxy 127.0.0.1:{upstream}\n}}\n")
    env = dict(os.environ, HOME=str(folder), GOMAXPROCS="2")
    return Server(
        "caddy", ["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"], port, folder / "caddy.log", env)


def envoy(folder, upstream, tls=False):
    port = free_port()
    secure = ""
    if tls:
        cert, key = certificate(folder)
        secure = f"""
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_certificates: [{{certificate_chain: {{filename: "{cert}"}}, private_key: {{filename: "{key}"}}}}]"""
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
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}{secure}
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


def gateway(folder, arguments, tls=False):
    port = free_port()
    ports = ["--http-port", "any", "--secure-port", str(port)] if tls else ["--http-port", str(port), "--secure-port", "any"]
    if tls:
        cert, key = certificate(folder)
        ports += ["--tls-cert-file", str(cert), "--tls-private-key-file", str(key)]
    return Server(
        "gateway",
        [gateway_binary(), "serve", *ports, "--admin-address", "127.0.0.1:0", "--data-dir", str(folder / "data"),
         "--log-level", "warn", *arguments],
        port, folder / "gateway.log")
