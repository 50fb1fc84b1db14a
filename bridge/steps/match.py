"""The order as the shop has it now, judged: what of it is printed, and what stands in the way.

`assess_purchase` is pure and is asked twice: here when the shop tells of an order, and again by `place` in the moment
before money is spent, so that both decide alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bridge.errors import NeedsPerson, TryAgain
from bridge.net.backoff import compute_delay
from bridge.order.digests import compute_note_digest, compute_purchase_digest
from bridge.order.line_overrides import describe_prints
from bridge.order.model import Address, Mode, Money, PrintItem, ShopOrder
from bridge.order.policy import GoLive, Policy
from bridge.order.problems import HEALS_ON_CHANGE, Alarm, Problem
from bridge.order.records import OrderRecord, TimelineEntry, Transition
from bridge.order.states import Ignored, State, Wait
from bridge.ports import Catalog
from bridge.steps.address_check import find_address_question
from bridge.steps.cancellation import find_withdrawal_reason
from bridge.steps.context import (
    StepRun,
    annotate_order,
)
from bridge.steps.customer_history import with_customer_history
from bridge.steps.line_selection import (
    Blocked,
    Skipped,
    Waiting,
    find_missing_since,
    select_lines,
)
from bridge.steps.locations import apply_locations
from bridge.steps.mapping_overrides import (
    apply_line_rules,
    strip_override_hash,
)
from bridge.steps.outcome_recovery import (
    adopt_from_ledger,
    check_late_evidence,
)
from bridge.steps.pricing import fetch_total_price, is_price_needed
from bridge.steps.purchased_items import select_printable_items
from bridge.steps.right_to_buy import (
    NO_APPROVAL,
    check_moved_lines,
    clear_approval,
    collect_first_locations,
    compute_window_end,
    find_objection,
    is_answered,
    is_approval_valid,
    is_approved_for,
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
    verdict: Ready | Waiting | Blocked | Skipped | Withdrawn
    items: tuple[PrintItem, ...] = ()
    window_until: datetime | None = None  # set when the approval window opened with this look


def assess_purchase(
    record: OrderRecord,
    order: ShopOrder,
    catalog: Catalog,
    policy: Policy,
    now: datetime,
    problem_with_address: Callable[[Address | None], str | None],
    go_live: GoLive,
) -> Assessment:
    """Judge the order as it is now: what is printed, and whether it may be bought."""
    taken_back = find_withdrawal_reason(order)
    if taken_back:
        return Assessment(Withdrawn(taken_back))
    if order.test and policy.mode is Mode.LIVE:
        return Assessment(Skipped(Ignored.SHOP_TEST_ORDER))
    if order.closed_at is not None:
        return Assessment(Skipped(Ignored.ARCHIVED))
    if order.ledger.raw is not None and not is_answered(record, Problem.LEDGER_UNREADABLE, order.ledger):
        told = {"why": order.ledger.why or "?", "note": compute_note_digest(order.ledger)}
        return Assessment(Blocked(Problem.LEDGER_UNREADABLE, told))
    selection = select_lines(
        record.shop,
        order,
        catalog,
        policy,
        missing_since=find_missing_since(record),
        allows=lambda code, items: is_approved_for(record, code, order, items, policy),
    )
    items = selection.items
    verdict = (
        selection.verdict
        or _check_address(order, problem_with_address)
        or find_address_question(
            order, policy, lambda code: is_approved_for(record, code, order, items, policy)
        )
        or check_moved_lines(record, order, items)
    )
    verdict = verdict or find_objection(record, order, items, policy, go_live, now)
    if verdict:
        return Assessment(verdict, items)
    until = compute_window_end(record, order, items, policy, now)
    return Assessment(Waiting(Wait.WINDOW, until), items, until) if until else Assessment(Ready(), items)


def _check_address(order: ShopOrder, problem_with: Callable[[Address | None], str | None]) -> Blocked | None:
    why = problem_with(order.address)
    return Blocked(Problem.ADDRESS, {"why": why}) if why else None


async def assess_order(job: StepRun, order: ShopOrder) -> Assessment:
    """`assess_purchase` for a job, by the mapping and by what people decided about the order's lines."""
    await apply_line_rules(job, order)
    await apply_locations(job, order)
    order = await with_customer_history(job, order)
    world = job.world
    go_live = await world.go_live.load_go_live(job.record.shop)
    return assess_purchase(
        job.record,
        order,
        world.catalog,
        world.policy,
        job.now,
        world.printer.find_address_problem,
        go_live,
    )


def transition_for(
    job: StepRun, order: ShopOrder, found: Assessment, *, void: str | None = None
) -> Transition:
    """The change that an assessment short of Ready asks for. `void` = why an open attempt bought nothing."""
    values, notes = collect_order_values(job, order, found)
    change = partial(Transition, values=values, notes=notes, void_attempt=void)
    match found.verdict:
        case Withdrawn(why):
            return change(State.CANCELLED, None, reason=why)
        case Skipped(why, facts):
            return change(State.IGNORED, None, reason=why, facts=facts)
        case Blocked(problem, facts):
            return change(State.ATTENTION, job.now, problem=problem, facts=facts)
        case Waiting(reason, due_at, facts):
            told = {**facts, "until": due_at.isoformat()} if due_at and reason is Wait.WINDOW else facts
            return change(State.WAITING, due_at, reason=reason, facts=told)
        case Ready():
            return change(State.WAITING, job.now)


def collect_order_values(
    job: StepRun, order: ShopOrder, found: Assessment
) -> tuple[dict[str, Any], tuple[TimelineEntry, ...]]:
    """What is kept of an order as it was read and matched now, and what is told of it: what stands on record as
    its prints is what would be bought now. An approval, a cost and a window that were for others end."""
    record, items = job.record, _get_known_items(found)
    values: dict[str, Any] = {
        "snapshot": order,
        "name": order.name,
        "items": items,
        "mapping_version": job.world.catalog.version,
        "created_at": order.created_at,
        **_compute_window(record, order, found),
    }
    if record.first_mode is None:
        values["first_mode"] = job.world.policy.mode
    if items:
        values["first_locations"] = collect_first_locations(order, items, record.first_locations)
    if items and items != record.items and not is_approval_valid(record, order, items, job.world.policy):
        values["cost"] = None  # it was asked for other prints
    if record.matched_at is None and items:
        values["matched_at"] = job.now
    notes = collect_print_changes(record, items, job.world.catalog.version)
    if isinstance(found.verdict, Skipped | Withdrawn):
        values |= NO_APPROVAL
    elif record.approved_at and items and not is_approval_valid(record, order, items, job.world.policy):
        values |= clear_approval(record)
        notes += (TimelineEntry("approval_dropped"),)
    return values, notes


def collect_print_changes(
    record: OrderRecord, items: tuple[PrintItem, ...], version: str
) -> tuple[TimelineEntry, ...]:
    """What is told where an order that is still to be bought would now be printed otherwise than it was to be."""
    if not items or not record.items or items == record.items:
        return ()
    remapped = strip_override_hash(record.mapping_version) != strip_override_hash(version)
    facts = {"before": describe_prints(record.items), "after": describe_prints(items)}
    return (TimelineEntry("remapped" if remapped else "contents_changed", facts),)


def _get_known_items(found: Assessment) -> tuple[PrintItem, ...]:
    """What is printed, once it is known: while Shopify routes the order, a part of it would look like all."""
    routing = isinstance(found.verdict, Waiting) and found.verdict.reason is Wait.ROUTING
    return () if routing else found.items


def _compute_window(record: OrderRecord, order: ShopOrder, found: Assessment) -> dict[str, Any]:
    """The approval window as it is after this look. What takes an order back from being bought closes it, so
    that it begins anew when the order comes back."""
    if found.window_until is not None:
        return {
            "window_until": found.window_until,
            "window_for": compute_purchase_digest(found.items, order),
        }
    if record.window_until is not None and _is_closing_window(found.verdict):
        return {"window_until": None, "window_for": None}
    return {}


def _is_closing_window(verdict: Ready | Waiting | Blocked | Skipped | Withdrawn) -> bool:
    match verdict:
        case Waiting(reason):
            return reason in CLOSES_WINDOW
        case Blocked(problem):
            return problem in CLOSES_WINDOW
        case _:
            return not isinstance(verdict, Ready)


async def match(job: StepRun) -> Transition:
    """Read the order and match it: for `received`, for `ignored` when it changed, and to heal `attention`."""
    record = job.record
    evidence = await check_late_evidence(job)
    if evidence:
        return evidence
    if record.state is State.IGNORED and record.attempt is not None:
        return job.keep_state(
            None
        )  # Sculpteo cancelled it, and a person does not want it: only that is watched
    if record.state is State.IGNORED and not job.is_configured:
        return job.keep_state(None)
    order = await job.fetch_order()
    if order is None:
        return handle_missing_order(job)
    found = await assess_order(job, order)
    elsewhere = await adopt_from_ledger(job, order, select_printable_items(job, order))
    if elsewhere:
        return elsewhere
    if record.state is State.ATTENTION:
        return await _heal_problem(job, order, found)
    if record.state is State.IGNORED:
        if isinstance(found.verdict, Skipped | Withdrawn) or record.reason == Ignored.PERSON:
            # what it was read as is kept, or reconciliation would have it read again and again
            return job.keep_state(
                None, mapping_version=job.world.catalog.version, shop_updated_at=order.updated_at
            )
        return Transition(State.RECEIVED, job.now)
    return transition_for(job, order, found)


def handle_missing_order(job: StepRun) -> Transition:
    """The shop does not show an order that is not bought. It may have told of it a moment too early, so it is
    believed only after some tries, or when the shop has told of its deletion, and looked at for some days more.
    Raises TryAgain."""
    record = job.record
    if record.state is State.IGNORED:
        watched = job.now - record.first_seen_at < GONE_FOR
        return job.keep_state(job.now + GONE_RECHECK if watched else None, shop_updated_at=None)
    attempt = record.attempt
    if attempt is not None and attempt.sent_at is not None:  # Sculpteo may have it: not gone, but an alarm
        alarms = ((Alarm.DELETED_AFTER_PLACING, {"reference": attempt.reference or "?"}),)
        return replace(job.keep_state(None), alarms=alarms)
    if record.deleted_at is None and record.failures < GONE_TRIES:
        raise TryAgain("the shop does not find the order")
    void = "nothing was sent: the order is gone" if record.attempt else None
    due, values = job.now + GONE_RECHECK, {"shop_updated_at": None, **NO_APPROVAL}
    return Transition(State.IGNORED, due, reason=Ignored.GONE, values=values, void_attempt=void)


def _is_limit_lifted(job: StepRun) -> bool:
    """Whether the order was above a limit, and has to be priced anew: the limit leaves room for it now, or is in
    another currency."""
    record = job.record
    if record.problem not in OF_COST:
        return False
    limit = OF_COST[Problem(record.problem)](job.world.policy)
    if limit is None or record.cost is None:
        return True
    return limit.currency != record.cost.currency or record.cost.amount <= limit.amount


def _update_limit_facts(job: StepRun) -> dict[str, Any]:
    """The facts of an order that is still above a limit, by the limit as it is now."""
    record = job.record
    limit = OF_COST[Problem(record.problem)](job.world.policy) if record.problem in OF_COST else None
    return {**record.facts, "limit": str(limit)} if limit else dict(record.facts)


def _is_cost_outdated(record: OrderRecord, found: Assessment) -> bool:
    """Whether a limit was asked about other prints than would be bought now."""
    return record.problem in OF_COST and _get_known_items(found) != record.items


async def _heal_problem(job: StepRun, order: ShopOrder, found: Assessment) -> Transition:
    """A problem that came before any purchase goes away with its cause; the others wait for a person."""
    record = job.record
    if isinstance(found.verdict, Withdrawn):
        return transition_for(job, order, found)
    if _is_limit_lifted(job) or _is_cost_outdated(record, found):
        return transition_for(job, order, found)
    heals = record.problem in HEALS_ON_CHANGE
    same = isinstance(found.verdict, Blocked) and found.verdict.problem == record.problem
    if heals and not same:
        return await _check_price_known(job, order, found) or transition_for(job, order, found)
    values, notes = collect_order_values(job, order, found) if record.attempt is None else ({}, ())
    shown = {
        **values,
        **await annotate_order(job),
        "mapping_version": job.world.catalog.version,
        "shop_updated_at": order.updated_at,
    }
    if same and isinstance(found.verdict, Blocked) and found.verdict.facts != record.facts:
        return Transition(
            State.ATTENTION,
            None,
            problem=found.verdict.problem,
            facts=found.verdict.facts,
            values={"snapshot": order, "name": order.name, **shown},
            notes=notes,
        )
    return replace(job.keep_state(None, *notes, **shown), facts=_update_limit_facts(job))


async def _check_price_known(job: StepRun, order: ShopOrder, found: Assessment) -> Transition | None:
    """Whether a problem is gone is judged by the check that found it: `assess_purchase` does not ask for the price. None
    = the price is known now, or was not the problem. Raises TryAgain when Sculpteo cannot be asked."""
    record = job.record
    ready, policy = isinstance(found.verdict, Ready | Waiting), job.world.policy
    priced = record.cost is not None and is_approval_valid(record, order, found.items, policy)
    if record.problem != Problem.NO_PRICE or not ready or not (priced or is_price_needed(policy)):
        return None
    try:
        await fetch_total_price(job, found.items)
    except NeedsPerson as error:
        return Transition(
            State.ATTENTION,
            job.now + compute_delay(record.failures + 1, job.world.random),
            problem=error.problem,
            facts={"name": record.name, **error.facts},
            values={"mapping_version": job.world.catalog.version, "shop_updated_at": order.updated_at},
            failure=error.problem,
        )
    return None
