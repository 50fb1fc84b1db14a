"""Connections: SQLite with one writer thread, or PostgreSQL with a small pool.

SQLite runs in WAL with synchronous=FULL: an acknowledged row survives a power cut. All writes of the process
go through one thread (`group_commit.py`), reads through a few connections that cannot write. On PostgreSQL each
change is its own transaction on a pooled connection (the server groups their commits); only webhook
deliveries are grouped here, since they are many and small.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url

from bridge.errors import ConfigError, StoreUnavailable
from bridge.store.group_commit import (
    Row,
    Writer,
    translate_error,
)
from bridge.store.types import ShopNames, UnreadableValue, translate_shops

T = TypeVar("T")

READERS = 4
SESSIONS = 8  # PostgreSQL: transactions that one process has open at once
BUSY_TIMEOUT_MS = 10_000
IDLE_IN_TRANSACTION_MS = 15_000
"""PostgreSQL ends a transaction whose client says nothing for so long. Ours take milliseconds; one of a
replica that is frozen holds rows that the others need, and must end before its leases do."""
AGAIN = 3  # tries of a transaction that PostgreSQL itself took back
ROLLED_BACK = frozenset({"40001", "40P01"})  # serialization failure, deadlock: nothing was written


class Database:
    """Where transactions run. Every method may raise StoreUnavailable.

    `names` is what this process calls the shops. `dedicated`, on PostgreSQL, is for connections that are
    held: each is opened and closed for its one use.
    """

    def __init__(
        self,
        url: URL,
        reading: Engine,
        writing: Engine,
        insert: Callable[[Connection, list[Row]], None],
    ) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.names = ShopNames()
        for engine in (reading, writing):
            translate_shops(engine.dialect, self.names)
        self.reading = reading
        self.writing = writing
        self.dedicated = None if self.is_sqlite else _create_postgresql_engine(url, pooled=False)
        self._writer = Writer(writing, insert, "store-writer")
        threads = READERS if self.is_sqlite else SESSIONS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._closed = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a query that changes nothing, on one consistent view of the data."""
        return await self._run_in_thread(partial(_run_transaction, self.reading, work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a change in one transaction; durable when it returns. `work` may be run again from its start
        when the database took it back, so it must not keep anything outside."""
        if self.is_sqlite:
            return await self._writer.run_transaction(work)
        return await self._run_in_thread(partial(_run_with_retries, self.writing, work))

    def insert_row(self, row: Row, size: int) -> asyncio.Future[None]:
        """Insert a row of the inbox by group commit."""
        return self._writer.insert_row(row, size)

    async def close(self) -> None:
        """Commit what waits, then let go of every connection."""
        self._closed = True
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        self.reading.dispose()
        self.writing.dispose()

    async def _run_in_thread(self, call: Callable[[], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the store is shutting down")
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _run_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    try:
        with engine.begin() as connection:
            return work(connection)
    except sa.exc.SQLAlchemyError as error:
        raise translate_error(error) from None


def _run_with_retries(engine: Engine, work: Callable[[Connection], T]) -> T:
    for _ in range(AGAIN - 1):
        try:
            with engine.begin() as connection:
                return work(connection)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in ROLLED_BACK:
                raise translate_error(error) from None
        except sa.exc.SQLAlchemyError as error:
            raise translate_error(error) from None
    return _run_transaction(engine, work)


def parse_url(text: str) -> URL:
    """The URL of the configuration as SQLAlchemy reads it. Raises ConfigError, without the password."""
    try:
        url = make_url(text)
    except (sa.exc.ArgumentError, ValueError):  # a port that is none, whose text may be part of a password
        raise ConfigError(
            "database: this is not a database URL; write sqlite:///bridge.db or postgresql://user:password@host/name"
        ) from None
    backend = url.get_backend_name()
    if backend == "sqlite":
        if not url.database or url.database == ":memory:":
            raise ConfigError(
                "database: SQLite needs a file, since orders must outlive the process: sqlite:///bridge.db"
            )
        return url.set(drivername="sqlite+pysqlite")
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    raise ConfigError(f"database: “{backend}” is not supported; use sqlite:///... or postgresql://...")


def create_engines(url: URL, *, create: bool = True) -> tuple[Engine, Engine]:
    """The engine for reading and the one for writing. Nothing is connected yet; with `create`, the file of an
    SQLite database is made."""
    if url.get_backend_name() == "sqlite":
        if create:
            _create_private_file(Path(url.database or ""))
        return _create_sqlite_engine(url, writes=False), _create_sqlite_engine(url, writes=True)
    engine = _create_postgresql_engine(url)
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return snapshot, engine


def _create_private_file(path: Path) -> None:
    """Create the file readable by its owner only: it holds addresses. SQLite gives its other files the same."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise ConfigError(
            f"database: {path} cannot be written ({error.strerror}); create its folder, or give the service's user the right to it"
        ) from None


def _create_sqlite_engine(url: URL, *, writes: bool) -> Engine:
    engine = sa.create_engine(
        url,
        pool_size=1 if writes else READERS,
        max_overflow=0 if writes else 2,
        hide_parameters=True,  # they are orders and addresses, and errors are logged
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare_connection(raw: Any, _record: object) -> None:
        # text that is no UTF-8 is damage of its own row; the driver would fail the whole query for it
        raw.text_factory = partial(str, encoding="utf-8", errors="replace")
        cursor = raw.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",  # what is erased is not to be read from the file either
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-16000",
            f"query_only={'OFF' if writes else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin_transaction(connection: Connection) -> None:
        # the driver itself begins nothing (isolation_level=None): a transaction that will write takes its
        # place in the queue of writers at once, and never fails halfway for having read first
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@cache
def _build_time_loader() -> type[Any]:
    """PostgreSQL knows times that Python does not (infinity, the year 20000). Such a one is damage of its own
    row (`UnreadableValue`); the driver would fail the whole query for it."""
    from psycopg import DataError
    from psycopg.types.datetime import TimestamptzLoader

    class Loader(TimestamptzLoader):
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except DataError as error:
                return UnreadableValue(type(error).__name__)

    return Loader


def _create_postgresql_engine(url: URL, *, pooled: bool = True) -> Engine:
    pool: dict[str, Any] = {"poolclass": sa.NullPool}
    if pooled:
        pool = {"pool_size": SESSIONS + 2, "max_overflow": 4, "pool_timeout": 10, "pool_recycle": 1800}
    try:
        engine = sa.create_engine(
            url,
            **pool,
            hide_parameters=True,
            pool_pre_ping=pooled,
            isolation_level="READ COMMITTED",
            connect_args={
                "connect_timeout": 5,
                "application_name": "sculpteo-bridge",
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 20_000,
            },
        )
    except ModuleNotFoundError:
        raise ConfigError(
            "database: PostgreSQL needs a driver: pip install 'sculpteo-bridge[postgres]'"
        ) from None

    @sa.event.listens_for(engine, "connect")
    def _prepare_connection(raw: Any, _record: object) -> None:
        raw.adapters.register_loader("timestamptz", _build_time_loader())
        raw.autocommit = True
        with raw.cursor() as cursor:
            cursor.execute(
                "SET synchronous_commit = on"
            )  # whatever the server's default: a commit is durable
            cursor.execute("SET statement_timeout = '20s'")
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
            cursor.execute("SET timezone = 'UTC'")
        raw.autocommit = False

    return engine
