"""What the shop takes back: before anything is bought it stops the order, afterwards it is an alarm.

Sculpteo has no cancel call; its support can cancel only while an order is queuing. So once the request has
left, the bridge can do no more than tell the merchant at once, in plain words.
"""

from __future__ import annotations

import hashlib

from bridge.order.digests import normalize_address
from bridge.order.model import PrintItem, ShopOrder
from bridge.order.problems import Alarm
from bridge.order.records import Facts
from bridge.steps.payment import is_farther

TAKEN_BACK = {"REFUNDED": "refunded", "VOIDED": "voided"}
"""An expired payment is not among them: nobody took the order back, and it may be paid in another way."""


def find_withdrawal_reason(order: ShopOrder) -> str | None:
    """Why the order is not to be bought any more: cancelled, refunded, voided. None = it still is."""
    if order.cancelled_at is not None:
        return "cancelled"
    return TAKEN_BACK.get(order.financial_status or "")


def collect_change_alarms(
    before: ShopOrder | None, now: ShopOrder, items: tuple[PrintItem, ...], reference: str | None
) -> tuple[tuple[Alarm, Facts], ...]:
    """What changed in the shop between what was bought (`before`) and `now`, as alarms. Where nobody knows any more
    what the order was then, that it is taken back counts as a change all the same."""
    if before is None:
        return collect_withdrawal_alarms(now, reference)
    alarms: list[tuple[Alarm, Facts]] = []
    told: dict[str, object] = {"reference": reference or "?"}
    if now.cancelled_at is not None and before.cancelled_at is None:
        return (
            (Alarm.CANCELLED_AFTER_PLACING, told),
        )  # it refunds and empties the order too: one alarm says it
    refunded = now.refunded_total.amount if now.refunded_total else 0
    refunded_before = before.refunded_total.amount if before.refunded_total else 0
    if refunded > refunded_before:
        alarms.append((Alarm.REFUNDED_AFTER_PLACING, {**told, "amount": str(refunded)}))
    if is_farther(before, now):
        alarms.append((Alarm.UNPAID_AFTER_PLACING, {**told, "payment": now.financial_status or "PENDING"}))
    edited = _describe_edits(before, now, items)
    if edited:
        alarms.append((Alarm.EDITED_AFTER_PLACING, {**told, "what": edited}))
    if before.address is not None and normalize_address(now.address) != normalize_address(before.address):
        # a second change is told again, so the alarm tells addresses apart, without holding any of them
        which = hashlib.sha256(f"{now.id} {normalize_address(now.address)}".encode()).hexdigest()[:8]
        alarms.append((Alarm.ADDRESS_AFTER_PLACING, {**told, "which": which}))
    return tuple(alarms)


def collect_withdrawal_alarms(order: ShopOrder, reference: str | None) -> tuple[tuple[Alarm, Facts], ...]:
    """The alarm for an order that is found bought when the shop has taken it back already."""
    match find_withdrawal_reason(order):
        case None:
            return ()
        case "cancelled":
            return ((Alarm.CANCELLED_AFTER_PLACING, {"reference": reference or "?"}),)
        case "voided":
            return ((Alarm.UNPAID_AFTER_PLACING, {"reference": reference or "?", "payment": "VOIDED"}),)
        case _:
            amount = str(order.refunded_total.amount) if order.refunded_total else "?"
            return ((Alarm.REFUNDED_AFTER_PLACING, {"reference": reference or "?", "amount": amount}),)


def _describe_edits(before: ShopOrder, now: ShopOrder, items: tuple[PrintItem, ...]) -> str:
    """Added and removed units of the printed lines and of new lines: "+2 RING-S, -1 MUG"."""
    printed = {item.line_item_id for item in items}
    old = {line.id: line for line in before.lines}
    new = {line.id: line for line in now.lines}
    changes = []
    for line_id in [*old, *(line_id for line_id in new if line_id not in old)]:
        if line_id in old and line_id not in printed:
            continue
        line = new.get(line_id) or old[line_id]
        was = old[line_id].current_quantity if line_id in old else 0
        is_now = new[line_id].current_quantity if line_id in new else 0
        if is_now != was:
            changes.append(f"{is_now - was:+d} {line.sku or line.title}")
    return ", ".join(changes)
