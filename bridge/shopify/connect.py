"""From a shop's settings to a client of its Admin API."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from bridge.config.settings import ShopSettings
from bridge.errors import ConfigError
from bridge.shopify.admin import Admin
from bridge.shopify.auth import ClientCredentials, StaticToken, Tokens
from bridge.shopify.endpoint import Endpoint, endpoint


def connect(
    session: aiohttp.ClientSession,
    shop: str,
    settings: ShopSettings,
    *,
    warn: Callable[[str], None] | None = None,
) -> Admin:
    """A client of the shop that the settings name `shop`. Nothing is sent before its first use.

    `warn` is told when Shopify serves another API version. Raises ConfigError for a `domain` that is not a
    shop's, and where neither an access token nor client credentials are set.
    """
    where = endpoint(settings.domain, settings.admin_url)
    return Admin(session, where, _tokens(session, shop, settings, where), shop=shop, warn=warn)


def _tokens(session: aiohttp.ClientSession, shop: str, settings: ShopSettings, where: Endpoint) -> Tokens:
    if settings.access_token is not None:
        return StaticToken(settings.access_token.get_secret_value())
    if settings.client_id is None or settings.client_secret is None:
        raise ConfigError(f"shops.{shop}: set `client_id` and `client_secret`, or `access_token`")
    return ClientCredentials(
        session,
        where.token,
        settings.client_id,
        settings.client_secret.get_secret_value(),
        upstream=f"shopify:{shop}",
    )
