"""How the bridge stands with a shop: what `check` and the console show. Looks only, changes nothing."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bridge.errors import BridgeError, NeedsPerson
from bridge.shopify import scopes, subscriptions
from bridge.shopify.client import Admin
from bridge.shopify.documents import API_VERSION
from bridge.shopify.response import AccessDenied
from bridge.shopify.scopes import Scope
from bridge.shopify.subscriptions import Plan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """The shop as it describes itself."""

    name: str
    domain: str
    currency: str
    plan: str
    taxes_included: bool  # whether prices are with taxes


@dataclass(frozen=True, slots=True)
class Version:
    """The API version that we ask for, the one that is served, and whether Shopify still supports ours."""

    wanted: str
    served: str | None
    supported: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Each part, or None where its sentence is in `problems`."""

    shop: ShopFacts | None = None
    version: Version | None = None
    missing_scopes: tuple[Scope, ...] | None = None
    subscriptions: Plan | None = None
    problems: tuple[str, ...] = ()


async def shop_facts(admin: Admin) -> ShopFacts:
    """Raises as `Admin.run` does."""
    reply = await admin.run("shop")
    shop = reply.data["shop"]
    with admin.reading("shop", reply):
        return ShopFacts(
            name=shop["name"].text(),
            domain=shop["myshopifyDomain"].text(),
            currency=shop["currencyCode"].text(),
            plan=shop["plan"]["publicDisplayName"].text(),
            taxes_included=shop["taxesIncluded"].flag(),
        )


async def version(admin: Admin) -> Version:
    """Raises as `Admin.run` does."""
    reply = await admin.run("api_versions")
    with admin.reading("api_versions", reply):
        known = {
            one["handle"].text(): one["supported"].flag() for one in reply.data["publicApiVersions"].each()
        }
    return Version(API_VERSION, admin.served_version, known.get(API_VERSION, False))


async def missing_scopes(admin: Admin) -> tuple[Scope, ...]:
    """Raises as `Admin.run` does."""
    return tuple(scopes.missing(await scopes.granted(admin)))


async def subscription_plan(admin: Admin, public_url: str, shop: str) -> Plan:
    """What `subscriptions.ensure` would do now. Raises as `Admin.run` does."""
    return subscriptions.plan(await subscriptions.existing(admin), subscriptions.address(public_url, shop))


async def locations(admin: Admin) -> Mapping[str, str] | None:
    """Names by ids; None where the app may not read them. Raises as `Admin.run` does."""
    found: dict[str, str] = {}
    try:
        async for node in admin.pages("locations", "locations"):
            found[str(node["id"].raw)] = str(node["name"].raw)
    except AccessDenied:
        return None
    return found


async def inspect(admin: Admin, public_url: str, shop: str) -> Status:
    """All of the above. Where not even the shop answers, that is the one problem told."""
    problems: list[str] = []
    facts = await _tried(shop_facts(admin), problems)
    if facts is None:
        return Status(problems=tuple(problems))
    if facts.domain.lower() != admin.domain:
        problems.append(
            f"the shop calls itself {facts.domain}, but `domain` is {admin.domain}; "
            "webhooks are only taken from the latter"
        )
    return Status(
        shop=facts,
        version=await _tried(version(admin), problems),
        missing_scopes=await _tried(missing_scopes(admin), problems),
        subscriptions=await _tried(subscription_plan(admin, public_url, shop), problems),
        problems=tuple(problems),
    )


async def _tried(asking: Coroutine[Any, Any, T], problems: list[str]) -> T | None:
    try:
        return await asking
    except NeedsPerson as error:
        problems.append(str(error.facts.get("why", error)))
    except BridgeError as error:
        problems.append(str(error))
    return None
