"""The shop of the demo: its products, their designs, and the bridge's configuration for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bridge.sandbox.control_schema import SandboxInfo
from bridge.sandbox.sculpteo.printer import Design, Printer
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.shop import Shop

PRODUCTS: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("Signet ring", ({"sku": "RING-S", "price": "89.00", "options": {"Size": "S"}},
                     {"sku": "RING-L", "price": "95.00", "options": {"Size": "L"}})),
    ("Faceted mug", ({"sku": "MUG-WS", "price": "34.00", "options": {"Material": "White", "Size": "S"}},
                     {"sku": "MUG-WL", "price": "42.00", "options": {"Material": "White", "Size": "L"}},
                     {"sku": "MUG-BL", "price": "44.00", "options": {"Material": "Black", "Size": "L"}},
                     {"sku": "MUG-GL", "price": "99.00", "options": {"Material": "Gold", "Size": "L"}})),
    ("Chess set", ({"sku": "CHESS-SET", "price": "140.00"},)),
    ("Moon lamp", ({"sku": "LAMP", "price": "75.00"},)),
    ("Dice, set of five", ({"sku": "DICE-5", "price": "25.00"},)),
    ("Tea towel", ({"sku": "TEE-TOWEL", "price": "12.00"},)),
    ("Gift wrapping", ({"sku": "GIFT-WRAP", "price": "4.00", "requires_shipping": False},)),
    ("Prototype", ({"sku": "NEW-2026", "price": "60.00"},)),
)  # fmt: skip
"""(title, variants). MUG-GL has a material that the mapping does not know; NEW-2026 has no mapping at all."""

DESIGNS = (
    Design("Rg4sT9xQ", "Signet ring", (21.0, 21.0, 6.0), 0.9),
    Design("Mg7wKp2L", "Faceted mug", (82.0, 82.0, 95.0), 14.0),
    Design("ChPawn01", "Chess pawn", (18.0, 18.0, 32.0), 1.6),
    Design("ChRoyal2", "Chess king and queen", (24.0, 24.0, 70.0), 4.8),
    Design("ChBoard3", "Chess board", (240.0, 240.0, 6.0), 20.0),
    Design("Lm2Moon8", "Moon lamp", (120.0, 120.0, 120.0), 26.0),
    Design("Dc5Dice6", "Die", (16.0, 16.0, 16.0), 2.1),
)

MAPPING: list[dict[str, Any]] = [
    {"sku": "RING-*", "uuid": "Rg4sT9xQ", "material": "silver",
     "scale": {"option": "Size", "values": {"S": 0.87, "L": 1.1}}},
    {"sku": "MUG-*", "uuid": "Mg7wKp2L",
     "material": {"option": "Material", "values": {"White": "white_plastic", "Black": "black_plastic"}},
     "scale": {"option": "Size", "values": {"S": 0.8, "L": 1.2}}},
    {"sku": "CHESS-SET", "items": [
        {"uuid": "ChPawn01", "quantity": 16},
        {"uuid": "ChRoyal2", "quantity": 4},
        {"uuid": "ChBoard3", "material": "black_plastic"}]},
    {"sku": "LAMP", "uuid": "Lm2Moon8"},
    {"sku": "DICE-5", "uuid": "Dc5Dice6", "quantity": 5, "material": "color_plastic"},
]  # fmt: skip
TEST_SKUS = ("RING-S", "LAMP", "MUG-BL")
IGNORE = ["TEE-*", "GIFT-*"]
SHOP = ShopSettings(bucket_size=40_000, restore_rate=2_000)
"""The demo's shop. A day passes in a minute there, so Shopify's budget for queries is that of its largest plan."""

LIMIT_PER_ORDER = "450 EUR"


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Where the demo's bridge listens and stores, and how long its approval window is.

    `public_url` is what the bridge tells Shopify and Sculpteo. Live mode takes https only; a sandbox with
    `deliver_to` sends to this machine all the same.
    """

    listen: str
    database: str
    window_seconds: float = 3
    mode: str = "live"
    public_url: str | None = None
    shop: str = "acme"


def add_demo_products(shop: Shop, printer: Printer) -> None:
    """Put the demo's products into the shop and its designs into the printer's account."""
    for title, variants in PRODUCTS:
        shop.add_product(title, variants)
    shop.test_skus = TEST_SKUS
    for design in DESIGNS:
        printer.designs[design.uuid] = design


def build_demo_config(info: SandboxInfo, plan: DemoPlan) -> dict[str, Any]:
    """The bridge's configuration, as the YAML file would hold it."""
    shop = info.shops[0]
    return {
        "mode": plan.mode,
        "server": {"public_url": plan.public_url or f"http://{plan.listen}", "listen": plan.listen},
        "database": plan.database,
        "shops": {
            plan.shop: {
                "domain": shop.domain,
                "client_id": shop.client_id,
                "client_secret": shop.client_secret,
                "admin_url": shop.admin_url,
            }
        },
        "sculpteo": {
            "login": info.sculpteo_login,
            "password": info.sculpteo_password,
            "theme": "acme",
            "base_url": info.sculpteo_url,
            "requests_per_second": 10,
            "poll": "5s",
        },
        "shipping": {"default": "cheapest", "by_rate": {"Express*": "express", "Colissimo*": "quick"}},
        "defaults": {"material": "white_plastic", "unit": "mm", "scale": 1},
        "products": MAPPING,
        "ignore": IGNORE,
        "approval": {"mode": "automatic", "delay": f"{plan.window_seconds:g}s"},
        "limits": {"per_order": LIMIT_PER_ORDER},
        "invoice": {
            "mode": "template",
            "seller": {"name": "Acme Prints", "address": ["5 rue de la Forge", "69001 Lyon", "France"]},
        },
    }


def write_config(path: Path, config: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True), encoding="utf-8")
