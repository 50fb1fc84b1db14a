"""What can still say no to an order that is ready: what Sculpteo has already, the stop switch, preview mode and the
limit per order."""

from __future__ import annotations

from bridge.errors import NeedsPerson
from bridge.order.model import Mode, Money, PrintItem, ShopOrder
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import Wait
from bridge.steps.closed_purchases import find_living_purchase
from bridge.steps.context import StepRun
from bridge.steps.line_selection import (
    Blocked,
    Waiting,
)
from bridge.steps.match import OF_COST
from bridge.steps.pricing import fetch_total_price, is_price_needed
from bridge.steps.right_to_buy import is_approval_valid, is_approved_for


async def check_limits(
    job: StepRun, order: ShopOrder, items: tuple[PrintItem, ...]
) -> tuple[Waiting | Blocked | None, Money | None]:
    """What forbids to buy now, if anything does, and the cost where it is asked for."""
    policy, record = job.world.policy, job.record
    already = check_bought_already(record)
    if already is not None:
        return already, None
    billed = await job.world.orders.find_billed_test_order() if policy.mode is Mode.LIVE else None
    if billed is not None:
        return Waiting(Wait.TEST_BILLED, None, {"reference": billed}), None
    if await job.world.orders.is_shop_paused(record.shop):
        return Waiting(Wait.PAUSED, None), None
    approved = is_approval_valid(record, order, items, policy)
    cost: Money | None = None
    if is_price_needed(policy) or policy.mode is Mode.PREVIEW or (approved and record.cost):
        try:
            cost = await fetch_total_price(job, items)
        except NeedsPerson as error:
            if policy.mode is not Mode.PREVIEW:
                return Blocked(Problem(error.problem), error.facts), None
    if policy.mode is Mode.PREVIEW:
        return Waiting(Wait.PREVIEW, None, {"cost": format_amount(cost)}), cost
    dearer = cost is not None and approved and is_dearer(cost, record.cost)
    for problem, limit in OF_COST.items():
        most = limit(policy)
        lifted = is_approved_for(record, problem, order, items, policy) and record.cost and not dearer
        if most and cost and cost.amount > most.amount and not lifted:
            return Blocked(problem, {"cost": format_amount(cost), "limit": format_amount(most)}), cost
    if dearer:
        why = f"it costs {format_amount(cost)} now, and {format_amount(record.cost)} when it was approved"
        return Waiting(Wait.APPROVAL, None, {"why": why}), cost
    return None, cost


def is_dearer(cost: Money, seen: Money | None) -> bool:
    """Whether it costs more, or in another currency, than what a person saw who approved it."""
    return seen is not None and (cost.currency != seen.currency or cost.amount > seen.amount)


def check_bought_already(record: OrderRecord) -> Waiting | None:
    """What keeps an order from being bought that Sculpteo is known to make, whatever a person approved."""
    living = find_living_purchase(record)
    return Waiting(Wait.BOUGHT_ALREADY, None, {"reference": living.reference}) if living else None


def format_amount(money: Money | None) -> str:
    """An amount for a sentence."""
    return str(money) if money else "?"
