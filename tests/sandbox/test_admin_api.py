from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import shopify

from bridge.sandbox import Sandbox
from bridge.sandbox.shopify.settings import ShopSettings
from tests.support.sandbox_factories import ADA

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "sandbox-client-id",
    "client_secret": "sandbox-client-secret",
}
STATIC = {"X-Shopify-Access-Token": "shpat_sandbox"}


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        running.shop.add_product("Mug", [{"sku": "MUG"}])
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def graphql(box: Sandbox, version: str = "2026-10") -> str:
    return f"{box.shopify_url}/admin/api/{version}/graphql.json"


@pytest.mark.parametrize("form", ["data", "json"])
async def test_client_credentials_give_a_token_for_a_day(
    box: Sandbox, http: aiohttp.ClientSession, form: str
) -> None:
    url = f"{box.shopify_url}/admin/oauth/access_token"
    async with http.post(url, **{form: CREDENTIALS}) as response:  # type: ignore[arg-type]  # data= or json=
        answer = await response.json()
    assert (response.status, answer["expires_in"]) == (200, 86399)
    assert "write_orders" in answer["scope"].split(",")
    headers = {"X-Shopify-Access-Token": answer["access_token"]}
    async with http.post(graphql(box), json={"query": "{ shop { name } }"}, headers=headers) as response:
        assert (await response.json())["data"] == {"shop": {"name": "Acme Prints"}}


@pytest.mark.parametrize(
    ("change", "error"),
    [({"client_secret": "wrong"}, "invalid_client"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
async def test_wrong_credentials_are_named_as_oauth_names_them(
    box: Sandbox, http: aiohttp.ClientSession, change: dict[str, str], error: str
) -> None:
    url = f"{box.shopify_url}/admin/oauth/access_token"
    async with http.post(url, data=CREDENTIALS | change) as response:
        assert (response.status, (await response.json())["error"]) == (400, error)


async def test_a_wrong_missing_or_ended_token_is_401(box: Sandbox, http: aiohttp.ClientSession) -> None:
    box.shop.settings.token_lifetime = timedelta(0)
    ended = box.shop.issue_token()
    for headers in ({}, {"X-Shopify-Access-Token": "shpat_wrong"}, {"X-Shopify-Access-Token": ended}):
        async with http.post(graphql(box), json={"query": "{ shop { id } }"}, headers=headers) as response:
            assert response.status == 401
            assert "Invalid API key" in (await response.json())["errors"]


@pytest.mark.parametrize(
    ("asked", "status", "served"),
    [("2026-10", 200, "2026-10"), ("2024-01", 200, "2026-01"), ("banana", 404, "")],
)
async def test_a_retired_version_falls_forward_and_the_header_says_so(
    box: Sandbox, http: aiohttp.ClientSession, asked: str, status: int, served: str
) -> None:
    query = {"query": "{ shop { id } }"}
    async with http.post(graphql(box, asked), json=query, headers=STATIC) as response:
        assert (response.status, response.headers["X-Shopify-API-Version"]) == (status, served)
        assert len(response.headers["x-request-id"]) == 36


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"query": 3}', b'{"query": "{ x }", "variables": 4}']
)
async def test_a_body_that_is_no_request_is_400_and_never_500(
    box: Sandbox, http: aiohttp.ClientSession, body: bytes
) -> None:
    async with http.post(graphql(box), data=body, headers=STATIC) as response:
        assert response.status == 400


async def test_two_shops_have_two_servers_and_know_nothing_of_each_other(http: aiohttp.ClientSession) -> None:
    shops = (ShopSettings(), ShopSettings(domain="globex.myshopify.com", name="Globex"))
    async with Sandbox(shops=shops) as box:
        box.get_running_shop("acme").shop.create_order(["MUG"])
        for name, count in (("acme", 1), ("globex", 0)):
            url = f"{box.get_running_shop(name).url}/admin/api/2026-10/orders.json"
            async with http.get(url, headers=STATIC) as response:
                assert len((await response.json())["orders"]) == count


async def test_a_shop_that_is_down_refuses_connections_and_comes_back_on_its_port(
    box: Sandbox, http: aiohttp.ClientSession
) -> None:
    async with http.post(graphql(box), json={"query": "{ shop { id } }"}, headers=STATIC) as response:
        assert response.status == 200
    await box.stop_shopify()
    await asyncio.sleep(0.05)  # until the client has noticed that its kept connection is gone
    with pytest.raises(aiohttp.ClientConnectorError):
        await http.post(graphql(box), json={"query": "{ shop { id } }"}, headers=STATIC)
    await box.start_shopify()
    async with http.post(graphql(box), json={"query": "{ shop { id } }"}, headers=STATIC) as response:
        assert response.status == 200


# -- Shopify's own Python library --


@pytest.fixture
def library(box: Sandbox) -> Iterator[None]:
    """Point the library at the sandbox. It builds "<shop>.<domain>:<port>" from what it is given, so the
    address 127.0.0.1 is the "shop" 127 in the "domain" 0.0.1."""
    before = (shopify.Session.protocol, shopify.Session.myshopify_domain, shopify.Session.port)
    port = box.get_running_shop().site.port
    shopify.Session.setup(protocol="http", myshopify_domain="0.0.1", port=port)
    yield
    shopify.Session.setup(protocol=before[0], myshopify_domain=before[1], port=before[2])


@pytest.mark.usefixtures("library")
async def test_the_genuine_library_reads_by_graphql_and_rest(box: Sandbox) -> None:
    order = box.shop.create_order(["MUG"], address=ADA, email="ada@mail.example")
    query = "query Q($id: ID!) { order(id: $id) { name displayFinancialStatus } }"

    def use() -> tuple[Any, ...]:
        answer = json.loads(shopify.GraphQL().execute(query, {"id": order.gid}))
        orders = shopify.Order.find()
        one = shopify.Order.find(order.id)
        return (
            answer["data"]["order"],
            shopify.Shop.current().myshopify_domain,
            [entry.name for entry in orders],
            (one.line_items[0].sku, one.shipping_address.last_name, one.total_price),
            shopify.Order.count(),
        )

    assert await asyncio.to_thread(use_in_session, use) == (
        {"name": "#1001", "displayFinancialStatus": "PAID"},
        "acme.myshopify.com",
        ["#1001"],
        ("MUG", "Brindille", "24.90"),
        1,
    )


def use_in_session(use: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The library keeps its session for each thread, so it is set up in the thread that uses it."""
    shopify.ShopifyResource.activate_session(shopify.Session("127.0.0.1", "2026-10", "shpat_sandbox"))
    try:
        return use()
    finally:
        shopify.ShopifyResource.clear_session()
