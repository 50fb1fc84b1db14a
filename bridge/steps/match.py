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

from bridge.errors import NeedsPerson, TryAgain
from bridge.net.backoff import delay
from bridge.order.digests import note_digest, purchase_digest
from bridge.order.line_overrides import prints_told
from bridge.order.model import Address, Mode, Money, PrintItem, ShopOrder
from bridge.order.policy import GoLive, Policy
from bridge.order.problems import HEALS_ON_CHANGE, Alarm, Problem
from bridge.order.records import Change, Note, OrderRecord
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Catalog
from bridge.steps.address_check import address_question
from bridge.steps.cancellation import withdrawn
from bridge.steps.context import (
    Job,
    show,
)
from bridge.steps.customer_history import with_customer_history
from bridge.steps.line_selection import (
    Nothing,
    Trouble,
    Waits,
    missing_since,
    select,
)
from bridge.steps.locations import with_locations
from bridge.steps.mapping_overrides import (
    configured_version,
    with_rules,
)
from bridge.steps.outcome_recovery import (
    found_elsewhere,
    late_evidence,
)
from bridge.steps.pricing import is_price_needed, price_of
from bridge.steps.right_to_buy import (
    NO_APPROVAL,
    approval_holds,
    approved_for,
    is_answered,
    locations_of,
    moved_to,
    objection,
    window_end,
    without_approval,
)

CLOSES_WINDOW = frozenset(
    {
        *(Wait.PAYMENT, Wait.UNPAID, Wait.RISK, Wait.UNRATED, Wait.SHOP_HOLD, Wait.SCHEDULED, Wait.ROUTING),
        *(Wait.APPROVAL, Wait.BEFORE_GO_LIVE, Wait.WAS_TEST, Wait.OTHER_MODE),
        *(Problem.UNMAPPED, Problem.OPTION, Problem.VARIANT, Problem.ADDRESS, Problem.MOVED),
        *(Problem.ADDRESS_WRONG, Problem.ADDRESS_DOUBTFUL, Problem.POSTAL_CODE, Problem.NO_COURIER),
        *(Problem.LOCATION, Problem.NO_FULFILLMENT_ORDER, Problem.LEDGER_UNREADABLE),
    }
)
"""Reasons and problems of the order itself that end the approval window: after them it begins anew."""
GONE_TRIES = 3
GONE_RECHECK = timedelta(hours=1)
GONE_FOR = timedelta(days=7)

OF_COST: dict[Problem, Callable[[Policy], Money | None]] = {
    Problem.LIMIT_ORDER: lambda policy: policy.per_order,
    # What fits on no day would wait for tomorrow for ever.
    Problem.ABOVE_DAY_LIMIT: lambda policy: policy.per_day,
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
    go_live: GoLive,
) -> Assessment:
    """Judge the order as it is now: what is printed, and whether it may be bought."""
    taken_back = withdrawn(order)
    if taken_back:
        return Assessment(Withdrawn(taken_back))
    if order.test and policy.mode is Mode.LIVE:
        return Assessment(Nothing(Ignored.SHOP_TEST_ORDER))
    if order.closed_at is not None:
        return Assessment(Nothing(Ignored.ARCHIVED))
    if order.ledger.raw is not None and not is_answered(record, Problem.LEDGER_UNREADABLE, order.ledger):
        told = {"why": order.ledger.why or "?", "note": note_digest(order.ledger)}
        return Assessment(Trouble(Problem.LEDGER_UNREADABLE, told))
    selection = select(
        record.shop,
        order,
        catalog,
        policy,
        missing_since=missing_since(record),
        allows=lambda code, items: approved_for(record, code, order, items, policy),
    )
    items = selection.items
    verdict = (
        selection.verdict
        or _address(order, problem_with_address)
        or address_question(order, policy, lambda code: approved_for(record, code, order, items, policy))
        or moved_to(record, order, items)
    )
    verdict = verdict or objection(record, order, items, policy, go_live, now)
    if verdict:
        return Assessment(verdict, items)
    until = window_end(record, order, items, policy, now)
    return Assessment(Waits(Wait.WINDOW, until), items, until) if until else Assessment(Ready(), items)


def _address(order: ShopOrder, problem_with: Callable[[Address | None], str | None]) -> Trouble | None:
    why = problem_with(order.address)
    return Trouble(Problem.ADDRESS, {"why": why}) if why else None


def printable(job: Job, order: ShopOrder) -> tuple[PrintItem, ...]:
    """What of the order is printed, whatever else speaks against it: a purchase that is found is of this."""
    return select(job.record.shop, order, job.world.catalog, job.world.policy).items


async def judged(job: Job, order: ShopOrder) -> Assessment:
    """`assess` for a job, by the mapping and by what people decided about the order's lines."""
    await with_rules(job, order)
    await with_locations(job, order)
    order = await with_customer_history(job, order)
    world = job.world
    go_live = await world.go_live.of(job.record.shop)
    return assess(
        job.record,
        order,
        world.catalog,
        world.policy,
        job.now,
        world.printer.problem_with_address,
        go_live,
    )


def decided(job: Job, order: ShopOrder, found: Assessment, *, void: str | None = None) -> Change:
    """The change that an assessment short of Ready asks for. `void` = why an open attempt bought nothing."""
    values, notes = contents_now(job, order, found)
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


def contents_now(job: Job, order: ShopOrder, found: Assessment) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """What is kept of an order as it was read and matched now, and what is told of it: what stands on record as
    its prints is what would be bought now. An approval, a cost and a window that were for others end."""
    record, items = job.record, _known_items(found)
    values: dict[str, Any] = {
        "snapshot": order,
        "name": order.name,
        "items": items,
        "mapping_version": job.world.catalog.version,
        "created_at": order.created_at,
        **_window_values(record, order, found),
    }
    if record.first_mode is None:
        values["first_mode"] = job.world.policy.mode
    if items:
        values["first_locations"] = locations_of(order, items, record.first_locations)
    if items and items != record.items and not approval_holds(record, order, items, job.world.policy):
        values["cost"] = None  # it was asked for other prints
    if record.matched_at is None and items:
        values["matched_at"] = job.now
    notes = prints_changed(record, items, job.world.catalog.version)
    if isinstance(found.verdict, Nothing | Withdrawn):
        values |= NO_APPROVAL
    elif record.approved_at and items and not approval_holds(record, order, items, job.world.policy):
        values |= without_approval(record)
        notes += (Note("approval_dropped"),)
    return values, notes


def prints_changed(record: OrderRecord, items: tuple[PrintItem, ...], version: str) -> tuple[Note, ...]:
    """What is told where an order that is still to be bought would now be printed otherwise than it was to be."""
    if not items or not record.items or items == record.items:
        return ()
    remapped = configured_version(record.mapping_version) != configured_version(version)
    facts = {"before": prints_told(record.items), "after": prints_told(items)}
    return (Note("remapped" if remapped else "contents_changed", facts),)


def _known_items(found: Assessment) -> tuple[PrintItem, ...]:
    """What is printed, once it is known: while Shopify routes the order, a part of it would look like all."""
    routing = isinstance(found.verdict, Waits) and found.verdict.reason is Wait.ROUTING
    return () if routing else found.items


def _window_values(record: OrderRecord, order: ShopOrder, found: Assessment) -> dict[str, Any]:
    """The approval window as it is after this look. What takes an order back from being bought closes it, so
    that it begins anew when the order comes back."""
    if found.window_until is not None:
        return {
            "window_until": found.window_until,
            "window_for": purchase_digest(found.items, order),
        }
    if record.window_until is not None and _closes_window(found.verdict):
        return {"window_until": None, "window_for": None}
    return {}


def _closes_window(verdict: Ready | Waits | Trouble | Nothing | Withdrawn) -> bool:
    match verdict:
        case Waits(reason):
            return reason in CLOSES_WINDOW
        case Trouble(problem):
            return problem in CLOSES_WINDOW
        case _:
            return not isinstance(verdict, Ready)


async def match(job: Job) -> Change:
    """Read the order and match it: for `received`, for `ignored` when it changed, and to heal `attention`."""
    record = job.record
    evidence = await late_evidence(job)
    if evidence:
        return evidence
    if record.state is State.IGNORED and record.attempt is not None:
        return job.stay(None)  # Sculpteo cancelled it, and a person does not want it: only that is watched
    if record.state is State.IGNORED and not job.is_configured:
        return job.stay(None)
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
            # what it was read as is kept, or reconciliation would have it read again and again
            return job.stay(None, mapping_version=job.world.catalog.version, shop_updated_at=order.updated_at)
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
    due, values = job.now + GONE_RECHECK, {"shop_updated_at": None, **NO_APPROVAL}
    return Change(State.IGNORED, due, reason=Ignored.GONE, values=values, void_attempt=void)


def _limit_lifted(job: Job) -> bool:
    """Whether the order was above a limit, and has to be priced anew: the limit leaves room for it now, or is in
    another currency."""
    record = job.record
    if record.problem not in OF_COST:
        return False
    limit = OF_COST[Problem(record.problem)](job.world.policy)
    if limit is None or record.cost is None:
        return True
    return limit.currency != record.cost.currency or record.cost.amount <= limit.amount


def _limit_as_now(job: Job) -> dict[str, Any]:
    """The facts of an order that is still above a limit, by the limit as it is now."""
    record = job.record
    limit = OF_COST[Problem(record.problem)](job.world.policy) if record.problem in OF_COST else None
    return {**record.facts, "limit": str(limit)} if limit else dict(record.facts)


def _costs_otherwise(record: OrderRecord, found: Assessment) -> bool:
    """Whether a limit was asked about other prints than would be bought now."""
    return record.problem in OF_COST and _known_items(found) != record.items


async def _heal(job: Job, order: ShopOrder, found: Assessment) -> Change:
    """A problem that came before any purchase goes away with its cause; the others wait for a person."""
    record = job.record
    if isinstance(found.verdict, Withdrawn):
        return decided(job, order, found)
    if _limit_lifted(job) or _costs_otherwise(record, found):
        return decided(job, order, found)
    heals = record.problem in HEALS_ON_CHANGE
    same = isinstance(found.verdict, Trouble) and found.verdict.problem == record.problem
    if heals and not same:
        return await _still_without_price(job, order, found) or decided(job, order, found)
    values, notes = contents_now(job, order, found) if record.attempt is None else ({}, ())
    shown = {
        **values,
        **await show(job),
        "mapping_version": job.world.catalog.version,
        "shop_updated_at": order.updated_at,
    }
    if same and isinstance(found.verdict, Trouble) and found.verdict.facts != record.facts:
        return Change(
            State.ATTENTION,
            None,
            problem=found.verdict.problem,
            facts=found.verdict.facts,
            values={"snapshot": order, "name": order.name, **shown},
            notes=notes,
        )
    return replace(job.stay(None, *notes, **shown), facts=_limit_as_now(job))


async def _still_without_price(job: Job, order: ShopOrder, found: Assessment) -> Change | None:
    """Whether a problem is gone is judged by the check that found it: `assess` does not ask for the price. None
    = the price is known now, or was not the problem. Raises TryAgain when Sculpteo cannot be asked."""
    record = job.record
    ready, policy = isinstance(found.verdict, Ready | Waits), job.world.policy
    priced = record.cost is not None and approval_holds(record, order, found.items, policy)
    if record.problem != Problem.NO_PRICE or not ready or not (priced or is_price_needed(policy)):
        return None
    try:
        await price_of(job, found.items)
    except NeedsPerson as error:
        return Change(
            State.ATTENTION,
            job.now + delay(record.failures + 1, job.world.random),
            problem=error.problem,
            facts={"name": record.name, **error.facts},
            values={"mapping_version": job.world.catalog.version, "shop_updated_at": order.updated_at},
            failure=error.problem,
        )
    return None
