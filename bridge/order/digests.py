"""Short digests that tell what a person saw from what is there now. Pure, standard library only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from bridge.order.model import Address, Design, Ledger, PrintItem, ShopOrder

LENGTH = 16


def compute_digest(*parts: object) -> str:
    """A digest of values whose `repr` says all of them."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:LENGTH]


def normalize_address(address: Address | None) -> tuple[str, ...] | None:
    """What of an address decides where a parcel goes, insensitive to case and spacing; None for no address."""
    if address is None:
        return None
    parts = (
        address.first_name,
        address.last_name,
        address.company,
        address.address1,
        address.address2,
        address.city,
        address.province_code or address.province,
        address.postal_code,
        address.country_code,
    )
    return tuple(" ".join((part or "").split()).casefold() for part in parts)


def compute_contents_digest(items: Iterable[PrintItem], address: Address | None) -> str:
    """A digest of what would be bought and where it would be sent."""
    bought = [
        repr((item.line_item_id, item.line_quantity, item.quantity, item.sku, _get_design_key(item.design)))
        for item in items
    ]
    return compute_digest(sorted(bought), normalize_address(address))


def compute_purchase_digest(items: Iterable[PrintItem], order: ShopOrder | None) -> str:
    """A digest of what an approval, and the approval window, count for: what is bought, where it is sent, and that the
    order was not taken back meanwhile. An order that was fulfilled by hand is to be bought again when that fulfillment is
    cancelled, also where nobody looked at it in between; cancelled fulfillments stay on the order as the trace of it."""
    contents = compute_contents_digest(items, order.address if order else None)
    cancelled = sorted(one.id for one in order.fulfillments if one.is_cancelled) if order else []
    return compute_digest(contents, cancelled) if cancelled else contents


def _get_design_key(design: Design) -> tuple[object, ...]:
    scale = None if design.scale is None else str(design.scale.normalize())
    return design.uuid, design.material, scale, design.unit


def compute_note_digest(ledger: Ledger) -> str:
    """A digest of what the note on the Shopify order says of a purchase: what a person answers about a note counts
    for this one, and not for another that takes its place."""
    if ledger.raw is not None:
        return compute_digest(ledger.raw, ledger.why, ledger.digest)
    return compute_digest(ledger.entry and (ledger.entry.attempt, ledger.entry.reference))
