"""The states of an order and every move between them: the one table that all else is held to.

The store refuses a move that is not here, the diagram in the README is drawn from it, and a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    RECEIVED = "received"
    WAITING = "waiting"
    PLACING = "placing"
    PLACED = "placed"
    SHIPPED = "shipped"
    DONE = "done"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    CANCELLED = "cancelled"
    IGNORED = "ignored"


MEANING: dict[State, str] = {
    State.RECEIVED: "The shop told us of the order; it is about to be read and matched.",
    State.WAITING: "Matched; it waits for a named reason to end before anything is bought.",
    State.PLACING: "The intent to buy is on record; the request may have left.",
    State.PLACED: "Sculpteo has taken the order and its reference is known.",
    State.SHIPPED: "Sculpteo has shipped at least one parcel.",
    State.DONE: "Every parcel is in the shop and all printed lines are fulfilled.",
    State.UNKNOWN: "Sculpteo may or may not have the order. Nothing sends it again by itself.",
    State.ATTENTION: "A person is needed; the problem and its remedy are named.",
    State.CANCELLED: "Stopped before any money was spent.",
    State.IGNORED: "Nothing to print, for the reason named.",
}


@dataclass(frozen=True, slots=True)
class Move:
    source: State
    target: State
    by: str  # the step that makes it, or "person"
    sentence: str


S = State
MOVES: tuple[Move, ...] = (
    Move(S.RECEIVED, S.WAITING, "match", "Every line that is to be printed has a design."),
    Move(S.RECEIVED, S.ATTENTION, "match", "The order cannot be printed as it is."),
    Move(S.RECEIVED, S.IGNORED, "match", "Nothing in the order is for Sculpteo."),
    Move(S.RECEIVED, S.CANCELLED, "match", "The order was cancelled in the shop before it was matched."),
    Move(S.RECEIVED, S.PLACED, "match", "The order's own ledger says that Sculpteo has it already."),
    Move(
        S.RECEIVED, S.UNKNOWN, "match", "The order's own ledger holds an intent whose outcome is not known."
    ),
    Move(S.WAITING, S.PLACING, "place", "Nothing is left to wait for, and the intent to buy is on record."),
    Move(S.WAITING, S.ATTENTION, "place", "What is known now forbids placing it."),
    Move(S.WAITING, S.IGNORED, "place", "Nothing is left to print."),
    Move(S.WAITING, S.CANCELLED, "cancellation", "The order was cancelled before anything was bought."),
    Move(S.WAITING, S.PLACED, "place", "The order's own ledger says that Sculpteo has it already."),
    Move(S.WAITING, S.UNKNOWN, "place", "The order's own ledger holds an intent whose outcome is not known."),
    Move(S.PLACING, S.PLACED, "place", "Sculpteo answered with its reference."),
    Move(S.PLACING, S.UNKNOWN, "place", "The request may have reached Sculpteo and no clear answer came."),
    Move(S.PLACING, S.ATTENTION, "place", "Sculpteo refused the order, or what is known now forbids it."),
    Move(S.PLACING, S.WAITING, "place", "It is proven that nothing was sent; it will be tried again."),
    Move(
        S.PLACING,
        S.CANCELLED,
        "cancellation",
        "Cancelled in the shop, and it is proven that nothing was sent.",
    ),
    Move(S.PLACING, S.IGNORED, "place", "Nothing is left to print, and it is proven that nothing was sent."),
    Move(S.PLACED, S.SHIPPED, "track", "Sculpteo has shipped a parcel."),
    Move(
        S.PLACED, S.ATTENTION, "track", "Sculpteo stopped the order, or says something that we do not know."
    ),
    Move(S.PLACED, S.WAITING, "place", "It was placed as a test; in live mode it waits for a person."),
    Move(S.SHIPPED, S.DONE, "fulfill", "Every parcel is in the shop and all printed lines are fulfilled."),
    Move(S.SHIPPED, S.ATTENTION, "fulfill", "A parcel cannot be brought to the shop without a person."),
    Move(S.DONE, S.SHIPPED, "track", "One more parcel is to be brought to the shop."),
    Move(S.UNKNOWN, S.PLACED, "outcome_recovery", "It is confirmed that Sculpteo has the order."),
    Move(
        S.UNKNOWN,
        S.WAITING,
        "outcome_recovery",
        "A person confirmed, or it is proven, that Sculpteo does not have the order.",
    ),
    Move(
        S.UNKNOWN,
        S.CANCELLED,
        "outcome_recovery",
        "A person confirmed that Sculpteo does not have the order, and it is not wanted.",
    ),
    Move(S.ATTENTION, S.WAITING, "outcome_recovery", "The problem is gone; it is matched and checked anew."),
    Move(
        S.ATTENTION,
        S.RECEIVED,
        "outcome_recovery",
        "The order or the mapping changed; it is read and matched anew.",
    ),
    Move(S.ATTENTION, S.PLACED, "outcome_recovery", "Sculpteo goes on with the order."),
    Move(
        S.ATTENTION, S.SHIPPED, "outcome_recovery", "Sculpteo has shipped, or a parcel is to be tried again."
    ),
    Move(S.ATTENTION, S.DONE, "fulfill", "Every parcel is in the shop after all."),
    Move(S.ATTENTION, S.UNKNOWN, "outcome_recovery", "Evidence came up that Sculpteo may have the order."),
    Move(
        S.ATTENTION,
        S.IGNORED,
        "outcome_recovery",
        "A person decided not to print it, or nothing is left to print.",
    ),
    Move(S.ATTENTION, S.CANCELLED, "cancellation", "The order was cancelled before anything was bought."),
    Move(S.IGNORED, S.RECEIVED, "match", "The order or the mapping changed; it is read and matched anew."),
    Move(
        S.CANCELLED,
        S.RECEIVED,
        "outcome_recovery",
        "A person wants it after all, its payment came after all, or another database bought it.",
    ),
    Move(
        S.CANCELLED,
        S.PLACED,
        "outcome_recovery",
        "Sculpteo has the order after all, and a person takes it over.",
    ),
    Move(
        S.IGNORED,
        S.PLACED,
        "outcome_recovery",
        "Sculpteo has the order after all, and a person takes it over.",
    ),
)

ALLOWED: frozenset[tuple[State, State]] = frozenset((move.source, move.target) for move in MOVES)

OPEN = frozenset({S.RECEIVED, S.WAITING, S.PLACING, S.PLACED, S.SHIPPED, S.UNKNOWN, S.ATTENTION})


def is_move_allowed(source: State, target: State) -> bool:
    """Whether the table has this move. Staying in a state is always allowed."""
    return source == target or (source, target) in ALLOWED


class Wait(StrEnum):
    """Why an order is `waiting`. Each is named to the merchant with its due time."""

    PAYMENT = "payment"
    UNPAID = "unpaid"  # not paid, and only a person can say that it is bought all the same
    WINDOW = "window"  # the approval delay, in which an order can still be cancelled
    APPROVAL = "approval"
    HELD = "held"  # a person pressed hold
    SHOP_HOLD = "shop_hold"
    RISK = "risk"
    UNRATED = "unrated"  # Shopify's fraud analysis has not said anything yet
    ROUTING = "routing"
    SCHEDULED = "scheduled"
    PAUSED = "paused"
    PREVIEW = "preview"
    BEFORE_GO_LIVE = "before_go_live"
    WAS_TEST = "was_test"
    OTHER_MODE = "other_mode"
    UPSTREAM = "upstream"  # Shopify or Sculpteo is in trouble; tried again by itself
    LIMIT_DAY = "limit_day"  # the day's spending limit is used up
    RECHECK = "recheck"  # something came up in the moment of ordering; nothing was sent
    BOUGHT_ALREADY = "bought_already"  # Sculpteo shows a closed purchase of it as one that is made
    TEST_BILLED = "test_billed"  # Sculpteo shows a test order as a real one, and no person has seen to it


WAITS: dict[Wait, str] = {
    Wait.PAYMENT: "It is not paid yet: {why}.",
    Wait.UNPAID: "It is not paid yet: {why}. A person must approve it, or it goes on once it is paid.",
    Wait.WINDOW: "The approval window is open: it is ordered when the window ends, unless somebody stops it.",
    Wait.APPROVAL: "A person must approve it.",
    Wait.HELD: "A person put it on hold.",
    Wait.SHOP_HOLD: "Shopify holds its fulfillment: {reason}.",
    Wait.RISK: "Shopify's fraud analysis says {risk}; a person must approve it.",
    Wait.UNRATED: "Shopify's fraud analysis has not rated it yet; it goes on once it is rated as not high.",
    Wait.ROUTING: "Shopify has not made its fulfillment order yet.",
    Wait.SCHEDULED: "Shopify has scheduled its fulfillment for later.",
    Wait.PAUSED: "Placing is paused.",
    Wait.PREVIEW: "Preview mode: this is what would be ordered; nothing is sent.",
    Wait.BEFORE_GO_LIVE: "The order was made before the bridge went live in this shop; approve it if it is still to be printed.",
    Wait.WAS_TEST: "It was ordered as a test only; approve it if it is to be printed for real.",
    Wait.OTHER_MODE: "The bridge first saw the order in {mode} mode, as a rehearsal; approve it if it is to be printed for real.",
    Wait.UPSTREAM: "{upstream} did not answer as it should ({why}); it is tried again by itself.",
    Wait.LIMIT_DAY: "The spending limit of the day is reached; it goes on tomorrow, or approve it now.",
    Wait.RECHECK: "Nothing was sent yet, since {why}; it is looked at again by itself.",
    Wait.BOUGHT_ALREADY: "Sculpteo makes it already, as {reference}, so it is not ordered again: take that order over, or have Sculpteo's support cancel it.",
    Wait.TEST_BILLED: "Sculpteo treats a test order as a real one; nothing is ordered until a person has seen to it.",
}


FROM_BEFORE: tuple[Wait, ...] = (Wait.BEFORE_GO_LIVE, Wait.OTHER_MODE, Wait.WAS_TEST)
"""Going live: what the bridge finds there, which may have been made by hand or in a rehearsal, is asked for once."""

FOR_A_PERSON: tuple[Wait, ...] = (
    Wait.APPROVAL,
    Wait.RISK,
    Wait.UNPAID,
    *FROM_BEFORE,
    Wait.BOUGHT_ALREADY,
    Wait.TEST_BILLED,
)
"""What an order waits for that only a person decides; `held` is a person's own wish."""

WAIT_REMEDIES: dict[Wait, str] = {
    Wait.PAYMENT: "Wait for the payment, or approve it to order it before it is paid. If Shopify captures payments "
    "only when an order is fulfilled, each waits for the other: set `payment: authorized` for this shop.",
    Wait.UNPAID: "Approve it to order it before it is paid, or collect the payment in Shopify.",
    Wait.RISK: "Look at its fraud analysis in Shopify, then approve or cancel it. If Shopify rates no orders of "
    "your shop, set `approval.unrated: allow`.",
    Wait.UNRATED: "Wait for the rating: after an hour without one you are asked. Or approve it now.",
}
"""What a person can do about a wait where the sentence alone does not say it."""


class Ignored(StrEnum):
    """Why an order is `ignored`."""

    NOTHING_TO_PRINT = "nothing_to_print"  # no line is mapped; all are ignored by rule
    NOT_SHIPPED = "not_shipped"  # pickup, local delivery, digital: nothing is sent by post
    OTHER_LOCATION = "other_location"
    ALREADY_FULFILLED = "already_fulfilled"
    ARCHIVED = "archived"
    SHOP_TEST_ORDER = "shop_test_order"
    GONE = "gone"  # deleted in the shop, or older than the 60 days that an app may see
    PERSON = "person"


IGNORED: dict[Ignored, str] = {
    Ignored.NOTHING_TO_PRINT: "No line of it is printed by Sculpteo.",
    Ignored.NOT_SHIPPED: "Nothing of it is sent by post: {methods}.",
    Ignored.OTHER_LOCATION: "What would be printed is sent from another location: {locations}.",
    Ignored.ALREADY_FULFILLED: "All that would be printed is already fulfilled in the shop.",
    Ignored.ARCHIVED: "It is archived in Shopify; reopen it there if it is still to be printed.",
    Ignored.SHOP_TEST_ORDER: "Shopify marks it as a test order; in live mode such orders are never printed.",
    Ignored.GONE: "The shop does not show the order: it was deleted, or is older than the app may see.",
    Ignored.PERSON: "A person decided not to print it.",
}


def render_diagram() -> str:
    """The table as a Mermaid state diagram; the README holds it, and a test compares."""
    lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> {State.RECEIVED}"]
    lines += [f"    {move.source} --> {move.target}: {move.by}" for move in MOVES]
    lines += [f"    {state} --> [*]" for state in (State.DONE, State.CANCELLED, State.IGNORED)]
    return "\n".join(lines)
