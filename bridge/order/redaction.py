"""What of an order is a person's: names, addresses, e-mail, what they wrote, and what Sculpteo's page says of their
parcels. Standard library only.

What stays is listed; all else goes. So a field that somebody adds is erased until it is decided that it is proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any, TypeVar

from bridge.order.model import (
    Fulfillment,
    FulfillmentHold,
    FulfillmentOrder,
    Ledger,
    LedgerEntry,
    LineItem,
    Parcel,
    ShippingLine,
    ShopOrder,
)

T = TypeVar("T")

PRIVACY_TOPICS = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance"""

OF_ORDER = frozenset(
    {
        *("id", "name", "number", "created_at", "updated_at", "read_at", "currency", "test"),
        *("financial_status", "fully_paid", "cancelled_at", "closed_at", "risk"),
        *("authorized_until", "presentment_currency", "subtotal", "shipping_total", "tax_total"),
        *("discount_total", "refunded_total", "total", "current_total", "presentment_total"),
        *("presentment_current_total", "taxes_included", "taxes"),
    }
)
OF_LINE = frozenset(
    {
        *("id", "sku", "title", "quantity", "current_quantity", "unit_price", "total", "variant_title"),
        *("variant_id", "product_id", "options", "requires_shipping", "gift_card", "taxes"),
    }
)
"""Title and options are those of the shop's own catalogue; of a line that is in no catalogue, they go."""
OF_UNIT = frozenset(
    {
        *("id", "status", "location_id", "location_name", "delivery_method", "actions"),
        *("lines", "fulfill_at"),
    }
)

FACTS = frozenset(
    {
        *("alarm", "amount", "at", "attempt", "cause", "choice", "cost", "damaged", "date", "designs"),
        *("fulfillment", "limit", "mode", "name", "origin", "other", "problem", "reference", "request"),
        *("risk", "scope", "settled", "shop", "since", "source", "state", "status", "taken_by", "target"),
        *("until", "upstream", "verdict", "was", "was_reason", "who"),
    }
)
"""Facts of the timeline, of alarms and news that are proof: codes, references, sums, times, our own names. A line may be named
by a title that somebody typed, so no name of a line is among them."""

ERASED_NUMBER = "erased-"


def erase_order(order: ShopOrder) -> ShopOrder:
    """The order without personal data: lines, sums, fulfillments and times stay as proof."""
    bare = _strip_fields(order, OF_ORDER | {"lines", "fulfillment_orders"})
    entry = order.ledger.entry
    kept = _strip_fields(entry, _ALL_OF_ENTRY) if entry is not None else None
    return replace(
        bare,
        lines=tuple(_erase_line(line) for line in order.lines),
        fulfillment_orders=tuple(_erase_fulfillment_order(unit) for unit in order.fulfillment_orders),
        shipping_lines=tuple(ShippingLine("", None, one.price) for one in order.shipping_lines),
        fulfillments=tuple(Fulfillment(one.id, one.status) for one in order.fulfillments),
        ledger=Ledger(kept, order.ledger.digest),
    )


_ALL_OF_ENTRY = frozenset(LedgerEntry.__dataclass_fields__)


def _erase_line(line: LineItem) -> LineItem:
    bare = _strip_fields(line, OF_LINE)
    return bare if line.product_id else replace(bare, title="", variant_title=None, options=())


def _erase_fulfillment_order(unit: FulfillmentOrder) -> FulfillmentOrder:
    return replace(
        _strip_fields(unit, OF_UNIT), holds=tuple(FulfillmentHold(hold.reason) for hold in unit.holds)
    )


def _strip_fields(value: T, kept: Iterable[str]) -> T:
    """The value with every field that is not `kept` as if it had not been given. A field without a default must
    be kept, or be emptied by its caller: a test holds this."""
    gone: dict[str, Any] = {}
    for one in fields(value):  # type: ignore[arg-type]  # a dataclass
        if one.name in kept:
            continue
        if one.default is not MISSING:
            gone[one.name] = one.default
        elif one.default_factory is not MISSING:
            gone[one.name] = one.default_factory()
    return replace(value, **gone)  # type: ignore[type-var]  # as above


def filter_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that are proof; numbers always are. A status stands for the words in which it was said."""
    kept = {name: value for name, value in facts.items() if _is_proof(name, value)}
    if "words" in facts and isinstance(kept.get("status"), str):
        kept["words"] = kept["status"]
    return kept


def _is_proof(name: str, value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, str):
        return name in FACTS
    return name in FACTS and isinstance(value, list) and all(isinstance(one, str) for one in value)


def is_erased(parcel: Parcel) -> bool:
    """Whether its number is not on record any more."""
    return parcel.number.startswith(ERASED_NUMBER)


def erase_parcel(parcel: Parcel, order: int) -> Parcel:
    """A parcel of an erased order (by its key): known again by its number, which cannot be read from it."""
    if is_erased(parcel):
        return parcel
    told = hashlib.sha256(f"{order} {parcel.number}".encode()).hexdigest()[:24]
    return Parcel(f"{ERASED_NUMBER}{told}", shipped_on=parcel.shipped_on)


def match_known_parcels(parcels: Iterable[Parcel], known: Iterable[Parcel], order: int) -> tuple[Parcel, ...]:
    """Parcels that Sculpteo tells of; those that are on record without their number are what is on record."""
    bare = {parcel.number: parcel for parcel in known if is_erased(parcel)}
    return (
        tuple(bare.get(erase_parcel(parcel, order).number, parcel) for parcel in parcels)
        if bare
        else tuple(parcels)
    )
