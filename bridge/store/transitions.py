"""Moving an order: the guard that a lease is, the change itself, and its line in the timeline.

Each function runs inside a transaction that its caller opened. On PostgreSQL the order's row is locked
first (`lock_order`, `FOR UPDATE`), so that all changes around one order happen one after the other; on SQLite
every writing transaction has the whole database to itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.errors import LeaseLost, NeedsPerson
from bridge.net.backoff import (
    compute_pause,
    count_tries,
)
from bridge.order.authors import SERVICE
from bridge.order.model import Mode, Parcel, RawAnswer, Verdict
from bridge.order.notifications import (
    News,
    find_code,
)
from bridge.order.problems import Alarm, Problem
from bridge.order.records import ADOPTED, ClosedPurchase, Facts, OrderRecord, OrderSignal, Transition
from bridge.order.redaction import erase_order
from bridge.order.states import State, Wait, is_move_allowed
from bridge.store.modes import load_mode
from bridge.store.row_mapping import (
    build_columns,
    build_insert,
    compute_facts_digest,
)
from bridge.store.search_index import reindex_order
from bridge.store.tables import (
    alarms,
    answers,
    attempts,
    closed_purchases,
    erasures,
    events,
    news,
    notifications,
    orders,
    parcels,
)
from bridge.store.types import Moment, clean_text


def lock_order(c: Connection, order: OrderRecord) -> Any:
    """Lock the order's row, provided that state and lease are still what `order` says.

    Raises LeaseLost. The owner is compared too: a lease that was given back is not one any more, although
    its token stays until the next claim.
    """
    lease = order.lease
    if lease is None:
        raise LeaseLost(f"order {order.key} is not leased")
    row = c.execute(
        sa.select(orders.c.id, orders.c.news, orders.c.last_error)
        .where(
            orders.c.id == order.key,
            orders.c.state == order.state,
            orders.c.lease_owner == lease.owner,
            orders.c.lease_token == lease.token,
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise LeaseLost(f"order {order.key} was taken over, or moved, since it was claimed")
    return row


def record_event(
    c: Connection,
    order: int,
    at: datetime,
    kind: str,
    facts: Facts,
    *,
    who: str = SERVICE,
    source: State | None = None,
    target: State | None = None,
    reason: str | None = None,
    problem: str | None = None,
) -> None:
    """Add a line to the timeline, and to the news if it is to be told."""
    line = sa.insert(events).values(
        order_id=order,
        at=at,
        kind=kind,
        source=source,
        target=target,
        reason=reason,
        problem=problem,
        who=who,
        facts=dict(facts),
    )
    code = find_code(kind, target, reason)
    if code is None:
        c.execute(line)
        return
    number = c.execute(line.returning(events.c.id)).scalar_one()
    key = f"limit_day:{at.date()}" if code == Wait.LIMIT_DAY else f"event:{number}"
    told = {**facts, **({"reason": reason} if reason else {}), **({"problem": problem} if problem else {})}
    add_news(c, News(key, code, at, told, order))


def add_news(c: Connection, item: News) -> bool:
    """Put something into the outbox, in the transaction that makes it true; False = it is there already.

    It is a row to be handed on and marked, not a place in a sequence to be passed: numbers are given out
    before transactions commit, so a reader that remembers the highest number it saw would miss some.
    """
    row = build_insert(c, news).values(
        key=item.key,
        code=item.code,
        at=item.at,
        order_id=item.order,
        facts=dict(item.facts),
        uid=uuid.uuid4().hex,
    )
    made = row.on_conflict_do_nothing(index_elements=["key"]).returning(news.c.id)
    return c.execute(made).first() is not None


def record_transition(c: Connection, now: datetime, order: OrderRecord, change: Transition) -> None:
    """`Orders.record_transition`."""
    check_move(order, change)
    row = lock_order(c, order)
    tries = _count_moves(order, change, now)
    if change.due_at is not None:
        change = replace(change, due_at=max(change.due_at, now + compute_pause(tries)))
    write_transition(
        c,
        now,
        order,
        change,
        due_at=compute_due(order, change, now),
        lease_owner=None,
        lease_until=None,
        tries=tries,
        tries_news=order.news,
    )
    write_related_rows(c, now, order, change, SERVICE)
    had_its_look = change.void_attempt is None and not change.watches
    schedule_closed_look(c, now, order, change, LOOK_LEAST if had_its_look else timedelta(0))
    if change.failure is not None and change.failure != row.last_error:
        record_event(c, order.key, now, "failed", {"why": change.failure})


def _count_moves(order: OrderRecord, change: Transition, now: datetime) -> int:
    """How often the bridge has moved the order, or wants to look again at once, with nothing outside having
    changed: no word from the shop or Sculpteo, no decision, no other configuration (all of these are news)."""
    before = order.tries if order.news == order.tries_news else 0
    moves = change.target is not order.state
    at_once = change.due_at is not None and change.due_at <= now + AT_ONCE
    return count_tries(before, now - order.updated_at) + (moves or at_once)


def compute_due(order: OrderRecord, change: Transition, now: datetime) -> Any:
    """When the decision says; but at once when news has come that it was made without."""
    return sa.case((orders.c.news == order.news, bind_time(change.due_at)), else_=bind_time(now))


def check_move(order: OrderRecord, change: Transition) -> None:
    if not is_move_allowed(order.state, change.target):
        raise ValueError(f"there is no move from {order.state} to {change.target}")


def write_transition(
    c: Connection, now: datetime, order: OrderRecord, change: Transition, **more: Any
) -> None:
    """Write the order's row; it is locked and compared already."""
    columns = {
        **_redact_erased_order(c, order, change, build_columns(change.values)),
        **more,
        **_build_over_since(now, order, change),
        "state": change.target,
        "updated_at": now,
        "reason": change.reason,
        "problem": change.problem,
        "facts": dict(change.facts),
        **_build_failures(change),
    }
    update_order(c, order, columns)


OVER = frozenset({State.DONE, State.CANCELLED, State.IGNORED})


def _redact_erased_order(
    c: Connection, order: OrderRecord, change: Transition, columns: dict[str, Any]
) -> dict[str, Any]:
    """What is read anew of an order that is over and was erased is kept without its person."""
    if columns.get("snapshot") is None or change.target not in OVER:
        return columns
    was = c.execute(sa.select(erasures.c.erased_at).where(erasures.c.order_id == order.key)).scalar()
    return columns if was is None else {**columns, "snapshot": erase_order(columns["snapshot"])}


def _build_over_since(now: datetime, order: OrderRecord, change: Transition) -> dict[str, Any]:
    """Since when the order is over, from which the retention of personal data counts. What is looked at anew and
    left alone as before, or written again while it is over, was over all the time."""
    mode = change.values.get("mode", order.mode)
    tried = change.target is State.PLACED and mode != Mode.LIVE and change.due_at is None
    if change.target not in OVER and not tried:
        return {}
    anew = change.target is State.DONE and order.state is not State.DONE
    return {"over_at": bind_time(now) if anew else sa.func.coalesce(orders.c.over_at, bind_time(now))}


def _build_failures(change: Transition) -> dict[str, Any]:
    if change.is_look:
        return {}
    counted = orders.c.failures + 1 if change.failure is not None else 0
    return {"failures": counted, "last_error": change.failure}


def update_order(c: Connection, order: OrderRecord, columns: dict[str, Any]) -> None:
    """Write columns to the order. A reference that another order has is NeedsPerson("reference_taken")."""
    reference = columns.get("reference")
    if reference is not None:
        _refuse_taken_reference(c, reference, order)
    c.execute(sa.update(orders).where(orders.c.id == order.key).values(columns))
    if columns.get("snapshot") is not None:
        reindex_order(c, order.key, columns["snapshot"], columns.get("items", order.items))


def _refuse_taken_reference(c: Connection, reference: str, order: OrderRecord) -> None:
    """The unique index would refuse it too, but could not say whose it is."""
    other = find_reference_owner(c, reference, order.key)
    if other is not None:
        raise NeedsPerson(Problem.REFERENCE_TAKEN, reference=reference, other=other)


def find_reference_owner(c: Connection, reference: str, but: int) -> str | None:
    """The name of another order that has, or had, this reference."""
    tried = sa.select(attempts.c.order_id).where(attempts.c.reference == reference)
    alive = (closed_purchases.c.reference == reference, closed_purchases.c.alive_at.is_not(None))
    named = sa.select(closed_purchases.c.order_id).where(*alive)
    ours = sa.or_(orders.c.reference == reference, orders.c.id.in_(tried), orders.c.id.in_(named))
    return c.execute(
        sa.select(sa.func.coalesce(orders.c.name, orders.c.order_id)).where(ours, orders.c.id != but).limit(1)
    ).scalar()


def write_related_rows(
    c: Connection, now: datetime, order: OrderRecord, change: Transition, who: str
) -> None:
    """All that is written beside the order's own row, in the same transaction."""
    if change.void_attempt is not None:
        void_attempt(c, now, order, change.void_attempt, who)
    if change.revives is not None:
        reopen_attempt(c, order, change.revives, change.values["reference"], change.values["mode"])
    elif change.void_attempt is None and change.values.get("reference") is not None:
        _set_attempt_reference(c, order, change.values["reference"], change.values.get("mode"))
    if change.values.get("reference") is not None and order.closed:
        _remove_closed_purchase(c, order, change.values["reference"])
    for seen in change.watches:
        watch_closed(c, order.key, seen)
    moved = change.target is not order.state
    told = (change.reason, change.problem) != (order.reason, order.problem)
    other_facts = change.problem is not None and dict(change.facts) != dict(order.facts)
    if moved or told or other_facts:
        record_event(
            c,
            order.key,
            now,
            "move" if moved else "reason",
            change.facts,
            who=who,
            source=order.state,
            target=change.target,
            reason=change.reason,
            problem=change.problem,
        )
    for note in change.notes:
        record_event(c, order.key, now, note.kind, note.facts, who=who)
    _insert_parcels(c, now, order.key, change.parcels)
    if change.resend:
        unpushed = {"pushed_at": None, "fulfillment_id": None}
        c.execute(sa.update(parcels).where(parcels.c.order_id == order.key).values(unpushed))
    for alarm, facts in change.alarms:
        raise_alarm(c, now, order.key, alarm, facts)
    save_answers(c, order.key, change.answers)
    for key, settled in change.settles:
        settle_notification(c, key, settled)


def settle_notification(c: Connection, key: int, settled: str) -> None:
    """Say what became of a call of an order's secret URL, once."""
    c.execute(
        sa.update(notifications)
        .where(notifications.c.id == key, notifications.c.settled.is_(None))
        .values(settled=settled)
    )


def void_attempt(c: Connection, now: datetime, order: OrderRecord, why: str, who: str) -> None:
    """Mark the open attempt as having bought nothing.

    The bridge itself may say so only of an attempt that was never sent, that was answered by a refusal, or
    that was a test; of any other only a person may. Raises LeaseLost otherwise, and nothing is written.

    Only the run that opened an attempt can send it. Where that very run closes it, that proves that nothing
    left, and is kept as the verdict "not_sent"; any other run knows only what this database does.
    """
    unbought = sa.or_(
        attempts.c.sent_at.is_(None),
        attempts.c.verdict.in_([Verdict.REFUSED, Verdict.NOT_SENT]),
        attempts.c.mode != Mode.LIVE,
    )
    this_one = (attempts.c.order_id == order.key, attempts.c.voided_at.is_(None))
    if c.execute(sa.select(attempts.c.id).where(*this_one)).scalar() is None:
        return
    done = c.execute(
        sa.update(attempts)
        .where(*this_one, *((unbought,) if who == SERVICE else ()))
        .values(
            voided_at=now,
            voided_by=who,
            why=sa.func.coalesce(attempts.c.why, clean_text(why)),
            verdict=sa.func.coalesce(attempts.c.verdict, _build_void_verdict(order, who)),
        )
    )
    if done.rowcount == 0:
        raise LeaseLost(f"the attempt of order {order.key} cannot be void: it may have reached Sculpteo")
    record_event(c, order.key, now, "attempt_void", {"why": why}, who=who)
    for row in c.execute(
        sa.select(attempts.c.token, attempts.c.mode, attempts.c.reference).where(
            attempts.c.order_id == order.key, attempts.c.voided_at == now, attempts.c.reference.is_not(None)
        )
    ):
        status, words = (
            (order.print_status, order.print_words) if row.reference == order.reference else (None, None)
        )
        closed = ClosedPurchase(row.reference, row.token, Mode(row.mode), now, status, words, look_at=now)
        watch_closed(c, order.key, closed)


def watch_closed(c: Connection, order: int, seen: ClosedPurchase) -> None:
    """Keep what is known of a closed purchase."""
    row = build_insert(c, closed_purchases).values(
        order_id=order,
        reference=seen.reference,
        token=seen.token,
        mode=seen.mode,
        closed_at=seen.closed_at,
        status=seen.status,
        words=None if seen.words is None else clean_text(seen.words),
        looked_at=seen.looked_at,
        look_at=seen.look_at,
        alive_at=seen.alive_at,
    )
    known = ("status", "words", "looked_at", "look_at", "alive_at")
    c.execute(
        row.on_conflict_do_update(
            index_elements=["order_id", "reference"], set_={name: row.excluded[name] for name in known}
        )
    )


def reopen_attempt(c: Connection, order: OrderRecord, token: str, reference: str, mode: Mode) -> None:
    """Make the void attempt with this token the order's open one again, with what it bought, and in which mode
    that counts. Raises LeaseLost when another one is open, or there is no such attempt."""
    try:
        with c.begin_nested():
            revived = c.execute(
                sa.update(attempts)
                .where(
                    attempts.c.order_id == order.key,
                    attempts.c.token == token,
                    attempts.c.voided_at.is_not(None),
                )
                .values(
                    voided_at=None,
                    voided_by=None,
                    verdict=ADOPTED,
                    reference=reference,
                    mode=mode,
                )
            )
    except sa.exc.IntegrityError:
        raise LeaseLost(f"order {order.key} has another attempt that is open") from None
    if revived.rowcount != 1:
        raise LeaseLost(f"order {order.key} has no void attempt with this token")
    _remove_closed_purchase(c, order, reference)


def _remove_closed_purchase(c: Connection, order: OrderRecord, reference: str) -> None:
    """What is the order's own purchase is not one that was closed."""
    ours = (closed_purchases.c.order_id == order.key, closed_purchases.c.reference == reference)
    c.execute(sa.delete(closed_purchases).where(*ours))


LOOK_LEAST = timedelta(minutes=10)  # a look that failed is tried again after so long, whatever else is due


def schedule_closed_look(
    c: Connection, now: datetime, order: OrderRecord, change: Transition, at_least: timedelta
) -> None:
    """However an order stands, it is due at the latest when one of its closed purchases is to be looked at."""
    if not (order.closed or change.watches or change.void_attempt):
        return
    soonest = c.execute(
        sa.select(sa.func.min(closed_purchases.c.look_at)).where(closed_purchases.c.order_id == order.key)
    ).scalar()
    if soonest is None:
        return
    at = max(soonest, now + at_least)
    later = sa.or_(orders.c.due_at.is_(None), orders.c.due_at > at)
    c.execute(sa.update(orders).where(orders.c.id == order.key, later).values(due_at=bind_time(at)))


def _build_void_verdict(order: OrderRecord, who: str) -> sa.ColumnElement[str]:
    """ "not_sent" where the run that opened the attempt closes it unsent, else "void"."""
    token = order.lease.token if order.lease and who == SERVICE else -1
    by_its_own_run = sa.and_(attempts.c.lease_token == token, attempts.c.sent_at.is_(None))
    return sa.case((by_its_own_run, sa.literal(str(Verdict.NOT_SENT))), else_=sa.literal("void"))


def _set_attempt_reference(c: Connection, order: OrderRecord, reference: str, mode: Mode | None) -> None:
    """The open attempt is what brought this reference. One that only a person gave may be corrected. A test that
    Sculpteo makes counts as bought for real, also on the day's limit and in the note on the Shopify order."""
    named: sa.ColumnElement[bool] = attempts.c.reference.is_(None)
    if order.reference_by is not None:
        named = sa.or_(named, attempts.c.reference == order.reference)
    c.execute(
        sa.update(attempts)
        .where(attempts.c.order_id == order.key, attempts.c.voided_at.is_(None), named)
        .values(reference=reference)
    )
    if mode is not None:
        is_it = (attempts.c.voided_at.is_(None), attempts.c.reference == reference)
        c.execute(sa.update(attempts).where(attempts.c.order_id == order.key, *is_it).values(mode=mode))


def _insert_parcels(c: Connection, now: datetime, order: int, found: Iterable[Parcel]) -> None:
    for parcel in found:
        new = c.execute(
            build_insert(c, parcels)
            .values(order_id=order, number=parcel.number, parcel=parcel, found_at=now)
            .on_conflict_do_nothing(index_elements=["order_id", "number"])
            .returning(parcels.c.id)
        ).first()
        if new is not None:
            record_event(c, order, now, "parcel", {"number": parcel.number, "carrier": parcel.carrier})


def raise_alarm(c: Connection, now: datetime, order: int, alarm: Alarm, facts: Facts) -> None:
    """Raise an alarm, once for the same facts: one that a person cleared stays cleared."""
    new = c.execute(
        build_insert(c, alarms)
        .values(
            order_id=order, alarm=alarm, digest=compute_facts_digest(facts), facts=dict(facts), raised_at=now
        )
        .on_conflict_do_nothing(index_elements=["order_id", "alarm", "digest"])
        .returning(alarms.c.id)
    ).first()
    if new is not None:
        record_event(c, order, now, "alarm", {**facts, "alarm": str(alarm)})


def save_answers(c: Connection, order: int, evidence: Sequence[tuple[str, RawAnswer]]) -> None:
    """Keep answers as evidence."""
    for kind, answer in evidence:
        c.execute(sa.insert(answers).values(order_id=order, kind=kind, at=answer.at, answer=answer))


AT_ONCE = timedelta(seconds=4)  # below the first wait of `bridge.net.backoff`: a look so soon is no wait

FROM_THE_SHOP = frozenset({"webhook", "reconciliation"})
COALESCED = timedelta(seconds=2)
"""One action in the shop comes as several deliveries within a moment: the order is read once for all of them."""


def receive_signal(c: Connection, now: datetime, word: OrderSignal) -> int:
    """`Orders.receive_signal`."""
    soon = now + COALESCED if word.origin in FROM_THE_SHOP else now
    fresh = build_insert(c, orders).values(
        shop=word.shop,
        order_id=word.order_id,
        state=State.RECEIVED,
        news=1,
        first_seen_at=now,
        updated_at=now,
        origin=word.origin,
        name=word.name,
        due_at=soon,
        failures=0,
        lease_token=0,
        paid_now=word.paid_now,
        first_mode=load_mode(c),
        deleted_at=now if word.deleted else None,
        facts={},
        items=(),
    )
    row = c.execute(
        fresh.on_conflict_do_update(
            index_elements=["shop", "order_id"],
            set_={
                "news": orders.c.news + 1,
                "due_at": _build_due_now(soon),
                "name": sa.func.coalesce(orders.c.name, fresh.excluded.name),
                "paid_now": sa.or_(orders.c.paid_now, fresh.excluded.paid_now),
                "deleted_at": sa.func.coalesce(fresh.excluded.deleted_at, orders.c.deleted_at),
            },
        ).returning(orders.c.id, orders.c.news)
    ).one()
    told = {"origin": word.origin, "cause": word.cause}
    record_event(c, row.id, now, "seen" if row.news == 1 else "news", told)
    return int(row.id)


def _build_due_now(now: datetime) -> Any:
    """Due now; one that is overdue keeps its older place, so that much news does not send it to the back."""
    return sa.case((orders.c.due_at < now, orders.c.due_at), else_=bind_time(now))


def bind_time(at: datetime | None) -> sa.BindParameter[Any]:
    return sa.literal(at, Moment())


def wake_orders(c: Connection, now: datetime, *conditions: sa.ColumnElement[bool]) -> int:
    """Let every order that fits be looked at anew; gives how many."""
    woken = c.execute(
        sa.update(orders).where(*conditions).values(news=orders.c.news + 1, due_at=_build_due_now(now))
    )
    return woken.rowcount
