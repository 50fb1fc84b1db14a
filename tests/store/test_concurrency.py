"""Replicas and workers at the same time: what may happen once happens once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest

from bridge.errors import LeaseLost, StaleDecision
from bridge.order.model import Money
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.ports import LimitReached
from bridge.store import Store
from tests.store.worker_processes import claim_all, hold_alone, process
from tests.support.clocks import TurnedClock
from tests.support.store_factories import (
    LEASE,
    attempt,
    claimed,
    delivery,
    get,
    key_of,
    placing,
    receipt,
    waiting,
    word,
)


@pytest.fixture
async def replicas(url: str, clock: TurnedClock) -> AsyncIterator[tuple[Store, Store]]:
    """Two processes' worth of store on one database."""
    async with Store.open(url, clock=clock) as one, Store.open(url, clock=clock) as two:
        yield one, two


def outcomes(results: Sequence[object]) -> tuple[int, set[type]]:
    """How many went well, and the errors of the others."""
    errors = {type(result) for result in results if isinstance(result, BaseException)}
    return sum(not isinstance(result, BaseException) for result in results), errors


async def test_processes_never_claim_the_same_order(url: str) -> None:
    async with Store.open(url, clock=TurnedClock()) as store:
        keys = [await store.orders.receive_signal(word(number)) for number in range(60)]
    with (
        process(claim_all, url, "one") as (_, first),
        process(claim_all, url, "two") as (_, second),
        process(claim_all, url, "three") as (_, third),
    ):
        pipes = (first, second, third)
        for pipe in pipes:
            assert await asyncio.to_thread(pipe.recv) == "ready"
        for pipe in pipes:
            pipe.send("go")
        done = [key for pipe in pipes for key in await asyncio.to_thread(pipe.recv)]
    assert sorted(done) == keys


async def test_claims_at_the_same_moment_share_the_orders(replicas: tuple[Store, Store]) -> None:
    keys = [await replicas[0].orders.receive_signal(word(number)) for number in range(40)]
    found = await asyncio.gather(
        *(
            store.orders.claim_orders(f"{name}-{number}", limit=4, lease_for=LEASE)
            for number in range(8)
            for name, store in zip("ab", replicas, strict=True)
        )
    )
    taken = [order.key for orders in found for order in orders]
    assert len(taken) == len(set(taken))
    assert set(taken) <= set(keys)
    assert len(taken) >= 32, "rows that another is claiming are skipped, not waited for"


async def test_the_gate_opens_once_for_any_number_of_workers(replicas: tuple[Store, Store]) -> None:
    order = await placing(replicas[0])
    results = await asyncio.gather(
        *(store.orders.mark_sent(order, {}) for _ in range(6) for store in replicas), return_exceptions=True
    )
    assert outcomes(results) == (1, {LeaseLost})


async def test_one_attempt_is_opened_however_many_try(replicas: tuple[Store, Store]) -> None:
    order = await waiting(replicas[0])
    results = await asyncio.gather(
        *(
            store.orders.open_attempt(order, attempt(order), values={})
            for _ in range(4)
            for store in replicas
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == (1, {LeaseLost})
    assert len(await replicas[0].queries.list_attempts(order.key)) == 1


@pytest.mark.parametrize("seed", range(4))
async def test_a_take_over_knows_of_the_request_or_stops_it(
    replicas: tuple[Store, Store], clock: TurnedClock, seed: int
) -> None:
    """A worker wakes up late and goes through the gate in the moment that another takes its order over."""
    late, quick = replicas
    chance = random.Random(seed)

    async def send(order: OrderRecord) -> bool:
        await asyncio.sleep(chance.uniform(0, 0.004))
        try:
            await late.orders.mark_sent(order, {})
        except LeaseLost:
            return False
        return True

    async def take_over() -> list[OrderRecord]:
        await asyncio.sleep(chance.uniform(0, 0.004))
        return await quick.orders.claim_orders("quick", limit=1, lease_for=LEASE)

    for number in range(12):
        order = await placing(late, number)
        clock.forward(LEASE)
        sent, found = await asyncio.gather(send(order), take_over())
        if not found:  # PostgreSQL: the row was locked by the gate in that moment
            found = await quick.orders.claim_orders("quick", limit=1, lease_for=LEASE)
        [taken] = found
        assert taken.attempt is not None
        assert (taken.attempt.sent_at is not None) == sent
        void = Transition(State.WAITING, None, reason=Wait.HELD, void_attempt="it was not sent")
        if sent:
            with pytest.raises(LeaseLost):
                await quick.orders.record_transition(taken, void)
            await quick.orders.record_transition(taken, Transition(State.UNKNOWN, None))
        else:
            await quick.orders.record_transition(taken, void)


async def test_the_days_limit_holds_over_replicas(replicas: tuple[Store, Store]) -> None:
    orders = [await waiting(replicas[0], number) for number in range(8)]
    limit = Money(Decimal("40"), "EUR")  # room for three of 12.50
    results = await asyncio.gather(
        *(
            replicas[number % 2].orders.open_attempt(
                order, attempt(order), values={}, day_limit=limit, day_start=order.first_seen_at
            )
            for number, order in enumerate(orders)
        ),
        return_exceptions=True,
    )
    assert outcomes(results) == (3, {LimitReached})


@pytest.mark.parametrize("room", [1, 3])
async def test_many_connections_race_for_the_last_euro(url: str, clock: TurnedClock, room: int) -> None:
    """The limit leaves room for some of them; each costs the same, which none of them knows of the others."""
    limit = Money(Decimal("12.50") * room, "EUR")
    start = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(Store.open(url, clock=clock)) for _ in range(6)]
        orders = [await waiting(stores[0], 1001 + number) for number in range(12)]

        async def opens(number: int, order: OrderRecord) -> OrderRecord:
            store = stores[number % len(stores)]
            return await store.orders.open_attempt(
                order, attempt(order), values={}, day_limit=limit, day_start=start
            )

        results = await asyncio.gather(
            *(opens(number, order) for number, order in enumerate(orders)), return_exceptions=True
        )
        won, errors = outcomes(results)
        assert (won, errors) == (room, {LimitReached})
        states = [(await get(stores[0], order.key)).state for order in orders]
        assert states.count(State.PLACING) == room


async def test_words_at_the_same_moment_make_one_order(replicas: tuple[Store, Store]) -> None:
    keys = await asyncio.gather(
        *(store.orders.receive_signal(word()) for _ in range(10) for store in replicas)
    )
    assert len(set(keys)) == 1
    assert (await get(replicas[0], keys[0])).news == 20


async def test_replicas_with_the_same_deliveries_in_other_orders_do_not_wait_for_each_other(
    replicas: tuple[Store, Store],
) -> None:
    numbers = list(range(150))
    backwards = numbers[::-1]
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(replicas[0].inbox.add_delivery(delivery(number)) for number in numbers),
            *(replicas[1].inbox.add_delivery(delivery(number)) for number in backwards),
        )
    assert len(await replicas[0].inbox.list_pending(1000)) == 150


async def test_a_delivery_is_settled_once_by_any_number_of_workers(replicas: tuple[Store, Store]) -> None:
    await replicas[0].inbox.add_delivery(delivery())
    [pending] = await replicas[0].inbox.list_pending(10)
    await asyncio.gather(
        *(store.inbox.settle_delivery(pending.key, "order", word()) for _ in range(4) for store in replicas)
    )
    assert (await claimed(replicas[0])).news == 1


async def test_two_orders_cannot_take_one_reference_at_the_same_moment(replicas: tuple[Store, Store]) -> None:
    first, second = [await placing(replicas[0], number) for number in (1, 2)]
    for order in (first, second):
        await replicas[0].orders.mark_sent(order, {})
    change = Transition(State.PLACED, None, values={"reference": "ABCD1234"})
    results = await asyncio.gather(
        replicas[0].orders.record_transition(first, change),
        replicas[1].orders.record_transition(second, change),
        return_exceptions=True,
    )
    assert sum(result is None for result in results) == 1


async def test_a_decision_and_a_step_cannot_both_win(replicas: tuple[Store, Store]) -> None:
    for number in range(10):
        order = await waiting(replicas[0], number)
        results = await asyncio.gather(
            replicas[0].orders.open_attempt(order, attempt(order), values={}),
            replicas[1].orders.apply_decision(
                order, Transition(State.CANCELLED, None, reason="person"), "Zoë"
            ),
            return_exceptions=True,
        )
        assert sum(not isinstance(result, Exception) for result in results) == 1
        after = await get(replicas[0], order.key)
        assert (after.state, after.attempt is not None) in {
            (State.PLACING, True),
            (State.CANCELLED, False),
        }
        if after.state is State.PLACING:
            opened = results[0]
            assert isinstance(opened, OrderRecord)
            await replicas[0].orders.record_transition(
                opened, Transition(State.CANCELLED, None, void_attempt="not sent")
            )
        else:  # it is due, so that the decision gets onto the Shopify order
            await replicas[0].orders.record_transition(
                await claimed(replicas[0]), Transition(State.CANCELLED, None)
            )


async def test_an_answer_and_a_decision_about_the_same_attempt_lose_neither(
    replicas: tuple[Store, Store],
) -> None:
    one, two = replicas
    for number in range(10):
        order = await placing(one, number)
        await one.orders.mark_sent(order, {})
        await one.orders.record_transition(order, Transition(State.UNKNOWN, None))
        seen = await get(one, order.key)
        void = Transition(State.WAITING, None, reason=Wait.HELD, void_attempt="Zoë asked them")
        reference = f"REF{number:05}"
        decided, _ = await asyncio.gather(
            one.orders.apply_decision(seen, void, "Zoë"),
            two.orders.keep_answer(key_of(order), receipt(reference=reference)),
            return_exceptions=True,
        )
        after = await get(one, order.key)
        calls = [call.reference for call in await one.orders.list_notifications(after)]
        if isinstance(decided, StaleDecision):  # the answer was first: the person must look again
            assert after.attempt is not None
            assert (after.state, after.attempt.reference, calls) == (State.UNKNOWN, reference, [])
        else:
            assert decided is None
            assert (after.state, after.attempt, calls) == (State.WAITING, None, [reference])
        woken = await claimed(one)
        assert woken.key == order.key, "whoever was first, the answer is looked at"
        await one.orders.record_transition(woken, Transition(woken.state, None))


async def test_one_replica_at_a_time_is_alone(replicas: tuple[Store, Store]) -> None:
    one, two = replicas
    async with (
        one.hold_lock("reconcile") as mine,
        two.hold_lock("reconcile") as theirs,
        two.hold_lock("other") as other,
    ):
        assert (mine, theirs, other) == (True, False, True)
    async with two.hold_lock("reconcile") as mine:
        assert mine


async def test_the_lock_of_a_process_that_dies_is_free(url: str) -> None:
    async with Store.open(url, clock=TurnedClock()) as store:
        with process(hold_alone, url) as (child, pipe):
            assert await asyncio.to_thread(pipe.recv) is True
            async with store.hold_lock("reconcile") as mine:
                assert not mine
            child.kill()
            child.join()
            for _ in range(40):
                async with store.hold_lock("reconcile") as mine:
                    if mine:
                        break
                await asyncio.sleep(0.05)
            assert mine
