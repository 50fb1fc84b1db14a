"""Where a shop's Admin API is. The rules are those of Shopify's own library, used without its I/O."""

from __future__ import annotations

from dataclasses import dataclass

from shopify import ApiVersion, Session
from shopify.utils.shop_url import sanitize_shop_domain

from bridge.errors import ConfigError
from bridge.shopify.documents import API_VERSION


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`domain` is the shop's myshopify.com domain; `graphql` and `token` are full URLs."""

    domain: str
    graphql: str
    token: str


def endpoint(domain: str, admin_url: str | None = None) -> Endpoint:
    """The addresses of a shop; `admin_url` is a base to use instead of its domain, such as a sandbox's.

    Raises ConfigError where `domain` is not a myshopify.com domain: a token must never go elsewhere.
    """
    known = sanitize_shop_domain(domain)
    if known is None:
        raise ConfigError(
            f"`domain: {domain}` is not a shop's myshopify.com domain, such as acme.myshopify.com; "
            "Shopify shows it in the settings of the shop under Domains"
        )
    version = ApiVersion.coerce_to_version(API_VERSION)
    if admin_url is not None:
        base = admin_url.rstrip("/")
        return Endpoint(known, f"{version.api_path(base)}/graphql.json", f"{base}/admin/oauth/access_token")
    site = Session(known, version.name).site
    return Endpoint(known, f"{site}/graphql.json", f"https://{known}/admin/oauth/access_token")
