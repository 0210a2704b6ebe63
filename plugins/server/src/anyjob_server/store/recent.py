"""Instances as the database keeps them, in memory: those that changed last, which clients ask for again and again.

This process is the only one that writes a database, so nothing changes behind it. Belongs to the loop of the engine.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from anyjob_server.store.instances import InstanceRow
from anyjob_server.store.text import clean
from anyjob_server.store.transitions import Transition

__all__ = ["Recent"]

_KEPT: Final = 4096
"""Rows in memory, some kilobytes each at most: an outcome is the largest part."""


class Recent:
    """Told of a change only when it is durable. What it is not sure of it forgets, and the database is asked."""

    def __init__(self, most: int = _KEPT) -> None:
        """`most`: rows that are kept."""
        self._rows: OrderedDict[int, InstanceRow] = OrderedDict()
        self._most = most

    def get(self, instance: int) -> InstanceRow | None:
        """The row as the database has it; None: ask the database."""
        return self._rows.get(instance)

    def made(self, rows: Iterable[InstanceRow]) -> None:
        """These were inserted."""
        for row in rows:
            parameters, note = clean(row.parameters), clean(row.note)
            same = parameters is row.parameters and note is row.note  # nearly always; a copy costs more
            self._put(row if same else replace(row, parameters=parameters, note=note))

    def moved(self, change: Transition, *, surely: bool) -> None:
        """A transition was carried out; not `surely`: it may have been, by an earlier try or not at all."""
        row = self._rows.pop(change.id, None)
        if row is not None and surely:
            values: dict[str, Any] = {
                name: clean(value) if isinstance(value, str) else value for name, value in change.values.items()
            }
            self._put(replace(row, status=change.to, **values))

    def forget(self, gone: Iterable[int]) -> None:
        """These were dropped, or changed by something else than a transition of the engine."""
        for instance in gone:
            self._rows.pop(instance, None)

    def clear(self) -> None:
        """Any of them may have gone."""
        self._rows.clear()

    def _put(self, row: InstanceRow) -> None:
        self._rows[row.id] = row
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)
