"""How the bridge stands with a shop: permissions, version, subscriptions, and what else `check` asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.errors import TryAgain
from bridge.order.model import Variant
from bridge.shopify import installation
from bridge.shopify.catalog import variants
from bridge.shopify.documents import API_VERSION
from bridge.shopify.scopes import FULFILLMENT_ORDERS, SCOPES, WANTED, missing
from bridge.shopify.shop_status import (
    ShopFacts,
    Version,
    inspect,
)
from bridge.shopify.subscriptions import TOPICS
from tests.shopify.fake_shopify import Fault, Shop, connection, denied

ALL = [{"handle": scope.handle} for scope in SCOPES]


@pytest.fixture
def healthy(shop: Shop) -> Shop:
    shop.stub.root |= {
        "shop": {
            "id": "gid://shopify/Shop/1",
            "name": "Acme Prints",
            "myshopifyDomain": "acme.myshopify.com",
            "currencyCode": "EUR",
            "ianaTimezone": "Europe/Paris",
            "taxesIncluded": True,
            "plan": {"publicDisplayName": "Basic", "partnerDevelopment": True},
        },
        "publicApiVersions": [
            {"handle": "2026-07", "supported": True},
            {"handle": API_VERSION, "supported": True},
            {"handle": "unstable", "supported": False},
        ],
        "currentAppInstallation": {"id": "gid://shopify/AppInstallation/1", "accessScopes": ALL},
        "webhookSubscriptions": connection(),
    }
    return shop


# --- permissions ---


@pytest.mark.parametrize(
    ("granted", "lacking"),
    [
        ({scope.handle for scope in SCOPES}, []),
        (set(), ["read_orders", "read_products", FULFILLMENT_ORDERS.handle, "write_orders", "read_locations", "read_customers", "read_payment_terms"]),
        ({"write_orders", "write_products", "write_assigned_fulfillment_orders", "read_inventory", "write_customers", "write_payment_terms"}, []),
        ({"write_orders", "read_products", "read_merchant_managed_fulfillment_orders", "read_locations", "read_customers", "read_payment_terms"}, [FULFILLMENT_ORDERS.handle]),
        ({"read_orders", "read_products", "write_third_party_fulfillment_orders", "write_locations", "read_customers", "read_payment_terms"}, ["write_orders"]),
    ],
)  # fmt: skip
def test_missing_permissions_are_named_the_needed_ones_first(granted: set[str], lacking: list[str]) -> None:
    assert [scope.handle for scope in missing(granted)] == lacking


def test_each_permission_says_what_is_lost_without_it() -> None:
    assert all(scope.lost.endswith(".") for scope in SCOPES)
    assert WANTED.split(",") == [scope.handle for scope in SCOPES]


# --- the whole look ---


async def test_a_healthy_shop_is_shown_in_all_its_parts(healthy: Shop) -> None:
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.shop == ShopFacts("Acme Prints", "acme.myshopify.com", "EUR", "Basic", True)
    assert found.version == Version(API_VERSION, API_VERSION, supported=True)
    assert found.missing_scopes == ()
    assert found.subscriptions is not None
    assert set(found.subscriptions.missing) == set(TOPICS)
    assert found.problems == ()


async def test_a_look_changes_nothing(healthy: Shop) -> None:
    await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert healthy.stub.operations() == ["Shop", "ApiVersions", "Installation", "WebhookSubscriptions"]


async def test_a_version_that_has_ended_is_told(healthy: Shop) -> None:
    healthy.stub.root["publicApiVersions"] = [{"handle": "2027-10", "supported": True}]
    healthy.stub.version = "2027-01"
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.version == Version(API_VERSION, "2027-01", supported=False)


async def test_a_refused_token_is_told_once(healthy: Shop) -> None:
    healthy.stub.tokens.clear()
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.shop is None
    assert len(found.problems) == 1
    assert "token" in found.problems[0]
    assert len(healthy.stub.requests) == 1


async def test_a_part_that_fails_does_not_hide_the_others(healthy: Shop) -> None:
    healthy.stub.root["publicApiVersions"] = denied("publicApiVersions", "read_nothing")
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.version is None
    assert found.missing_scopes == ()
    assert found.subscriptions is not None
    assert len(found.problems) == 1
    assert "read_nothing" in found.problems[0]


async def test_a_shop_in_trouble_is_told(healthy: Shop) -> None:
    healthy.stub.faults.append(Fault(502))
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.shop is None
    assert "502" in found.problems[0]


async def test_another_name_of_the_shop_is_told_but_stops_nothing(healthy: Shop) -> None:
    healthy.stub.root["shop"]["myshopifyDomain"] = "acme-2.myshopify.com"
    found = await inspect(healthy.admin, "https://bridge.example.com", "acme")
    assert found.subscriptions is not None
    assert "acme-2.myshopify.com" in found.problems[0]


# --- values kept with the app ---


class Kept:
    """The app's own metafields in a shop; `meanwhile` is written by somebody else before the next write."""

    def __init__(self, shop: Shop) -> None:
        self.values: dict[str, str] = {}
        self.meanwhile: dict[str, str] = {}
        shop.stub.root["currentAppInstallation"] = {
            "id": "gid://shopify/AppInstallation/1",
            "accessScopes": [],
            "metafield": self.get,
        }
        shop.stub.root["metafieldsSet"] = self.set

    def get(self, info: Any, key: str, namespace: str | None = None) -> dict[str, str] | None:
        return {"value": self.values[key], "compareDigest": "d"} if key in self.values else None

    def set(self, info: Any, metafields: list[dict[str, Any]]) -> dict[str, Any]:
        (entry,) = metafields
        assert entry["ownerId"] == "gid://shopify/AppInstallation/1"
        self.values |= self.meanwhile
        if entry["key"] in self.values:
            error = {"message": "It is there already", "code": "STALE_OBJECT", "field": None}
            return {"metafields": None, "userErrors": [error]}
        self.values[entry["key"]] = entry["value"]
        return {"metafields": [], "userErrors": []}


async def test_the_first_value_stays(shop: Shop) -> None:
    Kept(shop)
    assert await installation.recall(shop.admin, installation.GO_LIVE) is None
    assert await installation.keep_first(shop.admin, installation.GO_LIVE, "2026-11-23") == "2026-11-23"
    assert await installation.keep_first(shop.admin, installation.GO_LIVE, "2026-12-24") == "2026-11-23"
    assert await installation.recall(shop.admin, installation.GO_LIVE) == "2026-11-23"


async def test_of_two_in_the_same_moment_the_other_may_be_first(shop: Shop) -> None:
    kept = Kept(shop)
    kept.meanwhile = {installation.GO_LIVE: "theirs"}
    assert await installation.keep_first(shop.admin, installation.GO_LIVE, "ours") == "theirs"


async def test_a_value_that_shopify_does_not_keep_is_for_a_later_try(shop: Shop) -> None:
    Kept(shop)
    error = {"message": "Value is invalid", "code": "INVALID_VALUE", "field": None}
    shop.stub.root["metafieldsSet"] = {"metafields": None, "userErrors": [error]}
    with pytest.raises(TryAgain, match="Value is invalid"):
        await installation.keep_first(shop.admin, installation.GO_LIVE, "ours")


# --- the catalogue ---


def variant(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": f"SKU-{number}",
        "title": "Silver / S",
        "price": "29.90",
        "selectedOptions": [{"name": "Material", "value": "Silver"}],
        "product": {
            "id": "gid://shopify/Product/1",
            "title": "Ring",
            "status": "ACTIVE",
            "isGiftCard": False,
        },
        **changes,
    }


async def test_the_catalogue_is_read_variant_by_variant(shop: Shop) -> None:
    shop.stub.root["productVariants"] = lambda info, after=None, **_: (
        connection(variant(2, sku=None)) if after else connection(variant(1), after="next")
    )
    first, second = [one async for one in variants(shop.admin)]
    assert first == Variant(
        id="gid://shopify/ProductVariant/1",
        sku="SKU-1",
        title="Silver / S",
        product_id="gid://shopify/Product/1",
        product_title="Ring",
        status="ACTIVE",
        price=Decimal("29.90"),
        options=(("Material", "Silver"),),
        gift_card=False,
    )
    assert second.sku is None


async def test_a_variant_that_is_not_as_it_should_be_is_named_with_its_place(shop: Shop) -> None:
    shop.stub.root["productVariants"] = connection(variant(1), variant(2, price="dear"))
    with pytest.raises(TryAgain, match=r"productVariants\.nodes\[1\]\.price"):
        _ = [one async for one in variants(shop.admin)]


NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def grant(shop: Shop, *scopes: str) -> None:
    shop.stub.root["currentAppInstallation"]["accessScopes"] = [{"handle": scope} for scope in scopes]


async def test_the_moment_of_going_live_is_kept_in_the_shop(shop: Shop) -> None:
    Kept(shop)
    grant(shop, "write_orders")
    assert await installation.went_live(shop.admin, NOW) == NOW
    assert await installation.went_live(shop.admin, NOW + timedelta(days=3)) == NOW


async def test_a_time_without_a_ledger_is_never_forgotten(shop: Shop) -> None:
    Kept(shop)
    grant(shop, "write_orders")
    await installation.went_live(shop.admin, NOW)
    grant(shop, "read_orders")
    assert await installation.went_live(shop.admin, NOW) is None
    grant(shop, "write_orders")
    assert await installation.went_live(shop.admin, NOW) is None


async def test_a_kept_moment_that_is_no_time_is_not_taken_for_one(shop: Shop) -> None:
    Kept(shop).values[installation.GO_LIVE] = "long ago"
    grant(shop, "write_orders")
    with pytest.raises(TryAgain, match="go_live"):
        await installation.went_live(shop.admin, NOW)
