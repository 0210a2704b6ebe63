"""The signature ACS3-HMAC-SHA256 of a request, as the vendor's newer SDKs make it.

Source: Alibaba Cloud API, signature V3, signature calculation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

__all__ = ["ALGORITHM", "authorization", "canonical_request", "form"]

ALGORITHM: Final = "ACS3-HMAC-SHA256"


def form(parameters: Mapping[str, str]) -> str:
    """`parameters` by name, encoded as a query and a form body are: UTF-8, a space as %20, only `-_.~` left as is."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(parameters.items()))


def canonical_request(method: str, query: Mapping[str, str], headers: Mapping[str, str], payload: str) -> str:
    """What is hashed. `headers`: all that are signed, names in small letters; `payload`: hex SHA-256 of the body."""
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join((method, "/", form(query), lines, _names(headers), payload))


def authorization(key: str, secret: str, headers: Mapping[str, str], canonical: str) -> str:
    """The value of the header Authorization for the canonical request of `headers`."""
    text = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key},SignedHeaders={_names(headers)},Signature={signature}"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
