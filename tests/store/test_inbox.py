"""Webhook deliveries: durable, absorbed when they come twice, settled once."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bridge.order.states import State
from bridge.store import Store
from bridge.store.engine import parse_url
from tests.support.clocks import START, TurnedClock
from tests.support.store_factories import claimed, delivery, word


async def test_a_delivery_comes_back_byte_for_byte_before_and_after_it_is_settled(store: Store) -> None:
    body = bytes(range(256)) * 40
    given = delivery(body=body)
    await store.inbox.add_delivery(given)
    [pending] = await store.inbox.list_pending(10)
    assert pending == delivery(body=body, key=pending.key)
    await store.inbox.settle_delivery(pending.key, "order", None)
    assert await store.inbox.list_pending(10) == []
    assert await store.inbox.find_delivery(pending.key) == pending


async def test_a_delivery_that_comes_twice_is_absorbed(store: Store) -> None:
    for body in (b"first", b"second"):
        await store.inbox.add_delivery(delivery(body=body))
    await store.inbox.add_delivery(delivery(shop="other"))
    assert [one.body for one in await store.inbox.list_pending(10)] == [b"first", b'{"id": 1001}']


async def test_a_delivery_that_comes_again_after_it_was_settled_is_not_worked_on_again(store: Store) -> None:
    await store.inbox.add_delivery(delivery())
    [pending] = await store.inbox.list_pending(10)
    await store.inbox.settle_delivery(pending.key, "order", word())
    await store.inbox.add_delivery(delivery())
    assert await store.inbox.list_pending(10) == []


async def test_settling_notices_the_order_once(store: Store) -> None:
    await store.inbox.add_delivery(delivery())
    [pending] = await store.inbox.list_pending(10)
    for _ in range(2):
        await store.inbox.settle_delivery(pending.key, "order", word())
    order = await claimed(store)
    assert (order.state, order.news) == (State.RECEIVED, 1)
    [kept] = await store.queries.list_deliveries(order=order.key)
    assert (kept.outcome, kept.settled_at, kept.order) == ("order", START, order.key)


async def test_the_oldest_deliveries_come_first(store: Store) -> None:
    for number in range(5):
        await store.inbox.add_delivery(delivery(number))
    assert [one.webhook_id for one in await store.inbox.list_pending(2)] == ["id-0", "id-1"]


@pytest.mark.parametrize("webhook_id", ["x" * 5_000, "nul\x00", "\ud800", "é" * 300])
async def test_strange_ids_are_stored_and_absorbed_like_others(store: Store, webhook_id: str) -> None:
    strange = delivery(webhook_id=webhook_id, topic="t\x00", event_id="\ud800", api_version="\x00")
    await store.inbox.add_delivery(strange)
    await store.inbox.add_delivery(strange)
    assert len(await store.inbox.list_pending(10)) == 1


async def room(url: str) -> int:
    """How many bytes the bodies take."""
    engine = sa.create_engine(parse_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT sum(length(body)) FROM deliveries").scalar_one())


async def test_a_large_body_takes_less_room_once_it_is_settled(store: Store, url: str) -> None:
    body = b'{"note": "' + b"x" * 1_000_000 + b'"}'
    await store.inbox.add_delivery(delivery(body=body))
    [pending] = await store.inbox.list_pending(1)
    await store.inbox.settle_delivery(pending.key, "order", None)
    kept = await store.inbox.find_delivery(pending.key)
    assert kept is not None
    assert kept.body == body
    assert await room(url) < 10_000


async def test_what_does_not_compress_stays_as_it_is(store: Store, url: str) -> None:
    body = random.Random(1).randbytes(1000)
    await store.inbox.add_delivery(delivery(body=body))
    [pending] = await store.inbox.list_pending(1)
    await store.inbox.settle_delivery(pending.key, "order", None)
    assert await room(url) == 1000


async def test_old_deliveries_can_be_deleted_but_never_unsettled_ones(
    store: Store, clock: TurnedClock
) -> None:
    for number in range(4):
        await store.inbox.add_delivery(delivery(number, received_at=START + timedelta(days=number)))
    first, _, third, _ = await store.inbox.list_pending(10)
    for one in (first, third):
        await store.inbox.settle_delivery(one.key, "order", None)
    assert await store.inbox.purge_settled(START + timedelta(days=1, hours=1)) == 1
    assert [one.webhook_id for one in await store.queries.list_deliveries()] == ["id-3", "id-2", "id-1"]
