#!/usr/bin/env python3
"""An HTTP server that tells what it got. Usage: server.py PORT"""
import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        text = json.dumps({
            "method": self.command, "path": self.path, "body": self.rfile.read(length).decode(),
            "user": self.headers.get("X-Remote-User"), "groups": self.headers.get_all("X-Remote-Group"),
            "custom": self.headers.get("X-Custom"),
            "credentials": [name for name in ("Authorization", "Cookie") if name in self.headers],
        }, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
    print("listening on port", server.server_port, file=sys.stderr, flush=True)
    server.serve_forever()
