"""Each store test runs on SQLite and on PostgreSQL, on a fresh database that has the newest schema."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.store import Store
from bridge.store.tables import metadata
from tests.support.clocks import TurnedClock
from tests.support.postgres import Server, postgres

__all__ = ["postgres"]


async def _migrate(url: str) -> None:
    async with Store.open(url, clock=TurnedClock()):
        pass


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty file, so that tests copy instead of migrating."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_migrated(postgres: Server) -> str:
    """One migrated database for all tests of the run; it is emptied between them."""
    url = postgres.create_database()
    asyncio.run(_migrate(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with the newest schema."""
    if request.param == "sqlite":
        path = tmp_path / "bridge.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgres")
    database: str = request.getfixturevalue("postgres_migrated")
    yield database
    server.empty(database, [table.name for table in metadata.sorted_tables])


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    fresh = server.create_database()
    yield fresh
    server.drop_database(fresh)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def store(url: str, clock: TurnedClock) -> AsyncIterator[Store]:
    async with Store.open(url, clock=clock) as opened:
        yield opened
