"""One's own configuration, simulated: its shops, what they sell, its account at Sculpteo; and its changes."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bridge.cli._sample_catalog import (
    Variant,
    build_sample_catalog,
)
from bridge.config.loader import Loaded
from bridge.config.settings import Settings
from bridge.config.settings import ShopSettings as Configured
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.settings import SculpteoSettings
from bridge.sandbox.shopify.settings import ShopSettings
from bridge.sandbox.shopify.shop import Shop


def find_loopback_port(url: str | None) -> int | None:
    """The port of an address on this machine; None for any other address."""
    parts = urlsplit(url or "")
    return parts.port if parts.hostname in ("127.0.0.1", "localhost") else None


def build_simulated_shops(settings: Settings) -> list[ShopSettings]:
    """The shops of a configuration, each where it already looks for it."""
    return [_build_shop_settings(name, shop) for name, shop in settings.shops.items()]


def _build_shop_settings(name: str, shop: Configured) -> ShopSettings:
    return ShopSettings(
        domain=shop.domain,
        name=name,
        client_id=shop.client_id or "",
        client_secret=shop.client_secret.get_secret_value() if shop.client_secret else "",
        access_token=shop.access_token.get_secret_value() if shop.access_token else None,
        port=find_loopback_port(shop.admin_url),
    )


def build_account_settings(settings: Settings, speed: float) -> SculpteoSettings:
    """The account at Sculpteo: it has the designs that are configured or uploaded, and no others."""
    return SculpteoSettings(
        login=settings.sculpteo.login,
        password=settings.sculpteo.password.get_secret_value(),
        any_design=False,
        automatic=True,
        speed=speed,
    )


async def apply_config_change(box: Sandbox, loaded: Loaded) -> list[str]:
    """Let the sandbox sell and print what a configuration says from now on; gives a sentence for each change."""
    settings = loaded.settings
    told = []
    box.deliver_to = f"http://{settings.server.listen}"
    box.sculpteo.login = settings.sculpteo.login
    box.sculpteo.password = settings.sculpteo.password.get_secret_value()
    for _, design in loaded.catalog.list_designs():
        box.printer.invent_design(design.uuid)
    for wanted in build_simulated_shops(settings):
        running = box.running.get(wanted.domain)
        if running is None:
            running = await box.add_shop(wanted)
            told.append(f"A new shop, {wanted.name}: its admin_url is {running.url}.")
        shop = running.shop.settings
        shop.name, shop.client_id = wanted.name, wanted.client_id
        shop.client_secret, shop.access_token = wanted.client_secret, wanted.access_token
        new = add_missing_products(running.shop, settings, wanted.name)
        if new:
            told.append(f"New in {wanted.name}: {', '.join(new)}.")
    return told


def add_missing_products(shop: Shop, settings: Settings, name: str) -> list[str]:
    """Put into the shop what the configuration names and the shop does not sell yet; gives the SKUs."""
    own = settings.shops[name]
    products, ignored = (*own.products, *settings.products), (*own.ignore, *settings.ignore)
    printed = build_sample_catalog(products, ())
    found = []
    for title, variants in (*printed, *build_sample_catalog((), ignored)):
        new = [variant for variant in variants if not _is_on_sale(shop, variant)]
        if new:
            shop.add_product(title, new)
            found += [str(variant["sku"]) for variant in new]
    shop.test_skus = tuple(dict.fromkeys(_list_skus(printed)))
    return list(dict.fromkeys(found))


def _list_skus(printed: list[tuple[str, list[Variant]]]) -> Iterator[str]:
    return (str(variant["sku"]) for _, variants in printed for variant in variants)


def _is_on_sale(shop: Shop, wanted: Variant) -> bool:
    options = tuple((wanted.get("options") or {}).items())
    return any(one.sku == wanted["sku"] and one.options == options for one in shop.variants.values())
