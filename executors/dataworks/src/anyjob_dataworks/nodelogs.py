"""The logs of a flow's nodes: pulled as they grow, fed to the run's log, no byte twice.

The API gives the whole log of a node each time, and no part of it. So what is new is told by length, and by a check
sum over the bytes before: a log that was begun anew is noticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final
from zlib import crc32

from anyjob_dataworks.faults import CallFault
from anyjob_dataworks.sight import Phase

if TYPE_CHECKING:
    from anyjob.run import Log
    from anyjob_dataworks.api import Api, Ask
    from anyjob_dataworks.plan import Plan
    from anyjob_dataworks.sight import Node

__all__ = ["NodeLogs", "Piece"]

_STEP: Final = 1 << 18
_CHECKED: Final = 256
_SLOW: Final = 1 << 20
"""Bytes of a log for which a second passes before it is pulled again: each pull costs them all."""
_TAIL: Final = 4096
_CUT: Final = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one pull gave of a node's log: all of it, in bytes, of which those before `start` were fed already."""

    node: Node
    data: bytes
    start: int
    anew: bool
    cut: bool
    fault: str = ""


class NodeLogs:
    """Of one run. `fed` and `due` are used on the loop, `pull` in a thread."""

    def __init__(self, api: Api, plan: Plan, log: Log, most: int) -> None:
        """`most`: bytes of a node's log that are fed."""
        self._api, self._plan, self._log, self._most = api, plan, log, most
        self._next: dict[int, float] = {}
        self._ended: set[str] = set()
        self.tails: dict[int, str] = {}
        """The end of each node's log, for people."""
        self.faults: dict[int, str] = {}
        """Nodes whose log could not be read when it was last tried."""

    def due(self, nodes: Sequence[Node]) -> list[tuple[Node, str | None]]:
        """Nodes whose log may have grown, each with how far it was read."""
        found: list[tuple[Node, str | None]] = []
        for node in nodes:
            source = _source(node)
            if node.phase is Phase.WAITING or source in self._ended:
                continue
            if node.phase is Phase.RUNNING and monotonic() < self._next.get(node.id, 0.0):
                continue
            found.append((node, self._log.cursor(source)))
        return found

    def pull(self, ask: Ask, wanted: Sequence[tuple[Node, str | None]]) -> list[Piece]:
        """What there is of them. A log that cannot be read does not keep the others back."""
        return [self._pulled(ask, node, cursor) for node, cursor in wanted]

    def _pulled(self, ask: Ask, node: Node, cursor: str | None) -> Piece:
        size, check, cut = _read(cursor)
        if cut:
            return Piece(node=node, data=b"", start=0, anew=False, cut=False)
        operation = self._api.log(self._plan, node)
        try:
            answer = ask(operation)
        except CallFault as fault:
            return Piece(node=node, data=b"", start=0, anew=False, cut=False, fault=str(fault))
        whole = answer.text(operation.text).encode("utf-8", "surrogatepass")
        data = whole[: self._most]
        anew = size > len(data) or _check(data, size) != check
        return Piece(
            node=node, data=data, start=0 if anew else size, anew=anew and size > 0, cut=answer.cut or data != whole
        )

    async def feed(self, pieces: Sequence[Piece]) -> None:
        """Append what is new, in steps that do not hold up other runs."""
        for piece in pieces:
            node = piece.node
            source = _source(node)
            if piece.fault:
                self.faults[node.id] = piece.fault
                continue
            self.faults.pop(node.id, None)
            if piece.anew:
                # A cursor of the new log, so that this line is not written again by whoever comes next.
                self._log.feed(f"[anyjob] the log of node {node.who} begins anew\n".encode(), source, _cursor(b"", 0))
            for at in range(piece.start, len(piece.data), _STEP):
                end = min(at + _STEP, len(piece.data))
                self._log.feed(piece.data[at:end], source, _cursor(piece.data, end))
                await asyncio.sleep(0)
            if piece.cut:
                mark = f"\n[anyjob] the log of node {node.who} goes on beyond [executors.dataworks] log, unread\n"
                self._log.feed(mark.encode(), source, f"{_cursor(piece.data, len(piece.data))}:{_CUT}")
            if piece.data:
                self.tails[node.id] = piece.data[-_TAIL:].decode(errors="replace")
            self._next[node.id] = monotonic() + len(piece.data) / _SLOW
            if node.phase.over:
                self._ended.add(source)

    def more(self, nodes: Sequence[Node]) -> None:
        """Pull the logs of these once more: the end of a log may come after that of its node."""
        self._ended -= {_source(node) for node in nodes}


def _source(node: Node) -> str:
    return f"node.{node.id}.{node.run}"


def _check(data: bytes, size: int) -> int:
    return crc32(data[max(0, size - _CHECKED) : size])


def _cursor(data: bytes, size: int) -> str:
    return f"{size}:{_check(data, size)}"


def _read(cursor: str | None) -> tuple[int, int, bool]:
    """Bytes that were fed, the check sum at their end, and whether no more are to be."""
    if cursor is None:
        return 0, 0, False
    size, check, *rest = cursor.split(":")
    return int(size), int(check), rest == [_CUT]
