"""Invented catalogues."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bridge.config.mapping import Mapping
from bridge.config.settings import Settings
from bridge.mapping_review.variants import ShopCatalog
from bridge.order.model import Variant


def mapping(*products: dict[str, Any], **changes: Any) -> Mapping:
    base: dict[str, Any] = {
        "mode": "test",
        "server": {"public_url": "https://bridge.acme.fr"},
        "shops": {"acme": {"domain": "acme.myshopify.com"}, "bold": {"domain": "bold.myshopify.com"}},
        "sculpteo": {"login": "me", "password": "secret"},
        "defaults": {"material": "white_plastic", "unit": "mm", "scale": "1"},
        "products": products,
    }
    return Mapping(Settings.model_validate({**base, **changes}))


def variant(number: int, sku: str | None, price: str = "40.00", **more: Any) -> Variant:
    values: dict[str, Any] = {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": sku,
        "title": f"Kind {number}",
        "product_id": "gid://shopify/Product/1",
        "product_title": "Thing",
        "status": "ACTIVE",
        "price": Decimal(price),
    }
    return Variant(**values | more)


def stock(*variants: Variant, shop: str = "acme", currency: str = "EUR") -> ShopCatalog:
    return ShopCatalog(shop, currency, True, variants)
