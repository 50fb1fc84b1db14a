"""What was bought in a time, for sums: read in pieces, so that any number of orders fits into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import Money, PrintItem
from bridge.store.engine import Database
from bridge.store.row_mapping import read_value
from bridge.store.search_index import compute_revenue
from bridge.store.tables import figures, orders

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class SkuShare:
    """What of an order belongs to one SKU. `revenue` is without taxes and shipping; None = not known any
    more."""

    sku: str
    units: int
    revenue: Money | None


@dataclass(frozen=True, slots=True)
class BoughtOrder:
    """An order that was bought. `cost` is Sculpteo's price without shipping, None = it was not asked."""

    shop: str
    placed_at: datetime
    shipped_at: datetime | None
    cost: Money | None
    revenue: Money | None
    shares: tuple[SkuShare, ...]
    address_verdict: str | None = None  # ERROR or WARNING of Shopify's check of the address; None = neither


class Reports:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def list_bought_orders(
        self, start: datetime, end: datetime, mode: str, *, shop: str | None = None
    ) -> AsyncIterator[BoughtOrder]:
        """Every order bought from `start` on and before `end` in this mode, oldest first."""
        after: tuple[datetime, int] = (start, 0)
        while True:
            work = partial(_list_bought_orders, after=after, end=end, mode=mode, shop=shop)
            found = await self._db.read(work)
            known = [(key, one) for key, one in found if one is not None]
            for _, one in known:
                yield one
            if len(found) < BATCH or not known:
                return
            after = (known[-1][1].placed_at, known[-1][0])


def _list_bought_orders(
    c: Connection, after: tuple[datetime, int], end: datetime, mode: str, shop: str | None
) -> list[tuple[int, BoughtOrder | None]]:
    """By the order's number; None for one of which it cannot be read when it was bought."""
    at, key = after
    wide = ("id", "shop", "placed_at", "shipped_at", "cost", "items")
    query = (
        sa.select(
            *[orders.c[name] for name in wide], figures.c.revenue, _select_address_verdict().label("verdict")
        )
        .outerjoin(figures, figures.c.order_id == orders.c.id)
        .where(
            orders.c.placed_at.is_not(None),
            orders.c.placed_at >= at,
            sa.or_(orders.c.placed_at > at, orders.c.id > key),
            orders.c.placed_at < end,
            orders.c.mode == mode,
        )
        .order_by(orders.c.placed_at, orders.c.id)
        .limit(BATCH)
    )
    if shop is not None:
        query = query.where(orders.c.shop == shop)
    rows = c.execute(query).all()
    mixed = [row.id for row in rows if len({item.sku for item in _read_items(row)}) > 1]
    apart = _split_by_sku(c, mixed)
    return [(row.id, _build_bought_order(row, apart)) for row in rows]


def _select_address_verdict() -> sa.Case[str]:
    """Read from the snapshot's text, which is JSON: no text in it holds a bare quotation mark."""
    stored = sa.type_coerce(orders.c.snapshot, sa.Text)
    known = ((stored.like(f'%"address_verdict": "{one}"%'), one) for one in ("ERROR", "WARNING"))
    return sa.case(*known, else_=None)


def _build_bought_order(row: Any, apart: dict[int, tuple[SkuShare, ...]]) -> BoughtOrder | None:
    if read_value(row.placed_at) is None:
        return None
    return BoughtOrder(
        row.shop,
        row.placed_at,
        read_value(row.shipped_at),
        read_value(row.cost),
        read_value(row.revenue),
        apart[row.id] if row.id in apart else _build_shares(_read_items(row), read_value(row.revenue)),
        row.verdict,
    )


def _read_items(row: Any) -> tuple[PrintItem, ...]:
    """What was printed; nothing where that cannot be read, which leaves the sums of the order itself."""
    return tuple(read_value(row.items) or ())


def _count_units(items: tuple[PrintItem, ...]) -> dict[str, int]:
    """Units sold of each SKU; the designs of a bundle are of one line."""
    lines = {(item.sku, item.line_item_id): item.line_quantity for item in items}
    units: dict[str, int] = {}
    for (sku, _), quantity in lines.items():
        units[sku] = units.get(sku, 0) + quantity
    return units


def _build_shares(items: tuple[PrintItem, ...], revenue: Money | None) -> tuple[SkuShare, ...]:
    """Of an order without a snapshot: its revenue belongs to a SKU only if there is just one."""
    units = _count_units(items)
    alone = len(units) == 1
    return tuple(SkuShare(sku, count, revenue if alone else None) for sku, count in units.items())


def _split_by_sku(c: Connection, keys: list[int]) -> dict[int, tuple[SkuShare, ...]]:
    """Orders of several SKUs, taken apart by their snapshots while these are kept."""
    query = sa.select(orders.c.id, orders.c["items"], orders.c.snapshot).where(
        orders.c.id.in_(keys), orders.c.snapshot.is_not(None)
    )
    return {
        row.id: tuple(
            SkuShare(
                sku,
                count,
                compute_revenue(row.snapshot, [item for item in _read_items(row) if item.sku == sku]),
            )
            for sku, count in _count_units(_read_items(row)).items()
        )
        for row in (c.execute(query) if keys else ())
        if read_value(row.snapshot) is not None
    }
