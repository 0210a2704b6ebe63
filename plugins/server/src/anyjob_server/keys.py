"""The access keys of a server, in memory: a request costs no query, and a revoked key is refused at once."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from anyjob.errors import BadInput
from anyjob.nearest import did_you_mean
from anyjob.problem import short
from anyjob_server.api.key import Key
from anyjob_server.store import groups, namespaces
from anyjob_server.store import keys as rows
from anyjob_server.store.errors import SealUnusable
from anyjob_server.store.keys import KeyRow
from anyjob_server.store.store import Store

__all__ = ["Keys", "NoSuchAccessKey", "NoSuchScope", "new_access_key_id", "new_secret"]

_log = logging.getLogger(__name__)
_LOCAL: Final = "local-"


def new_access_key_id() -> str:
    """A random one, letters and digits only: it stands in command lines."""
    return f"aj{secrets.token_hex(8)}"


def new_secret() -> str:
    """A random one of 160 bits, letters and digits only."""
    return secrets.token_hex(20)


class NoSuchAccessKey(BadInput):
    """A key was named that is not there, or was revoked before."""

    def __init__(self, ident: str, good: Mapping[str, str]) -> None:
        """`good`: those that may be meant, each with its label."""
        self.ident = ident
        of_label = [known for known, label in good.items() if label == ident]
        if of_label:
            some = " and ".join(of_label[:3]) + (f" and {len(of_label) - 3} more" if len(of_label) > 3 else "")
            super().__init__(f"{short(ident)!r} is the label of {some}, which still holds: name the key by its id.")
            return
        hint = did_you_mean(ident, list(good)) or "`anyjob key list` shows those that there are"
        super().__init__(f"Access key {short(ident)!r} does not exist, or was revoked before; {hint}.")


class NoSuchScope(BadInput):
    """A key was to be for a namespace, or an app group, that is not there: it could do nothing."""

    def __init__(self, field: str, value: str, known: Sequence[str], command: str) -> None:
        self.field, self.value = field, value
        hint = did_you_mean(value, known)
        make = f"`anyjob {command} create` makes one, `anyjob {command} list` shows those that there are"
        super().__init__(f'{field}: "{short(value)}" does not exist; {f"{hint} " if hint else ""}{make}')


class Keys:
    """The KeyRing of the gateway. Changes go to the store first; all on the server's loop."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        """`now`: epoch seconds."""
        self._store, self._now = store, now
        self._keys = dict[str, Key]()

    def load(self) -> None:
        """Read all of the store, before there are requests. One that was tampered with is logged, and of no use."""
        for row in self._store.read_now(rows.every):
            try:
                secret = self._store.seal.open(row.sealed_secret, row.access_key_id)
            except SealUnusable as error:
                _log.error("access key %s is refused: %s", row.access_key_id, error)
            else:
                self._keys[row.access_key_id] = _key(row, secret)

    def find(self, access_key_id: str) -> Key | None:
        """The key of this id, also a revoked one."""
        return self._keys.get(access_key_id)

    def lend(self) -> tuple[str, str]:
        """A key that stands in no store and may do everything, for commands on this machine; id and secret."""
        ident, secret = f"{_LOCAL}{secrets.token_hex(6)}", new_secret()
        self._keys[ident] = Key(access_key_id=ident, secret=secret.encode(), label="commands on the server's machine")
        return ident, secret

    async def create(
        self,
        *,
        access_key_id: str = "",
        secret: str = "",
        label: str = "",
        namespace: str = "",
        group_id: str = "",
        policy: str = "",
        names: bool = True,
    ) -> tuple[KeyRow, str]:
        """A new key, durable and good at once, and its secret. `names`: whoever asks may hear which scopes there are.

        Raises NoSuchScope, KeyTaken, StoreFull, StoreLost.
        """
        row, secret = self.make(
            access_key_id=access_key_id,
            secret=secret,
            label=label,
            namespace=namespace,
            group_id=group_id,
            policy=policy,
        )

        def insert(c: Connection) -> None:
            _refuse_scope(c, namespace, group_id, names=names)
            rows.insert(c, row)

        await self._store.write(insert)
        self.know(row, secret)
        return row, secret

    def make(
        self,
        *,
        access_key_id: str = "",
        secret: str = "",
        label: str = "",
        namespace: str = "",
        group_id: str = "",
        policy: str = "",
    ) -> tuple[KeyRow, str]:
        """The row of a key that is not stored yet, for a change of which it is a part, and its secret."""
        ident, secret = access_key_id or new_access_key_id(), secret or new_secret()
        row = KeyRow(
            access_key_id=ident,
            sealed_secret=self._store.seal.close(secret, ident),
            label=label,
            namespace=namespace,
            group_id=group_id,
            policies=policy,
            created=int(self._now() * 1000),
        )
        return row, secret

    def know(self, row: KeyRow, secret: str) -> None:
        """From now on the key is good: its row is stored."""
        self._keys[row.access_key_id] = _key(row, secret)

    async def revoke(self, access_key_id: str, reach: Callable[[KeyRow], bool] = lambda row: True) -> None:
        """It is refused from now on, durably. `reach`: which keys may be meant. Raises NoSuchAccessKey."""
        good = {row.access_key_id: row.label for row in await self.page() if row.revoked is None and reach(row)}
        at = int(self._now() * 1000)
        if access_key_id not in good or not await self._store.write(lambda c: rows.revoke(c, access_key_id, at)):
            raise NoSuchAccessKey(access_key_id, good)
        if (known := self._keys.get(access_key_id)) is not None:
            self._keys[access_key_id] = replace(known, revoked=True)

    async def page(self) -> list[KeyRow]:
        """All that are stored, the oldest first, also the revoked."""
        return await self._store.read(rows.every)


def _refuse_scope(c: Connection, namespace: str, group_id: str, *, names: bool) -> None:
    if namespace and namespaces.get(c, namespace) is None:
        known = [one.uid for one in namespaces.find(c)] if names else []
        raise NoSuchScope("KeyNamespace", namespace, known, "namespace")
    if group_id and groups.get(c, namespace, group_id) is None:
        known = [one.group_id for one in groups.find(c, namespace)] if names else []
        raise NoSuchScope("KeyGroupId", group_id, known, "group")


def _key(row: KeyRow, secret: str) -> Key:
    return Key(
        access_key_id=row.access_key_id,
        secret=secret.encode(),
        label=row.label,
        namespace=row.namespace,
        group_id=row.group_id,
        policy="" if row.policies == "[]" else row.policies,
        revoked=row.revoked is not None,
    )
