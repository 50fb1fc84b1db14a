"""Where a shop sends from, as far as it was seen: each name that a location has or had, by its id."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.problems import Problem
from bridge.order.records import KnownLocation
from bridge.order.states import State
from bridge.store.row_mapping import (
    build_insert,
    read_moment,
    read_value,
)
from bridge.store.tables import locations, orders
from bridge.store.transitions import wake_orders


def list_known_locations(c: Connection, shop: str) -> list[KnownLocation]:
    """`Orders.list_locations`."""
    rows = c.execute(sa.select(locations).where(locations.c.shop == shop).order_by(locations.c.id))
    return [
        KnownLocation(
            *(row.location_id, row.name, read_moment(row.first_seen_at), read_moment(row.seen_at)),
            gone_at=read_value(row.gone_at),
        )
        for row in rows
    ]


def update_locations(
    c: Connection, now: datetime, shop: str, seen: Mapping[str, str], complete: bool
) -> None:
    """`Orders.update_locations`. What is new has orders looked at again that wait for a person because of it."""
    before = {(one.id, one.name): one.gone_at for one in list_known_locations(c, shop)}
    for location_id, name in sorted(seen.items()):
        row = build_insert(c, locations).values(
            shop=shop, location_id=location_id, name=name, first_seen_at=now, seen_at=now
        )
        c.execute(
            row.on_conflict_do_update(
                index_elements=["shop", "location_id", "name"], set_={"seen_at": now, "gone_at": None}
            )
        )
    if complete:
        gone = (
            locations.c.shop == shop,
            locations.c.location_id.not_in(sorted(seen)),
            locations.c.gone_at.is_(None),
        )
        c.execute(sa.update(locations).where(*gone).values(gone_at=now))
    if any(before.get(one, now) is not None for one in seen.items()):
        wake_orders(
            c,
            now,
            orders.c.shop == shop,
            orders.c.state == State.ATTENTION,
            orders.c.problem == Problem.LOCATION,
        )
