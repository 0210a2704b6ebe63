"""A change on its way to the writer, and the news of it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection

__all__ = ["Change", "tell"]


class Change:
    """A change with whoever waits for it; None: nobody does."""

    __slots__ = ("call", "error", "future", "result")

    def __init__(self, call: Callable[[Connection], Any], future: asyncio.Future[Any] | None) -> None:
        self.call, self.future = call, future
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for it."""
        return self.future is None or not self.future.cancelled()


def tell(group: Iterable[Change]) -> None:
    """Wake those who wait: once for each loop, not for each change."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Change]]] = {}
    for change in group:
        if change.future is not None:
            by_loop.setdefault(change.future.get_loop(), []).append((change.future, change))
    for loop, changes in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, changes)
        except RuntimeError:
            continue  # the loop has been closed: nobody waits


def _settle(changes: Iterable[tuple[asyncio.Future[Any], Change]]) -> None:
    for future, change in changes:
        if future.done():
            continue  # cancelled meanwhile
        if isinstance(change.error, StopIteration):
            future.set_exception(RuntimeError("the change raised StopIteration"))  # which no future takes
        elif change.error is not None:
            future.set_exception(change.error)
        else:
            future.set_result(change.result)
