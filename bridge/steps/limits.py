"""What can still say no to an order that is ready: the stop switch, preview mode and the limit per order."""

from __future__ import annotations

from bridge.errors import NeedsPerson
from bridge.order.model import Mode, Money, PrintItem
from bridge.order.problems import Problem
from bridge.order.states import Wait
from bridge.steps.job import Job
from bridge.steps.match import approved_for
from bridge.steps.pricing import is_price_needed, price_of
from bridge.steps.select import Trouble, Waits


async def allowed(job: Job, items: tuple[PrintItem, ...]) -> tuple[Waits | Trouble | None, Money | None]:
    """What forbids to buy now, if anything does, and the cost where it is asked for."""
    policy, record = job.world.policy, job.record
    if await job.world.orders.paused(record.shop):
        return Waits(Wait.PAUSED, None), None
    cost: Money | None = None
    if is_price_needed(policy) or policy.mode is Mode.PREVIEW:
        try:
            cost = await price_of(job, items)
        except NeedsPerson as error:
            if policy.mode is not Mode.PREVIEW:
                return Trouble(Problem(error.problem), error.facts), None
    if policy.mode is Mode.PREVIEW:
        return Waits(Wait.PREVIEW, None, {"cost": said(cost)}), cost
    limit = policy.per_order
    if limit and cost and cost.amount > limit.amount and not _approved_at(job, items, cost):
        return Trouble(Problem.LIMIT_ORDER, {"cost": said(cost), "limit": said(limit)}), cost
    return None, cost


def _approved_at(job: Job, items: tuple[PrintItem, ...], cost: Money) -> bool:
    """Whether a person approved these prints at this cost, or a higher one."""
    known = job.record.cost
    return (
        approved_for(job.record, Problem.LIMIT_ORDER, items)
        and known is not None
        and known.currency == cost.currency
        and cost.amount <= known.amount
    )


def said(money: Money | None) -> str:
    """An amount for a sentence."""
    return f"{money.amount} {money.currency}" if money else "?"
