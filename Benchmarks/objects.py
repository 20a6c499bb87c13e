"""Objects of the API server: writes, lists and reads, watches and what they cost, restart, clients that all come again."""

import http.client
import json
import multiprocessing
import os
import pathlib
import select
import socket
import statistics
import tempfile
import threading
import time

import peers
from harness import cpu_seconds, rss_mb

PATH = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices"


def body(number):
    """About 1 KiB; of no plugin and no backend, so that nothing but the API server has work with it."""
    return json.dumps({
        "metadata": {"name": f"o{number:05}", "labels": {"half": "ab"[number % 2]}, "annotations": {"fill": "x" * 600}},
        "spec": {"group": f"g{number}.example.org", "version": "v1", "backend": {"type": "upstream"},
                 "services": [{"type": "query"}]},
    })


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def fsync_ms(folder, rounds=50):
    """What this disk takes for a durable write of 4 KiB."""
    times = []
    with open(pathlib.Path(folder) / "fsync", "wb") as file:
        for _ in range(rounds):
            began = time.monotonic()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


class Watchers:
    """Many watches in a process of its own: counts lines, and keeps when each name was first and last seen.

    Whoever measures must not be what is measured: on one interpreter with the writers, each read waited for the others' turn.
    """

    def __init__(self, port, count, version, names=()):
        context = multiprocessing.get_context("fork")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=self.run, args=(port, count, version, list(names), end), daemon=True)
        self.process.start()
        self.pipe.recv()

    @staticmethod
    def run(port, count, version, names, pipe):
        poll, sockets, lines, places = select.epoll(), {}, {}, {}
        first, last = {}, {}
        request = f"GET {PATH}?watch=1&resourceVersion={version} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), 60)
            client.sendall(request)
            sockets[client.fileno()] = client
            lines[client.fileno()] = places[client.fileno()] = 0
        for client in sockets.values():
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("a watch was refused")
            client.setblocking(False)
            poll.register(client.fileno(), select.EPOLLIN)
        poll.register(pipe.fileno(), select.EPOLLIN)
        pipe.send(None)
        while True:
            for number, _ in poll.poll():
                if number == pipe.fileno():
                    if pipe.recv() == "stop":
                        return
                    pipe.send((sum(lines.values()), min(lines.values()), first, last))
                    continue
                try:
                    data = sockets[number].recv(65536)
                except OSError:
                    continue
                lines[number] += data.count(b'","object":{')
                # Names come in their order, so one is looked for.
                place = places[number]
                while place < len(names) and names[place] in data:
                    now = time.monotonic()
                    first.setdefault(names[place], now)
                    last[names[place]] = now
                    place = places[number] = place + 1

    def ask(self):
        """Lines of all, the fewest of one, and when each name was first and last seen."""
        self.pipe.send("ask")
        return self.pipe.recv()

    @property
    def total(self):
        return self.ask()[0]

    def stop(self):
        self.pipe.send("stop")
        self.process.join()


class Reader:
    """Gets one object again and again in a process of its own, on one connection; keeps the milliseconds."""

    def __init__(self, port, path):
        context = multiprocessing.get_context("fork")
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=self.run, args=(port, path, end), daemon=True)
        self.process.start()

    @staticmethod
    def run(port, path, pipe):
        times, client = [], http.client.HTTPConnection("127.0.0.1", port, 60)
        while not pipe.poll(0.01):
            began = time.monotonic()
            client.request("GET", path)
            client.getresponse().read()
            times.append((time.monotonic() - began) * 1000)
        pipe.send(times)

    def stop(self):
        """The milliseconds of all of them."""
        self.pipe.send("stop")
        times = self.pipe.recv()
        self.process.join()
        return times


def write(port, numbers, writers=16):
    """Creates objects with so many connections; gives the seconds and each request's milliseconds."""
    numbers, times, lock = iter(numbers), [], threading.Lock()

    def work():
        client = http.client.HTTPConnection("127.0.0.1", port, 60)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            began = time.monotonic()
            client.request("POST", PATH, body(number), {"Content-Type": "application/json"})
            answer = client.getresponse()
            answer.read()
            if answer.status != 201:
                raise SystemExit(f"a create was answered {answer.status}")
            times.append((time.monotonic() - began) * 1000)

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began, times


def get(port, path, headers=None):
    client = http.client.HTTPConnection("127.0.0.1", port, 120)
    began = time.monotonic()
    client.request("GET", path, headers=headers or {})
    answer = client.getresponse()
    data = answer.read()
    return answer.status, data, (time.monotonic() - began) * 1000


def rest(server):
    """Waits until the server has nothing left to do."""
    for _ in range(600):
        before = cpu_seconds(server.pids)
        time.sleep(0.5)
        if cpu_seconds(server.pids) - before < 0.02:
            return


def latency(port, version, count, rounds=20):
    """Milliseconds from a create to its event at the first and at the last of so many watches."""
    names = [f'"name":"late{number:03}"'.encode() for number in range(rounds)]
    watchers = Watchers(port, count, version, names)
    client = http.client.HTTPConnection("127.0.0.1", port, 60)
    sent = {}
    for number, name in enumerate(names):
        object = json.loads(body(20_000 + number))
        object["metadata"]["name"] = f"late{number:03}"
        sent[name] = time.monotonic()
        client.request("POST", PATH, json.dumps(object), {"Content-Type": "application/json"})
        client.getresponse().read()
        time.sleep(0.05)
    time.sleep(1 + count / 2_000)
    _, _, seen, done = watchers.ask()
    watchers.stop()
    for name in names:
        client.request("DELETE", f"{PATH}/{name.decode().split(chr(34))[3]}")
        client.getresponse().read()
    first = [(seen[name] - sent[name]) * 1000 for name in names if name in seen]
    last = [(done[name] - sent[name]) * 1000 for name in names if name in done]
    return percentile(first, 0.5), percentile(last, 0.5)


def storm(server, count):
    """All clients come again at once to a watch with its state: how many have it whole, were refused, got nothing."""
    peak, stop = [0.0], threading.Event()

    def observe():
        while not stop.wait(0.05):
            peak[0] = max(peak[0], rss_mb(server.pids))

    observer = threading.Thread(target=observe)
    observer.start()
    poll, clients, begun = select.epoll(), {}, time.monotonic()
    request = f"GET {PATH}?watch=1&timeoutSeconds=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", server.port), 60)
        client.sendall(request)
        client.setblocking(False)
        clients[client.fileno()] = [client, b"", 0, False]
        poll.register(client.fileno(), select.EPOLLIN)
    whole = refused = 0
    while clients and time.monotonic() - begun < 180:
        for number, _ in poll.poll(1):
            entry = clients[number]
            data = entry[0].recv(1 << 18)
            if len(entry[1]) < 16:
                entry[1] += data[:16]
            entry[2] += data.count(b'{"type":"ADDED"')
            if not data:
                refused += entry[1].startswith((b"HTTP/1.1 429", b"HTTP/1.1 503"))
                whole += entry[1].startswith(b"HTTP/1.1 200")
                entry[0].close()
                del clients[number]
    seconds = time.monotonic() - begun
    stop.set()
    observer.join()
    return {"clients": count, "whole": whole, "refused": refused, "nothing": len(clients), "seconds": seconds,
            "peak_rss_mb": peak[0]}


def manifests(folder, count):
    """A start with so many manifest files, each with one object, and one more with nothing changed."""
    files = folder / "files"
    files.mkdir(parents=True)
    for number in range(count):
        object = {"apiVersion": "aggregation.grafana.app/v0alpha1", "kind": "DataPlaneService", **json.loads(body(number))}
        (files / f"o{number:05}.yaml").write_text(json.dumps(object))
    result = {}
    for start in ("files_first", "files_again"):
        began = time.monotonic()
        server = peers.gateway(folder, ["--manifests", str(files)])
        try:
            result[f"{start}_listens_s"] = time.monotonic() - began
            while not get(server.port, f"{PATH}/o{count - 1:05}")[0] == 200 and time.monotonic() - began < 300:
                time.sleep(0.1)
            result[f"{start}_all_there_s"] = time.monotonic() - began
            rest(server)
            result[f"{start}_cpu_s"] = cpu_seconds(server.pids)
            listed = json.loads(get(server.port, PATH + "?limit=1")[1])["metadata"]
            result[f"{start}_writes"] = int(listed["resourceVersion"])
        finally:
            server.stop()
    return result


def run(folder, count=10_000, crowd=10_000):
    """All of it."""
    arguments = ["--upstream", "http://127.0.0.1:9"]
    result = {"objects": count, "fsync_ms": fsync_ms(folder)}
    server = peers.gateway(folder, arguments)
    try:
        base = rss_mb(server.pids)
        watchers = Watchers(server.port, 100, 1)
        before = cpu_seconds(server.pids)
        write(server.port, [0])
        reader = Reader(server.port, f"{PATH}/o00000")
        seconds, times = write(server.port, range(1, count))
        gets = reader.stop()
        result["create_per_s"] = (count - 1) / seconds
        result["create_p50_ms"], result["create_p99_ms"] = percentile(times, 0.5), percentile(times, 0.99)
        result["get_while_writing_p50_ms"] = percentile(gets, 0.5)
        # Each object has its create, and the writes of its conditions.
        deadline = time.monotonic() + 120
        while watchers.total < 100 * count and time.monotonic() < deadline:
            time.sleep(0.05)
        result["watch_lag_s"] = time.monotonic() - deadline + 120
        rest(server)
        result["events"] = events = watchers.total
        result["cpu_us_per_event"] = (cpu_seconds(server.pids) - before) / max(1, events) * 1e6
        watchers.stop()
        lists = [get(server.port, PATH) for _ in range(5)]
        result["list_ms"], result["list_mb"] = min(time for _, _, time in lists), len(lists[0][1]) / 1e6
        result["rss_mb"] = rss_mb(server.pids)
        result["bytes_per_object"] = (result["rss_mb"] - base) * 1e6 / count
        version = json.loads(lists[-1][1])["metadata"]["resourceVersion"]
        for number in (1, min(1_000, crowd)):
            first, last = latency(server.port, version, number)
            result[f"event_p50_ms_{number}"] = last if number > 1 else first
            version = json.loads(get(server.port, PATH + "?limit=1")[1])["metadata"]["resourceVersion"]
        rest(server)
        before = rss_mb(server.pids)
        watchers = Watchers(server.port, crowd, version, [b'"name":"o30000"'])
        time.sleep(2)
        result["kb_per_watcher"] = (rss_mb(server.pids) - before) * 1000 / crowd
        began = time.monotonic()
        write(server.port, [30_000], writers=1)
        while watchers.ask()[1] < 1 and time.monotonic() - began < 60:
            time.sleep(0.05)
        result["last_watcher_ms"] = (watchers.ask()[3].get(b'"name":"o30000"', began + 60) - began) * 1000
        watchers.stop()
        rest(server)
        result["storm"] = storm(server, min(1_000, crowd))
    finally:
        server.stop()
    began = time.monotonic()
    server = peers.gateway(folder, arguments)
    try:
        result["restart_listens_s"] = time.monotonic() - began
        rest(server)
        result["restart_cpu_s"] = cpu_seconds(server.pids)
    finally:
        server.stop()
    result.update(manifests(folder / "from-files", count))
    print("\nobjects")
    for name, value in result.items():
        print(f"  {name:26} {value if not isinstance(value, float) else round(value, 2)}")
    return result


if __name__ == "__main__":
    import sys
    numbers = [int(text) for text in sys.argv[1:]] or [10_000, 10_000]
    with tempfile.TemporaryDirectory(prefix="objects.") as name:
        run(pathlib.Path(name), *numbers)
