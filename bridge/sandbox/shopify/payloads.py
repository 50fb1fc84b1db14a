"""Bodies of webhook deliveries and REST answers, in the shapes that Shopify documents.

https://shopify.dev/docs/api/webhooks/latest and https://shopify.dev/docs/api/admin-rest
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.sandbox.shopify.model import (
    Address,
    Customer,
    Fulfillment,
    FulfillmentOrder,
    LineItem,
    Order,
    Refund,
    ShippingLine,
    rounded,
)

Json = dict[str, Any]

_FULFILLMENT_STATUS = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}


def stamp(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def money(order: Order, amount: Decimal) -> str:
    return str(rounded(amount, order.currency))


def money_set(order: Order, amount: Decimal) -> Json:
    return {
        "shop_money": {"amount": money(order, amount), "currency_code": order.currency},
        "presentment_money": {
            "amount": str(rounded(amount * order.rate, order.presentment_currency)),
            "currency_code": order.presentment_currency,
        },
    }


def order(order: Order) -> Json:
    """The body of `orders/*` deliveries and of `GET orders/<id>.json`."""
    return {
        "id": order.id,
        "admin_graphql_api_id": order.gid,
        "name": order.name,
        "order_number": order.number,
        "number": order.number - 1000,
        **_times(order),
        **_people(order),
        **_totals(order),
        "test": order.test,
        "confirmed": True,
        "source_name": order.source_name,
        "note": order.note,
        "note_attributes": [{"name": name, "value": value} for name, value in order.attributes],
        "tags": ", ".join(order.tags),
        "financial_status": order.financial_status.lower(),
        "fulfillment_status": _FULFILLMENT_STATUS.get(order.fulfillment_status),
        "payment_gateway_names": ["bogus"],
        "line_items": [line_item(order, line) for line in order.lines],
        "shipping_lines": [shipping_line(order, line) for line in order.shipping_lines],
        "fulfillments": [fulfillment(entry) for entry in order.fulfillments],
        "refunds": [refund(entry) for entry in order.refunds],
    }


def _times(order: Order) -> Json:
    return {
        "created_at": stamp(order.created_at),
        "processed_at": stamp(order.created_at),
        "updated_at": stamp(order.updated_at),
        "cancelled_at": stamp(order.cancelled_at),
        "cancel_reason": order.cancel_reason.lower() if order.cancel_reason else None,
        "closed_at": stamp(order.closed_at),
    }


def _people(order: Order) -> Json:
    return {
        "email": order.email or "",
        "contact_email": order.email,
        "phone": None,
        "customer_locale": order.locale,
        "customer": customer(order.customer),
        "shipping_address": address(order.address),
        "billing_address": address(order.billing_address),
    }


def _totals(order: Order) -> Json:
    return {
        "currency": order.currency,
        "presentment_currency": order.presentment_currency,
        "taxes_included": order.taxes_included,
        "subtotal_price": money(order, order.subtotal),
        "total_discounts": money(order, order.discounts),
        "total_tax": money(order, order.tax),
        "total_price": money(order, order.total),
        "total_price_set": money_set(order, order.total),
        "current_subtotal_price": money(order, order.current_subtotal),
        "current_total_price": money(order, order.current_total),
        "total_outstanding": money(order, order.outstanding),
        "total_shipping_price_set": money_set(order, order.shipping),
        "tax_lines": [
            {
                "title": title,
                "rate": float(rate),
                "price": money(order, amount),
                "price_set": money_set(order, amount),
            }
            for title, rate, amount in order.taxes()
        ],
    }


def line_item(order: Order, line: LineItem) -> Json:
    variant = line.variant
    left = line.current_quantity - order.fulfilled_quantity(line)
    return {
        "id": line.id,
        "admin_graphql_api_id": line.gid,
        "title": line.title,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "variant_title": line.variant_title,
        "variant_id": variant.id if variant else None,
        "product_id": variant.product.id if variant else None,
        "product_exists": variant is not None,
        "sku": line.sku,
        "vendor": variant.product.vendor if variant else None,
        "quantity": line.quantity,
        "current_quantity": line.current_quantity,
        "fulfillable_quantity": max(0, left),
        "fulfillment_service": "gift_card" if line.gift_card else "manual",
        "fulfillment_status": "fulfilled" if left <= 0 < line.current_quantity else None,
        "gift_card": line.gift_card,
        "requires_shipping": line.requires_shipping,
        "taxable": bool(line.tax_rate),
        "price": money(order, line.price),
        "price_set": money_set(order, line.price),
        "total_discount": money(order, line.discount),
        "properties": [{"name": name, "value": value} for name, value in line.properties],
    }


def shipping_line(order: Order, line: ShippingLine) -> Json:
    return {
        "id": line.id,
        "title": line.title,
        "code": line.code,
        "source": "shopify",
        "delivery_category": None,
        "price": money(order, line.price),
        "price_set": money_set(order, line.price),
        "discounted_price": money(order, line.price - line.discount),
    }


def address(address: Address | None) -> Json | None:
    if address is None:
        return None
    return {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "name": address.name,
        "company": address.company,
        "address1": address.address1,
        "address2": address.address2,
        "city": address.city,
        "province": address.province,
        "province_code": address.province_code,
        "zip": address.zip,
        "country": address.country,
        "country_code": address.country_code,
        "phone": address.phone,
        "latitude": None,
        "longitude": None,
    }


def customer(customer: Customer | None) -> Json | None:
    if customer is None:
        return None
    return {
        "id": customer.id,
        "admin_graphql_api_id": customer.gid,
        "email": customer.email,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "created_at": stamp(customer.created_at),
        "state": "disabled",
        "tags": "",
    }


def fulfillment(entry: Fulfillment) -> Json:
    """The body of `fulfillments/*` deliveries."""
    return {
        "id": entry.id,
        "admin_graphql_api_id": entry.gid,
        "order_id": entry.order.id,
        "name": entry.name,
        "status": entry.status.lower(),
        "created_at": stamp(entry.created_at),
        "updated_at": stamp(entry.updated_at),
        "location_id": entry.location.id,
        "service": "manual",
        "tracking_company": entry.company,
        "tracking_number": entry.numbers[0] if entry.numbers else None,
        "tracking_numbers": list(entry.numbers),
        "tracking_url": entry.urls[0] if entry.urls else None,
        "tracking_urls": list(entry.urls),
        "line_items": [
            {**line_item(entry.order, row.line), "quantity": quantity} for row, quantity in entry.lines
        ],
    }


def refund(entry: Refund) -> Json:
    """The body of `refunds/create` deliveries."""
    return {
        "id": entry.id,
        "admin_graphql_api_id": entry.gid,
        "order_id": entry.order.id,
        "created_at": stamp(entry.created_at),
        "note": entry.note,
        "refund_line_items": [
            {"line_item_id": line.id, "quantity": quantity, "line_item": line_item(entry.order, line)}
            for line, quantity in entry.lines
        ],
        "transactions": [{"kind": "refund", "status": "success", "amount": money(entry.order, entry.amount)}]
        if entry.amount
        else [],
    }


def order_edit(order: Order, added: list[tuple[LineItem, int]], removed: list[tuple[LineItem, int]]) -> Json:
    """The body of `orders/edited`: what changed and the order's id, but not the order."""
    return {
        "order_edit": {
            "order_id": order.id,
            "created_at": stamp(order.updated_at),
            "notify_customer": False,
            "line_items": {
                "additions": [{"id": line.id, "delta": delta} for line, delta in added],
                "removals": [{"id": line.id, "delta": delta} for line, delta in removed],
            },
        }
    }


def fulfillment_order(entry: FulfillmentOrder) -> Json:
    """The body of `fulfillment_orders/*`: global ids, and no word of which order it belongs to."""
    return {"fulfillment_order": {"id": entry.gid, "status": entry.status.lower()}}
