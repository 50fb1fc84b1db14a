"""An order that is deleted in the shop: nothing to print before the purchase, an alarm at once after it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.errors import SCULPTEO, TryAgain
from bridge.order.problems import Alarm
from bridge.order.records import Delivery
from bridge.order.states import Ignored, State
from bridge.shopify.subscriptions import TOPICS
from bridge.shopify.webhooks import interpret
from bridge.steps.accept import accept
from bridge.store import Store
from tests.service.serve_process import staged, until
from tests.service.test_reload import buy
from tests.support.clocks import RealClock
from tests.support.order_factories import line, order
from tests.support.step_player import Playing, playing


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        yield found


async def deleted(play: Playing, order_id: str) -> None:
    """The merchant deletes the order, and Shopify says so: https://shopify.dev/docs/api/webhooks."""
    play.shop.orders.pop(order_id, None)
    body = json.dumps({"id": int(order_id.rpartition("/")[2])}).encode()
    await play.store.inbox.add_delivery(
        Delivery("acme", "webhook-1", "orders/delete", body, play.clock.now())
    )
    for delivery in await play.store.inbox.list_pending(10):
        await accept(delivery, interpret, {"acme": play.shop}, play.store.inbox)
    play.forward(timedelta(seconds=3))


async def alarms(play: Playing) -> dict[str, str]:
    return {
        alarm.alarm: str(alarm.facts.get("reference")) for alarm in await play.store.queries.list_alarms()
    }


def test_the_shop_is_asked_to_tell_of_deleted_orders() -> None:
    assert "ORDERS_DELETE" in TOPICS


async def test_an_order_deleted_after_it_was_placed_is_an_alarm_at_once(play: Playing) -> None:
    ring = order(line(1, "RING"))
    key = await play.hear_of(ring)
    await play.steps()
    assert (await play.record(key)).state is State.PLACED
    await deleted(play, ring.id)
    await play.steps()
    assert await alarms(play) == {Alarm.DELETED_AFTER_PLACING: (await play.record(key)).reference}


async def test_the_alarm_does_not_wait_for_sculpteo_which_is_down(
    play: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = order(line(1, "RING"))
    key = await play.hear_of(ring)
    await play.steps()

    async def down(reference: str) -> None:
        raise TryAgain("HTTP 503", upstream=SCULPTEO)

    monkeypatch.setattr(play.printer, "track_order", down)
    await deleted(play, ring.id)
    await play.steps()
    assert set(await alarms(play)) == {Alarm.DELETED_AFTER_PLACING}
    found = await play.record(key)
    assert (found.state, found.last_error, found.failures) == (State.PLACED, "HTTP 503", 1)


async def test_an_order_deleted_before_it_was_bought_is_gone_at_the_first_look(play: Playing) -> None:
    await play.store.switch.pause_ordering("*", "ada")
    ring = order(line(1, "RING"))
    key = await play.hear_of(ring)
    await play.steps()
    assert (await play.record(key)).state is State.WAITING
    await deleted(play, ring.id)
    await play.step()
    found = await play.record(key)
    assert (found.state, found.reason) == (State.IGNORED, Ignored.GONE)
    assert await alarms(play) == {}


async def test_word_of_a_deletion_is_not_believed_while_the_shop_shows_the_order(play: Playing) -> None:
    ring = order(line(1, "RING"))
    key = await play.hear_of(ring)
    await deleted(play, ring.id)
    play.shop.touch(ring)  # only the bytes of a delivery are signed, not what they are said to mean
    await play.steps()
    assert (await play.record(key)).state is State.PLACED
    assert await alarms(play) == {}


async def test_an_order_that_is_over_may_be_deleted(play: Playing) -> None:
    ring = order(line(1, "RING"))
    key = await play.hear_of(ring)
    await play.steps()
    reference = (await play.record(key)).reference
    assert reference is not None
    play.printer.ships(reference, "1Z1")
    play.forward(timedelta(hours=1))
    await play.steps()
    assert (await play.record(key)).state is State.DONE
    await deleted(play, ring.id)
    await play.steps()
    assert await alarms(play) == {}


@pytest.mark.long
async def test_a_real_service_is_told_of_a_deleted_order_within_seconds(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.serve(stage.config()) as serving:
        name = buy(stage, "RING-S")
        await stage.reaches(name, State.PLACED, serving)
        stage.box.shop.delete(name)

        async def told() -> bool:
            async with Store.open(stage.database, clock=RealClock(), create=False) as store:
                return [one.alarm for one in await store.queries.list_alarms()] == [
                    Alarm.DELETED_AFTER_PLACING
                ]

        await until(told, serving)
