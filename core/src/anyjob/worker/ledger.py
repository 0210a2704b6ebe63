"""The worker's own durable state: one journal, folded by the parts that own its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from anyjob.errors import StateUnusable
from anyjob.worker.journal import Journal, read_journal

__all__ = ["COMPACT_AT", "Ledger", "LedgerPart"]

COMPACT_AT = 32 * 1024 * 1024
"""Bytes of journal after which it is rewritten with what still matters."""


class LedgerPart(Protocol):
    """Owns some kinds of lines (`m` of the line)."""

    @property
    def kinds(self) -> frozenset[str]:
        """Which lines it owns, by their `m`. No two parts own one kind."""
        ...

    def replay(self, line: Mapping[str, Any]) -> None:
        """Take one line that an earlier worker wrote."""
        ...

    def lines(self) -> Iterable[Mapping[str, Any]]:
        """The fewest lines that fold to the state as it is now."""
        ...


class Ledger:
    """Opens, replays, appends, compacts. Parts hold the state.

    A part may change itself before or after it writes: what `lines` gives is followed by the line once more, and a line
    that says what is known already changes nothing.
    """

    def __init__(self, path: Path, parts: Sequence[LedgerPart]) -> None:
        """Replays `path` into the parts and rewrites it compact. Raises StateUnusable, OSError."""
        self._parts = parts
        owner = {kind: part for part in parts for kind in part.kinds}
        for line in read_journal(path):
            part = owner.get(line["m"])
            if part is None:
                why = f"{path.name} holds a line of kind {line['m']!r}, written by a newer anyjob"
                raise StateUnusable(path.parent, why, "Install that version again.")
            part.replay(line)
        self._journal = Journal(path)
        if self._journal.size:
            self._compact()

    def write(self, line: Mapping[str, Any]) -> None:
        """Append; outlives this process on return. Raises OSError."""
        # Before, not after: most parts change themselves once their line is written, and what they hold then lacks it.
        if self._journal.size > COMPACT_AT:
            self._compact()
        self._journal.write(line)

    def _compact(self) -> None:
        self._journal.rewrite(line for part in self._parts for line in part.lines())

    def close(self) -> None:
        """Nothing can be written from now on."""
        self._journal.close()
