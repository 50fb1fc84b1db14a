"""The purchase. What is written here in order is what keeps an order from being printed twice.

1. The order is read again, and judged again: cancelled, refunded, edited, held, fulfilled, moved.
2. Limits, the stop switch and the invoice, all of which can still say no.
3. The intent becomes durable here (state `placing`, the attempt's row, its cost against the day's limit) ...
4. ... and on the Shopify order, by compare-and-set on what step 1 read.
5. The connection to Sculpteo stands: `sent_at` becomes durable, in the one update that can succeed once.
6. The request leaves: once, never again for this attempt.
7. The answer becomes durable, whoever holds the lease by then; then the order moves by it.

A crash before 5 goes on, from the attempt that is on record. A crash after 5 without an answer is `unknown`.
"""

from __future__ import annotations

import secrets
from datetime import datetime, time, timedelta
from decimal import Decimal

from bridge.errors import LedgerConflict, NeedsPerson, NotThere, TryAgain
from bridge.order.model import (
    LedgerEntry,
    Mode,
    Money,
    PrintItem,
    PrintOrder,
    Receipt,
    ShopOrder,
    Verdict,
)
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.ports import Attempt, Change, LimitReached, Note
from bridge.steps.job import Job
from bridge.steps.match import Assessment, Ready, Trouble, Waits, decided, judged, printable
from bridge.steps.resolve import found_elsewhere, from_record, late_evidence, placed, refused

INVOICE_TRIES = 12  # by the waits of `bridge.retry`, two to three hours


async def place(job: Job) -> Change:
    """For `waiting` and `placing`: buy the prints if nothing speaks against it any more."""
    attempt = job.record.attempt
    if job.record.state is State.PLACING and attempt is not None and attempt.sent_at is not None:
        # a worker died, or lost its lease, after the request may have left: only what is on record counts
        why = attempt.why or "the bridge stopped between sending the request and storing the answer"
        return from_record(job, attempt) or _unknown(why, None, job.now)
    evidence = await late_evidence(job)
    if evidence:
        return evidence
    order = await job.read()
    if order is None:
        raise TryAgain("the shop does not find the order", after=timedelta(minutes=10))
    found = await judged(job, order)
    elsewhere = await found_elsewhere(job, order, printable(job, order))
    if elsewhere:
        return elsewhere
    if job.record.state is State.WAITING and _person_first(job):
        return job.stay(None)
    if not isinstance(found.verdict, Ready):
        return await _not_now(job, order, found)
    blocked, cost = await _allowed(job, order, found.items)
    if blocked:
        return await _not_now(job, order, Assessment(blocked, found.items))
    return await _buy(job, order, found, cost, await _invoice(job, order))


async def _invoice(job: Job, order: ShopOrder) -> bytes | None:
    """The invoice, waited for as long as one may reasonably take to be made."""
    try:
        return await job.world.invoicer.invoice(job.record.shop, order)
    except NotThere as error:
        if job.record.failures + 1 < INVOICE_TRIES:
            raise
        raise NeedsPerson(Problem.INVOICE, why=f"{error.why}, after {INVOICE_TRIES} tries") from None


def _person_first(job: Job) -> bool:
    """An order that was held while it waited for something else stays held."""
    return job.record.held_at is not None and job.record.reason == Wait.HELD


async def _not_now(job: Job, order: ShopOrder, found: Assessment) -> Change:
    """Something speaks against it. An attempt that was opened and never sent is void, in both ledgers."""
    attempt = job.record.attempt
    if attempt is None:
        return decided(job, order, found)
    await _void_in_shop(job, order, attempt)
    return decided(job, order, found, void="nothing was sent: the order changed before the request left")


async def _void_in_shop(job: Job, order: ShopOrder, attempt: Attempt) -> None:
    """Take the intent back on the Shopify order, if it got there. The local record must not be first: an
    intent left behind would look like a purchase to another database."""
    entry = order.ledger.entry
    if entry is None or entry.attempt != attempt.id or entry.state == "void":
        return
    try:
        await job.shop.write_ledger(order.id, _entry(job, attempt, "void"), order.ledger.digest)
    except NeedsPerson:
        return  # the scope is gone; the local record still knows that the attempt is void


async def _allowed(
    job: Job, order: ShopOrder, items: tuple[PrintItem, ...]
) -> tuple[Waits | Trouble | None, Money | None]:
    """The stop switch, preview mode and the spending limits; gives the cost where it is asked for."""
    policy, record = job.world.policy, job.record
    if await job.world.orders.paused(record.shop):
        return Waits(Wait.PAUSED, None), None
    cost: Money | None = None
    if policy.per_order or policy.per_day or policy.mode is Mode.PREVIEW:
        try:
            cost = await _cost(job, items)
        except NeedsPerson as error:
            if policy.mode is not Mode.PREVIEW:
                return Trouble(Problem(error.problem), error.facts), None
    if policy.mode is Mode.PREVIEW:
        return Waits(Wait.PREVIEW, None, {"cost": _said(cost)}), cost
    limit = policy.per_order
    if limit and cost and cost.amount > limit.amount and not _approved_at_this_cost(job, cost):
        return Trouble(Problem.LIMIT_ORDER, {"cost": _said(cost), "limit": _said(limit)}), cost
    return None, cost


def _approved_at_this_cost(job: Job, cost: Money) -> bool:
    record = job.record
    known = record.cost
    return record.approved_for == Problem.LIMIT_ORDER and known is not None and cost.amount <= known.amount


def _said(money: Money | None) -> str:
    return f"{money.amount} {money.currency}" if money else "?"


async def _cost(job: Job, items: tuple[PrintItem, ...]) -> Money:
    """What Sculpteo asks for all items, without shipping. Raises NeedsPerson("no_price")."""
    currency = job.world.policy.currency
    total = Decimal(0)
    for item in items:
        quote = await job.world.printer.price(item.design, item.quantity, currency)
        if quote.total is None or quote.total.currency != currency:
            why = quote.problem or f"it answered in another currency than {currency}"
            raise NeedsPerson(Problem.NO_PRICE, designs=item.design.uuid, why=why)
        total += quote.total.amount
    return Money(total, currency)


async def _buy(
    job: Job, order: ShopOrder, found: Assessment, cost: Money | None, pdf: bytes | None
) -> Change:
    limited = await _intend(job, order, found, cost)
    if limited:
        return limited
    attempt = job.record.attempt
    if attempt is None:
        raise RuntimeError("open_attempt gave no attempt")
    conflict = await _intend_in_shop(job, order, attempt)
    if conflict:
        return conflict
    request = _request(job, order, found.items, attempt, pdf)

    async def about_to_send() -> None:
        await job.world.orders.mark_sent(job.record, job.world.printer.summary(request))

    receipt = await job.world.printer.place(request, about_to_send)
    await job.world.orders.keep_answer(attempt.key, receipt)
    return await _by_answer(job, order, attempt, receipt)


async def _intend(job: Job, order: ShopOrder, found: Assessment, cost: Money | None) -> Change | None:
    """Make the intent durable here. An attempt that is open and unsent is gone on with."""
    world, record = job.world, job.record
    if record.attempt is not None:
        return None
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
    limit = None if record.approved_for == Wait.LIMIT_DAY else world.policy.per_day
    try:
        job.record = await world.orders.open_attempt(
            record, attempt, values=values, day_limit=limit, day_start=_midnight(job.now)
        )
    except LimitReached as reached:
        facts = {"spent": _said(reached.spent), "limit": _said(limit), "cost": _said(cost)}
        tomorrow = _midnight(job.now) + timedelta(days=1)
        return decided(job, order, Assessment(Waits(Wait.LIMIT_DAY, tomorrow, facts), found.items))
    return None


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time.min, now.tzinfo)


def _entry(job: Job, attempt: Attempt, state: str, reference: str | None = None) -> LedgerEntry:
    return LedgerEntry(
        attempt=attempt.id,
        token=attempt.token,
        state=state,
        mode=attempt.mode,
        mapping_version=attempt.mapping_version,
        at=job.now,
        reference=reference,
    )


async def _intend_in_shop(job: Job, order: ShopOrder, attempt: Attempt) -> Change | None:
    """Make the intent durable on the Shopify order, by compare-and-set on what was read there."""
    known = order.ledger.entry
    if known is not None and known.attempt == attempt.id and known.state == "intent":
        return None
    try:
        await job.shop.write_ledger(order.id, _entry(job, attempt, "intent"), order.ledger.digest)
    except LedgerConflict:
        why = "somebody else wrote the shop's ledger in the same moment; nothing was sent"
        return Change(State.WAITING, job.now, void_attempt=why, notes=(Note("ledger_conflict"),))
    except NeedsPerson:
        return None  # without write_orders this protection is off; `check` and the console say so
    return None


def _request(
    job: Job, order: ShopOrder, items: tuple[PrintItem, ...], attempt: Attempt, pdf: bytes | None
) -> PrintOrder:
    policy = job.world.policy
    if order.address is None:
        raise NeedsPerson(Problem.ADDRESS, why="there is none")
    return PrintOrder(
        items=items,
        address=order.address,
        notification_url=policy.notification_url(attempt.token),
        comments=(f"{job.record.shop} {order.name}", f"sculpteo-bridge {attempt.id}"),
        fake=attempt.mode is not Mode.LIVE,
        ship_method=policy.ship_method(order),
        theme=policy.theme,
        invoice=pdf,
    )


async def _by_answer(job: Job, order: ShopOrder, attempt: Attempt, receipt: Receipt) -> Change:
    """Move the order by what came back."""
    match receipt.verdict:
        case Verdict.PLACED if receipt.reference:
            other = await job.world.orders.other_holder(receipt.reference, job.record)
            if other:
                facts = {"why": f"Sculpteo gave the reference {receipt.reference}, which {other} has already"}
                return Change(State.UNKNOWN, None, facts=facts)
            return placed(job, receipt.reference, "placed")
        case Verdict.NOT_SENT:
            raise TryAgain(receipt.why, upstream="sculpteo")
        case Verdict.REFUSED:
            return await _refused(job, attempt, receipt)
        case _:
            return _unknown(receipt.why, receipt.candidate)


async def _refused(job: Job, attempt: Attempt, receipt: Receipt) -> Change:
    """A documented refusal: nothing was bought. The shop's ledger is told too, so that a retry is free."""
    note: tuple[Note, ...] = ()
    try:
        order = await job.read()
        if order is not None:
            await _void_in_shop(job, order, attempt)
    except (TryAgain, LedgerConflict) as error:
        # the local record knows the attempt is void; a retry will write over the intent left in the shop
        note = (Note("ledger_not_voided", {"why": str(error)}),)
    return refused(job, receipt.answer.status, receipt.why, note)


def _unknown(why: str, candidate: str | None, due_at: datetime | None = None) -> Change:
    facts = {"why": why, "candidate": candidate} if candidate else {"why": why}
    return Change(State.UNKNOWN, due_at, facts=facts)
