"""Leases: who may work on an order.

A lease ends by the clock; replicas share that of their database server (`bridge/order/clock.py`), but clocks jump.
That costs time, never safety: each claim raises the order's token, and whoever holds an older one can write
nothing and send nothing. So a clock that jumps ahead lets a second worker start early, and the first finds
that it lost. A lease that seems to last for hours was taken under a clock that was ahead, and does not hold
anybody up. Orders written "in the future" by such a clock would sleep until then; `repair_future_times` makes them due.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost
from bridge.order.problems import Problem
from bridge.order.records import Lease, OrderRecord
from bridge.order.states import OPEN, State
from bridge.store.order_loading import load_orders
from bridge.store.tables import orders
from bridge.store.transitions import (
    bind_time,
    lock_order,
    record_event,
)

AHEAD = timedelta(hours=1)  # replicas' clocks may differ by less than this
_STRANGE = orders.c.state.not_in(list(State))  # a state that no program wrote: any worker sets it aside

log = structlog.get_logger("bridge.store")


def claim_orders(
    c: Connection,
    now: datetime,
    owner: str,
    limit: int,
    lease_for: timedelta,
    states: Collection[State] = (),
    only: int | None = None,
) -> list[OrderRecord]:
    """`Orders.claim_orders`. Oldest due first, so that no order and no shop can keep another from its turn: one that
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
            *((sa.or_(orders.c.state.in_(list(states)), _STRANGE),) if states else ()),
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
    found = {record.key: record for record in load_orders(c, keys)}
    for record in found.values():
        if record.damage:
            set_aside_order(c, now, record)
    return [found[key] for key in keys if key in found and not found[key].damage]


def set_aside_order(c: Connection, now: datetime, order: OrderRecord) -> None:
    """Leave an order whose rows cannot be read to a person: the worker can do nothing with it. What is damaged
    stays as it is until the person decides (`order_loading.repair_order`). Told once."""
    row = c.execute(sa.select(orders.c.state, orders.c.problem).where(orders.c.id == order.key)).one()
    c.execute(
        sa.update(orders)
        .where(orders.c.id == order.key)
        .values(
            state=State.ATTENTION,
            problem=Problem.INTERNAL,
            reason=None,
            facts=dict(order.facts),
            due_at=None,
            updated_at=bind_time(now),
            lease_owner=None,
            lease_until=None,
            failures=0,
        )
    )
    if (row.state, row.problem) == (State.ATTENTION, Problem.INTERNAL):
        return
    log.error("an order cannot be read from the database", order=order.name, damage=order.damage)
    source = State(row.state) if row.state in set(State) else None
    record_event(
        c,
        order.key,
        now,
        "reason" if source is State.ATTENTION else "move",
        order.facts,
        source=source,
        target=State.ATTENTION,
        problem=Problem.INTERNAL,
    )


def set_aside_damaged(c: Connection, now: datetime, after: int, limit: int) -> tuple[int | None, int]:
    """Set aside what is damaged of the next open orders from above the number `after`, which their due time
    need not bring up. Gives the number to go on from (None = there are no more), and how many were set aside."""
    closed = [state for state in State if state not in OPEN]
    query = sa.select(orders.c.id).where(orders.c.id > after, orders.c.state.not_in(closed))
    keys = list(c.execute(query.order_by(orders.c.id).limit(limit)).scalars())
    damaged = [order for order in load_orders(c, keys) if order.damage] if keys else []
    free = sa.or_(orders.c.lease_until.is_(None), orders.c.lease_until <= now)
    for order in damaged:
        held = sa.select(orders.c.id).where(orders.c.id == order.key, free).with_for_update()
        if c.execute(held).first() is not None:
            set_aside_order(c, now, order)
    return (keys[-1] if len(keys) == limit else None), len(damaged)


def extend_lease(c: Connection, now: datetime, lease: Lease, lease_for: timedelta) -> Lease:
    """`Orders.extend_lease`. A lease that is over but that nobody took is still ours to renew."""
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


def renew_lease(c: Connection, now: datetime, order: OrderRecord, lease_for: timedelta) -> OrderRecord:
    """`Orders.renew_lease`."""
    lock_order(c, order)
    if order.lease is None:
        raise LeaseLost(f"order {order.key} is not leased")
    return replace(order, lease=extend_lease(c, now, order.lease, lease_for))


def schedule_retry(c: Connection, now: datetime, order: OrderRecord, until: datetime, why: str) -> None:
    """`Orders.schedule_retry`."""
    lock_order(c, order)
    failed = {"failures": orders.c.failures + 1, "last_error": why, "due_at": bind_time(until)}
    free = {"lease_owner": None, "lease_until": None, "updated_at": bind_time(now)}
    c.execute(sa.update(orders).where(orders.c.id == order.key).values({**failed, **free}))


def repair_future_times(c: Connection, now: datetime) -> int:
    """Make due what was written under a clock that ran ahead of `now`; gives how many orders. Their steps
    look at the world again and say anew when they are due, so this is harmless where it was not needed."""
    mended = c.execute(
        sa.update(orders)
        .where(orders.c.updated_at > now + AHEAD)
        .values(due_at=bind_time(now), lease_until=None, updated_at=bind_time(now), news=orders.c.news + 1)
    )
    return mended.rowcount
