"""A changed mapping is told of every order that is still to be bought, and what is on record is what is bought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.decisions.line_overrides import build_lines
from bridge.order.policy import ApprovalPolicy
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import State, Wait
from bridge.order.timeline import describe_event
from bridge.steps.mapping_overrides import with_overrides
from bridge.store.queries import EventRecord
from tests.support.order_factories import RING, Mapped, euro, line, order, policy, unit
from tests.support.step_player import Playing, playing

OTHER = replace(RING, uuid="Newer001", material="brass")
ORDER = order(line(1, "RING", 2))


class Remapped(Mapped):
    version = "v2"


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as made:
        await made.store.wake_for_mapping("v1")
        yield made


def ruled(play: Playing, **rules: Any) -> None:
    play.world = replace(play.world, policy=policy(**rules))


async def remap(play: Playing, **designs: Any) -> int:
    """The service reads a file with another mapping; gives how many orders are looked at anew."""
    play.world = replace(play.world, catalog=Remapped(**(designs or {"RING": (OTHER,)})))
    woken = await play.store.wake_for_mapping("v2")
    await play.steps()
    return woken


def printed(record: OrderRecord) -> list[tuple[str, int]]:
    return [(item.design.uuid, item.quantity) for item in record.items]


async def remapped(play: Playing, key: int) -> list[EventRecord]:
    return [event for event in await play.store.queries.list_events(key) if event.kind == "remapped"]


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"approval": ApprovalPolicy(delay=timedelta(minutes=30))}, Wait.WINDOW),
        ({"approval": ApprovalPolicy(manual=True)}, Wait.APPROVAL),
        ({"approval": ApprovalPolicy(above=euro("1"))}, Wait.APPROVAL),
    ],
)
async def test_an_order_that_waits_is_told_at_once_and_bought_as_it_says(
    play: Playing, rules: dict[str, Any], reason: Wait
) -> None:
    ruled(play, **rules)
    key = await play.hear_of(ORDER)
    await play.steps()
    before = await play.record(key)
    assert (before.reason, printed(before)) == (reason, [("QfGQC4YQ", 2)])
    play.forward(timedelta(minutes=20))
    assert await remap(play) == 1
    after = await play.record(key)
    assert (after.reason, printed(after)) == (reason, [("Newer001", 2)])
    [event] = await remapped(play, key)
    assert describe_event(event.kind, event.facts) == (
        "The mapping changed. So far it was to be printed as 2 x QfGQC4YQ in silver, scale 0.87 (cm); "
        "now as 2 x Newer001 in brass, scale 0.87 (cm)."
    )
    if reason is Wait.WINDOW:
        assert after.window_until is not None
        assert after.window_until > play.clock.now() + timedelta(minutes=29)
        assert after.due_at == after.window_until
    assert await play.store.wake_for_mapping("v2") == 0


async def test_an_order_that_a_person_holds_is_told_and_stays_held(play: Playing) -> None:
    ruled(play, approval=ApprovalPolicy(manual=True))
    key = await play.hear_of(ORDER)
    await play.steps()
    record = await play.record(key)
    await play.store.orders.apply_decision(
        record, transitions.hold_order(record, "anna", play.clock.now()), "anna"
    )
    await remap(play)
    held = await play.record(key)
    assert (held.state, held.reason, printed(held)) == (State.WAITING, Wait.HELD, [("Newer001", 2)])
    assert len(await remapped(play, key)) == 1


async def test_a_hold_in_shopify_is_no_reason_not_to_be_told(play: Playing) -> None:
    goods = line(1, "RING")
    key = await play.hear_of(order(goods, units=(unit(1, goods, status="ON_HOLD"),)))
    await play.steps()
    assert (await play.record(key)).reason == Wait.SHOP_HOLD
    await remap(play)
    assert printed(await play.record(key)) == [("Newer001", 1)]


async def test_an_approval_for_other_prints_ends_with_them(play: Playing) -> None:
    goods = line(1, "RING")
    ruled(play, approval=ApprovalPolicy(manual=True))
    key = await play.hear_of(order(goods, units=(unit(1, goods, status="ON_HOLD"),)))
    await play.steps()
    record = await play.record(key)
    await play.store.orders.apply_decision(
        record, transitions.approve_order(record, "anna", play.clock.now()), "anna"
    )
    await play.steps()
    await remap(play)
    after = await play.record(key)
    assert (after.approved_at, printed(after)) == (None, [("Newer001", 1)])


async def test_an_order_above_a_limit_is_priced_anew_for_other_prints(play: Playing) -> None:
    ruled(play, per_order=euro("0.01"))
    key = await play.hear_of(ORDER)
    await play.steps()
    above = await play.record(key)
    assert (above.problem, printed(above)) == (Problem.LIMIT_ORDER, [("QfGQC4YQ", 2)])
    assert await remap(play) == 1
    after = await play.record(key)
    assert (after.problem, printed(after)) == (Problem.LIMIT_ORDER, [("Newer001", 2)])
    assert after.cost is not None
    assert len(await remapped(play, key)) == 1


async def test_an_order_whose_product_is_not_mapped_any_more_asks_a_person_in_its_window(
    play: Playing,
) -> None:
    ruled(play, approval=ApprovalPolicy(delay=timedelta(minutes=30)))
    key = await play.hear_of(ORDER)
    await play.steps()
    await remap(play, MUG=(OTHER,))
    after = await play.record(key)
    assert (after.state, after.problem) == (State.ATTENTION, Problem.UNMAPPED)


async def test_a_mapping_that_comes_to_the_same_tells_nothing(play: Playing) -> None:
    ruled(play, approval=ApprovalPolicy(delay=timedelta(minutes=30)))
    key = await play.hear_of(ORDER)
    await play.steps()
    before = await play.record(key)
    play.forward(timedelta(minutes=10))
    await remap(play, RING=(RING,), MUG=(OTHER,))
    after = await play.record(key)
    assert (after.window_until, after.mapping_version) == (before.window_until, "v2")
    assert await remapped(play, key) == []


async def test_what_is_edited_in_the_shop_is_no_word_of_the_mapping(play: Playing) -> None:
    ruled(play, approval=ApprovalPolicy(manual=True))
    key = await play.hear_of(ORDER)
    await play.steps()
    await play.hear_of(order(line(1, "RING", 3)))
    await play.steps()
    assert printed(await play.record(key)) == [("QfGQC4YQ", 3)]
    assert await remapped(play, key) == []
    kinds = [event.kind for event in await play.store.queries.list_events(key)]
    assert "contents_changed" in kinds


async def test_what_is_bought_is_shown_as_it_was_bought(play: Playing) -> None:
    key = await play.hear_of(ORDER)
    await play.steps()
    await remap(play)
    bought = await play.record(key)
    assert bought.state is State.PLACED
    [shown] = build_lines(bought, with_overrides(play.world.catalog, ()))
    assert [design.uuid for design in shown.designs] == ["QfGQC4YQ"]
    assert await remapped(play, key) == []
