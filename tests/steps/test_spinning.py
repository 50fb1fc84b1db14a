"""Nothing spins: what cannot go on is looked at again, rarer and rarer, or waits for news."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import NeedsPerson
from bridge.order.problems import Problem
from bridge.order.states import State
from tests.support.order_factories import line, order
from tests.support.step_player import playing


async def test_a_shop_that_does_not_let_the_bridge_read_is_asked_rarer_and_rarer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING")))
        looks = 0
        read = play.shop.fetch_order

        async def refuses(order_id: str, **_: object) -> None:
            nonlocal looks
            looks += 1
            raise NeedsPerson("shop_access", why="the app lacks read_orders")

        monkeypatch.setattr(play.shop, "fetch_order", refuses)
        for _ in range(24 * 60):
            await play.steps()
            play.forward(timedelta(minutes=1))
        found = await play.record(key)
        assert (found.state, found.problem) == (State.ATTENTION, Problem.SHOP_ACCESS)
        assert 5 < looks < 60, "often at first, and now and then until somebody gives the permission"
        monkeypatch.setattr(play.shop, "fetch_order", read)
        play.forward(timedelta(hours=2))
        await play.steps()
        assert (await play.record(key)).state is State.PLACED, "it goes on by itself"
