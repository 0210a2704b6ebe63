"""The API server as the recorder talks to it: JSON as it came, and watches that hand on every version."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["Answer", "Api"]

_PLURALS: Final = {"Policy": "policies", "Class": "classes"}


class Answer(Exception):  # noqa: N818 - it is what the server said
    """An answer other than 2xx."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('reason')}: {body.get('message')}")
        self.status, self.body = status, body


class Api:
    """One user of a kubeconfig with a token."""

    def __init__(self, kubeconfig: Path, token: str | None = None) -> None:
        said = yaml.safe_load(kubeconfig.read_text())
        cluster = said["clusters"][0]["cluster"]
        self.server = cluster["server"]
        self.token = token or said["users"][0]["user"]["token"]
        self.trust = ssl.create_default_context(cafile=cluster["certificate-authority"])

    def call(self, method: str, path: str, body: object = None, kind: str = "application/json") -> Any:
        """The JSON of the answer. Raises Answer."""
        try:
            with self._open(method, path, body, kind, 30) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            said = error.read()
            try:
                answer = json.loads(said)
            except ValueError:
                answer = {"message": said.decode(errors="replace")}
            raise Answer(error.code, answer) from None

    def create(self, wanted: dict[str, Any], namespace: str = "", query: str = "") -> Any:
        """Creates any object."""
        return self.call("POST", self.path(wanted["apiVersion"], wanted["kind"], namespace) + query, wanted)

    @staticmethod
    def path(version: str, kind: str, namespace: str = "") -> str:
        """The path of a collection."""
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        plural = next((kind[: -len(end)] + more for end, more in _PLURALS.items() if kind.endswith(end)), f"{kind}s")
        return f"{root}/namespaces/{namespace}/{plural.lower()}" if namespace else f"{root}/{plural.lower()}"

    def watch(self, path: str, seen: Callable[[float, str, dict[str, Any]], None]) -> None:
        """Hands on every change from now on, from a thread, until the process ends."""
        version = self.call("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]

        def follow() -> None:
            query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=3600"
            with self._open("GET", query, None, "", 3600) as response:
                for line in response:
                    said = json.loads(line)
                    seen(time.time(), said["type"], said["object"])

        threading.Thread(target=follow, daemon=True).start()

    def _open(self, method: str, path: str, body: object, kind: str, timeout: float) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=timeout, context=self.trust)
