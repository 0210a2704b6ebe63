"""How a run proves itself to a registry.

Source: Docker Engine API, X-Registry-Auth.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, cast

from anyjob.problem import Problem

__all__ = ["read_credentials"]

_LEGAL = 'write USER:PASSWORD, {"username": ..., "password": ...}, or the "auths" of a config.json'


def read_credentials(secret: str, name: str, domain: str) -> Mapping[str, str] | Problem:
    """What the secret `name` says for the registry `domain`. The Problem never holds the secret."""
    text = secret.strip()
    if text.startswith("{"):
        try:
            said = cast("dict[str, Any]", json.loads(text))
        except ValueError:
            return _wrong(name, "is no JSON")
        if isinstance(said.get("auths"), dict):
            return _of_config(said["auths"], name, domain)
        found = {key: value for key in _KEYS if isinstance(value := said.get(key), str)}
        if ("username" in found and "password" in found) or "identitytoken" in found or "registrytoken" in found:
            return found
        return _wrong(name, "has neither username and password nor identitytoken")
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        return _wrong(name, "holds no user and password")
    return {"username": user, "password": password}


_KEYS = ("username", "password", "identitytoken", "registrytoken", "serveraddress")


def _of_config(auths: Mapping[str, Any], name: str, domain: str) -> Mapping[str, str] | Problem:
    for server, entry in auths.items():
        host = server.split("://", 1)[-1].split("/", 1)[0]
        if {host, domain} <= {"docker.io", "index.docker.io", "registry-1.docker.io"} or host == domain:
            try:
                text = base64.b64decode(str(entry["auth"]), validate=True).decode()
                user, colon, password = text.partition(":")
            except (KeyError, TypeError, ValueError, binascii.Error):
                return _wrong(name, f"has no auth for {server} that can be read")
            if not (user and colon and password):
                return _wrong(name, f"has no auth for {server} that can be read")
            return {"username": user, "password": password, "serveraddress": server}
    return _wrong(name, f"has no entry for {domain}")


def _wrong(name: str, what: str) -> Problem:
    return Problem(field="XAttrs.registrySecret", value=name, remedy=f"{what}; {_LEGAL} into the secret")
