"""A registry that refuses every image, each in its way: what a real one does only when somebody breaks it.

It runs as a pod in the node's network (`REGISTRY`): containerd asks without TLS only what it knows as `localhost`.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["PORT", "REGISTRY"]

PORT: Final = 5000

_SERVER: Final = """
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
ANSWERS = {
    "absent": (404, "MANIFEST_UNKNOWN", "manifest unknown"),
    "unauthorized": (401, "UNAUTHORIZED", "authentication required"),
    "denied": (403, "DENIED", "requested access to the resource is denied"),
    "broken": (500, "UNKNOWN", "unknown error"),
    "throttled": (429, "TOOMANYREQUESTS", "You have reached your pull rate limit"),
}
class Registry(BaseHTTPRequestHandler):
    def do_GET(self):
        status, code, message = ANSWERS.get(self.path.removeprefix("/v2/").partition("/")[0], (200, "", ""))
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
    do_HEAD = do_GET
ThreadingHTTPServer(("127.0.0.1", %d), Registry).serve_forever()
"""

REGISTRY: Final[dict[str, Any]] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "registry"},
    "spec": {
        "hostNetwork": True,
        "containers": [{"name": "main", "image": "python:test", "command": ["python3", "-c", _SERVER % PORT]}],
    },
}
