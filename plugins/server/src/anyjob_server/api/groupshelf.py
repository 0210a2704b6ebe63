"""App groups that calls named lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from anyjob_server.store import groups
from anyjob_server.store.groups import GroupRow
from anyjob_server.store.store import Store

__all__ = ["GroupShelf"]

_MOST: Final = 4096
_FRESH: Final = 1.0
"""Seconds; another server of the same database may have changed one."""


class GroupShelf:
    """Nearly every call names an app group, and few are changed: looking each up would cost a call a tenth of its time.

    On the loop. What changes a group here must call `forget`.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """`clock`: seconds, from wherever."""
        self._store, self._clock = store, clock
        self._kept: dict[tuple[str, str], tuple[float, GroupRow]] = {}

    def find(self, namespace: str, group_id: str) -> GroupRow | None:
        """The one that a call names. Raises StoreLost."""
        kept, now = self._kept.get((namespace, group_id)), self._clock()
        if kept is not None and now - kept[0] < _FRESH:
            return kept[1]
        found = self._store.read_now(lambda c: groups.get(c, namespace, group_id))
        if found is None:
            self._kept.pop((namespace, group_id), None)
            return None
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[namespace, group_id] = now, found
        return found

    def forget(self, row: GroupRow) -> None:
        """It is another now, or gone."""
        self._kept.pop((row.namespace, row.group_id), None)
