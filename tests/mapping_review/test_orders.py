"""What another mapping would change for orders that are not bought."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.mapping_review.waiting_orders import (
    WOKEN_FOR,
    find_change,
)
from bridge.order.model import Design, Mode
from bridge.order.problems import Problem
from bridge.order.records import Attempt, OrderRecord
from bridge.order.states import Ignored, State, Wait
from bridge.steps.line_selection import select_lines
from tests.support.order_factories import NOW, RING, Mapped, line, order, policy, record

OLD = Mapped(RING=(RING,))
OTHER = Design("NewNew12", 1, "brass")
ORDER = order(line(1, "RING", 2))


def waiting(**more: Any) -> OrderRecord:
    items = select_lines("acme", ORDER, OLD, policy()).items
    values: dict[str, Any] = {
        "state": State.WAITING,
        "reason": Wait.WINDOW,
        "snapshot": ORDER,
        "items": items,
    }
    return record(**values | more)


def test_an_order_that_both_mappings_treat_alike_is_not_told() -> None:
    assert find_change(waiting(), OLD, policy(), NOW) is None


def test_other_prints_are_told_before_and_after() -> None:
    found = find_change(waiting(), Mapped(RING=(OTHER,)), policy(), NOW)
    assert found is not None
    assert [item.design for item in found.before.items] == [RING]
    assert [(item.design, item.quantity) for item in found.after.items] == [(OTHER, 2)]
    assert not found.approval_ends


def test_an_approval_of_other_prints_ends() -> None:
    found = find_change(waiting(approved_at=NOW, approved_by="Ada"), Mapped(RING=(OTHER,)), policy(), NOW)
    assert found is not None
    assert found.approval_ends


def test_an_order_that_would_need_a_person_is_told_with_the_sentence() -> None:
    found = find_change(waiting(), Mapped(), policy(), NOW)
    assert found is not None
    assert found.after.state is State.ATTENTION
    assert "“RING”" in found.after.format_sentence()


def test_an_order_that_waits_for_the_mapping_is_told_to_be_printed() -> None:
    held = waiting(
        state=State.ATTENTION, reason=None, items=(), problem=Problem.UNMAPPED, facts={"skus": "“RING”"}
    )
    found = find_change(held, OLD, policy(), NOW)
    assert found is not None
    assert found.before.format_sentence() == "No design is mapped to “RING”."
    assert [item.design for item in found.after.items] == [RING]
    assert find_change(held, Mapped(), policy(), NOW) is None


def test_an_order_with_a_problem_of_another_kind_keeps_it() -> None:
    held = waiting(state=State.ATTENTION, reason=None, problem=Problem.ADDRESS, facts={"why": "no street"})
    assert find_change(held, OLD, policy(), NOW) is None
    assert find_change(replace(held, problem=Problem.LEDGER_UNREADABLE, items=()), OLD, policy(), NOW) is None


def test_an_ignored_order_that_a_new_mapping_would_print_is_told_for_thirty_days() -> None:
    ignored = waiting(state=State.IGNORED, reason=Ignored.NOTHING_TO_PRINT, items=())
    found = find_change(ignored, OLD, policy(), NOW)
    assert found is not None
    assert found.after.items
    old = replace(ignored, first_seen_at=NOW - WOKEN_FOR - timedelta(minutes=1))
    assert find_change(old, OLD, policy(), NOW) is None
    by_person = replace(ignored, reason=Ignored.PERSON)
    assert find_change(by_person, OLD, policy(), NOW) is None


def test_an_order_that_nothing_routed_yet_is_told_only_if_the_mapping_fails_it() -> None:
    unrouted = order(line(1, "RING"), units=())
    held = waiting(reason=Wait.ROUTING, items=(), snapshot=unrouted)
    assert find_change(held, OLD, policy(), NOW) is None
    assert find_change(held, Mapped(RING=(OTHER,)), policy(), NOW) is None
    found = find_change(held, Mapped(), policy(), NOW)
    assert found is not None
    assert found.after.problem == Problem.UNMAPPED


@pytest.mark.parametrize("state", [State.PLACING, State.PLACED, State.UNKNOWN, State.DONE, State.CANCELLED])
def test_what_is_bought_or_over_is_left_alone(state: State) -> None:
    assert find_change(waiting(state=state), Mapped(), policy(), NOW) is None


def test_an_attempt_to_buy_takes_an_order_out_of_the_plan() -> None:
    attempt = Attempt(1, 1, 1, "a", "token", Mode.LIVE, "v0", NOW)
    assert find_change(waiting(attempt=attempt), Mapped(), policy(), NOW) is None
    assert find_change(waiting(reference="ABCD1234"), Mapped(), policy(), NOW) is None
