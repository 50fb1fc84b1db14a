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
    CircuitOpen,
    LeaseLost,
    LedgerConflict,
    ModeChanged,
    NeedsPerson,
    NotReadyYet,
    OrderChanged,
    StoreUnavailable,
    TryAgain,
)
from bridge.net.backoff import compute_delay
from bridge.order.model import (
    Mode,
    Money,
    PlaceResult,
    PrintItem,
    PrintOrder,
    RawAnswer,
    ShopOrder,
    Verdict,
)
from bridge.order.problems import Problem
from bridge.order.records import Attempt, TimelineEntry, Transition
from bridge.order.states import State, Wait
from bridge.steps.context import StepRun
from bridge.steps.ledger import build_ledger_entry, is_note_overwritable, take_back_note
from bridge.steps.line_selection import (
    Blocked,
    Skipped,
    Waiting,
)
from bridge.steps.match import (
    OF_COST,
    Assessment,
    Ready,
    Withdrawn,
    assess_order,
    collect_order_values,
    handle_missing_order,
    transition_for,
)
from bridge.steps.outcome_recovery import (
    adopt_from_ledger,
    check_late_evidence,
    mark_placed,
    mark_refused,
    settle_from_record,
)
from bridge.steps.purchase_intent import (
    open_purchase_intent,
    restart_purchase,
    to_comparable,
    write_intent_note,
)
from bridge.steps.purchased_items import select_printable_items
from bridge.steps.right_to_buy import clear_approval, was_given_for
from bridge.steps.spending_limits import (
    check_bought_already,
    check_limits,
    is_dearer,
)

INVOICE_TRIES = 12  # by the waits of `bridge.net.backoff`, two to three hours
LOOKS = 5  # at one attempt, before it starts anew: each was answered by one more word of the order
UNSENT = "nothing was sent: the order changed before the request left"
KEEP_AGAIN = (0.2, 1.0, 3.0, 10.0)  # seconds between tries to store an answer while the database is away


async def place(job: StepRun) -> Transition:
    """For `waiting` and `placing`: buy the prints if nothing speaks against it any more."""
    attempt = job.record.attempt
    if job.record.state is State.PLACING and attempt is not None and attempt.sent_at is not None:
        # a worker died, or lost its lease, after the request may have left: only what is on record counts
        why = attempt.why or "the bridge stopped between sending the request and storing the answer"
        return await settle_from_record(job, attempt) or _mark_unknown(why, None, job.now)
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    order = await job.fetch_order()
    if order is None:
        return handle_missing_order(job)
    found = await assess_order(job, order)
    elsewhere = await adopt_from_ledger(job, order, select_printable_items(job, order))
    if elsewhere:
        return elsewhere
    if _is_still_held(job, found):
        values, notes = collect_order_values(job, order, found)
        return job.keep_state(None, *notes, **{**values, "shop_updated_at": order.updated_at})
    if attempt is not None and attempt.verdict == Verdict.NOT_SENT:
        await take_back_note(job, attempt, order)
    already = check_bought_already(job.record) if isinstance(found.verdict, Waiting) else None
    if not isinstance(found.verdict, Ready):
        found = replace(found, verdict=already or found.verdict)
        return transition_for(job, order, found, void=UNSENT if attempt else None)
    if attempt is not None:  # the note does not tell of it, so it did not leave
        return restart_purchase(job, "the bridge stopped in the middle of ordering")
    blocked, cost = await check_limits(job, order, found.items)
    if blocked:
        return _with_cost(job, transition_for(job, order, Assessment(blocked, found.items)), blocked, cost)
    return await _buy_prints(job, order, found, cost, await _fetch_invoice(job, order))


async def _fetch_invoice(job: StepRun, order: ShopOrder) -> bytes | None:
    """The invoice, waited for as long as one may reasonably take to be made."""
    try:
        return await job.world.invoicer.prepare_invoice(job.record.shop, await job.with_papers(order))
    except NotReadyYet as error:
        if job.record.failures + 1 < INVOICE_TRIES:
            raise
        raise NeedsPerson(Problem.INVOICE, why=f"{error.why}, after {INVOICE_TRIES} tries") from None


def _is_still_held(job: StepRun, found: Assessment) -> bool:
    """An order that was held while it waited for something else stays held, unless the shop takes it back."""
    record = job.record
    held = record.state is State.WAITING and record.held_at is not None and record.reason == Wait.HELD
    return held and not isinstance(found.verdict, Withdrawn | Skipped)


def _with_cost(
    job: StepRun, change: Transition, blocked: Waiting | Blocked, cost: Money | None
) -> Transition:
    """Keep the cost that a person is to approve; an approval at another cost does not count any more."""
    asks = isinstance(blocked, Blocked) and blocked.problem in OF_COST
    asks = asks or (isinstance(blocked, Waiting) and blocked.reason is Wait.APPROVAL)
    if not asks:
        return change
    values = {**change.values, "cost": cost}
    record = job.record
    if record.approved_at is None:
        return replace(change, values=values)
    dearer = cost is not None and is_dearer(cost, record.cost)
    if isinstance(blocked, Blocked) and not was_given_for(record, blocked.problem) and not dearer:
        return replace(change, values=values)
    values |= clear_approval(record, dearer=isinstance(blocked, Waiting))  # a limit asks by itself
    return replace(change, values=values, notes=(TimelineEntry("approval_dropped"),))


async def _buy_prints(
    job: StepRun, order: ShopOrder, found: Assessment, cost: Money | None, pdf: bytes | None
) -> Transition:
    limited = await open_purchase_intent(job, order, found, cost)
    if limited:
        return limited
    attempt = job.record.attempt
    if attempt is None:
        raise RuntimeError("open_attempt gave no attempt")
    purchase = _Purchase(job, order, attempt, _build_request(job, order, found.items, attempt, pdf))
    for _ in range(LOOKS):
        try:
            stop = await _check_for_stop(job, order)
            if stop:
                notes = await take_back_note(job, attempt) if stop.void_attempt else ()
                return replace(stop, notes=stop.notes + notes)
            receipt = await job.world.printer.place_order(purchase.request, purchase.about_to_send)
        except OrderChanged as word:
            job.record = replace(job.record, news=word.news)
            continue
        except _ContentsChanged as look:
            return await _reassess_changed_order(job, look.order, attempt)
        except LedgerConflict as error:
            why = f"somebody else wrote the bridge's note on the Shopify order ({error})"
            notes = (TimelineEntry("ledger_conflict"), *await take_back_note(job, attempt))
            return restart_purchase(job, why, notes=notes, pause=True)
        except ModeChanged as error:
            return restart_purchase(job, error.why, notes=await take_back_note(job, attempt), pause=True)
        except TryAgain as error:  # before the first byte: Sculpteo is left alone for a while
            return await _mark_not_sent(job, attempt, error)
        except Exception as error:
            await purchase.take_back_unsent(error)
            raise
        await _save_answer(job, attempt, receipt)
        return await _apply_answer(job, attempt, receipt)
    return restart_purchase(
        job,
        "there was news of the order again and again",
        notes=await take_back_note(job, attempt),
        pause=True,
    )


class _ContentsChanged(BridgeError):
    """The last look at the order shows something else than what was judged. Nothing was sent."""

    def __init__(self, order: ShopOrder) -> None:
        super().__init__("the order changed in the shop meanwhile")
        self.order = order


@dataclass(slots=True)
class _Purchase:
    """An attempt on its way to the first byte. `order` is what was judged, with the note as it was then."""

    job: StepRun
    order: ShopOrder
    attempt: Attempt
    request: PrintOrder
    may_have_left: bool = False

    async def about_to_send(self) -> None:
        """The gate: Sculpteo's connection stands, and no byte has left."""
        job = self.job
        fresh = await write_intent_note(job, self.order, self.attempt)
        if to_comparable(fresh) != to_comparable(self.order):
            raise _ContentsChanged(fresh)
        self.order = replace(self.order, ledger=fresh.ledger)
        await job.world.orders.mark_sent(job.record, job.world.printer.build_summary(self.request))
        self.may_have_left = True

    async def take_back_unsent(self, error: Exception) -> None:
        """Take the note back after an error that ends the step, where it is sure that nothing was sent. A lost
        lease takes the word of this run away from the order, so that its proof is stored without one."""
        if self.may_have_left:
            return
        if isinstance(error, LeaseLost):
            why = "the lease was lost before the first byte"
            with contextlib.suppress(StoreUnavailable):
                raw = RawAnswer(self.job.now, None, error=why)
                await self.job.world.orders.keep_answer(
                    self.attempt.key, PlaceResult(Verdict.NOT_SENT, raw, why)
                )
        await take_back_note(self.job, self.attempt)


async def _check_for_stop(job: StepRun, order: ShopOrder) -> Transition | None:
    """What the bridge itself knows against it by now: evidence of another purchase, or a stop of placing."""
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    if not await job.world.orders.is_shop_paused(job.record.shop):
        return None
    void = "nothing was sent: placing was paused"
    return transition_for(job, order, Assessment(Waiting(Wait.PAUSED, None), job.record.items), void=void)


async def _reassess_changed_order(job: StepRun, fresh: ShopOrder, attempt: Attempt) -> Transition:
    """The last look shows another order than what was judged: it is judged anew, and bought by another attempt
    if it still is to be bought."""
    found = await assess_order(job, fresh)
    if isinstance(found.verdict, Ready):
        change = restart_purchase(job, "the order changed in the shop meanwhile", pause=True)
    else:
        change = transition_for(job, fresh, found, void=UNSENT)
    return replace(change, notes=change.notes + await take_back_note(job, attempt, fresh))


def _build_request(
    job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...], attempt: Attempt, pdf: bytes | None
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


async def _save_answer(job: StepRun, attempt: Attempt, receipt: PlaceResult) -> None:
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
                order = await job.fetch_order()
                if order is not None and is_note_overwritable(job.record, order.ledger, attempt):
                    entry = build_ledger_entry(job, attempt, "placed", receipt.reference)
                    await job.shop.write_ledger(order.id, entry, order.ledger.digest)
        raise


async def _apply_answer(job: StepRun, attempt: Attempt, receipt: PlaceResult) -> Transition:
    """Move the order by what came back."""
    match receipt.verdict:
        case Verdict.PLACED if receipt.reference:
            other = await job.world.orders.find_reference_owner(receipt.reference, job.record)
            if other:
                facts = {"why": f"Sculpteo gave the reference {receipt.reference}, which {other} has already"}
                return Transition(State.UNKNOWN, None, facts=facts)
            return mark_placed(job, receipt.reference, "placed")
        case Verdict.NOT_SENT:
            return await _mark_not_sent(job, attempt, TryAgain(receipt.why, upstream=SCULPTEO))
        case Verdict.REFUSED:
            notes = await take_back_note(job, attempt)
            return mark_refused(job, receipt.answer.status, receipt.why, notes)
        case _:
            return _mark_unknown(receipt.why, receipt.candidate)


async def _mark_not_sent(job: StepRun, attempt: Attempt, error: TryAgain) -> Transition:
    """No byte left, for sure. The next try is another attempt, so that an older copy of the database, which
    knows only this one as unsent, cannot send it after a later one was."""
    resting = isinstance(error, CircuitOpen)  # not the order's own failure
    failures = 1 if resting else job.record.failures + 1
    return Transition(
        State.WAITING,
        job.now + compute_delay(failures, job.world.random, asked=error.after),
        reason=Wait.UPSTREAM,
        facts={"upstream": error.upstream or SCULPTEO, "why": error.why},
        notes=await take_back_note(job, attempt),
        void_attempt=f"nothing was sent: {error.why}",
        failure=None if resting else error.why,
    )


def _mark_unknown(why: str, candidate: str | None, due_at: datetime | None = None) -> Transition:
    facts = {"why": why, "candidate": candidate} if candidate else {"why": why}
    return Transition(State.UNKNOWN, due_at, facts=facts)
