"""Pictures of products: small ones only, pictures only, and only from where Shopify's lie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from bridge.net.ssrf import allow_any
from bridge.order.model import Picture
from bridge.sandbox.sandbox import Sandbox
from bridge.shopify.auth import StaticToken
from bridge.shopify.client import Admin
from bridge.shopify.endpoint import endpoint
from bridge.shopify.product_images import (
    LARGEST,
    PNG,
    fetched,
    kind_of,
    product_pictures,
)

GOOD = PNG + b"invented"


@pytest.fixture
async def server() -> AsyncIterator[SimpleNamespace]:
    """Serves what a picture's address may lead to."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        asked.append(name)
        if name == "redirect":
            raise web.HTTPFound("/good")
        if name == "endless":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(GOOD * 1000)
        if name == "missing":
            raise web.HTTPNotFound
        bodies = {
            "good": GOOD,
            "large": GOOD.ljust(LARGEST + 1),
            "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "html": b"<script>alert(1)</script>",
            "empty": b"",
        }
        return web.Response(body=bodies[name], content_type="image/png")

    app = web.Application()
    app.add_routes([web.get("/{name}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{runner.addresses[0][1]}", asked=asked)
    await runner.cleanup()


async def test_only_small_pictures_are_taken(server: SimpleNamespace) -> None:
    names = ("good", "large", "endless", "svg", "html", "empty", "missing", "redirect")
    found = await fetched({name: f"{server.url}/{name}" for name in names}, allowed=allow_any, plain=True)
    assert found == {"good": Picture(GOOD, "image/png")}
    assert server.asked.count("good") == 1  # a redirect is not followed


async def test_an_address_inside_the_merchants_network_is_not_asked(server: SimpleNamespace) -> None:
    port = server.url.rpartition(":")[2]
    addresses = (
        f"{server.url}/good",
        f"http://localhost:{port}/good",
        f"https://127.0.0.1:{port}/good",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/good",
        "file:///etc/passwd",
        "not an address",
        "https://",
    )
    assert await fetched(dict(zip(addresses, addresses, strict=True)), plain=True) == {}
    assert await fetched(dict(zip(addresses, addresses, strict=True))) == {}
    assert server.asked == []


async def test_without_tls_only_a_simulated_shop_is_believed(server: SimpleNamespace) -> None:
    assert await fetched({"one": f"{server.url}/good"}, allowed=allow_any) == {}
    assert server.asked == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(body: bytes, kind: str | None) -> None:
    assert kind_of(body) == kind


def admin_of(box: Sandbox, session: aiohttp.ClientSession) -> Admin:
    settings = box.shop.settings
    tokens = StaticToken(box.shop.issue_token())
    return Admin(session, endpoint(settings.domain, box.shopify_url), tokens, shop="acme")


async def test_the_pictures_of_a_shop_come_with_their_products() -> None:
    async with Sandbox(seed=3) as box, aiohttp.ClientSession() as session:
        ring = box.shop.add_product("Ring", [{"sku": "RING"}])
        lamp = box.shop.add_product("Lamp", [{"sku": "LAMP"}])
        ids = [ring.gid, lamp.gid, "gid://shopify/Product/1"]
        found = await product_pictures(admin_of(box, session), ids, is_simulated=True)
        assert set(found) == {ring.gid, lamp.gid}
        assert {picture.kind for picture in found.values()} == {"image/png"}
        assert found[ring.gid].body != found[lamp.gid].body
        assert (
            await product_pictures(admin_of(box, session), ids) == {}
        )  # as for a real shop: this machine is not public
        box.shop.pictures_at = None
        assert await product_pictures(admin_of(box, session), ids, is_simulated=True) == {}
