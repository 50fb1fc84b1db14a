"""What the benchmark of the console measures is a database as the bridge would have left it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.order.states import State
from bridge.store import Store
from tests.benchmarks.bulk import SKUS, Maker, fill_sqlite, last_name_of, reference_of, tracking_of
from tests.support.clocks import RealClock

COUNT = 400


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    path = tmp_path / "bulk.db"
    async with Store.open(f"sqlite:///{path}", clock=RealClock()):
        pass
    fill_sqlite(str(path), COUNT)
    return path


async def test_every_order_is_found_by_all_of_its_names_and_can_be_read_whole(database: Path) -> None:
    async with Store.open(f"sqlite:///{database}", clock=RealClock()) as store:
        counts = await store.desk.count_orders()
        assert sum(counts.states.values()) == COUNT
        assert all(
            counts.states[state] for state in (State.DONE, State.PLACED, State.WAITING, State.ATTENTION)
        )
        done = next(
            one for one in await store.desk.list_orders(states=[State.DONE], limit=50) if one.reference
        )
        (record,) = await store.queries.load_orders([done.key])
        for text in (record.name, record.order_id, reference_of(done.key), tracking_of(done.key)):
            assert [one.key for one in await store.queries.search_orders(text or "")] == [done.key]
        assert record.snapshot is not None
        assert record.items[0].sku in SKUS
        assert record.attempt is not None
        assert record.parcels[0].parcel.number == tracking_of(done.key)
        assert done.key in [one.key for one in await store.desk.list_orders(text=last_name_of(done.key))]
        assert len(await store.desk.list_orders(text=SKUS[3], limit=20)) == 20
        assert (await store.queries.list_events(done.key))[0].kind == "seen"
        await store.check_ready()


async def test_the_rows_keep_every_rule_of_the_tables(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert {"ix_orders_state", "uq_orders_reference", "uq_attempts_open"} <= names


def test_the_same_number_of_orders_is_the_same_database() -> None:
    first, second = (list(Maker(50, sqlite=True).batches()) for _ in range(2))
    assert first == second
