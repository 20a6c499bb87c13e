"""All services but queries."""

import json
import sys
import threading

import pyarrow as pa

from wire import data, fields, first, number


def log(text):
    """A line as hclog writes it."""
    print(json.dumps({"@level": "info", "@message": text}), file=sys.stderr, flush=True)


def check_health(request, context):
    return number(1, 1) + data(2, "pyarrow " + pa.__version__) + data(3, '{"python":true}')


def collect_metrics(request, context):
    return data(1, data(1, "# TYPE interop_up gauge\ninterop_up 1\n"))


# Resource.

def header(name, *values):
    return data(2, data(1, name) + data(2, b"".join(data(1, value, always=True) for value in values)))


def cancelled(context, note=None):
    """Set when the call is over, which is noted in the log."""
    done = threading.Event()

    def end():
        if note:
            log(note)
        done.set()

    if not context.add_callback(end):
        end()
    return done


def call_resource(request, context):
    """Answers by path; everything else is told with its method, its path and its body."""
    request = fields(request)
    path = first(request, 2).decode()
    plain = header("Content-Type", "text/plain")
    if path == "nothing":
        return
    if path == "count":
        yield number(1, 200) + plain
        gone = cancelled(context)
        for at in range(1, 6):
            yield data(3, "%d\n" % at)
            gone.wait(0.1)
        return
    if path == "endless":
        gone = cancelled(context, "the resource call was cancelled")
        yield number(1, 200) + plain + data(3, "first\n")
        gone.wait()
        return
    if path == "headers":
        yield number(1, 201) + header("x-two", "a", "b") + header("Set-Cookie", "c=1") + header("Connection", "close") + data(3, "{}")
        return
    body = first(request, 6)
    yield number(1, 404 if path == "missing" else 200) + plain + data(3, first(request, 3) + b" " + path.encode())
    for at in range(0, len(body), 65536):
        yield data(3, body[at:at + 65536])


# Stream.

def subscribe(request, context):
    path = first(fields(request), 2)
    if path in (b"clock", b"ticks"):
        return number(1, 0) + data(2, '{"first":true}')
    return number(1, {b"chat": 0, b"secret": 2}.get(path, 1))


def run_stream(request, context):
    path = first(fields(request), 2)
    if path == b"chat":
        cancelled(context).wait()
        return
    if path == b"ticks":
        gone = cancelled(context, "the stream was cancelled")
        at = 0
        while not gone.wait(0.05):
            at += 1
            yield data(1, '{"tick":%d}' % at)
        return
    for at in range(3):
        yield data(1, '{"data":{"values":[[%d]]}}' % at)


def publish(request, context):
    request = fields(request)
    if first(request, 2) != b"chat":
        return number(1, 2)
    said = json.loads(first(request, 3))
    return data(2, json.dumps({"heard": said}))


# Admission and conversion.

def validate(request, context):
    """Refuses objects with spec.forbidden; tells the plugin context of those with spec.context."""
    wanted = json.loads(first(fields(request), 4) or b"{}")
    if (wanted.get("spec") or {}).get("context"):
        told = fields(first(fields(request), 1))
        source = "a data source" if told.get(5) else "no data source"
        return number(1, 1) + data(3, f"{first(told, 2).decode()}, {source}")
    if not (wanted.get("spec") or {}).get("forbidden"):
        return number(1, 1)
    result = data(1, "Failure") + data(2, "spec.forbidden is set") + data(3, "Forbidden") + number(4, 403)
    return data(2, result) + data(3, "think again")


def mutate(request, context):
    """Adds an annotation, with the number of the operation."""
    request = fields(request)
    wanted = first(request, 4)
    if not wanted:
        return number(1, 1)
    changed = json.loads(wanted)
    changed.setdefault("metadata", {}).setdefault("annotations", {})["operation"] = str(first(request, 2, 0))
    return number(1, 1) + data(4, json.dumps(changed))


def convert(request, context):
    """Changes apiVersion and nothing else; can't do objects of the kind Broken."""
    request = fields(request)
    target = fields(first(request, 4))
    group, version = first(target, 1).decode(), first(target, 2).decode()
    out = data(1, "a uid of its own")
    for raw in request.get(3, []):
        wanted = json.loads(first(fields(raw), 1))
        if wanted.get("kind") == "Broken":
            result = data(1, "Failure") + data(2, "Broken can't be converted") + data(3, "Invalid") + number(4, 422)
            return data(2, result)
        wanted["apiVersion"] = f"{group}/{version}" if group else version
        out += data(3, data(1, json.dumps(wanted)) + data(2, "application/json"))
    return out
