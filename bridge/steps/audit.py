"""The gap proof: every order of the shop since go-live, with where it stands; none may be missing.

Deliveries can get lost and reconciliation can have a fault; this asks the shop for all of its orders and
compares. An order that the bridge does not know is an alarm, and is noticed on the spot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from bridge.ports import Changed, Notice, Orders, Shop

BATCH = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the shop. `known` False = the bridge had not heard of it; `stale` = it changed in the
    shop since the bridge last read it."""

    order: Changed
    known: bool
    stale: bool


async def audit(name: str, shop: Shop, orders: Orders, since: datetime) -> AsyncIterator[Entry]:
    """Every order that the shop got at or after `since`, oldest change first. Unknown and stale ones are
    noticed. Raises TryAgain and NeedsPerson as the shop does."""
    batch: list[Changed] = []
    async for found in shop.changed(None, created_since=since):
        batch.append(found)
        if len(batch) >= BATCH:
            for entry in await _compared(name, orders, batch):
                yield entry
            batch = []
    for entry in await _compared(name, orders, batch):
        yield entry


async def _compared(name: str, orders: Orders, batch: list[Changed]) -> list[Entry]:
    if not batch:
        return []
    known = await orders.known(name, [order.id for order in batch])
    entries = []
    for order in batch:
        read = known.get(order.id)
        stale = read is None or read < order.updated_at
        entries.append(Entry(order, order.id in known, stale))
        if stale:
            await orders.notice(Notice(name, order.id, "reconciliation", order.name, cause="audit"))
    return entries
