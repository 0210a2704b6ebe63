"""Where access keys are made and revoked: by a server that runs, else in its state folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from anyjob.cli.inputs import settings_for
from anyjob.outcome import Json
from anyjob_server.api.operations.list_access_keys import key_json
from anyjob_server.client.client import Client
from anyjob_server.client.errors import NoServer
from anyjob_server.client.serverfile import default_state, read_server_file
from anyjob_server.client.target import SERVER, find_target
from anyjob_server.keys import Keys
from anyjob_server.settings import ServerSettings
from anyjob_server.store.store import DATABASE_FILE, Store
from anyjob_server.trust.policy import Policy

__all__ = ["KeyDesk", "desk"]


class KeyDesk(Protocol):
    """Rows are those of ListAccessKeys."""

    def create(self, label: str, namespace: str, group: str, policy: str) -> tuple[str, str]:
        """Id and secret of a new key."""
        ...

    def list(self) -> list[dict[str, Any]]:
        """All keys."""
        ...

    def revoke(self, ident: str) -> None:
        """Refuse it from now on."""
        ...


@contextmanager
def desk(server: str | None, state: Path | None) -> Generator[KeyDesk]:
    """The one that is meant.

    Raises what `find_target` raises, NoServer for a folder that no server has used, and what opening its store raises:
    StoreInUse for a server that is just beginning or ending.
    """
    folder = state or default_state()
    named = bool(server or (state is None and os.environ.get(SERVER)))
    file = None if named else read_server_file(folder)
    if named or (file is not None and file.lives()):
        with Client(find_target(state, server=server)) as client:
            yield _ServerDesk(client)
        return
    store = _stored(folder)
    try:
        yield _FolderDesk(store)
    finally:
        store.close()


class _ServerDesk:
    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, label: str, namespace: str, group: str, policy: str) -> tuple[str, str]:
        fields: dict[str, Json] = {
            "Label": label, "KeyNamespace": namespace, "KeyGroupId": group, "Policy": policy,
        }  # fmt: skip
        made = self._client.call("CreateAccessKey", fields)
        return str(made["AccessKeyId"]), str(made["AccessKeySecret"])

    def list(self) -> list[dict[str, Any]]:
        return [*self._client.call("ListAccessKeys", {})["AccessKeys"]]

    def revoke(self, ident: str) -> None:
        self._client.call("RevokeAccessKey", {"KeyId": ident})


class _FolderDesk:
    def __init__(self, store: Store) -> None:
        self._keys = Keys(store)

    def create(self, label: str, namespace: str, group: str, policy: str) -> tuple[str, str]:
        if policy:
            Policy.read(policy, namespace, group)
        row, secret = asyncio.run(self._keys.create(label=label, namespace=namespace, group_id=group, policy=policy))
        return row.access_key_id, secret

    def list(self) -> list[dict[str, Any]]:
        return [key_json(row) for row in asyncio.run(self._keys.page())]

    def revoke(self, ident: str) -> None:
        asyncio.run(self._keys.revoke(ident))


def _stored(folder: Path) -> Store:
    database = ServerSettings.of(settings_for(None, folder)).database
    url = None if database is None else database.get_secret_value()
    if url is None and not (folder / DATABASE_FILE).exists():
        raise NoServer(folder)
    return Store.open(url, folder)
