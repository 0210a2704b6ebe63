"""From a request to who asks for what: signature, time and nonce, in the order of what they cost.

Sources: Alibaba Cloud API, signature V3, the headers; Alibaba Cloud API, signature V2, the common parameters.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from anyjob_server.api.errors import (
    BadTimestamp,
    KeyInactive,
    KeyNotFound,
    MalformedRequest,
    MissingParameter,
    NonceUsed,
    NotForm,
    SignatureMethodRefused,
    SignatureMismatch,
    TimestampExpired,
    WrongParameter,
)
from anyjob_server.api.key import Key, KeyRing
from anyjob_server.api.nonces import WINDOW, Nonces
from anyjob_server.api.parameters import Parameters, read_pairs
from anyjob_server.api.request import WireRequest
from anyjob_server.api.signature import (
    ACS3,
    Acs3Claim,
    SignedHeaders,
    acs3_canonical,
    acs3_signature,
    acs3_text,
    v1_signature,
    v1_text,
)

__all__ = ["COMMON", "Gateway", "Signed"]

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_FORM: Final = b"application/x-www-form-urlencoded"
_LONGEST_NONCE: Final = 256
_NOTHING: Final = hashlib.sha256(b"").hexdigest()
_V1: Final = "HMAC-SHA1"

_MUST_BE_SIGNED: Final = (
    b"host",
    b"x-acs-action",
    b"x-acs-content-sha256",
    b"x-acs-date",
    b"x-acs-signature-nonce",
    b"x-acs-version",
)
COMMON: Final = frozenset(
    {
        "AccessKeyId",
        "Action",
        "Format",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureType",
        "SignatureVersion",
        "Timestamp",
        "Version",
    }
)
"""Parameters of the gateway in RPC V1, not of an operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature is right. `parameters` are the operation's own."""

    action: str
    version: str
    key: Key
    parameters: Parameters
    host: str = ""
    """What the client calls the server."""


class Gateway:
    """Checks requests. One a server, on its loop."""

    def __init__(self, keys: KeyRing, nonces: Nonces | None = None, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives epoch seconds. Without `nonces`: fresh ones, that begin now."""
        self._keys, self._clock = keys, clock
        self._nonces = nonces or Nonces(int(clock()))

    def check(self, request: WireRequest) -> Signed:
        """Who asks for what. Raises a GatewayError; only a request that is right uses up its nonce."""
        scheme, _, claim = request.text(b"authorization").partition(" ")
        if scheme == ACS3:
            return self._acs3(request, claim)
        if scheme:
            raise SignatureMethodRefused(scheme)
        if request.header(b"x-acs-bearer-token") is not None:
            raise SignatureMethodRefused("bearer token")
        return self._v1(request)

    def _acs3(self, request: WireRequest, header: str) -> Signed:
        claim = Acs3Claim.read(header)
        if claim is None:
            raise MalformedRequest("its header Authorization is not that of ACS3-HMAC-SHA256")
        key = self._key(claim.access_key_id)
        stamp, nonce = request.text(b"x-acs-date"), request.text(b"x-acs-signature-nonce")
        at, now = self._time(key, stamp, "x-acs-date"), int(self._clock())
        self._unused(key, nonce, "x-acs-signature-nonce")
        _check_signed_headers(request, claim.signed_headers)
        body_hash = hashlib.sha256(request.body).hexdigest() if request.body else _NOTHING
        query = read_pairs(request.query, "query")
        canonical = acs3_canonical(request.method, query, request.headers, claim.signed_headers, body_hash)
        text = acs3_text(canonical)
        # The header x-acs-content-sha256 need not be looked at: what is signed is the hash that was made here.
        if not hmac.compare_digest(claim.signature, acs3_signature(key.secret, text)):
            raise SignatureMismatch(text)
        self._use(key, nonce, at, now)
        # The form is read after the signature: a stranger's is not worth the time.
        given = dict(query + _form(request)) if request.body else dict(query)
        action, version = request.text(b"x-acs-action"), request.text(b"x-acs-version")
        return _signed(request, action, version, key, given)

    def _v1(self, request: WireRequest) -> Signed:
        given = dict(read_pairs(request.query, "query"))
        if "AccessKeyId" in given:
            self._key(given["AccessKeyId"])  # before the form is read; what pop-core posts has all of it in the form
        given |= dict(_form(request))
        if given.get("SignatureType") not in (None, ""):
            raise SignatureMethodRefused(given["SignatureType"])
        key = self._key(_needed(given, "AccessKeyId"))
        signature = _needed(given, "Signature")
        if (method := _needed(given, "SignatureMethod")) != _V1:
            raise SignatureMethodRefused(method)
        if (version := _needed(given, "SignatureVersion")) != "1.0":
            raise SignatureMethodRefused(f"{_V1} of version {version}")
        nonce = given.get("SignatureNonce", "")
        at, now = self._time(key, given.get("Timestamp", ""), "Timestamp"), int(self._clock())
        self._unused(key, nonce, "SignatureNonce")
        text = v1_text(request.method, ((name, value) for name, value in given.items() if name != "Signature"))
        if not hmac.compare_digest(signature.encode(), v1_signature(key.secret, text).encode()):
            raise SignatureMismatch(text)
        self._use(key, nonce, at, now)
        own = {name: value for name, value in given.items() if name not in COMMON}
        return _signed(request, _needed(given, "Action"), _needed(given, "Version"), key, own)

    def _key(self, access_key_id: str) -> Key:
        key = self._keys.find(access_key_id)
        if key is None:
            raise KeyNotFound
        if key.revoked:
            raise KeyInactive
        return key

    def _time(self, key: Key, stamp: str, name: str) -> int:
        if not stamp:
            raise MissingParameter(name)
        now, at = int(self._clock()), _epoch(stamp)
        if abs(at - now) > WINDOW or at < self._nonces.floor(key.access_key_id):
            raise TimestampExpired(stamp, time.strftime(_TIME_FORMAT, time.gmtime(now)), WINDOW)
        return at

    def _unused(self, key: Key, nonce: str, name: str) -> None:
        if not nonce:
            raise MissingParameter(name)
        if len(nonce) > _LONGEST_NONCE:
            raise WrongParameter(name, nonce, f"has more than {_LONGEST_NONCE} characters")
        if self._nonces.used(key.access_key_id, nonce):
            raise NonceUsed

    def _use(self, key: Key, nonce: str, at: int, now: int) -> None:
        if not self._nonces.add(key.access_key_id, nonce, at, now):
            raise NonceUsed


def _form(request: WireRequest) -> list[tuple[str, str]]:
    if not request.body:
        return []
    kind = request.header(b"content-type") or b""
    if kind.partition(b";")[0].strip().lower() != _FORM:
        raise NotForm(kind.decode("latin-1"))
    return read_pairs(request.body, "form")


def _check_signed_headers(request: WireRequest, signed: SignedHeaders) -> None:
    """What is not signed could be changed on the way: all that the request means must be."""
    if signed.repeated:
        raise MalformedRequest("its SignedHeaders name a header twice")
    present = [name for name, _ in request.headers if name == b"host" or name.startswith(b"x-acs-")]
    if len(present) != len(set(present)):
        raise MalformedRequest("it has a header of the signature twice")
    for name in (*_MUST_BE_SIGNED, *present):
        if name not in signed.known:
            raise MalformedRequest(f"its signature does not cover the header {name.decode('latin-1')}")


def _signed(request: WireRequest, action: str, version: str, key: Key, own: dict[str, str]) -> Signed:
    return Signed(action=action, version=version, key=key, parameters=Parameters(own), host=request.text(b"host"))


def _needed(given: dict[str, str], name: str) -> str:
    value = given.get(name)
    if not value:
        raise MissingParameter(name)
    return value


@lru_cache(maxsize=1024)
def _epoch(stamp: str) -> int:
    """Epoch seconds of a time as the API writes it."""
    if not _TIME.fullmatch(stamp):
        raise BadTimestamp(stamp)
    try:
        return timegm(time.strptime(stamp, _TIME_FORMAT))
    except ValueError:
        raise BadTimestamp(stamp) from None
