"""What each of a campaign's bridges would otherwise do first: build every statement and load every part.

Before the nursery forks its first bridge, it brings one order from the webhook to its last parcel, in memory
but for the database. SQLAlchemy keeps what it has compiled by dialect: all engines get the same one.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bridge.order.model import Parcel, PrintStatus
from bridge.order.records import Delivery
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing


def rehearse(url: str) -> None:
    """Use the database at `url` once; it is to be thrown away."""
    _share_what_is_compiled()
    asyncio.run(_order(url))


def _share_what_is_compiled() -> None:
    make, first = sa.create_engine, dict[str, sa.Engine]()

    def create_engine(url: sa.URL, **options: Any) -> sa.Engine:
        made = make(url, **options)
        shared = first.setdefault(made.dialect.name, made)
        made.dialect = made.pool._dialect = shared.dialect
        made._compiled_cache = shared._compiled_cache
        return made

    sa.create_engine = create_engine  # type: ignore[assignment] # with the arguments that the store gives


async def _order(url: str) -> None:
    async with playing(Path(), url=url) as play:
        for title in ("#1001", "#1002"):
            await _to_its_end(play, title)
        await play.store.queries.search_orders("#1001")
        async with play.store.hold_lock("rehearsal"):
            await play.store.memory.set_if_absent("rehearsal", "yes")


async def _to_its_end(play: Playing, name: str) -> None:
    bought = replace(order(line(1, "RING")), id=f"gid://shopify/Order/{name[1:]}", name=name)
    store = play.store
    await store.inbox.add_delivery(Delivery("acme", name, "orders/create", b"{}" * 200, play.clock.now()))
    for delivery in await store.inbox.list_pending(10):
        await store.inbox.settle_delivery(delivery.key, "order", None)
    key = await play.hear_of(bought)
    await play.steps()
    made = next(one for one in play.printer.books.values() if one.about == name)
    made.status, made.parcels = PrintStatus.SHIPPED, (Parcel(f"1Z{name}", "UPS"),)
    await store.calls.receive_notification(made.token, made.reference, b"reference")
    await play.steps()
    await store.queries.find_order(key)
    await store.orders.take_token("sculpteo", rate=10, burst=5)
