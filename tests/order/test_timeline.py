"""The timeline says in words all that the code writes into it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bridge
from bridge.order.authors import NOT_KEPT
from bridge.order.states import MOVES, State
from bridge.order.timeline import KINDS, describe_event

SOURCES = [
    path
    for part in ("steps", "decisions", "store")
    for path in (Path(bridge.__file__).parent / part).rglob("*.py")
]
SOURCES.append(Path(bridge.__file__).parent / "runtime" / "worker.py")


def written_kinds() -> set[str]:
    """The kinds in `TimelineEntry("kind", ...)`, `record_event(c, order, at, "kind", ...)`, `mark_placed(job, ref, "kind")`."""
    where = {"TimelineEntry": 0, "record_event": 3, "mark_placed": 2}
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in where or len(node.args) <= where[name]:
                continue
            kinds = [one for one in ast.walk(node.args[where[name]]) if isinstance(one, ast.Constant)]
            found |= {one.value for one in kinds if isinstance(one.value, str)}
    return found


def test_every_kind_that_the_code_writes_has_its_sentence() -> None:
    written = written_kinds()
    assert {"seen", "sent", "move", "reason", "approved", "placed"} <= written, "the search finds calls"
    assert written <= set(KINDS)


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move.source}-{move.target}")
def test_every_move_can_be_told(move: object) -> None:
    assert isinstance(move, type(MOVES[0]))
    told = describe_event("move", {}, source=move.source, target=move.target)
    assert told.startswith(f"{move.target.capitalize()}: ")
    assert "{" not in told


def test_a_move_into_a_problem_names_it() -> None:
    facts = {"skus": "“RING-X”"}
    told = describe_event("move", facts, source=State.RECEIVED, target=State.ATTENTION, problem="unmapped")
    assert told == "Attention: No design is mapped to “RING-X”."


def test_a_reason_within_a_state_is_told() -> None:
    told = describe_event(
        "reason", {"reason": "HIGH_RISK"}, source=State.WAITING, target=State.WAITING, reason="shop_hold"
    )
    assert told == "Shopify holds its fulfillment: HIGH_RISK."


def test_an_alarm_is_told_with_its_facts() -> None:
    assert "second order R2" in describe_event("alarm", {"alarm": "second_reference", "reference": "R2"})


def test_what_is_missing_or_unknown_never_fails() -> None:
    assert describe_event("sent", {}) == "The request to Sculpteo left now (attempt ?)."
    assert describe_event("pushed", {"numbers": ["1Z", "2Z"]}) == "The shop was told of 1Z, 2Z."
    assert describe_event("parcel", {"number": "1Z", "carrier": None}) == "Sculpteo shipped a parcel: 1Z (-)."
    assert describe_event("from_the_future", {"a": 1}) == "from_the_future {'a': 1}"
    assert describe_event("alarm", {"alarm": "from_the_future"}) == "ALARM: ?"


def test_a_decision_of_which_nobody_kept_who_took_it_names_nobody() -> None:
    facts = {"who": NOT_KEPT, "at": "2026-11-01T10:00:00+00:00", "choice": "cancelled"}
    told = describe_event("decision_found", facts)
    assert "?" not in told
    assert "a person had decided before" in told
    assert "It does not say who" in told
