"""What a person can do with an order, as buttons and commands offer it: one list for console and terminal.

What follows from each is in `transitions`. An action is available if its decision fits the order as it is; so a
button that is shown works, unless the order moves on in the meantime, which is then said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, Protocol

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.errors import BridgeError
from bridge.order.authors import format_person
from bridge.order.model import Money
from bridge.order.records import Facts, OrderRecord, Transition

Role = Literal["operator", "owner"]

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # when a decision is only tried, its time does not matter


def never_at_stake(record: OrderRecord) -> bool:
    return False


def always_at_stake(record: OrderRecord) -> bool:
    return True


def is_unbought(record: OrderRecord) -> bool:
    return not transitions.is_bought(record)


@dataclass(frozen=True, slots=True)
class Action:
    """`sentence` says what will happen, `done` what has. `at_stake` tells whether it may spend money, so
    that it is confirmed first. With `asks`, a person has to say something along: Sculpteo's reference."""

    name: str
    label: str
    sentence: str
    done: str
    decide: Callable[..., Transition]
    at_stake: Callable[[OrderRecord], bool] = never_at_stake
    role: Role = "operator"
    asks: Literal["reference"] | None = None

    def build_change(self, record: OrderRecord, who: str, now: datetime, reference: str = "") -> Transition:
        """What follows. Raises NotNow when the decision does not fit the order as it is."""
        if self.asks is None:
            return self.decide(record, who, now)
        return self.decide(record, who, now, reference)

    def is_available(self, record: OrderRecord) -> bool:
        return self.find_refusal(record) is None

    def find_refusal(self, record: OrderRecord) -> NotNow | None:
        """Why the decision does not fit the order as it is; None = it does."""
        try:
            self.build_change(record, "", SOME_TIME)
        except NotNow as error:
            return error
        return None


ACTIONS: tuple[Action, ...] = (
    Action(
        "approve",
        "Approve",
        "It is ordered without waiting for anything that a person may decide. A hold in Shopify and the stop "
        "switch still count. Payment does too, unless it is said here that the order is not paid yet.",
        "Approved.",
        transitions.approve_order,
        always_at_stake,
    ),
    Action(
        "retry",
        "Try again",
        "It is looked at again now, and goes on if nothing speaks against it. What is bought already is not "
        "bought again.",
        "It is tried again.",
        transitions.retry_order,
        is_unbought,
    ),
    Action(
        "placed_as",
        "Sculpteo has it",
        "It counts as ordered under this reference, and is followed from there. Nothing is ordered again.",
        "It counts as ordered.",
        transitions.resolve_as_placed,
        asks="reference",
    ),
    Action(
        "adopt",
        "Take over Sculpteo's order",
        "What Sculpteo makes for it counts as ordered, and is followed. Nothing is ordered again.",
        "It counts as ordered.",
        transitions.adopt_purchase,
    ),
    Action(
        "not_placed",
        "Sculpteo does not have it: order it",
        "It is ordered again. If Sculpteo has it after all, it is printed and billed twice.",
        "It is ordered again.",
        transitions.resolve_as_not_placed,
        always_at_stake,
    ),
    Action(
        "drop",
        "Sculpteo does not have it: cancel it",
        "It counts as never ordered, and is not ordered again.",
        "It is cancelled.",
        transitions.drop_order,
    ),
    Action(
        "print_again",
        "Print it again",
        "It is ordered and billed anew, since Sculpteo cancelled it. First make sure that they did.",
        "It is ordered again.",
        transitions.print_again,
        always_at_stake,
    ),
    Action(
        "hold",
        "Hold",
        "It is not ordered until somebody releases or approves it.",
        "On hold.",
        transitions.hold_order,
    ),
    Action(
        "release",
        "Release",
        "The hold ends; it is ordered if nothing else speaks against it.",
        "Released.",
        transitions.release_order,
        always_at_stake,
    ),
    Action(
        "resend",
        "Send tracking to the shop again",
        "The shop is read, and told of each parcel that it does not have. Customers are told as configured.",
        "The shop is told of what it lacks.",
        transitions.resend_tracking,
    ),
    Action(
        "handled",
        "Mark as handled",
        "The shop is not told of its parcels, and the order counts as done. For a parcel that the shop cannot "
        "take any more, once you have seen to it yourself.",
        "It counts as done.",
        transitions.mark_handled,
    ),
    Action(
        "cancel",
        "Cancel",
        "It is not ordered. Nothing changes in Shopify. It can be reopened.",
        "Cancelled.",
        transitions.cancel_order,
    ),
    Action(
        "ignore",
        "Never print it",
        "It is not printed, whatever changes in the shop. It can be reopened.",
        "It is not printed.",
        transitions.ignore_order,
    ),
    Action(
        "reopen",
        "Reopen",
        "It is read from the shop and matched again, and ordered if nothing speaks against it.",
        "Reopened.",
        transitions.reopen_order,
        always_at_stake,
    ),
)

BY_NAME = {action.name: action for action in ACTIONS}


def list_available_actions(record: OrderRecord) -> tuple[Action, ...]:
    """What a person can do with the order as it is, the most likely first."""
    return tuple(action for action in ACTIONS if action.is_available(record))


class Deciding(Protocol):
    """The verb of the store by which a person's decision is written."""

    async def apply_decision(self, order: OrderRecord, change: Transition, who: str) -> None: ...


class AuditLog(Protocol):
    """The log of what people did."""

    async def record_action(
        self, who: str, action: str, outcome: str, *, order: int | None = None,
        address: str | None = None, facts: Facts | None = None,
    ) -> None: ...  # fmt: skip


async def perform_action(
    action: Action,
    record: OrderRecord,
    who: str,
    now: datetime,
    orders: Deciding,
    log: AuditLog,
    *,
    reference: str = "",
    cost: Money | None = None,
    address: str | None = None,
) -> None:
    """Do it to the order as the person saw it, and note it in the log of deeds, also when it is refused.

    Raises NotNow when it does not fit, StaleDecision when the order moved on since, NeedsPerson when another
    order has the reference. `cost` is what the person was told that the prints cost: an approval counts for it,
    too. `address` is where the person is, for the log.
    """
    facts = {"reference": reference} if reference else {}
    try:
        change = action.build_change(record, format_person(who), now, reference)
        if cost is not None and "approved_at" in change.values:
            change = replace(change, values={**change.values, "cost": cost})
        await orders.apply_decision(record, change, who)
    except BridgeError as error:
        facts["why"] = str(error)
        await log.record_action(who, action.name, "refused", order=record.key, address=address, facts=facts)
        raise
    await log.record_action(who, action.name, "done", order=record.key, address=address, facts=facts)
