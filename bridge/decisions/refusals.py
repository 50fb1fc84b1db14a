"""Why a decision does not fit an order: what is true of the order as it is, and what can be done instead.

Whoever repeats a decision is told that it holds already; whoever comes too late is told how far the order is. The
sentences are English and are translated when they are shown.
"""

from __future__ import annotations

from enum import StrEnum

from bridge.errors import BridgeError
from bridge.order.explanations import Translate
from bridge.order.problems import fill_sentence
from bridge.order.records import Facts, OrderRecord
from bridge.order.states import State
from bridge.order.wording import translate_facts


class NotNow(BridgeError):
    """The decision does not fit the order as it is; the text says why, and what can be done instead.

    `already` = what was decided is so, since somebody decided it before.
    """

    def __init__(
        self, sentence: str, *, already: bool = False, facts: Facts | None = None, **more: object
    ) -> None:
        self.sentence = sentence
        self.facts = {**(facts or {}), **more}
        super().__init__(fill_sentence(sentence, self.facts))
        self.already = already

    def render_sentence(self, t: Translate) -> str:
        """The sentence in the words of `t`."""
        return fill_sentence(t(self.sentence), translate_facts(self.facts, t))


class Wish(StrEnum):
    """What a person wants done with an order."""

    APPROVE = "approve"
    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    PRINT_AGAIN = "print_again"
    RESEND = "resend"
    HANDLED = "handled"
    IGNORE = "ignore"
    CANCEL = "cancel"
    REOPEN = "reopen"
    MAP = "map"
    ADOPT = "adopt"
    PLACED_AS = "placed_as"
    NOT_PLACED = "not_placed"
    DROP = "drop"


ALREADY: dict[tuple[Wish, State], str] = {
    (Wish.CANCEL, State.CANCELLED): "{order} is cancelled already.",
    (Wish.DROP, State.CANCELLED): "{order} is cancelled already.",
    (Wish.IGNORE, State.IGNORED): "{order} is marked as not printed already.",
    (Wish.HANDLED, State.DONE): "{order} is done already.",
    (Wish.PLACED_AS, State.PLACED): "{order} counts as ordered already, as {reference}.",
    (Wish.PLACED_AS, State.SHIPPED): "{order} counts as ordered already, as {reference}.",
    (Wish.PLACED_AS, State.DONE): "{order} counts as ordered already, as {reference}.",
    (Wish.ADOPT, State.PLACED): "{order} counts as ordered already, as {reference}.",
    (Wish.ADOPT, State.SHIPPED): "{order} counts as ordered already, as {reference}.",
    (Wish.ADOPT, State.DONE): "{order} counts as ordered already, as {reference}.",
}
"""What a repeated decision finds."""

HELD = "{order} is on hold already."
NOT_HELD = "{order} is not on hold."
IS_OPEN = "{order} is open already: it is neither cancelled nor marked as not printed."
APPROVED = "{order} was approved already, by {who}."

STOPS = frozenset({Wish.CANCEL, Wish.IGNORE})
RESOLVES = frozenset({Wish.NOT_PLACED, Wish.DROP})

HAS_IT = "Sculpteo has {order} already, as {reference}."
TO_STOP = "Sculpteo has {order} already, as {reference}: only their support can stop it, while it is queuing."
MAY_HAVE_IT = "Sculpteo may have {order}: say first whether they have it."
ONLY: dict[Wish, str] = {
    Wish.PRINT_AGAIN: "Only an order that Sculpteo cancelled, or took as a test, can be printed again; {order} is not one.",
    Wish.RESEND: "No parcel of {order} is known, so there is nothing to tell the shop.",
    Wish.HANDLED: "Only an order whose parcel the shop refuses can be marked as handled; {order} is not one.",
    Wish.ADOPT: "Sculpteo is not known to have another order for {order}.",
    Wish.PLACED_AS: "Only for an order whose outcome is unknown can you say whether Sculpteo has it; {order} is not one.",
    Wish.NOT_PLACED: "Only for an order whose outcome is unknown can you say whether Sculpteo has it; {order} is not one.",
    Wish.DROP: "Only for an order whose outcome is unknown can you say whether Sculpteo has it; {order} is not one.",
}
"""Wishes that fit few orders, and which."""

AS_IT_IS: dict[State, str] = {
    State.RECEIVED: "{order} is being read from the shop: look again in a moment.",
    State.WAITING: "{order} waits and is not ordered yet.",
    State.PLACING: "{order} is being ordered in this moment: look again in a minute.",
    State.PLACED: HAS_IT,
    State.SHIPPED: "Sculpteo has shipped {order} already, as {reference}.",
    State.DONE: "{order} is done already.",
    State.UNKNOWN: MAY_HAVE_IT,
    State.ATTENTION: "{order} needs a person, and is not ordered before its problem is solved.",
    State.CANCELLED: "{order} is cancelled: reopen it first.",
    State.IGNORED: "{order} is marked as not printed: reopen it first.",
}
"""How far an order is, for whoever wants something of it that does not fit."""

OVER: dict[State, str] = {
    State.CANCELLED: "{order} is cancelled, so it is not printed anyway.",
    State.IGNORED: "{order} is not printed anyway.",
}
"""For whoever wants to stop an order that is over."""

SENTENCES: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *ALREADY.values(),
            *(HELD, NOT_HELD, IS_OPEN, APPROVED, HAS_IT, TO_STOP, MAY_HAVE_IT),
            *ONLY.values(),
            *AS_IT_IS.values(),
            *OVER.values(),
        )
    )
)
"""All of them; each has a translation."""


def build_refusal(record: OrderRecord, wish: Wish) -> NotNow:
    """What to tell a person whose wish does not fit the order as it is."""
    already = ALREADY.get((wish, record.state))
    if wish is Wish.HOLD and record.held_at is not None and record.state in {State.WAITING, State.RECEIVED}:
        already = HELD
    if wish is Wish.REOPEN:
        already = IS_OPEN
    sentence = already or _find_refusal_sentence(record, wish)
    return NotNow(
        sentence, already=already is not None, order=format_order_name(record), reference=record.reference
    )


def format_order_name(record: OrderRecord) -> str:
    return record.name or record.order_id


def _find_refusal_sentence(record: OrderRecord, wish: Wish) -> str:
    if wish is Wish.RELEASE:
        return NOT_HELD
    if wish in ONLY and not (wish in RESOLVES and record.state is not State.ATTENTION):
        return ONLY[wish]
    if wish in STOPS | {Wish.HOLD} and record.state in OVER:
        return OVER[record.state]
    stoppable = record.state in {State.PLACED, State.ATTENTION} and record.reference is not None
    if wish in STOPS and stoppable:
        return TO_STOP
    if record.state is State.ATTENTION and record.reference is not None:
        return HAS_IT
    if record.state is State.ATTENTION and record.attempt is not None and record.attempt.sent_at is not None:
        return MAY_HAVE_IT
    return AS_IT_IS[record.state]
