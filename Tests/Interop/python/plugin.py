#!/usr/bin/env python3
"""A plugin that shares no code with the gateway: grpcio, pyarrow, and protobuf written by hand.

Needs the packages grpcio and pyarrow. A host starts it like any plugin; the queryType of a query chooses the answer:

  ""             one Arrow frame of three rows
  "error"        an error of that query, errorSource downstream, status 502
  "fail"         the whole call fails with an ErrorInfo detail, errorSource plugin
  "slow"         the answer comes after a minute, or never when the call is cancelled
  "big"          a frame of two million numbers
  "echo"         a frame with the context's data source uid, the format asked for and the query's JSON
  "flood"        ten million bytes on standard output and as many on standard error, then a frame
  "exit"         the process ends in the middle of the call
  "unsupported"  in chunks: says that it has none
  "broken"       in chunks: fails after the last one

Arguments: --tcp listens on 127.0.0.1 instead of a socket, --noise writes a line before the handshake.
"""

import os
import sys
import tempfile
import threading
from concurrent import futures

# The folder of the sources stays as it is.
sys.dont_write_bytecode = True

import grpc

import queries
import services
from wire import number


def serve():
    stop = threading.Event()

    def shutdown(request, context):
        stop.set()
        return b""

    def unary(handler):
        return grpc.unary_unary_rpc_method_handler(handler)

    def streaming(handler):
        return grpc.unary_stream_rpc_method_handler(handler)

    table = {
        "pluginv2.Data": {
            "QueryData": unary(queries.query_data), "QueryChunkedData": streaming(queries.query_chunked_data)},
        "pluginv2.Diagnostics": {
            "CheckHealth": unary(services.check_health), "CollectMetrics": unary(services.collect_metrics)},
        "pluginv2.Resource": {"CallResource": streaming(services.call_resource)},
        "pluginv2.Stream": {
            "RunStream": streaming(services.run_stream), "SubscribeStream": unary(services.subscribe),
            "PublishStream": unary(services.publish)},
        "pluginv2.AdmissionControl": {
            "ValidateAdmission": unary(services.validate), "MutateAdmission": unary(services.mutate)},
        "pluginv2.ResourceConversion": {"ConvertObjects": unary(services.convert)},
        "plugin.GRPCController": {"Shutdown": unary(shutdown)},
        "grpc.health.v1.Health": {"Check": unary(lambda request, context: number(1, 1))},
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(32), options=[("grpc.max_receive_message_length", -1), ("grpc.max_metadata_size", 1 << 22)])
    for name, methods in table.items():
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
    if "--noise" in sys.argv:
        print("welcome to the plugin", flush=True)
    if "--tcp" in sys.argv:
        address = "tcp|127.0.0.1:%d" % server.add_insecure_port("127.0.0.1:0")
    else:
        folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.gettempdir()
        path = os.path.join(folder, f"plugin{os.getpid()}")
        server.add_insecure_port("unix:" + path)
        address = "unix|" + path
    server.start()
    print(f"1|2|{address}|grpc", flush=True)
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
