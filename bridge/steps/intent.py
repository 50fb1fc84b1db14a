"""The intent to buy, in both ledgers: here before the request, on the Shopify order by compare-and-set, and
taken back in both where it is proven that nothing was sent."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, time, timedelta

from bridge.errors import LedgerConflict, NeedsPerson, TryAgain
from bridge.order.model import Ledger, LedgerEntry, Money, ShopOrder
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.ports import Attempt, Change, LimitReached, Note
from bridge.retry import delay
from bridge.steps.job import Job
from bridge.steps.limits import said
from bridge.steps.match import Assessment, decided
from bridge.steps.right_to_buy import approved_for
from bridge.steps.select import Waits


async def intend(job: Job, order: ShopOrder, found: Assessment, cost: Money | None) -> Change | None:
    """Make the intent durable here, with all that is bought; gives a Change where the day's limit forbids it."""
    world, record = job.world, job.record
    attempt = Attempt(
        key=0,
        order=record.key,
        number=0,
        id=secrets.token_hex(8),
        token=secrets.token_urlsafe(24),
        mode=world.policy.mode,
        mapping_version=world.catalog.version,
        created_at=job.now,
        cost=cost,
    )
    values = {
        "snapshot": order,
        "name": order.name,
        "items": found.items,
        "mapping_version": world.catalog.version,
        "cost": cost,
    }
    lifted = any(
        approved_for(record, code, order, found.items, world.policy)
        for code in (Wait.LIMIT_DAY, Problem.ABOVE_DAY_LIMIT)
    )
    limit = None if lifted else world.policy.per_day
    try:
        job.record = await world.orders.open_attempt(
            record, attempt, values=values, day_limit=limit, day_start=_midnight(job.now)
        )
    except LimitReached as reached:
        facts = {"spent": said(reached.spent), "limit": said(limit), "cost": said(cost)}
        tomorrow = _midnight(job.now) + timedelta(days=1)
        return decided(job, order, Assessment(Waits(Wait.LIMIT_DAY, tomorrow, facts), found.items))
    return None


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time.min, now.tzinfo)


def entry_of(job: Job, attempt: Attempt, state: str, reference: str | None = None) -> LedgerEntry:
    """What the ledger on the Shopify order says of an attempt."""
    return LedgerEntry(
        attempt=attempt.id,
        token=attempt.token,
        state=state,
        mode=attempt.mode,
        mapping_version=attempt.mapping_version,
        at=job.now,
        reference=reference,
        cost=attempt.cost,
    )


async def intend_in_shop(job: Job, order: ShopOrder, attempt: Attempt) -> Change | None:
    """Make the intent durable on the Shopify order, by compare-and-set on what was read there."""
    try:
        await job.shop.write_ledger(order.id, entry_of(job, attempt, "intent"), order.ledger.digest)
    except LedgerConflict:
        why = "somebody else wrote the bridge's note on the Shopify order in the same moment"
        return anew(job, why, notes=(Note("ledger_conflict"),), pause=True)
    except NeedsPerson:
        return None  # without write_orders this protection is off; `check` and the console say so
    return None


async def void_in_shop(job: Job, order: ShopOrder, attempt: Attempt) -> None:
    """Take the intent back on the Shopify order, if it got there. The local record must not be first: an
    intent left behind would look like a purchase to another database."""
    entry = order.ledger.entry
    if entry is None or entry.attempt != attempt.id or entry.state == "void":
        return
    try:
        await job.shop.write_ledger(order.id, entry_of(job, attempt, "void"), order.ledger.digest)
    except NeedsPerson:
        return  # the scope is gone; the local record still knows that the attempt is void
    except LedgerConflict as error:
        raise TryAgain(f"the note on the Shopify order was written in the same moment ({error})") from None


async def taken_back(job: Job, attempt: Attempt) -> tuple[Note, ...]:
    """Void the intent in the shop after all, as far as the shop can be reached.

    Where it cannot, the local record knows that the attempt is void, and a retry writes over the intent.
    """
    try:
        order = await job.read()
        if order is not None:
            await void_in_shop(job, order, attempt)
    except TryAgain as error:
        return (Note("ledger_not_voided", {"why": error.why}),)
    return ()


def anew(job: Job, why: str, *, notes: tuple[Note, ...] = (), pause: bool = False) -> Change:
    """Nothing was sent: the attempt is void, and the order is read, judged and priced from the start.

    With `pause`, later by the rules of retry, for what could happen again and again.
    """
    due = job.now + delay(job.record.failures + 1, job.world.random) if pause else job.now
    return Change(
        State.WAITING,
        due,
        reason=Wait.RECHECK,
        facts={"why": why},
        notes=notes,
        void_attempt=f"nothing was sent: {why}",
        failure=why if pause else None,
    )


def contents(order: ShopOrder) -> ShopOrder:
    """The order without what may differ between two looks at one that nobody changed."""
    units = tuple(
        replace(unit, actions=tuple(sorted(unit.actions)))
        for unit in sorted(order.fulfillment_orders, key=lambda unit: unit.id)
    )
    still = order.created_at
    return replace(order, read_at=still, updated_at=still, ledger=Ledger(), fulfillment_orders=units)
