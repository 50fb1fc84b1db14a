"""A customer's first order asks, and a second one beside it does not pass because of the first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.decisions import transitions
from bridge.errors import NeedsPerson
from bridge.order.model import CustomerOrder, ShopOrder
from bridge.order.policy import ApprovalPolicy
from bridge.order.records import OrderRecord, OrderSignal
from bridge.order.states import State, Wait
from bridge.steps.customer_history import count_orders_before
from tests.support.fake_upstreams import START
from tests.support.order_factories import NOW, line, order, policy
from tests.support.step_player import Playing, playing

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ADA = "gid://shopify/Customer/7"


def other(number: int, ago: timedelta, *, cancelled: bool = False) -> CustomerOrder:
    at = NOW - ago
    return CustomerOrder(f"gid://shopify/Order/{number}", at, at if cancelled else None)


THIS = other(1001, timedelta(0))
QUICK, OLD, NEW = other(1000, SECOND), other(900, 2 * DAY), other(1002, -SECOND)


@pytest.mark.parametrize(
    ("count", "seen", "trusted", "before"),
    [
        (1, [THIS], {}, 0),
        (2, [QUICK, THIS], {}, 0),  # not heard of yet
        (2, [THIS, NEW], {}, 0),
        (2, [QUICK, THIS], {QUICK.id: False}, 0),
        (2, [QUICK, THIS], {QUICK.id: True}, 1),  # bought, or approved by a person
        (2, [QUICK, THIS], {QUICK.id: None}, 0),  # nothing of it is printed
        (3, [OLD, QUICK, THIS], {QUICK.id: False}, 1),
        (2, [OLD, THIS], {}, 1),
        (2, [OLD, THIS], {OLD.id: None}, 1),
        (2, [OLD, THIS], {OLD.id: False}, 0),  # it waits for a person since then
        (2, [other(900, 2 * DAY, cancelled=True), THIS], {}, 0),
        (5, [THIS], {}, 4),  # older than the app may see
        (2, [QUICK, THIS, NEW], {}, 0),  # Shopify's count lags behind
        (2, [], {}, None),  # the shop does not show the customer
        (None, [OLD, THIS], {}, None),
    ],
)
def test_only_an_order_that_something_vouches_for_counts_as_ordered_before(
    count: int | None, seen: list[CustomerOrder], trusted: dict[str, bool | None], before: int | None
) -> None:
    made = order(line(1, "RING"), customer_id=ADA, customer_orders=count)
    assert count_orders_before(made, seen, trusted) == before


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playing]:
    async with playing(tmp_path) as found:
        found.world = replace(found.world, policy=policy(approval=ApprovalPolicy(first_order=True)))
        yield found


def theirs(number: int, count: int, **more: Any) -> ShopOrder:
    return order(
        line(number, "RING"),
        id=f"gid://shopify/Order/{number}",
        name=f"#{number}",
        customer_id=ADA,
        customer_orders=count,
        **{"created_at": START, **more},
    )


async def hear(play: Playing, shop_order: ShopOrder) -> int:
    return await play.store.orders.receive_signal(
        OrderSignal("acme", shop_order.id, "webhook", shop_order.name)
    )


async def work(play: Playing) -> None:
    play.forward(timedelta(seconds=10))
    await play.steps(12)


async def approve(play: Playing, key: int) -> OrderRecord:
    asked = await play.record(key)
    await play.store.orders.apply_decision(
        asked, transitions.approve_order(asked, "anna", play.clock.now()), "anna"
    )
    await work(play)
    return await play.record(key)


async def test_of_two_orders_within_seconds_neither_passes_because_of_the_other(play: Playing) -> None:
    first, second = theirs(1001, 2), theirs(1002, 2, created_at=START + 3 * SECOND)
    for one in (first, second):
        play.shop.touch(one)
    keys = [await hear(play, one) for one in (second, first)]
    await work(play)
    records = [await play.record(key) for key in keys]
    assert [(one.state, one.reason) for one in records] == [(State.WAITING, Wait.APPROVAL)] * 2
    assert play.printer.books == {}


async def test_the_second_asks_even_where_nothing_was_heard_of_the_first(play: Playing) -> None:
    play.shop.touch(theirs(1001, 2))
    second = theirs(1002, 2, created_at=START + 3 * SECOND)
    play.shop.touch(second)
    key = await hear(play, second)
    await work(play)
    assert (await play.record(key)).reason == Wait.APPROVAL


async def test_once_the_first_is_approved_and_bought_the_next_passes(play: Playing) -> None:
    first = theirs(1001, 1)
    play.shop.touch(first)
    key = await hear(play, first)
    await work(play)
    assert (await approve(play, key)).state is State.PLACED
    next_one = theirs(1002, 2, created_at=START + timedelta(minutes=1))
    play.shop.touch(next_one)
    other_key = await hear(play, next_one)
    await work(play)
    assert (await play.record(other_key)).state is State.PLACED
    assert len(play.printer.books) == 2


async def test_a_customer_of_long_standing_is_not_asked_about(play: Playing) -> None:
    old = theirs(900, 2, created_at=START - 30 * DAY)
    now = theirs(1001, 2)
    for one in (old, now):
        play.shop.touch(one)
    key = await hear(play, now)
    await work(play)
    assert (await play.record(key)).state is State.PLACED


async def test_where_the_shop_does_not_show_customers_a_person_is_asked(
    play: Playing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(customer_id: str) -> list[CustomerOrder]:
        raise NeedsPerson("shop_access", why="read_customers is missing")

    monkeypatch.setattr(play.shop, "fetch_customer_orders", refuse)
    now = theirs(1001, 5)
    play.shop.touch(now)
    key = await hear(play, now)
    await work(play)
    found = await play.record(key)
    assert (found.reason, found.facts["why"]) == (
        Wait.APPROVAL,
        "it is not known whether the customer has ordered before",
    )
