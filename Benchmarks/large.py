"""Large answers against a memory budget of 256 MiB: the gateway's highest RSS, and who is served."""

import collections
import json
import pathlib
import socket
import threading
import time

import bridge
from harness import rss_mb

BUDGET = 256 << 20
WAYS = {
    "resource, one message": ("GET", "resources/message/{}", None, "*/*"),
    "resource, pieces of 1 MiB": ("GET", "resources/pieces/{}", None, "*/*"),
    "query as JSON": ("POST", "query", "text:{}", "application/json"),
    "query as Arrow": ("POST", "query", "text:{}", "application/vnd.apache.arrow.file"),
}


def request(path, way, mebibytes):
    method, target, kind, accept = WAYS[way]
    body = json.dumps(
        dict(bridge.REQUEST, queries=[dict(bridge.QUERY, queryType=kind.format(mebibytes))])) if kind else ""
    return (f"{method} {path}{target.format(mebibytes)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
            f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def fetch(port, data, slow, seen):
    """Reads an answer to its end, at 20 MB a second when slow; notes status and bytes."""
    client = socket.create_connection(("127.0.0.1", port), 120)
    client.sendall(data)
    buffer, size, status = bytearray(1 << 20), 0, None
    while count := client.recv_into(buffer, 0):
        if status is None:
            status = bytes(buffer[9:12]).decode()
        size += count
        if slow:
            time.sleep(count / 20e6)
    client.close()
    seen.append((status, size))


def highest(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def run(folder):
    results = {}
    print(f"\nlarge answers, plugin-memory-limit {BUDGET / 1e6:.0f} MB; RSS in MB")
    print(f"{'':44}{'before':>8}{'highest':>9}{'after 30 s':>12}{'seconds':>9}  answers")
    for way in WAYS:
        for clients, mebibytes, slow in ((1, 190, False), (12, 190, False), (12, 50, False), (12, 50, True), (1, 400, False)):
            place = folder / f"large{len(results)}"
            place.mkdir()
            server, url = bridge.gateway(
                place, arguments=["--plugin-memory-limit", str(BUDGET)], types=("query", "resource"))
            try:
                pid, path = server.process.pid, "/" + url.split("/", 3)[3].removesuffix("query")
                while True:
                    seen = []
                    fetch(server.port, request(path, way, 1), False, seen)
                    if seen[0][0] == "200":
                        break
                    time.sleep(0.1)
                time.sleep(2)
                before = rss_mb([pid])
                # The highest mark starts anew from here.
                pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
                seen, began, data = [], time.time(), request(path, way, mebibytes)
                threads = [
                    threading.Thread(target=fetch, args=(server.port, data, slow, seen)) for _ in range(clients)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                seconds, peak = time.time() - began, highest(pid)
                after, end = rss_mb([pid]), time.time() + 30
                while after > before * 1.1 and time.time() < end:
                    time.sleep(0.5)
                    after = rss_mb([pid])
            finally:
                server.stop()
            whole = sum(1 for status, size in seen if status == "200" and size >= mebibytes << 20)
            counts = collections.Counter(status for status, _ in seen)
            name = f"{way}, {clients} x {mebibytes} MiB{' slowly' if slow else ''}"
            results[name] = {
                "before_mb": before, "highest_mb": peak, "after_mb": after, "seconds": seconds, "statuses": counts,
                "whole": whole}
            print(
                f"{name:44}{before:8.1f}{peak:9.1f}{after:12.1f}{seconds:9.2f}  "
                + ", ".join(f"{count} x {status}" for status, count in sorted(counts.items())) + f", {whole} whole")
    return results
