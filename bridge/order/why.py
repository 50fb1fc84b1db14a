"""In plain words: why an order stands where it stands, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.order.problems import PROBLEMS, Problem, say
from bridge.order.states import IGNORED, MEANING, WAITS, Ignored, State, Wait

CANCELLED = {
    "cancelled": "The order was cancelled in the shop before anything was bought.",
    "refunded": "The order was refunded before anything was bought.",
    "voided": "The payment was voided before anything was bought.",
    "expired": "The payment expired before anything was bought.",
    "person": "A person cancelled it before anything was bought.",
}

UNKNOWN_REMEDY = "Look for it at Sculpteo. Then: `sculpteo-bridge orders resolve {name} --placed-as REFERENCE`, or `--not-placed`."


def why(state: State, reason: str | None, problem: str | None, facts: Mapping[str, Any]) -> str:
    """One sentence on the order's present state."""
    told = dict(facts)
    match state:
        case State.WAITING if reason in set(Wait):
            return say(WAITS[Wait(reason)], told)
        case State.IGNORED if reason in set(Ignored):
            return say(IGNORED[Ignored(reason)], told)
        case State.CANCELLED if reason in CANCELLED:
            return CANCELLED[reason]
        case State.ATTENTION if problem in set(Problem):
            return say(PROBLEMS[Problem(problem)].sentence, told)
        case State.UNKNOWN if "why" in told:
            return f"Sculpteo may or may not have it: {told['why']}."
        case _:
            return MEANING[state]


def remedy(state: State, problem: str | None, facts: Mapping[str, Any], name: str) -> str | None:
    """What a person can do, where it needs one."""
    if state is State.ATTENTION and problem in set(Problem):
        return say(PROBLEMS[Problem(problem)].remedy, {"name": name, **facts})
    if state is State.UNKNOWN:
        return say(UNKNOWN_REMEDY, {"name": name})
    return None
