"""What a database of PostgreSQL holds at one moment, and put back: what a server finds that starts after a crash."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COUNTERS = "SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences ORDER BY 1"


@dataclass(frozen=True, slots=True)
class Rows:
    """What was committed, by table, and where its counters stood."""

    tables: dict[str, bytes]
    counters: list[tuple[str, int, bool]]

    @classmethod
    def seen(cls, c: psycopg.Connection) -> Rows:
        """Of the database behind a connection, past whatever writes there."""
        with c.transaction():
            c.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            names = [name for (name,) in c.execute(_TABLES).fetchall()]
            return cls({name: _copied(c, name) for name in names}, c.execute(_COUNTERS).fetchall())

    def put_back(self, url: str) -> None:
        """Into the same database, that nobody uses now: it holds these rows and nothing else."""
        with psycopg.connect(url) as c:
            c.execute("SET session_replication_role = replica")  # neither order nor the audit log's guard hinder
            c.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, self.tables))))
            for name, rows in self.tables.items():
                with c.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as into:
                    into.write(rows)
            for counter in self.counters:
                c.execute("SELECT setval(%s, %s, %s)", counter)


def _copied(c: psycopg.Connection, name: str) -> bytes:
    with c.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as out:
        return b"".join(map(bytes, out))
