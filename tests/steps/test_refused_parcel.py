"""A parcel that the shop refuses stays refused until it is in the shop, whatever else is said of the order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.decisions.actions import list_available_actions
from bridge.errors import NeedsPerson
from bridge.order.explanations import (
    describe_remedy,
    describe_state,
)
from bridge.order.model import NewFulfillment, PrintStatus
from bridge.order.problems import Problem
from bridge.order.records import OrderRecord
from bridge.order.states import State
from tests.support.order_factories import line, order, shipped
from tests.support.step_player import Playing, instead, playing


@dataclass
class Refusals:
    """What the shop answers to a fulfillment, with another request id each time."""

    count: int = 0


async def refused(play: Playing, status: PrintStatus = PrintStatus.SHIPPED) -> tuple[int, Refusals]:
    """An order whose parcel the shop has just refused."""
    refusals, key = Refusals(), await play.hear_of(order(line(1, "RING", 2)))
    await play.steps()
    reference = (await play.record(key)).reference
    assert reference is not None
    play.printer.ships(reference, "1Z1", status=status)

    async def refuses(order_id: str, fulfillment: NewFulfillment) -> str:
        refusals.count += 1
        raise NeedsPerson("cannot_fulfill", number="1Z1", why=f"not now, request id {refusals.count}")

    instead(play.shop, "create_fulfillment", refuses)
    play.forward(timedelta(days=1))
    await play.steps()
    found = await play.record(key)
    assert (found.state, found.problem, refusals.count) == (State.ATTENTION, Problem.CANNOT_FULFILL, 1)
    return key, refusals


async def hear(play: Playing, key: int) -> OrderRecord:
    """The shop says something of the order."""
    await play.store.wake_orders([State.ATTENTION, State.SHIPPED, State.PLACED])
    await play.steps()
    return await play.record(key)


@pytest.mark.parametrize("status", [PrintStatus.SHIPPED, PrintStatus.IN_PROCESS, PrintStatus.BLOCKED])
async def test_no_word_of_the_order_makes_a_refused_parcel_forgotten(
    tmp_path: Path, status: PrintStatus
) -> None:
    async with playing(tmp_path) as play:
        key, refusals = await refused(play, status)
        before = len(await play.store.queries.list_events(key))
        for _ in range(50):
            found = await hear(play, key)
            assert (found.state, found.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
            play.forward(timedelta(seconds=30))
        assert refusals.count <= 1 + 12, "tried again with back-off: in 25 minutes some times, not fifty"
        told = await play.store.queries.list_events(key)
        assert not [event for event in told[before:] if event.kind in {"move", "reason"}], "told once"


async def test_news_leads_to_one_more_try_at_most(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, refusals = await refused(play)
        play.forward(timedelta(hours=1))
        await hear(play, key)
        assert refusals.count == 2
        assert (await play.record(key)).due_at is None, "and then it waits for a person, or for news"


async def test_a_shop_that_takes_it_ends_the_problem(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        fulfill = play.shop.create_fulfillment
        key, _ = await refused(play)
        instead(play.shop, "create_fulfillment", fulfill)
        play.forward(timedelta(hours=1))
        found = await hear(play, key)
        assert (found.state, found.problem) == (State.DONE, None)
        assert found.parcels[0].pushed_at is not None


async def test_a_number_that_a_person_put_there_ends_the_problem_at_once(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, refusals = await refused(play, PrintStatus.IN_PROCESS)
        there = next(iter(play.shop.orders.values()))
        play.shop.touch(replace(there, fulfillments=(shipped("1Z1"),)))
        found = await hear(play, key)
        assert (found.state, found.problem, refusals.count) == (State.SHIPPED, None, 1)
        assert found.due_at is not None, "it is followed on"


async def test_a_person_who_tries_again_has_it_tried_at_once(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key, refusals = await refused(play)
        found = await play.record(key)
        await play.store.orders.apply_decision(
            found, transitions.retry_order(found, "ada", play.clock.now()), "ada"
        )
        await play.steps()
        assert refusals.count == 2
        assert (await play.record(key)).problem == Problem.CANNOT_FULFILL


async def test_after_a_cancellation_in_the_shop_the_advice_can_be_followed(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING")))
        await play.steps()
        reference = (await play.record(key)).reference
        assert reference is not None
        there = next(iter(play.shop.orders.values()))
        play.shop.touch(replace(there, cancelled_at=play.clock.now(), fulfillment_orders=()))
        play.printer.ships(reference, "1Z1")
        play.forward(timedelta(days=1))
        await play.steps()
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, Problem.CANNOT_FULFILL)
        told = describe_state(found.state, found.reason, found.problem, found.facts)
        assert "cancelled in Shopify" in told
        assert "1Z1" in told
        advice = describe_remedy(found.state, found.problem, found.facts, "#1001") or ""
        assert "fulfill it there" not in advice
        assert "mark the order as handled" in advice
        assert "handled" in {action.name for action in list_available_actions(found)}
        await play.store.orders.apply_decision(
            found, transitions.mark_handled(found, "ada", play.clock.now()), "ada"
        )
        closed = await play.record(key)
        assert closed.state is State.DONE
        assert "A person has seen to it" in describe_state(
            closed.state, closed.reason, closed.problem, closed.facts
        )
        play.shop.touch(replace(there, cancelled_at=play.clock.now(), fulfillment_orders=(), note="x"))
        await play.store.wake_orders([State.DONE])
        await play.steps()
        assert (await play.record(key)).state is State.DONE, "it stays closed"


async def test_a_permission_that_comes_back_lets_a_bought_order_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING")))
        await play.steps()
        read = play.shop.fetch_order

        async def shut(order_id: str, **_: object) -> Any:
            raise NeedsPerson("shop_access", why="the token was taken back")

        monkeypatch.setattr(play.shop, "fetch_order", shut)
        await hear(play, key)
        assert (await play.record(key)).problem == Problem.SHOP_ACCESS
        monkeypatch.setattr(play.shop, "fetch_order", read)
        play.forward(timedelta(hours=1))
        await play.steps()
        assert (await play.record(key)).state is State.PLACED
