"""A lost or restored database: the notes on the Shopify orders keep it from buying again."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.decisions import transitions
from bridge.order.model import LedgerEntry, Mode, PrintStatus
from bridge.order.problems import Alarm
from bridge.order.records import OrderSignal, Transition
from bridge.order.states import State, Wait
from bridge.steps.reconcile import reconcile
from bridge.store import Store
from tests.promise.memory_bridge import ORDER, Day
from tests.support.fake_upstreams import Crash
from tests.support.order_factories import Mapped, euro, line, order


@asynccontextmanager
async def restored(day: Day, file: Path) -> AsyncIterator[Day]:
    """Another database, empty or an older copy, on the same shop and the same Sculpteo."""
    day.clock.time += timedelta(minutes=5)
    async with Store.open(f"sqlite:///{file}", clock=day.clock) as store:
        yield replace(day, store=store)


def copy(folder: Path, name: str) -> Path:
    """Copy the database as a backup program does, with what is in its journal."""
    for file in folder.glob("bridge.db*"):
        shutil.copy(file, folder / file.name.replace("bridge", name))
    return folder / f"{name}.db"


async def test_an_empty_database_adopts_what_was_bought(day: Day, tmp_path: Path) -> None:
    await day.comes()
    await day.works()
    async with restored(day, tmp_path / "empty.db") as after:
        await after.news()
        await after.works()
        record = await after.record()
        assert (record.state, record.reference, after.prints) == (State.PLACED, "REF00000", 1)


async def test_what_a_lost_database_spent_today_counts_against_the_days_limit(
    day: Day, tmp_path: Path
) -> None:
    day.policy = replace(day.policy, per_day=euro("15"))
    await day.comes(2)
    await day.works()
    spent = (await day.record()).cost
    assert spent == euro("10")
    async with restored(day, tmp_path / "empty.db") as after:
        await after.news()
        await after.works()
        assert (await after.record()).cost == spent
        other = replace(after.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
        after.shop.touch(other)
        await after.store.orders.receive_signal(OrderSignal("acme", other.id, "webhook", other.name))
        await after.works()
        (second,) = await after.store.queries.search_orders("#1002")
        assert (second.state, second.reason) == (State.WAITING, Wait.LIMIT_DAY)


async def test_an_empty_database_asks_a_person_where_only_the_intent_is_known(
    day: Day, tmp_path: Path
) -> None:
    await day.unknown(at_sculpteo=True)
    async with restored(day, tmp_path / "empty.db") as after:
        await after.news()
        await after.works()
        assert ((await after.record()).state, after.prints) == (State.UNKNOWN, 1)
        attempt = (await after.record()).attempt
        assert attempt is not None
        await after.store.calls.receive_notification(attempt.token, "REF00000", b"")
        await after.works()
        assert ((await after.record()).state, after.prints) == (State.PLACED, 1)


async def test_a_copy_from_while_sculpteo_could_not_be_reached_does_not_order_again(
    day: Day, tmp_path: Path
) -> None:
    """The copy knows an attempt that failed before the first byte; the later one was sent and is unclear."""
    day.fate.printer[:] = ["before", "after"]
    await day.comes()
    await day.works()
    older = copy(tmp_path, "older")
    day.clock.time += timedelta(minutes=5)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.UNKNOWN, 1)
    async with restored(day, older) as after:
        for _ in range(4):
            await after.works()
            after.clock.time += timedelta(hours=1)
        assert ((await after.record()).state, after.prints) == (State.UNKNOWN, 1)


async def test_a_copy_from_before_the_purchase_brings_no_parcel_twice(day: Day, tmp_path: Path) -> None:
    await day.comes()
    older = copy(tmp_path, "older")
    await day.works()
    day.printer.ships("REF00000", "1Z1", "1Z2")
    day.clock.time += timedelta(hours=1)
    await day.works()
    assert (await day.record()).state is State.DONE
    before = day.shop.orders[ORDER].fulfillments
    async with restored(day, older) as after:
        for _ in range(3):
            await after.news()
            await after.works()
            after.clock.time += timedelta(hours=1)
        assert (await after.record()).state is State.DONE
        assert after.shop.orders[ORDER].fulfillments == before
        assert await after.alarms() == {}


@pytest.mark.parametrize("reference_known", [True, False])
async def test_an_order_that_a_new_mapping_ignores_is_taken_up_when_it_was_bought(
    day: Day, tmp_path: Path, reference_known: bool
) -> None:
    if reference_known:
        await day.comes()
        await day.works()
    else:
        await day.unknown(at_sculpteo=True)
    async with restored(day, tmp_path / "empty.db") as after:
        after.catalog = Mapped(TEE=())
        await after.news()
        await after.works()
        assert (await after.record()).state is (State.PLACED if reference_known else State.UNKNOWN)
        assert after.prints == 1


async def test_what_a_lost_database_had_already_shipped_is_not_an_alarm(day: Day, tmp_path: Path) -> None:
    await day.comes()
    await day.works()
    older = copy(tmp_path, "older")  # placed, nothing shipped
    day.printer.ships("REF00000", "1Z1", status=PrintStatus.IN_PROCESS)
    day.clock.time += timedelta(hours=1)
    await day.works()
    async with restored(day, older) as after:
        await after.news()
        await after.works()
        assert Alarm.FULFILLED_ELSEWHERE not in await after.alarms()


async def test_a_clock_that_was_ahead_at_the_first_start_leaves_no_order_out(day: Day) -> None:
    """How far the shop was read is kept in the shop's own time."""
    day.clock.skew = timedelta(days=2)
    await reconcile("acme", day.shop, day.store.orders, day.store.memory, day.clock)
    day.clock.skew = timedelta(0)
    day.shop.touch(order(line(1, "RING", 2), created_at=day.clock.truly()))
    assert await reconcile("acme", day.shop, day.store.orders, day.store.memory, day.clock) == 1
    assert (await day.record()).name == "#1001"


async def test_a_copy_from_before_the_first_byte_does_not_order_again(day: Day, tmp_path: Path) -> None:
    """Its last commit opened the attempt; the request left, and its answer was lost."""
    day.fate.printer[:] = ["after"]
    older: list[Path] = []
    day.fate.meanwhile["connect"] = lambda: older.append(copy(tmp_path, "older"))
    await day.comes()
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.UNKNOWN, 1)
    async with restored(day, older[0]) as after:
        assert (await after.record()).state is State.PLACING
        for _ in range(3):
            await after.works()
            after.clock.time += timedelta(hours=1)
        record = await after.record()
        assert (record.state, after.prints) == (State.UNKNOWN, 1)
        assert record.attempt is not None and record.attempt.sent_at is not None, "nothing voids it by itself"


async def test_a_crash_between_the_note_and_the_first_byte_asks_a_person(day: Day) -> None:
    def dies() -> None:
        raise Crash

    day.fate.meanwhile["written"] = dies
    await day.comes()
    await day.dies()
    await day.works()
    record = await day.record()
    assert (record.state, day.prints) == (State.UNKNOWN, 0)
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)


async def test_a_note_that_an_older_release_left_behind_may_have_left(day: Day, tmp_path: Path) -> None:
    """An attempt that is void on record, by whoever found it unsent, is no proof against the note."""

    def dies() -> None:
        raise Crash

    day.fate.meanwhile["connect"] = dies  # after the attempt was opened, before the note
    await day.comes()
    await day.dies()
    (attempt,) = await day.store.queries.list_attempts((await day.record()).key)
    await day.store.switch.pause_ordering("*", "anna")
    await day.works()  # another run finds it unsent, and closes it
    entry = LedgerEntry(attempt.id, attempt.token, "intent", Mode.LIVE, "v1", day.clock.now())
    day.shop.ledgers[ORDER] = (entry, "digest-of-the-past")
    await day.store.switch.resume_ordering("*")
    await day.works()
    record = await day.record()
    assert (record.state, day.prints, record.attempt and record.attempt.id) == (State.UNKNOWN, 0, attempt.id)


async def test_an_approval_of_another_orders_note_does_not_pass_over_a_later_purchase(
    day: Day, tmp_path: Path
) -> None:
    """The copy remembers that a person looked at a note; by now another one is there."""
    await day.comes()
    await day.works()
    async with restored(day, tmp_path / "empty.db") as after:
        key = await after.store.orders.receive_signal(OrderSignal("acme", ORDER, "webhook", "#1001"))
        after.clock.time += timedelta(minutes=1)
        (record,) = await after.store.orders.claim_orders("worker", limit=1, lease_for=timedelta(minutes=1))
        assert record.key == key
        given = {"approved_at": after.clock.now(), "approved_by": "anna", "approved_for": "reference_taken"}
        await after.store.orders.record_transition(
            record, Transition(State.WAITING, after.clock.now(), values=given)
        )
        await after.works()
        assert ((await after.record()).state, after.prints) == (State.PLACED, 1)
