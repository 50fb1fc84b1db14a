"""The moment of spending: what the shop says last, before the first byte leaves, is what counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.errors import StoreUnavailable
from bridge.order.model import LedgerEntry, Mode
from bridge.order.policy import ApprovalPolicy
from bridge.order.states import Ignored, State, Wait
from bridge.steps import place as placing
from bridge.steps import purchase_intent
from tests.promise.memory_bridge import ORDER, Day, transitions
from tests.promise.shop_changes import (
    ShopChange,
    address_lost,
    another_address,
    cancelled,
    fulfilled_by_hand,
    held,
    more_units,
    moved,
    one_line_more,
    partly_refunded,
    payment_taken_back,
    printed_line_removed,
    refunded,
    unmapped_line_added,
)
from tests.support.fake_upstreams import Crash
from tests.support.order_factories import RING, Mapped, euro

STOPS: list[tuple[ShopChange, State, str]] = [
    (cancelled, State.CANCELLED, "cancelled"),
    (refunded, State.CANCELLED, "refunded"),
    (printed_line_removed, State.IGNORED, Ignored.NOTHING_TO_PRINT),
    (unmapped_line_added, State.ATTENTION, "unmapped"),
    (fulfilled_by_hand, State.IGNORED, Ignored.ALREADY_FULFILLED),
    (moved, State.ATTENTION, "moved"),
    (held, State.WAITING, Wait.SHOP_HOLD),
    (payment_taken_back, State.WAITING, Wait.PAYMENT),
    (address_lost, State.ATTENTION, "address"),
]
GOES_ON: list[tuple[ShopChange, int]] = [
    (partly_refunded, 1),
    (more_units, 5),
    (one_line_more, 3),
    (another_address, 2),
]
MOMENTS = ["price", "invoice", "written", "connect"]


def happens(day: Day, change: ShopChange, *, told: bool) -> Any:
    """Something that the merchant does; the webhook that tells of it is quick, or slow while minutes pass."""

    async def happening() -> None:
        day.change(**change(day.shop.orders[ORDER]))
        if told:
            await day.news()
        else:
            day.clock.time += timedelta(minutes=2)

    return happening


@pytest.mark.parametrize(("change", "state", "why"), STOPS)
async def test_a_change_between_match_and_place_is_seen_without_any_webhook(
    day: Day, change: ShopChange, state: State, why: str
) -> None:
    day.policy = replace(day.policy, approval=ApprovalPolicy(delay=timedelta(minutes=30)))
    await day.comes()
    await day.works()
    assert (await day.record()).reason == Wait.WINDOW
    day.change(**change(day.shop.orders[ORDER]))
    day.clock.time += timedelta(minutes=31)
    await day.works()
    record = await day.record()
    assert (record.state, record.reason or record.problem) == (state, why)
    assert day.prints == 0


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("change", "state", "why"), STOPS)
async def test_a_change_during_preparation_stops_the_purchase(
    day: Day, change: ShopChange, state: State, why: str, moment: str
) -> None:
    told = moment == "written"  # after the last look, only what was told can still count
    day.policy = replace(day.policy, per_order=euro("1000"))
    day.fate.meanwhile[moment] = happens(day, change, told=told)
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.reason or record.problem) == (state, why)
    assert day.prints == 0
    attempts = await day.store.queries.list_attempts(record.key)
    assert all(one.voided_at is not None and one.sent_at is None for one in attempts)
    entry = day.shop.ledgers.get(ORDER)
    assert entry is None or entry[0].state == "void"


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("change", "units"), GOES_ON)
async def test_what_changed_during_preparation_is_bought_as_it_is_now(
    day: Day, change: ShopChange, units: int, moment: str
) -> None:
    told = moment == "written"
    day.policy = replace(day.policy, per_order=euro("1000"))
    day.fate.meanwhile[moment] = happens(day, change, told=told)
    await day.comes()
    await day.works()
    day.clock.time += timedelta(minutes=1)
    await day.works()
    record = await day.record()
    assert record.state is State.PLACED
    (bought,) = day.printer.real_prints("#1001")
    assert sum(item.quantity for item in bought.order.items) == units
    assert bought.order.items == record.items
    assert record.cost == euro(str(5 * units))
    assert bought.order.address == day.shop.orders[ORDER].address


async def test_a_preparation_of_minutes_in_which_nothing_happens_buys_at_the_first_try(day: Day) -> None:
    async def passes() -> None:
        day.clock.time += timedelta(minutes=4)

    day.fate.meanwhile["invoice"] = passes
    await day.comes()
    await day.works()
    attempts = await day.store.queries.list_attempts((await day.record()).key)
    assert day.prints == len(attempts) == 1


async def test_news_without_a_change_does_not_keep_an_order_from_being_bought(day: Day) -> None:
    day.fate.meanwhile["written"] = day.news  # Shopify tells the bridge of the bridge's own note
    day.fate.meanwhile["connect"] = day.news
    await day.comes()
    assert State.PLACED in await day.works()
    assert day.prints == len(await day.store.queries.list_attempts((await day.record()).key)) == 1


async def test_endless_news_does_not_spin(day: Day) -> None:
    count = 0

    async def again() -> None:
        nonlocal count
        count += 1
        day.fate.meanwhile["connect"] = again
        await day.news()

    day.fate.meanwhile["connect"] = again
    await day.comes()
    await day.works(at_most=3)
    record = await day.record()
    assert (record.state, record.reason) == (State.WAITING, Wait.RECHECK)
    assert count == placing.LOOKS
    assert day.prints == 0


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_pause_during_preparation_stops_the_purchase(day: Day, moment: str) -> None:
    day.policy = replace(day.policy, per_order=euro("1000"))
    paused: list[bool] = []

    async def pause() -> None:
        paused.append(await day.store.switch.pause_ordering("*", "anna"))

    day.fate.meanwhile[moment] = pause
    await day.comes()
    await day.works()
    record = await day.record()
    assert paused == [True]
    assert (record.state, record.reason, day.prints) == (State.WAITING, Wait.PAUSED, 0)
    await day.store.switch.resume_ordering("*")
    await day.works()
    assert day.prints == 1


async def test_an_order_edited_after_a_crash_before_sending_is_recorded_as_it_is_bought(day: Day) -> None:
    """The attempt that is on record was opened for other items, and counted at another cost."""
    day.policy = replace(day.policy, per_day=euro("1000"))
    day.fate.crash_in = 7  # after the intent is in the shop, before the first byte
    await day.comes()
    await day.dies()
    before = await day.record()
    assert (before.state, before.attempt and before.attempt.sent_at) == (State.PLACING, None)
    day.change(**more_units(day.shop.orders[ORDER]))
    await day.works()
    record = await day.record()
    (bought,) = day.printer.real_prints("#1001")
    assert bought.order.items == record.items
    assert record.attempt is not None and record.attempt.cost == record.cost == euro("25")
    assert record.attempt.mapping_version == record.mapping_version


async def test_a_mapping_that_changed_after_a_crash_before_sending_is_the_one_on_record(day: Day) -> None:
    day.fate.crash_in = 5
    await day.comes()
    await day.dies()
    assert (await day.record()).state is State.PLACING
    day.catalog = Mapped(RING=(replace(RING, material="gold"),))
    day.catalog.version = "v2"
    await day.works()
    record = await day.record()
    (bought,) = day.printer.real_prints("#1001")
    assert bought.order.items == record.items and record.items[0].design.material == "gold"
    assert record.attempt is not None and record.attempt.mapping_version == record.mapping_version == "v2"


async def test_a_live_attempt_that_was_never_sent_is_not_sent_in_test_mode(day: Day) -> None:
    day.fate.crash_in = 5
    await day.comes()
    await day.dies()
    assert (await day.record()).state is State.PLACING
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.works()
    assert day.prints == 0
    assert [one.order.fake for one in day.printer.books.values()] == [True]


async def test_a_print_that_could_not_be_sent_is_bought_by_a_later_attempt_only(day: Day) -> None:
    """Else an older copy of the database, which knows the attempt as unsent, would send it once more."""
    day.fate.printer[:] = ["before", "after"]
    await day.comes()
    await day.works()
    first = await day.record()
    assert (first.state, first.reason, first.attempt) == (State.WAITING, Wait.UPSTREAM, None)
    assert first.last_error == "no connection"
    day.clock.time += timedelta(minutes=5)
    await day.works()
    assert (await day.record()).state is State.UNKNOWN
    attempts = await day.store.queries.list_attempts(first.key)
    assert [one.sent_at is not None for one in attempts] == [False, True]
    entry = day.shop.ledgers[ORDER][0]
    assert (entry.attempt, entry.state) == (attempts[1].id, "intent")


async def test_a_sculpteo_that_cannot_be_reached_is_asked_less_and_less(day: Day) -> None:
    day.fate.printer[:] = ["before"] * 20
    await day.comes()
    await day.works(at_most=50)
    first = await day.record()
    assert first.due_at is not None and first.due_at > day.clock.time
    day.clock.time = first.due_at
    await day.works(at_most=50)
    second = await day.record()
    assert second.due_at is not None
    assert second.due_at - day.clock.time > timedelta(seconds=8)
    assert second.failures == 2


async def test_a_ledger_that_never_accepts_does_not_spin(day: Day) -> None:
    """Shopify refuses the compare digest each time, as a fault of it or a bridge that fights us would."""

    async def foreign() -> None:
        day.fate.meanwhile["price"] = foreign
        taken = LedgerEntry("other", "t", "void", Mode.LIVE, "v1", day.clock.now())
        day.shop.ledgers[ORDER] = (taken, f"digest-{day.clock.now()}")

    day.policy = replace(day.policy, per_order=euro("1000"))
    day.fate.meanwhile["price"] = foreign
    await day.comes()
    await day.works(at_most=4)
    record = await day.record()
    assert (record.state, record.reason, record.failures > 0) == (State.WAITING, Wait.RECHECK, True)
    assert record.due_at is not None and record.due_at > day.clock.time
    assert day.prints == 0


async def test_another_bridge_that_writes_its_intent_during_preparation_wins(day: Day) -> None:
    def another() -> None:
        entry = LedgerEntry("another", "other-token", "intent", Mode.LIVE, "v1", day.clock.now())
        day.shop.ledgers[ORDER] = (entry, "another-digest")

    day.fate.meanwhile["invoice"] = another
    await day.comes()
    await day.works()
    day.clock.time += timedelta(minutes=1)
    await day.works()
    record = await day.record()
    assert (record.state, day.prints) == (State.UNKNOWN, 0)
    assert record.attempt is not None and record.attempt.id == "another"
    assert day.shop.ledgers[ORDER][1] == "another-digest"


async def test_a_void_note_of_another_attempt_is_written_over(day: Day) -> None:
    entry = LedgerEntry("another", "other-token", "void", Mode.LIVE, "v1", day.clock.now())
    day.shop.ledgers[ORDER] = (entry, "void-digest")
    await day.comes()
    await day.works()
    assert day.prints == 1


async def test_a_test_bridge_beside_the_live_one_reads_and_writes_another_note(day: Day) -> None:
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.comes()
    await day.works()
    assert day.shop.test_ledgers[ORDER][0].mode is Mode.TEST
    assert ORDER not in day.shop.ledgers
    assert (await day.record()).state is State.PLACED
    assert day.prints == 0


async def test_an_order_whose_request_had_left_when_the_bridge_died_is_not_sent_again(day: Day) -> None:
    def dies() -> None:
        raise Crash

    day.fate.meanwhile["sent"] = dies
    await day.comes()
    await day.dies()
    for _ in range(3):
        day.clock.time += timedelta(hours=1)
        await day.works()
    record = await day.record()
    assert (record.state, len(day.printer.sent)) == (State.UNKNOWN, 1)
    assert "stopped between sending" in record.facts["why"]


async def is_full(*_: Any) -> None:
    raise StoreUnavailable("the disk is full")


def has_instead(day: Day, **verbs: Any) -> None:
    """Let the table of orders do this instead of some of its verbs."""
    real = day.store.orders

    class Changed:
        def __getattr__(self, name: str) -> Any:
            return verbs.get(name) or getattr(real, name)

    day.store.orders = Changed()  # type: ignore[assignment]


async def test_the_answer_is_kept_when_the_database_comes_back_in_time(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "KEEP_AGAIN", (0.0, 0.0))
    real, tries = day.store.orders, 0

    async def keep_answer(*arguments: Any) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise StoreUnavailable("the disk is full")
        await real.keep_answer(*arguments)

    has_instead(day, keep_answer=keep_answer)
    await day.comes()
    await day.works()
    assert (await day.record()).state is State.PLACED


async def test_an_answer_that_the_database_cannot_take_is_found_on_the_shopify_order(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "KEEP_AGAIN", (0.0,))
    real = day.store.orders

    has_instead(day, keep_answer=is_full)
    await day.comes()
    await day.works()
    day.store.orders = real
    (bought,) = day.printer.real_prints("#1001")
    assert day.shop.ledgers[ORDER][0].reference == bought.reference
    day.clock.time += timedelta(minutes=2)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference) == (State.PLACED, bought.reference)
    assert day.prints == 1


async def test_a_held_order_that_the_shop_cancels_is_cancelled(day: Day) -> None:
    day.policy = replace(day.policy, approval=ApprovalPolicy(delay=timedelta(minutes=30)))
    await day.comes()
    await day.works()
    await day.decides(transitions.hold_order)
    day.change(**cancelled(day.shop.orders[ORDER]))
    await day.news()
    await day.works()
    assert (await day.record()).state is State.CANCELLED


async def test_an_order_that_the_shop_shows_a_moment_late_is_not_lost(day: Day) -> None:
    made = await day.comes()
    del day.shop.orders[ORDER]
    await day.works(at_most=2)
    assert (await day.record()).state is State.RECEIVED
    day.shop.touch(made)
    day.clock.time += timedelta(minutes=1)
    await day.works()
    assert day.prints == 1


async def test_an_order_that_is_gone_is_ignored_with_that_reason_and_taken_up_when_it_is_back(
    day: Day,
) -> None:
    made = await day.comes()
    del day.shop.orders[ORDER]
    for _ in range(8):
        await day.works()
        day.clock.time += timedelta(minutes=5)
    record = await day.record()
    assert (record.state, record.reason) == (State.IGNORED, Ignored.GONE)
    day.shop.orders[ORDER] = made  # no webhook, no change: only the bridge's own look can find it
    day.clock.time += timedelta(hours=7)
    await day.works()
    assert day.prints == 1


async def test_a_shop_that_is_slow_in_the_last_look_does_not_keep_sculpteos_connection_waiting(
    day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchase_intent, "LOOK_WITHIN", 0.05)
    day.fate.meanwhile["written"] = lambda: asyncio.sleep(30)
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.reason, day.prints) == (State.WAITING, Wait.UPSTREAM, 0)
    assert record.facts["upstream"] == "shopify:acme"
    assert day.shop.ledgers[ORDER][0].state == "void", "the note had got there all the same"
    day.clock.time += timedelta(minutes=5)
    await day.works()
    assert day.prints == 1


async def test_a_database_that_fails_in_the_gate_leaves_no_note_behind(day: Day) -> None:
    real = day.store.orders

    has_instead(day, mark_sent=is_full)
    await day.comes()
    await day.works()
    assert (day.shop.ledgers[ORDER][0].state, day.prints) == ("void", 0)
    day.store.orders = real
    day.clock.time += timedelta(minutes=2)
    await day.works()
    assert ((await day.record()).state, day.prints) == (State.PLACED, 1)


async def test_a_shop_without_write_orders_is_looked_at_once_more_all_the_same(day: Day) -> None:
    day.shop.ledger_writable = False
    day.fate.meanwhile["connect"] = happens(day, cancelled, told=False)
    await day.comes()
    await day.works()
    assert ((await day.record()).state, day.prints, ORDER in day.shop.ledgers) == (State.CANCELLED, 0, False)
