"""A client of our own: it signs as the SDKs do, so that a test can also sign what no SDK would send."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

__all__ = ["Signer"]


def pe(text: str) -> str:
    return quote(text, safe="~")


def form(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs.items())


def canonical(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{pe(name)}={pe(value)}" for name, value in sorted(pairs.items()))


@dataclass(kw_only=True)
class Signer:
    """Whole HTTP/1.1 requests, as bytes."""

    key_id: str
    secret: str = field(repr=False)
    host: str = "127.0.0.1"
    version: str = "2019-04-30"

    def v1(self, action: str, parameters: Mapping[str, str], *, method: str = "POST", at: float | None = None) -> bytes:
        """RPC V1: what the old cores send, everything of the gateway in the query and the rest in the form."""
        common = {
            "Action": action,
            "Version": self.version,
            "Format": "JSON",
            "Timestamp": stamp(at),
            "SignatureMethod": "HMAC-SHA1",
            "SignatureType": "",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "AccessKeyId": self.key_id,
        }
        text = f"{method}&%2F&{pe(canonical({**common, **parameters}))}"
        digest = hmac.digest(f"{self.secret}&".encode(), text.encode(), "sha1")
        common["Signature"] = b64encode(digest).decode()
        query = form(common if method == "POST" else {**common, **parameters})
        return self._request(method, query, {}, form(parameters) if method == "POST" else "")

    def acs3(
        self, action: str, parameters: Mapping[str, str], *, method: str = "POST", at: float | None = None
    ) -> bytes:
        """ACS3-HMAC-SHA256: what Tea sends."""
        query: Mapping[str, str] = {} if method == "POST" else parameters
        body = form(parameters) if method == "POST" else ""
        digest = hashlib.sha256(body.encode()).hexdigest()
        headers = {
            "host": self.host,
            "x-acs-action": action,
            "x-acs-content-sha256": digest,
            "x-acs-date": stamp(at),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-version": self.version,
        }
        if body:
            headers["content-type"] = "application/x-www-form-urlencoded"
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        text = "\n".join([method, "/", canonical(query), lines, names, digest])
        hashed = hashlib.sha256(text.encode()).hexdigest()
        said = hmac.digest(self.secret.encode(), f"ACS3-HMAC-SHA256\n{hashed}".encode(), "sha256").hex()
        headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={self.key_id},SignedHeaders={names},Signature={said}"
        return self._request(method, form(query), headers, body)

    def _request(self, method: str, query: str, headers: Mapping[str, str], body: str) -> bytes:
        told = {"host": self.host, **headers}
        if method == "POST":
            told |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body.encode()))}
        head = f"{method} /?{query} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return f"{head}\r\n{body}".encode()


def stamp(at: float | None) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() if at is None else at))
