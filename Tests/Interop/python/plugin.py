#!/usr/bin/env python3
"""A plugin that shares no code with the gateway: grpcio, pyarrow, and protobuf written by hand.

Needs the packages grpcio and pyarrow. A host starts it like any plugin; the queryType of a query chooses the answer:

  ""          one Arrow frame of three rows
  "error"     an error of that query, errorSource downstream, status 502
  "fail"      the whole call fails with an ErrorInfo detail, errorSource plugin
  "slow"      the answer comes after a minute, or never when the call is cancelled
  "big"       a frame of two million numbers
  "echo"      a frame with the context's data source uid, the format asked for and the query's JSON
  "exit"      the process ends in the middle of the call
"""

import io
import os
import sys
import tempfile
import threading
from concurrent import futures

import grpc
import pyarrow as pa


# The wire format.

def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        low = value & 0x7F
        value >>= 7
        if value == 0:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def data(field, value, always=False):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value or always else b""


def read_varint(buffer, at):
    value = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(buffer):
    """Field number to the list of its values, ints or bytes."""
    found = {}
    at = 0
    while at < len(buffer):
        key, at = read_varint(buffer, at)
        if key & 7 == 0:
            value, at = read_varint(buffer, at)
        elif key & 7 == 2:
            size, at = read_varint(buffer, at)
            value = buffer[at:at + size]
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")
        found.setdefault(key >> 3, []).append(value)
    return found


def first(message, field, default=b""):
    return message.get(field, [default])[-1]


# Frames.

def frame(columns, name="", ref_id=""):
    arrays = [pa.array(values) for _, values in columns]
    schema = pa.schema(
        [pa.field(title, array.type, metadata={"name": title}) for (title, _), array in zip(columns, arrays)],
        metadata={"name": name, "refId": ref_id})
    out = io.BytesIO()
    with pa.ipc.new_file(out, schema) as writer:
        batch = pa.record_batch(arrays, schema=schema)
        if batch.num_rows:
            writer.write_batch(batch)
    return out.getvalue()


# Services.

def failure(context, code, text, source):
    entry = data(1, "errorSource") + data(2, source)
    info = data(3, entry)
    detail = data(1, "type.googleapis.com/google.rpc.ErrorInfo") + data(2, info)
    status = number(1, code.value[0]) + data(2, text) + data(3, detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status),))
    context.abort(code, text)


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


def check_health(request, context):
    return number(1, 1) + data(2, "pyarrow " + pa.__version__) + data(3, '{"python":true}')


def call_resource(request, context):
    request = fields(request)
    path = first(request, 2).decode()
    body = first(request, 6)
    header = data(1, "Content-Type") + data(2, data(1, "text/plain"))
    yield number(1, 404 if path == "missing" else 200) + data(2, header) + data(3, first(request, 3) + b" " + path.encode())
    for at in range(0, len(body), 65536):
        yield data(3, body[at:at + 65536])


def run_stream(request, context):
    for at in range(3):
        yield data(1, '{"data":{"values":[[%d]]}}' % at)


def subscribe(request, context):
    return number(1, 0 if first(fields(request), 2) == b"clock" else 1)


def serve():
    stop = threading.Event()

    def shutdown(request, context):
        stop.set()
        return b""

    def unary(handler):
        return grpc.unary_unary_rpc_method_handler(handler)

    def streaming(handler):
        return grpc.unary_stream_rpc_method_handler(handler)

    services = {
        "pluginv2.Data": {"QueryData": unary(query_data)},
        "pluginv2.Diagnostics": {"CheckHealth": unary(check_health)},
        "pluginv2.Resource": {"CallResource": streaming(call_resource)},
        "pluginv2.Stream": {"RunStream": streaming(run_stream), "SubscribeStream": unary(subscribe)},
        "plugin.GRPCController": {"Shutdown": unary(shutdown)},
        "grpc.health.v1.Health": {"Check": unary(lambda request, context: number(1, 1))},
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1), ("grpc.max_metadata_size", 1 << 22)])
    for name, methods in services.items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.gettempdir()
    path = os.path.join(folder, f"plugin{os.getpid()}")
    server.add_insecure_port("unix:" + path)
    server.start()
    print(f"1|2|unix|{path}|grpc", flush=True)
    print('{"@level":"info","@message":"python plugin is up","@timestamp":"2026-01-01T00:00:00.000000Z","pid":%d}'
          % os.getpid(), file=sys.stderr, flush=True)
    host = os.getppid()
    while not stop.wait(1):
        if os.getppid() != host:
            break
    server.stop(0.2).wait()


if __name__ == "__main__":
    if os.environ.get("grafana_plugin_type") != "datasource":
        print("This binary is a plugin. Start it through a plugin host.", file=sys.stderr)
        sys.exit(1)
    serve()
