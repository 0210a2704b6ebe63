"""A statement, built with SQLAlchemy, compiled once for each kind of database, and run on the driver itself.

SQLAlchemy's own execution costs 50 to 180 us a statement; the hot paths of a server run thousands a second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Insert, Select, Table, bindparam, insert
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

from anyjob_server.store.errors import StoreError
from anyjob_server.store.text import clean

__all__ = ["ByIds", "Conflict", "Fields", "Statement", "inserting"]

Fields: TypeAlias = Mapping[str, object]
"""Parameters of a statement by name, or a row's columns."""

_AT_ONCE: Final = 5_000
"""Ids in one list: databases limit the parameters of a statement."""


class Conflict(StoreError):
    """A unique key refuses the change; `foreign`: a foreign one, what the row belongs to is not there."""

    def __init__(self, error: Any) -> None:
        said = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
        self.foreign = said in ("SQLITE_CONSTRAINT_FOREIGNKEY", "23503")
        super().__init__(str(error))


class _Built(Executable, ClauseElement):
    """What a Statement is made of: select, insert, update, delete."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The text for one kind of database. `names`: the parameters in order, each with its own value if it has one."""

    text: str
    names: tuple[tuple[str, object], ...]
    named: bool
    conflict: type[Exception]

    def values(self, fields: Fields) -> Any:
        found = [fields[name] if own is _NEEDED else own for name, own in self.names]
        found = [clean(value) if isinstance(value, str) else value for value in found]
        return {name: value for (name, _), value in zip(self.names, found, strict=True)} if self.named else found


_NEEDED: Final = object()


class Statement:
    """A statement with bindparams.

    Values reach the database as parameters only, and texts as Unicode that every database takes. Raises Conflict,
    KeyError.
    """

    __slots__ = ("_built", "_plans")

    def __init__(self, built: Any) -> None:
        self._built: _Built = built
        self._plans: dict[str, _Plan] = {}

    def run(self, c: Connection, fields: Fields) -> int:
        """Carry it out; how many rows it changed."""
        return self._execute(c, fields).rowcount

    def run_all(self, c: Connection, many: Sequence[Fields]) -> int:
        """Carry it out for each; how many rows all changed together. Raises Conflict."""
        if len(many) < 2:
            return sum(self.run(c, fields) for fields in many)
        plan = self._plan(c)
        try:
            cursor = _driver(c).cursor()
            cursor.executemany(plan.text, [plan.values(fields) for fields in many])
        except plan.conflict as error:
            raise Conflict(error) from error
        return cursor.rowcount

    def rows(self, c: Connection, fields: Fields) -> list[dict[str, Any]]:
        """The rows that it gives, by column."""
        cursor = self._execute(c, fields)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, c: Connection, fields: Fields) -> dict[str, Any] | None:
        """The first of its rows."""
        cursor = self._execute(c, fields)
        row = cursor.fetchone()
        return None if row is None else dict(zip((column[0] for column in cursor.description), row, strict=True))

    def value(self, c: Connection, fields: Fields) -> Any:
        """The first column of its first row, or None."""
        row = self._execute(c, fields).fetchone()
        return None if row is None else row[0]

    def tuples(self, c: Connection, fields: Fields) -> list[Any]:
        """The rows that it gives, as tuples."""
        return self._execute(c, fields).fetchall()

    def _execute(self, c: Connection, fields: Fields) -> Any:
        plan = self._plan(c)
        try:
            return _driver(c).execute(plan.text, plan.values(fields))
        except plan.conflict as error:
            raise Conflict(error) from error

    def _plan(self, c: Connection) -> _Plan:
        name = c.dialect.name
        plan = self._plans.get(name)
        if plan is None:
            compiled: Any = self._built.compile(dialect=c.dialect)
            order = compiled.positiontup or list(compiled.params)
            binds: dict[str, Any] = {text: bind for bind, text in compiled.bind_names.items()}
            names = tuple(
                (one, _NEEDED if one in binds and binds[one].required else compiled.params[one]) for one in order
            )
            dbapi: Any = c.dialect.loaded_dbapi
            plan = _Plan(str(compiled), names, compiled.positiontup is None, dbapi.IntegrityError)
            self._plans[name] = plan
        return plan


class ByIds:
    """A select with the bindparam `ids`, an expanding one, for any number of them."""

    __slots__ = ("_built",)

    def __init__(self, built: Select[*tuple[Any, ...]]) -> None:
        self._built = built

    def rows(self, c: Connection, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        """The rows of all of them, by column."""
        for start in range(0, len(ids), _AT_ONCE):
            for row in c.execute(self._built, {"ids": ids[start : start + _AT_ONCE]}).mappings():
                yield dict(row)


def inserting(table: Table, *without: str) -> Insert:
    """An insert of every column but those."""
    names = [column.name for column in table.c if column.name not in without]
    return insert(table).values({name: bindparam(name) for name in names})


def _driver(c: Connection) -> Any:
    return c.connection.driver_connection
