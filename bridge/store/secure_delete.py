"""What was erased leaves the file too. SQLite keeps the bytes of what was deleted or changed until they are written
over, in its pages and in its write-ahead log. `secure_delete` (see `engine.py`) overwrites nearly all of them at once;
cells that were moved between pages before leave copies behind, so that only VACUUM is sure.

https://www.sqlite.org/pragma.html#pragma_secure_delete and https://www.sqlite.org/lang_vacuum.html
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from bridge.store.engine import BUSY_TIMEOUT_MS, Database
from bridge.store.key_value import upsert_value
from bridge.store.tables import memory

UNSCOURED = "unscoured"
"""Remembered in the very transaction that erases, so that a crash leaves nothing behind for good."""
SCOURED_AT = "scoured_at"
LARGE = (
    256 * 1024 * 1024
)  # bytes of a file that is written anew only once in LARGE_EVERY: others wait meanwhile
LARGE_EVERY = timedelta(days=1)

log = structlog.get_logger("bridge.store")


async def purge_file(db: Database) -> bool:
    """`StoredPrivacy.purge_file`."""
    kept = sa.select(memory.c.key, memory.c.value).where(memory.c.key.in_([UNSCOURED, SCOURED_AT]))
    known: dict[str, str] = await db.read(lambda c: {row.key: row.value for row in c.execute(kept)})
    if UNSCOURED not in known:
        return True
    if db.is_sqlite:
        path, last = Path(db.url.database or ""), known.get(SCOURED_AT)
        done = await asyncio.to_thread(
            _purge_sqlite_file, path, datetime.fromisoformat(last) if last else None
        )
        if not done:
            return False
    now = datetime.now(UTC).isoformat()

    def mark_purged(c: sa.Connection) -> None:
        c.execute(sa.delete(memory).where(memory.c.key == UNSCOURED, memory.c.value == known[UNSCOURED]))
        upsert_value(c, SCOURED_AT, now)

    await db.write(mark_purged)
    return True


def _purge_sqlite_file(path: Path, last: datetime | None) -> bool:
    """Write the file anew and empty its log; False = that could not be done now."""
    large = path.stat().st_size > LARGE
    rests = large and last is not None and datetime.now(UTC) - last < LARGE_EVERY
    try:
        with contextlib.closing(
            sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
        ) as connection:
            if not rests:
                connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except (sqlite3.Error, OSError) as error:
        log.warning("the database could not be rid of what was erased; it is tried again", error=str(error))
        return False
    return not busy and not rests
