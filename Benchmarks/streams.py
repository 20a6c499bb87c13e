"""Streams to Server-Sent Events clients: latency, many listeners, and what opening and closing leaves behind."""

import os
import pathlib
import resource
import select
import socket
import time

import bridge
from harness import cpu_seconds, rss_mb


class Gateway:
    """A gateway with the echo plugin, and the path of its streams."""

    def __init__(self, folder, arguments=()):
        self.server, url = bridge.gateway(folder, arguments=arguments, types=("query", "stream"))
        self.pid = self.server.process.pid
        self.path = "/" + url.split("/", 3)[3].removesuffix("query") + "stream/"
        # Until the plugin is up.
        for _ in range(100):
            client = self.listen("clock/1000")
            head = client.recv(4096)
            client.close()
            if head.startswith(b"HTTP/1.1 200"):
                return
            time.sleep(0.1)
        raise SystemExit(f"the stream does not start: {head[:500]}")

    def listen(self, stream):
        client = socket.create_connection(("127.0.0.1", self.server.port), 10)
        client.sendall(
            f"GET {self.path}{stream} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n".encode())
        return client

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self):
        self.server.stop()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def latency(folder, seconds):
    """Milliseconds from the plugin's stamp to the client's read; one listener, 100 messages a second."""
    gateway = Gateway(folder)
    try:
        client = gateway.listen("clock/10")
        buffer, times, end = b"", [], time.time() + seconds + 1
        warm = time.time() + 1
        while time.time() < end:
            buffer += client.recv(65536)
            now = time.time_ns()
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                if line.startswith(b'data: {"t":') and time.time() > warm:
                    times.append((now - int(line[11:-1])) / 1e6)
        client.close()
    finally:
        gateway.stop()
    result = {
        "messages": len(times), "p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99), "max_ms": max(times)}
    print(
        f"\nplugin to SSE client, one listener: {result['messages']} messages, p50 {result['p50_ms']:.3f} ms, "
        f"p99 {result['p99_ms']:.3f} ms, max {result['max_ms']:.2f} ms")
    return result


def fanout(folder, seconds, listeners=1000):
    """CPU of the gateway with so many listeners of one stream with 10 messages a second."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    gateway = Gateway(folder)
    clients, poll = {}, select.epoll()
    try:
        idle_rss = rss_mb([gateway.pid])
        for _ in range(listeners):
            client = gateway.listen("clock/100")
            client.setblocking(False)
            clients[client.fileno()] = client
            poll.register(client.fileno(), select.EPOLLIN)
        counts = {"messages": 0, "dropped": 0, "closed": 0}
        tails = dict.fromkeys(clients, b"")

        def read(until):
            while (left := until - time.time()) > 0:
                for fd, _ in poll.poll(left):
                    data = clients[fd].recv(65536)
                    if not data:
                        counts["closed"] += 1
                        poll.unregister(fd)
                        continue
                    text = tails[fd] + data
                    counts["messages"] += text.count(b'"t":')
                    counts["dropped"] += text.count(b"dropped")
                    # Shorter than what is looked for, so that nothing is counted twice.
                    tails[fd] = text[-3:]

        read(time.time() + 2)
        counts.update(messages=0, dropped=0)
        before, own, began = cpu_seconds([gateway.pid]), time.process_time(), time.time()
        read(began + seconds)
        spent = time.time() - began
        result = {
            "listeners": listeners, "seconds": spent, "cores": (cpu_seconds([gateway.pid]) - before) / spent,
            "client_cores": (time.process_time() - own) / spent, "idle_rss_mb": idle_rss, "rss_mb": rss_mb([gateway.pid]),
            "expected": int(listeners * 10 * spent), **counts}
    finally:
        for client in clients.values():
            client.close()
        gateway.stop()
    print(
        f"\n{listeners} SSE listeners, 10 messages a second: {result['cores']:.3f} of a core (client {result['client_cores']:.2f}), "
        f"{result['messages']} messages delivered of about {result['expected']}, {result['dropped']} notices of drops, "
        f"{result['closed']} closed, RSS {idle_rss:.1f} to {result['rss_mb']:.1f} MB")
    return result


def cycles(folder, count=20_000):
    """RSS and descriptors of the gateway after opening and closing streams; a new stream every hundred times."""
    gateway = Gateway(folder)
    rows = {}

    def note(done):
        # The last streams linger for five seconds without listeners.
        time.sleep(7)
        rows[str(done)] = {"rss_mb": rss_mb([gateway.pid]), "descriptors": gateway.descriptors()}

    try:
        note(0)
        began = time.time()
        for number in range(1, count + 1):
            client = gateway.listen(f"clock/1000/{number // 100}")
            head = client.recv(4096)
            client.close()
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"cycle {number}: {head[:500]}")
            if number in (1_000, 10_000, count):
                note(number)
        spent = time.time() - began - 21
    finally:
        gateway.stop()
    print(f"\nstreams opened and closed, {count / spent:.0f} a second\n{'cycles':>8}{'RSS MB':>10}{'descriptors':>13}")
    for name, row in rows.items():
        print(f"{name:>8}{row['rss_mb']:10.1f}{row['descriptors']:13}")
    return rows
