"""A person's decision counts for what they saw: the store checks it, for every front end."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.errors import StaleDecision
from bridge.order.model import Mode, PrintItem
from bridge.order.records import Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from tests.support.clocks import TurnedClock
from tests.support.order_factories import RING, line, order
from tests.support.store_factories import claimed, get, word

ITEMS = (PrintItem(RING, 1, "gid://shopify/LineItem/1", 1, "RING"),)


async def waiting(store: Store, **values: Any) -> int:
    """An order on record that waits for approval, with these contents."""
    key = await store.orders.receive_signal(word())
    written = {"snapshot": order(line(1, "RING")), "items": ITEMS, **values}
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.APPROVAL, values=written)
    )
    return key


@pytest.mark.parametrize(
    "change",
    [
        {"items": (PrintItem(RING, 50, "gid://shopify/LineItem/1", 50, "RING"),)},
        {"snapshot": order(line(1, "RING"), address=None)},
    ],
)
@pytest.mark.parametrize("wish", [transitions.approve_order, transitions.retry_order])
async def test_a_decision_toward_a_purchase_is_refused_when_the_order_is_another_one_by_now(
    store: Store, clock: TurnedClock, change: dict[str, Any], wish: Any
) -> None:
    key = await waiting(store)
    seen = await get(store, key)
    await store.orders.receive_signal(word())
    current = await claimed(store)
    await store.orders.record_transition(
        current, Transition(State.WAITING, None, reason=Wait.APPROVAL, values=change)
    )
    with pytest.raises(StaleDecision, match="changed since you looked at it"):
        await store.orders.apply_decision(seen, wish(seen, "anna", clock.now()), "anna")
    assert (await get(store, key)).approved_at is None


async def test_a_decision_that_stops_an_order_counts_whatever_changed_meanwhile(
    store: Store, clock: TurnedClock
) -> None:
    key = await waiting(store)
    seen = await get(store, key)
    await store.orders.receive_signal(word())
    other = {"items": (PrintItem(RING, 50, "gid://shopify/LineItem/1", 50, "RING"),)}
    await store.orders.record_transition(
        await claimed(store), Transition(State.WAITING, None, reason=Wait.APPROVAL, values=other)
    )
    await store.orders.apply_decision(seen, transitions.cancel_order(seen, "anna", clock.now()), "anna")
    assert (await get(store, key)).state is State.CANCELLED


async def test_a_decision_is_kept_with_the_mode_that_was_in_force(store: Store, clock: TurnedClock) -> None:
    await store.wake_for_mode(Mode.TEST)
    key = await waiting(store)
    seen = await get(store, key)
    assert seen.first_mode is Mode.TEST
    await store.orders.apply_decision(seen, transitions.approve_order(seen, "anna", clock.now()), "anna")
    assert (await get(store, key)).decided_mode is Mode.TEST
    await store.wake_for_mode(Mode.LIVE)
    history = await store.load_mode_history()
    assert (history.mode, history.before) == (Mode.LIVE, Mode.TEST)
    later = await store.orders.receive_signal(word(2))
    assert (await get(store, later)).first_mode is Mode.LIVE


@pytest.mark.parametrize(
    ("shown_in", "sent_in"), [(Mode.TEST, Mode.LIVE), (Mode.LIVE, Mode.TEST), (None, Mode.LIVE)]
)
@pytest.mark.parametrize("wish", [transitions.approve_order, transitions.retry_order])
async def test_a_decision_that_was_shown_in_one_mode_counts_in_no_other(
    store: Store, clock: TurnedClock, shown_in: Mode | None, sent_in: Mode, wish: Any
) -> None:
    if shown_in:
        await store.wake_for_mode(shown_in)
    key = await waiting(store)
    seen = await get(store, key)
    await store.wake_for_mode(sent_in)
    with pytest.raises(StaleDecision, match="changed since you looked at it"):
        await store.orders.apply_decision(seen, wish(seen, "anna", clock.now()), "anna")
    assert (await get(store, key)).approved_at is None
    again = await get(store, key)
    await store.orders.apply_decision(again, wish(again, "anna", clock.now()), "anna")
    assert (await get(store, key)).decided_mode is sent_in


async def test_a_no_counts_whatever_the_mode_has_become(store: Store, clock: TurnedClock) -> None:
    await store.wake_for_mode(Mode.TEST)
    key = await waiting(store)
    seen = await get(store, key)
    await store.wake_for_mode(Mode.LIVE)
    await store.orders.apply_decision(seen, transitions.hold_order(seen, "anna", clock.now()), "anna")
    assert (await get(store, key)).held_at is not None
