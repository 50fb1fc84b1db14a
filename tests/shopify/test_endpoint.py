"""Where requests go: the genuine ShopifyAPI library and ours must agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shopify

from bridge.errors import ConfigError
from bridge.shopify.documents import API_VERSION
from bridge.shopify.endpoint import endpoint


def test_the_genuine_library_posts_its_graphql_where_we_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Answer:
        def read(self) -> bytes:
            return b'{"data": {}}'

    def urlopen(request: Any) -> Answer:
        asked.append(request)
        return Answer()

    monkeypatch.setattr("shopify.resources.graphql.urllib.request.urlopen", urlopen)
    shopify.ShopifyResource.activate_session(shopify.Session("acme.myshopify.com", API_VERSION, "a-token"))
    try:
        shopify.GraphQL().execute("query Shop { shop { name } }")
    finally:
        shopify.ShopifyResource.clear_session()
    (request,) = asked
    assert request.full_url == endpoint("acme.myshopify.com").graphql
    assert request.get_header("X-shopify-access-token") == "a-token"
    assert json.loads(request.data)["query"].startswith("query Shop")


def test_the_addresses_are_those_of_shopifys_manual() -> None:
    where = endpoint("acme.myshopify.com")
    assert where.domain == "acme.myshopify.com"
    assert where.graphql == "https://acme.myshopify.com/admin/api/2026-10/graphql.json"
    assert where.token == "https://acme.myshopify.com/admin/oauth/access_token"


@pytest.mark.parametrize(
    "spelled", ["ACME.myshopify.com", " acme.myshopify.com ", "https://acme.myshopify.com", "acme"]
)
def test_a_domain_may_be_spelled_as_people_do(spelled: str) -> None:
    assert endpoint(spelled).graphql == endpoint("acme.myshopify.com").graphql


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "evil.com",
        "acme.myshopify.com.evil.com",
        "evil.com/acme.myshopify.com",
        "a@evil.com",
        "shop.acme.com",
        "acme.myshopify.io",
        "-",
    ],
)
def test_a_token_never_goes_to_what_is_not_a_shop(domain: str) -> None:
    with pytest.raises(ConfigError, match=r"myshopify\.com"):
        endpoint(domain)


@pytest.mark.parametrize("base", ["http://127.0.0.1:9001", "http://127.0.0.1:9001/"])
def test_another_base_can_stand_in_for_the_domain(base: str) -> None:
    where = endpoint("acme.myshopify.com", base)
    assert where.graphql == f"http://127.0.0.1:9001/admin/api/{API_VERSION}/graphql.json"
    assert where.token == "http://127.0.0.1:9001/admin/oauth/access_token"
