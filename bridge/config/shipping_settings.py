"""How Sculpteo ships an order, by the name of the shipping rate that the customer chose. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.config.patterns import compute_specificity, is_match
from bridge.config.settings import Shipping
from bridge.config.types import ShipMethod
from bridge.order.model import ShopOrder
from bridge.order.spelling import fold_case

QUICK_COUNTRY = "FR"
"""Sculpteo's `quick` is Colissimo within France: https://www.sculpteo.com/ "Ordering designs via API"."""


@dataclass(frozen=True, slots=True)
class ShippingChoice:
    """`method` is what Sculpteo is told, None = its cheapest; `why` is a sentence for people."""

    method: str | None
    why: str


def select_shipping(shipping: Shipping, order: ShopOrder) -> ShippingChoice:
    """The first rate of the order that a rule names decides; by several rules, the most specific one."""
    for line in order.shipping_lines:
        rule = _find_rule(shipping, line.title)
        if rule is not None:
            named = f"the shipping rate “{line.title}” fits “{rule}”"
            return _resolve_choice(shipping.by_rate[rule], named, order)
    return _resolve_choice(shipping.default, "no rule names its shipping rate, so the default holds", order)


def select_ship_method(shipping: Shipping, order: ShopOrder) -> str | None:
    """ "express" or "quick"; None = Sculpteo's cheapest."""
    return select_shipping(shipping, order).method


def _find_rule(shipping: Shipping, title: str) -> str | None:
    wanted = fold_case(title)
    fitting = [pattern for pattern in shipping.by_rate if is_match(fold_case(pattern), wanted)]
    # of equally specific rules the first in the file
    return max(fitting, key=lambda pattern: compute_specificity(fold_case(pattern)), default=None)


def _resolve_choice(method: ShipMethod, why: str, order: ShopOrder) -> ShippingChoice:
    if method == "cheapest":
        return ShippingChoice(None, f"{why}: cheapest")
    country = ((order.address.country_code if order.address else None) or "").strip().upper()
    if method == "quick" and country != QUICK_COUNTRY:
        return ShippingChoice(
            None, f"{why}: quick; but it goes to France only, so the cheapest takes its place"
        )
    return ShippingChoice(method, f"{why}: {method}")
