"""A line that is in no fulfillment order the app may see: told as that after minutes, and the rest can be printed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.decisions import transitions
from bridge.decisions.refusals import NotNow
from bridge.order.model import ShopOrder
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from tests.support.order_factories import line, order, unit
from tests.support.step_player import Playing, playing

RING, OTHER = line(1, "RING", 2), line(2, "OTHER")


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        yield found


async def minutes(play: Playing, count: int) -> None:
    for _ in range(count):
        play.forward(timedelta(minutes=1, seconds=1))
        await play.steps()


async def half_seen(play: Playing) -> tuple[int, ShopOrder]:
    made = order(RING, OTHER, units=(unit(1, RING),))
    key = await play.hear_of(made)
    await play.steps()
    return key, made


async def test_it_is_routing_for_some_minutes_and_then_a_problem_that_names_the_lines(play: Playing) -> None:
    key, _ = await half_seen(play)
    await minutes(play, 8)
    assert (await play.record(key)).reason == Wait.ROUTING
    await minutes(play, 3)
    found = await play.record(key)
    assert (found.state, found.problem) == (State.ATTENTION, Problem.NO_FULFILLMENT_ORDER)
    assert found.facts["lines"] == "“OTHER”"


async def test_an_approval_prints_the_visible_rest_and_nothing_else(play: Playing) -> None:
    key, _ = await half_seen(play)
    await minutes(play, 11)
    found = await play.record(key)
    await play.store.orders.apply_decision(
        found, transitions.approve_order(found, "ada", play.clock.now()), "ada"
    )
    await play.steps()
    found = await play.record(key)
    assert found.state is State.PLACED
    assert [(item.sku, item.line_quantity) for item in found.items] == [("RING", 2)]


async def test_an_approval_does_not_count_once_the_line_is_seen_after_all(play: Playing) -> None:
    key, made = await half_seen(play)
    await minutes(play, 11)
    found = await play.record(key)
    await play.store.switch.pause_ordering("*", "ada")
    await play.store.orders.apply_decision(
        found, transitions.approve_order(found, "ada", play.clock.now()), "ada"
    )
    await play.steps()
    play.shop.touch(replace(made, fulfillment_orders=(unit(1, RING), unit(2, OTHER))))
    await play.store.switch.resume_ordering("*")
    await play.steps()
    found = await play.record(key)
    assert [item.sku for item in found.items] == ["RING", "OTHER"]


async def test_the_problem_goes_by_itself_when_the_line_is_routed(play: Playing) -> None:
    key, made = await half_seen(play)
    await minutes(play, 11)
    await play.hear_of(replace(made, fulfillment_orders=(unit(1, RING), unit(2, OTHER))))
    await play.steps()
    found = await play.record(key)
    assert (found.state, len(found.items)) == (State.PLACED, 2)


async def test_an_order_of_which_nothing_is_seen_is_told_too_and_cannot_be_approved(play: Playing) -> None:
    key = await play.hear_of(order(RING, units=()))
    await play.steps()
    await minutes(play, 11)
    found = await play.record(key)
    assert (found.problem, found.facts["lines"]) == (Problem.NO_FULFILLMENT_ORDER, "“RING”")
    with pytest.raises(NotNow, match="nothing that could be printed"):
        transitions.approve_order(found, "ada", play.clock.now())
