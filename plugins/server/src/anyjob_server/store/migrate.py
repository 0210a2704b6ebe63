"""The tables brought to this version's shape."""

from __future__ import annotations

from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from anyjob_server.store.errors import StoreNewer
from anyjob_server.store.tables import VERSION_TABLE

__all__ = ["alembic_config", "head", "migrate", "revision_of"]

_SCRIPTS: Final = "anyjob_server.store:migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """As Alembic wants it: the migrations inside this package, and the connection to run them on."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def revision_of(c: Connection) -> str | None:
    """The revision of the database's tables; None: it has none yet."""
    return MigrationContext.configure(c, opts={"version_table": VERSION_TABLE}).get_current_revision()


def head() -> str:
    """The revision of this version's tables."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def migrate(c: Connection, where: str) -> None:
    """Upgrade the tables inside the transaction of the caller, who commits. Raises StoreNewer."""
    config = alembic_config(c)
    scripts = ScriptDirectory.from_config(config)
    head, now = scripts.get_current_head(), revision_of(c)
    if now == head:
        return
    if now is not None and now not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreNewer(where, now, str(head))
    command.upgrade(config, "head")
