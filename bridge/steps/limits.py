"""What can still say no to an order that is ready: the stop switch, preview mode and the limit per order."""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import NeedsPerson
from bridge.order.model import Mode, Money, PrintItem
from bridge.order.problems import Problem
from bridge.order.states import Wait
from bridge.steps.job import Job
from bridge.steps.match import OF_COST, approved_for
from bridge.steps.select import Trouble, Waits


async def allowed(job: Job, items: tuple[PrintItem, ...]) -> tuple[Waits | Trouble | None, Money | None]:
    """What forbids to buy now, if anything does, and the cost where it is asked for."""
    policy, record = job.world.policy, job.record
    if await job.world.orders.paused(record.shop):
        return Waits(Wait.PAUSED, None), None
    cost: Money | None = None
    if policy.per_order or policy.per_day or policy.mode is Mode.PREVIEW:
        try:
            cost = await _cost(job, items)
        except NeedsPerson as error:
            if policy.mode is not Mode.PREVIEW:
                return Trouble(Problem(error.problem), error.facts), None
    if policy.mode is Mode.PREVIEW:
        return Waits(Wait.PREVIEW, None, {"cost": said(cost)}), cost
    for problem, limit in OF_COST.items():
        most = limit(policy)
        if most and cost and cost.amount > most.amount and not _approved_at(job, problem, items, cost):
            return Trouble(problem, {"cost": said(cost), "limit": said(most)}), cost
    return None, cost


def _approved_at(job: Job, problem: Problem, items: tuple[PrintItem, ...], cost: Money) -> bool:
    """Whether a person approved these prints at this cost, or a higher one."""
    known = job.record.cost
    return (
        approved_for(job.record, problem, items)
        and known is not None
        and known.currency == cost.currency
        and cost.amount <= known.amount
    )


def said(money: Money | None) -> str:
    """An amount for a sentence."""
    return f"{money.amount} {money.currency}" if money else "?"


async def _cost(job: Job, items: tuple[PrintItem, ...]) -> Money:
    """What Sculpteo asks for all items, without shipping. Raises NeedsPerson("no_price")."""
    currency = job.world.policy.currency
    total = Decimal(0)
    for item in items:
        quote = await job.world.printer.price(item.design, item.quantity, currency)
        if quote.total is None or quote.total.currency != currency:
            why = quote.problem or f"it answered in another currency than {currency}"
            raise NeedsPerson(Problem.NO_PRICE, designs=item.design.uuid, why=why)
        total += quote.total.amount
    return Money(total, currency)
