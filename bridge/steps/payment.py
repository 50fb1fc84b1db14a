"""Whether the payment of an order is enough to buy its prints, by the shop's setting. Pure.

Sculpteo is owed for each print whether the customer pays or not. So what is not paid waits, and says so; a
person can have it bought all the same, but only by an approval that was given to the very question whether
to buy what is not paid.

https://shopify.dev/docs/api/admin-graphql/latest/enums/OrderDisplayFinancialStatus
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from bridge.order.model import ShopOrder
from bridge.order.policy import PaymentPolicy
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.steps.line_selection import Waiting

RECHECK = timedelta(hours=6)  # webhooks and reconciliation are quicker; this is the net below them

UNPAID_WAITS = frozenset({Wait.PAYMENT, Wait.UNPAID})
CODE = "unpaid:"  # before the payment's status, among the reasons that an approval was given for
NEARNESS = ("EXPIRED", "PENDING", "PARTIALLY_PAID", "AUTHORIZED")
"""How near the money is, the farthest first."""


def is_paid(order: ShopOrder) -> bool:
    """Whether the customer has paid in full. Money that the merchant gave back later was paid all the same: of
    an order with something still to pay, Shopify says PARTIALLY_PAID, whatever was given back of it. An order
    of which nothing is to be paid is paid."""
    totals = [total for total in (order.total, order.current_total) if total is not None]
    if order.fully_paid or (len(totals) == 2 and not any(total.amount for total in totals)):
        return True
    return order.financial_status == "PARTIALLY_REFUNDED"


def find_payment_wait(
    order: ShopOrder, policy: PaymentPolicy, now: datetime, *, approved_for: str | None
) -> Waiting | None:
    """Why the order has to wait for its payment; None = it need not. `approved_for`: what a person approved
    these very prints for, None where nobody did."""
    if is_paid(order):
        return None
    status = order.financial_status or "PENDING"
    if _is_payment_approved(approved_for, status):
        return None
    facts = {"payment": status, "why": _describe_payment(order, status)}
    if status == "EXPIRED" or policy.rule == "approve":  # no money comes by itself, or so the merchant says
        return Waiting(Wait.UNPAID, now + RECHECK, facts)
    if status != "AUTHORIZED" or policy.rule != "authorized":
        return Waiting(Wait.PAYMENT, now + RECHECK, facts)
    until = order.authorized_until
    if until is not None and until > now + policy.ships_within:
        return None
    why = "the payment is authorized, and Shopify does not say until when"
    if until is not None:
        why = f"the payment is authorized until {until:%Y-%m-%d %H:%M} UTC, and Sculpteo may not have shipped by then"
    return Waiting(Wait.UNPAID, now + RECHECK, {**facts, "why": why})


def is_farther(before: ShopOrder, now: ShopOrder) -> bool:
    """Whether the money for an order is farther away than it was: taken back, lapsed, or not confirmed after all.
    Money that the merchant gives back is told of as a refund, and what is owed for things that were added as an
    edit."""
    if now.financial_status in {"REFUNDED", "PARTIALLY_REFUNDED"}:
        return False
    if now.financial_status == "PARTIALLY_PAID" and _get_total(now) > _get_total(before):
        return False
    return _rank_payment(now) < _rank_payment(before)


def _get_total(order: ShopOrder) -> Decimal:
    total = order.current_total or order.total
    return total.amount if total else Decimal(0)


def _rank_payment(order: ShopOrder) -> int:
    """How near the money of an order was when it was read."""
    if order.financial_status == "VOIDED":
        return -1
    if is_paid(order):
        return len(NEARNESS)
    lapsed = order.authorized_until is not None and order.authorized_until <= order.read_at
    if order.financial_status == "PARTIALLY_PAID" and not lapsed:
        return _rank_status(
            "AUTHORIZED"
        )  # a part of it was captured, as where Shopify captures with each parcel
    return _rank_status("EXPIRED" if lapsed else order.financial_status or "PENDING")


def may_have_lapsed(bought: ShopOrder, seen_at: datetime | None, now: datetime) -> bool:
    """Whether the payment of an order that was bought before it was paid is to be looked at again: Shopify tells of no
    authorization that ends. `seen_at` = when the order was last looked after."""
    if is_paid(bought):
        return False
    until = bought.authorized_until
    if seen_at is None or (until is not None and seen_at < until <= now):
        return True
    return _compute_period(seen_at) != _compute_period(now)


def _compute_period(at: datetime) -> int:
    return int(at.timestamp() // RECHECK.total_seconds())


def collect_approval_codes(record: OrderRecord) -> list[str]:
    """What an approval of the order as it stands is given for. That it is not paid is among it only where
    that is what the person was asked."""
    codes = [record.reason or record.problem or ""]
    if is_unpaid(record):
        codes.append(f"{CODE}{record.facts.get('payment') or 'PENDING'}")
    return codes


def is_unpaid(record: OrderRecord) -> bool:
    """Whether the order waits for its payment, so that approving it means to buy what is not paid."""
    return record.state is State.WAITING and record.reason in UNPAID_WAITS


def is_only_for_payment(approved_for: str | None) -> bool:
    """Whether all that a person was asked is whether to buy what is not paid."""
    given = (approved_for or "").split()
    return bool(given) and all(code in UNPAID_WAITS or code.startswith(CODE) for code in given)


def _is_payment_approved(approved_for: str | None, status: str) -> bool:
    """Whether a person said yes when the money was as far away as it is now, or farther."""
    given = [code.removeprefix(CODE) for code in (approved_for or "").split() if code.startswith(CODE)]
    return any(_rank_status(one) <= _rank_status(status) for one in given)


def _rank_status(status: str) -> int:
    return NEARNESS.index(status) if status in NEARNESS else 0


def _describe_payment(order: ShopOrder, status: str) -> str:
    if status == "EXPIRED":
        return "the authorization of the payment has expired"
    if status == "AUTHORIZED":
        return "the payment is authorized and not captured"
    if status not in {"PENDING", "PARTIALLY_PAID", "PAID", "PARTIALLY_REFUNDED"}:
        return f"Shopify says “{status}” of the payment"
    so_far = "only a part is paid" if status == "PARTIALLY_PAID" else "the payment is pending"
    return f"the payment terms are {order.payment_terms}, and {so_far}" if order.payment_terms else so_far
