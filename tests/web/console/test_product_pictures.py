"""Pictures of products on the pages: our own copies, and pages that do not wait for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.errors import TryAgain
from bridge.order.model import Picture
from bridge.web.console import product_pictures
from bridge.web.console.product_pictures import PRODUCT_PICTURES
from tests.support.store_factories import shop_order
from tests.web.console.conftest import Site
from tests.web.console.test_orders import UNMAPPED, WAITS, put

RING, LAMP = "gid://shopify/Product/11", "gid://shopify/Product/12"
PNG = Picture(b"\x89PNG\r\n\x1a\ninvented", "image/png")


class Shop:
    """A shop with a picture of its ring."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    async def __call__(self, shop: str, product_ids: Sequence[str]) -> Mapping[str, Picture]:
        self.asked.append((shop, tuple(product_ids)))
        if self.error:
            raise self.error
        return {RING: PNG} if RING in product_ids else {}


async def ordered(site: Site, number: int, *products: str | None, change: Any = UNMAPPED) -> int:
    lines = tuple(
        replace(shop_order().lines[0], id=f"gid://shopify/LineItem/{number}{place}", product_id=product)
        for place, product in enumerate(products)
    )
    return (await put(site, number, change, lines=lines)).key


async def shown(site: Site, path: str) -> list[str]:
    """The addresses of the pictures of a page, after those that it asked for have come."""
    await site.get(path)
    task = site.app[PRODUCT_PICTURES].task
    if task is not None:
        await task
    status, text = await site.get(path)
    assert status == 200
    return re.findall(r'<img class="thumb" src="([^"]+)" alt=""', text)


async def test_each_page_shows_the_pictures_that_are_there(site: Site) -> None:
    await site.is_signed_in("vera")
    site.console.pictures = shop = Shop()
    key = await ordered(site, 1001, RING, LAMP, None)
    for path in ("/", "/orders", f"/orders/{key}"):
        [address] = await shown(site, path)
        assert address.startswith("/pictures/acme/11?v=")
        async with site.client.get(site.url + address.replace("&amp;", "&")) as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, PNG.kind, PNG.body)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"].startswith("private")
    assert shop.asked == [("acme", (RING, LAMP))], "each is asked for once, and all of a page together"


async def test_a_page_does_not_wait_and_open_pages_are_told(site: Site) -> None:
    await site.is_signed_in("vera")
    gate = asyncio.Event()

    async def slow(shop: str, product_ids: Sequence[str]) -> Mapping[str, Picture]:
        await gate.wait()
        return {RING: PNG}

    site.console.pictures = slow
    await ordered(site, 1001, RING)
    pictures = site.app[PRODUCT_PICTURES]
    async with asyncio.timeout(20):
        assert "thumb" not in (await site.get("/orders"))[1]
        before = pictures.version
        gate.set()
        assert pictures.task is not None
        await pictures.task
    assert pictures.version > before
    assert "thumb" in (await site.get("/orders"))[1]


@pytest.mark.parametrize("error", [TryAgain("Shopify is away"), RuntimeError("a bug"), None])
async def test_without_a_picture_the_page_is_as_ever(site: Site, error: Exception | None) -> None:
    await site.is_signed_in("vera")
    site.console.pictures = shop = Shop(error)
    await ordered(site, 1001, LAMP, "gid://shopify/Product/x", "nonsense")
    assert await shown(site, "/orders") == []
    assert await shown(site, "/orders") == []
    assert shop.asked == [("acme", (LAMP,))], "it is not asked again at once"


async def test_of_many_products_only_so_many_pictures_are_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product_pictures, "KEPT", 3)
    monkeypatch.setattr(product_pictures, "AT_ONCE", 2)
    await site.is_signed_in("vera")
    site.console.pictures = shop = Shop()
    for number in range(5):
        await ordered(site, 1001 + number, f"gid://shopify/Product/{number}", change=WAITS)
    await shown(site, "/orders")
    assert len(site.app[PRODUCT_PICTURES].known) == 3
    assert all(len(ids) <= 2 for _, ids in shop.asked)


async def test_who_is_not_signed_in_sees_no_picture_and_an_unknown_one_is_an_icon(site: Site) -> None:
    assert (await site.get("/pictures/acme/11"))[0] == 303
    await site.is_signed_in("vera")
    for path in ("/pictures/acme/11", "/pictures/nobody/11"):
        async with site.client.get(site.url + path) as answer:  # another process may have it
            assert (answer.status, answer.content_type) == (200, "image/svg+xml")
    assert (await site.get("/pictures/acme/..%2F"))[0] == 404


async def test_another_shop_of_the_same_name_has_other_pictures(site: Site) -> None:
    await site.is_signed_in("vera")
    site.console.pictures = Shop()
    await ordered(site, 1001, RING)
    assert len(await shown(site, "/orders")) == 1
    settings = site.loaded.settings
    other = settings.shops["acme"].model_copy(update={"domain": "other.myshopify.com"})
    site.loaded = replace(site.loaded, settings=settings.model_copy(update={"shops": {"acme": other}}))
    site.console.pictures = None
    assert await shown(site, "/orders") == []
    assert (await site.get("/pictures/acme/11"))[0] == 302
