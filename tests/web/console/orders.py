"""Orders that the console's tests look at."""

from __future__ import annotations

from datetime import timedelta

from bridge.order.problems import Alarm, Problem
from bridge.order.records import Facts, OrderRecord, Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from tests.support.store_factories import claimed, get, waiting, word

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


async def needing(
    store: Store, number: int = 1001, problem: str = Problem.UNMAPPED, facts: Facts | None = None
) -> OrderRecord:
    """An order that needs a person."""
    return await _moved(store, number, Transition(State.ATTENTION, None, problem=problem, facts=facts or {}))


async def asking(store: Store, number: int, reason: Wait) -> OrderRecord:
    """An order that waits for a person's approval, or for something else."""
    order = await waiting(store, number)
    await store.orders.record_transition(
        order, Transition(State.WAITING, None, reason=reason, facts={"risk": "high"})
    )
    return await get(store, order.key)


async def bought(store: Store, number: int, ago: timedelta, **values: object) -> OrderRecord:
    """An order that Sculpteo has, placed some time ago."""
    order = await waiting(store, number)
    placed = {"reference": f"REF{number}", "mode": "test", "placed_at": order.updated_at - ago, **values}
    await store.orders.record_transition(order, Transition(State.PLACED, None, values=placed))
    return await get(store, order.key)


async def alarmed(store: Store, number: int, alarm: Alarm, facts: Facts) -> OrderRecord:
    await store.orders.receive_signal(word(number))
    order = await claimed(store)
    await store.orders.record_transition(order, Transition(State.IGNORED, None, alarms=((alarm, facts),)))
    return await get(store, order.key)


async def _moved(store: Store, number: int, change: Transition) -> OrderRecord:
    await store.orders.receive_signal(word(number))
    order = await claimed(store)
    await store.orders.record_transition(order, change)
    return await get(store, order.key)
