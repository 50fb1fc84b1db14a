"""Breakers: who is left alone when, and who is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import pytest

from bridge.errors import (
    SCULPTEO,
    SCULPTEO_TRACKING,
    CircuitOpen,
    TryAgain,
    UnreadableAnswer,
    shopify_upstream,
)
from bridge.net.circuit_breaker import (
    CircuitBreaker,
    build_breakers,
    guard_printer,
    guard_shops,
)
from bridge.order.model import Design, Mode, Money
from bridge.ports import Shop
from tests.sculpteo.raw_server import Respond, answer, serving
from tests.sculpteo.test_lookups import DESIGN, page, priced, said
from tests.sculpteo.test_place import printer

MANY = 15


@pytest.mark.parametrize(
    "tracking",
    [
        page("page__sign_in.html"),
        answer(b"<h1>Our new site</h1>"),
        answer(b"{", "200 OK", "Content-Type: application/json"),
        answer(b"", "403 Forbidden"),
        answer(b"", "503 Busy"),
        answer(b"", "500 Internal Server Error"),
        answer(b"", "429 Too Many Requests"),
    ],
)
async def test_however_many_orders_cannot_be_followed_others_are_bought_meanwhile(tracking: Respond) -> None:
    breakers = build_breakers(["acme"], {})
    async with serving(tracking) as server, printer(server.url) as client:
        follower = guard_printer(client, breakers)
        for number in range(MANY):
            with pytest.raises(TryAgain):
                await follower.track_order(f"AB12CD{number:02}")
    assert not breakers[SCULPTEO].is_open
    async with serving(said(priced())) as server, printer(server.url) as client:
        quote = await guard_printer(client, breakers).fetch_price(DESIGN, 4, "EUR")
    assert quote.total == Money(Decimal("50.00"), "EUR")


async def test_orders_whose_page_cannot_be_read_keep_no_other_order_from_being_followed() -> None:
    breakers = build_breakers([], {})
    async with serving(page("page__sign_in.html")) as server, printer(server.url) as client:
        for _ in range(MANY):
            with pytest.raises(UnreadableAnswer):
                await guard_printer(client, breakers).track_order("AB12CD34")
    assert not breakers[SCULPTEO_TRACKING].is_open
    async with serving(said({"status": "In Process"})) as server, printer(server.url) as client:
        assert (await guard_printer(client, breakers).track_order("AB12CD35")).exists


async def test_designs_whose_price_cannot_be_read_keep_no_other_order_from_being_bought() -> None:
    breakers = build_breakers([], {})
    async with serving(answer(b"<html>")) as server, printer(server.url) as client:
        for number in range(MANY):
            with pytest.raises(UnreadableAnswer):
                await guard_printer(client, breakers).fetch_price(Design(f"Broken{number:02}"), 1, "EUR")
    assert not breakers[SCULPTEO].is_open


async def test_a_tracking_page_that_does_not_answer_is_left_alone_by_followers_only() -> None:
    breakers = build_breakers([], {})
    async with serving(answer(b"", "503 Busy")) as server, printer(server.url) as client:
        follower = guard_printer(client, breakers)
        for _ in range(5):
            with pytest.raises(TryAgain):
                await follower.track_order("AB12CD34")
        with pytest.raises(CircuitOpen):
            await follower.track_order("AB12CD34")
    assert breakers[SCULPTEO_TRACKING].is_open
    assert not breakers[SCULPTEO].is_open


class Broken:
    """A shop that answers nothing, or one order of which cannot be read."""

    def __init__(self, error: TryAgain) -> None:
        self.error = error

    async def fetch_order(self, order_id: str, *, note_of: Mode | None = None) -> None:
        raise self.error


async def failed(shop: Shop, times: int) -> None:
    for _ in range(times):
        with pytest.raises(TryAgain):
            await shop.fetch_order("gid://shopify/Order/1")


async def test_a_shop_called_like_sculpteo_has_a_breaker_of_its_own() -> None:
    breakers = build_breakers(["sculpteo", "acme"], {})
    down = TryAgain("HTTP 503", upstream=shopify_upstream("sculpteo"))
    shops = guard_shops(cast("Any", {"sculpteo": Broken(down), "acme": Broken(down)}), breakers)
    await failed(shops["sculpteo"], 5)
    assert breakers[shopify_upstream("sculpteo")].is_open
    assert not breakers[SCULPTEO].is_open
    again = build_breakers(["sculpteo"], breakers)
    assert again[shopify_upstream("sculpteo")] is breakers[shopify_upstream("sculpteo")]
    assert again[SCULPTEO] is breakers[SCULPTEO]


async def test_an_order_that_cannot_be_read_keeps_no_other_order_of_the_shop_waiting() -> None:
    breakers = build_breakers(["acme"], {})
    error = UnreadableAnswer("Shopify's answer is not as expected", upstream=shopify_upstream("acme"))
    await failed(guard_shops(cast("Any", {"acme": Broken(error)}), breakers)["acme"], MANY)
    assert not breakers[shopify_upstream("acme")].is_open


async def test_an_answer_that_cannot_be_read_shows_that_the_upstream_is_back() -> None:
    seconds = 0.0
    breaker = CircuitBreaker(SCULPTEO_TRACKING, lambda: seconds)

    async def call(error: TryAgain) -> None:
        async def failing() -> None:
            raise error

        with pytest.raises(TryAgain):
            await breaker.call_upstream(failing, lambda _: None)

    for _ in range(5):
        await call(TryAgain("HTTP 503", upstream=SCULPTEO_TRACKING))
    assert breaker.is_open
    seconds = 6.0
    await call(UnreadableAnswer("a page to sign in", upstream=SCULPTEO_TRACKING))
    assert not breaker.is_open
