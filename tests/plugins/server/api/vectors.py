"""The recorded requests of the vendor's clients, as the gateway gets them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from anyjob_server.api.gateway import Gateway
from anyjob_server.api.key import Key
from anyjob_server.api.nonces import Nonces
from anyjob_server.api.request import WireRequest

WIRE = Path(__file__).with_name("wire")
ID, SECRET = "fake-access-key-id", "fake-access-key-secret"


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One recorded request: what went over the wire, and what it says."""

    name: str
    action: str
    request: WireRequest
    query: dict[str, str]
    form: dict[str, str]
    at: int
    text: str
    signature: str


class Ring:
    """Keys for the gateway."""

    def __init__(self, *keys: Key) -> None:
        self.keys = {key.access_key_id: key for key in keys}

    def find(self, access_key_id: str) -> Key | None:
        return self.keys.get(access_key_id)


def gateway(at: float, *, secret: str = SECRET, start: int = 0, revoked: bool = False) -> Gateway:
    """A gateway that knows the recorded key, its clock standing at `at`."""
    ring = Ring(Key(access_key_id=ID, secret=secret.encode(), revoked=revoked))
    return Gateway(ring, Nonces(start), clock=lambda: at)


def _vector(told: dict[str, Any]) -> Vector:
    headers = [(name.lower().encode(), value.encode()) for name, value in told["headers"]]
    stamp = told["decoded_query"].get("Timestamp") or told["decoded_form"].get("Timestamp")
    stamp = stamp or dict(headers)[b"x-acs-date"].decode()
    return Vector(
        name=told["name"],
        action=told["action"],
        request=WireRequest(
            method=told["method"], query=told["raw_query"].encode(), headers=headers, body=told["body"].encode()
        ),
        query=told["decoded_query"],
        form=told["decoded_form"],
        at=int(datetime.fromisoformat(stamp).timestamp()),
        text=told["signature"]["string_to_sign"],
        signature=told["signature"]["expected"],
    )


VECTORS = [_vector(told) for told in json.loads((WIRE / "signature-vectors.json").read_text())["vectors"]]
