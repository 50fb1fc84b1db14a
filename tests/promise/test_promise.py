"""Never printed twice, never lost: the promise under everything that can go wrong.

`PROMISE=500x50` plays 500 days of 50 events on each database, with other dice each time; `PROMISE_ON=sqlite`
or `postgresql` takes one of them only. PostgreSQL takes long, and is played with `-m long` or `-m ""`. What the
suite plays by itself is always the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promise.machine import Promise
from tests.promise.replicas import PostgresTables, SqliteFile
from tests.support.postgres import Server, postgres

__all__ = ["postgres"]

WANTED = os.environ.get("PROMISE", "")
ONLY = os.environ.get("PROMISE_ON", "")
DAYS = {"sqlite": "18x30", "postgresql": "7x25"}


def plays(database: str) -> settings:
    days, _, events = (WANTED or DAYS[database]).partition("x")
    return settings(
        max_examples=int(days),
        stateful_step_count=int(events),
        deadline=None,
        derandomize=not WANTED,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


@pytest.mark.skipif(ONLY not in {"", "sqlite"}, reason="PROMISE_ON asks for the other database")
def test_the_promise_on_sqlite(template: Path) -> None:
    class OnSqlite(Promise):
        make_database = staticmethod(lambda folder: SqliteFile(folder, template))

    run_state_machine_as_test(OnSqlite, settings=plays("sqlite"))


@pytest.fixture
def migrated(postgres: Server) -> Iterator[str]:
    """A database with the newest schema, for one day after the other."""
    import asyncio

    from bridge.store import Store
    from tests.support.fake_upstreams import SteppedClock

    async def migrate(url: str) -> None:
        async with Store.open(url, clock=SteppedClock()):
            pass

    url = postgres.create_database()
    asyncio.run(migrate(url))
    yield url
    postgres.drop_database(url)


@pytest.mark.long
@pytest.mark.skipif(ONLY not in {"", "postgresql"}, reason="PROMISE_ON asks for the other database")
def test_the_promise_on_postgresql(postgres: Server, migrated: str) -> None:
    class OnPostgres(Promise):
        make_database = staticmethod(lambda folder: PostgresTables(postgres, migrated))

    run_state_machine_as_test(OnPostgres, settings=plays("postgresql"))
