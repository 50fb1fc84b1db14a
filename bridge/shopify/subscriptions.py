"""Which webhooks the shop is to send, and bringing it there: missing ones made, stale ones repaired.

https://shopify.dev/docs/apps/build/webhooks/subscribe

Shopify deletes a subscription after eight failed deliveries in a row, so this runs again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bridge.errors import NeedsPerson
from bridge.shopify.client import Admin
from bridge.shopify.json_value import Value

TOPICS: tuple[str, ...] = (
    "ORDERS_CREATE",
    "ORDERS_PAID",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_ORDERS_HOLD_RELEASED",
    "FULFILLMENT_ORDERS_CANCELLED",
    "FULFILLMENT_ORDERS_MOVED",
    "FULFILLMENT_ORDERS_SPLIT",
    "FULFILLMENT_ORDERS_MERGED",
    "FULFILLMENT_ORDERS_MANUALLY_REPORTED_PROGRESS_STOPPED",
    "APP_UNINSTALLED",
)
_BRIDGE_PATH = re.compile(r"/webhooks/shopify/[^/]+/?$")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as the shop has it. `plain` = JSON, all fields, no filter."""

    id: str
    topic: str
    uri: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Create:
    topic: str


@dataclass(frozen=True, slots=True)
class Update:
    """Send it to our address from now on."""

    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Delete:
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in this order, and what may stay: `kept` topics, `strangers` that are not ours.

    `bridges` are the addresses of strangers that look like another bridge's, or like one that we no longer know
    to have been ours.
    """

    steps: tuple[Create | Update | Delete, ...]
    kept: tuple[str, ...]
    strangers: int
    bridges: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The wanted topics of which nothing would reach us as it is now."""
        touched = {step.topic if isinstance(step, Create) else step.subscription.topic for step in self.steps}
        return tuple(topic for topic in TOPICS if topic in touched and topic not in self.kept)


@dataclass(frozen=True, slots=True)
class Report:
    """What was done. `failed` has the topics that the shop does not send, each with the reason."""

    kept: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    deleted: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    strangers: int = 0
    bridges: tuple[str, ...] = ()


def address(public_url: str, shop: str) -> str:
    """Where the shop's deliveries go."""
    return f"{public_url.rstrip('/')}/webhooks/shopify/{shop}"


def is_ours(uri: str, addresses: Iterable[str]) -> bool:
    """Whether it leads to one of these addresses of ours, or to another shop's beside it.

    What else the same app subscribed to is left alone: it may be another bridge's.
    """
    return any(uri.startswith(known.rpartition("/")[0] + "/") for known in addresses)


def _looks_like_a_bridge(uri: str) -> bool:
    try:
        path = urlsplit(uri).path
    except ValueError:
        return False
    return bool(_BRIDGE_PATH.search(path))


def plan(
    existing: Iterable[Subscription], uri: str, topics: Iterable[str] = TOPICS, *, former: str | None = None
) -> Plan:
    """What brings the shop's subscriptions to one plain one at `uri` per topic. Pure.

    A subscription that filters, cuts or converts what it sends is deleted and made anew: a filter of which a
    field is missing would keep every delivery from us. One at our `former` address is sent to this one.
    """
    addresses = [uri, former] if former else [uri]
    ours: dict[str, list[Subscription]] = {}
    strangers: list[str] = []
    for one in existing:
        if is_ours(one.uri, addresses):
            ours.setdefault(one.topic, []).append(one)
        else:
            strangers.append(one.uri)
    steps: list[Create | Update | Delete] = []
    kept: list[str] = []
    for topic in topics:
        mine = ours.pop(topic, [])
        good = next((one for one in mine if one.plain and one.uri == uri), None)
        movable = next((one for one in mine if one.plain), None)
        chosen = good or movable
        steps += [Delete(one) for one in mine if one is not chosen]
        if good:
            kept.append(topic)
        else:
            steps.append(Update(movable) if movable else Create(topic))
    steps += [Delete(one) for rest in ours.values() for one in rest]
    bridges = dict.fromkeys(filter(_looks_like_a_bridge, strangers))
    return Plan(tuple(steps), tuple(kept), len(strangers), tuple(bridges))


async def existing(admin: Admin) -> list[Subscription]:
    """The shop's subscriptions for this app, without those of its shopify.app.toml. Raises as `Admin.run`."""
    found = []
    async for node in admin.pages("webhook_subscriptions", "webhookSubscriptions"):
        found.append(
            Subscription(
                id=str(node["id"].raw),
                topic=str(node["topic"].raw),
                uri=str(node["uri"].raw),
                plain=_is_plain(node),
            )
        )
    return found


def _is_plain(node: Value) -> bool:
    cut = (node["filter"].raw, node["includeFields"].raw)
    return node["format"].raw == "JSON" and not any(cut)


async def ensure(admin: Admin, public_url: str, shop: str, *, former: str | None = None) -> Report:
    """Bring the shop's subscriptions to what is wanted; may be run at any time, again and again.

    `former` is the address that they went to when this bridge last looked after them. A topic that the shop refuses fails alone. Raises TryAgain, or NeedsPerson("shop_access") when not even
    the list can be read.
    """
    uri = address(public_url, shop)
    wanted = plan(await existing(admin), uri, former=former)
    work = _Work(admin, uri)
    for step in wanted.steps:
        await work.do(step)
    return Report(
        kept=(*wanted.kept, *work.kept),
        created=tuple(work.created),
        updated=tuple(work.updated),
        deleted=work.deleted,
        failed=tuple(work.failed.items()),
        strangers=wanted.strangers,
        bridges=wanted.bridges,
    )


@dataclass(slots=True)
class _Work:
    admin: Admin
    uri: str
    kept: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    deleted: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    async def do(self, step: Create | Update | Delete) -> None:
        wanted = {"uri": self.uri, "format": "JSON"}
        match step:
            case Create(topic):
                variables = {"topic": topic, "subscription": wanted}
                if await self._write("create", topic, variables):
                    self.created.append(topic)
            case Update(one):
                variables = {"id": one.id, "subscription": wanted}
                if await self._write("update", one.topic, variables):
                    self.updated.append(one.topic)
            case Delete(one):
                self.deleted += await self._write("delete", one.topic, {"id": one.id})

    async def _write(self, verb: str, topic: str, variables: Mapping[str, object]) -> bool:
        name, mutation = f"webhook_subscription_{verb}", f"webhookSubscription{verb.capitalize()}"
        try:
            _, errors = await self.admin.write(name, mutation, variables)
        except NeedsPerson as error:
            self.failed[topic] = str(error.facts.get("why", error))
            return False
        if errors and all("already been taken" in error.message for error in errors):
            self.kept.append(topic)  # made meanwhile by another replica, or in the app's own configuration
        elif errors:
            self.failed[topic] = "; ".join(error.message for error in errors)
        return not errors
