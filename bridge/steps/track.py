"""What Sculpteo says of an order that it has, and what the shop says of it since.

Status words never move an order backwards, and a word that the bridge does not know is shown to a person,
never guessed. A test order (fake=1) is followed but fulfills nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from bridge.errors import CircuitOpen, LedgerConflict, NeedsPerson, TryAgain
from bridge.net.backoff import (
    add_jitter,
    compute_delay,
)
from bridge.order.model import PRODUCED, Mode, PrintStatus, ShopOrder, TrackingReport
from bridge.order.problems import Alarm, Problem
from bridge.order.records import Facts, TimelineEntry, Transition
from bridge.order.redaction import match_known_parcels
from bridge.order.states import State, Wait
from bridge.steps.allocation import allocate_units, collect_wholly_ours
from bridge.steps.cancellation import collect_change_alarms
from bridge.steps.context import (
    StepRun,
    annotate_order,
)
from bridge.steps.fulfill import (
    build_printed,
    is_refused,
)
from bridge.steps.ledger import build_ledger_entry, is_note_overwritable
from bridge.steps.locations import apply_locations
from bridge.steps.outcome_recovery import check_late_evidence
from bridge.steps.payment import may_have_lapsed
from bridge.steps.purchased_items import find_purchased_items
from bridge.steps.relabelled_parcels import with_former_numbers

NOT_FOUND_FOR = timedelta(hours=6)  # a reference may take a while until the tracking page knows it
WATCH_DONE_FOR = timedelta(days=3)  # one more parcel may appear after the last one that was known
WATCH_DONE_EVERY = timedelta(hours=12)
WATCH_TEST_FOR = timedelta(days=2)
WATCH_TEST_LONGER = timedelta(days=28)  # it must not turn into one that is billed
WATCH_TEST_EVERY = timedelta(days=1)

PROBLEM_OF = {
    PrintStatus.BLOCKED: Problem.BLOCKED,
    PrintStatus.CANCELLED: Problem.CANCELLED_AT_SCULPTEO,
    PrintStatus.API_TEST: Problem.LIVE_IS_TEST,
}


async def track(job: StepRun) -> Transition:
    """For every order with a reference: ask Sculpteo, look at the shop, and move by what they say."""
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    if job.record.mode is not Mode.LIVE and job.world.policy.mode is Mode.LIVE:
        return _reset_test_order()
    values: dict[str, object] = {}
    alarms: tuple[tuple[Alarm, Facts], ...] = ()
    order: ShopOrder | None = None
    if job.record.read_news != job.record.news or _needs_payment_look(job):
        # the shop said something since it was last read; when it says nothing, polling costs it nothing
        order = await job.fetch_order()
        values["read_news"] = job.record.news
        if order is not None:
            alarms += await _write_reference(job, order)
            await apply_locations(job, order)
            values |= await _restore_items(job, order)
            alarms += _check_shop_changes(job, order)
            values |= {"shop_updated_at": order.updated_at}
            values |= await annotate_order(job, progress=_collect_progress(job, order))
        elif job.record.mode is Mode.LIVE and job.record.state is not State.DONE:
            alarms += ((Alarm.DELETED_AFTER_PLACING, {"reference": job.record.reference}),)
    else:
        values |= await annotate_order(job)
    reference = job.record.reference
    if reference is None:
        raise RuntimeError(f"order {job.record.key} is tracked without a reference")
    try:
        report = await job.world.printer.track_order(reference)
        on_record = (one.parcel for one in job.record.parcels)
        report = replace(report, parcels=match_known_parcels(report.parcels, on_record, job.record.key))
    except TryAgain as error:
        if not alarms:
            raise
        return _raise_alarms_first(
            job, values, alarms, error
        )  # what the shop said does not wait for Sculpteo
    known = [one.parcel for one in job.record.parcels]
    report = replace(report, parcels=with_former_numbers(known, report.parcels))
    alarms += _check_fulfilled_elsewhere(job, order, report) + check_mode_mismatch(job, report)
    found = (TimelineEntry("items_found", {}),) if "items" in values else ()
    change = _apply_report(job, report)
    if is_refused(job.record):
        # what Sculpteo says is noted, and no word of it makes the refused parcel forgotten: `fulfill` looks
        change = replace(job.keep_state(job.now, *change.notes, **change.values), is_look=True)
    return replace(
        change,
        notes=(*change.notes, *_build_relabel_notes(job, report), *found),
        values={**values, **change.values},
        parcels=report.parcels if job.record.mode is Mode.LIVE else (),
        alarms=alarms,
        answers=(("tracking", report.answer),) if _has_news(job, report) else (),
    )


async def _restore_items(job: StepRun, order: ShopOrder) -> dict[str, object]:
    """What the purchase holds, where the order's own record of it was lost: no edit of it passes in silence."""
    found = () if job.record.items else await find_purchased_items(job, order)
    job.record = replace(job.record, items=found or job.record.items)
    return {"items": found} if found else {}


def _needs_payment_look(job: StepRun) -> bool:
    record = job.record
    if record.snapshot is None or record.mode is not Mode.LIVE:
        return False
    return may_have_lapsed(record.snapshot, record.polled_at, job.now)


def _raise_alarms_first(
    job: StepRun, values: dict[str, object], alarms: tuple[tuple[Alarm, Facts], ...], error: TryAgain
) -> Transition:
    """Raise the alarms now and ask Sculpteo again later."""
    resting = isinstance(error, CircuitOpen)  # not the order's own failure
    failures = 1 if resting else job.record.failures + 1
    due = job.now + compute_delay(failures, job.world.random, asked=error.after)
    return replace(job.keep_state(due, **values), alarms=alarms, failure=None if resting else error.why)


def _reset_test_order() -> Transition:
    """The mode became live: what was ordered with fake=1 was never made, so a person decides on it."""
    return Transition(
        State.WAITING,
        None,
        reason=Wait.WAS_TEST,
        values={
            "origin": "was_test",
            "reference": None,
            "mode": None,
            "print_status": None,
            "annotated": None,
            "window_until": None,
            "window_for": None,
        },
        void_attempt="it was a test order (fake=1), which is never made nor billed",
    )


async def _write_reference(job: StepRun, order: ShopOrder) -> tuple[tuple[Alarm, Facts], ...]:
    """The second ledger: the reference on the Shopify order, so that no other database buys it again."""
    attempt, reference = job.record.attempt, job.record.reference
    entry = order.ledger.entry
    if attempt is None or (entry is not None and entry.reference == reference):
        return ()
    if order.ledger.raw is not None:
        return ((Alarm.NOTE_UNREADABLE, {"why": order.ledger.why or "?"}),)
    if entry is not None and not is_note_overwritable(job.record, order.ledger, attempt):
        return ((Alarm.SECOND_REFERENCE, {"reference": entry.reference or "?"}),)
    written = build_ledger_entry(job, attempt, "placed", reference)
    try:
        await job.shop.write_ledger(order.id, written, order.ledger.digest)
    except NeedsPerson:
        return ((Alarm.LEDGER_NOT_WRITTEN, {"reference": reference or "?"}),)
    except LedgerConflict:
        return ()  # written by somebody else just now: read and compared at the next look
    return ()


def _check_shop_changes(job: StepRun, order: ShopOrder) -> tuple[tuple[Alarm, Facts], ...]:
    record = job.record
    if record.mode is not Mode.LIVE:
        return ()
    return collect_change_alarms(record.snapshot, order, record.items, record.reference)


def _check_fulfilled_elsewhere(
    job: StepRun, order: ShopOrder | None, report: TrackingReport
) -> tuple[tuple[Alarm, Facts], ...]:
    """Whether somebody fulfilled in the shop what Sculpteo prints."""
    record = job.record
    if order is None or record.mode is not Mode.LIVE:
        return ()
    if not allocate_units(order, build_printed(job, parcels=report.parcels)).is_taken_by_others:
        return ()
    return ((Alarm.FULFILLED_ELSEWHERE, {"reference": record.reference or "?"}),)


def check_mode_mismatch(job: StepRun, report: TrackingReport) -> tuple[tuple[Alarm, Facts], ...]:
    """Whether Sculpteo took for a test what was ordered for real, or the other way round."""
    facts = {"reference": report.reference}
    if job.record.mode is Mode.LIVE:
        return ((Alarm.LIVE_IS_TEST, facts),) if report.status is PrintStatus.API_TEST else ()
    return ((Alarm.TEST_IS_REAL, facts),) if report.status in PRODUCED or report.parcels else ()


def _collect_progress(job: StepRun, order: ShopOrder) -> tuple[str, ...]:
    """The fulfillment orders that are shown as in progress: such a one cannot be moved or cancelled any more, so
    only where all of it is printed, and once, when it is placed. Who stops it in Shopify has the last word."""
    record = job.record
    if record.state is not State.PLACED or record.mode is not Mode.LIVE:
        return ()
    ours = collect_wholly_ours(order, allocate_units(order, build_printed(job)))
    return tuple(
        unit.id for unit in order.fulfillment_orders if unit.id in ours and "REPORT_PROGRESS" in unit.actions
    )


def _build_relabel_notes(job: StepRun, report: TrackingReport) -> tuple[TimelineEntry, ...]:
    if job.record.mode is not Mode.LIVE:
        return ()
    return tuple(
        TimelineEntry("relabelled", {"old": parcel.replaces, "new": parcel.number})
        for parcel in report.parcels
        if parcel.replaces is not None
    )


def _has_news(job: StepRun, report: TrackingReport) -> bool:
    """Whether the answer is worth keeping: a status or a parcel that was not known."""
    known = {parcel.parcel.number for parcel in job.record.parcels}
    new_parcel = any(parcel.number not in known for parcel in report.parcels)
    return (
        new_parcel
        or report.words != job.record.print_words
        or (report.status or None) != job.record.print_status
    )


def _apply_report(job: StepRun, report: TrackingReport) -> Transition:
    record, now = job.record, job.now
    if not report.exists:
        return _handle_not_found(job)
    values: dict[str, object] = {
        "polled_at": now,
        "print_status": report.status,
        "print_words": report.words,
    }
    if report.estimated_delivery:
        noon = datetime.combine(report.estimated_delivery, time(12), UTC)
        values["estimated_delivery"] = noon
    notes = _build_status_note(job, report)
    if record.mode is not Mode.LIVE:
        return _track_test_order(job, values, notes)
    known = {parcel.parcel.number for parcel in record.parcels}
    fresh = any(parcel.number not in known for parcel in report.parcels)
    over = record.state is State.DONE or record.print_status == PrintStatus.SHIPPED
    stopped = report.status in PROBLEM_OF and not fresh and not over
    under_way = record.state in {State.SHIPPED, State.DONE} or fresh or report.status is PrintStatus.SHIPPED
    if under_way and not stopped:
        return _mark_shipped(job, report, values, notes, fresh)
    if report.status in PROBLEM_OF:
        facts = {"reference": record.reference}
        return Transition(
            State.ATTENTION,
            _compute_next_look(job),
            problem=PROBLEM_OF[report.status],
            facts=facts,
            values=values,
            notes=notes,
        )
    if report.status is None:
        facts = {"reference": record.reference, "words": report.words or "nothing that can be read"}
        return Transition(
            State.ATTENTION,
            _compute_next_look(job),
            problem=Problem.STATUS_WORDS,
            facts=facts,
            values=values,
            notes=notes,
        )
    return Transition(
        State.PLACED,
        _compute_next_look(job),
        facts={"reference": record.reference},
        values=values,
        notes=notes,
    )


def _build_status_note(job: StepRun, report: TrackingReport) -> tuple[TimelineEntry, ...]:
    if report.words == job.record.print_words and report.status == job.record.print_status:
        return ()
    return (TimelineEntry("print_status", {"words": report.words or "?", "status": report.status}),)


def _handle_not_found(job: StepRun) -> Transition:
    record = job.record
    age = job.now - (record.placed_at or record.first_seen_at)
    if age < NOT_FOUND_FOR or record.state in {State.SHIPPED, State.DONE}:
        return job.keep_state(_compute_next_look(job), polled_at=job.now)
    facts = {"reference": record.reference, "words": "no such order"}
    return Transition(
        State.ATTENTION,
        _compute_next_look(job),
        problem=Problem.STATUS_WORDS,
        facts=facts,
        values={"polled_at": job.now},
    )


def _track_test_order(
    job: StepRun, values: dict[str, object], notes: tuple[TimelineEntry, ...]
) -> Transition:
    """Followed for a while so that its status can be seen; it fulfills nothing and is never "shipped"."""
    record = job.record
    age = job.now - (record.placed_at or record.first_seen_at)
    due = _compute_next_look(job)
    if age >= WATCH_TEST_FOR:
        due = job.now + add_jitter(WATCH_TEST_EVERY, job.world.random)
    last = due if age < WATCH_TEST_LONGER else None
    return Transition(State.PLACED, last, facts={"reference": record.reference}, values=values, notes=notes)


def _mark_shipped(
    job: StepRun,
    report: TrackingReport,
    values: dict[str, object],
    notes: tuple[TimelineEntry, ...],
    fresh: bool,
) -> Transition:
    """At least one parcel is on its way: `fulfill` is due at once when there is something new to bring."""
    record = job.record
    facts = {"reference": record.reference}
    if report.status is not PrintStatus.SHIPPED and record.print_status == PrintStatus.SHIPPED:
        values.pop("print_status")  # a late or strange word does not take "shipped" back
    if record.state is State.DONE and not fresh:
        last = max(
            (known.found_at for known in record.parcels), default=record.placed_at or record.first_seen_at
        )
        over = job.now - last > WATCH_DONE_FOR
        due = None if over else job.now + add_jitter(WATCH_DONE_EVERY, job.world.random)
        return Transition(State.DONE, due, facts=facts, values=values, notes=notes)
    held = record.state is State.SHIPPED and record.reason == Wait.SHOP_HOLD
    complete = report.status is PrintStatus.SHIPPED and record.print_status != PrintStatus.SHIPPED
    first = record.state not in {State.SHIPPED, State.DONE}
    if record.shipped_at is None:
        values["shipped_at"] = job.now
    due = job.now if fresh or complete or first or held else _compute_next_look(job)
    if held:
        return replace(job.keep_state(due, *notes, **values), is_look=True)
    return Transition(State.SHIPPED, due, facts=facts, values=values, notes=notes)


def _compute_next_look(job: StepRun) -> datetime:
    return job.now + add_jitter(job.world.policy.poll, job.world.random)
