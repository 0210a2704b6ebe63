"""Every version of every object, as a watch of the API server tells it."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.grounds.kubernetes.cluster import Cluster

__all__ = ["follow"]


def follow(cluster: Cluster, path: str, token: str, seen: Callable[[float, str, dict[str, Any]], None]) -> None:
    """Hand on every change of a collection from now on, from a thread, until the process ends."""
    version = cluster.api.call("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
    where = urlsplit(cluster.pod_api_url)
    trust = ssl.create_default_context(cafile=str(cluster.dir / "pki/apiserver.crt"))
    line = http.client.HTTPSConnection(where.hostname or "", where.port, context=trust)
    query = f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=3600"
    line.request("GET", query, headers={"Authorization": f"Bearer {token}"})
    answer = line.getresponse()

    def read() -> None:
        for said in answer:
            told = json.loads(said)
            seen(time.time(), told["type"], told["object"])

    threading.Thread(target=read, daemon=True).start()
