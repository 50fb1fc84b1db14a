"""No error ends the worker, and none makes it run hot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.order.records import OrderRecord, Transition
from bridge.order.states import State
from bridge.runtime import worker as worker_module
from bridge.runtime.worker import (
    ASKING,
    Worker,
)
from bridge.shopify.webhooks import interpret
from bridge.store.engine import parse_url
from tests.steps.test_lanes import PATIENCE, ring, until
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing
from tests.support.store_factories import delivery


@asynccontextmanager
async def running(play: Playing) -> AsyncIterator[list[str]]:
    """A worker; gives the parts in which it survived an error."""
    errors: list[str] = []
    worker = Worker(
        lambda: play.world,
        play.store.inbox,
        interpret,
        on_missed=lambda shop: None,
        on_error=errors.append,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield errors
        assert not task.done(), "the worker has ended"
    finally:
        worker.stop()
        await asyncio.wait_for(task, PATIENCE)


async def test_an_error_in_the_loop_is_survived_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        claims, claim = 0, type(play.store.orders).claim_orders

        async def fails(self: Any, *args: Any, **more: Any) -> Any:
            nonlocal claims
            claims += 1
            if claims <= 2:
                raise KeyError("Ada Example")
            return await claim(self, *args, **more)

        monkeypatch.setattr(type(play.store.orders), "claim_orders", fails)
        async with running(play) as errors:
            await until(play, await play.hear_of(ring(1001)), State.PLACED)
        assert errors == ["worker: orders"] * 2


async def test_an_error_in_the_inbox_keeps_no_order_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:

        async def fails(self: Any, *args: Any, **more: Any) -> Any:
            raise KeyError("Ada Example")

        monkeypatch.setattr(type(play.store.inbox), "list_pending", fails)
        async with running(play) as errors:
            await until(play, await play.hear_of(ring(1001)), State.PLACED)
        assert set(errors) == {"worker: deliveries"}


async def test_a_decision_that_cannot_be_recorded_is_a_try_of_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        bad = await play.hear_of(ring(1001))
        record, tries = type(play.store.orders).record_transition, 0

        async def fails(self: Any, order: OrderRecord, change: Transition) -> None:
            nonlocal tries
            if order.key == bad and change.failure is None:
                tries += 1
                raise sa.exc.IntegrityError("INSERT", {}, ValueError("Ada Example"))
            await record(self, order, change)

        monkeypatch.setattr(type(play.store.orders), "record_transition", fails)
        async with running(play) as errors:
            await until(play, await play.hear_of(ring(1002)), State.PLACED)
            assert 1 <= tries < 10
        found = await play.record(bad)
        assert found.failures >= 1
        assert found.last_error == "internal error (IntegrityError)"
        assert found.due_at is not None and found.due_at > play.clock.time - timedelta(seconds=60)
        assert "record" in errors
        monkeypatch.undo()
        for _ in range(20):
            play.forward(timedelta(hours=1))
            await play.steps()
        assert (await play.record(bad)).state is State.PLACED


async def test_a_timeline_that_takes_no_line_does_not_make_an_order_run_hot(tmp_path: Path) -> None:
    """Whatever is recorded with the order fails: only its own row can be written."""
    async with playing(tmp_path) as play:
        bad = await play.hear_of(ring(1001))
        engine = sa.create_engine(parse_url(f"sqlite:///{tmp_path / 'bridge.db'}"))
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"CREATE TRIGGER no_lines BEFORE INSERT ON events WHEN NEW.order_id = {bad}"
                " BEGIN SELECT RAISE(ABORT, 'no lines'); END"
            )
        engine.dispose()
        for _ in range(20):
            await play.steps(3)
        found = await play.record(bad)
        assert found.failures == 1, "one try, and then it waits"
        assert found.due_at is not None and found.due_at > play.clock.time
        other = await play.hear_of(ring(1002))
        await play.steps()
        assert (await play.record(other)).state is State.PLACED


# --- deliveries that need a question ---------------------------------------------------------------------


def of_unit(number: int) -> Any:
    body = f'{{"fulfillment_order": {{"id": "gid://shopify/FulfillmentOrder/{number}"}}}}'
    topic = "fulfillment_orders/order_routing_complete"
    return delivery(number, body=body.encode(), topic=topic)


async def test_deliveries_that_need_a_question_hold_up_neither_orders_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing(tmp_path) as play:
        at_once = most = 0

        async def slow(unit: str) -> str | None:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            try:
                await asyncio.sleep(PATIENCE * 10)
            finally:
                at_once -= 1
            return None

        monkeypatch.setattr(play.shop, "find_order_id", slow)
        for number in range(1, 301):  # more than are taken from the inbox at once
            await play.store.inbox.add_delivery(of_unit(number))
        body = b'{"id": 1001, "admin_graphql_api_id": "gid://shopify/Order/1001", "name": "#1001"}'
        await play.store.inbox.add_delivery(delivery(999, body=body, topic="orders/create"))
        play.shop.touch(order(line(1, "RING")))
        began = asyncio.get_running_loop().time()
        async with running(play):
            async with asyncio.timeout(PATIENCE):
                while True:
                    if found := await play.store.queries.search_orders("#1001"):
                        break
                    await asyncio.sleep(0.05)
            await until(play, found[0].key, State.PLACED)
            assert most == ASKING, "so many at once, and the others wait"
            ended = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - ended < PATIENCE, "the worker ends while the shop is asked"
        assert ended - began < PATIENCE * 2
        assert len(await play.store.inbox.list_pending(1000)) == 300, "what was not answered is not settled"


REDACT = b'{"shop_domain": "acme.myshopify.com", "customer": {"id": 7}, "orders_to_redact": [1001]}'


@pytest.mark.parametrize("broken", ["its reading", "its row", "its bytes"])
async def test_a_wish_about_personal_data_outlives_every_error_and_a_person_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setattr(worker_module, "WISH_REST", 0.05)
    async with playing(tmp_path) as play:
        body = b"{" if broken == "its bytes" else REDACT
        await play.store.inbox.add_delivery(delivery(1, topic="customers/redact", body=body))
        real = type(play.store.inbox).settle_privacy_request
        if broken == "its reading":

            async def fails(self: Any, *args: Any, **more: Any) -> Any:
                raise KeyError("Ada Example")

            monkeypatch.setattr(type(play.store.inbox), "settle_privacy_request", fails)
        if broken == "its row":
            await raw(play, "UPDATE deliveries SET packed = 1")
        async with running(play) as errors:
            for _ in range(500):
                if len(errors) < 2:
                    await asyncio.sleep(0.02)
            assert set(errors) == {"delivery"}
            (kept,) = await play.store.inbox.list_pending(5)
            assert kept.topic == "customers/redact", "it is not settled as if it had been dealt with"
            told = await raw(play, "SELECT count(*) FROM news WHERE code = 'wish_unreadable'")
            assert told == 1, "once"
            if broken == "its reading":
                monkeypatch.setattr(type(play.store.inbox), "settle_privacy_request", real)
            else:
                await raw(play, "UPDATE deliveries SET packed = 0, body = :body", body=REDACT)
            for _ in range(500):
                if await play.store.inbox.list_pending(5):
                    await asyncio.sleep(0.02)
        wished = await raw(play, "SELECT order_id FROM privacy_wishes WHERE kind = 'erase'")
        assert wished == "gid://shopify/Order/1001"


async def raw(play: Playing, text: str, **values: object) -> Any:
    def work(c: sa.Connection) -> Any:
        found = c.execute(sa.text(text), values)
        return found.scalar() if found.returns_rows else None

    return await play.store._db.write(work)
