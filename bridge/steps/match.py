"""The order as the shop has it now, judged: what of it is printed, and what stands in the way.

`assess` is pure and is asked twice: here when the shop tells of an order, and again by `place` in the moment
before money is spent, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bridge.errors import TryAgain
from bridge.order.model import (
    Address,
    Mode,
    Money,
    PrintItem,
    ShopOrder,
)
from bridge.order.problems import HEALS_ON_CHANGE, Alarm, Problem
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Catalog, Change, Note, OrderRecord, Policy
from bridge.steps.approval import why_a_person
from bridge.steps.job import Job, show
from bridge.steps.locations import with_locations
from bridge.steps.overlay import with_rules
from bridge.steps.resolve import found_elsewhere, late_evidence
from bridge.steps.select import Nothing, Selection, Trouble, Waits, missing_since, select
from bridge.steps.withdraw import withdrawn

PAYMENT_RECHECK = timedelta(hours=6)  # webhooks and reconciliation are quicker; this is the net below them
HOLD_RECHECK = timedelta(hours=1)
GONE_TRIES = 3
GONE_RECHECK = timedelta(hours=1)
GONE_FOR = timedelta(days=7)

OF_COST: dict[Problem, Callable[[Policy], Money | None]] = {
    Problem.LIMIT_ORDER: lambda policy: policy.per_order,
    Problem.ABOVE_DAY_LIMIT: lambda policy: (
        policy.per_day
    ),  # what fits on no day would wait for tomorrow for ever
}
"""Limits that one order alone can be above: each is for a person to lift."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Nothing that the order itself says stands in the way."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    why: str


@dataclass(frozen=True, slots=True)
class Assessment:
    verdict: Ready | Waits | Trouble | Nothing | Withdrawn
    items: tuple[PrintItem, ...] = ()
    window_until: datetime | None = None  # set when the approval window opened with this look


def assess(
    record: OrderRecord,
    order: ShopOrder,
    catalog: Catalog,
    policy: Policy,
    now: datetime,
    problem_with_address: Callable[[Address | None], str | None],
) -> Assessment:
    """Judge the order as it is now: what is printed, and whether it may be bought."""
    taken_back = withdrawn(order)
    if taken_back:
        return Assessment(Withdrawn(taken_back))
    if order.test and policy.mode is Mode.LIVE:
        return Assessment(Nothing(Ignored.SHOP_TEST_ORDER))
    if order.closed_at is not None:
        return Assessment(Nothing(Ignored.ARCHIVED))
    if order.ledger.raw is not None and not _given(record, Problem.LEDGER_UNREADABLE):
        return Assessment(Trouble(Problem.LEDGER_UNREADABLE))
    selection = select(
        record.shop,
        order,
        catalog,
        policy,
        missing_since=missing_since(record),
        allows=lambda code, items: approved_for(record, code, items),
    )
    verdict = selection.verdict or _address(order, problem_with_address) or _moved(record, order, selection)
    if verdict:
        return Assessment(verdict, selection.items)
    waits = _gates(record, order, selection.items, policy, now)
    if waits:
        return Assessment(waits, selection.items)
    return _window(record, order, selection.items, policy, now)


def _address(order: ShopOrder, problem_with: Callable[[Address | None], str | None]) -> Trouble | None:
    why = problem_with(order.address)
    return Trouble(Problem.ADDRESS, {"why": why}) if why else None


def _moved(record: OrderRecord, order: ShopOrder, selection: Selection) -> Trouble | None:
    """Where no locations are configured, a move to another one since the match is for a person to judge."""
    before = record.snapshot
    if before is None or _given(record, Problem.MOVED):
        return None
    known = {unit.location_id for unit in before.fulfillment_orders}
    routed = {line.line_item_id for unit in before.fulfillment_orders for line in unit.lines}
    arrived = {  # a line that was at no location yet has not moved
        unit.location_id
        for unit in order.fulfillment_orders
        if any(line.remaining and line.line_item_id in routed for line in unit.lines)
    }
    new = [place for place in selection.locations if place in arrived - known]
    if not new:
        return None
    names = {unit.location_id: unit.location_name for unit in order.fulfillment_orders}
    return Trouble(Problem.MOVED, {"location": ", ".join(names.get(place) or place for place in new)})


def approved(record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...]) -> bool:
    """Whether a person approved these very prints, sent to where they go now; an approval of something else
    does not count. Who sends an approved order elsewhere may not be who ordered it."""
    before = record.snapshot
    same_place = before is None or _destination(before) == _destination(order)
    return same_place and _approved_prints(record, items)


def _destination(order: ShopOrder) -> Address | None:
    return replace(order.address, phone=None) if order.address else None


def _approved_prints(record: OrderRecord, items: tuple[PrintItem, ...]) -> bool:
    return record.approved_at is not None and (not record.items or record.items == items)


def _given(record: OrderRecord, code: str) -> bool:
    return code in (record.approved_for or "").split()


def approved_for(record: OrderRecord, code: str, items: tuple[PrintItem, ...]) -> bool:
    """Whether a person approved these very prints when `code` stood in their way."""
    return _given(record, code) and _approved_prints(record, items)


def _gates(
    record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...], policy: Policy, now: datetime
) -> Waits | None:
    """The reasons to wait that are not Shopify's own, most telling first. An approval opens all but payment."""
    if not order.fully_paid:
        return Waits(Wait.PAYMENT, now + PAYMENT_RECHECK)
    if record.held_at is not None:
        return Waits(Wait.HELD, None)
    if approved(record, order, items):
        return None
    if record.origin == "before_go_live" and not record.paid_now:
        return Waits(Wait.BEFORE_GO_LIVE, None)
    if record.origin == "was_test":
        return Waits(Wait.WAS_TEST, None)
    if policy.approval.hold_high_risk and order.risk in {"HIGH", "PENDING"}:
        return Waits(Wait.RISK, now + HOLD_RECHECK, {"risk": order.risk.lower()})
    why = why_a_person(order, policy.approval)
    return Waits(Wait.APPROVAL, None, {"why": why}) if why else None


def _window(
    record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...], policy: Policy, now: datetime
) -> Assessment:
    """The approval window opens once all else is in order, and stays as it was opened."""
    if approved(record, order, items) or not policy.approval.delay:
        return Assessment(Ready(), items)
    until = record.window_until or now + policy.approval.delay
    if now >= until:
        return Assessment(Ready(), items)
    return Assessment(Waits(Wait.WINDOW, until), items, until)


def printable(job: Job, order: ShopOrder) -> tuple[PrintItem, ...]:
    """What of the order is printed, whatever else speaks against it: a purchase that is found is of this."""
    return select(job.record.shop, order, job.world.catalog, job.world.policy).items


async def judged(job: Job, order: ShopOrder) -> Assessment:
    """`assess` for a job, by the mapping and by what people decided about the order's lines."""
    await with_rules(job, order)
    await with_locations(job, order)
    world = job.world
    return assess(job.record, order, world.catalog, world.policy, job.now, world.printer.problem_with_address)


def decided(job: Job, order: ShopOrder, found: Assessment, *, void: str | None = None) -> Change:
    """The change that an assessment short of Ready asks for. `void` = why an open attempt bought nothing."""
    record = job.record
    values: dict[str, Any] = {
        "snapshot": order,
        "name": order.name,
        "items": found.items,
        "mapping_version": job.world.catalog.version,
    }
    if found.window_until:
        values["window_until"] = found.window_until
    if record.matched_at is None and found.items:
        values["matched_at"] = job.now
    notes: tuple[Note, ...] = ()
    if record.approved_at and found.items and not approved(record, order, found.items):
        values |= {"approved_at": None, "approved_by": None, "approved_for": None}
        notes = (Note("approval_dropped"),)
    change = partial(Change, values=values, notes=notes, void_attempt=void)
    match found.verdict:
        case Withdrawn(why):
            return change(State.CANCELLED, None, reason=why)
        case Nothing(why, facts):
            return change(State.IGNORED, None, reason=why, facts=facts)
        case Trouble(problem, facts):
            return change(State.ATTENTION, job.now, problem=problem, facts=facts)
        case Waits(reason, due_at, facts):
            told = {**facts, "until": due_at.isoformat()} if due_at and reason is Wait.WINDOW else facts
            return change(State.WAITING, due_at, reason=reason, facts=told)
        case Ready():
            return change(State.WAITING, job.now)


async def match(job: Job) -> Change:
    """Read the order and match it: for `received`, for `ignored` when it changed, and to heal `attention`."""
    record = job.record
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
    if record.state is State.ATTENTION:
        return await _heal(job, order, found)
    if record.state is State.IGNORED:
        if isinstance(found.verdict, Nothing | Withdrawn) or record.reason == Ignored.PERSON:
            return job.stay(None, mapping_version=job.world.catalog.version)
        return Change(State.RECEIVED, job.now)
    return decided(job, order, found)


def gone(job: Job) -> Change:
    """The shop does not show an order that is not bought. It may have told of it a moment too early, so it is
    believed only after some tries, or when the shop has told of its deletion, and looked at for some days more.
    Raises TryAgain."""
    record = job.record
    if record.state is State.IGNORED:
        watched = job.now - record.first_seen_at < GONE_FOR
        return job.stay(job.now + GONE_RECHECK if watched else None, shop_updated_at=None)
    attempt = record.attempt
    if attempt is not None and attempt.sent_at is not None:  # Sculpteo may have it: not gone, but an alarm
        alarms = ((Alarm.DELETED_AFTER_PLACING, {"reference": attempt.reference or "?"}),)
        return replace(job.stay(None), alarms=alarms)
    if record.deleted_at is None and record.failures < GONE_TRIES:
        raise TryAgain("the shop does not find the order")
    void = "nothing was sent: the order is gone" if record.attempt else None
    due, values = job.now + GONE_RECHECK, {"shop_updated_at": None}
    return Change(State.IGNORED, due, reason=Ignored.GONE, values=values, void_attempt=void)


def _limit_lifted(job: Job) -> bool:
    """Whether the order was above a limit that leaves room for it now."""
    record = job.record
    if record.cost is None or record.problem not in OF_COST:
        return False
    limit = OF_COST[Problem(record.problem)](job.world.policy)
    return limit is None or (limit.currency == record.cost.currency and record.cost.amount <= limit.amount)


async def _heal(job: Job, order: ShopOrder, found: Assessment) -> Change:
    """A problem that came before any purchase goes away with its cause; the others wait for a person."""
    record = job.record
    if isinstance(found.verdict, Withdrawn):
        return decided(job, order, found)
    if _limit_lifted(job):
        return decided(job, order, found)
    heals = record.problem in HEALS_ON_CHANGE
    same = isinstance(found.verdict, Trouble) and found.verdict.problem == record.problem
    if heals and not same:
        return decided(job, order, found)
    shown = {**await show(job), "mapping_version": job.world.catalog.version}
    if heals and isinstance(found.verdict, Trouble) and found.verdict.facts != record.facts:
        return Change(
            State.ATTENTION,
            None,
            problem=found.verdict.problem,
            facts=found.verdict.facts,
            values={"snapshot": order, "name": order.name, **shown},
        )
    return job.stay(None, **shown)
