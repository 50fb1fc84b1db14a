"""The mutations of the Admin API that change the shop, each with the payload and errors of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from bridge.sandbox.shopify.metafields import resolve_namespace
from bridge.sandbox.shopify.model import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Location,
    Node,
    Order,
    metafield_of,
)
from bridge.sandbox.shopify.reading import Context, Resolver
from bridge.sandbox.shopify.shop import Shop
from bridge.sandbox.shopify.state import ShopError

if TYPE_CHECKING:
    from bridge.sandbox.shopify.reading import Info

Payload = dict[str, Any]
FULFILLMENT_SCOPE = "write_merchant_managed_fulfillment_orders"
MOST_LINES = 512


Scope = str | Callable[[Mapping[str, Any]], str | None] | None
"""The scope that a mutation needs; a function where it depends on the arguments."""


def mutation(scope: Scope, nothing: Mapping[str, Any]) -> Callable[[Callable[..., Payload]], Resolver]:
    """Make a resolver of `(shop, **arguments) -> payload`: check the scope, and turn a ShopError into
    `userErrors` beside the fields of `nothing`."""

    def wrap(change: Callable[..., Payload]) -> Resolver:
        def resolve(source: object, info: Info, **arguments: Any) -> Payload:
            context: Context = info.context
            needed = scope(arguments) if callable(scope) else scope
            if needed:
                context.need(needed, info.field_name)
            try:
                return {**change(context.shop, **arguments), "userErrors": []}
            except ShopError as error:
                return {**nothing, "userErrors": [user_error(error)]}

        return resolve

    return wrap


def user_error(error: ShopError) -> Payload:
    return {
        "field": error.field,
        "message": error.message,
        "code": error.code,
        "elementIndex": error.index,
    }


def _order(shop: Shop, gid: str, field: str) -> Order:
    order = shop.find(Order, gid)
    if order is None:
        raise ShopError("Order does not exist", [field])
    return order


def _fulfillment_order(shop: Shop, gid: str) -> FulfillmentOrder:
    entry = shop.find(FulfillmentOrder, gid)
    if entry is None:
        raise ShopError("Fulfillment order does not exist.", ["id"], "FULFILLMENT_ORDER_NOT_FOUND")
    return entry


# -- fulfillments --


@mutation(FULFILLMENT_SCOPE, {"fulfillment": None})
def fulfillment_create(shop: Shop, fulfillment: Mapping[str, Any], message: str | None = None) -> Payload:
    picks = [_pick(shop, row) for row in fulfillment["lineItemsByFulfillmentOrder"]]
    company, numbers, urls = _tracking(fulfillment.get("trackingInfo"))
    made = shop.fulfill(
        picks,
        company=company,
        numbers=numbers,
        urls=urls,
        notify=bool(fulfillment.get("notifyCustomer")),
    )
    return {"fulfillment": made}


def _pick(
    shop: Shop, row: Mapping[str, Any]
) -> tuple[FulfillmentOrder, list[tuple[FulfillmentOrderLine, int]]]:
    entry = shop.find(FulfillmentOrder, row["fulfillmentOrderId"])
    if entry is None:
        raise ShopError("Fulfillment order does not exist.", ["fulfillment"])
    asked = row.get("fulfillmentOrderLineItems")
    if not asked:
        return entry, [(line, line.remaining) for line in entry.lines if line.remaining]
    if len(asked) > MOST_LINES:
        raise ShopError(f"At most {MOST_LINES} line items can be fulfilled at once.", ["fulfillment"])
    lines = []
    for item in asked:
        line = shop.find(FulfillmentOrderLine, item["id"])
        if line is None:
            raise ShopError("Fulfillment order line item does not exist.", ["fulfillment"])
        lines.append((line, item["quantity"]))
    return entry, lines


def _tracking(info: Mapping[str, Any] | None) -> tuple[str | None, Sequence[str], Sequence[str]]:
    given = info or {}
    for one, many in (("number", "numbers"), ("url", "urls")):
        if given.get(one) and given.get(many):
            raise ShopError(f"Use {one} or {many}, not both.", ["trackingInfo"])
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    return given.get("company"), numbers, urls


@mutation(FULFILLMENT_SCOPE, {"fulfillment": None})
def tracking_update(
    shop: Shop, fulfillmentId: str, trackingInfoInput: Mapping[str, Any], notifyCustomer: bool = False
) -> Payload:
    found = _fulfillment(shop, fulfillmentId)
    company, numbers, urls = _tracking(trackingInfoInput)
    shop.update_tracking(found, company=company, numbers=numbers, urls=urls, notify=bool(notifyCustomer))
    return {"fulfillment": found}


@mutation(FULFILLMENT_SCOPE, {"fulfillment": None})
def fulfillment_cancel(shop: Shop, id: str) -> Payload:
    found = _fulfillment(shop, id)
    shop.cancel_fulfillment(found)
    return {"fulfillment": found}


def _fulfillment(shop: Shop, gid: str) -> Fulfillment:
    found = shop.find(Fulfillment, gid)
    if found is None:
        raise ShopError("Fulfillment does not exist.", ["fulfillmentId"])
    return found


# -- fulfillment orders --


@mutation(FULFILLMENT_SCOPE, {"fulfillmentOrder": None})
def report_progress(shop: Shop, id: str, progressReport: Mapping[str, Any] | None = None) -> Payload:
    entry = _fulfillment_order(shop, id)
    shop.report_progress(entry, (progressReport or {}).get("reasonNotes"))
    return {"fulfillmentOrder": entry}


@mutation(FULFILLMENT_SCOPE, {"fulfillmentOrder": None})
def fulfillment_order_open(shop: Shop, id: str) -> Payload:
    entry = _fulfillment_order(shop, id)
    shop.open(entry)
    return {"fulfillmentOrder": entry}


@mutation(FULFILLMENT_SCOPE, {"fulfillmentHold": None, "fulfillmentOrder": None})
def fulfillment_order_hold(shop: Shop, id: str, fulfillmentHold: Mapping[str, Any]) -> Payload:
    entry = _fulfillment_order(shop, id)
    if fulfillmentHold.get("fulfillmentOrderLineItems"):
        raise GraphQLError("the sandbox can only hold whole fulfillment orders")
    holds = shop.hold(
        entry,
        fulfillmentHold["reason"],
        notes=fulfillmentHold.get("reasonNotes"),
        handle=fulfillmentHold.get("handle"),
        by_this_app=True,
    )
    return {"fulfillmentHold": holds[0], "fulfillmentOrder": entry, "remainingFulfillmentOrder": None}


@mutation(FULFILLMENT_SCOPE, {"fulfillmentOrder": None})
def fulfillment_order_release(
    shop: Shop, id: str, holdIds: Sequence[str] | None = None, externalId: str | None = None
) -> Payload:
    entry = _fulfillment_order(shop, id)
    shop.release(entry, holdIds)
    return {"fulfillmentOrder": entry}


@mutation(
    FULFILLMENT_SCOPE,
    {"movedFulfillmentOrder": None, "originalFulfillmentOrder": None, "remainingFulfillmentOrder": None},
)
def fulfillment_order_move(
    shop: Shop, id: str, newLocationId: str, fulfillmentOrderLineItems: Sequence[Any] | None = None
) -> Payload:
    entry = _fulfillment_order(shop, id)
    place = shop.find(Location, newLocationId)
    if place is None:
        raise ShopError("Location not found", ["newLocationId"])
    if fulfillmentOrderLineItems:
        raise GraphQLError("the sandbox can only move whole fulfillment orders")
    shop.move(entry, place)
    return {
        "movedFulfillmentOrder": entry,
        "originalFulfillmentOrder": entry,
        "remainingFulfillmentOrder": None,
    }


# -- orders --


@mutation("write_orders", {"node": None})
def tags_add(shop: Shop, id: str, tags: Sequence[str]) -> Payload:
    return {"node": shop.add_tags(_order(shop, id, "id"), tags)}


@mutation("write_orders", {"node": None})
def tags_remove(shop: Shop, id: str, tags: Sequence[str]) -> Payload:
    return {"node": shop.remove_tags(_order(shop, id, "id"), tags)}


def _scope_for(arguments: Mapping[str, Any]) -> str | None:
    """An app may always write on its own installation; on orders it needs the scope."""
    owners = {str(entry["ownerId"]) for entry in arguments["metafields"]}
    return None if all("/AppInstallation/" in owner for owner in owners) else "write_orders"


@mutation(_scope_for, {"metafields": None})
def metafields_set(shop: Shop, metafields: Sequence[Mapping[str, Any]]) -> Payload:
    return {"metafields": shop.set_metafields(metafields)}


@mutation(_scope_for, {"deletedMetafields": None})
def metafields_delete(shop: Shop, metafields: Sequence[Mapping[str, Any]]) -> Payload:
    gone = []
    for entry in metafields:
        owner = shop.metafield_owner(entry["ownerId"])
        if owner is None:
            raise ShopError("Owner does not exist.", ["metafields"])
        found = metafield_of(owner, resolve_namespace(entry["namespace"]), entry["key"])
        if found is not None:
            owner.metafields.remove(found)
            if isinstance(owner, Order):
                shop.touch(owner)
        gone.append({key: entry[key] for key in ("ownerId", "namespace", "key")} if found else None)
    return {"deletedMetafields": gone}


@mutation("write_orders", {"order": None})
def mark_as_paid(shop: Shop, input: Mapping[str, Any]) -> Payload:
    return {"order": shop.pay(_order(shop, input["id"], "id"))}


@mutation("write_orders", {"order": None})
def order_close(shop: Shop, input: Mapping[str, Any]) -> Payload:
    return {"order": shop.close_order(_order(shop, input["id"], "id"))}


# -- webhook subscriptions --


@mutation(None, {"webhookSubscription": None})
def subscription_create(shop: Shop, topic: str, webhookSubscription: Mapping[str, Any]) -> Payload:
    wanted = webhookSubscription
    made = shop.subscribe(
        topic,
        wanted.get("uri") or wanted.get("callbackUrl"),
        filter=wanted.get("filter"),
        include_fields=wanted.get("includeFields") or (),
        metafield_namespaces=wanted.get("metafieldNamespaces") or (),
        name=wanted.get("name"),
        format=wanted.get("format") or "JSON",
    )
    return {"webhookSubscription": made}


@mutation(None, {"webhookSubscription": None})
def subscription_update(shop: Shop, id: str, webhookSubscription: Mapping[str, Any]) -> Payload:
    wanted = webhookSubscription
    changed = shop.change_subscription(
        id, wanted.get("uri") or wanted.get("callbackUrl"), wanted.get("includeFields") or ()
    )
    return {"webhookSubscription": changed}


@mutation(None, {"deletedWebhookSubscriptionId": None})
def subscription_delete(shop: Shop, id: str) -> Payload:
    gone: Node = shop.unsubscribe(id)
    return {"deletedWebhookSubscriptionId": gone.gid}


MUTATIONS: dict[str, Resolver] = {
    "fulfillmentCreate": fulfillment_create,
    "fulfillmentTrackingInfoUpdate": tracking_update,
    "fulfillmentCancel": fulfillment_cancel,
    "fulfillmentOrderReportProgress": report_progress,
    "fulfillmentOrderOpen": fulfillment_order_open,
    "fulfillmentOrderHold": fulfillment_order_hold,
    "fulfillmentOrderReleaseHold": fulfillment_order_release,
    "fulfillmentOrderMove": fulfillment_order_move,
    "tagsAdd": tags_add,
    "tagsRemove": tags_remove,
    "metafieldsSet": metafields_set,
    "metafieldsDelete": metafields_delete,
    "orderMarkAsPaid": mark_as_paid,
    "orderClose": order_close,
    "webhookSubscriptionCreate": subscription_create,
    "webhookSubscriptionUpdate": subscription_update,
    "webhookSubscriptionDelete": subscription_delete,
}
