"""Shops, orders and forms for the sandbox's own tests."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.shopify.model import Address
from bridge.sandbox.shopify.shop import Shop

ADA = Address(
    first_name="Ada",
    last_name="Brindille",
    address1="12 rue des Mésanges",
    city="Lyon",
    zip="69003",
    country="France",
    country_code="FR",
)


def shop(**settings: Any) -> Shop:
    from bridge.sandbox.shopify.settings import ShopSettings

    made = Shop(ShopSettings(**settings))
    made.add_product(
        "Ring", [{"sku": "RING-S", "options": {"Size": "S"}}, {"sku": "RING-L", "options": {"Size": "L"}}]
    )
    made.add_product("Mug", [{"sku": "MUG", "price": "34.50"}])
    made.add_product("Card", [{"sku": "CARD", "requires_shipping": False, "gift_card": True}])
    return made


def form(**changes: str | None) -> dict[str, str]:
    """A correct order form; `item_0` stands for `item[0]`, None takes a field away."""
    fields: dict[str, str | None] = {
        "login": "acme",
        "password": "sandbox-password",
        "item[0]": "QfGQC4YQ:2:0.8697:in:silver",
        "ship_addressee": "Ada Brindille",
        "ship_street1": "12 rue des Mésanges",
        "ship_city": "Lyon",
        "ship_postal_code": "69003",
        "ship_country": "FR",
        "comment": "acme #1001",
    }
    for name, value in changes.items():
        fields[name.replace("item_", "item[") + "]" if name.startswith("item_") else name] = value
    return {name: value for name, value in fields.items() if value is not None}
