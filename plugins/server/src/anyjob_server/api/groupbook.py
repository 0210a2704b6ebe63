"""App groups in memory: nearly every call names one, and they hardly ever change."""

from __future__ import annotations

from typing import Final

from anyjob_server.store import groups
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.store import Store

__all__ = ["GroupBook"]

_KEPT: Final = 10_000


class GroupBook:
    """All on the loop: what is read here is as the store has it, until somebody who changed it says `forget`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], GroupRow] = {}

    def get(self, namespace: str, group_id: str) -> GroupRow | None:
        """The one that a request names. Raises StoreLost."""
        found = self._known.get((namespace, group_id))
        if found is None:
            found = self._store.read_now(lambda c: groups.get(c, namespace, group_id))
            if found is not None:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[namespace, group_id] = found
        return found

    def forget(self) -> None:
        """Some of them may have changed, durably."""
        self._known.clear()
