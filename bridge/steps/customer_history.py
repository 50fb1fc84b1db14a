"""Whether a customer has ordered before, for the approval rule `first_order`.

Shopify counts the customer's orders, this one among them. Of two orders that are placed within seconds both
see a count of two, so the count alone would let both pass. Therefore the others are looked at one by one: an
order counts as "before" only if something vouches for it.

- One that the bridge bought, or that a person approved, counts.
- One that the bridge has on record and has not bought does not: it waits for a person itself, or was stopped.
- One that was cancelled in the shop does not.
- Any other (nothing of it is printed, or the bridge has not heard of it) counts if it is at least a day older.
- One that Shopify counts but does not show to the app is older than the 60 days it may see: it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.errors import NeedsPerson
from bridge.order.model import CustomerOrder, ShopOrder
from bridge.steps.context import StepRun

OLD_ENOUGH = timedelta(days=1)


def count_orders_before(
    order: ShopOrder, seen: Sequence[CustomerOrder], trusted: Mapping[str, bool | None]
) -> int | None:
    """How many of the customer's other orders count as ordered before. None = not known. Pure.

    `seen` are the customer's orders as the shop shows them, `trusted` what `Orders.load_trust` says of them.
    """
    if order.customer_orders is None or not seen:
        return None
    others = [one for one in seen if one.id != order.id]
    doubtful = [one for one in others if not _is_earlier_order(one, order, trusted.get(one.id))]
    return max(order.customer_orders - 1 - len(doubtful), 0)


def _is_earlier_order(one: CustomerOrder, order: ShopOrder, trusted: bool | None) -> bool:
    if trusted is not None:
        return trusted
    return one.cancelled_at is None and order.created_at - one.created_at >= OLD_ENOUGH


async def with_customer_history(job: StepRun, order: ShopOrder) -> ShopOrder:
    """The order with `customer_orders` counting this one and those before it that count. Asks the shop only
    where the rule is in force and Shopify's own count would let the order pass. Raises TryAgain."""
    wanted = job.world.policy.approval.first_order
    if not wanted or order.customer_id is None or (order.customer_orders or 0) <= 1:
        return order
    try:
        seen = await job.shop.fetch_customer_orders(order.customer_id)
    except NeedsPerson:  # without read_customers: who cannot be judged is asked about
        return replace(order, customer_orders=None)
    trusted = await job.world.orders.load_trust(job.record.shop, [one.id for one in seen])
    before = count_orders_before(order, seen, trusted)
    return replace(order, customer_orders=None if before is None else before + 1)
