"""A registry that refuses every image, each in its way: what a real one does only when somebody breaks it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

__all__ = ["start_registry"]

_ANSWERS: Final = {
    "absent": (404, "MANIFEST_UNKNOWN", "manifest unknown"),
    "unauthorized": (401, "UNAUTHORIZED", "authentication required"),
    "denied": (403, "DENIED", "requested access to the resource is denied"),
    "broken": (500, "UNKNOWN", "unknown error"),
    "throttled": (429, "TOOMANYREQUESTS", "You have reached your pull rate limit"),
}


class _Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.removeprefix("/v2/").partition("/")[0]
        status, code, message = _ANSWERS.get(name, (200, "", ""))
        body = json.dumps({"errors": [{"code": code, "message": message}]} if code else {}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def start_registry() -> int:
    """Serves on 127.0.0.1, which containerd asks without TLS as `localhost`; gives the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port
