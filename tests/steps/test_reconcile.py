"""What no webhook told of is found, even within the one second that Shopify's times tell apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bridge.order.states import State
from bridge.steps.reconcile import reconcile
from tests.support.order_factories import line, order, unit
from tests.support.step_player import Playing, playing

HELD = order(line(1, "RING"), units=(unit(1, line(1, "RING"), status="ON_HOLD", actions=()),))


async def _reconciles(play: Playing) -> int:
    """Reconcile, and work on what was found; gives how many orders were."""
    count = await reconcile("acme", play.shop, play.store.orders, play.store.memory, play.clock)
    play.forward(timedelta(seconds=3))  # word of the shop rests for a moment
    await play.steps()
    return count


async def test_a_second_change_within_the_second_of_the_first_is_not_left_out(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        play.shop.touch(HELD)
        await _reconciles(play)
        (record,) = await play.store.queries.search_orders(HELD.id)
        assert record.state is State.WAITING
        was = play.shop.orders[HELD.id].updated_at
        play.shop.orders[HELD.id] = replace(
            order(line(1, "RING")), updated_at=was
        )  # released; no webhook came
        play.forward(timedelta(minutes=15))
        await _reconciles(play)
        assert (await play.record(record.key)).state is State.PLACED


async def test_an_order_that_nobody_changes_is_looked_at_once_more_and_then_left_alone(
    tmp_path: Path,
) -> None:
    async with playing(tmp_path) as play:
        play.shop.touch(HELD)
        counts = []
        for _ in range(5):
            counts.append(await _reconciles(play))
            play.forward(timedelta(minutes=15))
        assert counts == [1, 1, 0, 0, 0]


async def test_an_order_that_came_to_an_empty_shop_is_taken_in_whatever_became_of_it(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        assert await _reconciles(play) == 0
        play.forward(timedelta(minutes=1))
        came = play.clock.now()
        play.shop.touch(
            replace(order(line(1, "RING")), created_at=came, cancelled_at=came)
        )  # without a webhook
        play.forward(timedelta(minutes=14))
        assert await _reconciles(play) == 1
        (record,) = await play.store.queries.search_orders("#1001")
        assert record.state is State.CANCELLED


async def test_an_order_from_before_the_first_start_that_is_over_is_left_alone(tmp_path: Path) -> None:
    async with playing(tmp_path) as play:
        long_ago = play.clock.now() - timedelta(days=9)
        play.shop.touch(replace(order(line(1, "RING")), created_at=long_ago, cancelled_at=long_ago))
        assert [await _reconciles(play), await _reconciles(play)] == [0, 0]
