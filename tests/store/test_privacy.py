"""Personal data is erased when its time is over, or when its owner asks; the proof of the purchase stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.config.settings import Retention
from bridge.order.model import Address, FulfillmentHold, FulfillmentOrder, ShopOrder
from bridge.order.problems import Alarm
from bridge.order.records import OrderRecord, PrivacyRequest, Transition
from bridge.order.redaction import erase_order
from bridge.order.states import Ignored, State
from bridge.runtime.service import purge_expired
from bridge.store import Store
from bridge.store.types import to_json
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import (
    answer,
    claimed,
    delivery,
    get,
    gid,
    key_of,
    receipt,
    sent,
    shop_order,
    waiting,
    word,
)

DAYS = timedelta(days=90)
HOME = Address("Ada", "Example", None, "1 Rue Inventée", None, "Lyon", postal_code="69001", country_code="FR")


def personal(number: int = 1001) -> ShopOrder:
    made = shop_order(number)
    hold = FulfillmentHold("OTHER", "Ada is away")
    unit = FulfillmentOrder("u", "OPEN", None, None, "SHIPPING", (), (), (hold,), None)
    return replace(
        made,
        address=HOME,
        billing_address=HOME,
        email="ada@example.com",
        customer_id="gid://shopify/Customer/1",
        customer_name="Ada Example",
        note="Ring at Ada's",
        attributes=(("Gift for", "Ada"),),
        lines=tuple(replace(line, attributes=(("Engraving", "Ada"),)) for line in made.lines),
        fulfillment_orders=(unit,),
    )


async def done(store: Store, number: int = 1001) -> OrderRecord:
    """An order that was printed for Ada, and is over."""
    order = await sent(store, number)
    reference = f"ABCD{number}"
    await store.orders.keep_answer(key_of(order), receipt(reference=reference))
    values = {"reference": reference, "snapshot": personal(number), "mode": "live"}
    evidence = (("tracking", answer("<p>to Ada, Lyon</p>")),)
    await store.orders.record_transition(
        order, Transition(State.PLACED, START, values=values, answers=evidence)
    )
    await store.orders.record_transition(await claimed(store), Transition(State.SHIPPED, START))
    await store.orders.record_transition(await claimed(store), Transition(State.DONE, None))
    return await get(store, order.key)


def test_nothing_of_a_person_is_left_and_the_proof_is() -> None:
    bare = erase_order(personal())
    assert "Ada" not in to_json(str(bare)) and "Lyon" not in str(bare) and "ada@" not in str(bare)
    assert (bare.id, bare.name, bare.created_at) == (gid(), "#1001", START)
    assert [(line.sku, line.quantity, line.total) for line in bare.lines] == [
        (line.sku, line.quantity, line.total) for line in shop_order().lines
    ]


async def test_an_order_that_is_over_keeps_its_proof_and_loses_its_person(
    store: Store, clock: TurnedClock
) -> None:
    order = await done(store)
    await store.inbox.add_delivery(delivery())
    (waiting_one,) = await store.inbox.list_pending(1)
    await store.inbox.settle_delivery(waiting_one.key, "order", word(paid_now=False))
    await store.orders.record_transition(await claimed(store), Transition(State.DONE, None))
    assert [one.key for one in await store.desk.list_orders(text="Ada")] == [order.key]
    now = clock.forward(DAYS)
    assert await store.privacy.erase_due_orders(now - DAYS) == 0
    now = clock.forward(timedelta(seconds=1))
    assert await store.privacy.erase_due_orders(now - DAYS) == 1
    after = await get(store, order.key)
    assert after.snapshot == erase_order(personal())
    assert (after.reference, after.items, after.cost) == (order.reference, order.items, order.cost)
    assert (await store.queries.list_attempts(order.key))[0].reference == order.reference
    assert await store.desk.list_orders(text="Ada") == []
    assert [one.key for one in await store.desk.list_orders(text="RING-S")] == [order.key]
    assert await store.queries.list_answers(order.key) == []
    assert await store.inbox.find_delivery(waiting_one.key) is None
    assert await store.privacy.erase_due_orders(now - DAYS) == 0, "once is enough"


async def test_an_order_that_is_not_over_keeps_its_address(store: Store, clock: TurnedClock) -> None:
    order = await waiting(store)
    await store.orders.record_transition(
        order, Transition(State.WAITING, None, values={"snapshot": personal()})
    )
    now = clock.forward(10 * DAYS)
    assert await store.privacy.erase_due_orders(now - DAYS) == 0
    snapshot = (await get(store, order.key)).snapshot
    assert snapshot is not None and snapshot.address == HOME


async def test_an_order_that_is_read_again_is_erased_again(store: Store, clock: TurnedClock) -> None:
    order = await done(store)
    now = clock.forward(2 * DAYS)
    assert await store.privacy.erase_due_orders(now - DAYS) == 1
    clock.forward(timedelta(seconds=1))
    await store.orders.receive_signal(word())
    await store.orders.record_transition(
        await claimed(store), Transition(State.DONE, None, values={"snapshot": personal()})
    )
    now = clock.forward(2 * DAYS)
    assert await store.privacy.erase_due_orders(now - DAYS) == 1
    assert (await get(store, order.key)).snapshot == erase_order(personal())


async def test_a_customer_who_asks_is_forgotten_at_once_or_when_the_order_is_over(
    store: Store, clock: TurnedClock
) -> None:
    over, open_one = await done(store), await waiting(store, 1002)
    await store.inbox.add_delivery(delivery(2, topic="customers/redact", body=b'{"customer": "Ada"}'))
    (one,) = await store.inbox.list_pending(1)
    asked = PrivacyRequest(erase=True, orders=(gid(1001), gid(1002), gid(7777)))
    await store.inbox.settle_privacy_request(one.key, "noted", asked)
    kept = await store.inbox.find_delivery(one.key)
    assert kept is not None and kept.body == b""
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    assert (await get(store, over.key)).snapshot == erase_order(personal())
    ended = Transition(State.IGNORED, None, reason=Ignored.PERSON, values={"snapshot": personal(1002)})
    await store.orders.record_transition(open_one, ended)
    assert await store.privacy.erase_due_orders(clock.now() - DAYS) == 1
    assert (await get(store, open_one.key)).snapshot == erase_order(personal(1002))


async def test_a_shop_that_is_gone_is_forgotten_and_another_one_is_not(
    store: Store, clock: TurnedClock
) -> None:
    order = await done(store)
    await store.inbox.add_delivery(delivery(3, shop="other", topic="shop/redact"))
    await store.inbox.add_delivery(delivery(4, topic="shop/redact"))
    for one in await store.inbox.list_pending(5):
        assert (await get(store, order.key)).snapshot == personal()
        await store.inbox.settle_privacy_request(one.key, "noted", PrivacyRequest(erase=True, orders=None))
        erased_now = await store.privacy.erase_due_orders(clock.now() - DAYS)
        assert erased_now == (1 if one.shop == "acme" else 0)


@pytest.mark.parametrize("known", [True, False])
async def test_a_customer_who_asks_what_is_kept_is_an_alarm_on_their_orders(
    store: Store, known: bool
) -> None:
    order = await done(store)
    await store.inbox.add_delivery(delivery(5, topic="customers/data_request"))
    (one,) = await store.inbox.list_pending(1)
    asked = PrivacyRequest(erase=False, orders=(gid(1001 if known else 7777),), request="9999")
    await store.inbox.settle_privacy_request(one.key, "noted", asked)
    alarms = await store.queries.list_alarms(order=order.key)
    assert [(each.alarm, dict(each.facts)) for each in alarms] == (
        [(Alarm.DATA_REQUEST, {"request": "9999"})] if known else []
    )


async def test_what_is_past_its_retention_goes_in_batches_and_nothing_else(
    store: Store, clock: TurnedClock
) -> None:
    order = await done(store)
    for number in range(3):
        await store.inbox.add_delivery(delivery(number, received_at=clock.now()))
    for one in (await store.inbox.list_pending(3))[:2]:
        await store.inbox.settle_delivery(one.key, "order", None)
    keep = Retention(deliveries=timedelta(days=30), personal_data=DAYS)
    clock.forward(timedelta(days=29))
    assert await purge_expired(store, keep, clock.now()) == (0, 0)
    clock.forward(timedelta(days=2))
    assert await purge_expired(store, keep, clock.now()) == (2, 0)
    assert len(await store.inbox.list_pending(5)) == 1, "what is not read yet is kept"
    clock.forward(DAYS)
    assert await purge_expired(store, keep, clock.now()) == (0, 1)
    assert (await get(store, order.key)).snapshot == erase_order(personal())
