"""What of an address is for a person to decide, and that an approval of this very address lets it go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.order.model import Address
from bridge.order.policy import GoLive, Policy
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.steps.line_selection import Blocked
from bridge.steps.match import Assessment, Ready, assess_purchase
from tests.promise.memory_bridge import new_day
from tests.support.order_factories import ADDRESS, NOW, RING, Mapped, line, order, policy, record

BOX = replace(ADDRESS, address1="BP 123")
EXPRESS: dict[str, Any] = {"ship_method": lambda order: "express"}
QUESTIONS: dict[Problem, tuple[dict[str, Any], dict[str, Any]]] = {
    Problem.ADDRESS_WRONG: ({"address_verdict": "ERROR"}, {}),
    Problem.ADDRESS_DOUBTFUL: ({"address_verdict": "WARNING"}, {}),
    Problem.POSTAL_CODE: ({"address": replace(ADDRESS, country_code="CL", postal_code=None)}, {}),
    Problem.NO_COURIER: ({"address": BOX}, EXPRESS),
}


def judge(rules: Policy | None = None, **more: Any) -> Assessment:
    made = order(line(1, "RING"), **more)

    def fine(address: Address | None) -> None:
        return None

    return assess_purchase(record(), made, Mapped(RING=(RING,)), rules or policy(), NOW, fine, GoLive())


@pytest.mark.parametrize("verdict", [None, "NO_ISSUES"])
def test_an_address_that_shopify_has_not_checked_or_finds_right_passes(verdict: str | None) -> None:
    assert judge(address_verdict=verdict).verdict == Ready()


@pytest.mark.parametrize("rules", [policy(), policy(ask_about_warnings=False)])
def test_an_address_that_shopify_finds_wrong_asks_a_person_whatever_the_setting(rules: Policy) -> None:
    assert judge(rules, address_verdict="ERROR").verdict == Blocked(Problem.ADDRESS_WRONG)


@pytest.mark.parametrize("verdict", ["WARNING", "SOMETHING_NEW"])
def test_a_warning_asks_or_passes_by_the_setting(verdict: str) -> None:
    assert judge(address_verdict=verdict).verdict == Blocked(Problem.ADDRESS_DOUBTFUL)
    assert judge(policy(ask_about_warnings=False), address_verdict=verdict).verdict == Ready()


def test_a_missing_postal_code_asks_only_where_the_country_has_them() -> None:
    chile = replace(ADDRESS, country_code="CL", postal_code=None)
    assert judge(address=chile).verdict == Blocked(Problem.POSTAL_CODE, {"country": "CL"})
    assert judge(address=replace(chile, country_code="HK")).verdict == Ready()


def test_a_box_asks_where_ups_would_bring_the_parcel_and_nowhere_else() -> None:
    found = judge(policy(**EXPRESS), address=BOX)
    assert found.verdict == Blocked(Problem.NO_COURIER, {"why": "it is a PO box"})
    assert found.items, "an approval has to say of what"
    assert judge(policy(ship_method=lambda order: "quick"), address=BOX).verdict == Ready()
    assert judge(address=BOX).verdict == Ready()
    assert judge(policy(**EXPRESS)).verdict == Ready()


@pytest.mark.parametrize("problem", QUESTIONS)
async def test_an_approval_of_the_very_address_lets_it_go_and_another_address_asks_anew(
    tmp_path: Path, problem: Problem
) -> None:
    changes, rules = QUESTIONS[problem]
    async with new_day(tmp_path, **rules) as day:
        made = await day.comes()
        day.shop.touch(replace(made, **changes))
        await day.works()
        found = await day.record()
        assert (found.state, found.problem, day.prints) == (State.ATTENTION, problem, 0)
        await day.decides(transitions.approve_order)
        other = replace(made, **changes)
        assert other.address is not None
        day.shop.touch(replace(other, address=replace(other.address, last_name="Other")))
        await day.works()
        assert ((await day.record()).problem, day.prints) == (problem, 0)
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1


async def test_an_address_that_is_corrected_goes_on_by_itself(tmp_path: Path) -> None:
    async with new_day(tmp_path) as day:
        made = await day.comes()
        day.shop.touch(replace(made, address_verdict="ERROR"))
        await day.works()
        assert (await day.record()).problem == Problem.ADDRESS_WRONG
        day.shop.touch(replace(made, address_verdict="NO_ISSUES"))
        await day.news()
        await day.works()
        assert day.prints == 1


async def test_each_question_of_an_address_is_answered_by_itself(tmp_path: Path) -> None:
    async with new_day(tmp_path, **EXPRESS) as day:
        made = await day.comes()
        day.shop.touch(replace(made, address=BOX, address_verdict="ERROR", risk="HIGH"))
        await day.works()
        assert (await day.record()).problem == Problem.ADDRESS_WRONG
        await day.decides(transitions.approve_order)
        await day.works()
        assert (await day.record()).problem == Problem.NO_COURIER
        await day.decides(transitions.approve_order)
        await day.works()
        assert ((await day.record()).reason, day.prints) == (Wait.RISK, 0)
        await day.decides(transitions.approve_order)
        await day.works()
        assert day.prints == 1
