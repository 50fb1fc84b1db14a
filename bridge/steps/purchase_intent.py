"""The intent to buy: the attempt is opened here, and in the moment before the first byte the note on the
Shopify order says that the request may have left (see `bridge.steps.ledger`)."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime, time, timedelta

from bridge.errors import LedgerConflict, ModeChanged, NeedsPerson, TryAgain, shopify_upstream
from bridge.net.backoff import compute_delay
from bridge.order.model import Ledger, Money, ShopOrder
from bridge.order.problems import Problem
from bridge.order.records import Attempt, TimelineEntry, Transition
from bridge.order.states import State, Wait
from bridge.ports import LimitReached
from bridge.steps.context import StepRun
from bridge.steps.ledger import build_ledger_entry
from bridge.steps.line_selection import Waiting
from bridge.steps.match import Assessment, transition_for
from bridge.steps.right_to_buy import is_approved_for
from bridge.steps.spending_limits import format_amount

LOOK_WITHIN = (
    10.0  # seconds that Sculpteo's open connection waits for the shop, well below any server's patience
)


async def open_purchase_intent(
    job: StepRun, order: ShopOrder, found: Assessment, cost: Money | None
) -> Transition | None:
    """Make the intent durable here, with all that is bought; returns a Transition where the day's limit forbids it, or
    where another mode is in force by now."""
    world, record = job.world, job.record
    attempt = Attempt(
        key=0,
        order=record.key,
        number=0,
        id=secrets.token_hex(8),
        token=secrets.token_urlsafe(24),
        mode=world.policy.mode,
        mapping_version=world.catalog.version,
        created_at=job.now,
        cost=cost,
        items=found.items,
    )
    values = {
        "snapshot": order,
        "name": order.name,
        "items": found.items,
        "mapping_version": world.catalog.version,
        "cost": cost,
    }
    lifted = any(
        is_approved_for(record, code, order, found.items, world.policy)
        for code in (Wait.LIMIT_DAY, Problem.ABOVE_DAY_LIMIT)
    )
    limit = None if lifted else world.policy.per_day
    try:
        job.record = await world.orders.open_attempt(
            record, attempt, values=values, day_limit=limit, day_start=_compute_midnight(job.now)
        )
    except LimitReached as reached:
        facts = {
            "spent": format_amount(reached.spent),
            "limit": format_amount(limit),
            "cost": format_amount(cost),
        }
        tomorrow = _compute_midnight(job.now) + timedelta(days=1)
        change = transition_for(job, order, Assessment(Waiting(Wait.LIMIT_DAY, tomorrow, facts), found.items))
        return replace(change, values={**change.values, "cost": cost})  # for which a person may approve it
    except ModeChanged as error:
        return replace(restart_purchase(job, error.why, pause=True), void_attempt=None)
    return None


def _compute_midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time.min, now.tzinfo)


async def write_intent_note(job: StepRun, order: ShopOrder, attempt: Attempt) -> ShopOrder:
    """Write on the Shopify order that the request may have left, by compare-and-set on the note of `order`,
    and return the order as it is after that: the last look, in the same request.

    Without write_orders nothing is written, and the look is a plain read; `check` and the console say what
    protection is lost. Nor is the note written again where it is this attempt's already, after word of the order
    had come: the shop tells of each writing, and of an order that takes long to read that would be word without
    end. Raises LedgerConflict where the note is not what was read, and TryAgain, after which the note may have been
    written.
    """
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            return await _write_intent_note(job, order, attempt)
    except TimeoutError:
        why = f"the last look at the order took more than {LOOK_WITHIN:.0f} s"
        raise TryAgain(why, upstream=shopify_upstream(job.record.shop)) from None


async def _write_intent_note(job: StepRun, order: ShopOrder, attempt: Attempt) -> ShopOrder:
    expected = order.ledger.digest
    noted = order.ledger.entry
    if noted is not None and noted.attempt == attempt.id and noted.state == "intent":
        return await _read_with_note(job, order)
    try:
        fresh = await job.shop.write_ledger_and_read(
            order.id, build_ledger_entry(job, attempt, "intent"), expected
        )
    except NeedsPerson:
        return await _read_with_note(job, order)
    written = fresh.ledger.entry
    if written is None or written.attempt != attempt.id:
        raise LedgerConflict("the note on the Shopify order was written over at once")
    return fresh


async def _read_with_note(job: StepRun, order: ShopOrder) -> ShopOrder:
    """The order as it is now, whose note is still that of `order`. Raises LedgerConflict and TryAgain."""
    plain = await job.fetch_order()
    if plain is None:
        raise TryAgain("the shop does not find the order")
    if plain.ledger != order.ledger:
        raise LedgerConflict("the note on the Shopify order is not what was read")
    return plain


def restart_purchase(
    job: StepRun, why: str, *, notes: tuple[TimelineEntry, ...] = (), pause: bool = False
) -> Transition:
    """Nothing was sent: the attempt is void, and the order is read, judged and priced from the start.

    With `pause`, later by the rules of retry, for what could happen again and again.
    """
    due = job.now + compute_delay(job.record.failures + 1, job.world.random) if pause else job.now
    return Transition(
        State.WAITING,
        due,
        reason=Wait.RECHECK,
        facts={"why": why},
        notes=notes,
        void_attempt=f"nothing was sent: {why}",
        failure=why if pause else None,
    )


def to_comparable(order: ShopOrder) -> ShopOrder:
    """The order without what may differ between two looks at one that nobody changed."""
    units = tuple(
        replace(unit, actions=tuple(sorted(unit.actions)))
        for unit in sorted(order.fulfillment_orders, key=lambda unit: unit.id)
    )
    still = order.created_at
    return replace(
        order, read_at=still, updated_at=still, ledger=Ledger(), fulfillment_orders=units, papers=None
    )
