"""Evidence that comes late, and orders whose outcome is not known: they heal, or a person is told loudly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.decisions.refusals import NotNow
from bridge.errors import NeedsPerson
from bridge.order.model import LedgerEntry, Mode, PlaceResult, PrintOrder, PrintStatus, RawAnswer, Verdict
from bridge.order.problems import Alarm
from bridge.order.records import OrderSignal
from bridge.order.states import State, Wait
from tests.promise.memory_bridge import ORDER, Day, transitions
from tests.support.fake_upstreams import Printed
from tests.support.order_factories import ADDRESS, euro

MINUTE = timedelta(minutes=1)
PRINTED = PrintOrder((), ADDRESS, None, ("acme #1001",), False)
NOTICE = OrderSignal("acme", ORDER, "webhook", "#1001")


def reference(day: Day) -> str:
    (bought,) = day.printer.real_prints("#1001")
    return bought.reference


async def test_an_unknown_order_heals_by_sculpteos_call_once_tracking_confirms_it(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.calls(reference(day))
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, reference(day), 1)


async def test_a_call_that_tracking_does_not_confirm_adopts_nothing(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.calls("NOTTHERE")
    await day.works()
    record = await day.record()
    assert (record.state, record.reference) == (State.UNKNOWN, None)
    day.printer.books["NOTTHERE"] = replace(day.printer.books[reference(day)], reference="NOTTHERE")
    day.clock.time += 3 * MINUTE
    await day.works()
    assert (await day.record()).reference == "NOTTHERE"


async def test_a_reference_that_another_order_has_is_refused(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(replace(NOTICE, order_id=other.id, name=other.name))
    await day.works()
    (taken,) = day.printer.real_prints("#1002")
    await day.calls(taken.reference)
    await day.works()
    assert (await day.record()).state is State.UNKNOWN
    assert (await day.store.queries.search_orders("#1002"))[0].reference == taken.reference


async def test_a_late_call_after_not_placed_takes_the_truth_back_and_raises_an_alarm(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.store.switch.pause_ordering("*", "anna")  # so that nothing newer is bought before the call
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    assert (await day.record()).reason == Wait.PAUSED
    await day.calls(reference(day))
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, reference(day), 1)
    assert await day.alarms() == {Alarm.LATE_ANSWER: {"reference": reference(day)}}
    assert day.shop.ledgers[ORDER][0].reference == reference(day)


async def test_a_late_call_that_tracking_does_not_know_yet_keeps_a_second_order_back(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    late = reference(day)
    hidden = day.printer.books.pop(late)
    await day.store.switch.pause_ordering("*", "anna")
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    await day.calls(late)
    await day.store.switch.resume_ordering("*")
    await day.works()
    record = await day.record()
    assert (record.state, record.reason, len(day.printer.books)) == (State.WAITING, Wait.UPSTREAM, 0)
    day.printer.books[late] = hidden
    day.clock.time += 5 * MINUTE
    await day.works()
    assert (await day.record()).reference == late
    assert day.prints == 1
    assert Alarm.LATE_ANSWER in await day.alarms()


async def test_a_late_call_during_the_preparation_of_the_second_order_stops_it(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    late = reference(day)
    day.policy = replace(day.policy, per_order=euro("1000"))
    day.fate.meanwhile["connect"] = lambda: day.calls(late)
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, late, 1)
    assert Alarm.LATE_ANSWER in await day.alarms()
    assert day.shop.ledgers[ORDER][0].reference == late


async def test_a_late_call_that_finds_an_unsent_attempt_after_a_crash_stops_it(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    late = reference(day)
    await day.decides(transitions.resolve_as_not_placed)
    day.fate.crash_in = 4
    await day.dies()
    record = await day.record()
    assert record.state is State.PLACING and record.attempt is not None and record.attempt.sent_at is None
    await day.calls(late)
    await day.works()
    assert ((await day.record()).reference, day.prints) == (late, 1)
    assert Alarm.LATE_ANSWER in await day.alarms()


async def test_a_late_call_after_a_second_order_was_sent_is_an_alarm(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    late = reference(day)
    await day.decides(transitions.resolve_as_not_placed)
    await day.works()
    assert day.prints == 2  # the person was wrong, and answers for it
    second = (await day.record()).reference
    await day.calls(late)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference) == (State.PLACED, second)
    assert await day.alarms() == {Alarm.TWO_PURCHASES: {"reference": late, "other": second}}


async def test_a_late_call_after_the_order_was_dropped_is_an_alarm(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.decides(transitions.resolve_as_not_placed, drop=True)
    await day.calls(reference(day))
    await day.works()
    assert (await day.record()).state is State.CANCELLED
    assert await day.alarms() == {
        Alarm.CLOSED_ALIVE: {"reference": reference(day), "name": "#1001", "order": "1001"}
    }


async def test_a_late_answer_after_not_placed_is_weighed_like_a_call(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    late = reference(day)
    (attempt,) = await day.store.queries.list_attempts((await day.record()).key)
    await day.store.switch.pause_ordering("*", "anna")
    await day.decides(transitions.resolve_as_not_placed)
    answer = PlaceResult(Verdict.PLACED, RawAnswer(day.clock.now(), 200, (), late), "placed", late)
    await day.store.orders.keep_answer(attempt.key, answer)
    await day.store.switch.resume_ordering("*")
    await day.works()
    assert ((await day.record()).reference, day.prints) == (late, 1)
    assert Alarm.LATE_ANSWER in await day.alarms()


async def test_a_call_that_comes_before_the_answer_changes_nothing(day: Day) -> None:
    async def calls() -> None:
        attempts = await day.store.queries.list_attempts((await day.record()).key)
        await day.store.calls.receive_notification(attempts[0].token, "REF00000", b"")

    day.fate.meanwhile["sent"] = calls
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, "REF00000", 1)
    assert await day.alarms() == {}


@pytest.mark.parametrize(
    ("status", "state"), [(200, State.PLACED), (500, State.UNKNOWN), (None, State.UNKNOWN)]
)
async def test_a_candidate_is_taken_from_an_answer_of_success_only(
    day: Day, status: int | None, state: State
) -> None:
    """What an error page names can be any order: it is shown to a person."""
    real = day.printer.place_order

    async def unclear(order: Any, about_to_send: Any) -> PlaceResult:
        found = await real(order, about_to_send)
        answer = RawAnswer(day.clock.now(), status, (), f"<p>{found.reference}</p>")
        return PlaceResult(Verdict.UNCLEAR, answer, "not a plain reference", None, found.reference)

    day.printer.place_order = unclear  # type: ignore[method-assign]
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, day.prints) == (state, 1)
    if state is State.UNKNOWN:
        assert record.facts["candidate"] == "REF00000"


async def test_a_candidate_that_tracking_knows_only_later_is_asked_for_again(day: Day) -> None:
    real = day.printer.place_order

    async def unclear(order: Any, about_to_send: Any) -> PlaceResult:
        found = await real(order, about_to_send)
        answer = RawAnswer(day.clock.now(), 200, (), f'{{"reference": "{found.reference}"}}')
        return PlaceResult(Verdict.UNCLEAR, answer, "not a plain reference", None, found.reference)

    day.printer.place_order = unclear  # type: ignore[method-assign]
    await day.comes()
    day.fate.meanwhile["sent"] = lambda: None
    await day.works(at_most=2)
    hidden = day.printer.books.pop("REF00000")
    await day.works()
    assert (await day.record()).state is State.UNKNOWN
    day.printer.books["REF00000"] = hidden
    day.clock.time += 20 * MINUTE
    await day.works()
    assert (await day.record()).reference == "REF00000"


async def test_a_candidate_that_another_order_has_is_not_taken(day: Day) -> None:
    await day.comes()
    await day.works()
    first = reference(day)
    real = day.printer.place_order

    async def echoes(order: Any, about_to_send: Any) -> PlaceResult:
        await real(order, about_to_send)
        answer = RawAnswer(day.clock.now(), 200, (), f"duplicate of {first}")
        return PlaceResult(Verdict.UNCLEAR, answer, "not a plain reference", None, first)

    day.printer.place_order = echoes  # type: ignore[method-assign]
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(replace(NOTICE, order_id=other.id, name=other.name))
    await day.works()
    (second,) = await day.store.queries.search_orders("#1002")
    assert (second.state, second.reference) == (State.UNKNOWN, None)


async def test_a_second_bridge_that_bought_while_the_outcome_was_unknown_is_an_alarm(day: Day) -> None:
    await day.unknown(at_sculpteo=False)
    bought = LedgerEntry("another", "tok", "placed", Mode.LIVE, "v1", day.clock.now(), "BBBB2222")
    day.shop.ledgers[ORDER] = (bought, "digest-of-another")
    await day.news()
    await day.works()
    assert (await day.record()).state is State.UNKNOWN
    assert await day.alarms() == {Alarm.SECOND_REFERENCE: {"reference": "BBBB2222"}}


async def test_an_order_that_is_found_bought_and_cancelled_is_an_alarm(day: Day) -> None:
    """A database from before the purchase learns of both at once."""
    bought = LedgerEntry("lost", "tok", "placed", Mode.LIVE, "v1", day.clock.now(), "REF00000")
    day.shop.ledgers[ORDER] = (bought, "digest")
    await day.comes(cancelled_at=day.clock.now())
    day.printer.books["REF00000"] = Printed("REF00000", PRINTED, "tok", PrintStatus.NEW)
    await day.works()
    assert (await day.record()).state is State.PLACED
    assert await day.alarms() == {Alarm.CANCELLED_AFTER_PLACING: {"reference": "REF00000"}}


async def test_a_person_names_the_reference(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    await day.decides(transitions.resolve_as_placed, reference(day))
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, day.prints) == (State.PLACED, reference(day), 1)


async def test_a_person_cannot_name_the_reference_of_another_order(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    other = replace(day.shop.orders[ORDER], id="gid://shopify/Order/1002", name="#1002")
    day.shop.touch(other)
    await day.store.orders.receive_signal(replace(NOTICE, order_id=other.id, name=other.name))
    await day.works()
    (taken,) = day.printer.real_prints("#1002")
    with pytest.raises(NeedsPerson, match="reference_taken"):
        await day.decides(transitions.resolve_as_placed, taken.reference)
    assert (await day.record()).state is State.UNKNOWN


async def test_a_mistyped_reference_can_be_corrected_while_sculpteo_does_not_know_it(day: Day) -> None:
    await day.unknown(at_sculpteo=True)
    right = reference(day)
    await day.decides(transitions.resolve_as_placed, "MISTYPED")
    await day.works()
    assert (await day.record()).reference == "MISTYPED"
    day.clock.time += timedelta(hours=7)
    await day.works()
    assert (await day.record()).problem == "status_words"
    await day.decides(transitions.resolve_as_placed, right)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, record.print_status) == (State.PLACED, right, PrintStatus.NEW)
    assert record.attempt is not None and record.attempt.reference == right
    assert day.shop.ledgers[ORDER][0].reference == right
    with pytest.raises(NotNow):
        transitions.resolve_as_placed(record, "anna", day.clock.now(), "OTHER")  # Sculpteo knows it now


async def test_a_reference_that_sculpteo_itself_gave_is_not_corrected_by_hand(day: Day) -> None:
    await day.comes()
    await day.works()
    with pytest.raises(NotNow):
        transitions.resolve_as_placed(await day.record(), "anna", day.clock.now(), "OTHER")


@pytest.mark.parametrize("known", [False, True])
async def test_the_orders_own_secret_call_outweighs_a_reference_that_a_person_gave(
    day: Day, known: bool
) -> None:
    await day.unknown(at_sculpteo=True)
    right = reference(day)
    if known:  # it is the order of somebody else, which no order here has
        day.printer.books["MISTYPED"] = Printed("MISTYPED", PRINTED, "x", PrintStatus.NEW)
    await day.decides(transitions.resolve_as_placed, "MISTYPED")
    await day.works()
    await day.calls(right)
    await day.works()
    record = await day.record()
    assert (record.state, record.reference, record.reference_by) == (State.PLACED, right, None)
    assert record.attempt is not None and record.attempt.reference == right
    assert day.shop.ledgers[ORDER][0].reference == right
    assert await day.alarms() == ({Alarm.SECOND_REFERENCE: {"reference": "MISTYPED"}} if known else {})


async def test_a_note_that_cannot_be_read_is_not_written_over_by_the_reference(day: Day) -> None:
    day.fate.meanwhile["sent"] = lambda: day.shop.unreadable.update({ORDER: "it is of version 7"})
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.reference) == (State.PLACED, reference(day))
    assert ORDER in day.shop.unreadable
    assert await day.alarms() == {Alarm.NOTE_UNREADABLE: {"why": "it is of version 7"}}


async def test_an_order_whose_note_cannot_be_read_stops_and_says_why(day: Day) -> None:
    day.shop.unreadable[ORDER] = "it is of version 7"
    await day.comes()
    await day.works()
    record = await day.record()
    assert (record.state, record.problem, record.facts["why"]) == (
        State.ATTENTION,
        "ledger_unreadable",
        "it is of version 7",
    )
    assert (day.prints, ORDER in day.shop.unreadable) == (0, True)


async def test_a_note_that_becomes_unreadable_in_the_moment_of_ordering_stops_the_purchase(day: Day) -> None:
    day.fate.meanwhile["connect"] = lambda: day.shop.unreadable.update({ORDER: "it is of version 7"})
    await day.comes()
    await day.works()
    day.clock.time += timedelta(minutes=5)
    await day.works()
    assert ((await day.record()).problem, day.prints, ORDER in day.shop.unreadable) == (
        "ledger_unreadable",
        0,
        True,
    )
