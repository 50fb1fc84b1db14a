"""The attempts to buy: opened before the request, marked before its first byte, answered, found, revived."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost, ModeChanged, NeedsPerson, OrderChanged
from bridge.order.model import Mode, Money, PlaceResult, Verdict
from bridge.order.problems import Alarm, Problem
from bridge.order.records import ADOPTED, Attempt, ClosedPurchase, Facts, OrderRecord
from bridge.order.states import State
from bridge.ports import LimitReached
from bridge.store import transitions
from bridge.store.modes import load_mode
from bridge.store.order_loading import load_order
from bridge.store.row_mapping import build_columns, build_request
from bridge.store.tables import alarms, attempts, memory, notifications, orders, pauses
from bridge.store.transitions import (
    bind_time,
    find_reference_owner,
    lock_order,
    raise_alarm,
    record_event,
    save_answers,
    update_order,
    wake_orders,
)

BILLED_PROBE = "billed_probe"  # the reference of a test order of `probe` that Sculpteo took for a real one
SPENDING_LOCK = 0x5C01_97E0  # the advisory lock under which PostgreSQL counts the day's spending


def open_attempt(
    c: Connection,
    now: datetime,
    order: OrderRecord,
    attempt: Attempt,
    values: Facts,
    day_limit: Money | None,
    day_start: datetime | None,
) -> OrderRecord:
    """`Orders.open_attempt`."""
    if order.state is not State.WAITING:
        raise ValueError(f"an attempt is opened from waiting, not from {order.state}")
    _refuse_other_mode(c, attempt)
    if day_limit is not None:
        _check_day_limit(c, attempt, day_limit, day_start)
    lock_order(c, order)
    inserted = _insert_attempt(c, order, attempt)
    update_order(
        c,
        order,
        {
            **build_columns(values),
            "state": State.PLACING,
            "updated_at": now,
            "reason": None,
            "problem": None,
            "facts": {},
        },
    )
    record_event(
        c,
        order.key,
        now,
        "move",
        {"attempt": attempt.id, "number": inserted, "mode": attempt.mode, "cost": _format_cost(attempt.cost)},
        source=State.WAITING,
        target=State.PLACING,
    )
    return reload_order(c, order)


def _refuse_other_mode(c: Connection, attempt: Attempt) -> None:
    """What was judged in one mode is not bought while another one is in force: the configuration was read again
    meanwhile, or this process works by another one than the rest. Raises ModeChanged."""
    in_force = load_mode(c)
    if in_force not in {None, attempt.mode}:
        raise ModeChanged(attempt.mode, str(in_force))


def reload_order(c: Connection, order: OrderRecord) -> OrderRecord:
    """The order as it is now on record, with the news that its holder has seen and no newer."""
    return replace(load_order(c, order.key), news=order.news)


def _format_cost(cost: Money | None) -> str | None:
    return None if cost is None else f"{cost.amount} {cost.currency}"


def _check_day_limit(c: Connection, attempt: Attempt, limit: Money, start: datetime | None) -> None:
    """Raises LimitReached when this attempt would take the day's sum above the limit.

    Two replicas cannot both find room for the last order: PostgreSQL counts under one advisory lock that is
    held until the commit, SQLite has one writer.
    """
    if attempt.cost is None or attempt.cost.currency != limit.currency or start is None:
        raise ValueError("a day's limit needs its start, and a cost in its own currency")
    if c.dialect.name == "postgresql":
        c.execute(sa.select(sa.func.pg_advisory_xact_lock(SPENDING_LOCK)))
    costs = c.execute(
        sa.select(attempts.c.cost).where(
            attempts.c.created_at >= start,
            attempts.c.mode == attempt.mode,
            attempts.c.voided_at.is_(None),
            attempts.c.cost.is_not(None),
        )
    ).scalars()
    known = [cost for cost in costs if isinstance(cost, Money)]  # one that is damaged stops no other order
    spent = sum((cost.amount for cost in known if cost.currency == limit.currency), Decimal(0))
    if spent + attempt.cost.amount > limit.amount:
        raise LimitReached(Money(spent, limit.currency))


def _insert_attempt(c: Connection, order: OrderRecord, attempt: Attempt) -> int:
    """The attempt's row, with the next number of this order. Raises LeaseLost when another one is open."""
    number = (
        1
        + c.execute(
            sa.select(sa.func.coalesce(sa.func.max(attempts.c.number), 0)).where(
                attempts.c.order_id == order.key
            )
        ).scalar_one()
    )
    row = {
        "order_id": order.key,
        "number": number,
        "attempt": attempt.id,
        "token": attempt.token,
        "mode": attempt.mode,
        "mapping_version": attempt.mapping_version,
        "created_at": attempt.created_at,
        "sent_at": attempt.sent_at,
        "verdict": attempt.verdict,
        "why": attempt.why,
        "reference": attempt.reference,
        "cost": attempt.cost,
        "lease_token": order.lease.token if order.lease else None,
        "request": build_request(attempt.request, attempt.items),
        "answer": attempt.answer,
    }
    try:
        with c.begin_nested():
            c.execute(sa.insert(attempts).values(row))
    except sa.exc.IntegrityError:
        raise LeaseLost(f"order {order.key} has an attempt that is open, or this one already") from None
    return int(number)


def mark_sent(c: Connection, now: datetime, order: OrderRecord, request: Facts) -> None:
    """`Orders.mark_sent`: the one gate before the first byte."""
    if order.attempt is None or order.state is not State.PLACING:
        raise LeaseLost(f"order {order.key} has no attempt that could be sent")
    row = lock_order(c, order)
    _refuse_other_mode(c, order.attempt)
    if row.news != order.news:
        raise OrderChanged("there is news of the order that it was not judged with", row.news)
    if _is_order_paused(c, order.key):
        raise OrderChanged("placing is paused", row.news)
    marked = c.execute(
        sa.update(attempts)
        .where(
            attempts.c.id == order.attempt.key,
            attempts.c.order_id == order.key,
            attempts.c.sent_at.is_(None),
            attempts.c.verdict.is_(None),
            attempts.c.voided_at.is_(None),
        )
        .values(sent_at=now, request=build_request(request, order.attempt.items))
    )
    if marked.rowcount != 1:
        raise LeaseLost(f"the attempt of order {order.key} was sent before, or is void")
    record_event(c, order.key, now, "sent", {"attempt": order.attempt.id})


def is_shop_paused(c: Connection, shop: str) -> bool:
    """`Orders.is_shop_paused`."""
    found = c.execute(sa.select(pauses.c.scope).where(pauses.c.scope.in_(["*", shop])).limit(1))
    return found.first() is not None


def _is_order_paused(c: Connection, order: int) -> bool:
    """As `is_shop_paused`, by the order's own row: its shop may just be getting another name."""
    own = sa.select(orders.c.shop).where(orders.c.id == order).scalar_subquery()
    scope = sa.type_coerce(pauses.c.scope, sa.Text)
    found = c.execute(sa.select(pauses.c.at).where(sa.or_(scope == "*", pauses.c.scope == own)).limit(1))
    return found.first() is not None


def keep_answer(c: Connection, now: datetime, attempt: int, receipt: PlaceResult) -> None:
    """`Orders.keep_answer`. The order is woken, since whoever holds it may not know of the answer.

    An answer that cannot be the attempt's own reference any more (the attempt was declared void meanwhile,
    or has another reference) is laid down like a call on its secret URL, which the steps weigh.
    """
    order = c.execute(sa.select(attempts.c.order_id).where(attempts.c.id == attempt)).scalar_one_or_none()
    if order is None:
        raise ValueError(f"there is no attempt {attempt}")
    c.execute(sa.select(orders.c.id).where(orders.c.id == order).with_for_update())
    row = c.execute(sa.select(attempts).where(attempts.c.id == attempt)).one()
    reference = receipt.reference if receipt.verdict is Verdict.PLACED else None
    ours = reference is not None and row.voided_at is None and row.reference in {None, reference}
    taken = None if reference is None else find_reference_owner(c, reference, order)
    columns: dict[str, Any] = {}
    if row.verdict in {None, Verdict.NOT_SENT, ADOPTED, "void"}:
        columns = {
            "answered_at": receipt.answer.at,
            "verdict": receipt.verdict,
            "why": receipt.why,
            "answer": receipt.answer,
        }
    else:
        save_answers(c, order, (("late_answer", receipt.answer),))
    if ours and taken is None:
        columns |= {"reference": reference, "verdict": receipt.verdict}
    if columns:
        c.execute(sa.update(attempts).where(attempts.c.id == attempt).values(columns))
    if reference is not None and not ours:
        insert_notification(c, row.token, reference, b"the late answer to the order call", now, known=True)
    told = {"verdict": receipt.verdict, "why": receipt.why, "reference": reference, "taken_by": taken}
    record_event(c, order, now, "answered", told)
    if receipt.verdict is not Verdict.NOT_SENT:  # nothing to see in that; its next try has its time
        wake_orders(c, now, orders.c.id == order)


def insert_notification(
    c: Connection, token: str, reference: str | None, raw: bytes, now: datetime, *, known: bool
) -> None:
    """Lay down a call of an order's secret URL."""
    c.execute(
        sa.insert(notifications).values(
            token=token, reference=reference, received_at=now, known=known, raw=raw
        )
    )


def adopt_attempt(c: Connection, now: datetime, order: OrderRecord, attempt: Attempt) -> OrderRecord:
    """`Orders.adopt_attempt`."""
    lock_order(c, order)
    other = _find_other_order(c, order, attempt)
    if other is not None:
        raise NeedsPerson(Problem.REFERENCE_TAKEN, reference=attempt.reference or "?", other=other)
    if not _reopen_known_attempt(c, order, attempt):
        _insert_attempt(c, order, attempt)
    told = {"attempt": attempt.id, "mode": attempt.mode, "reference": attempt.reference}
    record_event(c, order.key, now, "attempt_found", told)
    return reload_order(c, order)


def _reopen_known_attempt(c: Connection, order: OrderRecord, attempt: Attempt) -> bool:
    """Where the attempt is this order's own, take it for one that may have left; False = it is not on record.

    That it is unsent, or void, here proves nothing: this database may be a copy from before it was sent.
    """
    known = c.execute(
        sa.select(attempts.c.id).where(attempts.c.order_id == order.key, attempts.c.attempt == attempt.id)
    ).scalar()
    if known is None:
        return False
    try:
        with c.begin_nested():
            c.execute(
                sa.update(attempts)
                .where(attempts.c.id == known)
                .values(
                    sent_at=sa.func.coalesce(attempts.c.sent_at, bind_time(attempt.sent_at)),
                    voided_at=None,
                    voided_by=None,
                    verdict=ADOPTED,
                    why=attempt.why,
                    reference=attempt.reference,
                )
            )
    except sa.exc.IntegrityError:
        raise LeaseLost(f"order {order.key} has another attempt that is open") from None
    return True


def _find_other_order(c: Connection, order: OrderRecord, attempt: Attempt) -> str | None:
    """The name of another order that has this attempt, or what it bought: somebody copied the ledger."""
    same = sa.select(attempts.c.order_id).where(
        attempts.c.attempt == attempt.id, attempts.c.order_id != order.key
    )
    name = sa.select(sa.func.coalesce(orders.c.name, orders.c.order_id)).where(orders.c.id.in_(same))
    found: str | None = c.execute(name.limit(1)).scalar()
    if found is None and attempt.reference is not None:
        return find_reference_owner(c, attempt.reference, order.key)
    return found


def revive_attempt(
    c: Connection, now: datetime, order: OrderRecord, token: str, reference: str
) -> OrderRecord:
    """`Orders.revive_attempt`."""
    lock_order(c, order)
    if find_reference_owner(c, reference, order.key) is not None:
        raise LeaseLost(f"the reference {reference} belongs to another order by now")
    transitions.reopen_attempt(c, order, token, reference, Mode.LIVE)
    record_event(c, order.key, now, "attempt_revived", {"reference": reference})
    raise_alarm(c, now, order.key, Alarm.LATE_ANSWER, {"reference": reference})
    return reload_order(c, order)


def keep_look(c: Connection, now: datetime, order: OrderRecord, seen: ClosedPurchase) -> OrderRecord:
    """`Orders.keep_look`."""
    lock_order(c, order)
    transitions.watch_closed(c, order.key, seen)
    return reload_order(c, order)


def find_billed_test_order(c: Connection) -> str | None:
    """`Orders.find_billed_test_order`."""
    open_ones = (alarms.c.alarm == Alarm.TEST_IS_REAL, alarms.c.cleared_at.is_(None))
    facts = c.execute(sa.select(alarms.c.facts).where(*open_ones).order_by(alarms.c.id).limit(1)).scalar()
    if facts is not None:
        return str(facts.get("reference", "?"))
    return c.execute(sa.select(memory.c.value).where(memory.c.key == BILLED_PROBE)).scalar_one_or_none()
