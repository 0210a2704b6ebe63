"""Signed calls to one server.

Source: Alibaba Cloud API, signature V3, the headers.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from anyjob.outcome import Json
from anyjob.problem import short
from anyjob.version import VERSION
from anyjob_server.client.errors import CallFailed, NoAnswer, NotSigned, ServerLost, ServerUnreachable
from anyjob_server.client.form import parameters_of
from anyjob_server.client.signature import authorization, canonical_request, form
from anyjob_server.client.target import Target

__all__ = ["API_VERSION", "Connection", "signed_headers"]

API_VERSION: Final = "2019-04-30"
_TYPE: Final = "application/x-www-form-urlencoded"
_CONNECT, _ANSWER = 5.0, 60.0
"""Seconds for a connection, and for an answer: a server on a slow disk may take long for a durable one."""


class Connection:
    """Calls with one access key. Not to be used by several threads at once; closed by leaving the block."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._session = requests.Session()
        # Whoever set a proxy or a .netrc for the web did not mean this server.
        self._session.trust_env = False
        if target.fingerprint:
            self._session.mount("https://", _Pinned(target.fingerprint))
            self._session.verify = False  # in its place: the one certificate whose fingerprint the state folder holds
        elif target.ca:
            self._session.verify = target.ca

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def call(self, action: str, fields: Mapping[str, Json]) -> dict[str, Any]:
        """The reply's object, of which `Data` is what was asked for.

        Raises ServerUnreachable, ServerLost, NoAnswer, NotSigned for what the gateway refuses, and CallFailed or
        BadRequest for what the operation does.
        """
        url = self.target.url
        body = form(parameters_of(fields)).encode()
        headers = signed_headers(self.target, action, body, time.time(), secrets.token_hex(16))
        try:
            reply = self._session.post(
                f"{url}/", data=body, headers=headers, timeout=(_CONNECT, _ANSWER), allow_redirects=False
            )
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise ServerUnreachable(url, _why(error), self.target.told) from error
        except requests.exceptions.ConnectionError as error:
            if "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error):
                raise ServerUnreachable(url, _why(error), self.target.told) from error
            raise ServerLost(url, action, _why(error)) from error
        except requests.exceptions.RequestException as error:
            raise ServerLost(url, action, _why(error)) from error
        try:
            said: object = json.loads(reply.content)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise NoAnswer(url, action, reply.status_code)
        return _checked(url, action, reply.status_code, cast("dict[str, Any]", said))


def signed_headers(target: Target, action: str, body: bytes, now: float, nonce: str) -> dict[str, str]:
    """The headers of a POST of `body` to `/`, all of them signed. `now`: epoch seconds."""
    headers = {
        "host": urlsplit(target.url).netloc,
        "accept": "application/json",
        "content-type": _TYPE,
        "user-agent": f"anyjob/{VERSION}",
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": API_VERSION,
    }
    canonical = canonical_request("POST", {}, headers, headers["x-acs-content-sha256"])
    return {**headers, "Authorization": authorization(target.key, target.secret, headers, canonical)}


def _checked(url: str, action: str, status: int, said: dict[str, Any]) -> dict[str, Any]:
    message, request = str(said.get("Message", "")), str(said.get("RequestId", ""))
    if status != requests.codes.ok:
        raise NotSigned(url, action, str(said.get("Code", status)), message, request)
    if said.get("Success") is not True:
        code = said.get("Code")
        raise CallFailed.of(action, code if isinstance(code, int) else 500, message, request)
    return said


def _why(error: Exception) -> str:
    """The innermost reason, without the addresses of objects that the outer ones show."""
    seen: BaseException = error
    while (inner := getattr(seen, "reason", None) or seen.__cause__ or seen.__context__) and isinstance(
        inner, BaseException
    ):
        seen = inner
    text = getattr(seen, "strerror", None) or str(seen)
    if isinstance(seen, ssl.SSLError) and seen.reason == "WRONG_VERSION_NUMBER":
        return "it does not speak https: write http://"
    return short(text[:1].lower() + text[1:], 200)


class _Pinned(HTTPAdapter):
    """Connections to the one certificate, whatever names it bears: the server itself told its fingerprint."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **words: Any) -> None:
        make = cast("Callable[..., None]", super().init_poolmanager)
        make(*arguments, **words, assert_fingerprint=self._fingerprint)
