"""A registry that test images can be pulled from, with a password if wanted, on an address of this machine.

Engines speak plain HTTP to a registry on 127.0.0.1, and to no other.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar, Self

from tests.grounds.images.archive import image

__all__ = ["Registry"]

_KIND = "application/vnd.docker.{}+json"
_MANIFEST = _KIND.format("distribution.manifest.v2")
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_CODES = {401: "UNAUTHORIZED", 403: "DENIED", 404: "MANIFEST_UNKNOWN", 429: "TOOMANYREQUESTS"}


class Registry:
    """Serves what `add` was given while it is entered; `user` and `password` for all of it, if there are any."""

    def __init__(self, user: str = "", password: str = "", address: str = "127.0.0.1") -> None:
        self.fault = 0
        """A status that every request gets, as 429 or 503; 0: none."""
        self.asked: list[str] = []
        """What was asked for: "GET /v2/team/tool/manifests/1 200", in that order."""
        self._wanted = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}" if user else ""
        self._manifests: dict[str, str] = {}
        self._blobs: dict[str, tuple[str, bytes]] = {}
        self._server = ThreadingHTTPServer((address, 0), type("Handler", (_Handler,), {"registry": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def host(self) -> str:
        """The first part of its images' names."""
        address, port = self._server.server_address[:2]
        return f"{address!s}:{port}"

    def add(self, name: str, tag: str) -> str:
        """Offer that test image as `name`, as "team/tool:1"; its whole name, to be pulled by."""
        repository, _, label = name.rpartition(":")
        with tarfile.open(image(tag)) as tar:

            def data(file: str) -> bytes:
                found = tar.extractfile(file)
                assert found
                return found.read()

            (only,) = json.loads(data("manifest.json"))
            config = self._put(_KIND.format("container.image.v1"), data(only["Config"]))
            layers = [self._put(_LAYER, gzip.compress(data(file), 1, mtime=0)) for file in only["Layers"]]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}
        digest = str(self._put(_MANIFEST, json.dumps(manifest).encode())["digest"])
        self._manifests |= {f"{repository}/manifests/{reference}": digest for reference in (label, digest)}
        return f"{self.host}/{name}"

    def answer(self, path: str, credentials: str) -> tuple[int, str, bytes]:
        """(status, kind, body) for a GET."""
        if self.fault:
            return self.fault, "", b""
        if self._wanted and credentials != self._wanted:
            return 401, "", b""
        if path in ("/v2", "/v2/"):
            return 200, "application/json", b"{}"
        place = path.removeprefix("/v2/")
        blob = re.search(r"/blobs/(sha256:[0-9a-f]{64})\Z", place)
        found = self._blobs.get(blob[1] if blob else self._manifests.get(place, ""))
        return (200, *found) if found else (404, "", b"")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _put(self, kind: str, data: bytes) -> dict[str, str | int]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._blobs[digest] = kind, data
        return {"mediaType": kind, "size": len(data), "digest": digest}


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[Registry]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._say(body=True)

    def do_HEAD(self) -> None:
        self._say(body=False)

    def _say(self, *, body: bool) -> None:
        status, kind, data = self.registry.answer(self.path, self.headers.get("Authorization", ""))
        if status != 200:
            code = _CODES.get(status, "UNKNOWN")
            # With a detail, as real ones: dockerd treats an error without one as a fault of the engine.
            said = {"code": code, "message": code.lower().replace("_", " "), "detail": {"path": self.path}}
            data = json.dumps({"errors": [said]}).encode()
        self.registry.asked.append(f"{self.command} {self.path} {status}")
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="the tests"')
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 200 and kind == _MANIFEST:
            self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(data).hexdigest()}")
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's word
        """Tests read `asked`."""
