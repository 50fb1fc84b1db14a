"""A step that hangs is given up; a purchase that may be with Sculpteo is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bridge.order.model import PlaceResult, PrintOrder
from bridge.order.states import State
from bridge.runtime import worker
from tests.support.order_factories import line, order
from tests.support.step_player import playing


async def test_an_answer_that_comes_after_the_deadline_of_the_step_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING")))
        monkeypatch.setattr(worker, "DEADLINE", 3.0)  # long enough to get as far as the request
        place = play.printer.place_order

        async def slow(asked: PrintOrder, about_to_send: Callable[[], Awaitable[None]]) -> PlaceResult:
            receipt = await place(asked, about_to_send)
            monkeypatch.setattr(worker, "DEADLINE", 60.0)  # what is left once the first deadline has passed
            await asyncio.sleep(4.0)
            return receipt

        monkeypatch.setattr(play.printer, "place_order", slow)
        await play.steps(2)
        record = await play.record(key)
        assert (record.state, bool(record.reference)) == (State.PLACED, True)


async def test_a_step_that_hangs_before_anything_is_bought_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        key = await play.hear_of(order(line(1, "RING")))

        monkeypatch.setattr(worker, "DEADLINE", 0.3)

        async def hangs(order_id: str, **_: object) -> None:
            await asyncio.sleep(3600)

        monkeypatch.setattr(play.shop, "fetch_order", hangs)
        await play.steps(1)
        record = await play.record(key)
        assert record.state is State.RECEIVED
        assert record.failures == 1
        assert "took longer" in (record.last_error or "")
