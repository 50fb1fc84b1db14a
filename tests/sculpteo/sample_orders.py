"""Invented orders for these tests. Nobody here exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from bridge.order.model import Address, Design, PrintItem, PrintOrder

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

ADDRESS = Address(
    first_name="Odile",
    last_name="Varenne",
    company="Atelier Brume",
    address1="14 rue des Tilleuls",
    address2="Bâtiment C",
    city="Lyon",
    province="Rhône",
    province_code=None,
    postal_code="69003",
    country_code="FR",
)


def item(
    uuid: str = "QfGQC4YQ",
    quantity: int = 4,
    material: str | None = "color_plastic",
    scale: str | None = "0.8697",
    unit: str | None = "in",
) -> PrintItem:
    design = Design(uuid, 1, material, None if scale is None else Decimal(scale), unit)
    return PrintItem(design, quantity, "gid://shopify/LineItem/1", quantity, "RING-S")


def print_order(**changes: object) -> PrintOrder:
    order = PrintOrder(
        items=(item(),),
        address=ADDRESS,
        notification_url="https://bridge.example.com/sculpteo/notify/s3cr3t-t0ken",
        comments=("acme #1001", "sculpteo-bridge 0011aabb"),
        fake=True,
        ship_method=None,
        theme="acme",
    )
    return replace(order, **changes)  # type: ignore[arg-type]  # the tests' own names, checked by replace
