"""What people ask of the store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.order.model import Mode, Parcel
from bridge.order.problems import Problem
from bridge.order.records import Transition
from bridge.order.states import Ignored, State, Wait
from bridge.store import Store
from bridge.store.queries import OrderFilter
from tests.support.clocks import TurnedClock
from tests.support.store_factories import claimed, get, gid, key_of, receipt, sent, word


async def placed(store: Store, number: int = 1001) -> int:
    order = await sent(store, number)
    await store.orders.keep_answer(key_of(order), receipt(reference=f"REF{number}"))
    change = Transition(
        State.PLACED, None, values={"reference": f"REF{number}"}, parcels=(Parcel(f"1Z{number}"),)
    )
    await store.orders.record_transition(order, change)
    due = await claimed(store)  # the answer woke it
    await store.orders.record_transition(due, Transition(State.PLACED, None))
    return order.key


async def test_an_order_is_found_by_all_that_it_is_called(store: Store) -> None:
    key = await placed(store)
    for text in ("#1001", "1001", " #1001 ", gid(), "acme/#1001", "acme/1001", "REF1001", "1Z1001", str(key)):
        assert [one.key for one in await store.queries.search_orders(text)] == [key], text
    for text in ("", "#", "1002", "other/1001", "%", "REF", "9" * 30, "gid://shopify/Order/1"):
        assert await store.queries.search_orders(text) == [], text


async def test_a_name_comes_before_a_number_of_our_own(store: Store) -> None:
    first = await store.orders.receive_signal(word(7, name="#2"))
    second = await store.orders.receive_signal(word(8, name="#9"))
    assert second == 2
    assert [one.key for one in await store.queries.search_orders("2")] == [first]


async def test_equal_names_of_two_shops_are_told_apart(store: Store) -> None:
    acme = await store.orders.receive_signal(word())
    other = await store.orders.receive_signal(word(shop="other"))
    assert {one.key for one in await store.queries.search_orders("1001")} == {acme, other}
    assert [one.key for one in await store.queries.search_orders("other/1001")] == [other]


async def test_what_was_found_is_complete(store: Store) -> None:
    await placed(store)
    [order] = await store.queries.search_orders("1001")
    assert order.attempt is not None
    assert order.attempt.reference == "REF1001"
    assert [one.parcel.number for one in order.parcels] == ["1Z1001"]
    assert order.snapshot is not None


async def test_pages_go_back_through_all_orders_newest_first(store: Store) -> None:
    keys = [await store.orders.receive_signal(word(number)) for number in range(7)]
    seen: list[int] = []
    before = None
    while page := await store.queries.list_orders(OrderFilter(), before=before, limit=3):
        seen += [order.key for order in page]
        before = page[-1].key
    assert seen == keys[::-1]


async def test_pages_keep_to_states_and_shops(store: Store) -> None:
    for number in range(4):
        await store.orders.receive_signal(word(number, shop="acme" if number % 2 else "other"))
    for state in (State.IGNORED, State.WAITING):
        order = await claimed(store)
        await store.orders.record_transition(order, Transition(state, None, reason="x"))

    async def names(*states: State, shop: str | None = None) -> list[str | None]:
        return [order.name for order in await store.queries.list_orders(OrderFilter(states, shop))]

    assert await names() == ["#3", "#2", "#1", "#0"]
    assert await names(State.RECEIVED) == ["#3", "#2"]
    assert await names(State.IGNORED, State.WAITING) == ["#1", "#0"]
    assert await names(shop="acme") == ["#3", "#1"]
    assert await names(State.RECEIVED, State.WAITING, shop="acme") == ["#3", "#1"]
    assert await names(State.DONE) == []


async def test_counts_name_every_state(store: Store) -> None:
    await store.orders.receive_signal(word())
    counts = await store.queries.count_by_state()
    assert counts[State.RECEIVED] == 1
    assert set(counts) == set(State)
    assert sum(counts.values()) == 1


async def test_memory_keeps_what_was_set_first_or_last(store: Store) -> None:
    assert await store.memory.get("go_live") is None
    assert await store.memory.set_if_absent("go_live", "a") == "a"
    assert await store.memory.set_if_absent("go_live", "b") == "a"
    await store.memory.set("go_live", "c")
    assert await store.memory.get("go_live") == "c"


async def test_a_new_mapping_wakes_what_it_may_heal_once(store: Store, clock: TurnedClock) -> None:
    async def end(number: int, change: Transition) -> int:
        await store.orders.receive_signal(word(number))
        order = await claimed(store)
        await store.orders.record_transition(order, change)
        return order.key

    old = await end(1, Transition(State.IGNORED, None, reason=Ignored.NOTHING_TO_PRINT))
    clock.forward(timedelta(days=40))
    heals = {
        await end(2, Transition(State.ATTENTION, None, problem=Problem.UNMAPPED)),
        await end(3, Transition(State.IGNORED, None, reason=Ignored.NOTHING_TO_PRINT)),
    }
    await end(4, Transition(State.ATTENTION, None, problem=Problem.BLOCKED))
    await end(5, Transition(State.IGNORED, None, reason=Ignored.PERSON))
    assert await store.wake_for_mapping("v1") == 2
    assert await store.wake_for_mapping("v1") == 0
    found = await store.orders.claim_orders("w", limit=9, lease_for=timedelta(seconds=60))
    assert {order.key for order in found} == heals
    assert (await get(store, old)).due_at is None


async def test_another_mode_wakes_all_that_waits(store: Store) -> None:
    await store.orders.receive_signal(word(1))
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.PREVIEW)
    )
    await store.orders.receive_signal(word(2))
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.HELD)
    )
    assert await store.wake_for_mode(Mode.TEST) == 2
    assert await store.wake_for_mode(Mode.TEST) == 0
    assert await store.wake_orders([State.WAITING], reasons=[Wait.HELD], shop="acme") == 1
    assert await store.wake_orders([State.WAITING], shop="other") == 0
    assert await store.wake_orders([State.ATTENTION], problems=[Problem.UNMAPPED]) == 0


async def test_since_when_it_is_so_is_not_moved_by_looking_again(store: Store, clock: TurnedClock) -> None:
    key = await store.orders.receive_signal(word(1))
    blocked = Transition(State.ATTENTION, clock.now(), problem=Problem.BLOCKED)
    await store.orders.record_transition(await claimed(store), blocked)
    since = (await store.queries.load_state_times([key]))[key]
    clock.forward(timedelta(days=2))
    await store.orders.record_transition(await claimed(store), blocked)
    assert await store.queries.load_state_times([key, key + 1]) == {key: since}
    assert (await get(store, key)).updated_at > since + timedelta(days=1)


@pytest.mark.parametrize("limit", [1, 3])
async def test_deliveries_are_listed_newest_first(store: Store, limit: int) -> None:
    from tests.support.store_factories import delivery

    for number in range(5):
        await store.inbox.add_delivery(delivery(number))
    seen = []
    before = None
    while page := await store.queries.list_deliveries(before=before, limit=limit):
        seen += [one.webhook_id for one in page]
        before = page[-1].key
    assert seen == ["id-4", "id-3", "id-2", "id-1", "id-0"]
