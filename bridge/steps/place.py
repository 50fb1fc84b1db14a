"""The purchase. What is written here in order is what keeps an order from being printed twice.

1. The order is read again, and judged again: cancelled, refunded, edited, held, fulfilled, moved.
2. Limits, the stop switch and the invoice, all of which can still say no.
3. The intent becomes durable here (state `placing`, the attempt's row, its cost against the day's limit) ...
4. ... and on the Shopify order, by compare-and-set on what step 1 read.
5. If that took more than a moment, the order is read once more: it must be what was judged and priced.
6. The connection to Sculpteo stands: `sent_at` becomes durable, in the one update that can succeed once, and
   only while no word of the order and no stop of placing has come since it was read.
7. The request leaves: once, never again for this attempt.
8. The answer becomes durable, whoever holds the lease by then; then the order moves by it.

A crash before 6 starts anew with another attempt. A crash after 6 without an answer is `unknown`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import datetime

from bridge.errors import (
    BridgeError,
    LookAgain,
    NeedsPerson,
    NotThere,
    Resting,
    StoreUnavailable,
    TryAgain,
)
from bridge.order.model import Mode, Money, PrintItem, PrintOrder, Receipt, ShopOrder, Verdict
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.ports import Attempt, Change, Note
from bridge.retry import delay
from bridge.steps.intent import (
    anew,
    contents,
    entry_of,
    intend,
    intend_in_shop,
    taken_back,
    void_in_shop,
)
from bridge.steps.job import Job
from bridge.steps.limits import allowed
from bridge.steps.match import (
    OF_COST,
    Assessment,
    Ready,
    Withdrawn,
    decided,
    gone,
    judged,
    printable,
)
from bridge.steps.resolve import found_elsewhere, from_record, late_evidence, placed, refused
from bridge.steps.select import Nothing, Trouble, Waits

INVOICE_TRIES = 12  # by the waits of `bridge.retry`, two to three hours
LOOKS = 5  # at one attempt, before it starts anew: each was answered by one more word of the order
KEEP_AGAIN = (0.2, 1.0, 3.0, 10.0)  # seconds between tries to store an answer while the database is away


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
        return gone(job)
    found = await judged(job, order)
    elsewhere = await found_elsewhere(job, order, printable(job, order))
    if elsewhere:
        return elsewhere
    if _stays_held(job, found):
        return job.stay(None)
    if not isinstance(found.verdict, Ready):
        return await _not_now(job, order, found)
    if attempt is not None:
        await void_in_shop(job, order, attempt)
        return anew(job, "the bridge stopped in the middle of ordering")
    blocked, cost = await allowed(job, found.items)
    if blocked:
        return _with_cost(job, await _not_now(job, order, Assessment(blocked, found.items)), blocked, cost)
    return await _buy(job, order, found, cost, await _invoice(job, order))


async def _invoice(job: Job, order: ShopOrder) -> bytes | None:
    """The invoice, waited for as long as one may reasonably take to be made."""
    try:
        return await job.world.invoicer.invoice(job.record.shop, order)
    except NotThere as error:
        if job.record.failures + 1 < INVOICE_TRIES:
            raise
        raise NeedsPerson(Problem.INVOICE, why=f"{error.why}, after {INVOICE_TRIES} tries") from None


def _stays_held(job: Job, found: Assessment) -> bool:
    """An order that was held while it waited for something else stays held, unless the shop takes it back."""
    record = job.record
    held = record.state is State.WAITING and record.held_at is not None and record.reason == Wait.HELD
    return held and not isinstance(found.verdict, Withdrawn | Nothing)


async def _not_now(job: Job, order: ShopOrder, found: Assessment) -> Change:
    """Something speaks against it. An attempt that was opened and never sent is void, in both ledgers."""
    attempt = job.record.attempt
    if attempt is None:
        return decided(job, order, found)
    await void_in_shop(job, order, attempt)
    return decided(job, order, found, void="nothing was sent: the order changed before the request left")


def _with_cost(job: Job, change: Change, blocked: Waits | Trouble, cost: Money | None) -> Change:
    """Keep the cost that a person is to approve; an approval at another cost does not count any more."""
    if not isinstance(blocked, Trouble) or blocked.problem not in OF_COST:
        return change
    values = {**change.values, "cost": cost}
    if job.record.approved_at is None or blocked.problem not in (job.record.approved_for or "").split():
        return replace(change, values=values)
    values |= {"approved_at": None, "approved_by": None, "approved_for": None}
    return replace(change, values=values, notes=(Note("approval_dropped"),))


async def _buy(
    job: Job, order: ShopOrder, found: Assessment, cost: Money | None, pdf: bytes | None
) -> Change:
    limited = await intend(job, order, found, cost)
    if limited:
        return limited
    attempt = job.record.attempt
    if attempt is None:
        raise RuntimeError("open_attempt gave no attempt")
    conflict = await intend_in_shop(job, order, attempt)
    if conflict:
        return conflict
    request = _request(job, order, found.items, attempt, pdf)

    async def about_to_send() -> None:
        await job.world.orders.mark_sent(job.record, job.world.printer.summary(request))

    for _ in range(LOOKS):
        changed = await _changed_meanwhile(job, order, attempt)
        if changed:
            return changed
        try:
            receipt = await job.world.printer.place(request, about_to_send)
        except LookAgain as word:
            job.record = replace(job.record, news=word.news)
            continue
        except TryAgain as error:  # before the first byte: Sculpteo is left alone for a while
            return await _not_sent(job, attempt, error)
        await _keep(job, attempt, receipt)
        return await _by_answer(job, attempt, receipt)
    return anew(
        job, "there was news of the order again and again", notes=await taken_back(job, attempt), pause=True
    )


async def _changed_meanwhile(job: Job, order: ShopOrder, attempt: Attempt) -> Change | None:
    """The last look: None = the order is still what was judged, priced and invoiced, and nobody says stop."""
    evidence = await late_evidence(job)
    if evidence:
        return evidence
    if await job.world.orders.paused(job.record.shop):
        fresh = await job.read()
        return await _not_now(job, fresh or order, Assessment(Waits(Wait.PAUSED, None), job.record.items))
    fresh = await job.read()
    if fresh is None:
        raise TryAgain("the shop does not find the order")
    entry = fresh.ledger.entry
    if entry != order.ledger.entry and (entry is None or entry.attempt != attempt.id):
        return anew(job, "somebody else wrote the bridge's note on the Shopify order", pause=True)
    if contents(fresh) == contents(order):
        return None
    found = await judged(job, fresh)
    if not isinstance(found.verdict, Ready):
        return await _not_now(job, fresh, found)
    await void_in_shop(job, fresh, attempt)
    return anew(job, "the order changed in the shop meanwhile", pause=True)


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


async def _keep(job: Job, attempt: Attempt, receipt: Receipt) -> None:
    """An answer is never dropped: while the database is away it is tried again, and at last the reference is
    written on the Shopify order, where `unknown` finds it. Raises StoreUnavailable then."""
    for pause in KEEP_AGAIN:
        try:
            return await job.world.orders.keep_answer(attempt.key, receipt)
        except StoreUnavailable:
            await asyncio.sleep(pause)
    try:
        return await job.world.orders.keep_answer(attempt.key, receipt)
    except StoreUnavailable:
        if receipt.reference:
            with contextlib.suppress(BridgeError):
                order = await job.read()
                if order is not None:
                    entry = entry_of(job, attempt, "placed", receipt.reference)
                    await job.shop.write_ledger(order.id, entry, order.ledger.digest)
        raise


async def _by_answer(job: Job, attempt: Attempt, receipt: Receipt) -> Change:
    """Move the order by what came back."""
    match receipt.verdict:
        case Verdict.PLACED if receipt.reference:
            other = await job.world.orders.other_holder(receipt.reference, job.record)
            if other:
                facts = {"why": f"Sculpteo gave the reference {receipt.reference}, which {other} has already"}
                return Change(State.UNKNOWN, None, facts=facts)
            return placed(job, receipt.reference, "placed")
        case Verdict.NOT_SENT:
            return await _not_sent(job, attempt, TryAgain(receipt.why, upstream="sculpteo"))
        case Verdict.REFUSED:
            notes = await taken_back(job, attempt)
            return refused(job, receipt.answer.status, receipt.why, notes)
        case _:
            return _unknown(receipt.why, receipt.candidate)


async def _not_sent(job: Job, attempt: Attempt, error: TryAgain) -> Change:
    """No byte left, for sure. The next try is another attempt, so that an older copy of the database, which
    knows only this one as unsent, cannot send it after a later one was."""
    resting = isinstance(error, Resting)  # not the order's own failure
    failures = 1 if resting else job.record.failures + 1
    return Change(
        State.WAITING,
        job.now + delay(failures, job.world.random, asked=error.after),
        reason=Wait.UPSTREAM,
        facts={"upstream": error.upstream or "sculpteo", "why": error.why},
        notes=await taken_back(job, attempt),
        void_attempt=f"nothing was sent: {error.why}",
        failure=None if resting else error.why,
    )


def _unknown(why: str, candidate: str | None, due_at: datetime | None = None) -> Change:
    facts = {"why": why, "candidate": candidate} if candidate else {"why": why}
    return Change(State.UNKNOWN, due_at, facts=facts)
