"""Runs that an earlier shim was about to start when it died. None is started twice, and none is lost if that can be known.

Only the first of them may have begun: a started run is written down before the next is touched.
"""

from __future__ import annotations

import os

from . import exits, process
from .run import Run
from .spawn import StartError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .main import Shim
    from .process import Facts


class Begun:
    """What an order for one of these runs finds: it goes on, it is over, or it is surely not begun."""

    __slots__ = ("_first", "_names", "_shim", "_tick")

    def __init__(self, shim: Shim, names: dict[str, int]) -> None:
        """`names` in their order, with the tick at which they were to be started."""
        self._shim = shim
        self._names = set(names)
        self._first, self._tick = next(iter(names.items()), ("", 0))

    def settle(self, order: dict[str, Any]) -> tuple[Run, int | None] | None:
        """A run that did begin, with its raw status if it has ended; None: start it. Raises StartError when nobody can know."""
        name = order["run"]
        if name not in self._names:
            return None
        self._names.discard(name)
        if name != self._first:
            return None
        ended = self._ended()
        alive = self._alive(name)
        if alive is not None:
            before = [line for line in ended if line["group"] == process.group_of(alive.pid) and self._grouped()]
            if before:
                return self._run(order, before[0]["pid"], before[0]["start"], before[0]["group"]), before[0]["status"]
            return self._run(order, alive.pid, alive.start, process.group_of(alive.pid)), None
        if len(ended) == 1 and self._grouped():
            return self._run(order, ended[0]["pid"], ended[0]["start"], ended[0]["group"]), ended[0]["status"]
        if not ended and self._same_keeper() and not self._strangers():
            return None
        raise StartError("unknown", ("shim", "the shim died while it started this run; whether it began is not known"))
