"""The signature ACS3-HMAC-SHA256 of Alibaba Cloud's gateway, version 3.

Source: Alibaba Cloud API, signature V3, signature calculation.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from anyjob_dataworks.credentials import Credentials

__all__ = ["ALGORITHM", "TIME_FORMAT", "canonical_query", "form", "signature", "signed_headers"]

ALGORITHM: Final = "ACS3-HMAC-SHA256"
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def canonical_query(pairs: Mapping[str, str]) -> str:
    """Sorted and encoded as it is signed; also fit for the wire."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(pairs.items()))


def form(pairs: Mapping[str, str]) -> bytes:
    """The body of a POST."""
    return canonical_query(pairs).encode()


def signature(method: str, query: Mapping[str, str], headers: Mapping[str, str], body_hash: str, secret: str) -> str:
    """Of a request to `/`. `headers`: those that are signed, by names in lower case. `body_hash`: hex SHA-256."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = "\n".join([method, "/", canonical_query(query), lines, ";".join(names), body_hash])
    text = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_headers(
    method: str,
    host: str,
    operation: tuple[str, str],
    query: Mapping[str, str],
    body: bytes,
    key: Credentials,
    *,
    at: float,
    nonce: str,
) -> dict[str, str]:
    """Every header of a request. `operation`: its name and the API's version; `at`: epoch seconds; `nonce`: a text that
    no other request has."""
    body_hash = hashlib.sha256(body).hexdigest()
    headers = {
        "accept": "application/json",
        "host": host,
        "x-acs-action": operation[0],
        "x-acs-content-sha256": body_hash,
        "x-acs-date": time.strftime(TIME_FORMAT, time.gmtime(at)),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": operation[1],
    }
    if body:
        headers["content-type"] = "application/x-www-form-urlencoded"
    if key.token:
        headers |= {"x-acs-accesskey-id": key.id, "x-acs-security-token": key.token}
    said = signature(method, query, headers, body_hash, key.secret)
    names = ";".join(sorted(headers))
    return headers | {"authorization": f"{ALGORITHM} Credential={key.id},SignedHeaders={names},Signature={said}"}
