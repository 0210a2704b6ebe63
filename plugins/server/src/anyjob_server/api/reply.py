"""The two forms of an answer: the operation's envelope, and the gateway's error.

Sources: SchedulerX API, SDK, the envelope of replies; Alibaba Cloud API, error codes, the form of an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from pydantic_core import PydanticSerializationError, to_json

from anyjob.outcome import Json
from anyjob.problem import short
from anyjob_server.api.errors import BusinessError, GatewayError

__all__ = ["HEADERS", "business_error", "gateway_error", "raw_response", "success"]

HEADERS = [(b"content-type", b"application/json;charset=utf-8"), (b"cache-control", b"no-store")]

_slowly = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def success(request_id: str, told: Mapping[str, Json] | None, message: str = "") -> bytes:
    """Code 200. `told` stands beside the envelope's own keys: `{"Data": {...}}`, or `{"Regions": [...]}`."""
    return _json({"RequestId": request_id, "Message": message, "Code": 200, "Success": True, **(told or {})})


def business_error(request_id: str, error: BusinessError) -> bytes:
    """`Success: false`, and no Data. pop-core raises because Code is not 200; the other SDKs leave it to the caller."""
    return _json({"RequestId": request_id, "Message": error.message, "Code": error.code, "Success": False})


def gateway_error(request_id: str, error: GatewayError, host: str) -> bytes:
    """The body beside an HTTP status of 400 or above. `host` is what the client called the server."""
    told: dict[str, Json] = {
        "RequestId": request_id,
        "HostId": short(host),
        "Code": error.code,
        "Message": error.message,
        "Recommend": "",
    }
    if error.detail is not None:
        told["AccessDeniedDetail"] = dict(error.detail)
    return _json(told)


def raw_response(request_id: str, error: GatewayError) -> bytes:
    """The whole of an HTTP answer that ends its connection, for where no request could be read."""
    body = gateway_error(request_id, error, "")
    head = [b"HTTP/1.1 %d %s" % (error.status, HTTPStatus(error.status).phrase.encode())]
    head += [b"%s: %s" % header for header in HEADERS]
    head += [b"content-length: %d" % len(body), b"connection: close", b"", body]
    return b"\r\n".join(head)


def _json(told: Mapping[str, Json]) -> bytes:
    try:
        return to_json(told)
    except PydanticSerializationError:
        return _slowly(told).encode(errors="replace")  # half a surrogate pair, which UTF-8 has no bytes for
