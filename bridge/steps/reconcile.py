"""What no webhook told of: deliveries are not guaranteed, so the shop is asked what changed.

The watermark is the newest `updated_at` seen, in the shop's own time, and each look overlaps the last: a
clock of ours that jumps cannot make a gap. Orders whose change is on record already cost one comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.order import stored_keys
from bridge.order.model import ChangedOrder
from bridge.order.records import OrderSignal
from bridge.ports import Clock, Memory, Orders, Shop

OVERLAP = timedelta(minutes=15)
ONE_SECOND = timedelta(seconds=1)  # the resolution of Shopify's times
BATCH = 50


async def reconcile(
    name: str, shop: Shop, orders: Orders, memory: Memory, clock: Clock, *, since: datetime | None = None
) -> int:
    """Notice every order that changed and is not known as it is now; gives how many.

    The first look at a shop takes in its open, unfulfilled orders. Those that were there before the bridge
    first started (or before `since`, where the merchant set it) wait for a person: they may be printed
    already. Raises TryAgain and NeedsPerson as the shop does; what was noticed stays noticed.
    """
    was_live = await memory.get(stored_keys.go_live(name))
    began = await memory.set_if_absent(stored_keys.go_live(name), clock.now().isoformat())
    go_live = stored_keys.parse_moment(began) or clock.now()
    known = await memory.get(stored_keys.reconciled_until(name))
    watermark = stored_keys.parse_moment(known)
    if known is None or watermark is None:
        return await _notice_open_orders(
            name, shop, orders, memory, since or go_live, go_live if was_live else None
        )
    looked_again = await memory.get(stored_keys.reconciled_edge(name)) == known
    edge = None if looked_again else watermark - ONE_SECOND
    count, newest = await _notice_changes(name, shop, orders, watermark, edge)
    if newest > watermark:
        await memory.set(stored_keys.reconciled_until(name), newest.isoformat())
    if not looked_again:
        await memory.set(stored_keys.reconciled_edge(name), known)
    return count


async def _notice_changes(
    name: str, shop: Shop, orders: Orders, watermark: datetime, edge: datetime | None
) -> tuple[int, datetime]:
    count, newest = 0, watermark
    batch: list[ChangedOrder] = []
    async for changed in shop.fetch_changed_orders(watermark - OVERLAP):
        batch.append(changed)
        newest = max(newest, changed.updated_at)
        if len(batch) >= BATCH:
            count += await _notice_batch(name, orders, batch, edge)
            batch = []
    return count + await _notice_batch(name, orders, batch, edge), newest


async def _notice_batch(name: str, orders: Orders, batch: list[ChangedOrder], edge: datetime | None) -> int:
    """Those not known as they are now; and, from `edge` on, those that may have changed once more within the
    second in which they were read: Shopify's `updatedAt` would be the same."""
    if not batch:
        return 0
    known = await orders.load_known_orders(name, [changed.id for changed in batch])
    count = 0
    for changed in batch:
        read = known.get(changed.id)
        same = edge is not None and read == changed.updated_at >= edge
        if read is None or read < changed.updated_at or same:
            await orders.receive_signal(
                OrderSignal(name, changed.id, "reconciliation", changed.name, cause="reconciliation")
            )
            count += 1
    return count


async def _notice_open_orders(
    name: str, shop: Shop, orders: Orders, memory: Memory, start: datetime, live_since: datetime | None
) -> int:
    """The watermark comes from the shop alone: by a clock of ours that is ahead, orders would be left out. A
    shop without any open order is looked at like this again; `live_since` is told then, since an order that
    came meanwhile may be fulfilled, or cancelled, already."""
    cause = "reconciliation" if live_since else "first look at the shop"
    seen: dict[str, datetime] = {}
    for changes in (
        shop.fetch_changed_orders(None, unfulfilled=True),
        *((shop.fetch_changed_orders(None, created_since=live_since),) if live_since else ()),
    ):
        async for changed in changes:
            if changed.id in seen:
                continue
            origin = "before_go_live" if changed.created_at < start else "reconciliation"
            await orders.receive_signal(OrderSignal(name, changed.id, origin, changed.name, cause=cause))
            seen[changed.id] = changed.updated_at
    if seen:
        await memory.set(stored_keys.reconciled_until(name), max(seen.values()).isoformat())
    return len(seen)


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What a backfill found: how many `orders`, how many of them `new` to the bridge, and how many of the new ones
    were `older` than the moment from which on orders are the bridge's: those wait for a person."""

    orders: int
    new: int
    older: int


async def backfill_orders(
    name: str, shop: Shop, orders: Orders, since: datetime, *, start: datetime | None
) -> Backfilled:
    """Notice every order created at or after `since`: for what the bridge was not there for. `start` is since when
    orders of the shop are the bridge's; None = it has not begun there. Raises TryAgain and NeedsPerson as the shop
    does; what was noticed stays noticed."""
    found = Backfilled(0, 0, 0)
    batch: list[ChangedOrder] = []
    async for changed in shop.fetch_changed_orders(None, created_since=since):
        batch.append(changed)
        if len(batch) >= BATCH:
            found = await _import_batch(name, orders, batch, start, found)
            batch = []
    return await _import_batch(name, orders, batch, start, found)


async def _import_batch(
    name: str, orders: Orders, batch: list[ChangedOrder], start: datetime | None, before: Backfilled
) -> Backfilled:
    known = await orders.load_known_orders(name, [changed.id for changed in batch]) if batch else {}
    new = [changed for changed in batch if changed.id not in known]
    older = [changed for changed in new if start is None or changed.created_at < start]
    for changed in batch:
        await orders.receive_signal(OrderSignal(name, changed.id, "import", changed.name, cause="backfill"))
    return Backfilled(before.orders + len(batch), before.new + len(new), before.older + len(older))
