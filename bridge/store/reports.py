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
from bridge.store.row_mapping import readable
from bridge.store.search_index import revenue_of
from bridge.store.tables import figures, orders

BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Share:
    """What of an order belongs to one SKU. `revenue` is without taxes and shipping; None = not known any
    more."""

    sku: str
    units: int
    revenue: Money | None


@dataclass(frozen=True, slots=True)
class Bought:
    """An order that was bought. `cost` is Sculpteo's price without shipping, None = it was not asked."""

    shop: str
    placed_at: datetime
    shipped_at: datetime | None
    cost: Money | None
    revenue: Money | None
    shares: tuple[Share, ...]
    address_verdict: str | None = None  # ERROR or WARNING of Shopify's check of the address; None = neither


class Reports:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def bought(
        self, start: datetime, end: datetime, mode: str, *, shop: str | None = None
    ) -> AsyncIterator[Bought]:
        """Every order bought from `start` on and before `end` in this mode, oldest first."""
        after: tuple[datetime, int] = (start, 0)
        while True:
            work = partial(_bought, after=after, end=end, mode=mode, shop=shop)
            found = await self._db.read(work)
            known = [(key, one) for key, one in found if one is not None]
            for _, one in known:
                yield one
            if len(found) < BATCH or not known:
                return
            after = (known[-1][1].placed_at, known[-1][0])


def _bought(
    c: Connection, after: tuple[datetime, int], end: datetime, mode: str, shop: str | None
) -> list[tuple[int, Bought | None]]:
    """By the order's number; None for one of which it cannot be read when it was bought."""
    at, key = after
    wide = ("id", "shop", "placed_at", "shipped_at", "cost", "items")
    query = (
        sa.select(*[orders.c[name] for name in wide], figures.c.revenue, _verdict().label("verdict"))
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
    mixed = [row.id for row in rows if len({item.sku for item in _items(row)}) > 1]
    apart = _apart(c, mixed)
    return [(row.id, _one(row, apart)) for row in rows]


def _verdict() -> sa.Case[str]:
    """Read from the snapshot's text, which is JSON: no text in it holds a bare quotation mark."""
    stored = sa.type_coerce(orders.c.snapshot, sa.Text)
    known = ((stored.like(f'%"address_verdict": "{one}"%'), one) for one in ("ERROR", "WARNING"))
    return sa.case(*known, else_=None)


def _one(row: Any, apart: dict[int, tuple[Share, ...]]) -> Bought | None:
    if readable(row.placed_at) is None:
        return None
    return Bought(
        row.shop,
        row.placed_at,
        readable(row.shipped_at),
        readable(row.cost),
        readable(row.revenue),
        apart[row.id] if row.id in apart else _shares(_items(row), readable(row.revenue)),
        row.verdict,
    )


def _items(row: Any) -> tuple[PrintItem, ...]:
    """What was printed; nothing where that cannot be read, which leaves the sums of the order itself."""
    return tuple(readable(row.items) or ())


def _units(items: tuple[PrintItem, ...]) -> dict[str, int]:
    """Units sold of each SKU; the designs of a bundle are of one line."""
    lines = {(item.sku, item.line_item_id): item.line_quantity for item in items}
    units: dict[str, int] = {}
    for (sku, _), quantity in lines.items():
        units[sku] = units.get(sku, 0) + quantity
    return units


def _shares(items: tuple[PrintItem, ...], revenue: Money | None) -> tuple[Share, ...]:
    """Of an order without a snapshot: its revenue belongs to a SKU only if there is just one."""
    units = _units(items)
    alone = len(units) == 1
    return tuple(Share(sku, count, revenue if alone else None) for sku, count in units.items())


def _apart(c: Connection, keys: list[int]) -> dict[int, tuple[Share, ...]]:
    """Orders of several SKUs, taken apart by their snapshots while these are kept."""
    query = sa.select(orders.c.id, orders.c["items"], orders.c.snapshot).where(
        orders.c.id.in_(keys), orders.c.snapshot.is_not(None)
    )
    return {
        row.id: tuple(
            Share(sku, count, revenue_of(row.snapshot, [item for item in _items(row) if item.sku == sku]))
            for sku, count in _units(_items(row)).items()
        )
        for row in (c.execute(query) if keys else ())
        if readable(row.snapshot) is not None
    }
