"""Bring a database to the schema that this program needs, and refuse one that it does not know.

Any number of processes may start at once: the migrations run in one transaction, under an advisory lock on
PostgreSQL and under SQLite's own write lock; whoever comes second finds nothing left to do. A migration only
adds, so that replicas of the version before go on while it runs.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, Engine

from bridge.errors import StoreUnavailable, WrongSchema
from bridge.store.group_commit import translate_error
from bridge.store.tables import REVISION

if TYPE_CHECKING:  # imported only where a migration runs: most starts have none to run
    from alembic.config import Config

MIGRATION_LOCK = 0x5C01_97E1
ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is doing in globals of the process

log = structlog.get_logger("bridge.store")


def migrate_database(
    reading: Engine, writing: Engine, *, create: bool = True, upgrade: bool = True, name: str = ""
) -> str:
    """Bring the database to the schema that this program needs; returns the schema that it is at then.

    With `create`, an empty database gets its tables; with `upgrade`, an older one is brought up. `name` is the
    database as people may see it. Raises WrongSchema for a database of a newer program, and for one that is
    empty or older where that may not be changed; StoreUnavailable when it cannot be reached.
    """
    try:
        with reading.connect() as connection:
            found = read_revision(connection)
        if found == REVISION:
            return found
        _check_schema(found, create=create, upgrade=upgrade)
        _log_before_migration(found, name, reading.url.database if reading.dialect.name == "sqlite" else None)
        with writing.begin() as connection:
            _lock_migrations(connection)
            _upgrade_if_needed(connection)
        done = "the database has its tables" if found is None else "the database was migrated"
        log.info(done, database=name, schema=REVISION)
    except sa.exc.SQLAlchemyError as error:
        raise translate_error(error) from None
    return REVISION


def read_schema(reading: Engine) -> str | None:
    """The schema that the database is at, whichever that is. Raises StoreUnavailable."""
    try:
        with reading.connect() as connection:
            return read_revision(connection)
    except sa.exc.SQLAlchemyError as error:
        raise translate_error(error) from None


def _check_schema(found: str | None, *, create: bool, upgrade: bool) -> None:
    """Raises WrongSchema unless a database at the schema `found` may be brought to ours."""
    if found is None and not create:
        raise WrongSchema(
            "it has no tables yet",
            "`sculpteo-bridge serve` makes them when it first runs; if it runs, it uses another database",
            found=None,
            needed=REVISION,
        )
    if found is None:
        return
    known = list_known_revisions()
    if found not in known and found < REVISION:
        raise WrongSchema(
            f"it is of a state that was never released (schema {found}; this program upgrades from {known[-1]})",
            "Move it away, and run `sculpteo-bridge rebuild` with a database of its own: it reads the shop's open orders"
            " and what the bridge noted on them",
            found=found,
            needed=REVISION,
        )
    if found not in known:
        raise WrongSchema(
            f"it was written by a newer sculpteo-bridge (schema {found}; this program knows up to {REVISION})",
            "Install that version again, or restore a backup from before its first start",
            found=found,
            needed=REVISION,
        )
    if not upgrade:
        raise WrongSchema(
            f"it is of an older sculpteo-bridge (schema {found}; this program needs {REVISION})",
            "Take a backup (deploy/README.md, Backups), then restart `sculpteo-bridge serve` with this version:"
            " it migrates the database when it starts",
            found=found,
            needed=REVISION,
        )


def _log_before_migration(found: str | None, name: str, file: str | None) -> None:
    """`file` is the path of an SQLite database."""
    if found is None:
        log.info("the database is empty and gets its tables", database=name, schema=REVISION)
        return
    place = f"{file}.before-{REVISION}, made by SQLite's own backup" if file else "a dump made by pg_dump"
    log.warning(
        "the database is migrated now, in one transaction; to go back, you need a backup from before",
        database=name,
        schema=found,
        to=REVISION,
        backup=f"{place} (deploy/README.md, Backups)",
    )


def _upgrade_if_needed(connection: Connection) -> None:
    """Under the lock. Another process may have been quicker."""
    found = read_revision(connection)
    if found == REVISION:
        return
    _check_schema(found, create=True, upgrade=True)
    _run_migrations(connection)


def read_revision(connection: Connection) -> str | None:
    """The migration that the database is at; None = it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def check_ready(connection: Connection) -> None:
    """Raises StoreUnavailable unless the database is at the migration that this program needs, or a later one:
    a migration only adds, so replicas of the version before go on until they are restarted."""
    found = read_revision(connection)
    if found is None or found < REVISION:
        raise StoreUnavailable(f"the database is at schema {found}, this program needs {REVISION}")


def list_known_revisions() -> list[str]:
    """Every migration that this program has, newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_build_config()).walk_revisions()]


def _lock_migrations(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # a migration takes as long as it takes, and so does waiting for another process's
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))


def _build_config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    return config


def _run_migrations(connection: Connection) -> None:
    from alembic import command

    config = _build_config()
    config.attributes["connection"] = connection
    with ONE_AT_A_TIME:
        command.upgrade(config, "head")
