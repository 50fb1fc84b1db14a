"""The purchase. What is written here in order is what keeps an order from being printed twice.

1. The order is read again, and judged again: cancelled, refunded, edited, held, fulfilled, moved; and the note
   on it: bought or forbidden by another database.
2. Limits, the stop switch and the invoice, all of which can still say no.
3. The attempt is opened here: state `placing`, its row, its cost against the day's limit.
4. The connection to Sculpteo stands.
5. The note on the Shopify order says that the request may have left: one compare-and-set on what step 1 read,
   whose answer is the order as it is now, the last look. It must be what was judged and priced.
6. `sent_at` becomes durable, in the one update that can succeed once, and only while no word of the order, no
   stop of placing and no other mode has come since it was read.
7. The request leaves: once, never again for this attempt.
8. The answer becomes durable, whoever holds the lease by then; then the order moves by it.

Where 5 or 6 says no, nothing was sent, and the attempt is void in both ledgers. A crash before 5 starts anew with
another attempt. A crash after 5 without an answer is `unknown`, also for a database that knows nothing of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.errors import (
    SCULPTEO,
    BridgeError,
    LeaseLost,
    LedgerConflict,
    LookAgain,
    ModeChanged,
    NeedsPerson,
    NotThere,
    Resting,
    StoreUnavailable,
    TryAgain,
)
from bridge.net.backoff import delay
from bridge.order.model import (
    Mode,
    Money,
    PrintItem,
    PrintOrder,
    RawAnswer,
    Receipt,
    ShopOrder,
    Verdict,
)
from bridge.order.problems import Problem
from bridge.order.records import Attempt, Change, Note
from bridge.order.states import State, Wait
from bridge.steps.context import Job
from bridge.steps.ledger import entry_of, may_write_over, taken_back
from bridge.steps.line_selection import (
    Nothing,
    Trouble,
    Waits,
)
from bridge.steps.match import (
    OF_COST,
    Assessment,
    Ready,
    Withdrawn,
    contents_now,
    decided,
    gone,
    judged,
    printable,
)
from bridge.steps.outcome_recovery import (
    found_elsewhere,
    late_evidence,
    placed,
    refused,
    settled_by_record,
)
from bridge.steps.purchase_intent import (
    anew,
    announce,
    contents,
    intend,
)
from bridge.steps.right_to_buy import was_given_for, without_approval
from bridge.steps.spending_limits import (
    allowed,
    bought_already,
    is_dearer,
)

INVOICE_TRIES = 12  # by the waits of `bridge.net.backoff`, two to three hours
LOOKS = 5  # at one attempt, before it starts anew: each was answered by one more word of the order
UNSENT = "nothing was sent: the order changed before the request left"
KEEP_AGAIN = (0.2, 1.0, 3.0, 10.0)  # seconds between tries to store an answer while the database is away


async def place(job: Job) -> Change:
    """For `waiting` and `placing`: buy the prints if nothing speaks against it any more."""
    attempt = job.record.attempt
    if job.record.state is State.PLACING and attempt is not None and attempt.sent_at is not None:
        # a worker died, or lost its lease, after the request may have left: only what is on record counts
        why = attempt.why or "the bridge stopped between sending the request and storing the answer"
        return await settled_by_record(job, attempt) or _unknown(why, None, job.now)
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
        values, notes = contents_now(job, order, found)
        return job.stay(None, *notes, **{**values, "shop_updated_at": order.updated_at})
    if attempt is not None and attempt.verdict == Verdict.NOT_SENT:
        await taken_back(job, attempt, order)
    already = bought_already(job.record) if isinstance(found.verdict, Waits) else None
    if not isinstance(found.verdict, Ready):
        found = replace(found, verdict=already or found.verdict)
        return decided(job, order, found, void=UNSENT if attempt else None)
    if attempt is not None:  # the note does not tell of it, so it did not leave
        return anew(job, "the bridge stopped in the middle of ordering")
    blocked, cost = await allowed(job, order, found.items)
    if blocked:
        return _with_cost(job, decided(job, order, Assessment(blocked, found.items)), blocked, cost)
    return await _buy(job, order, found, cost, await _invoice(job, order))


async def _invoice(job: Job, order: ShopOrder) -> bytes | None:
    """The invoice, waited for as long as one may reasonably take to be made."""
    try:
        return await job.world.invoicer.invoice(job.record.shop, await job.with_papers(order))
    except NotThere as error:
        if job.record.failures + 1 < INVOICE_TRIES:
            raise
        raise NeedsPerson(Problem.INVOICE, why=f"{error.why}, after {INVOICE_TRIES} tries") from None


def _stays_held(job: Job, found: Assessment) -> bool:
    """An order that was held while it waited for something else stays held, unless the shop takes it back."""
    record = job.record
    held = record.state is State.WAITING and record.held_at is not None and record.reason == Wait.HELD
    return held and not isinstance(found.verdict, Withdrawn | Nothing)


def _with_cost(job: Job, change: Change, blocked: Waits | Trouble, cost: Money | None) -> Change:
    """Keep the cost that a person is to approve; an approval at another cost does not count any more."""
    asks = isinstance(blocked, Trouble) and blocked.problem in OF_COST
    asks = asks or (isinstance(blocked, Waits) and blocked.reason is Wait.APPROVAL)
    if not asks:
        return change
    values = {**change.values, "cost": cost}
    record = job.record
    if record.approved_at is None:
        return replace(change, values=values)
    dearer = cost is not None and is_dearer(cost, record.cost)
    if isinstance(blocked, Trouble) and not was_given_for(record, blocked.problem) and not dearer:
        return replace(change, values=values)
    values |= without_approval(record, dearer=isinstance(blocked, Waits))  # a limit asks by itself
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
    purchase = _Purchase(job, order, attempt, _request(job, order, found.items, attempt, pdf))
    for _ in range(LOOKS):
        try:
            stop = await _stopped(job, order)
            if stop:
                notes = await taken_back(job, attempt) if stop.void_attempt else ()
                return replace(stop, notes=stop.notes + notes)
            receipt = await job.world.printer.place(purchase.request, purchase.about_to_send)
        except LookAgain as word:
            job.record = replace(job.record, news=word.news)
            continue
        except _Changed as look:
            return await _changed(job, look.order, attempt)
        except LedgerConflict as error:
            why = f"somebody else wrote the bridge's note on the Shopify order ({error})"
            notes = (Note("ledger_conflict"), *await taken_back(job, attempt))
            return anew(job, why, notes=notes, pause=True)
        except ModeChanged as error:
            return anew(job, error.why, notes=await taken_back(job, attempt), pause=True)
        except TryAgain as error:  # before the first byte: Sculpteo is left alone for a while
            return await _not_sent(job, attempt, error)
        except Exception as error:
            await purchase.unsent(error)
            raise
        await _keep(job, attempt, receipt)
        return await _by_answer(job, attempt, receipt)
    return anew(
        job, "there was news of the order again and again", notes=await taken_back(job, attempt), pause=True
    )


class _Changed(BridgeError):
    """The last look at the order shows something else than what was judged. Nothing was sent."""

    def __init__(self, order: ShopOrder) -> None:
        super().__init__("the order changed in the shop meanwhile")
        self.order = order


@dataclass(slots=True)
class _Purchase:
    """An attempt on its way to the first byte. `order` is what was judged, with the note as it was then."""

    job: Job
    order: ShopOrder
    attempt: Attempt
    request: PrintOrder
    may_have_left: bool = False

    async def about_to_send(self) -> None:
        """The gate: Sculpteo's connection stands, and no byte has left."""
        job = self.job
        fresh = await announce(job, self.order, self.attempt)
        if contents(fresh) != contents(self.order):
            raise _Changed(fresh)
        self.order = replace(self.order, ledger=fresh.ledger)
        await job.world.orders.mark_sent(job.record, job.world.printer.summary(self.request))
        self.may_have_left = True

    async def unsent(self, error: Exception) -> None:
        """Take the note back after an error that ends the step, where it is sure that nothing was sent. A lost
        lease takes the word of this run away from the order, so that its proof is stored without one."""
        if self.may_have_left:
            return
        if isinstance(error, LeaseLost):
            why = "the lease was lost before the first byte"
            with contextlib.suppress(StoreUnavailable):
                raw = RawAnswer(self.job.now, None, error=why)
                await self.job.world.orders.keep_answer(self.attempt.key, Receipt(Verdict.NOT_SENT, raw, why))
        await taken_back(self.job, self.attempt)


async def _stopped(job: Job, order: ShopOrder) -> Change | None:
    """What the bridge itself knows against it by now: evidence of another purchase, or a stop of placing."""
    evidence = await late_evidence(job)
    if evidence:
        return evidence
    if not await job.world.orders.paused(job.record.shop):
        return None
    void = "nothing was sent: placing was paused"
    return decided(job, order, Assessment(Waits(Wait.PAUSED, None), job.record.items), void=void)


async def _changed(job: Job, fresh: ShopOrder, attempt: Attempt) -> Change:
    """The last look shows another order than what was judged: it is judged anew, and bought by another attempt
    if it still is to be bought."""
    found = await judged(job, fresh)
    if isinstance(found.verdict, Ready):
        change = anew(job, "the order changed in the shop meanwhile", pause=True)
    else:
        change = decided(job, fresh, found, void=UNSENT)
    return replace(change, notes=change.notes + await taken_back(job, attempt, fresh))


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
                if order is not None and may_write_over(job.record, order.ledger, attempt):
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
            return await _not_sent(job, attempt, TryAgain(receipt.why, upstream=SCULPTEO))
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
        facts={"upstream": error.upstream or SCULPTEO, "why": error.why},
        notes=await taken_back(job, attempt),
        void_attempt=f"nothing was sent: {error.why}",
        failure=None if resting else error.why,
    )


def _unknown(why: str, candidate: str | None, due_at: datetime | None = None) -> Change:
    facts = {"why": why, "candidate": candidate} if candidate else {"why": why}
    return Change(State.UNKNOWN, due_at, facts=facts)
