"""Outcomes that are not known, and evidence that comes late.

An order in `unknown` may or may not be at Sculpteo. Nothing resends it by itself. Four things settle it:
Sculpteo calls the order's own secret URL, an answer that came late is found on record, the ledger on the
Shopify order has the reference, or a person says what is true. A reference is adopted only after Sculpteo's
tracking page confirms that it exists.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta

from bridge.errors import SCULPTEO, NeedsPerson, UnreadableAnswer
from bridge.order.digests import compute_note_digest
from bridge.order.model import Mode, PrintItem, ShopOrder, TrackingReport, Verdict
from bridge.order.problems import Alarm, Problem
from bridge.order.records import (
    ADOPTED,
    Attempt,
    ClosedPurchase,
    NotificationRecord,
    OrderRecord,
    TimelineEntry,
    Transition,
)
from bridge.order.states import State, Wait
from bridge.steps.cancellation import (
    collect_change_alarms,
    collect_withdrawal_alarms,
    find_withdrawal_reason,
)
from bridge.steps.closed_purchases import (
    apply_tracking_report,
    find_living_purchase,
    is_due,
    refresh_closed_purchase,
)
from bridge.steps.context import (
    StepRun,
    annotate_order,
)
from bridge.steps.decision_note import apply_decision_note
from bridge.steps.ledger import is_purchase_noted, take_back_note
from bridge.steps.purchased_items import choose_purchased_items
from bridge.steps.right_to_buy import is_answered

CONFIRM_RETRY = timedelta(minutes=2)
CANDIDATE_RETRY = timedelta(minutes=15)
CONFIRM_FOR = timedelta(days=1)  # how long a reference that tracking does not know yet is asked for again

PAYMENT_LAPSED = frozenset({"voided", "expired"})
BEFORE_BUYING = frozenset({State.RECEIVED, State.WAITING})


def mark_placed(
    job: StepRun,
    reference: str,
    how: str,
    *,
    items: tuple[PrintItem, ...] = (),
    order: ShopOrder | None = None,
) -> Transition:
    """The order is at Sculpteo under `reference`; `how` is the note that tells how that is known."""
    record = job.record
    attempt = record.attempt
    values: dict[str, object] = {
        "reference": reference,
        "reference_by": None,
        "mode": attempt.mode if attempt else job.world.policy.mode,
        "placed_at": (attempt.sent_at if attempt else None) or job.now,
        "print_status": None,
        "print_words": None,
    }
    if items:
        values |= {"items": items, "mapping_version": job.world.catalog.version}
    if order is not None:
        values |= {"snapshot": order, "name": order.name}
    notes = (TimelineEntry(how, {"reference": reference}),)
    return Transition(State.PLACED, job.now, facts={"reference": reference}, values=values, notes=notes)


def mark_refused(
    job: StepRun, status: int | None, why: str, notes: tuple[TimelineEntry, ...] = ()
) -> Transition:
    """Sculpteo refused the order in the documented way: nothing was bought."""
    return Transition(
        State.ATTENTION,
        job.now,
        problem=Problem.REFUSED,
        facts={"status": status, "why": why},
        notes=notes,
        void_attempt=f"Sculpteo refused it: {why}",
    )


def transition_from_record(job: StepRun, attempt: Attempt) -> Transition | None:
    """The move by an answer that is on record, although its order did not move by it. None = no clear answer."""
    if attempt.verdict == Verdict.PLACED and attempt.reference:
        return mark_placed(job, attempt.reference, "adopted_late_answer")
    if attempt.verdict == Verdict.REFUSED:
        return mark_refused(
            job, attempt.answer.status if attempt.answer else None, attempt.why or "no reason given"
        )
    if attempt.verdict == Verdict.NOT_SENT:
        why = attempt.why or "the request did not leave"
        return Transition(
            State.WAITING,
            job.now,
            reason=Wait.RECHECK,
            facts={"why": why},
            void_attempt=f"nothing was sent: {why}",
        )
    return None


async def settle_from_record(job: StepRun, attempt: Attempt) -> Transition | None:
    """`transition_from_record`; where that proves that nothing was bought, the note in the shop is told so, too."""
    change = transition_from_record(job, attempt)
    if change is None or change.void_attempt is None:
        return change
    return replace(change, notes=change.notes + await take_back_note(job, attempt))


async def adopt_from_ledger(
    job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...]
) -> Transition | None:
    """Look at the note on the Shopify order: another database, or this one before it was restored, may have
    bought the prints already, of `items`, or a person may have said no there. None = the note has nothing
    that this record does not know."""
    entry, record = order.ledger.entry, job.record
    own = record.attempt
    if own is not None and own.sent_at is not None and record.state is not State.PLACING:
        # the worker that adopted it died before the order moved by it
        return _mark_adopted(job, order, items, own.reference)
    forbidden = apply_decision_note(job, order, items)
    if forbidden:
        return forbidden
    if entry is None or not is_purchase_noted(record, order.ledger):
        return None
    if own is not None and own.id != entry.attempt:
        why = "the bridge's note on the Shopify order tells of another attempt"
        return Transition(State.WAITING, job.now, reason=Wait.RECHECK, facts={"why": why}, void_attempt=why)
    if record.state is State.IGNORED:
        return Transition(State.RECEIVED, job.now)
    attempt = Attempt(
        key=0,
        order=record.key,
        number=0,
        id=entry.attempt,
        token=entry.token,
        mode=Mode(entry.mode),
        mapping_version=entry.mapping_version,
        created_at=entry.at,
        sent_at=entry.at,
        verdict=ADOPTED,
        why="found in the ledger on the Shopify order",
        reference=entry.reference,
        cost=entry.cost,
    )
    try:
        job.record = await job.world.orders.adopt_attempt(record, attempt)
    except NeedsPerson as error:
        if is_answered(record, error.problem, order.ledger):
            return None  # a person looked, and says that this note is another order's
        raise NeedsPerson(error.problem, **error.facts, note=compute_note_digest(order.ledger)) from None
    change = _mark_adopted(job, order, items, entry.reference)
    denied = entry.reference and any(one.id == entry.attempt and one.proven for one in record.closed_attempts)
    alarm = ((Alarm.LATE_ANSWER, {"reference": entry.reference}),) if denied else ()
    return replace(change, alarms=change.alarms + alarm)


def _mark_adopted(
    job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...], reference: str | None
) -> Transition:
    items = choose_purchased_items(job.record, items)
    if reference:
        change = mark_placed(job, reference, "adopted_from_ledger", items=items, order=order)
    else:
        change = Transition(
            State.UNKNOWN,
            job.now,
            facts={"why": "the note on the Shopify order says that the request may have left"},
            values={"snapshot": order, "name": order.name, "items": items},
        )
    attempt = job.record.attempt
    cost = {"cost": attempt.cost} if attempt and attempt.cost else {}
    return replace(
        change, values={**change.values, **cost}, alarms=collect_withdrawal_alarms(order, reference)
    )


async def check_late_evidence(job: StepRun) -> Transition | None:
    """Look at Sculpteo's calls on this order's secret URLs that nothing has settled yet, and at what its closed
    purchases have come to."""
    for call in await job.world.orders.list_notifications(job.record):
        if call.settled is None:
            change = await _process_notification(job, call)
            if change:
                return change
    for one in job.record.closed:
        known = await refresh_closed_purchase(job, one) if is_due(job, one) else None
        change = await _apply_look(job, one, known) if known else None
        if change:
            return change
    living = find_living_purchase(job.record)
    return await _apply_look(job, living, living) if living and _is_revivable(job.record, living) else None


async def _process_notification(job: StepRun, call: NotificationRecord) -> Transition | None:
    record, orders = job.record, job.world.orders
    reference = call.reference
    if not reference:
        await orders.settle_notification(call.key, "no reference in it")
        return None
    closed = next((one for one in record.closed if one.reference == reference), None)
    if closed is not None:
        return await _process_closed_notification(job, call, closed)
    if reference in {record.reference, call.attempt_reference}:
        await orders.settle_notification(call.key, "known")
        return None
    other = await orders.find_reference_owner(reference, record)
    if other:
        await orders.settle_notification(call.key, f"the reference belongs to {other}")
        return None
    report = await job.world.printer.track_order(reference)
    if not report.exists:
        if abs(job.now - call.received_at) < CONFIRM_FOR:
            if _is_before_purchase(record):
                why = "it named an order for this one that its tracking page does not know yet"
                raise UnreadableAnswer(why, after=CONFIRM_RETRY, upstream=SCULPTEO)
            if record.state is State.UNKNOWN:
                return job.keep_state(job.now + CONFIRM_RETRY)
            unconfirmed = ClosedPurchase(reference, call.token, call.attempt_mode, job.now)
            unconfirmed = replace(unconfirmed, looked_at=job.now, look_at=job.now + CANDIDATE_RETRY)
            job.record = await orders.keep_look(record, unconfirmed)
            await orders.settle_notification(call.key, "its page does not know it yet; it is looked at again")
            return None
        await orders.settle_notification(call.key, "Sculpteo does not know the reference")
        return None
    return await _adopt_from_notification(job, call, report)


async def _process_closed_notification(
    job: StepRun, call: NotificationRecord, closed: ClosedPurchase
) -> Transition | None:
    """Sculpteo calls about a purchase that was closed: what its page says now decides."""
    known = await refresh_closed_purchase(job, closed)
    if known is None:
        return None  # the call is weighed again with the next look
    change = await _apply_look(job, closed, known)
    if change is None:
        came_of = "it is known that Sculpteo has it" if known.alive_at else f"closed: {known.words or '?'}"
        await job.world.orders.settle_notification(call.key, came_of)
        return None
    return change if _is_unsent(job.record) else replace(change, settles=((call.key, "alarm"),))


def _is_before_purchase(record: OrderRecord) -> bool:
    return record.state in BEFORE_BUYING or _is_unsent(record)


def _is_unsent(record: OrderRecord) -> bool:
    attempt = record.attempt
    return record.state is State.PLACING and attempt is not None and attempt.sent_at is None


async def _adopt_from_notification(
    job: StepRun, call: NotificationRecord, report: TrackingReport
) -> Transition | None:
    """Sculpteo has an order that it links to this one: ours at last, or one too many. The call is settled
    with the change itself: a crash in between must not make the evidence look weighed."""
    record, reference = job.record, report.reference
    current = record.attempt is not None and record.attempt.token == call.token
    if current and record.reference is None and record.state in {State.UNKNOWN, State.PLACING}:
        change = mark_placed(job, reference, "adopted_from_notification")
        return replace(change, settles=((call.key, "adopted"),))
    if current and record.reference_by is not None and record.state in {State.PLACED, State.ATTENTION}:
        # what Sculpteo itself says of this very attempt outweighs what a person typed
        told = {"old": record.reference, "who": record.reference_by, "reference": reference}
        change = mark_placed(job, reference, "adopted_from_notification")
        known = record.print_words is not None  # then the other one is somebody's print, and may be billed
        alarms = ((Alarm.SECOND_REFERENCE, {"reference": record.reference}),) if known else ()
        notes = (TimelineEntry("reference_corrected", told), *change.notes)
        return replace(change, notes=notes, alarms=alarms, settles=((call.key, "adopted"),))
    one = ClosedPurchase(reference, call.token, call.attempt_mode, job.now)
    found = await _apply_look(job, one, apply_tracking_report(job, one, report))
    if found is None:
        words = report.words or "?"
        await job.world.orders.settle_notification(call.key, f"not made: {words}")
        return None
    return found if _is_unsent(job.record) else replace(found, settles=((call.key, "alarm"),))


async def _apply_look(job: StepRun, before: ClosedPurchase, known: ClosedPurchase) -> Transition | None:
    """What follows from a look at a closed purchase. None = nothing new, and that is noted."""
    if known.alive_at is not None:
        other = await job.world.orders.find_reference_owner(known.reference, job.record)
        if other is not None:  # it was never this order's: an unclear answer had named it
            known = replace(known, alive_at=None, look_at=None)
    if known.alive_at is not None:
        stops = known.mode is Mode.LIVE and _is_unsent(job.record)
        if before.alive_at is None or stops or _is_revivable(job.record, known):
            return await _handle_living_purchase(job, known)
    job.record = await job.world.orders.keep_look(job.record, known)
    return None


def _is_revivable(record: OrderRecord, one: ClosedPurchase) -> bool:
    """Whether a closed purchase that lives is the order's own again by itself: nothing newer was bought, and
    the order is still to be printed."""
    wanted = record.state in BEFORE_BUYING | {State.ATTENTION}
    return one.mode is Mode.LIVE and record.attempt is None and wanted


async def _handle_living_purchase(job: StepRun, one: ClosedPurchase) -> Transition:
    """Sculpteo makes an order that counts as closed: the order's own again, or an alarm that names both."""
    record = job.record
    facts: dict[str, object] = {"reference": one.reference}
    if one.mode is not Mode.LIVE:
        return replace(job.keep_state(job.now), alarms=((Alarm.TEST_IS_REAL, facts),), watches=(one,))
    if _is_unsent(record):
        # what is about to be bought gives way to what is bought: it is weighed again without it
        why = "Sculpteo named an order that it has for this one already"
        return Transition(State.WAITING, job.now, reason=Wait.RECHECK, facts={"why": why}, void_attempt=why)
    if _is_revivable(record, one):
        # a person had said that it does not exist, or is cancelled: the truth is taken back
        job.record = await job.world.orders.revive_attempt(record, one.token, one.reference)
        change = mark_placed(job, one.reference, "adopted_from_notification")
        return replace(change, alarms=((Alarm.LATE_ANSWER, facts),))
    alarm = Alarm.SECOND_REFERENCE  # what else was bought is not known yet
    if record.reference not in {None, one.reference}:
        alarm, facts = Alarm.TWO_PURCHASES, {**facts, "other": record.reference}
    elif record.reference or record.attempt is None:
        name = record.name or record.order_id
        alarm, facts = Alarm.CLOSED_ALIVE, {**facts, "name": name, "order": shlex.quote(name.lstrip("#"))}
    return replace(job.keep_state(job.now), alarms=((alarm, facts),), watches=(one,))


async def resolve(job: StepRun) -> Transition:
    """Look for evidence on an order in `unknown`; without any it stays, and waits for news."""
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    record = job.record
    attempt = record.attempt
    late_answer = await settle_from_record(job, attempt) if attempt else None
    if late_answer:
        return late_answer
    candidate = record.facts.get("candidate")
    if candidate and attempt and _is_success_answer(attempt) and await _is_ours(job, candidate):
        return mark_placed(job, candidate, "adopted_from_answer")
    asked_again = bool(candidate and attempt and abs(job.now - (attempt.sent_at or job.now)) < CONFIRM_FOR)
    due = job.now + CANDIDATE_RETRY if asked_again else None
    order = await job.fetch_order()
    if order is None:
        told = ((Alarm.DELETED_AFTER_PLACING, {"reference": "?"}),)
        return replace(job.keep_state(due), alarms=told if attempt and attempt.mode is Mode.LIVE else ())
    entry = order.ledger.entry
    if entry and attempt and entry.attempt == attempt.id and entry.reference:
        return mark_placed(job, entry.reference, "adopted_from_ledger")
    forbidden = apply_decision_note(job, order, record.items)
    if forbidden:
        return forbidden
    alarms = collect_change_alarms(record.snapshot, order, record.items, None)
    known = {*record.void_attempt_ids, attempt.id if attempt else ""}
    if entry and entry.reference and entry.attempt not in known:
        alarms += ((Alarm.SECOND_REFERENCE, {"reference": entry.reference}),)
    shown = await annotate_order(job)
    return replace(job.keep_state(due, shop_updated_at=order.updated_at, **shown), alarms=alarms)


def _is_success_answer(attempt: Attempt) -> bool:
    """Whether the unclear answer was one of success. What an error page names may be anybody's order."""
    status = attempt.answer.status if attempt.answer else None
    return status is not None and 200 <= status < 300


async def _is_ours(job: StepRun, candidate: str) -> bool:
    """Whether something in an unclear answer is an order that Sculpteo knows and no other order here has."""
    if await job.world.orders.find_reference_owner(candidate, job.record):
        return False
    return (await job.world.printer.track_order(candidate)).exists


async def watch(job: StepRun) -> Transition:
    """For orders that are over: nothing is done but to look at evidence that comes late, at what Sculpteo shows of
    purchases that were closed, and whether one whose payment was voided is paid after all: nobody cancelled it.
    What the shop has of the order is noted as read, or reconciliation would tell of it again and again."""
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    record = job.record
    order = await job.fetch_order() if job.is_configured else None
    lapsed = record.state is State.CANCELLED and record.reason in PAYMENT_LAPSED
    if order is not None and lapsed and find_withdrawal_reason(order) is None:
        return Transition(State.RECEIVED, job.now)
    return job.keep_state(None, shop_updated_at=order.updated_at) if order else job.keep_state(None)
