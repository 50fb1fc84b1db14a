"""A person's decision about an order, written only while the order is what the person saw."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import StaleDecision
from bridge.order.authors import format_person
from bridge.order.model import Mode
from bridge.order.records import APPROVAL, OrderRecord, Transition
from bridge.order.states import State
from bridge.store.decisions import compute_decision
from bridge.store.modes import load_mode
from bridge.store.order_loading import (
    load_order,
    repair_order,
)
from bridge.store.tables import attempts, orders
from bridge.store.transitions import (
    check_move,
    compute_due,
    schedule_closed_look,
    write_related_rows,
    write_transition,
)


def apply_decision(c: Connection, now: datetime, order: OrderRecord, change: Transition, who: str) -> None:
    """`StoredOrders.apply_decision`."""
    check_move(order, change)
    who = format_person(who)
    name = order.name or order.order_id
    if order.damage:
        order = repair_order(c, now, order)
    row = c.execute(sa.select(orders.c.state).where(orders.c.id == order.key).with_for_update()).one_or_none()
    if row is None or row.state != order.state:
        is_now = "gone" if row is None else f"{row.state} now"
        raise StaleDecision(f"order {name} was {order.state} and is {is_now}; look again")
    if _load_purchase(c, order) != _get_seen_purchase(order):
        raise StaleDecision(f"order {name} is just being bought, or Sculpteo's answer has come; look again")
    if order.state is State.PLACING and order.attempt and order.attempt.sent_at:
        raise StaleDecision(f"order {name} is with Sculpteo in this moment; wait for the answer")
    decided_in: dict[str, Mode | None] = {}
    if is_go_ahead(change):
        if load_order(c, order.key).decision_digest != order.decision_digest:
            raise StaleDecision(f"order {name} changed since you looked at it: nothing was done; look again")
        decided_in = _build_decided_mode(load_mode(c), order, change)
    decision = compute_decision(order, change, who, now)
    noted = {} if decision is None else {"decision": decision, "decision_noted": False}
    write_transition(
        c,
        now,
        order,
        change,
        # what a person decided about buying is written on the Shopify order as well, which the worker does
        due_at=compute_due(order, change, now) if decision is None else now,
        lease_owner=None,
        lease_until=None,
        lease_token=orders.c.lease_token + 1,
        news=orders.c.news + 1,
        **decided_in,
        **noted,
    )
    write_related_rows(c, now, order, change, who)
    schedule_closed_look(c, now, order, change, timedelta(0))


def is_go_ahead(change: Transition) -> bool:
    """Whether the decision may lead to a purchase: such a decision counts for what the person saw, and in the
    mode that is in force. A decision that stops an order needs neither."""
    return change.target in {State.WAITING, State.RECEIVED} and not change.values.get("held_at")


def _build_decided_mode(mode: Mode | None, order: OrderRecord, change: Transition) -> dict[str, Mode | None]:
    """The mode that the decision is given in. A release, or a retry, of an order that was approved in another mode
    approves nothing: without this, the old approval would count in this mode."""
    values: dict[str, Mode | None] = {"decided_mode": mode}
    if order.approved_at and order.decided_mode not in {None, mode} and "approved_at" not in change.values:
        values |= dict.fromkeys(APPROVAL)
    return values


def _load_purchase(c: Connection, order: OrderRecord) -> tuple[object, ...] | None:
    """What tells one purchase from another, and how far it has come."""
    row = c.execute(
        sa.select(attempts.c.id, attempts.c.sent_at, attempts.c.verdict, attempts.c.reference)
        .where(attempts.c.order_id == order.key, attempts.c.voided_at.is_(None))
        .with_for_update()
    ).one_or_none()
    return None if row is None else tuple(row)


def _get_seen_purchase(order: OrderRecord) -> tuple[object, ...] | None:
    seen = order.attempt
    return None if seen is None else (seen.key, seen.sent_at, seen.verdict, seen.reference)
