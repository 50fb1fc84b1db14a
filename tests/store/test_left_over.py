"""What a replica left over that was late with a new configuration, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.order.model import Mode
from bridge.order.policy import JudgedBy
from bridge.order.problems import NOT_CONFIGURED
from bridge.order.records import Transition
from bridge.order.states import Ignored, State, Wait
from bridge.store import Store
from tests.support.clocks import START
from tests.support.store_factories import claimed, get, placing, waiting

NEW = JudgedBy(Mode.LIVE, "r2", "m2")


async def woken(store: Store, key: int) -> bool:
    news = (await get(store, key)).news
    await store.wake_left_over(NEW, ["acme"])
    return (await get(store, key)).news > news


@pytest.mark.parametrize(
    ("change", "by", "wanted"),
    [
        (Transition(State.WAITING, None, reason=Wait.PREVIEW), JudgedBy(Mode.PREVIEW, "r2", "m2"), True),
        (Transition(State.WAITING, None, reason=Wait.WAS_TEST), JudgedBy(Mode.TEST, "r2", "m2"), True),
        (
            Transition(State.IGNORED, None, reason=Ignored.SHOP_TEST_ORDER),
            JudgedBy(Mode.TEST, "r2", "m2"),
            True,
        ),
        (Transition(State.WAITING, None, reason=Wait.APPROVAL), JudgedBy(Mode.LIVE, "r1", "m2"), True),
        (Transition(State.WAITING, None, reason=Wait.LIMIT_DAY), JudgedBy(Mode.LIVE, "r1", "m2"), True),
        (
            Transition(State.IGNORED, None, reason=Ignored.OTHER_LOCATION),
            JudgedBy(Mode.LIVE, "r1", "m2"),
            True,
        ),
        (Transition(State.ATTENTION, None, problem="unmapped"), JudgedBy(Mode.LIVE, "r2", "m1"), True),
        (Transition(State.ATTENTION, None, problem="unmapped"), JudgedBy(Mode.LIVE, "r1", "m2"), False),
        (Transition(State.WAITING, None, reason=Wait.APPROVAL), JudgedBy(Mode.LIVE, "r2", "m1"), True),
        (
            Transition(State.WAITING, None, reason=Wait.APPROVAL),
            JudgedBy(Mode.LIVE, "r2", "m2+decisions"),
            False,
        ),
        (Transition(State.IGNORED, None, reason=Ignored.PERSON), JudgedBy(Mode.LIVE, "r1", "m1"), False),
        (Transition(State.WAITING, None, reason=Wait.APPROVAL), NEW, False),
        (Transition(State.WAITING, None, reason=Wait.PREVIEW), NEW, False),
    ],
)
async def test_only_what_others_judged_otherwise_is_looked_at_anew(
    store: Store, change: Transition, by: JudgedBy, wanted: bool
) -> None:
    await store.record_judged_by(NEW)
    order = await waiting(store)
    await store.orders.record_transition(order, replace(change, values={"judged_by": str(by)}))
    assert await woken(store, order.key) is wanted


async def test_what_was_ordered_as_a_test_after_going_live_is_looked_at_anew(store: Store) -> None:
    await store.record_judged_by(NEW)
    order = await placing(store)
    values = {"reference": "ABCD1234", "mode": Mode.TEST, "judged_by": "test:r2:m2"}
    await store.orders.record_transition(order, Transition(State.PLACED, None, values=values))
    assert await woken(store, order.key)


async def test_an_order_of_a_shop_that_another_did_not_know_is_looked_at_at_once(store: Store) -> None:
    await store.record_judged_by(NEW)
    order = await waiting(store)
    values = {"judged_by": str(NEW)}
    failure = NOT_CONFIGURED.format(shop="acme")
    await store.orders.record_transition(
        order, Transition(State.WAITING, None, values=values, failure=failure)
    )
    assert await woken(store, order.key)
    assert (await claimed(store)).key == order.key


async def test_who_is_late_wakes_nothing(store: Store) -> None:
    await store.record_judged_by(JudgedBy(Mode.LIVE, "r3", "m3"))
    order = await waiting(store)
    change = Transition(State.WAITING, START, reason=Wait.APPROVAL, values={"judged_by": "live:r3:m3"})
    await store.orders.record_transition(order, change)
    assert not await woken(store, order.key)
