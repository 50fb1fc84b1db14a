"""What the prints of an order cost: asked of Sculpteo before anything is bought, where a limit needs to know."""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import NeedsPerson
from bridge.order.model import Mode, Money, PrintItem
from bridge.order.policy import Policy
from bridge.order.problems import Problem
from bridge.steps.context import StepRun


def is_price_needed(policy: Policy) -> bool:
    """Whether nothing is bought without a price being known."""
    return policy.mode is not Mode.PREVIEW and bool(policy.per_order or policy.per_day)


async def fetch_total_price(job: StepRun, items: tuple[PrintItem, ...]) -> Money:
    """What Sculpteo asks for all items, without shipping. Raises NeedsPerson("no_price"), and TryAgain when
    it cannot be asked."""
    currency = job.world.policy.currency
    total = Decimal(0)
    for item in items:
        quote = await job.world.printer.fetch_price(item.design, item.quantity, currency)
        if quote.total is None or quote.total.currency != currency:
            why = quote.problem or f"it answered in another currency than {currency}"
            raise NeedsPerson(Problem.NO_PRICE, designs=item.design.uuid, why=why)
        total += quote.total.amount
    return Money(total, currency)
