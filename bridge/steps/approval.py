"""Whether a person must approve an order before it is bought. Pure; `match` asks, and `place` asks again."""

from __future__ import annotations

from bridge.order.model import Money, ShopOrder
from bridge.order.policy import ApprovalPolicy
from bridge.order.spelling import fold_case


def find_approval_reason(order: ShopOrder, rule: ApprovalPolicy) -> str | None:
    """Why a person must approve, or None. What a rule cannot be judged by is no reason to pass it."""
    if rule.manual:
        return "every order is approved by a person"
    wanted = {fold_case(tag) for tag in rule.tags}
    tagged = [tag for tag in order.tags if fold_case(tag) in wanted]
    if tagged:
        return f"it has the tag {tagged[0]}"
    return (
        _check_total(order, rule.above)
        or _check_country(order, rule.countries)
        or _check_customer(order, rule)
    )


def _check_total(order: ShopOrder, above: Money | None) -> str | None:
    """The total as it was ordered or as it is after edits, whichever is more."""
    if above is None:
        return None
    limit = f"{above.amount} {above.currency}"
    totals = [total for total in (order.total, order.current_total) if total is not None]
    if not totals:
        return f"its total is not known, so it may be above {limit}"
    other = next((total.currency for total in totals if total.currency != above.currency), None)
    if other:
        return f"its total is in {other}, which cannot be compared with {limit}"
    return f"its total is above {limit}" if max(total.amount for total in totals) > above.amount else None


def _check_country(order: ShopOrder, countries: frozenset[str]) -> str | None:
    if not countries:
        return None
    code = order.address.country_code if order.address else None
    if not code:
        return "it is not known to which country it goes"
    return f"it goes to {code.upper()}" if code.upper() in countries else None


def _check_customer(order: ShopOrder, rule: ApprovalPolicy) -> str | None:
    if not rule.first_order:
        return None
    if order.customer_orders is None:
        return "it is not known whether the customer has ordered before"
    return "it is the customer's first order" if order.customer_orders <= 1 else None
