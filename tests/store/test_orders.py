"""The table of orders as a queue: words, claims, leases, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from bridge.errors import LeaseLost, NeedsPerson, StaleDecision
from bridge.order.model import Mode, Money, Parcel
from bridge.order.problems import Alarm, Problem
from bridge.order.records import TimelineEntry, Transition
from bridge.order.states import Ignored, State, Wait
from bridge.store import (
    Store,
    transitions,
)
from bridge.store.orders import StoredOrders
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import (
    ITEMS,
    LEASE,
    answer,
    attempt,
    claimed,
    get,
    gid,
    placing,
    sent,
    shop_order,
    waiting,
    word,
)

MINUTE = timedelta(minutes=1)


async def test_the_first_word_creates_the_order_due_now(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    order = await get(store, key)
    assert (order.state, order.news, order.due_at, order.paid_now) == (State.RECEIVED, 1, START, True)
    assert (order.name, order.origin, order.first_seen_at) == ("#1001", "import", START)
    assert [event.kind for event in await store.queries.list_events(key)] == ["seen"]


async def test_more_word_wakes_the_order_and_never_changes_its_state(store: Store) -> None:
    key = await store.orders.receive_signal(word(paid_now=False, name=None))
    order = await claimed(store)
    await store.orders.record_transition(
        order, Transition(State.IGNORED, None, reason=Ignored.NOTHING_TO_PRINT)
    )
    assert await store.orders.claim_orders("w", limit=1, lease_for=LEASE) == []
    assert await store.orders.receive_signal(word()) == key
    order = await claimed(store)
    assert (order.state, order.news, order.paid_now, order.name) == (State.IGNORED, 2, True, "#1001")


async def test_a_word_without_payment_does_not_take_payment_back(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    await store.orders.receive_signal(word(paid_now=False))
    assert (await get(store, key)).paid_now


async def test_equal_order_ids_of_two_shops_are_two_orders(store: Store) -> None:
    assert await store.orders.receive_signal(word()) != await store.orders.receive_signal(word(shop="other"))


async def test_news_during_a_step_leaves_the_order_due_at_once(store: Store, clock: TurnedClock) -> None:
    key = await store.orders.receive_signal(word())
    order = await claimed(store)
    clock.forward(MINUTE)
    await store.orders.receive_signal(word())
    await store.orders.record_transition(
        order, Transition(State.WAITING, START + timedelta(days=1), reason=Wait.WINDOW)
    )
    after = await get(store, key)
    assert after.state is State.WAITING
    assert after.due_at == clock.now()


async def test_without_news_the_step_decides_when_it_is_due(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    later = START + timedelta(days=1, microseconds=7)
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, later, reason=Wait.WINDOW)
    )
    assert (await get(store, key)).due_at == later


async def test_a_leased_order_is_not_claimed_again_until_its_lease_is_over(
    store: Store, clock: TurnedClock
) -> None:
    await store.orders.receive_signal(word())
    first = await claimed(store, "one")
    assert await store.orders.claim_orders("two", limit=5, lease_for=LEASE) == []
    clock.forward(LEASE)
    second = await claimed(store, "two")
    assert first.lease is not None
    assert second.lease is not None
    assert second.lease.token > first.lease.token


async def test_oldest_due_comes_first_and_one_that_fails_goes_to_the_back(
    store: Store, clock: TurnedClock
) -> None:
    poisoned = await store.orders.receive_signal(word(1))
    clock.forward(MINUTE)
    others = [await store.orders.receive_signal(word(number)) for number in (2, 3)]
    order = await claimed(store)
    assert order.key == poisoned
    due = clock.now() + MINUTE
    await store.orders.record_transition(order, Transition(State.RECEIVED, due, failure="it fails"))
    found = await store.orders.claim_orders("w", limit=5, lease_for=LEASE)
    assert [one.key for one in found] == others


async def test_many_words_do_not_send_an_overdue_order_to_the_back(store: Store, clock: TurnedClock) -> None:
    noisy = await store.orders.receive_signal(word(1))
    clock.forward(MINUTE)
    await store.orders.receive_signal(word(2))
    clock.forward(MINUTE)
    await store.orders.receive_signal(word(1))
    assert (await claimed(store)).key == noisy


@pytest.mark.parametrize("origin", ["webhook", "reconciliation"])
async def test_the_deliveries_of_one_action_in_the_shop_are_one_look(
    store: Store, clock: TurnedClock, origin: str
) -> None:
    for _ in range(3):
        await store.orders.receive_signal(word(origin=origin))
        clock.forward(timedelta(milliseconds=300))
    assert await store.orders.claim_orders("w", limit=1, lease_for=LEASE) == [], (
        "more may follow within a moment"
    )
    clock.forward(timedelta(seconds=2))
    order = await claimed(store)
    assert order.news == 3
    assert order.due_at == START + timedelta(seconds=2), (
        "the first word counts, so that news cannot put it off"
    )


async def test_a_worker_that_lost_its_lease_can_move_nothing(store: Store, clock: TurnedClock) -> None:
    key = await store.orders.receive_signal(word())
    late = await claimed(store, "one")
    clock.forward(LEASE)
    await claimed(store, "two")
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(late, Transition(State.IGNORED, None, reason=Ignored.GONE))
    assert late.lease is not None
    with pytest.raises(LeaseLost):
        await store.orders.extend_lease(late.lease, LEASE)
    with pytest.raises(LeaseLost):
        await store.orders.renew_lease(late)
    with pytest.raises(LeaseLost):
        await store.orders.mark_pushed(late, ["1Z"], "gid://shopify/Fulfillment/1")
    assert (await get(store, key)).state is State.RECEIVED


async def test_an_older_lease_of_the_same_worker_is_as_lost_as_any(store: Store, clock: TurnedClock) -> None:
    await store.orders.receive_signal(word())
    hung = await claimed(store, "one")
    clock.forward(LEASE)
    again = await claimed(store, "one")
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(hung, Transition(State.RECEIVED, None))
    assert hung.lease is not None
    with pytest.raises(LeaseLost):
        await store.orders.extend_lease(hung.lease, LEASE)
    await store.orders.record_transition(again, Transition(State.RECEIVED, None))


async def test_what_was_decided_before_the_purchase_began_cannot_be_recorded_after(store: Store) -> None:
    before = await waiting(store)
    await store.orders.open_attempt(before, attempt(before), values={})
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(before, Transition(State.CANCELLED, None, reason="cancelled"))


async def test_a_decision_is_recorded_once(store: Store) -> None:
    await store.orders.receive_signal(word())
    order = await claimed(store)
    stay = Transition(State.RECEIVED, None)
    await store.orders.record_transition(order, stay)
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(order, stay)


async def test_a_lease_that_is_over_but_not_taken_can_still_be_renewed(
    store: Store, clock: TurnedClock
) -> None:
    await store.orders.receive_signal(word())
    order = await claimed(store)
    assert order.lease is not None
    clock.forward(2 * LEASE)
    renewed = await store.orders.extend_lease(order.lease, LEASE)
    assert renewed.until == clock.now() + LEASE
    assert await store.orders.claim_orders("two", limit=1, lease_for=LEASE) == []


async def test_a_move_that_is_not_in_the_table_is_refused(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    order = await claimed(store)
    with pytest.raises(ValueError, match="no move from received to shipped"):
        await store.orders.record_transition(order, Transition(State.SHIPPED, None))
    assert (await get(store, key)).lease is not None


async def test_a_change_may_not_write_what_the_store_keeps_itself(store: Store) -> None:
    await store.orders.receive_signal(word())
    order = await claimed(store)
    with pytest.raises(ValueError, match="lease_token"):
        await store.orders.record_transition(
            order, Transition(State.RECEIVED, None, values={"lease_token": 0})
        )


async def test_every_field_that_a_step_writes_comes_back_as_it_was(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    values = {
        "snapshot": shop_order(),
        "items": ITEMS,
        "mapping_version": "m2",
        "matched_at": START,
        "window_until": START + MINUTE,
        "approved_at": START,
        "approved_by": "Zoë",
        "approved_for": Wait.APPROVAL,
        "held_at": START,
        "held_by": "Zoë",
        "mode": Mode.TEST,
        "print_status": "new",
        "print_words": "En file d'attente",
        "polled_at": START,
        "placed_at": START,
        "shipped_at": START,
        "estimated_delivery": START,
        "annotated": "waiting:",
        "cost": Money(Decimal("1E+2"), "EUR"),
        "last_step": "match",
        "origin": "was_test",
        "reference": "ABCD1234",
    }
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason="window", values=values)
    )
    order = await get(store, key)
    assert {name: getattr(order, name) for name in values} == values


async def test_a_failed_run_counts_and_is_shown_and_the_next_good_one_clears_it(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    for count in (1, 2):
        await store.orders.record_transition(
            await claimed(store), Transition(State.RECEIVED, START, failure="no answer")
        )
        order = await get(store, key)
        assert (order.failures, order.last_error) == (count, "no answer")
    kinds = [event.kind for event in await store.queries.list_events(key)]
    assert kinds == ["seen", "failed"], "the same failure is told once"
    await store.orders.record_transition(await claimed(store), Transition(State.RECEIVED, None))
    order = await get(store, key)
    assert (order.failures, order.last_error) == (0, None)


async def test_moves_reasons_and_notes_are_in_the_timeline(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    wait = Transition(
        State.WAITING, START, reason=Wait.PAYMENT, notes=(TimelineEntry("approval_dropped", {"n": 1}),)
    )
    await store.orders.record_transition(await claimed(store), wait)
    await store.orders.record_transition(await claimed(store), replace(wait, notes=()))
    await store.orders.record_transition(await claimed(store), replace(wait, reason=Wait.WINDOW, notes=()))
    problem = Transition(State.ATTENTION, START, problem=Problem.UNMAPPED, facts={"skus": "“RING-S”"})
    await store.orders.record_transition(await claimed(store), problem)
    await store.orders.record_transition(await claimed(store), replace(problem, facts={"skus": "“RING-M”"}))
    told = [
        (event.kind, event.source, event.target, event.reason, event.problem)
        for event in await store.queries.list_events(key)
    ]
    assert told == [
        ("seen", None, None, None, None),
        ("move", "received", "waiting", "payment", None),
        ("approval_dropped", None, None, None, None),
        ("reason", "waiting", "waiting", "window", None),
        ("move", "waiting", "attention", None, "unmapped"),
        ("reason", "attention", "attention", None, "unmapped"),
    ]


async def test_a_refused_change_leaves_no_trace(store: Store, clock: TurnedClock) -> None:
    key = await store.orders.receive_signal(word())
    late = await claimed(store, "one")
    clock.forward(LEASE)
    await claimed(store, "two")
    change = Transition(
        State.ATTENTION,
        None,
        problem=Problem.INTERNAL,
        notes=(TimelineEntry("x"),),
        parcels=(Parcel("1Z"),),
        alarms=((Alarm.SECOND_REFERENCE, {"reference": "X"}),),
        answers=(("tracking", answer()),),
    )
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(late, change)
    assert [event.kind for event in await store.queries.list_events(key)] == ["seen"]
    assert await store.queries.list_alarms(order=key) == []
    assert await store.queries.list_answers(key) == []
    assert (await get(store, key)).parcels == ()


async def test_known_parcels_are_left_as_they_are(store: Store) -> None:
    order = await sent(store)
    first, second = Parcel("1Z", "UPS", None, START.date(), (("QfGQC4YQ", 2),)), Parcel("2Z")
    placed = Transition(State.PLACED, START, values={"reference": "ABCD1234"}, parcels=(first,))
    await store.orders.record_transition(order, placed)
    order = await store.orders.mark_pushed(await claimed(store), ["1Z"], "gid://shopify/Fulfillment/9")
    assert order.parcels[0].fulfillment_id == "gid://shopify/Fulfillment/9"
    both = Transition(State.SHIPPED, START, parcels=(replace(first, carrier="DHL"), second))
    await store.orders.record_transition(order, both)
    order = await claimed(store)
    assert [one.parcel for one in order.parcels] == [first, second]
    assert [one.pushed_at for one in order.parcels] == [START, None]


async def test_an_alarm_is_raised_once_for_the_same_facts(store: Store) -> None:
    key = await store.orders.receive_signal(word())
    alarm = (Alarm.EDITED_AFTER_PLACING, {"reference": "A", "what": "+1 RING-S"})
    other = (Alarm.EDITED_AFTER_PLACING, {"reference": "A", "what": "+2 RING-S"})
    for alarms in ((alarm,), (alarm, other)):
        await store.orders.record_transition(
            await claimed(store), Transition(State.RECEIVED, START, alarms=alarms)
        )
    raised = await store.queries.list_alarms()
    assert [one.facts["what"] for one in raised] == ["+2 RING-S", "+1 RING-S"]
    assert await store.clear_alarm(raised[1].key, "Zoë")
    assert not await store.clear_alarm(raised[1].key, "Zoë")
    await store.orders.record_transition(
        await claimed(store), Transition(State.RECEIVED, START, alarms=(alarm,))
    )
    assert [one.key for one in await store.queries.list_alarms()] == [raised[0].key], (
        "what a person cleared stays"
    )
    kinds = [event.kind for event in await store.queries.list_events(key)]
    assert kinds == ["seen", "alarm", "alarm", "alarm_cleared"]


async def test_two_orders_cannot_have_one_reference(store: Store) -> None:
    order = await sent(store, 1)
    await store.orders.record_transition(
        order, Transition(State.PLACED, None, values={"reference": "ABCD1234"})
    )
    other = await sent(store, 2)
    assert await store.orders.find_reference_owner("ABCD1234", other) == "#1"
    with pytest.raises(NeedsPerson) as taken:
        await store.orders.record_transition(
            other, Transition(State.PLACED, None, values={"reference": "ABCD1234"})
        )
    assert taken.value.problem == Problem.REFERENCE_TAKEN
    assert (await get(store, other.key)).state is State.PLACING


async def test_the_database_itself_lets_no_two_orders_have_one_reference(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted = Transition(State.PLACED, None, values={"reference": "ABCD1234"})
    await store.orders.receive_signal(word(1))
    await store.orders.record_transition(await claimed(store), adopted)
    await store.orders.receive_signal(word(2))
    other = await claimed(store)
    monkeypatch.setattr(
        transitions, "find_reference_owner", lambda *_: None
    )  # as if both had looked in the same moment
    with pytest.raises(sa.exc.IntegrityError):
        await store.orders.record_transition(other, adopted)
    assert (await get(store, other.key)).state is State.RECEIVED


async def test_known_tells_what_was_last_read(store: Store) -> None:
    await store.orders.receive_signal(word(1))
    order = await claimed(store)
    await store.orders.record_transition(
        order, Transition(State.RECEIVED, None, values={"snapshot": shop_order()})
    )
    await store.orders.receive_signal(word(2))
    known = await store.orders.load_known_orders("acme", [gid(1), gid(2), gid(3)])
    assert known == {gid(1): START, gid(2): None}


async def test_a_person_decides_and_a_running_step_is_fenced_off(store: Store) -> None:
    order = await waiting(store)
    await store.orders.apply_decision(order, Transition(State.WAITING, None, reason=Wait.HELD), "Zoë")
    with pytest.raises(LeaseLost):
        await store.orders.record_transition(order, Transition(State.IGNORED, None, reason=Ignored.GONE))
    with pytest.raises(LeaseLost):
        await store.orders.renew_lease(order)
    assert (await get(store, order.key)).reason == Wait.HELD
    assert [event.who for event in await store.queries.list_events(order.key)][-1] == "Zoë"


async def test_a_decision_on_what_is_not_so_any_more_is_refused(store: Store) -> None:
    order = await waiting(store)
    await store.orders.record_transition(order, Transition(State.CANCELLED, None, reason="cancelled"))
    with pytest.raises(StaleDecision, match="was waiting and is cancelled now"):
        await store.orders.apply_decision(
            order, Transition(State.IGNORED, None, reason=Ignored.PERSON), "Zoë"
        )


async def test_nobody_can_interfere_while_the_request_is_with_sculpteo(store: Store) -> None:
    order = await sent(store)
    void = Transition(State.CANCELLED, None, reason="person", void_attempt="Zoë says so")
    for seen in (order, await get(store, order.key)):
        with pytest.raises(StaleDecision):
            await store.orders.apply_decision(seen, void, "Zoë")
    assert (await get(store, order.key)).attempt is not None


async def test_a_decision_made_before_a_purchase_began_is_refused(store: Store) -> None:
    seen = await waiting(store)
    order = await placing(store, 2)
    stale = replace(await get(store, order.key), attempt=None)
    with pytest.raises(StaleDecision):
        await store.orders.apply_decision(stale, Transition(State.PLACING, None), "Zoë")
    await store.orders.apply_decision(seen, Transition(State.WAITING, None, reason=Wait.HELD), "Zoë")


async def test_parcels_are_looked_for_in_the_shop_again_when_a_person_asks(store: Store) -> None:
    order = await sent(store)
    shipped = Transition(
        State.PLACED,
        START,
        values={"reference": "ABCD1234"},
        parcels=(Parcel("1Z1", "UPS"), Parcel("1Z2", "UPS")),
    )
    await store.orders.record_transition(order, shipped)
    order = await store.orders.mark_pushed(await claimed(store), ["1Z1", "1Z2"], "f1")
    await store.orders.record_transition(order, Transition(State.SHIPPED, None))
    again = replace(Transition(State.SHIPPED, START), resend=True)
    await store.orders.apply_decision(await get(store, order.key), again, "Zoë")
    assert [known.pushed_at for known in (await claimed(store)).parcels] == [None, None]


async def test_a_clock_set_back_does_not_put_orders_to_sleep(store: Store, clock: TurnedClock) -> None:
    clock.forward(timedelta(days=365))
    key = await store.orders.receive_signal(word())
    order = await claimed(store)
    await store.orders.record_transition(
        order, Transition(State.WAITING, clock.now() + MINUTE, reason=Wait.WINDOW)
    )
    clock.forward(timedelta(days=-364))
    assert (await claimed(store)).key == key


async def test_a_clock_that_jumps_ahead_costs_the_first_worker_its_lease_and_nothing_else(
    store: Store, clock: TurnedClock
) -> None:
    order = await placing(store)
    clock.forward(timedelta(days=365))
    second = await claimed(store, "two")
    with pytest.raises(LeaseLost):
        await store.orders.mark_sent(order, {})
    await store.orders.mark_sent(second, {})


async def test_a_replica_whose_clock_was_ahead_and_died_holds_nobody_up(
    store: Store, clock: TurnedClock
) -> None:
    ahead = StoredOrders(store._db, TurnedClock(START + timedelta(hours=3)))
    assert await store.orders.claim_orders("right", limit=1, lease_for=LEASE) == []
    leased, slept = await ahead.receive_signal(word(1)), await ahead.receive_signal(word(2))
    first, second = await ahead.claim_orders("ahead", limit=2, lease_for=LEASE)
    assert (first.key, second.key) == (leased, slept)
    await ahead.record_transition(
        second, Transition(State.WAITING, START + timedelta(days=9), reason=Wait.WINDOW)
    )
    await store.orders.receive_signal(word(1))
    assert (await claimed(store, "right")).key == leased
    clock.forward(timedelta(minutes=16))
    assert {one.key for one in await store.orders.claim_orders("right", limit=5, lease_for=LEASE)} == {
        leased,
        slept,
    }
    with pytest.raises(LeaseLost):
        await ahead.record_transition(first, Transition(State.WAITING, START, reason=Wait.WINDOW))


async def test_a_token_bucket_is_shared_and_polite(store: Store, clock: TurnedClock) -> None:
    async def take() -> float:
        return await store.orders.take_token("sculpteo", rate=2, burst=2)

    assert [await take() for _ in range(4)] == [0, 0, 0.5, 1.0]
    clock.forward(timedelta(seconds=10))
    assert [await take() for _ in range(3)] == [0, 0, 0.5]
    clock.forward(timedelta(days=-30))
    assert await take() == 0, "a clock that was set back is not waited for"


async def test_pausing_stops_one_shop_or_all_and_resuming_wakes_what_waits(store: Store) -> None:
    order = await waiting(store)
    await store.orders.record_transition(order, Transition(State.WAITING, None, reason=Wait.PAUSED))
    assert not await store.orders.is_shop_paused("acme")
    assert await store.switch.pause_ordering("acme", "Zoë", "holidays")
    assert not await store.switch.pause_ordering("acme", "Zoë")
    assert await store.orders.is_shop_paused("acme")
    assert not await store.orders.is_shop_paused("other")
    assert await store.switch.pause_ordering("*", "Zoë")
    assert await store.orders.is_shop_paused("other")
    assert [(pause.scope, pause.why) for pause in await store.switch.list_pauses()] == [
        ("*", None),
        ("acme", "holidays"),
    ]
    assert await store.switch.resume_ordering("*")
    assert await store.switch.resume_ordering("acme")
    assert not await store.switch.resume_ordering("acme")
    assert (await claimed(store)).key == order.key
