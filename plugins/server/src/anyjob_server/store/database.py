"""What the two kinds of database have in common, and where they differ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection

__all__ = ["Database", "Fault"]


class Fault(Enum):
    """What an error of the database says of the database itself."""

    NONE = "none"
    """Nothing: the statement was wrong, or met a constraint."""
    FULL = "full"
    """There is no room."""
    BUSY = "busy"
    """Another process holds it. Nothing was done."""
    LOST = "lost"
    """The connection, or the disk, failed. Nothing is kept."""
    UNKNOWN = "unknown"
    """As LOST, but a commit was under way, and nobody can say how it ended."""


class Database(ABC):
    """One database, of one kind."""

    where: str
    """As messages name it, without a password."""
    marks_are_cheap: bool
    """Whether `mark` and `keep` cost next to nothing, or a round trip each. With SQLite each is a turn in the race with
    the loop for the interpreter."""

    @abstractmethod
    def hold(self) -> None:
        """Take it for this process until `release`. Raises StoreInUse, StoreUnusable."""

    @abstractmethod
    def release(self) -> None:
        """Let another server have it."""

    @abstractmethod
    def writer(self) -> Connection:
        """A new connection that writes. Raises StoreInUse: another server has taken the database meanwhile."""

    @abstractmethod
    def reader(self) -> Connection:
        """A new connection that reads only; may be used on any thread, by one at a time."""

    def snapshot(self, c: Connection) -> AbstractContextManager[object]:
        """Of a reader: everything that is asked within sees the same state."""
        return c.begin()

    def question(self, c: Connection) -> AbstractContextManager[object]:
        """Of a reader: for one statement, which sees one state by itself."""
        return self.snapshot(c)

    @abstractmethod
    def fault(self, error: BaseException) -> Fault:
        """What the error says."""

    @abstractmethod
    def ticket(self, c: Connection) -> str:
        """Of the transaction that runs: with it `outcome` can tell how it ended."""

    @abstractmethod
    def outcome(self, c: Connection, ticket: str) -> bool | None:
        """Whether that transaction was committed; None: nobody can know."""

    @abstractmethod
    def mark(self, c: Connection) -> None:
        """Begin a change: `undo` comes back to here."""

    @abstractmethod
    def keep(self, c: Connection) -> None:
        """The change since the mark belongs to the transaction."""

    @abstractmethod
    def undo(self, c: Connection) -> None:
        """The change since the mark is undone."""

    @property
    @abstractmethod
    def disk(self) -> Path | None:
        """A folder on the disk that must have room; None: it is not this machine's."""
