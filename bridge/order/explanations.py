"""In plain words: why an order stands where it stands, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from bridge.order.problems import Problem, fill_sentence, find_text
from bridge.order.reason_codes import translate_reason
from bridge.order.spelling import describe_near
from bridge.order.states import IGNORED, MEANING, WAIT_REMEDIES, WAITS, Ignored, State, Wait
from bridge.order.wording import translate_facts

CANCELLED = {
    "cancelled": "The order was cancelled in the shop before anything was bought.",
    "refunded": "The order was refunded before anything was bought.",
    "voided": "The payment was voided before anything was bought.",
    "expired": "The payment expired before anything was bought.",
    "person": "A person cancelled it before anything was bought.",
}

ADDRESS_CHECKS = {
    "NO_ISSUES": "Shopify has checked it and finds nothing wrong.",
    "WARNING": "Shopify has checked it and says that something in it may be wrong.",
    "ERROR": "Shopify has checked it and says that it is very likely wrong.",
}
NOT_CHECKED = "Shopify has not checked it."

DONE = {"handled": "A person has seen to it; the shop was not told of every parcel."}

WINDOW_UNTIL = "The approval window is open: it is ordered on {at}, unless somebody stops it."
MAY_HAVE = "Sculpteo may or may not have it: {why}."
UNKNOWN_REMEDY = "Look for it at Sculpteo. Then: `sculpteo-bridge orders resolve {name} --placed-as REFERENCE`, or `--not-placed`."


NEXT: dict[State, str] = {
    State.RECEIVED: "It is read from the shop and matched with your designs.",
    State.WAITING: "It is looked at again, and ordered if nothing speaks against it any more.",
    State.PLACING: "If the request has not left, it is gone on with; else what is on record decides.",
    State.PLACED: "Sculpteo is asked how far it is.",
    State.SHIPPED: "Sculpteo is asked again, and new parcels are brought to the shop.",
    State.DONE: "Sculpteo is asked whether one more parcel has appeared.",
    State.UNKNOWN: "It is looked for evidence that Sculpteo has it.",
    State.ATTENTION: "It is looked at again, whether the cause is gone.",
    State.IGNORED: "It is looked at again, whether something of it is to be printed.",
    State.CANCELLED: "It is looked for evidence that came late.",
}
NOTHING_NEXT = "Nothing happens by itself, until there is news from the shop, from Sculpteo or from a person."


Translate = Callable[[str], str]


def to_english(sentence: str) -> str:
    return sentence


def translate_with_reasons(facts: Mapping[str, Any], t: Translate) -> dict[str, Any]:
    """The facts of a sentence, those that are words themselves in the words of `t`."""
    words = {name: translate_reason(facts[name], t) for name in ("why", "risk", "reason") if name in facts}
    return translate_facts({**facts, **words}, t)


def describe_state(
    state: State,
    reason: str | None,
    problem: str | None,
    facts: Mapping[str, Any],
    t: Translate = to_english,
    *,
    window_until: str | None = None,
) -> str:
    """One sentence on the order's present state. `t` translates the sentence before it is filled. `window_until` is
    when the approval window ends, as the reader writes times."""
    told = translate_with_reasons(facts, t)
    match state:
        case State.WAITING if reason == Wait.WINDOW and window_until:
            return fill_sentence(t(WINDOW_UNTIL), {"at": window_until})
        case State.WAITING | State.SHIPPED if reason in set(Wait):
            return fill_sentence(t(WAITS[Wait(reason)]), told)
        case State.IGNORED if reason in set(Ignored):
            return fill_sentence(t(IGNORED[Ignored(reason)]), told)
        case State.CANCELLED if reason in CANCELLED:
            return t(CANCELLED[reason])
        case State.DONE if reason in DONE:
            return t(DONE[reason])
        case State.ATTENTION if problem in set(Problem):
            sentence = fill_sentence(t(find_text(Problem(problem), facts).sentence), told)
            return " ".join(filter(None, (sentence, describe_near(facts, t))))
        case State.UNKNOWN if "why" in told:
            return fill_sentence(t(MAY_HAVE), told)
        case _:
            return t(MEANING[state])


def describe_address_check(verdict: str | None) -> str:
    """What Shopify's own check says of the shipping address; an unknown verdict is shown as it is."""
    if verdict is None:
        return NOT_CHECKED
    return ADDRESS_CHECKS.get(verdict, verdict)


def describe_next_step(state: State, due: bool, t: Translate = to_english) -> str:
    """What the bridge does next of itself: at the order's due time, or when there is news."""
    return t(NEXT[state] if due else NOTHING_NEXT)


def describe_remedy(
    state: State,
    problem: str | None,
    facts: Mapping[str, Any],
    name: str,
    t: Translate = to_english,
    *,
    reason: str | None = None,
) -> str | None:
    """What a person can do, where it needs one. `reason` is what a waiting order waits for."""
    told = {**facts, "name": shlex.quote(name.lstrip("#"))}  # a shell takes what follows a # for a comment
    if state is State.ATTENTION and problem in set(Problem):
        return fill_sentence(t(find_text(Problem(problem), facts).remedy), told)
    if state is State.WAITING and reason in set(WAIT_REMEDIES):
        return fill_sentence(t(WAIT_REMEDIES[Wait(reason)]), told)
    if state is State.UNKNOWN:
        return fill_sentence(t(UNKNOWN_REMEDY), told)
    return None
