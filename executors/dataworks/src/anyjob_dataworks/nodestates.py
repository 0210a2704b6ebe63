"""What the run's log tells of the states of its nodes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from anyjob.run import Log
    from anyjob_dataworks.sight import Node

__all__ = ["NodeStates"]

_SOURCE: Final = "states"
_KEPT: Final = 100
"""Nodes whose state is kept for a later worker: of further ones it tells again."""


class NodeStates:
    """A line whenever a node's state is another than the one that was told of, also by an earlier worker."""

    def __init__(self, log: Log) -> None:
        self._log = log
        cursor = log.cursor(_SOURCE)
        self._told: dict[str, str] = json.loads(cursor) if cursor else {}

    def tell(self, nodes: Sequence[Node]) -> None:
        """Of these."""
        lines: list[str] = []
        for node in nodes:
            if self._told.get(str(node.id)) != node.status:
                lines.append(f"[anyjob] node {node.who}: {node.status}{f', {node.note}' if node.note else ''}\n")
                self._told.pop(str(node.id), None)
                self._told[str(node.id)] = node.status
        if lines:
            kept = dict(list(self._told.items())[-_KEPT:])
            self._log.feed("".join(lines).encode("utf-8", "replace"), _SOURCE, json.dumps(kept))
