"""Work that one process at a time does: a lock that the operating system or the server gives back by itself
when its holder dies, however it dies."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bridge.store.engine import Database
from bridge.store.group_commit import translate_error


@contextlib.asynccontextmanager
async def hold_lock(db: Database, name: str) -> AsyncIterator[bool]:
    """Yields whether the lock `name` is ours."""
    hold = _hold_file_lock(db, name) if db.dedicated is None else _hold_advisory_lock(db.dedicated, name)
    async with hold as mine:
        yield mine


@contextlib.asynccontextmanager
async def _hold_file_lock(db: Database, name: str) -> AsyncIterator[bool]:
    """A lock on a file beside the database. SQLite's processes are all on one machine."""
    import fcntl

    path = Path(f"{db.url.database}.{name}.lock")
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


@contextlib.asynccontextmanager
async def _hold_advisory_lock(engine: Engine, name: str) -> AsyncIterator[bool]:
    """A session's advisory lock, on a connection of its own."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    connection, mine = await asyncio.to_thread(_try_lock, engine, number)
    try:
        yield mine
    finally:
        await asyncio.to_thread(_release_lock, connection, number if mine else None)


def _try_lock(engine: Engine, number: int) -> tuple[Connection, bool]:
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        mine = connection.execute(sa.select(sa.func.pg_try_advisory_lock(number))).scalar_one()
    except sa.exc.SQLAlchemyError as error:
        raise translate_error(error) from None
    return connection, bool(mine)


def _release_lock(connection: Connection, number: int | None) -> None:
    """Give the lock back and close the server's session; it may be broken already. The closing alone gives its
    locks back too, but only once the server has noticed it."""
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        if number is not None:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
    connection.invalidate()
    connection.close()
