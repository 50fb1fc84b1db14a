"""Webhook subscriptions of the app, by Shopify's rules for them.

https://shopify.dev/docs/apps/build/webhooks/subscribe
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from bridge.sandbox.shopify.model import Node
from bridge.sandbox.shopify.settings import API_VERSIONS, ShopSettings
from bridge.sandbox.shopify.state import ShopError, ShopState, utc_now


@dataclass(slots=True)
class Subscription(Node):
    """`topic` is spelled as in Shopify's enum: ORDERS_CREATE."""

    kind: ClassVar[str] = "WebhookSubscription"
    topic: str
    uri: str
    created_at: datetime
    updated_at: datetime
    api_version: str
    filter: str | None = None
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()
    name: str | None = None
    format: str = "JSON"
    by_hand: bool = False  # made in the app's configuration file: never removed for failures
    failed: list[str] = field(default_factory=list)


class Subscriptions(ShopState):
    def __init__(
        self,
        settings: ShopSettings | None = None,
        *,
        seed: int | str = 0,
        now: Callable[[], datetime] = utc_now,
        order_numbers: Iterator[int] | None = None,
        ids_after: int = 0,
    ) -> None:
        super().__init__(settings, seed=seed, now=now, order_numbers=order_numbers, ids_after=ids_after)
        self.subscriptions: dict[str, Subscription] = {}
        self.tokens: dict[str, datetime] = {}
        self.installed = True

    def subscribe(
        self,
        topic: str,
        uri: str | None,
        *,
        api_version: str = API_VERSIONS[-1],
        filter: str | None = None,
        include_fields: Sequence[str] = (),
        metafield_namespaces: Sequence[str] = (),
        name: str | None = None,
        format: str = "JSON",
    ) -> Subscription:
        """A new subscription; topic and address together must be new. Raises ShopError."""
        address = self._check_uri(topic, uri, None)
        fresh = Subscription(
            self.next_id(Subscription),
            topic,
            address,
            self.now(),
            self.now(),
            api_version,
            filter,
            tuple(include_fields),
            tuple(metafield_namespaces),
            name,
            format,
        )
        self.subscriptions[fresh.gid] = self.register(fresh)
        return fresh

    def change_subscription(self, gid: str, uri: str | None, include_fields: Sequence[str]) -> Subscription:
        found = self.subscriptions.get(gid)
        if found is None:
            raise ShopError("Webhook subscription does not exist", ["id"])
        if uri is not None:
            found.uri = self._check_uri(found.topic, uri, found)
        found.include_fields = tuple(include_fields)
        found.updated_at = self.now()
        return found

    def unsubscribe(self, gid: str) -> Subscription:
        """Remove a subscription. Raises ShopError when there is none with this id."""
        found = self.subscriptions.pop(gid, None)
        if found is None:
            raise ShopError("Webhook subscription does not exist", ["id"])
        self.forget(found)
        return found

    def _check_uri(self, topic: str, uri: str | None, own: Subscription | None) -> str:
        if not uri:
            raise ShopError("Address can't be blank", ["webhookSubscription", "callbackUrl"])
        # The sandbox and the bridge share a machine, so plain http is taken here and nowhere else.
        if not uri.startswith(("https://", "http://", "pubsub://", "arn:aws:events:")):
            raise ShopError("Address is invalid", ["webhookSubscription", "callbackUrl"])
        for other in self.subscriptions.values():
            if other is not own and (other.topic, other.uri) == (topic, uri):
                raise ShopError(
                    "Address for this topic has already been taken", ["webhookSubscription", "callbackUrl"]
                )
        return uri
