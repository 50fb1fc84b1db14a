"""The checks of `sculpteo-bridge check` that ask the bridge's own records. They look only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from bridge.cli._upstream_checks import CheckResult
from bridge.config.loader import Loaded
from bridge.config.settings import Settings
from bridge.errors import BridgeError
from bridge.order import stored_keys
from bridge.order.clock import SystemClock
from bridge.runtime.shop_identity import identify_shops
from bridge.store import Store
from bridge.web.console.auth import is_within

FRESH = timedelta(days=7)  # for how long a proxy that was seen is told of


async def check_records(loaded: Loaded) -> AsyncIterator[CheckResult]:
    """What came in so far. Nothing where there is no database yet, or it cannot be read: `status` tells of that."""
    url, clock = loaded.settings.database.get_secret_value(), SystemClock()
    try:
        async with Store.open(url, clock=clock, create=False) as store:
            (await identify_shops(store, loaded, write=False)).take_effect()
            came = {
                shop: await store.memory.get(stored_keys.privacy_webhook_at(shop))
                for shop in loaded.settings.shops
            }
            proxy = await store.memory.get(stored_keys.UNTRUSTED_PROXY)
    except BridgeError:
        return
    for shop, at in came.items():
        yield check_privacy_webhooks(shop, at, loaded.settings.server.public_url)
    check = check_proxy(proxy, loaded.settings, clock.now())
    if check is not None:
        yield check


def check_privacy_webhooks(shop: str, at: str | None, public_url: str) -> CheckResult:
    """Whether Shopify's privacy webhooks reach the bridge. Pure."""
    name = f"privacy webhooks {shop}"
    if at is not None:
        return CheckResult(
            name, "ok", f"Shopify's privacy webhooks reach the bridge; the last one came at {at}."
        )
    sentence = (
        "None of Shopify's privacy webhooks has come yet: customers' wishes to be erased may go elsewhere."
    )
    remedy = (
        "They belong to the app's configuration: let customers/data_request, customers/redact and shop/redact lead "
        f'to {public_url.rstrip("/")}/webhooks/shopify/{shop} (README, "Personal data").'
    )
    return CheckResult(name, "ok", sentence, remedy)


def check_proxy(seen: str | None, settings: Settings, now: datetime) -> CheckResult | None:
    """Whether forwarding headers came from somewhere that is not trusted. Pure."""
    address, _, at = (seen or "").partition(" ")
    if not at or now - datetime.fromisoformat(at) > FRESH:
        return None
    if is_within(address, settings.server.trusted_proxies):
        return None
    sentence = (
        f"Requests with forwarding headers came from {address}, which is not in server.trusted_proxies."
    )
    remedy = (
        "If that is your proxy, add it there: until then all people behind it have one address, and the tries of "
        "strangers can keep you out of the console. If it is not, the bridge can be reached past your proxy."
    )
    return CheckResult("proxy", "warning", sentence, remedy)
