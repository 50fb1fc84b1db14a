"""A row that cannot be read is a problem of its own order, alone: nothing else stops, and a person is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bridge.decisions import transitions
from bridge.order.model import Mode, Parcel, ShopOrder
from bridge.order.problems import Problem
from bridge.order.records import Facts, Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from bridge.store.engine import parse_url
from bridge.store.queries import OrderFilter
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import (
    ITEMS,
    LEASE,
    claimed,
    delivery,
    get,
    key_of,
    placing,
    receipt,
    sent,
    shop_order,
    waiting,
    word,
)

SECRET = "Ada Example"

ORDER = {
    "snapshot is no JSON": "UPDATE orders SET snapshot = '{\"Ada Example' WHERE id = :key",
    "snapshot lacks its fields": 'UPDATE orders SET snapshot = \'{"name": "Ada Example"}\' WHERE id = :key',
    "items are no list": "UPDATE orders SET items = '\"Ada Example\"' WHERE id = :key",
    "items lack their fields": "UPDATE orders SET items = '[{}]' WHERE id = :key",
    "facts are no JSON": "UPDATE orders SET facts = 'Ada Example' WHERE id = :key",
    "facts are a list": "UPDATE orders SET facts = '[1, 2]' WHERE id = :key",
    "cost is no money": "UPDATE orders SET cost = 'Ada Example' WHERE id = :key",
    "the bridge's own fulfillments": "UPDATE orders SET bare = '{' WHERE id = :key",
    "cost has no currency": "UPDATE orders SET cost = '12' WHERE id = :key",
    "an unknown state": "UPDATE orders SET state = 'teleported' WHERE id = :key",
    "an unknown mode": "UPDATE orders SET mode = 'bananas' WHERE id = :key",
    "an unknown first mode": "UPDATE orders SET first_mode = 'bananas' WHERE id = :key",
    "locations are no list": "UPDATE orders SET first_locations = '{\"a\": 1}' WHERE id = :key",
    "an attempt's answer": "UPDATE attempts SET answer = '{\"Ada Example' WHERE order_id = :key",
    "an attempt's mode": "UPDATE attempts SET mode = 'bananas' WHERE order_id = :key",
    "an attempt's cost": "UPDATE attempts SET cost = 'Ada Example' WHERE order_id = :key",
    "an attempt's request": "UPDATE attempts SET request = '{' WHERE order_id = :key",
    "a parcel": "UPDATE parcels SET parcel = '{\"number\": 5' WHERE order_id = :key",
}
SQLITE = {
    "a time": "UPDATE orders SET updated_at = 'yesterday' WHERE id = :key",
    "another time": "UPDATE orders SET window_until = 'soon' WHERE id = :key",
    "a number": "UPDATE orders SET failures = 'many' WHERE id = :key",
    "bytes": "UPDATE orders SET snapshot = CAST(x'fffe00' AS TEXT) WHERE id = :key",
    "a time of an attempt": "UPDATE attempts SET sent_at = 'yesterday' WHERE order_id = :key",
}
POSTGRESQL = {
    "the end of time": "UPDATE orders SET window_until = 'infinity' WHERE id = :key",
    "the end of time of an attempt": "UPDATE attempts SET sent_at = 'infinity' WHERE order_id = :key",
}


def damage(url: str, sql: str, key: int) -> None:
    """Do this to the database, past the bridge."""
    engine = sa.create_engine(parse_url(url))
    with engine.begin() as connection:
        assert connection.execute(sa.text(sql), {"key": key}).rowcount >= 1, sql
    engine.dispose()


async def bought(store: Store, number: int) -> int:
    """An order that is bought, has a parcel that is not in the shop, and waits for news."""
    order = await sent(store, number)
    await store.orders.keep_answer(key_of(order), receipt(reference=f"REF{number}"))
    values = {"reference": f"REF{number}", "mode": Mode.LIVE, "placed_at": START, "window_until": START}
    change = Transition(State.SHIPPED, None, values=values, parcels=(Parcel(f"1Z{number}"),))
    await store.orders.record_transition(order, Transition(State.PLACED, START, values=values))
    order = await claimed(store)
    await store.orders.record_transition(order, change)
    return order.key


def cases(url: str) -> dict[str, str]:
    return {**ORDER, **(SQLITE if url.startswith("sqlite") else POSTGRESQL)}


async def test_each_damaged_row_is_a_problem_of_its_own_order_alone(
    store: Store, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = {}
    for number, name in enumerate(cases(url), start=1001):
        keys[name] = await bought(store, number)
    well = await bought(store, 2001)
    await store.wake_orders([State.SHIPPED])
    for name, sql in cases(url).items():
        damage(url, sql, keys[name])
    found = await store.orders.claim_orders("worker", limit=100, lease_for=LEASE)
    assert [order.key for order in found] == [well], "the healthy order is worked on, and only that"
    assert await store.orders.claim_orders("worker", limit=100, lease_for=LEASE) == [], (
        "none comes again and again"
    )
    for name, key in keys.items():
        order = await get(store, key)
        assert (order.state, order.problem) == (State.ATTENTION, Problem.INTERNAL), name
        assert "cannot be read" in order.facts["why"], name
        assert order.due_at is None, name
        moves = [event for event in await store.queries.list_events(key) if event.problem == Problem.INTERNAL]
        assert len(moves) == 1, "it is told once"
    listed = await store.queries.list_orders(OrderFilter((State.ATTENTION,)))
    assert {order.key for order in listed} == set(keys.values())
    assert (await store.queries.count_by_state())[State.ATTENTION] == len(keys)
    assert SECRET not in caplog.text


async def test_a_retry_takes_the_damage_off_and_buys_nothing_anew(
    store: Store, url: str, clock: TurnedClock
) -> None:
    for number, (name, sql) in enumerate(cases(url).items(), start=1001):
        key = await bought(store, number)
        damage(url, sql, key)
        await store.wake_orders([State.SHIPPED])
        for order in await store.orders.claim_orders("worker", limit=99, lease_for=LEASE):
            await store.orders.record_transition(order, Transition(order.state, None))
        order = await get(store, key)
        await store.orders.apply_decision(order, transitions.retry_order(order, "ada", clock.now()), "ada")
        again = await get(store, key)
        assert again.damage == (), name
        assert again.state is State.SHIPPED, f"{name}: it counts as bought"
        assert again.reference == f"REF{number}", name
        assert [one.parcel.number for one in again.parcels] == [f"1Z{number}"], name
        assert again.attempt is not None and again.attempt.sent_at is not None, name
        (held,) = await store.orders.claim_orders("worker", limit=99, lease_for=LEASE)
        assert held.key == key, name
        await store.orders.record_transition(held, Transition(State.SHIPPED, None))


@pytest.mark.parametrize(
    "name", ["items are no list", "items lack their fields", "cost is no money", "an unknown mode"]
)
async def test_what_the_purchase_knows_is_back_with_a_retry(
    store: Store, url: str, clock: TurnedClock, name: str
) -> None:
    order = await placing(store, 1001, items=ITEMS)
    await store.orders.mark_sent(order, {"items": ["QfGQC4YQ:2"]})
    assert order.attempt is not None
    cost = order.attempt.cost
    values = {"reference": "REF1", "mode": Mode.LIVE, "items": ITEMS, "cost": cost}
    await store.orders.record_transition(order, Transition(State.PLACED, None, values=values))
    damage(url, ORDER[name], order.key)
    seen = await get(store, order.key)
    assert seen.damage
    await store.orders.apply_decision(seen, transitions.retry_order(seen, "ada", clock.now()), "ada")
    again = await get(store, order.key)
    assert again.attempt is not None
    assert (again.items, again.cost, again.mode) == (ITEMS, cost, Mode.LIVE), name
    assert again.attempt.request == {"items": ["QfGQC4YQ:2"]}, "the form alone is shown as what was sent"


async def test_what_was_approved_is_approved_anew_after_damage(
    store: Store, url: str, clock: TurnedClock
) -> None:
    order = await waiting(store)
    values = {"approved_at": START, "approved_by": "ada", "approved_for": "approval", "items": ITEMS}
    await store.orders.record_transition(
        order, Transition(State.WAITING, START, reason=Wait.APPROVAL, values=values)
    )
    damage(url, ORDER["snapshot is no JSON"], order.key)
    assert await store.orders.claim_orders("worker", limit=99, lease_for=LEASE) == []
    seen = await get(store, order.key)
    await store.orders.apply_decision(seen, transitions.retry_order(seen, "ada", clock.now()), "ada")
    again = await get(store, order.key)
    assert (again.state, again.approved_at, again.snapshot) == (State.RECEIVED, None, None)


async def test_a_no_outlives_damage(store: Store, url: str, clock: TurnedClock) -> None:
    order = await waiting(store)
    await store.orders.record_transition(order, Transition(State.WAITING, None))
    seen = await get(store, order.key)
    await store.orders.apply_decision(seen, transitions.cancel_order(seen, "ada", clock.now()), "ada")
    damage(url, ORDER["snapshot is no JSON"], order.key)
    await store.orders.receive_signal(word())
    clock.forward(timedelta(seconds=5))
    assert await store.orders.claim_orders("worker", limit=99, lease_for=LEASE) == []
    seen = await get(store, order.key)
    assert seen.state is State.ATTENTION
    told: list[Facts] = []
    await store.outbox.fan_out_news({"all": lambda item, _: told.append(item.facts)})
    assert [one.get("reason") for one in told if one.get("problem") == Problem.INTERNAL] == [None], (
        "it waits no more"
    )
    await store.orders.apply_decision(seen, transitions.retry_order(seen, "bob", clock.now()), "bob")
    after = await get(store, order.key)
    assert (after.state, after.reason) == (State.CANCELLED, "person"), "as it was before the damage"


async def test_damage_that_no_due_time_brings_up_is_looked_for(store: Store, url: str) -> None:
    order = await waiting(store)
    await store.orders.record_transition(order, Transition(State.WAITING, None, reason=Wait.APPROVAL))
    damage(url, ORDER["items are no list"], order.key)
    (shown,) = await store.queries.list_orders(OrderFilter())
    assert (shown.state, shown.problem) == (State.ATTENTION, Problem.INTERNAL), "a list tells it at once"
    assert await store.set_aside_damaged() == 1
    (listed,) = await store.queries.list_orders(OrderFilter((State.ATTENTION,)))
    assert listed.key == order.key


async def test_a_purchase_under_a_day_limit_goes_on_beside_a_damaged_cost(store: Store, url: str) -> None:
    damaged = await bought(store, 1001)
    damage(url, ORDER["an attempt's cost"], damaged)
    spending = await store.desk.sum_spending_since(START - timedelta(days=1), "live", "EUR")
    assert spending.amount == 0


async def test_what_reads_all_orders_reads_past_a_damaged_one(
    store: Store, url: str, clock: TurnedClock
) -> None:
    keys = [await bought(store, number) for number in range(1001, 1001 + len(cases(url)))]
    well = await bought(store, 2001)
    for key, sql in zip(keys, cases(url).values(), strict=True):
        damage(url, sql, key)
    later = clock.forward(timedelta(days=40))
    reports = [
        one async for one in store.reports.list_bought_orders(START - timedelta(days=1), later, "live")
    ]
    assert len(reports) >= len(cases(url)) - 3, "those in an unknown mode are in no sum"
    await store.watching.list_stalled(later, for_at_least=timedelta(hours=1))
    await store.desk.list_placed_since(START - timedelta(days=1), "live")
    await store.desk.count_orders()
    assert {order.key for order in await store.desk.list_orders()} >= {well}
    assert await store.outbox.fan_out_news({"all": lambda item, order: None}) > 0


async def test_personal_data_that_cannot_be_read_is_erased_all_the_same(
    store: Store, url: str, clock: TurnedClock
) -> None:
    keys = []
    for number in (1001, 1002):
        order = await waiting(store, number)
        values = {"snapshot": shop_order(number)}
        await store.orders.record_transition(
            order, Transition(State.CANCELLED, None, reason="person", values=values)
        )
        keys.append(order.key)
    damage(url, ORDER["snapshot is no JSON"], keys[0])
    later = clock.forward(timedelta(days=400))
    assert await store.privacy.erase_due_orders(later) == 2
    assert (await get(store, keys[0])).snapshot is None
    assert isinstance((await get(store, keys[1])).snapshot, ShopOrder)


async def test_a_delivery_that_cannot_be_read_keeps_no_other_waiting(store: Store, url: str) -> None:
    for number in (1, 2, 3):
        await store.inbox.add_delivery(delivery(number))
    engine = sa.create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE deliveries SET packed = :yes, body = :body WHERE webhook_id = 'id-2'"),
            {"yes": True, "body": b"this was never packed"},
        )
    engine.dispose()
    found = await store.inbox.list_pending(10)
    assert [one.webhook_id for one in found] == ["id-1", "id-2", "id-3"]
    assert found[1].body == b""
    await store.inbox.settle_delivery(found[1].key, "could not be read", None)
    assert [one.webhook_id for one in await store.inbox.list_pending(10, but=[found[0].key])] == ["id-3"]
