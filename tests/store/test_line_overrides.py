"""What people decide about lines, on record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.errors import LeaseLost, StaleDecision
from bridge.order.line_overrides import (
    LineRule,
    Scope,
)
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord, TimelineEntry, Transition
from bridge.order.states import Ignored, State
from bridge.store import Store
from tests.support.clocks import START
from tests.support.store_factories import ITEMS, LEASE, claimed, get, waiting, word

DESIGN = ITEMS[0].design
UNANSWERED = (Problem.UNMAPPED, Problem.OPTION, Problem.VARIANT)
LINE = LineRule("acme", Scope.LINE, "gid://shopify/LineItem/1", (DESIGN,), "Ring", "RING-X", (("Size", "S"),))
VARIANT = replace(LINE, scope=Scope.VARIANT, subject="gid://shopify/ProductVariant/1", designs=())
AGAIN = Transition(State.RECEIVED, START, notes=(TimelineEntry("line_mapped"),))


async def stopped(
    store: Store, number: int, state: State = State.ATTENTION, problem: Problem = Problem.UNMAPPED
) -> OrderRecord:
    """An order that waits for an answer about its lines, or found that none is printed."""
    await store.orders.receive_signal(word(number))
    change = Transition(State.ATTENTION, None, problem=problem)
    if state is State.IGNORED:
        change = Transition(State.IGNORED, None, reason=Ignored.NOTHING_TO_PRINT)
    order = await claimed(store)
    await store.orders.record_transition(order, change)
    return await get(store, order.key)


async def test_a_decision_about_a_line_is_found_by_it_and_has_its_order_looked_at(store: Store) -> None:
    order = await stopped(store, 1001)
    await store.rules.save_rules(order, [LINE], AGAIN, "Zoë")
    assert (await claimed(store)).state is State.RECEIVED
    [found] = await store.orders.list_line_rules("acme", [LINE.subject, "other"])
    assert found == replace(LINE, key=found.key, order=order.key, order_name="#1001", who="Zoë", at=found.at)
    assert await store.orders.list_line_rules("other", [LINE.subject]) == []
    assert await store.orders.list_line_rules("acme", []) == []
    assert [event.kind for event in await store.queries.list_events(order.key)][-1] == "line_mapped"


async def test_a_second_decision_about_the_same_takes_the_place_of_the_first(store: Store) -> None:
    order = await stopped(store, 1001)
    await store.rules.save_rules(order, [LINE], AGAIN, "Zoë")
    await store.rules.save_rules(await get(store, order.key), [replace(LINE, designs=())], AGAIN, "Zoë")
    assert [rule.designs for rule in await store.orders.list_line_rules("acme", [LINE.subject])] == [()]


async def test_nothing_is_decided_about_an_order_that_moved_on(store: Store) -> None:
    order = await waiting(store)
    seen = await get(store, order.key)
    await store.orders.record_transition(order, Transition(State.CANCELLED, None, reason="cancelled"))
    with pytest.raises(StaleDecision):
        await store.rules.save_rules(seen, [LINE], Transition(State.WAITING, START), "Zoë")
    assert await store.orders.list_line_rules("acme", [LINE.subject]) == []


async def test_a_step_that_runs_by_the_old_decision_can_buy_nothing_any_more(store: Store) -> None:
    order = await waiting(store)
    await store.rules.save_rules(await get(store, order.key), [LINE], Transition(State.WAITING, START), "Zoë")
    with pytest.raises(LeaseLost):
        await store.orders.renew_lease(order)


@pytest.mark.parametrize("problem", UNANSWERED)
async def test_a_decision_about_a_variant_wakes_the_orders_that_wait_for_one(
    store: Store, problem: Problem
) -> None:
    first, second = await stopped(store, 1001), await stopped(store, 1002, problem=problem)
    await store.rules.save_rules(first, [VARIANT], AGAIN, "Zoë")
    due = await store.orders.claim_orders("worker", limit=5, lease_for=LEASE)
    assert {order.key for order in due} == {first.key, second.key}
    assert [rule.scope for rule in await store.rules.list_rules()] == [Scope.VARIANT]
    assert await store.rules.list_rules("other") == []


async def test_a_decision_about_a_variant_is_taken_back_once_and_looked_at_anew(store: Store) -> None:
    order, ignored = await stopped(store, 1001), await stopped(store, 1002, State.IGNORED)
    await store.rules.save_rules(order, [VARIANT, LINE], AGAIN, "Zoë")
    await store.orders.record_transition(
        await claimed(store), Transition(State.IGNORED, None, reason=Ignored.PERSON)
    )
    wide = next(rule for rule in await store.rules.list_rules(lines=True) if rule.scope is Scope.VARIANT)
    own = next(rule for rule in await store.rules.list_rules(lines=True) if rule.scope is Scope.LINE)
    assert not await store.rules.remove_rule(own.key, "Zoë"), "a line is taken back with its order"
    assert await store.rules.remove_rule(wide.key, "Zoë")
    assert not await store.rules.remove_rule(wide.key, "Zoë")
    assert (await claimed(store)).key == ignored.key
    assert await store.rules.list_rules() == []


async def test_a_decision_about_a_line_is_taken_back_with_its_order(store: Store) -> None:
    order = await stopped(store, 1001)
    await store.rules.save_rules(order, [LINE], AGAIN, "Zoë")
    [rule] = await store.orders.list_line_rules("acme", [LINE.subject])
    await store.rules.withdraw_rules(
        await get(store, order.key), [rule.key], Transition(State.RECEIVED, START), "Zoë"
    )
    assert await store.orders.list_line_rules("acme", [LINE.subject]) == []
