"""What of an order is a person's: names, addresses, e-mail, and what they wrote. Standard library only."""

from __future__ import annotations

from dataclasses import replace

from bridge.order.model import ShopOrder


def erased(order: ShopOrder) -> ShopOrder:
    """The order without personal data: lines, sums, fulfillments and times stay as proof."""
    units = tuple(
        replace(unit, holds=tuple(replace(hold, notes=None) for hold in unit.holds))
        for unit in order.fulfillment_orders
    )
    return replace(
        order,
        address=None,
        billing_address=None,
        email=None,
        customer_id=None,
        customer_name=None,
        note=None,
        attributes=(),
        lines=tuple(replace(line, attributes=()) for line in order.lines),
        fulfillment_orders=units,
    )
