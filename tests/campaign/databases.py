"""A database that is copied, lost and restored, and read from outside: an SQLite file, or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bridge.store.store import Store
from tests.support.postgres import Server

BUSY = 5.0  # seconds for which an SQLite file that somebody writes to is waited for


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Away(Exception):
    """The database is not there, or has no tables yet."""


class Database(Protocol):
    """One run's database. `backup`, `restore` and `lose` are for when no bridge runs."""

    @property
    def url(self) -> str: ...

    async def backup(self) -> None: ...

    async def restore(self) -> None:
        """Put the last backup in its place, if there is one."""

    async def lose(self) -> None:
        """Leave nothing of it."""

    async def crash(self) -> None:
        """Its server dies, and is started again."""

    async def drop(self) -> None: ...

    async def damage(self, statement: str) -> None:
        """Change rows behind the bridge's back. Raises Away."""

    async def take_away(self, table: str, seconds: float) -> None:
        """For so long the table is not to be had: it has another name, or the whole file is locked."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Raises Away where there is nothing to ask at the moment."""


class Databases(Protocol):
    """Makes databases that have the newest schema already, as a bridge leaves them."""

    async def new(self, folder: Path) -> Database: ...


@dataclass(slots=True)
class SqliteDatabase:
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "bridge.db"

    @property
    def _saved(self) -> Path:
        return self.folder / "backup.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def backup(self) -> None:
        """As the manual says: SQLite's own online backup, which is one consistent moment."""
        with (
            contextlib.closing(sqlite3.connect(self.path)) as source,
            contextlib.closing(sqlite3.connect(self._saved)) as target,
        ):
            source.backup(target)

    async def restore(self) -> None:
        if self._saved.exists():
            await self.lose()
            shutil.copy(self._saved, self.path)

    async def lose(self) -> None:
        for file in self.folder.glob("bridge.db*"):
            file.unlink()

    async def crash(self) -> None:
        raise NotImplementedError("SQLite has no server")

    async def drop(self) -> None:
        await self.lose()

    async def damage(self, statement: str) -> None:
        await asyncio.to_thread(self._run, statement)

    async def take_away(self, table: str, seconds: float) -> None:
        await asyncio.to_thread(self._run, "BEGIN EXCLUSIVE", seconds)

    def _run(self, statement: str, seconds: float = 0.0) -> None:
        """Run a statement and keep what it locks for so long."""
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=BUSY, isolation_level=None)
            ) as connection:
                connection.execute(statement)
                time.sleep(seconds)
        except sqlite3.OperationalError as error:
            raise Away(str(error)) from None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
                return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            raise Away(str(error)) from None


@dataclass(slots=True)
class SqliteDatabases:
    """Copies of one file."""

    folder: Path

    async def new(self, folder: Path) -> Database:
        template = self.folder / "template.db"
        if not template.exists():
            async with Store.open(f"sqlite:///{template}", clock=Clock()):
                pass
        made = SqliteDatabase(folder)
        shutil.copy(template, made.path)
        return made


@dataclass(slots=True)
class PostgresDatabase:
    """A database of the campaign's server, which all runs share. `steady` is held by whoever needs it to stay
    up for a moment, or takes it down."""

    server: Server
    name: str
    template: str
    steady: asyncio.Lock
    _reading: psycopg.Connection[tuple[Any, ...]] | None = None
    _has_backup: bool = False
    _in_surgery: bool = False  # a copy is taken only of what nobody reads

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def _saved(self) -> str:
        return f"{self.name}_saved"

    async def backup(self) -> None:
        """A copy by the server, which takes one only of a database that nobody is connected to."""
        await self._admin(_drop(self._saved), _end_sessions(self.name), _copy(self.name, self._saved))
        self._has_backup = True

    async def restore(self) -> None:
        if self._has_backup:
            await self._admin(_drop(self.name), _copy(self._saved, self.name))

    async def lose(self) -> None:
        await self._admin(_drop(self.name), _copy(self.template, self.name))

    async def crash(self) -> None:
        async with self.steady:
            await asyncio.to_thread(self.server.stop, "immediate")
            await asyncio.sleep(0.2)
            await asyncio.to_thread(self.server.start)

    async def drop(self) -> None:
        await self._admin(_drop(self.name), _drop(self._saved))

    async def damage(self, statement: str) -> None:
        await asyncio.to_thread(self._run, statement)

    async def take_away(self, table: str, seconds: float) -> None:
        async with self.steady:
            await asyncio.to_thread(self._run, f"ALTER TABLE {table} RENAME TO {table}_away")
            self._let_go()
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self._run, f"ALTER TABLE {table}_away RENAME TO {table}")

    def _run(self, statement: str) -> None:
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(statement.encode())
        except psycopg.OperationalError as error:
            raise Away(str(error)) from None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self._in_surgery:
            raise Away("it is being copied or replaced")
        try:
            if self._reading is None or self._reading.closed:
                self._reading = psycopg.connect(self.url, autocommit=True)
            return self._reading.execute(query.encode()).fetchall()
        except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
            self._let_go()
            raise Away(str(error)) from None

    def _let_go(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    async def _admin(self, *statements: str) -> None:
        async with self.steady:
            self._in_surgery = True
            self._let_go()
            try:
                await asyncio.to_thread(_run, self.server, statements)
            finally:
                self._in_surgery = False


def _run(server: Server, statements: Sequence[str]) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _copy(source: str, target: str) -> str:
    return f"CREATE DATABASE {target} TEMPLATE {source}"


def _drop(name: str) -> str:
    return f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"


def _end_sessions(name: str) -> str:
    return f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours


@dataclass(slots=True)
class PostgresDatabases:
    """Copies of one database of the server."""

    server: Server
    _names: itertools.count[int] = field(default_factory=itertools.count)
    _template: str | None = None
    _steady: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def new(self, folder: Path) -> Database:
        async with self._steady:
            if self._template is None:
                url = self.server.create_database()
                async with Store.open(url, clock=Clock()):
                    pass
                self._template = url.rsplit("/", 1)[1]
        made = PostgresDatabase(self.server, f"run_{next(self._names)}", self._template, self._steady)
        await made.lose()
        return made
