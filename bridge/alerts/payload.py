"""What another system is told of an order: JSON without a name or an address. Pure."""

from __future__ import annotations

import json
from typing import Any

from bridge.order.model import Money
from bridge.order.notifications import News
from bridge.order.records import OrderRecord, ParcelRecord
from bridge.order.states import State

VERSION = 1
ORDER_CODES = frozenset({*map(str, State), "alarm", "parcel"})


def build_payload(news: News, order: OrderRecord, console: str) -> str | None:
    """The body of a request, or None for news that is for people only.

    `state` is the one that the event brought about; all else is the order as it was read for this message.
    """
    if news.code not in ORDER_CODES:
        return None
    moved_to = news.code if news.code in set(State) else str(order.state)
    told: dict[str, Any] = {
        "type": f"order.{news.code}",
        "version": VERSION,
        "timestamp": news.at.isoformat(),
        "data": {
            "shop": order.shop,
            "order": order.name,
            "order_id": order.order_id,
            "state": moved_to,
            "reason": news.facts.get("reason"),
            "problem": news.facts.get("problem"),
            "alarm": news.facts.get("alarm"),
            "reference": order.reference,
            "test": order.mode is not None and order.mode != "live",
            "cost": _format_money(order.cost),
            "parcels": [_format_parcel(one) for one in order.parcels],
            "items": [{"sku": item.sku, "quantity": item.line_quantity} for item in _collect_items(order)],
            "url": f"{console}/orders/{order.key}",
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _format_money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _format_parcel(one: ParcelRecord) -> dict[str, str | None]:
    parcel = one.parcel
    return {"number": parcel.number, "carrier": parcel.carrier, "url": parcel.url}


def _collect_items(order: OrderRecord) -> list[Any]:
    """One item for each line of the order: a bundle has several prints."""
    return list({item.line_item_id: item for item in order.items}.values())
