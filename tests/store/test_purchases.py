"""The attempts to buy: what the store holds so that nothing is bought twice and no answer is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.decisions import transitions
from bridge.decisions.actions import (
    BY_NAME,
    perform_action,
)
from bridge.errors import LeaseLost, ModeChanged, OrderChanged, StaleDecision
from bridge.order.model import Mode, Money, Verdict
from bridge.order.problems import Alarm, Problem
from bridge.order.records import Attempt, ClosedAttempt, OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.ports import LimitReached
from bridge.store import Store
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import (
    ITEMS,
    LEASE,
    attempt,
    claimed,
    get,
    key_of,
    placing,
    receipt,
    sent,
    shop_order,
    waiting,
    word,
)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


async def the_attempt(store: Store, order: OrderRecord) -> Attempt:
    found = await store.queries.list_attempts(order.key)
    assert len(found) == 1
    return found[0]


async def test_the_intent_moves_the_order_and_keeps_the_lease(store: Store) -> None:
    order = await waiting(store)
    wanted = attempt(order)
    values = {"snapshot": shop_order(), "items": ITEMS, "cost": wanted.cost}
    opened = await store.orders.open_attempt(order, wanted, values=values)
    assert opened.state is State.PLACING
    assert opened.lease == order.lease
    assert opened.cost == wanted.cost
    assert opened.attempt == replace(wanted, key=key_of(opened), number=1)
    assert (await get(store, order.key)) == opened


async def test_news_that_comes_while_buying_is_still_seen(store: Store) -> None:
    order = await waiting(store)
    await store.orders.receive_signal(word(paid_now=False))
    opened = await store.orders.open_attempt(order, attempt(order), values={})
    assert opened.news == order.news, "what the step has not read it must not count as seen"
    await store.orders.record_transition(opened, Transition(State.WAITING, None, void_attempt="not sent"))
    assert (await get(store, order.key)).due_at is not None


async def test_a_second_attempt_beside_an_open_one_is_impossible(store: Store) -> None:
    order = await placing(store)
    with pytest.raises(LeaseLost):
        await store.orders.adopt_attempt(order, attempt(order))
    with pytest.raises(ValueError, match="from placing"):
        await store.orders.open_attempt(order, attempt(order), values={})
    assert len(await store.queries.list_attempts(order.key)) == 1


async def test_attempts_are_numbered_and_void_ones_are_remembered(store: Store) -> None:
    order = await placing(store)
    assert order.attempt is not None
    change = Transition(State.WAITING, START, reason=Wait.UPSTREAM, void_attempt="it was not sent")
    await store.orders.record_transition(order, change)
    again = await claimed(store)
    assert again.attempt is None
    assert again.void_attempt_ids == (order.attempt.id,)
    second = await store.orders.open_attempt(again, attempt(again), values={})
    assert second.attempt is not None
    assert second.attempt.number == 2
    first = (await store.queries.list_attempts(order.key))[0]
    assert (first.voided_at, first.voided_by, first.verdict) == (START, "bridge", "not_sent")
    assert first.why == "it was not sent"


async def test_only_the_run_that_opened_an_attempt_proves_that_it_was_not_sent(
    store: Store, clock: TurnedClock
) -> None:
    order = await placing(store)
    assert order.attempt is not None
    clock.forward(LEASE)
    second = await claimed(store, "two")
    change = Transition(State.WAITING, START, reason=Wait.RECHECK, void_attempt="it is not on record as sent")
    await store.orders.record_transition(second, change)
    again = await claimed(store)
    assert again.closed_attempts == (ClosedAttempt(order.attempt.id, None, proven=False),)
    third = await store.orders.open_attempt(again, attempt(again), values={})
    assert third.attempt is not None
    await store.orders.record_transition(third, replace(change, due_at=clock.now()))
    assert (await claimed(store)).closed_attempts[1] == ClosedAttempt(third.attempt.id, None, proven=True)


async def test_an_own_attempt_that_the_shop_tells_of_counts_as_one_that_may_have_left(store: Store) -> None:
    order = await placing(store)
    assert order.attempt is not None
    told = replace(order.attempt, sent_at=START, verdict="adopted", why="found in the shop")
    found = await store.orders.adopt_attempt(order, told)
    assert found.attempt is not None
    assert (found.attempt.key, found.attempt.sent_at, found.attempt.verdict) == (
        order.attempt.key,
        START,
        "adopted",
    )
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(order, {})
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(found, Transition(State.WAITING, START, void_attempt="no"))


async def test_the_gate_opens_once(store: Store) -> None:
    order = await placing(store)
    await store.orders.mark_sent(order, {"item": "QfGQC4YQ:2"})
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(order, {})
    kept = await the_attempt(store, order)
    assert (kept.sent_at, kept.request) == (START, {"item": "QfGQC4YQ:2"})


async def test_the_gate_is_shut_for_who_lost_the_lease(store: Store, clock: TurnedClock) -> None:
    order = await placing(store)
    clock.forward(LEASE)
    second = await claimed(store, "two")
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(order, {})
    await store.orders.record_transition(second, Transition(State.WAITING, None, void_attempt="not sent"))
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(second, {})
    assert (await the_attempt(store, order)).sent_at is None


async def test_the_gate_is_shut_once_a_person_stopped_the_order(store: Store) -> None:
    order = await placing(store)
    stopped = Transition(State.CANCELLED, None, reason="person", void_attempt="Zoë stopped it")
    await store.orders.apply_decision(await get(store, order.key), stopped, "Zoë")
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(order, {})


async def test_whoever_takes_over_sees_that_the_request_may_have_left(
    store: Store, clock: TurnedClock
) -> None:
    await sent(store)
    clock.forward(LEASE)
    second = await claimed(store, "two")
    assert second.attempt is not None
    assert second.attempt.sent_at == START


@pytest.mark.parametrize("verdict", [None, Verdict.UNCLEAR, Verdict.PLACED])
async def test_the_bridge_itself_cannot_declare_void_what_may_be_bought(
    store: Store, verdict: Verdict | None
) -> None:
    order = await sent(store)
    if verdict is not None:
        await store.orders.keep_answer(key_of(order), receipt(verdict))
    with pytest.raises(LeaseLost, match="may have reached"):
        await store.orders.record_transition(
            order, Transition(State.WAITING, START, void_attempt="a wrong belief")
        )
    assert (await get(store, order.key)).state is State.PLACING
    assert (await the_attempt(store, order)).voided_at is None


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.NOT_SENT])
async def test_a_refusal_or_a_proof_makes_an_attempt_void(store: Store, verdict: Verdict) -> None:
    order = await (placing(store) if verdict is Verdict.NOT_SENT else sent(store))
    await store.orders.keep_answer(key_of(order), receipt(verdict, None))
    await store.orders.record_transition(
        order, Transition(State.WAITING, START, void_attempt="nothing was bought")
    )
    kept = await the_attempt(store, order)
    assert kept.voided_at is not None
    assert kept.verdict == verdict


async def test_a_test_order_was_never_made_so_it_can_be_void(store: Store) -> None:
    order = await waiting(store)
    order = await store.orders.open_attempt(order, attempt(order, mode=Mode.TEST), values={})
    await store.orders.mark_sent(order, {})
    await store.orders.keep_answer(key_of(order), receipt())
    await store.orders.record_transition(
        order, Transition(State.PLACED, START, values={"reference": "ABCD1234", "mode": Mode.TEST})
    )
    gone = {"reference": None, "mode": None}
    await store.orders.record_transition(
        await claimed(store),
        Transition(State.WAITING, None, reason=Wait.WAS_TEST, values=gone, void_attempt="a test"),
    )
    after = await get(store, order.key)
    assert (after.reference, after.mode, after.attempt) == (None, None, None)


async def test_a_person_can_say_that_nothing_was_bought(store: Store) -> None:
    order = await sent(store)
    await store.orders.record_transition(order, Transition(State.UNKNOWN, None, facts={"why": "no answer"}))
    seen = await get(store, order.key)
    await store.orders.apply_decision(
        seen, Transition(State.WAITING, START, void_attempt="Zoë asked them"), "Zoë"
    )
    kept = await the_attempt(store, order)
    assert (kept.voided_by, kept.why) == ("Zoë", "Zoë asked them")
    with pytest.raises(StaleDecision):
        await store.orders.apply_decision(seen, Transition(State.WAITING, START, void_attempt="again"), "Zoë")


async def test_a_person_who_has_not_seen_the_answer_cannot_say_that_there_is_none(store: Store) -> None:
    order = await sent(store)
    await store.orders.record_transition(order, Transition(State.UNKNOWN, None))
    seen = await get(store, order.key)
    await store.orders.keep_answer(key_of(order), receipt())
    with pytest.raises(StaleDecision, match="answer has come"):
        await store.orders.apply_decision(seen, Transition(State.WAITING, START, void_attempt="no"), "Zoë")


async def test_a_decision_made_without_the_latest_news_is_looked_at_again(store: Store) -> None:
    order = await waiting(store)
    await store.orders.receive_signal(word())
    await store.orders.apply_decision(order, Transition(State.WAITING, None, reason=Wait.HELD), "Zoë")
    assert (await get(store, order.key)).due_at == START


async def test_the_answer_is_kept_and_the_reference_is_the_attempts(store: Store) -> None:
    order = await sent(store)
    await store.orders.keep_answer(key_of(order), receipt())
    kept = await the_attempt(store, order)
    assert (kept.verdict, kept.reference, kept.answered_at) == (Verdict.PLACED, "ABCD1234", START)
    assert kept.answer == receipt().answer
    await store.orders.record_transition(
        order, Transition(State.PLACED, None, values={"reference": "ABCD1234"})
    )
    assert (await get(store, order.key)).reference == "ABCD1234"


async def test_an_answer_without_a_lease_is_kept_and_wakes_its_order(
    store: Store, clock: TurnedClock
) -> None:
    late = await sent(store)
    clock.forward(LEASE)
    second = await claimed(store, "two")
    await store.orders.keep_answer(key_of(late), receipt())
    # the second worker decided before the answer came, and asks for no further look
    await store.orders.record_transition(second, Transition(State.UNKNOWN, None, facts={"why": "no answer"}))
    third = await claimed(store, "three")
    assert third.state is State.UNKNOWN
    assert third.attempt is not None
    assert third.attempt.reference == "ABCD1234"


async def test_an_answer_to_an_attempt_declared_void_becomes_evidence(store: Store) -> None:
    order = await sent(store)
    await store.orders.record_transition(order, Transition(State.UNKNOWN, None))
    seen = await get(store, order.key)
    await store.orders.apply_decision(
        seen, Transition(State.WAITING, None, void_attempt="Zoë asked them"), "Zoë"
    )
    await store.orders.keep_answer(key_of(order), receipt())
    woken = await claimed(store)
    calls = await store.orders.list_notifications(woken)
    assert [(call.reference, call.settled, call.attempt_reference) for call in calls] == [
        ("ABCD1234", None, None)
    ]
    kept = await the_attempt(store, order)
    assert kept.voided_at is not None
    assert kept.answer is not None


async def test_another_reference_for_the_same_attempt_becomes_evidence(store: Store) -> None:
    order = await sent(store)
    await store.orders.record_transition(
        order, Transition(State.PLACED, None, values={"reference": "PERSON01"})
    )
    await store.orders.keep_answer(key_of(order), receipt())
    woken = await claimed(store)
    assert [call.reference for call in await store.orders.list_notifications(woken)] == ["ABCD1234"]
    assert (await the_attempt(store, order)).reference == "PERSON01"


async def test_a_reference_that_another_order_has_is_kept_as_an_answer_only(store: Store) -> None:
    first = await sent(store, 1)
    await store.orders.record_transition(
        first, Transition(State.PLACED, None, values={"reference": "ABCD1234"})
    )
    second = await sent(store, 2)
    await store.orders.keep_answer(key_of(second), receipt())
    kept = await the_attempt(store, second)
    assert (kept.verdict, kept.reference) == (Verdict.PLACED, None)
    assert kept.answer is not None
    assert await store.orders.find_reference_owner("ABCD1234", second) == "#1"
    assert await store.orders.find_reference_owner("ABCD1234", first) is None


async def test_an_attempt_that_has_an_answer_cannot_be_sent(store: Store) -> None:
    order = await placing(store)
    await store.orders.keep_answer(key_of(order), receipt(Verdict.NOT_SENT, None))
    with pytest.raises(LeaseLost, match="sent before, or is void"):
        await store.orders.mark_sent(order, {})
    assert (await the_attempt(store, order)).sent_at is None


async def test_a_void_attempt_cannot_be_sent_by_whoever_still_knows_it(store: Store) -> None:
    order = await placing(store)
    await store.orders.record_transition(
        order, Transition(State.PLACING, START, void_attempt="no connection")
    )
    again = replace(await claimed(store), attempt=order.attempt)
    with pytest.raises(LeaseLost, match="sent before, or is void"):
        await store.orders.mark_sent(again, {})


async def test_that_nothing_was_sent_does_not_call_the_order_up_again_at_once(store: Store) -> None:
    order = await placing(store)
    await store.orders.keep_answer(key_of(order), receipt(Verdict.NOT_SENT, None))
    later = START + timedelta(minutes=5)
    await store.orders.record_transition(
        order, Transition(State.WAITING, later, void_attempt="no connection")
    )
    assert (await get(store, order.key)).due_at == later


async def test_nothing_is_sent_once_there_is_word_of_the_order_that_its_worker_has_not_seen(
    store: Store,
) -> None:
    order = await placing(store)
    await store.orders.receive_signal(word(cause="orders/cancelled"))
    with pytest.raises(OrderChanged, match="news") as caught:
        await store.orders.mark_sent(order, {})
    assert (await the_attempt(store, order)).sent_at is None
    await store.orders.mark_sent(replace(order, news=caught.value.news), {})
    assert (await the_attempt(store, order)).sent_at == START


@pytest.mark.parametrize("scope", ["*", "acme"])
async def test_a_pause_stops_an_order_that_is_placing_and_not_yet_sent(store: Store, scope: str) -> None:
    order = await placing(store)
    await store.switch.pause_ordering("another", "anna")
    await store.switch.pause_ordering(scope, "anna")
    with pytest.raises(OrderChanged, match="paused"):
        await store.orders.mark_sent(order, {})
    assert (await the_attempt(store, order)).sent_at is None


@pytest.mark.parametrize("judged_in", list(Mode))
@pytest.mark.parametrize("in_force", list(Mode))
async def test_what_was_judged_in_one_mode_is_neither_opened_nor_sent_in_another(
    store: Store, judged_in: Mode, in_force: Mode
) -> None:
    opened = await placing(store, 1, mode=judged_in)
    order = await waiting(store, 2)
    await store.wake_for_mode(in_force)
    if judged_in is in_force:
        await store.orders.open_attempt(order, attempt(order, mode=judged_in), values={})
        return
    with pytest.raises(ModeChanged, match=f"judged in {judged_in} mode"):
        await store.orders.mark_sent(opened, {})
    assert (await the_attempt(store, opened)).sent_at is None
    with pytest.raises(ModeChanged, match=f"works in {in_force} mode"):
        await store.orders.open_attempt(order, attempt(order, mode=judged_in), values={})
    assert (await get(store, order.key)).attempt is None


async def test_an_order_that_is_about_to_say_it_waits_for_the_pause_sees_its_end(store: Store) -> None:
    order = await waiting(store)
    await store.switch.pause_ordering("*", "anna")
    await store.switch.resume_ordering("*")
    await store.orders.record_transition(order, Transition(State.WAITING, None, reason=Wait.PAUSED))
    assert (await get(store, order.key)).due_at == START


async def test_a_second_answer_does_not_overwrite_the_first(store: Store) -> None:
    order = await sent(store)
    await store.orders.keep_answer(key_of(order), receipt())
    await store.orders.keep_answer(key_of(order), receipt(Verdict.UNCLEAR, None))
    kept = await the_attempt(store, order)
    assert (kept.verdict, kept.reference) == (Verdict.PLACED, "ABCD1234")
    assert [one.kind for one in await store.queries.list_answers(order.key)] == ["late_answer"]


async def test_an_attempt_found_elsewhere_becomes_the_open_one(store: Store) -> None:
    order = await waiting(store)
    found = attempt(order, sent_at=START, verdict="adopted", reference="ABCD1234", cost=None)
    adopted = await store.orders.adopt_attempt(order, found)
    assert adopted.attempt == replace(found, key=key_of(adopted), number=1)
    assert (adopted.state, adopted.lease) == (State.WAITING, order.lease)
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(adopted, {})


async def test_a_void_attempt_can_come_back_with_its_reference(store: Store) -> None:
    order = await sent(store)
    assert order.attempt is not None
    token = order.attempt.token
    await store.orders.record_transition(order, Transition(State.UNKNOWN, None))
    seen = await get(store, order.key)
    await store.orders.apply_decision(
        seen, Transition(State.WAITING, START, void_attempt="Zoë asked them"), "Zoë"
    )
    revived = await store.orders.revive_attempt(await claimed(store), token, "ABCD1234")
    assert revived.attempt is not None
    assert (revived.attempt.reference, revived.void_attempt_ids) == ("ABCD1234", ())
    with pytest.raises(LeaseLost):
        await store.orders.revive_attempt(revived, token, "ABCD1234")


async def test_an_attempt_cannot_come_back_beside_an_open_one(store: Store) -> None:
    order = await placing(store)
    assert order.attempt is not None
    await store.orders.record_transition(order, Transition(State.WAITING, START, void_attempt="not sent"))
    order_again = await claimed(store)
    again = await store.orders.open_attempt(order_again, attempt(order_again), values={})
    with pytest.raises(LeaseLost):
        await store.orders.revive_attempt(again, order.attempt.token, "ABCD1234")
    await store.orders.mark_sent(again, {})


async def test_the_days_limit_counts_what_is_not_void_of_the_same_mode_and_day(store: Store) -> None:
    async def buy(
        number: int, cost: str, *, mode: Mode = Mode.LIVE, at: timedelta = timedelta(0)
    ) -> OrderRecord:
        order = await waiting(store, number)
        wanted = attempt(order, cost=euros(cost), mode=mode, created_at=START + at)
        return await store.orders.open_attempt(
            order, wanted, values={}, day_limit=euros("20"), day_start=START - timedelta(hours=1)
        )

    await buy(6, "7.50", at=-timedelta(hours=2))
    first = await buy(1, "12.50")
    await buy(2, "19", mode=Mode.TEST)
    await buy(3, "7.50")
    with pytest.raises(LimitReached) as reached:
        await buy(4, "0.01")
    assert reached.value.spent == euros("20.00")
    await store.orders.record_transition(first, Transition(State.WAITING, None, void_attempt="not sent"))
    await buy(5, "12.50")


async def test_a_refused_limit_writes_nothing(store: Store) -> None:
    order = await waiting(store)
    before = await get(store, order.key)
    with pytest.raises(LimitReached):
        await store.orders.open_attempt(
            order, attempt(order), values={}, day_limit=euros("1"), day_start=START
        )
    assert await get(store, order.key) == before
    assert await store.queries.list_attempts(order.key) == []


async def test_calls_on_the_secret_url_reach_their_order_even_of_void_attempts(store: Store) -> None:
    order = await placing(store)
    assert order.attempt is not None
    token = order.attempt.token
    assert await store.calls.has_token(token)
    assert await store.calls.receive_notification(token, "ABCD1234", b"reference=ABCD1234")
    await store.orders.record_transition(order, Transition(State.WAITING, None, void_attempt="not sent"))
    woken = await claimed(store)
    calls = await store.orders.list_notifications(woken)
    assert [(call.token, call.reference, call.settled) for call in calls] == [(token, "ABCD1234", None)]
    await store.orders.settle_notification(calls[0].key, "known")
    await store.orders.settle_notification(calls[0].key, "something else")
    assert [call.settled for call in await store.orders.list_notifications(woken)] == ["known"]


async def test_a_call_for_an_unknown_token_counts_once_the_attempt_is_found(store: Store) -> None:
    order = await waiting(store)
    found = attempt(order, sent_at=START, verdict="adopted")
    assert not await store.calls.has_token(found.token)
    assert not await store.calls.receive_notification(found.token, "ABCD1234", b"reference=ABCD1234")
    adopted = await store.orders.adopt_attempt(order, found)
    assert [call.reference for call in await store.orders.list_notifications(adopted)] == ["ABCD1234"]


async def test_calls_by_strangers_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.store.print_notifications.STRAYS", 5)
    order = await placing(store)
    assert order.attempt is not None
    await store.calls.receive_notification(order.attempt.token, "ABCD1234", b"x")
    for number in range(20):
        await store.calls.receive_notification(f"stranger-{number}", "x" * 10_000, b"x" * 100_000)
    kept = await store.calls.count_notifications()
    assert kept == 6
    assert len(await store.orders.list_notifications(order)) == 1


async def test_one_known_url_cannot_be_used_to_fill_the_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.store.print_notifications.PER_TOKEN", 3)
    order = await placing(store)
    assert order.attempt is not None
    for _ in range(10):
        await store.calls.receive_notification(order.attempt.token, "ABCD1234", b"x")
    await store.calls.receive_notification(order.attempt.token, "WXYZ9876", b"x")
    told = [call.reference for call in await store.orders.list_notifications(order)]
    assert told == ["ABCD1234"] * 3 + ["WXYZ9876"], "a reference that is new is evidence"


@pytest.mark.parametrize("name", ["bridge", "Bridge", " bridge "])
async def test_a_person_who_is_called_like_the_service_decides_as_a_person(store: Store, name: str) -> None:
    """Only a person may say of an order that was sent that Sculpteo does not have it."""
    order = await sent(store)
    await store.orders.record_transition(
        order, Transition(State.UNKNOWN, None, facts={"why": "the answer is missing"})
    )
    seen = await get(store, order.key)
    record = await carry_out_as(store, seen, name)
    assert record.state is State.WAITING
    [first] = await store.queries.list_attempts(order.key)
    assert first.voided_by is not None
    assert first.voided_by != "bridge"
    assert first.voided_by.strip().casefold().startswith("bridge")
    events = await store.queries.list_events(order.key)
    assert {event.who for event in events if event.kind == "attempt_void"} == {first.voided_by}
    assert "bridge" in {event.who for event in events}, "what the service did stays its own"


async def carry_out_as(store: Store, record: OrderRecord, who: str) -> OrderRecord:
    await perform_action(BY_NAME["not_placed"], record, who, START, store.orders, store.sessions)
    return await get(store, record.key)


# --- what was closed -------------------------------------------------------------------------------------


async def _closed(store: Store, clock: TurnedClock) -> OrderRecord:
    """An order whose purchase a person declared cancelled, and then ignored; not leased."""
    order = await sent(store)
    await store.orders.keep_answer(key_of(order), receipt())
    bought = Transition(State.PLACED, None, values={"reference": "ABCD1234", "mode": Mode.LIVE})
    await store.orders.record_transition(order, bought)
    order = await claimed(store)
    stopped = Transition(
        State.ATTENTION, None, problem=Problem.CANCELLED_AT_SCULPTEO, values={"print_status": "cancelled"}
    )
    await store.orders.record_transition(order, stopped)
    order = await get(store, order.key)
    await store.orders.apply_decision(order, transitions.print_again(order, "anna", clock.now()), "anna")
    order = await get(store, order.key)
    await store.orders.apply_decision(order, transitions.cancel_order(order, "anna", clock.now()), "anna")
    return await get(store, order.key)


async def test_a_purchase_that_a_person_closed_is_watched_and_its_order_due_for_that(
    store: Store, clock: TurnedClock
) -> None:
    order = await _closed(store, clock)
    (closed,) = order.closed
    assert (closed.reference, closed.status, closed.alive_at) == ("ABCD1234", "cancelled", None)
    assert (order.state, order.due_at) == (State.CANCELLED, closed.look_at)
    order = await claimed(store)
    later = clock.now() + timedelta(hours=5)
    order = await store.orders.keep_look(order, replace(closed, look_at=later, looked_at=clock.now()))
    await store.orders.record_transition(order, Transition(State.CANCELLED, None, reason="person"))
    assert (await get(store, order.key)).due_at == later
    clock.forward(timedelta(hours=6))
    order = await claimed(store)
    await store.orders.record_transition(
        order, Transition(State.CANCELLED, None, reason="person")
    )  # it could not look
    again = (await get(store, order.key)).due_at
    assert again is not None and clock.now() < again <= clock.now() + timedelta(minutes=10)
    clock.forward(timedelta(hours=6))
    order = await claimed(store)
    order = await store.orders.keep_look(order, replace(closed, look_at=None))
    await store.orders.record_transition(order, Transition(State.CANCELLED, None, reason="person"))
    assert (await get(store, order.key)).due_at is None


async def test_a_closed_purchase_that_lives_belongs_to_its_order_alone(
    store: Store, clock: TurnedClock
) -> None:
    order = await _closed(store, clock)
    known = replace(order.closed[0], look_at=None)
    alive = replace(known, reference="OTHER123", alive_at=clock.now())
    held = await claimed(store)
    await store.orders.record_transition(
        held, Transition(State.CANCELLED, None, reason="person", watches=(known, alive))
    )
    other = await waiting(store, 1002)
    assert await store.orders.find_reference_owner("OTHER123", other) == "#1001"
    assert await store.orders.find_reference_owner("OTHER123", order) is None


async def test_what_is_taken_over_is_the_orders_own_purchase_again(store: Store, clock: TurnedClock) -> None:
    order = await _closed(store, clock)
    held = await claimed(store)
    alive = replace(order.closed[0], alive_at=clock.now())
    await store.orders.record_transition(
        held, Transition(State.CANCELLED, None, reason="person", watches=(alive,))
    )
    order = await get(store, order.key)
    await store.orders.apply_decision(order, transitions.adopt_purchase(order, "anna", clock.now()), "anna")
    order = await get(store, order.key)
    assert (order.state, order.reference, order.closed) == (State.PLACED, "ABCD1234", ())
    assert order.attempt is not None
    assert (order.attempt.reference, order.attempt.voided_at) == ("ABCD1234", None)


async def test_the_alarm_of_a_billed_test_order_is_read_until_a_person_clears_it(store: Store) -> None:
    order = await waiting(store)
    waits = Transition(
        State.WAITING,
        None,
        reason=Wait.TEST_BILLED,
        alarms=((Alarm.TEST_IS_REAL, {"reference": "FAKE1234"}),),
    )
    await store.orders.record_transition(order, waits)
    assert await store.orders.find_billed_test_order() == "FAKE1234"
    assert await store.orders.claim_orders("w", limit=1, lease_for=LEASE) == []
    (alarm,) = await store.queries.list_alarms()
    await store.clear_alarm(alarm.key, "anna")
    assert await store.orders.find_billed_test_order() is None
    assert (await claimed(store)).key == order.key
