"""The part of Grafana's own API that the backend `upstream` asks, as Grafana answers it.

One login (`admin:admin`, or the cookie `grafana_session=good`), two organisations, and in each the data source `db-1`.
A query with "fail" fails; with "down" the whole request does; with "odd" the answer is that text, with "stall" its body
stops in the middle (the status is None then), with "pad" it is long.
"""
import base64
import json

BASIC = "Basic " + base64.b64encode(b"admin:admin").decode()


def body(status, value):
    return status, json.dumps(value).encode() + b"\n"


def error(status, message, identifier=""):
    return body(status, {"extra": None, "message": message, "messageId": identifier, "statusCode": status, "traceID": ""})


def result(query, org):
    if "fail" in query:
        return {"error": "the data source said no", "errorSource": "downstream", "status": 400}
    fields = [{"name": "org", "type": "number", "typeInfo": {"frame": "int64"}},
              {"name": "query", "type": "string", "typeInfo": {"frame": "string"}}]
    return {"status": 200, "frames": [{
        "schema": {"refId": query["refId"], "name": "x" * query.get("pad", 0), "fields": fields},
        "data": {"values": [[org], [json.dumps(query, sort_keys=True)]]}}]}


def answer(request):
    """The status and the body for a request below /api or /metrics."""
    cookies = (request.get("cookie") or "").split("; ")
    if request.get("authorization") != BASIC and "grafana_session=good" not in cookies:
        return error(401, "Unauthorized", "auth.unauthorized")
    org = int(request.get("x-grafana-org-id") or 1)
    if org > 2:
        return body(403, {"message": "You'll need additional permissions to perform this action.", "title": "Access denied"})
    parts = request.path.strip("/").split("/")
    if parts[:3] == ["api", "ds", "query"]:
        sent = json.loads(request.body)
        if not isinstance(sent.get("from"), str) or request.method != "POST":
            return error(400, "bad request data")
        queries = sent["queries"]
        if any(q["datasource"]["uid"] != "db-1" for q in queries):
            return body(404, {"message": "Data source not found"})
        if any("down" in q for q in queries):
            return error(500, "Query data error", "ds.query")
        for query in queries:
            if "odd" in query:
                return 200, query["odd"].encode()
            if "stall" in query:
                return None, b'{"results":{'
        failed = [q for q in queries if "fail" in q]
        status = 200 if not failed else 400 if len(failed) == len(queries) else 207
        return body(status, {"results": {q["refId"]: result(q, org) for q in queries}})
    if parts[:4] == ["api", "datasources", "proxy", "uid"] or parts[:3] == ["api", "datasources", "uid"]:
        uid = parts[4] if parts[2] == "proxy" else parts[3]
        if uid not in ("db-1", "db-sick", "db-stall"):
            return body(404, {"message": "Data source not found"})
        if parts[-1] == "health" and len(parts) == 5:
            if uid == "db-stall":
                return None, b'{"status":'
            if uid == "db-sick":
                return body(400, {"status": "ERROR", "message": "no route to host", "details": {"tries": 3}})
            return body(200, {"status": "OK", "message": "1. Successfully queried.", "details": {"version": "9"}})
    elif parts[:2] == ["api", "plugins"] and parts[-1] == "health":
        return body(200, {"status": "OK", "message": "the app is well"})
    elif parts[:2] == ["metrics", "plugins"]:
        return 200, b"# TYPE up gauge\nup 1\n"
    return body(200, {"method": request.method, "target": request.target, "org": org,
                      "body": request.body.decode("latin-1"), "headers": request.headers})
