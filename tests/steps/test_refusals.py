"""A decision that does not fit an order is refused with what is true of the order, and a repeated one with that."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bridge.decisions.actions import (
    ACTIONS,
    BY_NAME,
)
from bridge.decisions.refusals import SENTENCES
from bridge.i18n.formatter import (
    Formatter,
    build_formatter,
)
from bridge.order.model import Mode
from bridge.order.records import Attempt
from bridge.order.states import Ignored, State, Wait
from tests.steps.test_actions import ITEMS, KINDS
from tests.support.order_factories import NOW, record

SENT = Attempt(1, 1, 1, "a1", "token", Mode.LIVE, "v1", NOW, sent_at=NOW)
HAS = {"reference": "REF1", "attempt": SENT}


@pytest.mark.parametrize(
    ("action", "state", "more", "said"),
    [
        ("cancel", State.CANCELLED, {"reason": "person"}, "#1001 is cancelled already."),
        ("cancel", State.IGNORED, {"reason": Ignored.PERSON}, "#1001 is not printed anyway."),
        ("cancel", State.RECEIVED, {}, "#1001 is being read from the shop: look again in a moment."),
        ("cancel", State.PLACING, {}, "#1001 is being ordered in this moment: look again in a minute."),
        ("cancel", State.UNKNOWN, {"attempt": SENT}, "Sculpteo may have #1001: say first whether they have it."),
        ("cancel", State.PLACED, HAS, "Sculpteo has #1001 already, as REF1: only their support can stop it, while it is queuing."),
        ("cancel", State.SHIPPED, HAS, "Sculpteo has shipped #1001 already, as REF1."),
        ("cancel", State.DONE, HAS, "#1001 is done already."),
        ("ignore", State.IGNORED, {"reason": Ignored.PERSON}, "#1001 is marked as not printed already."),
        ("ignore", State.CANCELLED, {}, "#1001 is cancelled, so it is not printed anyway."),
        ("hold", State.WAITING, {"reason": Wait.HELD, "held_at": NOW}, "#1001 is on hold already."),
        ("hold", State.PLACED, HAS, "Sculpteo has #1001 already, as REF1."),
        ("release", State.WAITING, {"items": ITEMS}, "#1001 is not on hold."),
        ("reopen", State.RECEIVED, {}, "#1001 is open already: it is neither cancelled nor marked as not printed."),
        ("approve", State.CANCELLED, {}, "#1001 is cancelled: reopen it first."),
        ("approve", State.PLACED, HAS, "Sculpteo has #1001 already, as REF1."),
        ("retry", State.DONE, HAS, "#1001 is done already."),
        ("handled", State.DONE, HAS, "#1001 is done already."),
        ("drop", State.CANCELLED, {}, "#1001 is cancelled already."),
        ("not_placed", State.PLACED, HAS, "Sculpteo has #1001 already, as REF1."),
        ("placed_as", State.SHIPPED, HAS, "#1001 counts as ordered already, as REF1."),
    ],
)  # fmt: skip
def test_what_is_true_of_the_order_is_said(
    action: str, state: State, more: Mapping[str, object], said: str
) -> None:
    why_not = BY_NAME[action].find_refusal(record(state, name="#1001", **more))
    assert why_not is not None
    assert str(why_not) == said
    assert why_not.already is (
        ("already" in said and said.startswith("#1001 ") and "done" not in said) or action == "handled"
    )


def test_nothing_is_said_to_be_at_sculpteo_that_never_left() -> None:
    for order in KINDS:
        for action in ACTIONS:
            why_not = action.find_refusal(order)
            if why_not and order.attempt is None and order.reference is None and not order.closed:
                state = order.state
                assert "Sculpteo may have" not in str(why_not) or state is State.UNKNOWN, (action.name, state)
                assert "as None" not in str(why_not) or state in {State.PLACED, State.SHIPPED, State.DONE}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_each_refusal_is_told_in_french_too(sentence: str) -> None:
    french: Formatter = build_formatter("fr", None, None)
    assert french.translate(sentence) != sentence
