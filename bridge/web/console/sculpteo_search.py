"""What to look for at Sculpteo when nobody knows whether an order is there: as text, to be copied into the search of
the account, or into a mail to their support."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.decisions.transitions import find_known_reference
from bridge.order.model import Address
from bridge.order.records import Attempt, OrderRecord
from bridge.web.console.request_context import Visit


def lookup_text(visit: Visit, record: OrderRecord, attempts: Sequence[Attempt]) -> str:
    """One line each for reference, comment, name, time and items: what was sent, as far as it is on record."""
    return "\n".join(f"{label} {value}" for label, value in _lines(visit, record, attempts))


def _lines(visit: Visit, record: OrderRecord, attempts: Sequence[Attempt]) -> Iterator[tuple[str, str]]:
    t, sent = visit.t, [one for one in attempts if one.sent_at is not None]
    reference = find_known_reference(record)
    if reference:
        yield t("Reference:"), reference
    for comment in _comments(record, sent):
        yield t("Comment:"), comment
    address = record.snapshot.address if record.snapshot else None
    if address:
        yield t("Name:"), _recipient(visit, address)
    for attempt in sent:
        assert attempt.sent_at is not None  # noqa: S101 - those that were not sent are left out above
        yield t("Sent:"), f"{attempt.sent_at:%Y-%m-%d %H:%M:%S} UTC"
    for item in _items(record, sent):
        yield t("Item:"), item


def _comments(record: OrderRecord, sent: Sequence[Attempt]) -> list[str]:
    """The comments of all requests that left, each once; without one on record, what every request begins with."""
    found = [str(comment) for attempt in sent for comment in attempt.request.get("comments", ())]
    return list(dict.fromkeys(found)) or [f"{record.shop} {record.name or record.order_id}"]


def _recipient(visit: Visit, address: Address) -> str:
    name = " ".join(filter(None, (address.first_name, address.last_name)))
    town = " ".join(filter(None, (address.postal_code, address.city)))
    country = visit.reader.format_country(address.country_code) if address.country_code else None
    return ", ".join(filter(None, (name, address.company, town, country)))


def _items(record: OrderRecord, sent: Sequence[Attempt]) -> list[str]:
    """The items as Sculpteo was given them (design, copies, scale, unit, material)."""
    found = [str(item) for attempt in sent[-1:] for item in attempt.request.get("items", ())]
    return found or [f"{item.design.uuid}:{item.quantity}" for item in record.items]
