"""Bring a database to the schema that this program needs, and refuse one that it does not know.

Any number of processes may start at once: the migrations run in one transaction, under an advisory lock on
PostgreSQL and under SQLite's own write lock; whoever comes second finds nothing left to do. A migration only
adds, so that replicas of the version before go on while it runs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bridge.errors import ConfigError, StoreUnavailable
from bridge.store.tables import REVISION
from bridge.store.writer import translated

if TYPE_CHECKING:  # imported only where a migration runs: most starts have none to run
    from alembic.config import Config

MIGRATION_LOCK = 0x5C01_97E1
ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is doing in globals of the process


def migrate(reading: Engine, writing: Engine) -> None:
    """Raises ConfigError for a database of a newer program, StoreUnavailable when it cannot be reached."""
    try:
        with reading.connect() as connection:
            found = revision(connection)
        if found != REVISION:
            with writing.begin() as connection:
                _lock(connection)
                _bring_up(connection)
    except sa.exc.SQLAlchemyError as error:
        raise translated(error) from None


def _bring_up(connection: Connection) -> None:
    """Under the lock. Another process may have been quicker."""
    found = revision(connection)
    if found == REVISION:
        return
    if found is not None and found not in known_revisions():
        raise ConfigError(
            f"database: it was written by a newer sculpteo-bridge (schema {found}; this program knows up to"
            f" {REVISION}). Install that version again, or restore a backup from before its first start"
        )
    _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None = it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def ready(connection: Connection) -> None:
    """Raises StoreUnavailable unless the database is at the migration that this program needs, or a later one:
    a migration only adds, so replicas of the version before go on until they are restarted."""
    found = revision(connection)
    if found is None or found < REVISION:
        raise StoreUnavailable(f"the database is at schema {found}, this program needs {REVISION}")


def known_revisions() -> list[str]:
    """Every migration that this program has, newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # a migration takes as long as it takes, and so does waiting for another process's
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    with ONE_AT_A_TIME:
        command.upgrade(config, "head")
