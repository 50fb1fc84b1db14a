"""What can still say no to an order that is ready: what Sculpteo has already, the stop switch, preview mode and the
limit per order."""

from __future__ import annotations

from bridge.errors import NeedsPerson
from bridge.order.model import Mode, Money, PrintItem, ShopOrder
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import Wait
from bridge.steps.closed_purchases import living_purchase
from bridge.steps.context import Job
from bridge.steps.line_selection import (
    Trouble,
    Waits,
)
from bridge.steps.match import OF_COST
from bridge.steps.pricing import is_price_needed, price_of
from bridge.steps.right_to_buy import approval_holds, approved_for


async def allowed(
    job: Job, order: ShopOrder, items: tuple[PrintItem, ...]
) -> tuple[Waits | Trouble | None, Money | None]:
    """What forbids to buy now, if anything does, and the cost where it is asked for."""
    policy, record = job.world.policy, job.record
    already = bought_already(record)
    if already is not None:
        return already, None
    billed = await job.world.orders.billed_test_order() if policy.mode is Mode.LIVE else None
    if billed is not None:
        return Waits(Wait.TEST_BILLED, None, {"reference": billed}), None
    if await job.world.orders.paused(record.shop):
        return Waits(Wait.PAUSED, None), None
    approved = approval_holds(record, order, items, policy)
    cost: Money | None = None
    if is_price_needed(policy) or policy.mode is Mode.PREVIEW or (approved and record.cost):
        try:
            cost = await price_of(job, items)
        except NeedsPerson as error:
            if policy.mode is not Mode.PREVIEW:
                return Trouble(Problem(error.problem), error.facts), None
    if policy.mode is Mode.PREVIEW:
        return Waits(Wait.PREVIEW, None, {"cost": said(cost)}), cost
    dearer = cost is not None and approved and is_dearer(cost, record.cost)
    for problem, limit in OF_COST.items():
        most = limit(policy)
        lifted = approved_for(record, problem, order, items, policy) and record.cost and not dearer
        if most and cost and cost.amount > most.amount and not lifted:
            return Trouble(problem, {"cost": said(cost), "limit": said(most)}), cost
    if dearer:
        why = f"it costs {said(cost)} now, and {said(record.cost)} when it was approved"
        return Waits(Wait.APPROVAL, None, {"why": why}), cost
    return None, cost


def is_dearer(cost: Money, seen: Money | None) -> bool:
    """Whether it costs more, or in another currency, than what a person saw who approved it."""
    return seen is not None and (cost.currency != seen.currency or cost.amount > seen.amount)


def bought_already(record: OrderRecord) -> Waits | None:
    """What keeps an order from being bought that Sculpteo is known to make, whatever a person approved."""
    living = living_purchase(record)
    return Waits(Wait.BOUGHT_ALREADY, None, {"reference": living.reference}) if living else None


def said(money: Money | None) -> str:
    """An amount for a sentence."""
    return str(money) if money else "?"
