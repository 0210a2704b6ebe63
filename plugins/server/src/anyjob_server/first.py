"""The first start of a server: a namespace, an app group, and a key that opens it."""

from __future__ import annotations

import base64
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from anyjob.errors import BadSettings
from anyjob.problem import Problem
from anyjob_server.client.target import DEFAULT_GROUP, DEFAULT_NAMESPACE, KEY, SECRET
from anyjob_server.keys import Keys
from anyjob_server.store import groups, namespaces
from anyjob_server.store import keys as rows
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.namespaces import NamespaceRow
from anyjob_server.store.store import Store

__all__ = ["First", "given_key", "make_first"]

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SECRET: Final = re.compile(r"[!-~]{8,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What the first start made. `secret` is empty for a key that the environment gave: its owner has it."""

    access_key_id: str
    secret: str = field(repr=False)


def given_key(environment: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """The key that the environment gives for the first start.

    Raises BadSettings for half of one, or what can be none.
    """
    ident, secret = environment.get(KEY, ""), environment.get(SECRET, "")
    if not (ident or secret):
        return None
    problems = list[Problem]()
    if not _ID.fullmatch(ident):
        remedy = "is no access key id; write 1 to 128 letters, digits, '.', '_' and '-'" if ident else "is not set"
        problems.append(Problem(field=KEY, value=ident, remedy=remedy))
    if not _SECRET.fullmatch(secret):
        remedy = "is too short, or not plain; write 8 to 256 visible ASCII characters" if secret else "is not set"
        problems.append(Problem(field=SECRET, value="", remedy=remedy))
    if problems:
        raise BadSettings("The environment", problems)
    return ident, secret


async def make_first(store: Store, keys: Keys, given: tuple[str, str] | None) -> First | None:
    """Make what a store without any key lacks, in one change; None where there has been a key.

    Raises StoreFull, StoreLost.
    """
    ident, secret = given or ("", "")
    row, secret = keys.make(access_key_id=ident, secret=secret, label="the first key")

    def make(c: Connection) -> bool:
        if rows.every(c):
            return False
        rows.insert(c, row)
        now = int(time.time() * 1000)
        if namespaces.get(c, DEFAULT_NAMESPACE) is None:
            namespaces.insert(c, NamespaceRow(uid=DEFAULT_NAMESPACE, name=DEFAULT_NAMESPACE, created=now))
        if groups.get(c, DEFAULT_NAMESPACE, DEFAULT_GROUP) is None:
            app_key = base64.b64encode(secrets.token_bytes(16)).decode()  # in the vendor's form
            group = GroupRow(
                namespace=DEFAULT_NAMESPACE,
                group_id=DEFAULT_GROUP,
                app_name=DEFAULT_GROUP,
                app_key=app_key,
                created=now,
            )
            groups.insert(c, group)
        return True

    if not await store.write(make):
        return None
    keys.know(row, secret)
    return First(access_key_id=row.access_key_id, secret="" if given else secret)
