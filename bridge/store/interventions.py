"""A person's decision about an order, written only while the order is what the person saw."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import Outdated
from bridge.order.authors import person
from bridge.order.model import Mode
from bridge.order.records import APPROVAL, Change, OrderRecord
from bridge.order.states import State
from bridge.store.decisions import decision_after
from bridge.store.modes import mode_in_force
from bridge.store.order_loading import (
    load,
    repair,
)
from bridge.store.tables import attempts, orders
from bridge.store.transitions import (
    check_move,
    due_after,
    keep_watch,
    write_beside,
    write_change,
)


def intervene(c: Connection, now: datetime, order: OrderRecord, change: Change, who: str) -> None:
    """`StoredOrders.intervene`."""
    check_move(order, change)
    who = person(who)
    name = order.name or order.order_id
    if order.damage:
        order = repair(c, now, order)
    row = c.execute(sa.select(orders.c.state).where(orders.c.id == order.key).with_for_update()).one_or_none()
    if row is None or row.state != order.state:
        is_now = "gone" if row is None else f"{row.state} now"
        raise Outdated(f"order {name} was {order.state} and is {is_now}; look again")
    if _purchase(c, order) != _seen_purchase(order):
        raise Outdated(f"order {name} is just being bought, or Sculpteo's answer has come; look again")
    if order.state is State.PLACING and order.attempt and order.attempt.sent_at:
        raise Outdated(f"order {name} is with Sculpteo in this moment; wait for the answer")
    decided_in: dict[str, Mode | None] = {}
    if lets_go_on(change):
        if load(c, order.key).shown_digest != order.shown_digest:
            raise Outdated(f"order {name} changed since you looked at it: nothing was done; look again")
        decided_in = _decided_in(mode_in_force(c), order, change)
    decision = decision_after(order, change, who, now)
    noted = {} if decision is None else {"decision": decision, "decision_noted": False}
    write_change(
        c,
        now,
        order,
        change,
        # what a person decided about buying is written on the Shopify order as well, which the worker does
        due_at=due_after(order, change, now) if decision is None else now,
        lease_owner=None,
        lease_until=None,
        lease_token=orders.c.lease_token + 1,
        news=orders.c.news + 1,
        **decided_in,
        **noted,
    )
    write_beside(c, now, order, change, who)
    keep_watch(c, now, order, change, timedelta(0))


def lets_go_on(change: Change) -> bool:
    """Whether the decision may lead to a purchase: such a decision counts for what the person saw, and in the
    mode that is in force. A decision that stops an order needs neither."""
    return change.target in {State.WAITING, State.RECEIVED} and not change.values.get("held_at")


def _decided_in(mode: Mode | None, order: OrderRecord, change: Change) -> dict[str, Mode | None]:
    """The mode that the decision is given in. A release, or a retry, of an order that was approved in another mode
    approves nothing: without this, the old approval would count in this mode."""
    values: dict[str, Mode | None] = {"decided_mode": mode}
    if order.approved_at and order.decided_mode not in {None, mode} and "approved_at" not in change.values:
        values |= dict.fromkeys(APPROVAL)
    return values


def _purchase(c: Connection, order: OrderRecord) -> tuple[object, ...] | None:
    """What tells one purchase from another, and how far it has come."""
    row = c.execute(
        sa.select(attempts.c.id, attempts.c.sent_at, attempts.c.verdict, attempts.c.reference)
        .where(attempts.c.order_id == order.key, attempts.c.voided_at.is_(None))
        .with_for_update()
    ).one_or_none()
    return None if row is None else tuple(row)


def _seen_purchase(order: OrderRecord) -> tuple[object, ...] | None:
    seen = order.attempt
    return None if seen is None else (seen.key, seen.sent_at, seen.verdict, seen.reference)
