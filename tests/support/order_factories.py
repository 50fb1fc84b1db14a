"""Invented orders for the tests of the steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bridge.order.digests import compute_contents_digest
from bridge.order.matching import Match, NotPrinted, Printed, Unmapped
from bridge.order.model import (
    Address,
    Design,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    LineItem,
    Mode,
    Money,
    PrintItem,
    ShopOrder,
    Tracking,
)
from bridge.order.policy import Policy
from bridge.order.records import OrderRecord
from bridge.order.states import State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADDRESS = Address(
    "Ada", "Example", None, "1 Rue Inventée", None, "Lyon", postal_code="69001", country_code="FR"
)
RING = Design("QfGQC4YQ", 1, "silver", Decimal("0.87"), "cm")


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def line(number: int, sku: str | None, quantity: int = 1, **more: Any) -> LineItem:
    return LineItem(
        id=f"gid://shopify/LineItem/{number}",
        sku=sku,
        title=f"Thing {number}",
        quantity=quantity,
        current_quantity=quantity,
        unit_price=euro("10"),
        total=euro(str(10 * quantity)),
        **more,
    )


def unit(number: int, *lines: LineItem, **more: Any) -> FulfillmentOrder:
    """A fulfillment order over whole lines."""
    values: dict[str, Any] = {
        "id": f"gid://shopify/FulfillmentOrder/{number}",
        "status": "OPEN",
        "location_id": "gid://shopify/Location/1",
        "location_name": "Main",
        "delivery_method": "SHIPPING",
        "actions": ("CREATE_FULFILLMENT", "REPORT_PROGRESS"),
        "lines": tuple(
            FulfillmentOrderLine(f"{number}-{one.id[-1]}", one.id, one.quantity, one.quantity)
            for one in lines
        ),
    }
    return FulfillmentOrder(**values | more)


def order(*lines: LineItem, units: tuple[FulfillmentOrder, ...] | None = None, **more: Any) -> ShopOrder:
    values: dict[str, Any] = {
        "id": "gid://shopify/Order/1001",
        "name": "#1001",
        "created_at": NOW,
        "updated_at": NOW,
        "read_at": NOW,
        "currency": "EUR",
        "financial_status": "PAID",
        "fully_paid": True,
        "lines": lines,
        "fulfillment_orders": (unit(1, *lines),) if units is None else units,
        "address": ADDRESS,
        "total": euro("10"),
    }
    return ShopOrder(**values | more)


def approval(
    items: tuple[PrintItem, ...], *, address: Address | None = ADDRESS, **more: Any
) -> dict[str, Any]:
    """What is on record of an approval of these prints, sent to this address."""
    return {
        "items": items,
        "approved_at": NOW,
        "approved_seen": compute_contents_digest(items, address),
        **more,
    }


def record(state: State = State.RECEIVED, **more: Any) -> OrderRecord:
    values: dict[str, Any] = {
        "key": 1,
        "shop": "acme",
        "order_id": "gid://shopify/Order/1001",
        "state": state,
        "news": 1,
        "first_seen_at": NOW,
        "updated_at": NOW,
        "origin": "webhook",
    }
    return OrderRecord(**values | more)


class Mapped:
    """A catalog by SKU: designs, "ignore", or nothing."""

    version = "v1"

    def __init__(self, **designs: tuple[Design, ...]) -> None:
        self.designs = designs

    def match_line(self, shop: str, line: LineItem) -> Match:
        if line.sku == "TEE":
            return NotPrinted("TEE")
        found = self.designs.get(line.sku or "")
        return Printed(found) if found else Unmapped()


def policy(**more: Any) -> Policy:
    values: dict[str, Any] = {
        "mode": Mode.LIVE,
        "notification_url": lambda token: f"https://bridge.example/sculpteo/notify/{token}",
        "ship_method": lambda order: None,
    }
    return Policy(**values | more)


def shipped(
    number: str | None, *lines: tuple[int, int], fulfillment: int = 1, company: str | None = "UPS"
) -> Fulfillment:
    """A fulfillment with this number of these lines: (number of the line, units)."""
    return Fulfillment(
        f"gid://shopify/Fulfillment/{fulfillment}",
        "SUCCESS",
        (Tracking(number, company),),
        tuple((f"gid://shopify/LineItem/{line}", units) for line, units in lines),
    )


def fulfilled(order: ShopOrder, quantities: dict[str, int]) -> ShopOrder:
    """The order after these fulfillment order lines were fulfilled."""
    units = tuple(
        replace(
            one,
            lines=tuple(
                replace(row, remaining=row.remaining - quantities.get(row.id, 0)) for row in one.lines
            ),
        )
        for one in order.fulfillment_orders
    )
    return replace(order, fulfillment_orders=units)
