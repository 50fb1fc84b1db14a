"""A database that is copied, lost and restored, and read from outside: an SQLite file, or PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg

from bridge.store.store import Store
from tests.postgres import Server

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Database(Protocol):
    """One run's database. Everything but `rows` and `backup` is for when no bridge runs."""

    @property
    def url(self) -> str: ...

    def backup(self) -> None: ...

    def restore(self) -> bool:
        """Put the last backup in its place; False = there is none."""

    def lose(self) -> None:
        """Leave nothing of it."""

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...

    def drop(self) -> None: ...


class Databases(Protocol):
    """Makes databases that have the newest schema already, as a bridge leaves them."""

    async def new(self, folder: Path) -> Database: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class SqliteDatabase:
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "bridge.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def backup(self) -> None:
        """As the manual says: SQLite's own online backup, which is one consistent moment."""
        with sqlite3.connect(self.path) as source, sqlite3.connect(self.folder / "backup.db") as target:
            source.backup(target)
        source.close()
        target.close()

    def restore(self) -> bool:
        backup = self.folder / "backup.db"
        if not backup.exists():
            return False
        self.lose()
        shutil.copy(backup, self.path)
        return True

    def lose(self) -> None:
        for file in self.folder.glob("bridge.db*"):
            file.unlink()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10) as connection:
            found = connection.execute(query).fetchall()
        connection.close()
        return found

    def drop(self) -> None:
        self.lose()


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

    def close(self) -> None:
        (self.folder / "template.db").unlink(missing_ok=True)


@dataclass(slots=True)
class PostgresDatabase:
    server: Server
    name: str
    template: str
    _reading: psycopg.Connection[tuple[Any, ...]] | None = None
    _saved: bool = False

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def _saved_name(self) -> str:
        return f"{self.name}_saved"

    def backup(self) -> None:
        """A copy by the server, which takes one only of a database that nobody is connected to."""
        self._let_go()
        self._drop(self._saved_name)
        self._copy(self.name, self._saved_name)
        self._saved = True

    def restore(self) -> bool:
        if self._saved:
            self._let_go()
            self._drop(self.name)
            self._copy(self._saved_name, self.name)
        return self._saved

    def lose(self) -> None:
        self._let_go()
        self._drop(self.name)
        self._copy(self.template, self.name)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        if self._reading is None or self._reading.closed:
            self._reading = psycopg.connect(self.url, autocommit=True)
        return self._reading.execute(query.encode()).fetchall()

    def drop(self) -> None:
        self._let_go()
        self._drop(self.name)
        self._drop(self._saved_name)

    def _let_go(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _copy(self, source: str, target: str) -> None:
        _admin(self.server, f"{END_SESSIONS}'{source}'", f"CREATE DATABASE {target} TEMPLATE {source}")

    def _drop(self, name: str) -> None:
        _admin(self.server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _admin(server: Server, *statements: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@dataclass(slots=True)
class PostgresDatabases:
    """Copies of one database of the server."""

    server: Server
    _names: itertools.count[int] = field(default_factory=itertools.count)
    _template: str | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def new(self, folder: Path) -> Database:
        async with self._one:
            if self._template is None:
                url = self.server.create_database()
                async with Store.open(url, clock=Clock()):
                    pass
                self._template = url.rsplit("/", 1)[1]
        made = PostgresDatabase(self.server, f"run_{next(self._names)}", self._template)
        made.lose()
        return made

    def close(self) -> None:
        self._template = None


def dictionaries(rows: Sequence[tuple[Any, ...]], *names: str) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
