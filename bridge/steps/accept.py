"""A webhook delivery, already durable, becomes an order on record, or wakes one that is.

The delivery is only a trigger: what it says of the order is read anew from the Admin API. Two things are
taken from it: which order it is about, and whether that order was placed or paid just now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from bridge.errors import BridgeError
from bridge.order.records import Delivery, OrderSignal, PrivacyRequest
from bridge.order.redaction import PRIVACY_TOPICS
from bridge.ports import Inbox, Shop


class WebhookEvent(Protocol):
    """What a delivery says, as the Shopify adapter reads it. `outcome` is a short sentence for people."""

    @property
    def order_id(self) -> str | None: ...
    @property
    def fulfillment_order_id(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def paid_now(self) -> bool: ...
    @property
    def deleted(self) -> bool: ...
    @property
    def wish(self) -> PrivacyRequest | None: ...
    @property
    def outcome(self) -> str: ...


class UnreadablePrivacyRequest(BridgeError):
    """A customer, or Shopify, wants something done with personal data, and it cannot be read what. Such a delivery is
    never settled as if it had been dealt with."""


def needs_order_lookup(word: WebhookEvent) -> bool:
    """Whether the shop has to be asked which order a delivery is about."""
    return word.wish is None and word.order_id is None and word.fulfillment_order_id is not None


async def accept(
    delivery: Delivery, interpret: Callable[[Delivery], WebhookEvent], shops: Mapping[str, Shop], inbox: Inbox
) -> bool:
    """Settle one delivery. Gives True when the shop should be reconciled, since its order was not found."""
    word = interpret(delivery)
    if word.wish is None and delivery.topic.lower() in PRIVACY_TOPICS:
        raise UnreadablePrivacyRequest(f"the delivery {delivery.key} asks for something about personal data")
    if word.wish is not None:
        await inbox.settle_privacy_request(delivery.key, word.outcome, word.wish)
        return False
    order_id, outcome, missed = word.order_id, word.outcome, False
    if order_id is None and word.fulfillment_order_id is not None:
        try:
            order_id = await shops[delivery.shop].find_order_id(word.fulfillment_order_id)
        except (BridgeError, KeyError) as error:
            outcome, missed = f"its order could not be asked for ({error}); reconciliation looks for it", True
        else:
            outcome = "order" if order_id else "its fulfillment order is gone"
    notice = None
    if order_id is not None:
        notice = OrderSignal(
            shop=delivery.shop,
            order_id=order_id,
            origin="webhook",
            name=word.name,
            paid_now=word.paid_now,
            deleted=word.deleted,
            cause=delivery.topic,
        )
    await inbox.settle_delivery(delivery.key, outcome, notice)
    return missed
