"""What a merchant, or a customer, does to an order in the shop: each gives the fields that change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bridge.order.model import Fulfillment, FulfillmentOrder, ShopOrder, Tracking
from tests.support.order_factories import euro, line, unit

ShopChange = Callable[[ShopOrder], dict[str, Any]]


def cancelled(order: ShopOrder) -> dict[str, Any]:
    return {"cancelled_at": order.created_at}


def refunded(order: ShopOrder) -> dict[str, Any]:
    return {"financial_status": "REFUNDED", "refunded_total": euro("20")}


def partly_refunded(order: ShopOrder) -> dict[str, Any]:
    """One of two units is taken off the order and paid back."""
    fewer = replace(order.lines[0], current_quantity=1)
    return {
        "financial_status": "PARTIALLY_REFUNDED",
        "refunded_total": euro("10"),
        "lines": (fewer, *order.lines[1:]),
        "fulfillment_orders": (_left(order, 1),),
    }


def more_units(order: ShopOrder) -> dict[str, Any]:
    more = line(1, "RING", 5)
    return {"lines": (more, *order.lines[1:]), "fulfillment_orders": (unit(1, more, *order.lines[1:]),)}


def one_line_more(order: ShopOrder) -> dict[str, Any]:
    lines = (*order.lines, line(3, "RING", 1))
    return {"lines": lines, "fulfillment_orders": (unit(1, *lines),)}


def printed_line_removed(order: ShopOrder) -> dict[str, Any]:
    lines = (replace(order.lines[0], current_quantity=0), *order.lines[1:])
    return {"lines": lines, "fulfillment_orders": (unit(1, *order.lines[1:]),)}


def unmapped_line_added(order: ShopOrder) -> dict[str, Any]:
    lines = (*order.lines, line(3, "MUG", 1))
    return {"lines": lines, "fulfillment_orders": (unit(1, *lines),)}


def fulfilled_by_hand(order: ShopOrder) -> dict[str, Any]:
    made = Fulfillment("gid://shopify/Fulfillment/9", "SUCCESS", (Tracking("BY-HAND", "UPS"),), _rows(order))
    return {
        "fulfillment_orders": (replace(_left(order, 0), status="CLOSED", actions=()),),
        "fulfillments": (made,),
    }


def moved(order: ShopOrder) -> dict[str, Any]:
    first = order.fulfillment_orders[0]
    there = replace(first, location_id="gid://shopify/Location/2", location_name="Attic")
    return {"fulfillment_orders": (there,)}


def held(order: ShopOrder) -> dict[str, Any]:
    return {"fulfillment_orders": (replace(order.fulfillment_orders[0], status="ON_HOLD", actions=()),)}


def payment_taken_back(order: ShopOrder) -> dict[str, Any]:
    return {"fully_paid": False, "financial_status": "PENDING"}


def authorized(order: ShopOrder) -> dict[str, Any]:
    """The money is reserved, for a fortnight from the order on."""
    until = order.created_at + timedelta(days=14)
    return {"fully_paid": False, "financial_status": "AUTHORIZED", "authorized_until": until}


def paid_in_part(order: ShopOrder) -> dict[str, Any]:
    return {"fully_paid": False, "financial_status": "PARTIALLY_PAID"}


def payment_expired(order: ShopOrder) -> dict[str, Any]:
    return {"fully_paid": False, "financial_status": "EXPIRED", "authorized_until": None}


def payment_voided(order: ShopOrder) -> dict[str, Any]:
    return {"fully_paid": False, "financial_status": "VOIDED", "authorized_until": None}


def address_lost(order: ShopOrder) -> dict[str, Any]:
    return {"address": None}


def another_address(order: ShopOrder) -> dict[str, Any]:
    assert order.address is not None
    return {"address": replace(order.address, address1="2 Rue Nouvelle")}


def _rows(order: ShopOrder) -> tuple[tuple[str, int], ...]:
    return tuple((row.line_item_id, row.remaining) for row in order.fulfillment_orders[0].lines[:1])


def _left(order: ShopOrder, remaining: int) -> FulfillmentOrder:
    first = order.fulfillment_orders[0]
    rows = tuple(replace(row, remaining=remaining) for row in first.lines[:1])
    return replace(first, lines=rows)
