"""Where a store's database is, and what a test asks of it past the store."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from tests.grounds.postgres.cluster import Postgres

from anyjob.job import Job
from anyjob.status import InstanceStatus, TriggerType
from anyjob_server.store import Store, groups, jobs, namespaces
from anyjob_server.store.instances import InstanceRow


class Place:
    """A state folder and perhaps a database of PostgreSQL."""

    def __init__(self, state: Path, postgres: Postgres | None, space: Path | None = None) -> None:
        """`space`: a folder in which PostgreSQL keeps the database."""
        self.state, self.postgres = state, postgres
        self.url = postgres.database(space) if postgres else None
        self._open: list[Store] = []

    def beside(self, state: Path) -> Place:
        """The same database of PostgreSQL with another state folder; SQLite's is in the folder."""
        made = Place(state, None)
        made.postgres, made.url = self.postgres, self.url
        return made

    def open(self, **settings: Any) -> Store:
        store = Store.open(self.url, self.state, **settings)
        self._open.append(store)
        return store

    def close(self) -> None:
        for store in self._open:
            store.close()

    def ask_all(self, script: str) -> None:
        """Run many statements."""
        if self.url is None:
            with sqlite3.connect(self.state / "server.db") as c:
                c.executescript(script)
            c.close()
        else:
            self.ask(script)

    def ask(self, text: str) -> list[tuple[Any, ...]]:
        """What another program sees, or does."""
        if self.url is None:
            with sqlite3.connect(self.state / "server.db") as c:
                found = c.execute(text).fetchall()
            c.close()
            return found
        import psycopg

        with psycopg.connect(self.url) as c:
            cursor = c.execute(text.encode())
            return cursor.fetchall() if cursor.description else []


async def a_group(store: Store, group_id: str = "g") -> int:
    """A namespace, when there is none, and a new app group in it; the group's number."""
    if store.read_now(lambda c: namespaces.get(c, "space")) is None:
        await store.write(lambda c: namespaces.insert(c, namespaces.NamespaceRow(uid="space", name="S", created=1)))
    row = groups.GroupRow(namespace="space", group_id=group_id, app_name=f"app {group_id}", created=2)
    return await store.write(lambda c: groups.insert(c, row))


def a_job(group: int, name: str = "job", **fields: Any) -> jobs.JobRow:
    job = Job(name=name, job_type="shell", content="echo hello", **fields)
    return jobs.JobRow(
        group=group,
        name=name,
        job_type=job.job_type,
        status=job.status,
        time_type=job.time_type,
        wire=json.dumps(job.to_wire()),
        created=1,
        updated=1,
    )


def an_instance(number: int, job: int = 1, **fields: Any) -> InstanceRow:
    given: dict[str, Any] = {
        "group": 1,
        "status": InstanceStatus.WAITING,
        "trigger": TriggerType.API,
        "schedule_time": 1000,
        "data_time": 1000,
        "created": 1000,
        **fields,
    }
    return InstanceRow(id=number, job=job, **given)
