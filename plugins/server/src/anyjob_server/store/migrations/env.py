"""Alembic runs this for every migration, on the connection that the store hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from anyjob_server.store.tables import METADATA, VERSION_TABLE

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
