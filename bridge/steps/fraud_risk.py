"""Whether Shopify's fraud analysis lets an order be bought. Pure.

Shopify rates an order within minutes, as far as it rates it at all: orders paid by other means, drafts and
some shops' orders are never rated. So "not rated yet" is believed for an hour; after it a person is asked, or
the order is bought where the setting `approval.unrated` says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.order.model import ShopOrder
from bridge.order.policy import ApprovalPolicy
from bridge.order.states import Wait
from bridge.steps.line_selection import Waiting

HELD_RECHECK = timedelta(hours=1)
RATED_WITHIN = timedelta(hours=1)  # of when the order was made
SOON = timedelta(minutes=10)
RECHECK_SOON, RECHECK_LATER = timedelta(minutes=1), timedelta(minutes=5)
HARMLESS = frozenset({"MEDIUM", "LOW", "NONE", None})
NOT_RATED = "PENDING"
SAYS_NOTHING = "nothing yet"
CODE = "risk:"  # before the rating that was seen, among the reasons that an approval was given for


def find_risk_wait(order: ShopOrder, rule: ApprovalPolicy, now: datetime) -> Waiting | None:
    """Why the order has to wait; None = it need not. A level that we do not know counts as high."""
    if not rule.hold_high_risk or order.risk in HARMLESS:
        return None
    if order.risk != NOT_RATED:
        return Waiting(Wait.RISK, now + HELD_RECHECK, {"risk": (order.risk or "").lower()})
    age = now - order.created_at
    if age < RATED_WITHIN:
        return Waiting(Wait.UNRATED, now + (RECHECK_SOON if age < SOON else RECHECK_LATER))
    return Waiting(Wait.RISK, now + HELD_RECHECK, {"risk": SAYS_NOTHING}) if rule.hold_unrated else None


def format_risk_code(order: ShopOrder | None) -> str:
    """What an approval keeps of the rating that its maker saw."""
    return f"{CODE}{(order.risk if order else None) or 'none'}"


def is_risk_code(code: str) -> bool:
    return code.startswith(CODE)


def is_worse_than_seen(
    approved_for: str | None, order: ShopOrder, rule: ApprovalPolicy, now: datetime
) -> bool:
    """Whether Shopify has rated the order as risky since a person approved it, who saw another rating."""
    wait = find_risk_wait(order, rule, now)
    seen = [code for code in (approved_for or "").split() if is_risk_code(code)]
    return (
        wait is not None and wait.reason is Wait.RISK and bool(seen) and format_risk_code(order) not in seen
    )
