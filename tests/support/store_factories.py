"""Orders and their parts, made up, and orders walked to where a test needs them."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bridge.order.model import (
    Design,
    LineItem,
    Mode,
    Money,
    PlaceResult,
    PrintItem,
    RawAnswer,
    ShopOrder,
    Verdict,
)
from bridge.order.records import Attempt, Delivery, OrderRecord, OrderSignal, Transition
from bridge.order.states import State, Wait
from bridge.store import Store
from tests.support.clocks import START

LEASE = timedelta(seconds=60)


def gid(number: int = 1001) -> str:
    return f"gid://shopify/Order/{number}"


def word(number: int = 1001, **changes: object) -> OrderSignal:
    return replace(
        OrderSignal("acme", gid(number), "import", f"#{number}", True, "orders/paid"),
        **changes,  # type: ignore[arg-type] # the test names fields of Notice
    )


def shop_order(number: int = 1001) -> ShopOrder:
    line = LineItem(
        id="gid://shopify/LineItem/1",
        sku="RING-S",
        title="Ring “Étoile”",
        quantity=2,
        current_quantity=2,
        unit_price=Money(Decimal("19.90"), "EUR"),
        total=Money(Decimal("39.80"), "EUR"),
        options=(("Material", "Silver"),),
    )
    return ShopOrder(
        id=gid(number),
        name=f"#{number}",
        created_at=START,
        updated_at=START,
        read_at=START,
        currency="EUR",
        financial_status="PAID",
        fully_paid=True,
        lines=(line,),
        fulfillment_orders=(),
    )


ITEMS = (
    PrintItem(
        Design("QfGQC4YQ", 1, "silver", Decimal("0.87"), "cm"), 2, "gid://shopify/LineItem/1", 2, "RING-S"
    ),
)


def attempt(order: OrderRecord, **changes: object) -> Attempt:
    made = Attempt(
        key=0,
        order=order.key,
        number=0,
        id=secrets.token_hex(8),
        token=secrets.token_urlsafe(24),
        mode=Mode.LIVE,
        mapping_version="m1",
        created_at=START,
        cost=Money(Decimal("12.50"), "EUR"),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # the test names fields of Attempt


def answer(body: str = "ABCD1234", status: int | None = 200) -> RawAnswer:
    return RawAnswer(at=START, status=status, headers=(("Content-Type", "text/plain"),), body=body)


def receipt(verdict: Verdict = Verdict.PLACED, reference: str | None = "ABCD1234") -> PlaceResult:
    return PlaceResult(verdict, answer(reference or ""), "Sculpteo answered", reference=reference)


def delivery(number: int = 1, **changes: object) -> Delivery:
    made = Delivery(
        shop="acme",
        webhook_id=f"id-{number}",
        topic="orders/paid",
        body=b'{"id": 1001}',
        received_at=START,
        event_id="event-1",
        api_version="2026-10",
        triggered_at=START,
    )
    return replace(made, **changes)  # type: ignore[arg-type] # the test names fields of Delivery


async def claimed(store: Store, owner: str = "worker-1") -> OrderRecord:
    """The one order that is due, claimed."""
    found = await store.orders.claim_orders(owner, limit=1, lease_for=LEASE)
    assert len(found) == 1, "no order is due"
    return found[0]


async def get(store: Store, key: int) -> OrderRecord:
    found = await store.queries.find_order(key)
    assert found is not None
    return found


async def waiting(store: Store, number: int = 1001) -> OrderRecord:
    """A new order, matched, due, and claimed in `waiting`."""
    key = await store.orders.receive_signal(word(number))
    order = await claimed(store)
    assert order.key == key
    values = {"snapshot": shop_order(number), "items": ITEMS, "mapping_version": "m1"}
    await store.orders.record_transition(
        order, Transition(State.WAITING, order.updated_at, reason=Wait.WINDOW, values=values)
    )
    order = await claimed(store)
    assert order.key == key
    return order


async def placing(store: Store, number: int = 1001, **changes: object) -> OrderRecord:
    """A claimed order with an open attempt that is not sent; `changes` of the attempt."""
    order = await waiting(store, number)
    return await store.orders.open_attempt(order, attempt(order, **changes), values={})


async def sent(store: Store, number: int = 1001) -> OrderRecord:
    """A claimed order whose request has left, as its worker sees it: the record does not know yet."""
    order = await placing(store, number)
    await store.orders.mark_sent(order, {"item": 1})
    return order


def key_of(order: OrderRecord) -> int:
    """The key of the order's open attempt."""
    assert order.attempt is not None
    return order.attempt.key
