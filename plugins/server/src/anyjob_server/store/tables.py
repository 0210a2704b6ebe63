"""The tables. Times are epoch milliseconds. What changes often stands apart from what is long."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from anyjob.status import InstanceStatus, TriggerType

__all__ = [
    "ALIVE",
    "AUDIT",
    "ENDED",
    "GROUPS",
    "INSTANCES",
    "JOBS",
    "JOB_TEXTS",
    "KEYS",
    "META",
    "METADATA",
    "NAMESPACES",
    "OPEN",
    "OUTBOX",
    "REASONS",
    "SCHEDULED",
    "SCRIPTS",
    "VERSION_TABLE",
]

VERSION_TABLE: Final = "anyjob_version"
"""Where Alembic keeps the revision of the tables."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up in an INTEGER PRIMARY KEY only

META: Final = Table("meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

NAMESPACES: Final = Table(
    "namespaces",
    METADATA,
    Column("uid", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

GROUPS: Final = Table(
    "app_groups",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("namespace", Text, ForeignKey("namespaces.uid"), nullable=False),
    Column("group_id", Text, nullable=False),
    Column("app_name", Text, nullable=False),
    Column("app_key", Text, nullable=False),
    Column("app_type", Integer, nullable=False),
    Column("app_version", Integer, nullable=False),
    Column("description", Text, nullable=False),
    Column("enable_log", Boolean, nullable=False),
    Column("max_jobs", Integer, nullable=False),
    Column("max_concurrency", Integer, nullable=False),
    Column("monitor_config", Text, nullable=False),
    Column("monitor_contacts", Text, nullable=False),
    Column("notification_policy", Text, nullable=False),
    Column("schedule_busy_workers", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("jobs", Integer, nullable=False),  # how many it has: to count 100 000 takes 10 ms
    UniqueConstraint("namespace", "group_id"),
    sqlite_autoincrement=True,  # an id of the past never means something new
)

JOBS: Final = Table(
    "jobs",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("group", BigInteger, ForeignKey("app_groups.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("job_type", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("time_type", Integer, nullable=False),
    Column("next_fire", BigInteger),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("creator", Text, nullable=False),
    Column("removed", BigInteger),
    sqlite_autoincrement=True,
)
ALIVE: Final = JOBS.c.removed.is_(None)
Index("uq_jobs_group_name", JOBS.c.group, JOBS.c.name, unique=True, sqlite_where=ALIVE, postgresql_where=ALIVE)
Index(  # all that a page of jobs is chosen by; SQLite reads the table for a column that is only in the condition
    "ix_jobs_listed",
    JOBS.c.group,
    JOBS.c.id,
    JOBS.c.status,
    JOBS.c.name,
    JOBS.c.removed,
    sqlite_where=ALIVE,
    postgresql_where=ALIVE,
)
Index("ix_jobs_removed", JOBS.c.removed, sqlite_where=~ALIVE, postgresql_where=~ALIVE)
Index("ix_jobs_removed_name", JOBS.c.group, JOBS.c.name, sqlite_where=~ALIVE, postgresql_where=~ALIVE)

JOB_TEXTS: Final = Table(
    "job_texts",
    METADATA,
    Column("job", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("wire", Text, nullable=False),
    Column("binding", Text, nullable=False),
)

SCRIPTS: Final = Table(
    "scripts",
    METADATA,
    Column("job", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("created", BigInteger, nullable=False),
    Column("creator", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("content", Text, nullable=False),
)

INSTANCES: Final = Table(
    "instances",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("job", BigInteger, nullable=False),
    Column("group", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("trigger", Integer, nullable=False),
    Column("schedule_time", BigInteger, nullable=False),
    Column("data_time", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("start_time", BigInteger),
    Column("end_time", BigInteger),
    Column("priority", Integer, nullable=False),
    Column("code", BigInteger),
    Column("retry_of", BigInteger),
    Column("cause", Text, nullable=False),
    Column("work_addr", Text, nullable=False),
    Column("executor", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)
# Numbers in the text, not parameters: else no planner sees that a query fits the index.
_ENDS = [literal_column(str(int(status)), Integer) for status in InstanceStatus if status.finished]
ENDED: Final = INSTANCES.c.status.in_(_ENDS)
OPEN: Final = INSTANCES.c.status.not_in(_ENDS)
SCHEDULED: Final = INSTANCES.c.trigger == literal_column(str(int(TriggerType.SCHEDULED)), Integer)
Index(
    "uq_instances_firing",
    INSTANCES.c.job,
    INSTANCES.c.schedule_time,
    INSTANCES.c.data_time,
    unique=True,
    sqlite_where=SCHEDULED,
    postgresql_where=SCHEDULED,
)
Index("ix_instances_job_id", INSTANCES.c.job, INSTANCES.c.id)
Index("ix_instances_group_id", INSTANCES.c.group, INSTANCES.c.id)
Index("ix_instances_open", INSTANCES.c.id, sqlite_where=OPEN, postgresql_where=OPEN)

REASONS: Final = Table(
    "reasons",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("job", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("schedule_time", BigInteger),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
    Index("ix_reasons_job_id", "job", "id"),
)

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("job", BigInteger, nullable=False),
    Column("instance", BigInteger),
    Column("group", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
    Column("sent", BigInteger),
    sqlite_autoincrement=True,
)
_UNSENT = OUTBOX.c.sent.is_(None)
Index("ix_outbox_unsent", OUTBOX.c.id, sqlite_where=_UNSENT, postgresql_where=_UNSENT)

AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("job", BigInteger),
    Column("detail", Text, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("remote", Text, nullable=False),
    sqlite_autoincrement=True,
)

KEYS: Final = Table(
    "access_keys",
    METADATA,
    Column("access_key_id", Text, primary_key=True),
    Column("sealed_secret", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("policies", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("revoked", BigInteger),
)
