"""Which server a command speaks to, and with which key."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from anyjob.errors import BadSettings
from anyjob.problem import Problem
from anyjob_server.client.errors import KeyMissing, NoServer
from anyjob_server.client.serverfile import default_state, read_server_file

__all__ = ["DEFAULT_GROUP", "DEFAULT_NAMESPACE", "Target", "find_target", "is_loopback"]

DEFAULT_NAMESPACE: Final = "default"
DEFAULT_GROUP: Final = "default"
"""What the first start of a server makes."""

KEY, SECRET = "ANYJOB_ACCESS_KEY_ID", "ANYJOB_ACCESS_KEY_SECRET"
SERVER, CA = "ANYJOB_SERVER", "ANYJOB_SERVER_CA"
_NAMESPACE, _GROUP = "ANYJOB_NAMESPACE", "ANYJOB_GROUP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server, a key that it knows, and the app group that is meant.

    `url` has no path. `fingerprint`: SHA-256 of the certificate, where the state folder told it. `ca`: a file of
    certificates to trust in place of the usual ones. `told`: what to do when it cannot be reached. `chosen`: whether an
    option named the namespace and the group, which then count for more than what a job's file says.
    """

    url: str
    key: str
    secret: str = field(repr=False)
    namespace: str = DEFAULT_NAMESPACE
    group: str = DEFAULT_GROUP
    fingerprint: str = ""
    ca: str = ""
    told: str = ""
    chosen: frozenset[str] = frozenset()


def find_target(
    state: Path | None,
    *,
    server: str | None = None,
    namespace: str | None = None,
    group: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Target:
    """The server that options, else the environment, else the usual state folder name.

    `state` is an option too: a folder that was named has its own server and key, whatever the environment says.

    Raises NoServer, KeyMissing, BadSettings for what cannot be an address, StateUnusable for a server file that cannot
    be read.
    """
    folder = state or default_state()
    file = read_server_file(folder)
    named = server or ("" if state is not None else environment.get(SERVER, ""))
    if not named and file is None:
        raise NoServer(folder)
    url = read_url(named, "--server" if server else SERVER) if named else ""
    local = file if file is not None and url in ("", file.url) else None
    url = url or (file.url if file is not None else "")
    given: Mapping[str, str] = {} if state is not None and local is not None else environment
    key, secret = given.get(KEY, ""), given.get(SECRET, "")
    if bool(key) is not bool(secret):
        raise KeyMissing(url, KEY if secret else SECRET)
    if not key:
        if local is None:
            raise KeyMissing(url, KEY)
        key, secret = local.key, local.secret
    gone = local is not None and not named and not local.lives()
    return Target(
        url=url,
        key=key,
        secret=secret,
        namespace=namespace or environment.get(_NAMESPACE, "") or DEFAULT_NAMESPACE,
        group=group or environment.get(_GROUP, "") or DEFAULT_GROUP,
        fingerprint="" if local is None else local.fingerprint,
        ca=environment.get(CA, ""),
        told=f"The server of {folder} has ended; start it again: anyjob serve --state {folder}" if gone else "",
        chosen=frozenset(name for name, given in (("Namespace", namespace), ("GroupId", group)) if given),
    )


def read_url(text: str, field: str) -> str:
    """`http://host:port` of what somebody wrote; without a scheme http on this machine, https elsewhere.

    Raises BadSettings that names `field`.
    """
    parts = urlsplit(text if "://" in text else f"//{text}")
    try:
        port = parts.port
    except ValueError:
        port = None
    wrong = ""
    if parts.scheme not in ("", "http", "https"):
        wrong = "is no http address"
    elif not parts.hostname or parts.username is not None:
        wrong = "names no host"
    elif parts.path not in ("", "/") or parts.query or parts.fragment:
        wrong = "has more than scheme, host and port"
    elif port is None and parts.netloc.endswith(":"):
        wrong = "has no port after its colon"
    elif port is None and ":" in parts.netloc.rpartition("]")[2]:
        wrong = "has a port that is none"
    if wrong or parts.hostname is None:
        problem = Problem(field=field, value=text, remedy=f"{wrong}; write http://127.0.0.1:7780")
        raise BadSettings("The server's address", [problem])
    scheme = parts.scheme or ("http" if is_loopback(parts.hostname) else "https")
    return f"{scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
