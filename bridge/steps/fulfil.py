"""Each parcel is brought to the shop, once, on the lines that it carries.

Re-read, then write: Shopify's fulfillmentCreate has no idempotency key, so every write is decided on an order
read just before, one write at a time. A number that is on the order already is done. One carrier per
fulfillment, one location per fulfillment, never more than what is left of a line.

Sculpteo may ship an order in several parcels and need not say what is in each. A parcel of unknown contents
is given one unit while more parcels are to come, and all that is left once Sculpteo says that the order has
shipped: the shop never claims that more is on its way than is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.errors import NeedsPerson, TryAgain
from bridge.order.model import (
    Fulfillment,
    FulfillmentLines,
    FulfillmentOrder,
    NewFulfillment,
    Parcel,
    PrintItem,
    PrintStatus,
    ShopOrder,
    Tracking,
)
from bridge.order.problems import Alarm, Problem
from bridge.order.states import State
from bridge.ports import Change, Facts, Note, OrderRecord
from bridge.retry import delay, jittered
from bridge.steps.job import Job, show
from bridge.steps.locations import with_locations
from bridge.steps.match import GONE_TRIES
from bridge.steps.resolve import late_evidence
from bridge.steps.select import LIVE_STATUSES, is_ours

WRITES_PER_RUN = 20


@dataclass(frozen=True, slots=True)
class Create:
    """Tell the shop of a new shipment."""

    parcels: tuple[Parcel, ...]
    lines: tuple[FulfillmentLines, ...]


@dataclass(frozen=True, slots=True)
class Extend:
    """Add numbers to a fulfillment that the shop has already."""

    parcels: tuple[Parcel, ...]
    fulfillment: Fulfillment


@dataclass(frozen=True, slots=True)
class Impossible:
    """The shop has no place for these parcels: somebody fulfilled the lines with other numbers."""

    parcels: tuple[Parcel, ...]


def known_numbers(order: ShopOrder) -> dict[str, str]:
    """Every tracking number that is on the order's live fulfillments, and the fulfillment it is on."""
    return {
        tracking.number: fulfillment.id
        for fulfillment in order.fulfillments
        if fulfillment.status != "CANCELLED"
        for tracking in fulfillment.tracking
        if tracking.number
    }


def next_write(
    order: ShopOrder,
    items: tuple[PrintItem, ...],
    parcels: Sequence[Parcel],
    complete: bool,
    *,
    bought: ShopOrder | None = None,
    locations: frozenset[str] | None = None,
) -> Create | Extend | Impossible | None:
    """The one next write that brings parcels to the shop. `parcels` are those that the shop does not have.

    `bought` is the order as it was when its prints were bought, `locations` are those that they come from.
    """
    left = _left(order, items, bought, locations)
    if parcels:
        batch = _batch(parcels)
        lines = _contents(batch, items, left)
        if lines is None and left:
            others = len({parcel.carrier for parcel in parcels}) - 1
            lines = _everything(left, keep=others) if complete else _one_unit(left)
        if lines:
            return Create(batch, lines)
        return _beside(order, batch)
    if complete and left:
        return Create((), _everything(left, keep=0))
    return None


def _batch(parcels: Sequence[Parcel]) -> tuple[Parcel, ...]:
    """The next parcels that share a fulfillment: one parcel whose contents are known, or one carrier's."""
    first = parcels[0]
    if first.contents:
        return (first,)
    return tuple(parcel for parcel in parcels if parcel.carrier == first.carrier and not parcel.contents)


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of one printed line in one fulfillment order."""

    location: str | None
    fulfillment_order: str
    line: str
    line_item: str
    quantity: int


def _left(
    order: ShopOrder, items: tuple[PrintItem, ...], bought: ShopOrder | None, locations: frozenset[str] | None
) -> list[_Left]:
    """What is left to fulfill of the printed lines, never above what was printed; of one location only,
    since a fulfillment cannot span two."""
    printed = _unclaimed(order, items, bought)
    found: list[_Left] = []
    for unit in _units_by_post(order, printed, locations):
        for line in unit.lines:
            quantity = min(line.remaining, printed.get(line.line_item_id, 0))
            if quantity > 0:
                printed[line.line_item_id] -= quantity
                found.append(_Left(unit.location_id, unit.id, line.id, line.line_item_id, quantity))
    return [one for one in found if one.location == found[0].location]


def _unclaimed(order: ShopOrder, items: tuple[PrintItem, ...], bought: ShopOrder | None) -> dict[str, int]:
    """The printed units of each line that nobody has fulfilled since: what an edit of the order added, which
    raises what is left of the line, is not among them."""
    printed = {item.line_item_id: item.line_quantity for item in items}
    if bought is None:
        return printed
    units = {line.id: line.current_quantity for line in order.lines}
    units_then = {line.id: line.current_quantity for line in bought.lines}
    left, left_then = _remaining(order), _remaining(bought)
    for line, quantity in printed.items():
        added = units.get(line, 0) - units_then.get(line, 0)
        fulfilled = left_then.get(line, 0) + added - left.get(line, 0)
        printed[line] = quantity - max(fulfilled, 0)
    return printed


def _remaining(order: ShopOrder) -> dict[str, int]:
    """What is left to fulfill of each line, over all of the order's open fulfillment orders."""
    remaining: dict[str, int] = {}
    for unit in order.fulfillment_orders:
        for line in unit.lines if unit.status in LIVE_STATUSES else ():
            remaining[line.line_item_id] = remaining.get(line.line_item_id, 0) + line.remaining
    return remaining


def _units_by_post(
    order: ShopOrder, printed: Mapping[str, int], locations: frozenset[str] | None
) -> list[FulfillmentOrder]:
    """The fulfillment orders that the prints are for: by post and from our locations; where the merchant moved
    them elsewhere since, from there. Never those that are picked up or delivered by hand."""
    by_post = [
        unit
        for unit in order.fulfillment_orders
        if "CREATE_FULFILLMENT" in unit.actions
        and is_ours(unit, None)
        and any(line.remaining > 0 and printed.get(line.line_item_id, 0) > 0 for line in unit.lines)
    ]
    return [unit for unit in by_post if is_ours(unit, locations)] or by_post


def _lines(left: Iterable[_Left]) -> tuple[FulfillmentLines, ...]:
    grouped: dict[str, list[tuple[str, int]]] = {}
    for one in left:
        grouped.setdefault(one.fulfillment_order, []).append((one.line, one.quantity))
    return tuple(FulfillmentLines(unit, tuple(lines)) for unit, lines in grouped.items())


def _limited(left: Iterable[_Left], quantity: int) -> list[_Left]:
    """The first `quantity` units."""
    taken: list[_Left] = []
    for one in left:
        if quantity <= 0:
            break
        now = min(one.quantity, quantity)
        taken.append(_Left(one.location, one.fulfillment_order, one.line, one.line_item, now))
        quantity -= now
    return taken


def _one_unit(left: list[_Left]) -> tuple[FulfillmentLines, ...]:
    return _lines(_limited(left, 1))


def _everything(left: list[_Left], *, keep: int) -> tuple[FulfillmentLines, ...]:
    """All that is left, but one unit for each of `keep` other carriers, as far as there are units."""
    total = sum(one.quantity for one in left)
    return _lines(_limited(left, max(total - keep, 1)))


def _contents(
    batch: tuple[Parcel, ...], items: tuple[PrintItem, ...], left: list[_Left]
) -> tuple[FulfillmentLines, ...] | None:
    """The lines of a parcel whose contents Sculpteo tells, where they say whole units of lines; else None."""
    if not batch[0].contents or not left:
        return None
    by_design: dict[str, list[PrintItem]] = {}
    for item in items:
        by_design.setdefault(item.design.uuid, []).append(item)
    wanted: dict[str, int] = {}
    for design, copies in batch[0].contents:
        of_design = by_design.get(design, [])
        if len(of_design) != 1:
            return None
        item = of_design[0]
        per_unit = item.quantity // item.line_quantity
        units, rest = divmod(copies, per_unit)
        bundle = sum(other.line_item_id == item.line_item_id for other in items) > 1
        if rest or bundle:
            return None
        wanted[item.line_item_id] = wanted.get(item.line_item_id, 0) + units
    taken = [
        one
        for line_item, units in wanted.items()
        for one in _limited((one for one in left if one.line_item == line_item), units)
    ]
    return _lines(taken) or None


def _beside(order: ShopOrder, batch: tuple[Parcel, ...]) -> Extend | Impossible:
    """Nothing is left to fulfill: the numbers join a fulfillment of the same carrier, or one without any."""
    live = [one for one in order.fulfillments if one.status != "CANCELLED"]
    bare = [one for one in live if not any(tracking.number for tracking in one.tracking)]
    target = (bare or live)[-1:]
    return Extend(batch, target[0]) if target else Impossible(batch)


async def fulfil(job: Job) -> Change:
    """For `shipped`, and for a parcel that the shop refused: bring to the shop what it does not have, and see
    whether all is done."""
    evidence = await late_evidence(job)
    if evidence:
        return evidence
    alarms: tuple[tuple[Alarm, Facts], ...] = ()
    for _ in range(WRITES_PER_RUN):
        order = await job.read()
        if order is None:
            return _deleted(job)
        await with_locations(job, order)
        await _settle_known(job, order)
        missing = [one.parcel for one in job.record.parcels if one.pushed_at is None]
        write = next_write(
            order,
            job.record.items,
            missing,
            _complete(job),
            bought=job.record.snapshot,
            locations=job.world.policy.locations.get(job.record.shop),
        )
        if write is None:
            return await _finish(job, alarms)
        rests_until = _rests_until(job)
        if rests_until is not None:
            return replace(job.stay(rests_until), is_look=True)
        if isinstance(write, Impossible):
            why = "nothing of the printed lines is left to fulfill, and no fulfillment is there to add it to"
            return _refused(job, order, write.parcels, why)
        alarms += _foreign(job, write)
        try:
            await _perform(job, order, write)
        except NeedsPerson as error:
            if error.problem != Problem.CANNOT_FULFILL:
                raise
            return _refused(job, order, write.parcels, str(error.facts.get("why", "?")))
    return job.stay(job.now)


def is_refused(record: OrderRecord) -> bool:
    """Whether the shop refuses a parcel of the order. It stays so until the number is on the order in the shop,
    the shop takes it, or a person tries again; any other word leads to one more try at most."""
    return (
        record.state is State.ATTENTION
        and record.problem == Problem.CANNOT_FULFILL
        and record.reference is not None
    )


def _rests_until(job: Job) -> datetime | None:
    """Until when the shop is not asked again to take what it refused; None = it may be asked now."""
    tried_at = job.record.tried_at
    if not is_refused(job.record) or tried_at is None:
        return None
    until = tried_at + delay(job.record.failures + 1, job.world.random)
    return until if until > job.now else None


def _refused(job: Job, order: ShopOrder, parcels: tuple[Parcel, ...], why: str) -> Change:
    """A person is needed. The same refusal again is no news, whatever request id is in its words."""
    record = job.record
    number = ", ".join(parcel.number for parcel in parcels) or "without a number"
    facts: dict[str, object] = {"name": record.name, "number": number, "why": why}
    if order.cancelled_at is not None:
        facts["cancelled"] = True
    again = is_refused(record)
    if again and all(record.facts.get(name) == facts.get(name) for name in ("number", "cancelled")):
        facts = dict(record.facts)
    return Change(
        State.ATTENTION,
        None,
        problem=Problem.CANNOT_FULFILL,
        facts=facts,
        values={"tried_at": job.now},
        failure=Problem.CANNOT_FULFILL if again else None,
    )


def _deleted(job: Job) -> Change:
    """The shop does not show the order any more: believed after some tries, or when it told of the deletion.
    Raises TryAgain."""
    record = job.record
    if record.deleted_at is None and record.failures < GONE_TRIES:
        raise TryAgain("the shop does not find the order")
    numbers = ", ".join(one.parcel.number for one in record.parcels) or "without a number"
    facts = {"number": numbers, "why": "the shop does not show the order any more"}
    alarms = ((Alarm.DELETED_AFTER_PLACING, {"reference": record.reference or "?"}),)
    return Change(State.ATTENTION, None, problem=Problem.CANNOT_FULFILL, facts=facts, alarms=alarms)


def _foreign(job: Job, write: Create | Extend) -> tuple[tuple[Alarm, Facts], ...]:
    """Whether the fulfillment that a number joins was made by somebody else, with a parcel of their own."""
    if isinstance(write, Create):
        return ()
    ours = {one.parcel.number for one in job.record.parcels}
    if all(one.number is None or one.number in ours for one in write.fulfillment.tracking):
        return ()
    return ((Alarm.FULFILLED_ELSEWHERE, {"reference": job.record.reference or "?"}),)


async def _settle_known(job: Job, order: ShopOrder) -> None:
    """What is on the order already was brought there, by us before a crash or by a person."""
    on_order = known_numbers(order)
    for one in job.record.parcels:
        if one.pushed_at is None and one.parcel.number in on_order:
            there = on_order[one.parcel.number]
            job.record = await job.world.orders.mark_pushed(job.record, [one.parcel.number], there)


def _complete(job: Job) -> bool:
    """Whether all has left: Sculpteo says so, and names a number, or has not for longer than we wait."""
    record = job.record
    if record.print_status != PrintStatus.SHIPPED:
        return False
    return bool(record.parcels) or _waited_for_number(job)


def _waited_for_number(job: Job) -> bool:
    since = job.record.shipped_at
    return since is not None and job.now - since >= job.world.policy.without_number_after


async def _perform(job: Job, order: ShopOrder, write: Create | Extend) -> None:
    record, orders = job.record, job.world.orders
    job.record = await orders.renew(record)  # a worker that woke up late must not write to the shop
    notify = job.world.policy.notify_customer.get(record.shop, True)
    tracking = tuple(Tracking(one.number, one.carrier, one.url) for one in write.parcels)
    if isinstance(write, Create):
        new = NewFulfillment(
            lines=write.lines,
            tracking=tracking,
            notify_customer=notify and bool(tracking),
            country_code=order.address.country_code if order.address else None,
        )
        fulfillment_id = await job.shop.fulfill(order.id, new)
    else:
        fulfillment_id = write.fulfillment.id
        joined = (*(one for one in write.fulfillment.tracking if one.number), *tracking)
        await job.shop.extend_tracking(fulfillment_id, joined, notify_customer=notify)
    numbers = [one.number for one in write.parcels]
    job.record = await orders.mark_pushed(job.record, numbers, fulfillment_id)


async def _finish(job: Job, alarms: tuple[tuple[Alarm, Facts], ...]) -> Change:
    """Nothing is left to write now: done, or Sculpteo is to be asked again."""
    record = job.record
    shown = await show(job)
    if not _complete(job):
        due = job.now + jittered(job.world.policy.poll, job.world.random)
        if record.state is State.ATTENTION:  # the shop has taken what it refused
            facts = {"reference": record.reference}
            return Change(State.SHIPPED, due, facts=facts, values=shown, alarms=alarms)
        return replace(job.stay(due, **shown), alarms=alarms)
    if not record.parcels:
        alarms += ((Alarm.NO_TRACKING_NUMBER, {"reference": record.reference or "?"}),)
    notes = (Note("all_fulfilled", {"parcels": len(record.parcels)}),)
    return Change(State.DONE, job.now, facts={}, values=shown, notes=notes, alarms=alarms)
