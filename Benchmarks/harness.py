"""Starts servers, loads them with wrk and reads what the kernel says they cost."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, seconds=180):
    end = time.time() + seconds
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


def tree(pid):
    """The process and all below it."""
    pids, rest = [], [pid]
    while rest:
        p = rest.pop()
        pids.append(p)
        for task in pathlib.Path(f"/proc/{p}/task").glob("*/children"):
            try:
                rest += [int(c) for c in task.read_text().split()]
            except OSError:
                pass
    return pids


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICK


def rss_mb(pids):
    total = 0
    for pid in pids:
        try:
            total += int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
        except OSError:
            pass
    return total / 1e6


class Server:
    """A server process of the benchmark."""

    def __init__(self, name, command, port, log, env=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(
            command, stdout=open(log, "w"), stderr=subprocess.STDOUT, env=env, start_new_session=True)
        wait_port(port)

    @property
    def pids(self):
        return tree(self.process.pid)

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def milliseconds(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def load(url, seconds, connections, script=None):
    """Runs wrk and gives requests, rate, p50, p99 and errors."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", str(script)]
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    if not re.search(r"^\s+50%\s+[\d.]+(us|ms|s)", out, re.M):
        raise SystemExit(f"{url} was not measured:\n{out}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"Socket errors: (.*)", out)
    return {
        "requests": int(re.search(r"(\d+) requests in", out).group(1)),
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        "p50_ms": milliseconds(re.search(r"^\s+50%\s+(\S+)", out, re.M).group(1)),
        "p99_ms": milliseconds(re.search(r"^\s+99%\s+(\S+)", out, re.M).group(1)),
        "errors": (bad.group(1) if bad else "0") + (f" ({sockets.group(1)})" if sockets else ""),
    }


def measure(server, url, seconds, connections, script=None, also=None):
    """Loads a server and adds CPU µs per request of it, and of it plus another process, and RSS."""
    load(url, 1, connections, script)
    others = also() if also else []
    before, before_also = cpu_seconds(server.pids), cpu_seconds(others)
    result = load(url, seconds, connections, script)
    own = cpu_seconds(server.pids) - before
    result["cpu_us"] = own / result["requests"] * 1e6
    if also:
        result["cpu_both_us"] = (own + cpu_seconds(others) - before_also) / result["requests"] * 1e6
    result["rss_mb"] = rss_mb(server.pids)
    return result


def median_of(runs):
    """The run in the middle by CPU per request."""
    return sorted(runs, key=lambda r: r["cpu_us"])[len(runs) // 2]


def table(title, rows, base):
    """Prints rows and their ratios to the base's CPU."""
    print(f"\n{title}")
    print(f"{'':14}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'ratio':>8}{'RSS MB':>8}  errors")
    for name, r in rows.items():
        ratio = r["cpu_us"] / rows[base]["cpu_us"] if base in rows else float("nan")
        both = f"  with plugin {r['cpu_both_us']:.1f} µs" if "cpu_both_us" in r else ""
        print(
            f"{name:14}{r['rate']:9.0f}{r['p50_ms']:9.2f}{r['p99_ms']:9.2f}{r['cpu_us']:9.1f}{ratio:8.2f}"
            f"{r['rss_mb']:8.1f}  {r['errors']}{both}")
