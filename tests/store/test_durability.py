"""What is acknowledged is on disk, whatever happens next; what is not on disk is not acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost, StoreUnavailable
from bridge.order.records import Transition
from bridge.order.states import State
from bridge.store import Store
from bridge.store.tables import REVISION
from tests.store.worker_processes import process, put_for_ever, write_into_a_small_disk
from tests.support.clocks import RealClock, TurnedClock
from tests.support.postgres import running
from tests.support.store_factories import claimed, delivery, get, placing, word


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "bridge.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


async def test_no_delivery_is_lost_between_the_queue_and_the_writer(store: Store) -> None:
    """A wake-up that is lost shows as a put that never ends: the timing is stirred to look for one."""
    chance = random.Random(20261123)

    async def lane(number: int) -> None:
        for step in range(25):
            if chance.random() < 0.5:
                await asyncio.sleep(chance.choice([0, 0, 0.0003, 0.001]))
            await store.inbox.add_delivery(delivery(number * 100 + step))

    async with asyncio.timeout(30):
        await asyncio.gather(*(lane(number) for number in range(16)))
    assert len(await store.inbox.list_pending(1000)) == 16 * 25


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_kill_9_every_acknowledged_delivery_is_there(url: str, seed: int) -> None:
    acknowledged = set()
    with process(put_for_ever, url, 8) as (child, pipe):
        acknowledged.add(pipe.recv())
        time.sleep(random.Random(seed).uniform(0.05, 0.4))
        child.kill()
        with contextlib.suppress(EOFError):
            while True:
                acknowledged.add(pipe.recv())

    async def stored() -> set[str]:
        async with Store.open(url, clock=RealClock()) as store:
            return {one.webhook_id for one in await store.inbox.list_pending(100_000)}

    missing = {f"id-{number}" for number in acknowledged} - asyncio.run(stored())
    assert len(acknowledged) > 10
    assert missing == set()


async def test_a_full_database_fails_everybody_and_the_writer_goes_on(sqlite_url: str) -> None:
    async with Store.open(sqlite_url, clock=RealClock()) as store:
        order = await placing(store)

        def full(c: Connection) -> None:
            pages = c.exec_driver_sql("PRAGMA page_count").scalar_one()
            c.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")

        await store._db.write(full)
        answers = await asyncio.gather(
            *(store.inbox.add_delivery(delivery(number, body=b"x" * 50_000)) for number in range(8)),
            store.orders.mark_sent(order, {"x": "y" * 50_000}),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [StoreUnavailable] * 9
        assert "full" in str(answers[0])
        assert (await get(store, order.key)).attempt == order.attempt, "nothing may count as sent"
        # the connection that could not write was given up, and its limit with it
        await store.inbox.add_delivery(delivery(99, body=b"x" * 50_000))
        assert [one.webhook_id for one in await store.inbox.list_pending(10)] == ["id-99"]


def test_a_disk_without_room_refuses_and_recovers(sqlite_url: str) -> None:
    with process(write_into_a_small_disk, sqlite_url, 600_000) as (_, pipe):
        assert pipe.poll(60)
        acknowledged, refused, went_on = pipe.recv()
    assert acknowledged
    assert refused
    assert went_on


async def test_a_change_that_fails_takes_no_other_with_it(store: Store) -> None:
    order = await placing(store)
    stay = Transition(State.PLACING, None)
    results = await asyncio.gather(
        store.orders.mark_sent(order, {}),
        store.orders.mark_sent(order, {}),
        store.inbox.add_delivery(delivery(1)),
        store.orders.receive_signal(word(2)),
        store.memory.set("key", "value"),
        return_exceptions=True,
    )
    lost = [result for result in results if isinstance(result, Exception)]
    assert [type(one) for one in lost] == [LeaseLost]
    assert len(await store.inbox.list_pending(10)) == 1
    assert await store.memory.get("key") == "value"
    await store.orders.record_transition(order, stay)


async def test_an_error_of_our_own_is_not_mistaken_for_the_databases(store: Store) -> None:
    def broken(c: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store._db.write(broken)
    await store.memory.set("key", "value")


async def test_a_waiter_that_goes_away_takes_no_other_with_it(store: Store) -> None:
    waiters = [asyncio.ensure_future(store.inbox.add_delivery(delivery(number))) for number in range(20)]
    await asyncio.sleep(0)
    for waiter in waiters[::2]:
        waiter.cancel()
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert results[1::2] == [None] * 10


async def test_too_much_at_once_is_refused_and_not_piled_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.store.group_commit.MAX_WAITING", 10)
    monkeypatch.setattr("bridge.store.group_commit.MAX_WAITING_BYTES", 1_000)
    results = await asyncio.gather(
        *(store.inbox.add_delivery(delivery(number, body=b"")) for number in range(15)),
        return_exceptions=True,
    )
    assert [type(result) for result in results].count(StoreUnavailable) == 5
    with pytest.raises(StoreUnavailable):
        await store.inbox.add_delivery(delivery(50, body=b"x" * 1_001))
    await store.inbox.add_delivery(delivery(51, body=b"x" * 1_000))
    assert len(await store.inbox.list_pending(100)) == 11


async def test_closing_makes_durable_what_waits_and_refuses_what_comes(url: str) -> None:
    async with Store.open(url, clock=RealClock()) as store:
        waiting = [asyncio.ensure_future(store.inbox.add_delivery(delivery(number))) for number in range(50)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [None] * 50
    with pytest.raises(StoreUnavailable, match="shutting down"):
        await store.inbox.add_delivery(delivery(99))
    with pytest.raises(StoreUnavailable, match="shutting down"):
        await store.memory.get("key")
    async with Store.open(url, clock=RealClock()) as again:
        assert len(await again.inbox.list_pending(100)) == 50


async def test_a_process_that_blocks_the_file_is_waited_for_and_then_named(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.store.engine.BUSY_TIMEOUT_MS", 300)
    async with Store.open(sqlite_url, clock=RealClock()) as store:
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await store.inbox.add_delivery(delivery(1))
        assert await store.memory.get("key") is None, "reading goes on beside a writer"
        other.execute("ROLLBACK")
        other.close()
        await store.inbox.add_delivery(delivery(2))


async def test_acknowledged_rows_wait_for_the_disk(sqlite_url: str) -> None:
    """synchronous=FULL under WAL: the commit of every batch is an fsync."""
    async with Store.open(sqlite_url, clock=RealClock()) as store:
        found = await store._db.write(
            lambda c: [
                c.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        )
    assert found == ["wal", 2, 1]


async def test_reading_connections_cannot_write(sqlite_url: str) -> None:
    async with Store.open(sqlite_url, clock=RealClock()) as store:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await store._db.read(lambda c: c.exec_driver_sql("DELETE FROM orders"))


async def test_a_store_is_ready_at_its_own_schema_and_at_later_ones_but_not_before(store: Store) -> None:
    await store.check_ready()

    async def say(revision: str) -> None:
        await store._db.write(
            lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
        )

    await say("0000")
    with pytest.raises(StoreUnavailable, match="schema 0000"):
        await store.check_ready()
    await say("9999")  # a newer replica has migrated the database
    await store.check_ready()
    await say(REVISION)
    await store.check_ready()


@pytest.mark.usefixtures("postgres")
async def test_a_postgresql_that_crashes_is_unavailable_and_comes_back_by_itself() -> None:
    with running() as server:
        url = server.create_database()
        clock = TurnedClock()
        async with Store.open(url, clock=clock) as store:
            await store.inbox.add_delivery(delivery(1))
            await store.orders.receive_signal(word())
            async with store.hold_lock("reconcile") as mine:
                assert mine
                await asyncio.to_thread(server.stop, "immediate")
                for call in (
                    store.inbox.add_delivery(delivery(2)),
                    store.orders.receive_signal(word(2)),
                    store.memory.get("key"),
                    store.check_ready(),
                ):
                    with pytest.raises(StoreUnavailable):
                        await call
                await asyncio.to_thread(server.start)
            for attempt in range(20):
                with contextlib.suppress(StoreUnavailable):
                    await store.inbox.add_delivery(delivery(3))
                    break
                await asyncio.sleep(0.05 * attempt)
            assert (await claimed(store)).name == "#1001"
            assert [one.webhook_id for one in await store.inbox.list_pending(10)] == ["id-1", "id-3"]
            async with store.hold_lock("reconcile") as mine:
                assert mine
