"""What happens in the shop, told to whoever listens: one event, one or more topics, the bodies to send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Announcement:
    """One topic of an event. `body` is what Shopify posts; `id` is all of it when a body is too large."""

    topic: str
    body: Mapping[str, Any]
    id: int | str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a merchant, a customer or an app did. All its deliveries share `id`."""

    id: str
    at: datetime
    announcements: tuple[Announcement, ...]


# Topics whose name cannot be derived from Shopify's enum by its first underscore.
_TWO_WORD_RESOURCES = (
    "fulfillment_orders",
    "fulfillment_holds",
    "order_transactions",
    "draft_orders",
    "customer_groups",
    "inventory_items",
    "inventory_levels",
    "order_edits",
    "product_listings",
    "tender_transactions",
)


def topic_of(enum_name: str) -> str:
    """`FULFILLMENT_ORDERS_MOVED` -> `fulfillment_orders/moved`, as the delivery's header spells it."""
    lower = enum_name.lower()
    for resource in _TWO_WORD_RESOURCES:
        if lower.startswith(f"{resource}_"):
            return f"{resource}/{lower[len(resource) + 1 :]}"
    resource, _, event = lower.partition("_")
    return f"{resource}/{event}"


def enum_of(topic: str) -> str:
    return topic.replace("/", "_").upper()
