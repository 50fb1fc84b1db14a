"""Where the machine's bridge lives: replicas on one database, which die, are restored and lose it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from bridge.errors import BridgeError
from bridge.ports import Clock
from bridge.store.store import Store
from bridge.store.tables import metadata
from tests.support.fake_upstreams import Crash
from tests.support.postgres import Server

REPLICAS = ("a", "b")


class Database(Protocol):
    """One database for one example, empty at first."""

    url: str

    def backup(self) -> None: ...
    def restore(self) -> None: ...
    def lose(self) -> None: ...

    def damage(self, statement: str) -> None:
        """Change rows behind the bridge's back."""


class SqliteFile:
    """A file, copied from one that is migrated."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._file = folder / "bridge.db"
        self._template = template
        self.url = f"sqlite:///{self._file}"
        shutil.copy(template, self._file)

    def backup(self) -> None:
        shutil.copy(self._file, self._file.with_suffix(".backup"))

    def restore(self) -> None:
        self.lose()
        shutil.copy(self._file.with_suffix(".backup"), self._file)

    def lose(self) -> None:
        for file in self._file.parent.glob("bridge.db*"):
            file.unlink()
        shutil.copy(self._template, self._file)

    def damage(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            connection.execute(statement)


class PostgresTables:
    """A migrated database of a real server; its rows are copied and put back."""

    def __init__(self, server: Server, url: str) -> None:
        self._server = server
        self.url = url
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._counted: dict[str, tuple[int, bool]] = {}  # where each sequence stood
        self._engine = sa.create_engine(
            url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool
        )
        self.lose()

    def backup(self) -> None:
        with self._engine.connect() as connection:
            for table in metadata.sorted_tables:
                rows = connection.exec_driver_sql(f"SELECT * FROM {table.name}")  # noqa: S608 - our own names
                self._rows[table.name] = [dict(row._mapping) for row in rows]
            for (name,) in connection.exec_driver_sql("SELECT sequencename FROM pg_sequences").all():
                stood = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {name}")  # noqa: S608
                last, called = stood.one()
                self._counted[name] = (last, called)

    def restore(self) -> None:
        """Rows and sequences, as pg_restore puts them back."""
        self.lose()
        with self._engine.begin() as connection:
            for table in metadata.sorted_tables:
                self._put_back(connection, table.name)
            for name, stood in self._counted.items():
                connection.exec_driver_sql("SELECT setval(%s, %s, %s)", (name, *stood))

    def _put_back(self, connection: sa.Connection, table: str) -> None:
        for row in self._rows[table]:
            names, values = ", ".join(row), ", ".join(["%s"] * len(row))
            text = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - our own names
            connection.exec_driver_sql(text, tuple(row.values()))

    def lose(self) -> None:
        self._server.empty(self.url, [table.name for table in metadata.sorted_tables])

    def damage(self, statement: str) -> None:
        with self._engine.begin() as connection:
            connection.exec_driver_sql(statement)


class House:
    """Replicas of the bridge, each with a store of its own on the one database."""

    def __init__(self, database: Database, clock: Clock, began: Callable[[str, Store], None]) -> None:
        """`began` is told of each replica that starts, with its store."""
        self.database = database
        self.runner = asyncio.Runner()
        self._began = began
        self._clock = clock
        self._stores: dict[str, tuple[Store, AsyncExitStack]] = {}

    def store(self, replica: str = REPLICAS[0]) -> Store:
        """The store of a replica, which starts if it does not run."""
        if replica not in self._stores:
            opening = AsyncExitStack()
            store = Store.open(self.database.url, clock=self._clock)
            self._stores[replica] = (self.runner.run(opening.enter_async_context(store)), opening)
            self._began(replica, self._stores[replica][0])
        return self._stores[replica][0]

    def both(self) -> tuple[Store, ...]:
        return tuple(self.store(replica) for replica in REPLICAS)

    def dies(self, replica: str) -> None:
        if replica in self._stores:
            _, opening = self._stores.pop(replica)
            self.runner.run(opening.aclose())

    def stops(self) -> None:
        """All replicas end, as before a backup is put back."""
        for replica in REPLICAS:
            self.dies(replica)

    def run(self, work: Any, replica: str = REPLICAS[0]) -> Any:
        """Run something of a replica; its death ends only that process."""
        try:
            return self.runner.run(work)
        except Crash:
            self.dies(replica)
        except BridgeError:
            pass
        return None

    def read(self, work: Any) -> Any:
        """Run something that must not fail."""
        return self.runner.run(work)

    def close(self) -> None:
        self.stops()
        self.runner.close()
