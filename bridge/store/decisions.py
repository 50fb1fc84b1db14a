"""What a person's decision says about buying an order at all. Pure.

It is kept beside the order, and from there the worker writes it on the Shopify order: a lost or restored
database must not buy what a person said no to.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.order.model import Choice, Decision
from bridge.order.records import OrderRecord, Transition
from bridge.order.states import Ignored, State

BY_PERSON = "person"  # the reason of an order that a person cancelled


def compute_decision(order: OrderRecord, change: Transition, who: str, now: datetime) -> Decision | None:
    """The decision that `change` by a person is, or None when it says nothing new about buying the order."""
    held = change.values.get("held_at", order.held_at) is not None
    before = _compute_choice(order.state, order.reason, order.held_at is not None)
    after = _compute_choice(change.target, change.reason, held)
    if before is after and before is not Choice.OPEN:
        return None
    forbade = order.decision is not None and order.decision.is_forbidding
    if after is Choice.OPEN and before is Choice.OPEN and not forbade:
        return None
    # a clock that was set back makes no later word an earlier one
    later = order.decision.at + timedelta(microseconds=1) if order.decision else now
    return Decision(after, who, max(now, later))


def _compute_choice(state: State, reason: str | None, held: bool) -> Choice:
    if state is State.CANCELLED and reason == BY_PERSON:
        return Choice.CANCELLED
    if state is State.IGNORED and reason == Ignored.PERSON:
        return Choice.IGNORED
    return Choice.HELD if held and state in {State.RECEIVED, State.WAITING, State.ATTENTION} else Choice.OPEN
