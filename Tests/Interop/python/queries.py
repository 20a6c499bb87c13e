"""The service pluginv2.Data; the queryType of a query chooses the answer."""

import os
import sys
import threading

import grpc

from wire import data, fields, first, frame, number


def failure(context, code, text, source):
    entry = data(1, "errorSource") + data(2, source)
    info = data(3, entry)
    detail = data(1, "type.googleapis.com/google.rpc.ErrorInfo") + data(2, info)
    status = number(1, code.value[0]) + data(2, text) + data(3, detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status),))
    context.abort(code, text)


def flood():
    """Ten million bytes on each of both streams."""
    line = "x" * 1999 + "\n"
    for _ in range(5_000):
        sys.stdout.write(line)
        sys.stderr.write(line)
    sys.stdout.flush()
    sys.stderr.flush()


def answer(query, settings, wanted, context):
    ref_id = first(query, 1).decode()
    kind = first(query, 6).decode()
    if kind == "error":
        return data(2, "no such table") + number(4, 502) + data(5, "downstream")
    if kind == "fail":
        failure(context, grpc.StatusCode.UNKNOWN, "the plugin gave up", "plugin")
    if kind == "slow":
        done = threading.Event()
        context.add_callback(done.set)
        done.wait(60)
    if kind == "flood":
        flood()
    if kind == "exit":
        os._exit(7)
    if kind == "big":
        columns = [("value", range(2_000_000))]
    elif kind == "echo":
        columns = [
            ("uid", [first(settings, 11).decode()]), ("format", [wanted]), ("json", [first(query, 5).decode()])]
    else:
        columns = [("n", [1, 2, None]), ("s", ["a", "b\u00fc", None]), ("f", [0.5, -1e300, float("nan")])]
    return data(1, frame(columns, kind or "table", ref_id), always=True) + number(4, 200)


def query_data(request, context):
    request = fields(request)
    settings = fields(first(fields(first(request, 1)), 5))
    out = b""
    for raw in request.get(3, []):
        query = fields(raw)
        response = answer(query, settings, first(request, 4, 0), context)
        out += data(1, data(1, first(query, 1)) + data(2, response, always=True))
    return out


def unsupported(request):
    return any(first(fields(raw), 6) == b"unsupported" for raw in request.get(3, []))


def query_chunked_data(request, context):
    request = fields(request)
    if unsupported(request):
        # How SDKs say that a plugin has no chunks: neither a refId nor a frame.
        yield data(4, "not implemented") + number(5, 501)
        return
    queries = [fields(raw) for raw in request.get(3, [])]
    for query in queries:
        if first(query, 6) == b"error":
            yield data(1, first(query, 1)) + data(4, "no such table") + number(5, 502) + data(6, "downstream")
    # The chunks of all queries take turns.
    for part in range(3):
        for query in queries:
            if first(query, 6) == b"error":
                continue
            ref_id = first(query, 1)
            rows = frame([("n", [part * 2, part * 2 + 1])], "parts", ref_id.decode())
            yield data(1, ref_id) + data(2, "f") + data(3, rows)
    for query in queries:
        if first(query, 6) == b"broken":
            failure(context, grpc.StatusCode.UNKNOWN, "the plugin gave up midway", "plugin")
