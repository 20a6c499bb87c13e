#!/usr/bin/env python3
"""Runs the same load through the gateway and its peers, on this machine, in this run. Prints tables, writes JSON."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import bridge
import large
import objects
import peers
import process
import streams
from harness import ROOT, measure, median_of, table


ALL = ["proxy", "tls", "bridge", "format", "start", "lookup", "resource", "stream", "fanout", "cycles", "large", "frames", "objects"]
PARTS = """parts, all of them when none is named:
  proxy     a 1 KiB answer of an upstream, against Envoy, nginx, HAProxy and Caddy
  tls       the same from TLS 1.3 connections
  bridge    a query, against Envoy's gRPC-JSON transcoder
  format    gateway and plugin together with frames as JSON and as Arrow
  start     time from start to ready, idle memory
  lookup    a query with 10 and with 10,000 registered services
  resource  CPU of a resource call over that of a query with the same bodies (bar: 1.15)
  stream    time from a plugin's message to its SSE client (bar: p50 under 2 ms)
  fanout    CPU with 1,000 listeners of one stream, 10 messages a second (bar: half a core)
  cycles    memory and descriptors after 10,000 and 20,000 streams were opened and closed (bar: flat)
  large     highest memory with large answers, one and many at once (bar: 1.2 times the budget beyond the base)
  frames    frames to JSON on one core, against orjson
  objects   10,000 objects: durable creates a second beside the measured fsync (bar: 300), list (bar: 150 ms), get while
            writing (bar: 1 ms), create to event with 1 and 1,000 watches (bar: 5 and 50 ms), 10,000 watches (bar: 16 KB
            each, the last within 500 ms), restart (bar: 2 s), 1,000 clients that come again at once; the same number of
            manifest files: a first start, and one with nothing changed (bar: 2 s, 3 s of CPU, no write)
"""


def proxy(folder, seconds, rounds, connections, tls=False):
    """Proxying of a 1 KiB answer, from plain or from TLS connections, to a plain origin."""
    origin = peers.origin(folder)
    runs = {}
    try:
        for _ in range(rounds):
            for name, start in (
                ("gateway", lambda: peers.gateway(folder, ["--upstream", f"http://127.0.0.1:{origin.port}"], tls)),
                ("envoy", lambda: peers.envoy(folder, origin.port, tls)),
                ("nginx", lambda: peers.nginx(folder, origin.port, tls)),
                ("haproxy", lambda: peers.haproxy(folder, origin.port, tls)),
                ("caddy", lambda: peers.caddy(folder, origin.port, tls)),
            ):
                server = start()
                try:
                    url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}/some/path?with=query"
                    runs.setdefault(name, []).append(measure(server, url, seconds, connections))
                finally:
                    server.stop()
    finally:
        origin.stop()
    return {name: median_of(results) for name, results in runs.items()}


def frames():
    """Frames to JSON on one core, and PyPI orjson writing the same columns."""
    own = subprocess.run([ROOT / ".build/release/FramesBenchmark"], capture_output=True, text=True, check=True).stdout
    python = ROOT / ".run/venv/bin/python"
    interpreter = str(python) if python.exists() else sys.executable
    other = subprocess.run(
        [interpreter, ROOT / "Benchmarks/frames_orjson.py"], capture_output=True, text=True, check=False).stdout
    print(f"\nframes, ns per row\n{own}{other}")
    return {"gateway": own, "orjson": other}


def part(folder, name):
    """A folder for one part."""
    place = folder / f"part-{name}"
    place.mkdir()
    return place


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=PARTS, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--json", default=".run/bench.json")
    parser.add_argument("what", nargs="*", default=ALL, metavar="part")
    options = parser.parse_args()
    if unknown := set(options.what) - set(ALL):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    results = {"machine": {"cores": os.cpu_count(), "kernel": platform.release()}, "time": time.strftime("%FT%TZ", time.gmtime())}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-bench."))
    try:
        if "proxy" in options.what:
            results["proxy"] = proxy(folder, options.seconds, options.rounds, options.connections)
            table("plain proxying, 1 KiB answers (ratio: CPU to Envoy's)", results["proxy"], "envoy")
        if "tls" in options.what:
            results["tls"] = proxy(folder, options.seconds, options.rounds, options.connections, tls=True)
            table("proxying from TLS 1.3 connections, 1 KiB answers (ratio: CPU to Envoy's)", results["tls"], "envoy")
        if "bridge" in options.what:
            results["bridge"] = bridge.run(folder, options.seconds, options.rounds, options.connections)
            table("query bridge against Envoy's gRPC-JSON transcoder (ratio: CPU of the proxy)", results["bridge"], "envoy")
        if "format" in options.what:
            results["format"] = bridge.formats(folder, options.seconds, options.rounds, options.connections)
            table("frame format asked for, rows per answer (ratio: CPU of the gateway)", results["format"], "json 100")
        if "start" in options.what:
            results["start"] = process.start(folder)
            print(
                f"\nstart to ready {results['start']['start_ms']:.0f} ms, idle RSS {results['start']['idle_rss_mb']:.1f} MB"
                " (without plugins)")
        if "lookup" in options.what:
            results["lookup"] = process.lookup(folder, options.seconds, options.rounds, options.connections)
            table("a query with so many registered services (ratio: CPU to that with 10)", results["lookup"], "10")
        if "resource" in options.what:
            results["resource"] = bridge.resource(
                part(folder, "resource"), options.seconds, options.rounds, options.connections)
            table("resource call and query with the same bodies (ratio: CPU to the query's)", results["resource"], "query")
        if "stream" in options.what:
            results["stream"] = streams.latency(part(folder, "stream"), options.seconds)
        if "fanout" in options.what:
            results["fanout"] = streams.fanout(part(folder, "fanout"), options.seconds)
        if "cycles" in options.what:
            results["cycles"] = streams.cycles(part(folder, "cycles"))
        if "large" in options.what:
            results["large"] = large.run(part(folder, "large"))
        if "frames" in options.what:
            results["frames"] = frames()
        if "objects" in options.what:
            results["objects"] = objects.run(part(folder, "objects"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    target = pathlib.Path(options.json)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nwritten to {target}")


if __name__ == "__main__":
    main()
