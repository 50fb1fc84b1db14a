"""A replica that is late with a new configuration: whatever it still decided by the old one is looked at anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.order.model import Mode
from bridge.order.policy import ApprovalPolicy
from bridge.order.problems import Problem
from bridge.order.states import State, Wait
from bridge.steps.context import StepContext
from tests.support.order_factories import Mapped, euro, line, order, policy
from tests.support.step_player import Playing, playing

SHOPS = ("acme",)
ORDER = order(line(1, "RING"))


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as made:
        made.world = replace(made.world, policy=policy(version="new"))
        await made.store.record_judged_by(made.world.judged_by)
        yield made


def late(world: StepContext, **rules: Any) -> StepContext:
    """The world of a replica that has not read the newest configuration yet."""
    return replace(world, policy=replace(policy(version="old"), **rules))


async def judged_late(play: Playing, old: StepContext) -> int:
    """The order, looked at by the late replica until nothing is due."""
    key = await play.hear_of(ORDER)
    newest, play.world = play.world, old
    await play.steps()
    play.world = newest
    return key


async def look_anew(play: Playing) -> int:
    """What the replica with the newest configuration does now and then."""
    count = await play.store.wake_left_over(play.world.judged_by, SHOPS)
    await play.steps()
    return count


@pytest.mark.parametrize(
    ("rules", "state", "why"),
    [
        ({"approval": ApprovalPolicy(manual=True)}, State.WAITING, Wait.APPROVAL),
        ({"locations": {"acme": frozenset({"Elsewhere"})}}, State.ATTENTION, Problem.LOCATION),
        ({"mode": Mode.PREVIEW}, State.WAITING, Wait.PREVIEW),
        ({"per_day": euro("0.01")}, State.ATTENTION, Problem.ABOVE_DAY_LIMIT),
    ],
)
async def test_a_replica_that_is_late_with_new_rules_leaves_nothing_waiting(
    play: Playing, rules: dict[str, Any], state: State, why: str
) -> None:
    key = await judged_late(play, late(play.world, **rules))
    record = await play.record(key)
    assert (record.state, record.reason or record.problem) == (state, why)
    assert await look_anew(play) == 1
    assert (await play.record(key)).judged_by == str(play.world.judged_by)
    if "mode" not in rules:  # what was previewed is a person's to decide on
        assert (await play.record(key)).state is State.PLACED
    assert await look_anew(play) == 0, "once is enough"


async def test_a_replica_that_is_late_with_the_mapping_leaves_nothing_waiting(play: Playing) -> None:
    class Before(Mapped):
        version = "v0"

    key = await judged_late(play, replace(play.world, catalog=Before()))
    assert (await play.record(key)).state is State.ATTENTION
    play.forward(timedelta(seconds=1))
    assert await look_anew(play) >= 1
    assert (await play.record(key)).state is State.PLACED


async def test_orders_of_a_shop_that_a_late_replica_does_not_know_go_on_at_once(play: Playing) -> None:
    key = await judged_late(play, replace(play.world, shops={}))
    record = await play.record(key)
    assert record.due_at is None, "it rests until its shop is known again"
    assert await look_anew(play) == 1
    assert (await play.record(key)).state is State.PLACED


async def test_the_late_replica_itself_wakes_nothing(play: Playing) -> None:
    await play.hear_of(ORDER)
    play.world = replace(play.world, policy=replace(play.world.policy, approval=ApprovalPolicy(manual=True)))
    await play.steps()
    old = late(play.world)
    assert await play.store.wake_left_over(old.judged_by, SHOPS) == 0


async def test_what_waits_by_the_newest_rules_is_left_alone(play: Playing) -> None:
    play.world = replace(play.world, policy=replace(play.world.policy, approval=ApprovalPolicy(manual=True)))
    key = await play.hear_of(ORDER)
    await play.steps()
    assert (await play.record(key)).reason == Wait.APPROVAL
    assert await look_anew(play) == 0
