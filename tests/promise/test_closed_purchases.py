"""Purchases that a person closed stay watched: one that lives after all is told, and never bought again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.decisions.refusals import NotNow
from bridge.order.model import Mode, PrintStatus
from bridge.order.problems import ALARMS, Alarm, Problem, fill_sentence
from bridge.order.records import ClosedPurchase, OrderSignal
from bridge.order.states import State, Wait
from bridge.runtime.worker import LEASE
from bridge.store import Store
from tests.promise.memory_bridge import ORDER, Day, transitions

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALIVE = [
    PrintStatus.BILLED,
    PrintStatus.NEW,
    PrintStatus.IN_PROCESS,
    PrintStatus.SHIPPED,
    PrintStatus.BLOCKED,
]


def first(day: Day) -> str:
    return next(iter(day.printer.books))


async def _cancelled_at_sculpteo(day: Day) -> None:
    await day.comes()
    await day.works()
    day.printer.books[first(day)].status = PrintStatus.CANCELLED
    day.clock.time += HOUR
    await day.works()
    assert (await day.record()).problem == Problem.CANCELLED_AT_SCULPTEO


async def _dropped(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.decides(transitions.resolve_as_not_placed, drop=True)
    await day.works()
    assert (await day.record()).state is State.CANCELLED


async def _ignored(day: Day) -> None:
    await _cancelled_at_sculpteo(day)
    await day.decides(transitions.ignore_order)
    await day.works()
    assert (await day.record()).state is State.IGNORED


async def _looks_for(day: Day, time: timedelta) -> None:
    """The bridge works on what is due, hour by hour."""
    end = day.clock.time + time
    while day.clock.time < end:
        day.clock.time += HOUR
        await day.works()


async def test_a_dropped_order_that_sculpteo_calls_about_is_an_alarm_and_is_taken_over_not_reopened(
    day: Day,
) -> None:
    await _dropped(day)
    await day.calls(first(day))
    await day.works()
    alarms = await day.alarms()
    assert alarms == {Alarm.CLOSED_ALIVE: {"reference": first(day), "name": "#1001", "order": "1001"}}
    sentence = fill_sentence(ALARMS[Alarm.CLOSED_ALIVE].sentence, alarms[Alarm.CLOSED_ALIVE])
    assert first(day) in sentence and "#1001" in sentence
    with pytest.raises(NotNow, match=first(day)):
        await day.decides(transitions.reopen_order)
    await day.decides(transitions.adopt_purchase)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, record.mode, day.prints) == (
        State.PLACED,
        first(day),
        Mode.LIVE,
        1,
    )
    assert record.attempt is not None and record.attempt.reference == first(day)
    assert day.shop.ledgers[ORDER][0].reference == first(day)
    assert not record.closed


async def test_an_order_that_was_reopened_before_sculpteo_called_is_not_bought_again(day: Day) -> None:
    await _dropped(day)
    await day.store.switch.pause_ordering("*", "anna")
    await day.decides(transitions.reopen_order)
    await day.calls(first(day))
    await day.store.switch.resume_ordering("*")
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, first(day), 1)
    assert Alarm.LATE_ANSWER in await day.alarms()


async def test_a_call_about_a_dropped_order_whose_page_comes_later_is_looked_at_until_it_does(
    day: Day,
) -> None:
    await _dropped(day)
    late = first(day)
    hidden = day.printer.books.pop(late)
    await day.calls(late)
    await day.works()
    assert await day.alarms() == {}
    assert (await day.record()).due_at is not None
    day.printer.books[late] = hidden
    await _looks_for(day, 2 * HOUR)
    assert Alarm.CLOSED_ALIVE in await day.alarms()


@pytest.mark.parametrize("by_call", [True, False])
@pytest.mark.parametrize("status", ALIVE)
async def test_an_order_printed_again_whose_first_purchase_is_made_too_is_an_alarm_that_names_both(
    day: Day, status: PrintStatus, by_call: bool
) -> None:
    await _cancelled_at_sculpteo(day)
    one = first(day)
    await day.decides(transitions.print_again)
    await day.works()
    second = (await day.record()).reference
    assert second is not None and second != one
    assert await day.alarms() == {}
    day.printer.books[one].status = status
    if by_call:
        await day.calls(one)
        await day.works()
    else:
        await _looks_for(day, 2 * HOUR)
    assert await day.alarms() == {Alarm.TWO_PURCHASES: {"reference": one, "other": second}}
    assert (await day.record()).reference == second


async def test_an_order_printed_again_long_ago_is_still_watched(day: Day) -> None:
    await _cancelled_at_sculpteo(day)
    one = first(day)
    await day.decides(transitions.print_again)
    await day.works()
    second = (await day.record()).reference
    assert second is not None
    day.printer.ships(second, "1Z1")
    await _looks_for(day, 20 * DAY)
    assert (await day.record()).state is State.DONE
    day.printer.books[one].status = PrintStatus.IN_PROCESS
    await _looks_for(day, 2 * DAY)
    assert await day.alarms() == {Alarm.TWO_PURCHASES: {"reference": one, "other": second}}


async def test_what_was_said_to_be_cancelled_is_looked_at_once_more_before_it_is_bought_again(
    day: Day,
) -> None:
    await _cancelled_at_sculpteo(day)
    one = first(day)
    await day.decides(transitions.print_again)
    day.printer.books[one].status = PrintStatus.IN_PROCESS
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, one, 1)
    assert await day.alarms() == {Alarm.LATE_ANSWER: {"reference": one}}


async def test_an_ignored_order_whose_page_comes_alive_is_an_alarm_and_can_be_taken_over(day: Day) -> None:
    await _ignored(day)
    await _looks_for(day, 5 * DAY)
    assert await day.alarms() == {}
    day.printer.books[first(day)].status = PrintStatus.NEW
    await _looks_for(day, DAY)
    record = await day.record()
    assert record.state is State.IGNORED
    assert await day.alarms() == {
        Alarm.CLOSED_ALIVE: {"reference": first(day), "name": "#1001", "order": "1001"}
    }
    with pytest.raises(NotNow):
        await day.decides(transitions.reopen_order)
    await day.decides(transitions.adopt_purchase)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, first(day), 1)
    assert not record.closed


async def test_word_from_the_shop_about_an_order_that_sculpteo_cancelled_and_a_person_ignored_changes_nothing(
    day: Day,
) -> None:
    await _ignored(day)
    await day.news()
    assert await day.works() == [State.IGNORED]
    assert (await day.record()).state is State.IGNORED


async def test_a_closed_purchase_whose_page_says_something_unknown_is_not_an_alarm(day: Day) -> None:
    await _ignored(day)
    real = day.printer.track_order

    async def strange(reference: str) -> object:
        return replace(await real(reference), status=None, words="Wartet auf Godot")

    day.printer.track_order = strange  # type: ignore[assignment,method-assign]
    await _looks_for(day, 3 * HOUR)
    assert await day.alarms() == {}


async def test_a_watch_gets_rarer_and_ends(day: Day) -> None:
    await _ignored(day)
    looks: list[int] = []
    asked = 0
    real = day.printer.track_order

    async def counted(reference: str) -> object:
        nonlocal asked
        asked += 1
        return await real(reference)

    day.printer.track_order = counted  # type: ignore[assignment,method-assign]
    for _ in range(10):
        await _looks_for(day, 7 * DAY)
        looks.append(asked)
        asked = 0
    assert looks[0] > 3 * looks[1] > 0
    assert looks[-1] == 0
    assert (await day.record()).due_at is None


async def test_a_page_that_cannot_be_read_keeps_the_watch_and_does_not_spin(day: Day) -> None:
    await _ignored(day)
    day.clock.time += 2 * HOUR
    for _ in range(6):
        day.fate.printer[:] = ["track"]
        assert len(await day.works()) <= 1
        day.clock.time += timedelta(minutes=10)
    day.printer.books[first(day)].status = PrintStatus.NEW
    day.fate.printer.clear()
    await _looks_for(day, 3 * HOUR)
    assert Alarm.CLOSED_ALIVE in await day.alarms()


async def test_what_is_cancelled_after_all_can_be_printed_again(day: Day) -> None:
    """The alarm was heard, Sculpteo's support has cancelled it: nothing stands in the way any more."""
    await _dropped(day)
    await day.calls(first(day))
    await day.works()
    day.printer.books[first(day)].status = PrintStatus.CANCELLED
    await _looks_for(day, 2 * HOUR)
    await day.decides(transitions.reopen_order)
    await day.works()
    record = await day.record()
    assert record.state is State.PLACED and record.reference != first(day)


async def test_of_two_purchases_the_one_that_is_made_is_taken_over(day: Day) -> None:
    """Sculpteo cancels the second order and makes the first one."""
    await _cancelled_at_sculpteo(day)
    one = first(day)
    await day.decides(transitions.print_again)
    await day.works()
    second = (await day.record()).reference
    assert second is not None
    day.printer.books[second].status = PrintStatus.CANCELLED
    day.printer.books[one].status = PrintStatus.NEW
    await _looks_for(day, 2 * HOUR)
    assert (await day.record()).problem == Problem.CANCELLED_AT_SCULPTEO
    with pytest.raises(NotNow, match=one):
        await day.decides(transitions.print_again)
    await day.decides(transitions.adopt_purchase)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, len(day.printer.books)) == (State.PLACED, one, 2)
    assert [closed.reference for closed in record.closed] == [second]


async def test_a_candidate_that_a_person_denied_is_watched(day: Day) -> None:
    """An unclear answer of success named it; its page comes only after the order was dropped."""
    await day.unknown(at_sculpteo=True)
    record = await day.record()
    late = first(day)
    hidden = day.printer.books.pop(late)
    assert record.attempt is not None
    answer = day.printer._answer(f"<p>{late}</p>")
    unclear = replace(
        record, attempt=replace(record.attempt, answer=answer), facts={"why": "?", "candidate": late}
    )
    change = transitions.resolve_as_not_placed(unclear, "anna", day.clock.now(), drop=True)
    await day.store.orders.apply_decision(record, change, "anna")
    await day.works()
    assert await day.alarms() == {}
    day.printer.books[late] = hidden
    await _looks_for(day, 3 * HOUR)
    assert Alarm.CLOSED_ALIVE in await day.alarms()


# --- test orders, and orders that Sculpteo takes for one ---------------------------------------------------


async def _tested(day: Day) -> str:
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.comes()
    await day.works()
    return first(day)


async def _goes_live(day: Day) -> None:
    day.policy = replace(day.policy, mode=Mode.LIVE)
    await day.store.wake_for_mode(Mode.LIVE)
    await day.works()


async def test_a_test_order_that_going_live_closed_is_no_alarm_unless_it_is_billed(day: Day) -> None:
    fake = await _tested(day)
    await _goes_live(day)
    await _looks_for(day, 2 * DAY)
    assert (await day.alarms(), (await day.record()).reason) == ({}, Wait.WAS_TEST)
    await day.calls(fake)
    await day.works()
    assert await day.alarms() == {}
    day.printer.books[fake].status = PrintStatus.BILLED
    await day.calls(fake)
    await day.works()
    assert await day.alarms() == {Alarm.TEST_IS_REAL: {"reference": fake}}


@pytest.mark.parametrize(
    "status", [PrintStatus.BILLED, PrintStatus.NEW, PrintStatus.IN_PROCESS, PrintStatus.SHIPPED]
)
async def test_a_test_order_that_sculpteo_makes_is_an_alarm_and_is_not_printed_twice(
    day: Day, status: PrintStatus
) -> None:
    fake = await _tested(day)
    day.printer.books[fake].status = status
    day.clock.time += HOUR
    await day.works()
    assert await day.alarms() == {Alarm.TEST_IS_REAL: {"reference": fake}}
    await _goes_live(day)
    record = await day.record()
    assert (record.state, record.reason) == (State.WAITING, Wait.BOUGHT_ALREADY)
    assert [one.reference for one in record.closed] == [fake]
    with pytest.raises(NotNow, match=fake):
        await day.decides(transitions.approve_order)
    await day.decides(transitions.adopt_purchase)
    await day.works()
    record = await day.record()
    assert record.reference == fake and record.mode is Mode.LIVE
    assert record.state in {State.PLACED, State.SHIPPED, State.DONE}
    assert len(day.printer.books) == 1
    assert day.shop.ledgers[ORDER][0].reference == fake


async def test_after_a_test_order_that_is_billed_nothing_is_bought_in_live_until_a_person_clears_that_alarm(
    day: Day,
) -> None:
    fake = await _tested(day)
    day.printer.books[fake].status = PrintStatus.BILLED
    day.clock.time += HOUR
    await day.works()
    (alarm,) = await day.store.queries.list_alarms()
    await _goes_live(day)
    await day.decides(transitions.ignore_order)
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(OrderSignal("acme", other.id, "webhook", "#1002", paid_now=True))
    await day.works()
    (waits,) = await day.store.queries.search_orders("#1002")
    assert (waits.state, waits.reason, waits.facts["reference"]) == (State.WAITING, Wait.TEST_BILLED, fake)
    assert await day.store.clear_alarm(alarm.key, "anna")
    await day.works()
    (bought,) = await day.store.queries.search_orders("#1002")
    assert bought.state is State.PLACED
    assert len(day.printer.real_prints("#1002")) == 1


async def test_a_test_order_is_watched_for_weeks(day: Day) -> None:
    fake = await _tested(day)
    await _looks_for(day, 20 * DAY)
    assert await day.alarms() == {}
    day.printer.books[fake].status = PrintStatus.IN_PROCESS
    await _looks_for(day, 2 * DAY)
    assert Alarm.TEST_IS_REAL in await day.alarms()


async def test_a_live_order_that_sculpteo_takes_for_a_test_is_an_alarm_and_needs_a_person(day: Day) -> None:
    await day.comes()
    await day.works()
    day.printer.books[first(day)].status = PrintStatus.API_TEST
    day.clock.time += HOUR
    await day.works()
    record = await day.record()
    assert (record.state, record.problem) == (State.ATTENTION, Problem.LIVE_IS_TEST)
    assert await day.alarms() == {Alarm.LIVE_IS_TEST: {"reference": first(day)}}
    day.printer.books[first(day)].status = PrintStatus.NEW
    day.clock.time += HOUR
    await day.works()
    assert (await day.record()).state is State.PLACED


async def test_a_live_order_taken_for_a_test_and_printed_again_is_not_printed_twice(day: Day) -> None:
    """The remedy buys anew; when Sculpteo makes the first one after all, that is told at once."""
    await day.comes()
    await day.works()
    one = first(day)
    day.printer.books[one].status = PrintStatus.API_TEST
    day.clock.time += HOUR
    await day.works()
    await day.decides(transitions.print_again)
    await day.works()
    second = (await day.record()).reference
    assert second is not None and second != one
    assert Alarm.TWO_PURCHASES not in await day.alarms()
    day.printer.books[one].status = PrintStatus.IN_PROCESS
    await _looks_for(day, 2 * HOUR)
    assert (await day.alarms())[Alarm.TWO_PURCHASES] == {"reference": one, "other": second}


async def _forgets(day: Day, folder: Path) -> None:
    """A database without memory beside the same shop works for a while."""
    async with Store.open(f"sqlite:///{folder / 'lost.db'}", clock=day.clock) as store:
        day.store = store
        day.policy = replace(day.policy, mode=Mode.LIVE)
        await day.news()
        await day.works()
        assert (await day.record()).state is not State.WAITING


async def test_a_test_that_is_made_after_all_is_taken_over_in_test_mode_for_real(
    day: Day, tmp_path: Path
) -> None:
    """The note that keeps a lost database from buying it is the one of what is bought for real."""
    fake = await _tested(day)
    await _goes_live(day)
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.store.wake_for_mode(Mode.TEST)
    day.printer.books[fake].status = PrintStatus.BILLED
    await day.calls(fake)
    await day.works()
    await day.decides(transitions.adopt_purchase)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, record.mode) == (State.PLACED, fake, Mode.LIVE)
    assert record.attempt is not None
    assert record.attempt.mode is Mode.LIVE
    assert day.shop.ledgers[ORDER][0].reference == fake
    await _forgets(day, tmp_path)
    assert len(day.printer.books) == 1


@pytest.mark.parametrize(("alive", "mode"), [(True, Mode.LIVE), (False, Mode.TEST)])
async def test_an_unknown_test_that_a_person_names_counts_for_real_only_if_it_is_made(
    day: Day, alive: bool, mode: Mode
) -> None:
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.unknown(at_sculpteo=False)
    await day.news()
    day.clock.time += HOUR
    [held] = await day.store.orders.claim_orders("worker", limit=1, lease_for=LEASE)
    assert held.attempt is not None
    now = day.clock.now()
    one = ClosedPurchase("REFTEST1", held.attempt.token, Mode.TEST, now, alive_at=now if alive else None)
    held = await day.store.orders.keep_look(held, one)
    await day.store.orders.schedule_retry(held, now + DAY, "a test")
    await day.decides(transitions.resolve_as_placed, "REFTEST1")
    record = await day.record()
    assert (record.mode, record.attempt and record.attempt.mode) == (mode, mode)


async def test_what_was_bought_for_real_gets_its_reference_into_its_own_note_in_test_mode(
    day: Day, tmp_path: Path
) -> None:
    await day.store.wake_for_mode(Mode.LIVE)
    await day.comes()
    while (await day.record()).state is not State.PLACED:
        await day.works(at_most=1)
    assert day.shop.ledgers[ORDER][0].reference is None  # not written yet: that is the next step
    day.policy = replace(day.policy, mode=Mode.TEST)
    await day.store.wake_for_mode(Mode.TEST)
    await day.news()
    await day.works()
    assert day.shop.ledgers[ORDER][0].reference == first(day)
    assert ORDER not in day.shop.test_ledgers
    await _forgets(day, tmp_path)
    assert len(day.printer.books) == 1
