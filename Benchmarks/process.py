"""Start, idle memory, and the cost of a lookup with few and with many services."""

import subprocess
import time

import bridge
import peers
from harness import cpu_seconds, measure, median_of, rss_mb


def start(folder, rounds=5):
    """Milliseconds from exec to the ready line, and RSS once it idles; no plugins."""
    binary = peers.gateway_binary()
    times, rss = [], 0.0
    for number in range(rounds):
        data = folder / f"start{number}"
        began = time.monotonic()
        process = subprocess.Popen(
            [binary, "serve", "--http-port", "any", "--secure-port", "any", "--admin-address", "127.0.0.1:0", "--data-dir", str(data)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in process.stdout:
            if line.startswith("ready"):
                break
        times.append((time.monotonic() - began) * 1000)
        time.sleep(0.5)
        rss = rss_mb([process.pid])
        process.terminate()
        process.wait()
    return {"start_ms": sorted(times)[len(times) // 2], "idle_rss_mb": rss}


def settle(server):
    """Waits until the server has nothing left to do: the conditions of all services are written after the start."""
    idle = 0
    for _ in range(300):
        before = cpu_seconds(server.pids)
        time.sleep(1)
        idle = idle + 1 if cpu_seconds(server.pids) - before < 0.02 else 0
        if idle == 3:
            return
    raise SystemExit("the gateway does not come to rest")


def lookup(folder, seconds, rounds, connections):
    """CPU per request of a claimed query route with 10 and with 10,000 registered services."""
    results = {}
    for count in (10, 10_000):
        place = folder / f"lookup{count}"
        place.mkdir()
        server, url = bridge.gateway(place, count)
        try:
            script = bridge.wrk_script(place, "lookup", bridge.REQUEST)
            single = bridge.OnlyParent(server)
            settle(single)
            runs = [measure(single, url, seconds, connections, script) for _ in range(rounds)]
            results[str(count)] = median_of(runs)
        finally:
            server.stop()
    return results
