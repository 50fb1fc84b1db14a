"""May this order be bought now? One pure rule of the order as read now, the record, the policy and the clock.

`match` asks it to show what an order waits for, and `place` asks it again, last of all, before each purchase: the
right to buy is never remembered. An order that was made before the bridge went live in its shop, that was first
seen in another mode, or that a rule names, is bought only when a person approves its very contents and address;
however word of it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.order.digests import compute_note_digest, compute_purchase_digest
from bridge.order.model import FulfillmentOrder, Ledger, Mode, PrintItem, ShopOrder
from bridge.order.policy import GoLive, PaymentPolicy, Policy
from bridge.order.problems import Problem
from bridge.order.records import APPROVAL, OrderRecord
from bridge.order.states import Wait
from bridge.steps.approval import find_approval_reason
from bridge.steps.fraud_risk import (
    find_risk_wait,
    is_risk_code,
    is_worse_than_seen,
)
from bridge.steps.line_selection import (
    Blocked,
    Waiting,
)
from bridge.steps.payment import find_payment_wait, is_only_for_payment

DEARER = "dearer"
"""Among the reasons of an approval: it cost more than a person had approved, so that a person is asked again."""

ABOUT_THE_NOTE = frozenset({Problem.LEDGER_UNREADABLE, Problem.REFERENCE_TAKEN})
"""Problems of the note on the Shopify order. Each keeps the note's digest among its facts, and an answer counts for
the note with this digest alone."""

ANSWERS = (DEARER, *sorted(ABOUT_THE_NOTE))
"""What is kept of an approval that does not count any more: what was asked or answered about the order itself."""

NO_APPROVAL: dict[str, object] = {
    **dict.fromkeys(APPROVAL),
    **dict.fromkeys(("window_until", "window_for")),
}
"""An order that comes back to be bought: earlier approvals and the window of then do not count for it."""

ONE_QUESTION = frozenset(
    {
        *(Problem.LOCATION, Problem.NO_FULFILLMENT_ORDER, Problem.MOVED),
        *(Problem.ADDRESS_WRONG, Problem.ADDRESS_DOUBTFUL, Problem.POSTAL_CODE, Problem.NO_COURIER),
        *(Problem.LIMIT_ORDER, Problem.ABOVE_DAY_LIMIT, Wait.LIMIT_DAY, DEARER),
    }
)
"""What is asked of an order before, or after, all that `find_objection` asks: a yes to it is a yes to nothing else."""

NAME = "name:"  # what stands before a location's name where its id cannot be read


def find_objection(
    record: OrderRecord,
    order: ShopOrder,
    items: tuple[PrintItem, ...],
    policy: Policy,
    go_live: GoLive,
    now: datetime,
) -> Waiting | None:
    """What forbids buying `items` of this order now, most telling first; None = nothing does.

    An approval opens everything but a person's hold, and a suspicion of fraud that came after it; and payment only
    where that was the question. One that was
    given to that question alone, to a limit, or to where the order is sent from, opens nothing else but the
    approval window: whoever approves wants it ordered now.
    """
    approved = is_approval_valid(record, order, items, policy)
    payment = policy.payment.get(record.shop, PaymentPolicy())
    unpaid = find_payment_wait(order, payment, now, approved_for=record.approved_for if approved else None)
    if unpaid:
        return unpaid
    if record.held_at is not None:
        return Waiting(Wait.HELD, None)
    if approved and is_general_approval(record):
        worse = is_worse_than_seen(record.approved_for, order, policy.approval, now)
        return find_risk_wait(order, policy.approval, now) if worse else None
    if not approved and was_given_for(record, DEARER):
        return Waiting(Wait.APPROVAL, None, {"why": "it costs more now than when it was approved"})
    return (
        _check_go_live(record, order, policy, go_live)
        or _check_mode(record, order, policy, go_live)
        or find_risk_wait(order, policy.approval, now)
        or _check_approval_rule(order, policy)
    )


def is_approval_valid(
    record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...], policy: Policy
) -> bool:
    """Whether a person approved these very prints, sent to where they go now, in the mode that is in force."""
    return (
        record.approved_at is not None
        and record.approved_seen == compute_purchase_digest(items, order)
        and record.decided_mode in {None, policy.mode}
    )


def is_approved_for(
    record: OrderRecord, code: str, order: ShopOrder, items: tuple[PrintItem, ...], policy: Policy
) -> bool:
    """Whether the approval that holds was given when `code`, a reason or a problem, stood in the way."""
    return is_approval_valid(record, order, items, policy) and was_given_for(record, code)


def was_given_for(record: OrderRecord, code: str) -> bool:
    """Whether `code` stood in the way of a decision of a person, whatever it was about."""
    return code in (record.approved_for or "").split()


def format_note_code(problem: str, note: object) -> str:
    """What an answer to this problem of the note with this digest is kept as."""
    return f"{problem}:{note}"


def is_answered(record: OrderRecord, problem: str, ledger: Ledger) -> bool:
    """Whether a person answered this problem of the very note that is there now."""
    return was_given_for(record, format_note_code(problem, compute_note_digest(ledger)))


def is_general_approval(record: OrderRecord) -> bool:
    """Whether the approval was given to the order as a whole, and not only to its payment, a limit or a place."""
    codes = [code for code in (record.approved_for or "").split() if not is_risk_code(code)]
    given = [code for code in codes if code not in ONE_QUESTION]
    return (not codes or bool(given)) and not is_only_for_payment(" ".join(given))


def clear_approval(record: OrderRecord, *, dearer: bool = False) -> dict[str, Any]:
    """The values that end an approval. What a person answered about the order itself stays answered; `dearer` =
    it ends because of the cost, which stays a question whatever happens to the order meanwhile."""
    kept = [code for code in (record.approved_for or "").split() if code.partition(":")[0] in ANSWERS]
    kept += [DEARER] if dearer and DEARER not in kept else []
    return {**dict.fromkeys(APPROVAL), "approved_for": " ".join(kept) or None}


def _check_go_live(record: OrderRecord, order: ShopOrder, policy: Policy, go_live: GoLive) -> Waiting | None:
    """Decided by when the order was made alone: paid since, edited since, or found by whatever way."""
    start = policy.since.get(record.shop) or go_live.at
    return Waiting(Wait.BEFORE_GO_LIVE, None) if start is not None and order.created_at < start else None


def _check_mode(record: OrderRecord, order: ShopOrder, policy: Policy, go_live: GoLive) -> Waiting | None:
    """In live mode, an order of a rehearsal, or one that a person last let go on in a rehearsal."""
    if policy.mode is not Mode.LIVE:
        return None
    if record.origin == "was_test":
        return Waiting(Wait.WAS_TEST, None)
    modes = {record.first_mode, record.decided_mode} - {None, Mode.LIVE}
    if not modes and go_live.has_missed_rehearsal(order.created_at, record.first_seen_at):
        modes = {go_live.mode_before}
    if not modes:
        return None
    return Waiting(Wait.OTHER_MODE, None, {"mode": ", ".join(sorted(map(str, modes)))})


def _check_approval_rule(order: ShopOrder, policy: Policy) -> Waiting | None:
    why = find_approval_reason(order, policy.approval)
    return Waiting(Wait.APPROVAL, None, {"why": why}) if why else None


def compute_window_end(
    record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...], policy: Policy, now: datetime
) -> datetime | None:
    """Until when the approval window of these prints is open; None = it is over, or there is none.

    A window counts for what it was opened for (`compute_purchase_digest`): anything else opens a new one. It is closed
    whenever the shop is seen to take the order back from being bought (`_is_closing_window` in `match`).
    """
    if not policy.approval.delay or is_approval_valid(record, order, items, policy):
        return None
    same = record.window_until is not None and record.window_for == compute_purchase_digest(items, order)
    until = record.window_until if same and record.window_until else now + policy.approval.delay
    return until if now < until else None


def check_moved_lines(record: OrderRecord, order: ShopOrder, items: tuple[PrintItem, ...]) -> Blocked | None:
    """The question that a move asks: a printed line is to be sent from another location than the one where it
    was first matched. It stays a question until a person approves it or the line is back."""
    if not record.first_locations:
        return None
    first = {line: frozenset(places) for line, places in record.first_locations.items()}
    printed = {item.line_item_id for item in items}
    moved = [
        unit
        for unit in order.fulfillment_orders
        if any(
            row.remaining and row.line_item_id in printed and _is_elsewhere(unit, first.get(row.line_item_id))
            for row in unit.lines
        )
    ]
    if not moved:
        return None
    names = dict.fromkeys(unit.location_name or unit.location_id or "?" for unit in moved)
    return Blocked(Problem.MOVED, {"location": ", ".join(names)})


def _is_elsewhere(unit: FulfillmentOrder, first: frozenset[str] | None) -> bool:
    """A location is told by its id; by its name where the app may not read locations, now or then."""
    if not first or unit.location_id is None:
        return False
    ids = {mark for mark in first if not mark.startswith(NAME)}
    if ids and not unit.location_id.startswith(NAME):
        return unit.location_id not in ids
    return _format_name_mark(unit) not in first


def _format_name_mark(unit: FulfillmentOrder) -> str:
    return f"{NAME}{unit.location_name}"


def collect_first_locations(
    order: ShopOrder,
    items: tuple[PrintItem, ...],
    known: Mapping[str, list[str]] | None,
    *,
    anew: bool = False,
) -> dict[str, list[str]]:
    """By printed line: the marks of the locations where it was first matched. Lines that are known keep what is
    known of them, unless `anew`: a person accepted where they are now."""
    found: dict[str, list[str]] = (
        {} if anew else {line: list(places) for line, places in (known or {}).items()}
    )
    fresh = {item.line_item_id for item in items} - found.keys()
    for unit in order.fulfillment_orders:
        for row in unit.lines:
            if row.line_item_id in fresh and row.remaining and unit.location_id:
                marks = found.setdefault(row.line_item_id, [])
                marks += [mark for mark in (unit.location_id, _format_name_mark(unit)) if mark not in marks]
    return found
