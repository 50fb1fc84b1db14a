"""Each parcel is brought to the shop, once, on the lines that it carries.

Re-read, then write: Shopify's fulfillmentCreate has no idempotency key, so every write is decided on an order
read just before (`shipping`), one write at a time. A number that is on the order already is done. A fulfillment
without a number is on record before it is made, since nothing in the shop tells whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bridge.errors import NeedsPerson, TryAgain
from bridge.net.backoff import (
    add_jitter,
    compute_delay,
)
from bridge.order.model import Fulfillment, NewFulfillment, Parcel, PrintStatus, ShopOrder, Tracking
from bridge.order.problems import Alarm, Problem
from bridge.order.records import BareFulfillment, Facts, OrderRecord, TimelineEntry, Transition
from bridge.order.states import State, Wait
from bridge.steps.allocation import Printed, collect_live_fulfillments, collect_units_to_print
from bridge.steps.context import (
    StepRun,
    annotate_order,
)
from bridge.steps.fulfillment_plan import (
    Create,
    Extend,
    Held,
    Impossible,
    Situation,
    collect_brought_numbers,
    collect_known_numbers,
    is_over,
    next_write,
)
from bridge.steps.locations import apply_locations
from bridge.steps.match import GONE_TRIES
from bridge.steps.outcome_recovery import check_late_evidence
from bridge.steps.purchased_items import ITEMS_UNKNOWN, find_purchased_items

WRITES_PER_RUN = 20


def build_printed(job: StepRun, *, parcels: Iterable[Parcel] = ()) -> Printed:
    """What the order's purchase is, as `allocation` asks for it; `parcels` are known beside those on record."""
    record = job.record
    known = (*(one.parcel for one in record.parcels), *parcels)
    return Printed(
        items=record.items,
        order=record.snapshot,
        locations=job.world.policy.locations.get(record.shop),
        numbers=frozenset(parcel.number for parcel in known),
        made=frozenset(one.id for one in record.bare if one.id is not None),
    )


def _build_situation(job: StepRun, order: ShopOrder) -> Situation:
    record = job.record
    return Situation(
        order,
        build_printed(job),
        parcels=tuple(one.parcel for one in record.parcels),
        pending=frozenset(one.parcel.number for one in record.parcels if one.pushed_at is None),
        bare=frozenset(one.id for one in record.bare if one.id is not None and one.awaits_number),
        shipped=record.print_status == PrintStatus.SHIPPED,
        overdue=_is_number_overdue(job),
    )


async def fulfill(job: StepRun) -> Transition:
    """For `shipped`, and for a parcel that the shop refused: bring to the shop what it does not have, and see
    whether all is done."""
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    alarms: tuple[tuple[Alarm, Facts], ...] = ()
    for _ in range(WRITES_PER_RUN):
        order = await job.fetch_order()
        if order is None:
            return _handle_missing_order(job)
        await apply_locations(job, order)
        await _settle_known(job, order)
        if not job.record.items:
            found = await find_purchased_items(job, order)
            if found:
                return job.keep_state(job.now, TimelineEntry("items_found", {}), items=found)
        now = _build_situation(job, order)
        alarms = check_fulfilled_elsewhere(job, now)
        write = next_write(now)
        if write is None and _is_without_trace(job, now):
            return replace(_stop_for_refusal(job, order, (), ITEMS_UNKNOWN), alarms=alarms)
        if write is None:
            return await _finish_or_wait(job, now, alarms)
        if isinstance(write, Held):
            return await _wait_for_release(job, write, alarms)
        rests_until = _compute_rest_end(job)
        if rests_until is not None:
            return replace(job.keep_state(rests_until), is_look=True)
        if isinstance(write, Impossible):
            why = write.why if job.record.items else ITEMS_UNKNOWN
            return replace(_stop_for_refusal(job, order, write.parcels, why), alarms=alarms)
        try:
            await _perform_write(job, order, write)
        except NeedsPerson as error:
            if error.problem != Problem.CANNOT_FULFILL:
                raise
            return _stop_for_refusal(job, order, write.parcels, str(error.facts.get("why", "?")))
    return replace(job.keep_state(job.now), alarms=alarms)


async def _wait_for_release(job: StepRun, write: Held, alarms: tuple[tuple[Alarm, Facts], ...]) -> Transition:
    """What is to be fulfilled waits until Shopify lets go: the shop tells of it, and it is looked at now and then."""
    facts = {"reference": job.record.reference, "reason": ", ".join(write.reasons)}
    due = job.now + add_jitter(job.world.policy.poll, job.world.random)
    shown = await annotate_order(job)
    return Transition(State.SHIPPED, due, reason=Wait.SHOP_HOLD, facts=facts, values=shown, alarms=alarms)


def check_fulfilled_elsewhere(job: StepRun, now: Situation) -> tuple[tuple[Alarm, Facts], ...]:
    """The alarm for printed units that somebody else has fulfilled in the shop."""
    if not now.allocation.is_taken_by_others:
        return ()
    return ((Alarm.FULFILLED_ELSEWHERE, {"reference": job.record.reference or "?"}),)


def _is_without_trace(job: StepRun, now: Situation) -> bool:
    """Whether all has left without a number while nobody knows which lines it was: what is open may be of it."""
    known = job.record.items or job.record.parcels
    return not known and is_over(now) and bool(collect_units_to_print(now.order, now.printed.locations))


def is_refused(record: OrderRecord) -> bool:
    """Whether the shop refuses a parcel of the order. It stays so until the number is on the order in the shop,
    the shop takes it, or a person tries again; any other word leads to one more try at most."""
    return (
        record.state is State.ATTENTION
        and record.problem == Problem.CANNOT_FULFILL
        and record.reference is not None
    )


def _compute_rest_end(job: StepRun) -> datetime | None:
    """Until when the shop is not asked again to take what it refused; None = it may be asked now."""
    tried_at = job.record.tried_at
    if not is_refused(job.record) or tried_at is None:
        return None
    until = tried_at + compute_delay(job.record.failures + 1, job.world.random)
    return until if until > job.now else None


def _stop_for_refusal(job: StepRun, order: ShopOrder, parcels: tuple[Parcel, ...], why: str) -> Transition:
    """A person is needed. The same refusal again is no news, whatever request id is in its words."""
    record = job.record
    number = ", ".join(parcel.number for parcel in parcels) or "without a number"
    facts: dict[str, object] = {"name": record.name, "number": number, "why": why}
    if order.cancelled_at is not None:
        facts["cancelled"] = True
    if why == ITEMS_UNKNOWN:
        facts["lost"] = True
    again = is_refused(record)
    if again and all(record.facts.get(name) == facts.get(name) for name in ("number", "cancelled", "lost")):
        facts = dict(record.facts)
    return Transition(
        State.ATTENTION,
        None,
        problem=Problem.CANNOT_FULFILL,
        facts=facts,
        values={"tried_at": job.now},
        failure=Problem.CANNOT_FULFILL if again else None,
    )


def _handle_missing_order(job: StepRun) -> Transition:
    """The shop does not show the order any more: believed after some tries, or when it told of the deletion.
    Raises TryAgain."""
    record = job.record
    if record.deleted_at is None and record.failures < GONE_TRIES:
        raise TryAgain("the shop does not find the order")
    numbers = ", ".join(one.parcel.number for one in record.parcels) or "without a number"
    facts = {"number": numbers, "why": "the shop does not show the order any more"}
    alarms = ((Alarm.DELETED_AFTER_PLACING, {"reference": record.reference or "?"}),)
    return Transition(State.ATTENTION, None, problem=Problem.CANNOT_FULFILL, facts=facts, alarms=alarms)


async def _settle_known(job: StepRun, order: ShopOrder) -> None:
    """What is on the order already was brought there, by us before a crash or by a person."""
    await _settle_bare(job, order)
    on_order = collect_known_numbers(order)
    for number in collect_brought_numbers(_build_situation(job, order)):
        job.record = await job.world.orders.mark_pushed(job.record, [number], on_order[number])


async def _settle_bare(job: StepRun, order: ShopOrder) -> None:
    """A fulfillment without a number whose answer was lost: it is there, or it was not made."""
    begun = next((one for one in job.record.bare if one.id is None), None)
    if begun is None:
        return
    made = next((one for one in collect_live_fulfillments(order) if _is_begun_fulfillment(one, begun)), None)
    known = [one for one in job.record.bare if one is not begun]
    if made is not None:
        known.append(replace(begun, id=made.id))
    job.record = await job.world.orders.keep_bare(job.record, known)


def _is_begun_fulfillment(one: Fulfillment, begun: BareFulfillment) -> bool:
    numbered = any(tracking.number for tracking in one.tracking)
    return one.id not in begun.known and not numbered and sorted(one.lines) == sorted(begun.lines)


def _is_number_overdue(job: StepRun) -> bool:
    since = job.record.shipped_at
    return since is not None and job.now - since >= job.world.policy.without_number_after


async def _perform_write(job: StepRun, order: ShopOrder, write: Create | Extend) -> None:
    record, orders = job.record, job.world.orders
    job.record = await orders.renew_lease(record)  # a worker that woke up late must not write to the shop
    notify = write.news and job.world.policy.notify_customer.get(record.shop, True)
    tracking = tuple(Tracking(one.number, one.carrier, one.url) for one in write.parcels)
    country = order.address.country_code if order.address else None
    if isinstance(write, Create):
        new = NewFulfillment(
            lines=write.lines,
            tracking=tracking,
            notify_customer=notify,
            country_code=country,
        )
        if not tracking:
            await _fulfill_without_number(job, order, new, awaits_number=write.awaits_number)
            return
        fulfillment_id = await job.shop.create_fulfillment(order.id, new)
    else:
        fulfillment_id = write.fulfillment.id
        there = [one for one in write.fulfillment.tracking if one.number]
        joined = (*there, *(one for one in tracking if one.number not in {two.number for two in there}))
        await job.shop.extend_tracking(fulfillment_id, joined, notify_customer=notify, country_code=country)
    if write.whole:
        job.record = await orders.mark_pushed(job.record, write.whole, fulfillment_id)


async def _fulfill_without_number(
    job: StepRun, order: ShopOrder, new: NewFulfillment, *, awaits_number: bool
) -> None:
    """Make a fulfillment without a number, which is on record before the call and after it."""
    line_of = {row.id: row.line_item_id for unit in order.fulfillment_orders for row in unit.lines}
    units: dict[str, int] = {}
    for group in new.lines:
        for row, quantity in group.lines:
            units[line_of[row]] = units.get(line_of[row], 0) + quantity
    known = tuple(one.id for one in order.fulfillments)
    begun = BareFulfillment(tuple(units.items()), known, new.notify_customer, awaits_number)
    before = job.record.bare
    job.record = await job.world.orders.keep_bare(job.record, (*before, begun))
    made = await job.shop.create_fulfillment(order.id, new)
    job.record = await job.world.orders.keep_bare(job.record, (*before, replace(begun, id=made)))


async def _finish_or_wait(
    job: StepRun, now: Situation, alarms: tuple[tuple[Alarm, Facts], ...]
) -> Transition:
    """Nothing is left to write now: done, or Sculpteo is to be asked again."""
    record = job.record
    shown = await annotate_order(job)
    if not is_over(now):
        due = job.now + add_jitter(job.world.policy.poll, job.world.random)
        if record.state is State.ATTENTION or record.reason is not None:  # the shop takes it now
            facts = {"reference": record.reference}
            return Transition(State.SHIPPED, due, facts=facts, values=shown, alarms=alarms)
        return replace(job.keep_state(due, **shown), alarms=alarms)
    alarms += _check_missing_number(record, now.allocation.own)
    notes = (TimelineEntry("all_fulfilled", {"parcels": len(record.parcels)}),)
    return Transition(State.DONE, job.now, facts={}, values=shown, notes=notes, alarms=alarms)


def _check_missing_number(record: OrderRecord, own: Iterable[Fulfillment]) -> tuple[tuple[Alarm, Facts], ...]:
    """The alarm for what has left without a number, with what the customer was told."""
    empty = {one.id for one in own if not any(tracking.number for tracking in one.tracking)}
    bare = [one for one in record.bare if one.id in empty and one.awaits_number]
    if record.parcels and not bare:
        return ()
    facts: dict[str, object] = {"reference": record.reference or "?"}
    if any(one.told for one in bare):
        facts["told"] = True
    return ((Alarm.NO_TRACKING_NUMBER, facts),)
