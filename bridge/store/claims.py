"""Leases: who may work on an order.

A lease ends by the clock; replicas share that of their database server (`bridge/clock.py`), but clocks jump.
That costs time, never safety: each claim raises the order's token, and whoever holds an older one can write
nothing and send nothing. So a clock that jumps ahead lets a second worker start early, and the first finds
that it lost. A lease that seems to last for hours was taken under a clock that was ahead, and does not hold
anybody up. Orders written "in the future" by such a clock would sleep until then; `mend_clock` makes them due.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost
from bridge.order.states import State
from bridge.ports import Attempt, ClosedAttempt, Lease, OrderRecord, ParcelRecord
from bridge.store.codec import attempt_from, closed_from, order_from, parcel_from
from bridge.store.moves import held_row, moment
from bridge.store.tables import attempts, orders, parcels

AHEAD = timedelta(hours=1)  # replicas' clocks may differ by less than this


def claim(
    c: Connection,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    states: Collection[State] = (),
    only: int | None = None,
) -> list[OrderRecord]:
    """`Orders.claim`. Oldest due first, so that no order and no shop can keep another from its turn: one that
    fails is due later. PostgreSQL skips rows that another replica is claiming in this moment."""
    due = (
        sa.select(orders.c.id)
        .where(
            orders.c.due_at <= now,
            sa.or_(
                orders.c.lease_until.is_(None),
                orders.c.lease_until <= now,
                orders.c.lease_until > now + lease_for + AHEAD,
            ),
            *((orders.c.state.in_(list(states)),) if states else ()),
            *(() if only is None else (orders.c.id == only,)),
        )
        .order_by(orders.c.due_at, orders.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    keys = list(c.execute(due).scalars())
    if not keys:
        return []
    c.execute(
        sa.update(orders)
        .where(orders.c.id.in_(keys))
        .values(lease_owner=owner, lease_token=orders.c.lease_token + 1, lease_until=now + lease_for)
    )
    found = {record.key: record for record in load_all(c, keys)}
    return [found[key] for key in keys]


def load(c: Connection, key: int) -> OrderRecord:
    """One order with all that belongs to it. Raises LeaseLost when there is no such order."""
    found = load_all(c, [key])
    if not found:
        raise LeaseLost(f"there is no order {key}")
    return found[0]


def load_all(c: Connection, keys: Sequence[int]) -> list[OrderRecord]:
    """Orders with their open attempt, the void ones, and their parcels."""
    open_ones: dict[int, Attempt] = {}
    closed: dict[int, list[ClosedAttempt]] = {}
    for row in c.execute(
        sa.select(attempts).where(attempts.c.order_id.in_(keys)).order_by(attempts.c.number)
    ):
        if row.voided_at is None:
            open_ones[row.order_id] = attempt_from(row)
        else:
            closed.setdefault(row.order_id, []).append(closed_from(row))
    known: dict[int, list[ParcelRecord]] = {}
    for row in c.execute(sa.select(parcels).where(parcels.c.order_id.in_(keys)).order_by(parcels.c.id)):
        known.setdefault(row.order_id, []).append(parcel_from(row))
    return [
        order_from(
            row,
            attempt=open_ones.get(row.id),
            closed=closed.get(row.id, ()),
            parcels=known.get(row.id, ()),
        )
        for row in c.execute(sa.select(orders).where(orders.c.id.in_(keys)).order_by(orders.c.id))
    ]


def extend(c: Connection, now: datetime, lease: Lease, lease_for: timedelta) -> Lease:
    """`Orders.extend`. A lease that is over but that nobody took is still ours to renew."""
    until = now + lease_for
    renewed = c.execute(
        sa.update(orders)
        .where(
            orders.c.id == lease.order,
            orders.c.lease_owner == lease.owner,
            orders.c.lease_token == lease.token,
        )
        .values(lease_until=until)
    )
    if renewed.rowcount != 1:
        raise LeaseLost(f"order {lease.order} was taken over, or moved, since it was claimed")
    return replace(lease, until=until)


def renew(c: Connection, now: datetime, order: OrderRecord, lease_for: timedelta) -> OrderRecord:
    """`Orders.renew`."""
    held_row(c, order)
    if order.lease is None:
        raise LeaseLost(f"order {order.key} is not leased")
    return replace(order, lease=extend(c, now, order.lease, lease_for))


def mend_clock(c: Connection, now: datetime) -> int:
    """Make due what was written under a clock that ran ahead of `now`; gives how many orders. Their steps
    look at the world again and say anew when they are due, so this is harmless where it was not needed."""
    mended = c.execute(
        sa.update(orders)
        .where(orders.c.updated_at > now + AHEAD)
        .values(due_at=moment(now), lease_until=None, updated_at=moment(now), news=orders.c.news + 1)
    )
    return mended.rowcount
