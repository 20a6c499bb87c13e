#!/usr/bin/env python3
"""An upstream for tests: plain HTTP/1 over asyncio, byte-exact, standard library only.

Prints `port N`. The path's first segment chooses what it does; `/echo` tells what came. Every request's head (and the
body of small ones) is recorded and given by `/recorded` in latin-1; `/forget` clears the record. With arguments
CERT KEY [CLIENT_CA] it speaks TLS, and asks for a certificate of that authority; with the argument `grafana` it has a
part of Grafana's API, see grafana.py; with `unix PATH` it listens on a Unix socket. `/token/NAME` is an OAuth token endpoint: it counts in the statistic `token NAME`;
with `hold` in the query it waits for `/release/NAME`, and `/asked/NAME` answers once somebody has asked.
"""
import asyncio
import base64
import json
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

import grafana

recorded = []
connections = 0
events = {}
stats = {"open": 0, "sunk": 0, "aborted": 0}


class Request:
    def __init__(self, raw, connection):
        self.raw = raw
        self.connection = connection
        lines = raw.split(b"\r\n")
        self.line = lines[0].decode("latin-1")
        self.method, self.target, self.version = self.line.split(" ")
        self.headers = []
        for line in lines[1:]:
            if line:
                name, value = line.split(b":", 1)
                self.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))
        self.body = b""
        self.trailers = []
        self.path, _, self.query = self.target.partition("?")
        # Everything is there below /grafana as well.
        if self.path.startswith("/grafana/"):
            self.path = self.path[8:]
        self.arguments = dict(part.partition("=")[::2] for part in self.query.split("&") if part)

    def get(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


def answer(status, body=b"", headers=(), reason="OK"):
    head = f"HTTP/1.1 {status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
    if not any(n.lower() in ("content-length", "transfer-encoding") for n, _ in headers):
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode("latin-1") + b"\r\n" + body


async def parts(request, reader):
    """The body, piece by piece."""
    if (request.get("transfer-encoding") or "").lower() == "chunked":
        while True:
            size = int((await reader.readline()).split(b";")[0], 16)
            if size == 0:
                break
            left = size
            while left:
                piece = await reader.read(min(left, 262144))
                if not piece:
                    raise asyncio.IncompleteReadError(b"", left)
                left -= len(piece)
                yield piece
            await reader.readexactly(2)
        while True:
            line = (await reader.readline()).rstrip(b"\r\n")
            if not line:
                break
            request.trailers.append([p.strip().decode("latin-1") for p in line.split(b":", 1)])
    else:
        left = int(request.get("content-length") or 0)
        while left:
            piece = await reader.read(min(left, 262144))
            if not piece:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(piece)
            yield piece


async def whole(request, reader):
    async for piece in parts(request, reader):
        request.body += piece
    return request.body


def is_signed(assertion, key):
    """Whether an assertion is signed with RS256 by the owner of a public key in a PEM file."""
    signed, _, signature = assertion.rpartition(".")
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.urlsafe_b64decode(signature + "=="))
        file.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-verify", key, "-signature", file.name],
                              input=signed.encode(), stdout=subprocess.DEVNULL).returncode == 0


def event(kind, name):
    return events.setdefault((kind, name), asyncio.Event())


async def token(request, name):
    """What a token endpoint answers: status, body and fields."""
    stats[f"token {name}"] = stats.get(f"token {name}", 0) + 1
    event("asked", name).set()
    arguments = {key: urllib.parse.unquote(value) for key, value in request.arguments.items()}
    if "hold" in arguments:
        await event("released", name).wait()
    if "status" in arguments:
        return int(arguments["status"]), arguments.get("body", "").encode(), [("Location", "/echo")]
    if "size" in arguments:
        return 200, b" " * int(arguments["size"]), []
    form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
    if request.method != "POST" or request.get("content-type") != "application/x-www-form-urlencoded":
        return 400, b'{"error": "invalid_request"}', []
    if form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer":
        good = is_signed(form["assertion"], arguments["key"])
    else:
        good = form["grant_type"] == "client_credentials" and form["client_id"] == "me" and form["client_secret"] == "s&cret"
    if not good:
        return 401, json.dumps({"error": "invalid_client", "error_description": str(form)}).encode(), []
    answer = {"access_token": f"{name}-{stats[f'token {name}']}", "token_type": "Bearer"}
    if "expires" in arguments:
        answer["expires_in"] = arguments["expires"] if "text" in arguments else int(arguments["expires"])
    return 200, json.dumps(answer).encode(), [("Content-Type", "application/json")]


async def serve(request, reader, writer):
    """Answers one request; returns whether the connection lives on."""
    name = request.path.strip("/").split("/")[0]
    n = int(request.arguments.get("n", "0") or 0)
    if name == "recorded":
        text = json.dumps([{"head": r.raw.decode("latin-1"), "body": r.body.decode("latin-1"),
                            "trailers": r.trailers, "connection": r.connection} for r in recorded])
        writer.write(answer(200, text.encode(), [("Content-Type", "application/json")]))
        return True
    if name == "stats":
        writer.write(answer(200, json.dumps(stats).encode()))
        return True
    if name == "forget":
        recorded.clear()
        writer.write(answer(204, headers=[("Content-Length", "0")]))
        return True
    if name in ("asked", "release"):
        place = request.path.strip("/").split("/")[1]
        if name == "asked":
            await event("asked", place).wait()
        else:
            event("released", place).set()
        writer.write(answer(200, b"ok"))
        return True
    recorded.append(request)
    if name == "sink":
        count = 0
        async for piece in parts(request, reader):
            count += len(piece)
            stats["sunk"] += len(piece)
            if "slow" in request.arguments:
                await asyncio.sleep(0.02)
        writer.write(answer(200, str(count).encode()))
        return True
    if name == "duplex":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        async for piece in parts(request, reader):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return True
    if name == "early":
        writer.write(answer(413, b"too large", [("Connection", "close")], "No"))
        await writer.drain()
        return False
    if name == "early-keep":
        writer.write(answer(403, b"no need to read that"))
        await writer.drain()
        await whole(request, reader)
        return True
    if name == "refuse-expect":
        writer.write(answer(417, b"no"))
        return True
    if name == "hang":
        stats["hanging"] = stats.get("hanging", 0) + 1
        await reader.read(1)
        stats["aborted"] += 1
        return False
    if name == "vanish":
        return False
    if request.get("expect"):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if name in ("ws", "raw-upgrade"):
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n"
                     b"X-Seen: yes\r\n\r\nhello")
        while True:
            piece = await reader.read(65536)
            if not piece or piece == b"bye":
                return False
            writer.write(piece)
            await writer.drain()
    if name == "websocket":
        # With `part` a frame is begun and never ended.
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                     + (b"\x81\x05he" if "part" in request.arguments else b"\x81\x05hello"))
        request.body = await reader.read()
        # 1001, masked.
        frame = request.body[-8:]
        if frame[:2] == b"\x88\x82" and frame[6] ^ frame[2] == 3 and frame[7] ^ frame[3] == 0xE9:
            stats["goodbyes"] = stats.get("goodbyes", 0) + 1
        return False
    if name == "events":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"9\r\ndata: 1\n\n\r\n")
        await reader.read(1)
        stats["aborted"] += 1
        return False
    await whole(request, reader)
    if name == "late":
        await asyncio.sleep(n / 1000)
        writer.write(answer(200, b"late"))
        return True
    if name == "token":
        status, body, fields = await token(request, request.path.strip("/").split("/")[1])
        writer.write(answer(status, body, fields))
        return True
    if name in ("api", "metrics") and sys.argv[1:] == ["grafana"]:
        status, text = grafana.answer(request)
        if status is None:
            writer.write(answer(500 if "health" in request.path else 200, text, [
                ("Content-Type", "application/json"), ("Content-Length", "100")]))
            await writer.drain()
            await reader.read(1)
            return False
        writer.write(answer(status, text, [("Content-Type", "application/json"), ("Set-Cookie", "grafana_session=next")]))
    elif name == "chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        for piece in (b"one", b"two", b"three"):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\nX-Sum: 11\r\nX-Remote-User: evil\r\n\r\n")
    elif name == "big":
        if "close" in request.arguments:
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n)
        block = bytes(range(256)) * 1024
        left = n
        while left:
            piece = block[:min(left, len(block))]
            writer.write(piece)
            left -= len(piece)
            await writer.drain()
        return "close" not in request.arguments
    elif name == "close-delimited":
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end")
        return False
    elif name == "cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        return False
    elif name == "cut-chunked":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n")
        return False
    elif name == "hints":
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + answer(200, b"done"))
    elif name == "redirect":
        writer.write(answer(302, b"", [("Location", request.arguments.get("to", "/elsewhere"))], "Found"))
    elif name == "status":
        body = b"" if n in (204, 304) else b"status"
        extra = [("ETag", '"x"')]
        if n == 304:
            extra.append(("Content-Length", "1234"))
        writer.write(answer(n, body, extra, "Said So"))
    elif name == "head":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4242\r\n\r\n")
    elif name == "hop":
        writer.write(answer(200, b"hop", [
            ("Connection", "close, X-Inner"), ("X-Inner", "1"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "x"),
            ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9"), ("WWW-Authenticate", "Basic")]))
        return False
    elif name == "say":
        # The answer's bytes come hex-encoded in the query.
        writer.write(bytes.fromhex(request.arguments["hex"]))
        return "keep" in request.arguments
    elif name == "slow":
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for index in range(n):
            writer.write(b"1\r\n%d\r\n" % (index % 10))
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b"0\r\n\r\n")
    else:
        text = json.dumps({"method": request.method, "target": request.target, "version": request.version,
                           "headers": request.headers, "body": request.body.decode("latin-1"),
                           "trailers": request.trailers, "connection": request.connection,
                           "client": str((writer.get_extra_info("peercert") or {}).get("subject", ""))})
        writer.write(answer(200, text.encode(), [("Content-Type", "application/json")]))
    return True


async def client(reader, writer):
    global connections
    connections += 1
    number = connections
    stats["open"] += 1
    try:
        while True:
            try:
                raw = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            request = Request(raw[:-4], number)
            alive = await serve(request, reader, writer)
            await writer.drain()
            if not alive:
                return
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        # A client, or the gateway for it, gave up in the middle.
        stats["aborted"] += 1
    finally:
        stats["open"] -= 1
        writer.close()


async def main():
    context = None
    if len(sys.argv) > 2 and sys.argv[1] != "unix":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[3] if len(sys.argv) > 3 else None)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        context.verify_mode = ssl.CERT_REQUIRED if len(sys.argv) > 3 else ssl.CERT_NONE
    if sys.argv[1:2] == ["unix"]:
        server = await asyncio.start_unix_server(client, sys.argv[2], limit=1 << 20)
        print("port 0", flush=True)
    else:
        server = await asyncio.start_server(client, "127.0.0.1", 0, limit=1 << 20, ssl=context)
        print("port", server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()

asyncio.run(main())
