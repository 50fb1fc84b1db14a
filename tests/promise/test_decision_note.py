"""A person's "no" is on the Shopify order as well, and a database that does not know of it obeys it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.model import Choice, Decision, LedgerEntry, Mode
from bridge.order.policy import ApprovalPolicy
from bridge.order.problems import Alarm
from bridge.order.records import Transition
from bridge.order.states import Ignored, State, Wait
from bridge.store import Store
from tests.promise.memory_bridge import ORDER, Day
from tests.promise.shop_changes import cancelled
from tests.support.fake_upstreams import Crash

WINDOW = ApprovalPolicy(delay=timedelta(hours=1))
NO: list[tuple[Any, Choice, State, str]] = [
    (transitions.cancel_order, Choice.CANCELLED, State.CANCELLED, "person"),
    (transitions.ignore_order, Choice.IGNORED, State.IGNORED, Ignored.PERSON),
    (transitions.hold_order, Choice.HELD, State.WAITING, Wait.HELD),
]


@asynccontextmanager
async def rebuilt(day: Day, folder: Path) -> AsyncIterator[Day]:
    """An empty database on the same shop, hours later, with no window any more."""
    day.clock.time += timedelta(hours=3)
    async with Store.open(f"sqlite:///{folder / 'empty.db'}", clock=day.clock) as store:
        yield replace(day, store=store, policy=replace(day.policy, approval=ApprovalPolicy()))


async def waits(day: Day) -> None:
    day.policy = replace(day.policy, approval=WINDOW)
    await day.comes()
    await day.works()
    assert (await day.record()).reason == Wait.WINDOW


def noted(day: Day) -> Decision | None:
    return day.shop.ledgers[ORDER][0].decision


@pytest.mark.parametrize(("wish", "choice", "state", "reason"), NO)
async def test_a_rebuilt_database_obeys_a_no_and_shows_whose_it_was(
    day: Day, tmp_path: Path, wish: Any, choice: Choice, state: State, reason: str
) -> None:
    await waits(day)
    await day.decides(wish)
    await day.works()
    written = noted(day)
    assert written is not None and (written.choice, written.who) == (choice, "anna")
    async with rebuilt(day, tmp_path) as after:
        await after.news()
        await after.works()
        record = await after.record()
        assert (record.state, record.reason, after.prints) == (state, reason, 0)
        assert record.decision == written
        if choice is Choice.HELD:
            assert (record.held_by, record.held_at) == ("anna", written.at)
        told = [
            one.facts
            for one in await after.store.queries.list_events(record.key)
            if one.kind == "decision_found"
        ]
        assert [facts["who"] for facts in told] == ["anna"]


@pytest.mark.parametrize(("wish", "choice", "state", "reason"), NO)
async def test_a_no_that_is_taken_back_leaves_the_note_and_a_rebuilt_database_buys(
    day: Day, tmp_path: Path, wish: Any, choice: Choice, state: State, reason: str
) -> None:
    await waits(day)
    await day.decides(wish)
    await day.works()
    await day.decides(transitions.release_order if choice is Choice.HELD else transitions.reopen_order)
    await day.works()
    assert noted(day) is not None and noted(day).choice is Choice.OPEN  # type: ignore[union-attr]
    assert not day.prints
    async with rebuilt(day, tmp_path) as after:
        await after.news()
        await after.works()
        assert after.prints == 1


@pytest.mark.parametrize(("wish", "choice", "state", "reason"), NO)
async def test_a_no_is_written_after_the_shop_was_away_and_after_a_crash(
    day: Day, wish: Any, choice: Choice, state: State, reason: str
) -> None:
    await waits(day)
    day.fate.shop[:] = ["before", "ok", "before"]
    await day.decides(wish)
    await day.works()
    assert ORDER not in day.shop.ledgers

    def dies() -> None:
        raise Crash

    day.fate.meanwhile["noted"] = dies
    for _ in range(4):
        day.clock.time += timedelta(minutes=10)
        await day.dies()
    assert not day.fate.meanwhile, "it died once, with the note written"
    record = await day.record()
    assert (record.state, record.decision_noted) == (state, True)
    assert noted(day) == record.decision


async def test_an_order_that_is_approved_from_hold_is_bought_although_the_note_had_said_no(day: Day) -> None:
    await waits(day)
    await day.decides(transitions.hold_order)
    await day.works()
    await day.decides(transitions.approve_order)
    await day.works()
    assert day.prints == 1
    assert noted(day) is None, "the purchase is what counts now"


async def test_a_no_by_another_database_in_the_moment_of_ordering_stops_the_purchase(day: Day) -> None:
    def forbids() -> None:
        entry = LedgerEntry("", "", "void", Mode.LIVE, "v1", day.clock.now())
        decision = Decision(Choice.CANCELLED, "zoe", day.clock.now())
        day.shop.ledgers[ORDER] = (replace(entry, decision=decision), "another-digest")

    day.fate.meanwhile["connect"] = forbids
    await day.comes()
    await day.works()
    day.clock.time += timedelta(minutes=1)
    await day.works()
    record = await day.record()
    assert (record.state, record.reason, day.prints) == (State.CANCELLED, "person", 0)
    assert day.shop.ledgers[ORDER][1] == "another-digest"


async def test_only_a_newer_decision_takes_the_place_of_one(day: Day) -> None:
    await waits(day)
    later = Decision(Choice.OPEN, "zoe", day.clock.now() + timedelta(days=1))
    entry = LedgerEntry("", "", "void", Mode.LIVE, "v1", day.clock.now(), decision=later)
    day.shop.ledgers[ORDER] = (entry, "another-digest")
    await day.decides(transitions.hold_order)
    await day.works()
    assert noted(day) == later
    assert (await day.record()).reason == Wait.HELD


async def test_a_no_is_never_written_over_a_purchase_that_another_database_made(day: Day) -> None:
    await waits(day)
    await day.decides(transitions.cancel_order)
    entry = LedgerEntry("feed", "tok", "intent", Mode.LIVE, "v1", day.clock.now())
    day.shop.ledgers[ORDER] = (entry, "another-digest")
    await day.works()
    assert (await day.record()).state is State.UNKNOWN
    assert day.shop.ledgers[ORDER] == (entry, "another-digest")


async def test_a_no_is_never_written_over_a_note_that_cannot_be_read(day: Day) -> None:
    await waits(day)
    await day.decides(transitions.cancel_order)
    day.shop.unreadable[ORDER] = "it is of version 7"
    await day.works()
    record = await day.record()
    assert (record.state, ORDER in day.shop.ledgers) == (State.CANCELLED, False)
    assert await day.alarms() == {Alarm.NOTE_UNREADABLE: {"why": "it is of version 7"}}


async def test_without_write_orders_the_timeline_says_that_a_no_is_in_the_database_only(day: Day) -> None:
    await waits(day)
    day.shop.ledger_writable = False
    await day.decides(transitions.cancel_order)
    await day.works()
    record = await day.record()
    kinds = [one.kind for one in await day.store.queries.list_events(record.key)]
    assert (record.state, kinds.count("decision_not_noted")) == (State.CANCELLED, 1)


async def test_a_held_order_of_a_rebuilt_database_is_cancelled_when_the_shop_had_cancelled_it(
    day: Day, tmp_path: Path
) -> None:
    await waits(day)
    await day.decides(transitions.hold_order)
    await day.works()
    day.change(**cancelled(day.shop.orders[ORDER]))
    async with rebuilt(day, tmp_path) as after:
        await after.news()
        await after.works()
        assert (await after.record()).state is State.CANCELLED


async def test_a_no_of_the_rehearsal_is_on_the_note_of_live_orders_once_the_bridge_is_live(day: Day) -> None:
    await day.store.wake_for_mode(Mode.TEST)
    day.policy = replace(day.policy, mode=Mode.TEST)
    await waits(day)
    await day.decides(transitions.cancel_order)
    await day.works()
    assert ORDER not in day.shop.ledgers
    day.policy = replace(day.policy, mode=Mode.LIVE)
    await day.store.wake_for_mode(Mode.LIVE)
    await day.works()
    written = noted(day)
    assert written is not None and written.choice is Choice.CANCELLED


@pytest.mark.parametrize("wish", [transitions.cancel_order, transitions.ignore_order, transitions.hold_order])
async def test_a_decision_on_an_order_of_a_shop_that_was_taken_out_rests_until_the_shop_is_back(
    day: Day, wish: Callable[..., Any]
) -> None:
    await day.store.wake_for_mode(Mode.TEST)
    day.policy = replace(day.policy, mode=Mode.TEST)
    await waits(day)
    await day.decides(wish)
    await day.works()
    day.is_configured = False
    day.policy = replace(day.policy, mode=Mode.LIVE)
    await day.store.wake_for_mode(Mode.LIVE)
    tries = 0
    for _ in range(72):
        day.clock.time += timedelta(hours=1)
        tries += len(await day.works())
    assert tries <= 2
    day.is_configured = True
    judged_by = day.world().judged_by
    await day.store.record_judged_by(judged_by)
    await day.store.wake_left_over(judged_by, ["acme"])
    await day.works()
    assert noted(day) is not None
    await day.store.wake_left_over(judged_by, ["acme"])
    assert await day.works() == []
    assert day.printer.sent == []


async def test_what_was_decided_before_decisions_were_kept_as_such_is_written_too(day: Day) -> None:
    await waits(day)
    await day.decides(transitions.cancel_order)
    (record,) = await day.store.orders.claim_orders("worker", limit=1, lease_for=timedelta(minutes=1))
    change = Transition(State.CANCELLED, day.clock.now(), reason="person", values={"decision": None})
    await day.store.orders.record_transition(record, change)  # as the migration leaves it
    await day.works()
    written = noted(day)
    assert written is not None and written.choice is Choice.CANCELLED


async def test_a_no_that_is_taken_back_under_a_clock_that_was_set_back_is_taken_back(day: Day) -> None:
    await waits(day)
    await day.decides(transitions.cancel_order)
    await day.works()
    day.clock.skew = -timedelta(days=1)
    await day.decides(transitions.reopen_order)
    day.policy = replace(day.policy, approval=ApprovalPolicy())
    await day.works()
    assert day.prints == 1
