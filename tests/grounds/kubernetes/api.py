"""The few requests that the ground itself makes of the API server, without a client's package."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Api", "ApiError"]

_PATCH = "application/merge-patch+json"


class ApiError(Exception):
    """An answer that is not a success."""

    def __init__(self, method: str, path: str, status: int, said: str) -> None:
        self.status = status
        super().__init__(f"{method} {path}: {status}: {said}")


class Api:
    """Requests of one user. Safe in threads: each request has its own connection."""

    def __init__(self, url: str, token: str, trusted: Path) -> None:
        self._address = urlsplit(url)
        self._token = token
        self._trusted = trusted

    def call(self, method: str, path: str, body: Any = None, *, limit: float = 10.0) -> Any:
        """What the server answers, read as JSON where it is JSON. `limit` in seconds.

        Raises:
            ApiError: Any other status than 2xx.
            OSError: The server cannot be reached.
        """
        context = ssl.create_default_context(cafile=str(self._trusted))
        line = http.client.HTTPSConnection(
            self._address.hostname or "", self._address.port, timeout=limit, context=context
        )
        try:
            headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
            if body is not None:
                headers["Content-Type"] = _PATCH if method == "PATCH" else "application/json"
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            said = answer.read().decode()
        finally:
            line.close()
        if not 200 <= answer.status < 300:
            raise ApiError(method, path, answer.status, said)
        return json.loads(said) if answer.headers.get_content_type() == "application/json" else said
