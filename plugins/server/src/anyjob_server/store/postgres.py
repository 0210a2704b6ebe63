"""PostgreSQL: a database of its own, held by an advisory lock of the connection that writes.

Sources: PostgreSQL, explicit locking, advisory locks; PostgreSQL, error codes, the classes.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from anyjob_server.store.database import Database, Fault
from anyjob_server.store.errors import StoreInUse, StoreUnusable

__all__ = ["PostgresDatabase"]

_KEEPALIVE: Final = " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
"""A server whose machine is gone loses its lock after a minute, not after two hours."""
_AFTER_A_CRASH: Final = 5.0
_LOCK: Final = 0x616E796A6F62  # "anyjob": one for each database, since locks are a database's own
_OLDEST: Final = 13  # pg_current_xact_id
_FULL: Final = "53100"
_BUSY: Final = ("55P03", "40001", "40P01")
_LOST: Final = ("08", "57P", "58", "53", "25006", "F0", "XX")
"""Connection, shutdown, disk, resources, a standby, files, corruption."""

_HOLDER: Final = """
SELECT a.application_name, coalesce(host(a.client_addr), 'this machine'), a.backend_start::timestamp(0)
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND l.classid::bigint << 32 | l.objid::bigint = %s
"""


class PostgresDatabase(Database):
    """The database of a URL."""

    def __init__(self, url: URL) -> None:
        """Raises StoreUnusable: the driver is not installed."""
        self.marks_are_cheap = False
        self.where = f"postgresql://{url.host or url.query.get('host') or 'localhost'}/{url.database or ''}"
        try:
            self._writers = _engine(url, "")
            self._readers = _engine(url, " -c default_transaction_read_only=on", isolation_level="REPEATABLE READ")
        except ImportError as error:
            raise StoreUnusable(
                self.where, f"its driver is not installed ({error}): pip install 'psycopg[binary]>=3.2,<4'"
            ) from error

    def hold(self) -> None:
        """Nothing yet: the lock belongs to the writer's connection."""

    def release(self) -> None:
        """Nothing: the lock has gone with the connection."""

    def writer(self) -> Connection:
        """Holds the lock as long as it lives, so what does not hold it cannot write. Raises StoreUnusable."""
        c = self._writers.connect()
        try:
            raw = _raw(c)
            if raw.info.server_version < _OLDEST * 10_000:
                raise StoreUnusable(self.where, f"its version is {raw.info.server_version}; it takes 13 or later")
            self._lock(raw)
            if raw.execute("SHOW synchronous_commit").fetchone()[0] == "off":
                raw.execute("SET synchronous_commit = on")
            raw.commit()
        except BaseException:
            c.invalidate()
            c.close()
            raise
        return c

    def _lock(self, raw: Any) -> None:
        end = time.monotonic() + _AFTER_A_CRASH
        while not raw.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()[0]:
            found = raw.execute(_HOLDER, [_LOCK]).fetchone()
            if found is not None and not (_has_ended(found[0]) and time.monotonic() < end):
                raise StoreInUse(self.where, f"{found[0]} from {found[1]} since {found[2]}")
            raw.commit()
            time.sleep(0.02)

    def reader(self) -> Connection:
        return self._readers.connect()

    def fault(self, error: BaseException) -> Fault:
        """By SQLSTATE; an error without one is the connection's."""
        cause: Any = error.orig if isinstance(error, DBAPIError) else error
        import psycopg

        if not isinstance(cause, psycopg.Error):
            return Fault.NONE
        state = cause.sqlstate
        if state is None:
            return Fault.LOST if isinstance(cause, psycopg.OperationalError) else Fault.NONE
        if state == _FULL:
            return Fault.FULL
        if state in _BUSY:
            return Fault.BUSY
        return Fault.LOST if state.startswith(_LOST) else Fault.NONE

    def ticket(self, c: Connection) -> str:
        return _raw(c).execute("SELECT pg_current_xact_id()::text").fetchone()[0]

    def outcome(self, c: Connection, ticket: str) -> bool | None:
        """The server's own record of the transaction."""
        raw = _raw(c)
        (said,) = raw.execute("SELECT pg_xact_status(%s::xid8)", [ticket]).fetchone()
        raw.commit()
        return {"committed": True, "aborted": False}.get(said)

    def mark(self, c: Connection) -> None:
        _raw(c).execute("SAVEPOINT change")

    def keep(self, c: Connection) -> None:
        _raw(c).execute("RELEASE SAVEPOINT change")

    def undo(self, c: Connection) -> None:
        _raw(c).execute("ROLLBACK TO SAVEPOINT change")
        _raw(c).execute("RELEASE SAVEPOINT change")

    @property
    def disk(self) -> Path | None:
        return None


def _name() -> str:
    return f"anyjob-server {socket.gethostname()[:40]} pid {os.getpid()}"


def _has_ended(name: str) -> bool:
    """Whether it is a process of this machine that is no more: PostgreSQL may need a moment to see it."""
    start, _, pid = _name().rpartition(" ")
    mine, _, its = name.rpartition(" ")
    if mine != start or not its.isdigit() or its == pid:
        return False
    try:
        os.kill(int(its), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _engine(url: URL, options: str, **settings: Any) -> Engine:
    given = dict(url.query)
    arguments: dict[str, Any] = {"application_name": _name(), "connect_timeout": 5, "tcp_user_timeout": 10_000}
    arguments = {key: value for key, value in arguments.items() if key not in given}
    arguments["options"] = f"{given.get('options', '')}{_KEEPALIVE}{options}"
    return create_engine(
        url.set(drivername="postgresql+psycopg"), poolclass=NullPool, connect_args=arguments, **settings
    )


def _raw(c: Connection) -> Any:
    return c.connection.driver_connection
