"""What is to be bought and what was bought are worked on beside each other: a backlog of one keeps no order of
the other from its turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.order.model import ShopOrder
from bridge.order.states import State
from bridge.runtime.worker import (
    BUYING,
    FOLLOWING,
    Worker,
)
from bridge.steps.accept import WebhookEvent
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing

PATIENCE = 20.0  # seconds


def ring(number: int) -> ShopOrder:
    return order(line(1, "RING"), id=f"gid://shopify/Order/{number}", name=f"#{number}")


class Gate:
    """Calls that hang until it opens; it is `full` once `room` of them do."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.entered = 0
        self.full = asyncio.Event()
        self.opened = asyncio.Event()

    async def hang(self) -> None:
        self.entered += 1
        if self.entered == self.room:
            self.full.set()
        await self.opened.wait()


@asynccontextmanager
async def working(play: Playing, gate: Gate) -> AsyncIterator[None]:
    def never(_: object) -> WebhookEvent:
        raise AssertionError("no delivery comes here")

    worker = Worker(lambda: play.world, play.store.inbox, never, on_missed=lambda shop: None)
    task = asyncio.create_task(worker.run())
    try:
        await asyncio.wait_for(gate.full.wait(), PATIENCE)
        yield
    finally:
        gate.opened.set()
        worker.stop()
        await task


async def until(play: Playing, key: int, state: State) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await play.record(key)).state is not state:
            play.forward(timedelta(seconds=1))
            await asyncio.sleep(0.05)


async def test_a_backlog_of_what_is_followed_keeps_no_order_from_being_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        keys = [await play.hear_of(ring(number)) for number in range(1001, 1001 + 2 * FOLLOWING)]
        await play.steps(100)
        assert {(await play.record(key)).state for key in keys} == {State.PLACED}
        gate, track = Gate(FOLLOWING), play.printer.track_order

        async def slow(reference: str) -> object:
            await gate.hang()
            return await track(reference)

        monkeypatch.setattr(play.printer, "track_order", slow)
        play.forward(timedelta(days=1))
        async with working(play, gate):
            await until(play, await play.hear_of(ring(2001)), State.PLACED)
            assert gate.entered == FOLLOWING


async def test_a_backlog_of_what_is_to_be_bought_keeps_no_parcel_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        bought = await play.hear_of(ring(2001))
        await play.steps(100)
        (reference,) = play.printer.books
        gate, read = Gate(BUYING), play.shop.fetch_order

        async def slow(order_id: str, **_: object) -> ShopOrder | None:
            if order_id != "gid://shopify/Order/2001":
                await gate.hang()
            return await read(order_id)

        monkeypatch.setattr(play.shop, "fetch_order", slow)
        for number in range(1001, 1001 + 2 * BUYING):
            await play.hear_of(ring(number))
        async with working(play, gate):
            play.printer.ships(reference, "1Z999")
            play.forward(timedelta(days=1))
            await until(play, bought, State.DONE)
