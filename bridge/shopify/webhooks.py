"""The rules of Shopify's webhooks, without I/O: headers, bytes and secrets in; a delivery or a refusal out.

https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
https://shopify.dev/docs/apps/build/webhooks/delivery-structure

Only the body is signed. So a header decides nothing but whether a delivery was seen before, and what the
body says is only a hint to read the order anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bridge.errors import BridgeError
from bridge.order.records import Delivery, PrivacyRequest
from bridge.order.redaction import PRIVACY_TOPICS
from bridge.shopify.json_value import (
    Unexpected,
    Value,
    clean,
)

LONGEST_HEADER = 200
LONGEST_NAME = 100
DEEPEST = 6  # how far into a body a fulfillment order is looked for
MOST_VALUES = 2_000  # how many values of a body are looked at for it

ORDER_TOPICS = ("orders/", "refunds/", "fulfillments/", "fulfillment_orders/")
SILENT_TOPICS = frozenset({"app/scopes_update", "shop/update"})


class Refused(BridgeError):
    """The delivery is not from Shopify, or not for this shop. `status` is the HTTP answer to give."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True, slots=True)
class Word:
    """What a delivery says. `outcome` is one of: order, no order in it, unreadable, unknown topic, uninstalled,
    wish about personal data.

    `order_id` is a global id. Where only `fulfillment_order_id` is known, the shop must be asked for its order.
    """

    outcome: str
    order_id: str | None = None
    name: str | None = None
    paid_now: bool = False
    deleted: bool = False  # the shop says that the order is no more
    fulfillment_order_id: str | None = None
    wish: PrivacyRequest | None = None


def sign(secret: bytes, body: bytes) -> bytes:
    """The signature that Shopify sends in X-Shopify-Hmac-Sha256 for this body."""
    return base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest())


def addressed_shop(
    address: str, headers: Mapping[str, str], shops: Mapping[str, Collection[str]]
) -> str | None:
    """Our name of the shop that a delivery is for; `address` is the name in its URL, `shops` has the domains of
    each of ours.

    The domain that its header names comes first: a shop that has another name since goes on delivering to the
    address with its former name until its subscriptions are repaired. The header is not signed, so the body's
    signature by that shop's secrets still decides whether it is taken. None = it is for no shop of ours.
    """
    sender = (_Headers(headers).plain("shop-domain") or "").lower()
    for shop, domains in shops.items():
        if sender in domains:
            return shop
    return address if address in shops else None


def read_delivery(
    *,
    shop: str,
    domain: str,
    former_domain: str | None = None,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    now: datetime,
) -> Delivery:
    """The delivery, if one of the `secrets` signed it. Raises Refused, always with status 401.

    `shop` is our name of the shop, `domain` its configured myshopify.com domain and `former_domain` the one before
    it: a delivery that names another one is refused, since its order ids mean other orders here. A signed delivery is never refused for
    what it lacks: without an id it gets one that is derived from its content.
    """
    told = _Headers(headers)
    _check_signature(told.raw("hmac-sha256"), body, secrets)
    sender = told.plain("shop-domain")
    if sender and sender.lower() not in {one.lower() for one in (domain, former_domain) if one}:
        raise Refused(
            401, f"it is for {sender}, but this address is for {domain}: correct `domain` or the address"
        )
    topic = told.plain("topic") or "unknown"
    return Delivery(
        shop=shop,
        webhook_id=told.plain("webhook-id") or _derived_id(topic, told, body),
        topic=topic,
        body=body,
        received_at=now,
        event_id=told.plain("event-id"),
        api_version=told.plain("api-version"),
        triggered_at=told.moment("triggered-at"),
    )


class _Headers:
    """Shopify's headers by the last part of their name, in either family: X-Shopify-Topic, Shopify-Topic."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in headers.items()}

    def raw(self, name: str) -> str | None:
        return self._values.get(f"x-shopify-{name}", self._values.get(f"shopify-{name}"))

    def plain(self, name: str) -> str | None:
        """A header of printable ASCII and sane length; anything else counts as missing."""
        value = (self.raw(name) or "").strip()
        fits = value.isascii() and value.isprintable() and len(value) <= LONGEST_HEADER
        return value if value and fits else None

    def moment(self, name: str) -> datetime | None:
        try:
            return Value(self.plain(name)).moment()
        except Unexpected:
            return None


def _check_signature(signature: str | None, body: bytes, secrets: Sequence[bytes]) -> None:
    known = [secret for secret in secrets if secret]
    if not known:
        raise Refused(401, "no secret is configured that could sign webhooks: set `client_secret`")
    if not signature:
        raise Refused(401, "it is not signed: X-Shopify-Hmac-Sha256 is missing")
    given = signature.strip().encode("utf-8", "replace")
    if not any(hmac.compare_digest(sign(secret, body), given) for secret in known):
        raise Refused(401, "its signature fits none of the configured secrets")


def _derived_id(topic: str, told: _Headers, body: bytes) -> str:
    """The same for each try of one delivery, another one for the next event that happens to have equal bytes."""
    event = f"{topic}\n{told.plain('event-id')}\n{told.plain('triggered-at')}\n"
    digest = hashlib.sha256(event.encode() + body).hexdigest()
    return f"body-{digest[:40]}"


def interpret(delivery: Delivery) -> Word:
    """What the delivery says of which order. Never raises, whatever the bytes."""
    topic = delivery.topic.lower()
    if topic == "app/uninstalled":
        return Word("uninstalled")
    try:
        body = Value(json.loads(delivery.body))
    except (ValueError, RecursionError):
        return Word("unreadable")
    if topic in PRIVACY_TOPICS:
        return Word("wish about personal data", wish=_wish(topic, body))
    if topic in SILENT_TOPICS:
        return Word("no order in it")
    known = topic.startswith(ORDER_TOPICS)
    order = _order(topic, body)
    if order:
        return replace(order, paid_now=_paid_now(topic, body), deleted=topic == "orders/delete")
    if known:
        unit = _fulfillment_order(body)
        return Word("order", fulfillment_order_id=unit) if unit else Word("no order in it")
    return Word("unknown topic")


def _order(topic: str, body: Value) -> Word | None:
    """The order that the body names. Its global id comes first: the number beside it may have been rounded
    on its way through JavaScript."""
    own = _gid("Order", body["admin_graphql_api_id"].raw)
    if own is None and topic.startswith("orders/"):
        own = _gid("Order", body["id"].raw)
    if own:
        name = body["name"].raw
        return Word("order", own, clean(name)[:LONGEST_NAME] if isinstance(name, str) else None)
    if not topic.startswith(ORDER_TOPICS):
        return None
    for holder in (body, body["order_edit"], body["fulfillment_order"], body["order"]):
        named = _gid("Order", holder["order_id"].raw)
        if named:
            return Word("order", named)
    nested = _gid("Order", body["order"]["admin_graphql_api_id"].raw) or _gid(
        "Order", body["order"]["id"].raw
    )
    return Word("order", nested) if nested else None


def _wish(topic: str, body: Value) -> PrivacyRequest:
    """The orders are listed by their numbers; what is not an order's number is left out."""
    if topic == "shop/redact":
        return PrivacyRequest(erase=True, orders=None)
    listed = body["orders_to_redact" if topic == "customers/redact" else "orders_requested"].raw
    found = [_gid("Order", one) for one in listed] if isinstance(listed, list) else []
    request = body["data_request"]["id"].raw
    return PrivacyRequest(
        erase=topic == "customers/redact",
        orders=tuple(one for one in found if one),
        request=str(request) if isinstance(request, int | str) else "?",
        customer=_gid("Customer", body["customer"]["id"].raw),
    )


def _paid_now(topic: str, body: Value) -> bool:
    """Whether the event itself is that the order was paid: at its creation or later."""
    return topic == "orders/paid" or (topic == "orders/create" and body["financial_status"].raw == "paid")


def _gid(kind: str, raw: object) -> str | None:
    """The global id, from itself or from the number of it. None for anything else."""
    if isinstance(raw, str):
        found = re.fullmatch(rf"(?:gid://shopify/{kind}/)?([0-9]{{1,20}})(?:\?.*)?", raw, re.ASCII)
        return f"gid://shopify/{kind}/{found[1]}" if found else None
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 2**64:
        return f"gid://shopify/{kind}/{raw}"
    return None


def _fulfillment_order(body: Value) -> str | None:
    """A fulfillment order of the body: under its own name, else the first global id of one anywhere near."""
    named = _gid("FulfillmentOrder", body["fulfillment_order"]["id"].raw)
    if named:
        return named
    for value in _nearby(body.raw):
        if isinstance(value, str) and value.startswith("gid://shopify/FulfillmentOrder/"):
            found = _gid("FulfillmentOrder", value)
            if found:
                return found
    return None


def _nearby(root: object) -> Iterator[object]:
    """The values of a body, nearest first, as far as it is worth looking."""
    waiting = deque([(root, 0)])
    for _ in range(MOST_VALUES):
        if not waiting:
            return
        value, depth = waiting.popleft()
        yield value
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if depth < DEEPEST:
            waiting.extend((one, depth + 1) for one in islice(inner, MOST_VALUES))
