"""The answers of the tracking address -> what they say of the order. Pure.

https://www.sculpteo.com/shop/tracking/reference/<reference>: JSON to a POST with the XMLHttpRequest header
(documented, its field names are not), an HTML page to a GET.
"""

from __future__ import annotations

import json

from bridge.order.model import PrintStatus, RawAnswer, TrackingReport
from bridge.sculpteo import tracking_numbers
from bridge.sculpteo.tracking_json import markup, read_json
from bridge.sculpteo.tracking_page import read_page
from bridge.sculpteo.tracking_result import Reading


def read(text: str, reference: str) -> Reading:
    """Read one answer: JSON when it is JSON (also a page wrapped in JSON), else HTML. Never raises."""
    if text.lstrip("\ufeff \t\r\n")[:1] in ("{", "["):
        try:
            document = json.loads(text.lstrip("\ufeff"), object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            return Reading()
        reading = read_json(document, reference)
        html = "" if reading.tells else markup(document)
        return read_page(html, reference) if html else reading
    return read_page(text, reference)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key comes twice: the answer contradicts itself")
    return fields


def combine(first: Reading, second: Reading) -> Reading:
    """Two answers about one order: what one leaves out the other adds; contradictions stay to be seen."""
    return Reading(
        statuses=first.statuses + second.statuses,
        said=first.said + second.said,
        steps=first.steps + second.steps,
        labels=first.labels + second.labels,
        unknown=first.unknown + second.unknown,
        parcels=tracking_numbers.merge((*first.parcels, *second.parcels), ""),
        estimated_delivery=first.estimated_delivery or second.estimated_delivery,
        denied=first.denied or second.denied,
        login=first.login or second.login,
        heading=second.heading or first.heading,
        mentions=first.mentions or second.mentions,
    )


def wants_page(reading: Reading) -> bool:
    """Whether the page should be read as well: the JSON says nothing, or Shipped without a parcel."""
    shipped = PrintStatus.SHIPPED in (*reading.statuses, *reading.steps)
    return not reading.tells or (shipped and not reading.parcels)


def report(reference: str, reading: Reading, answer: RawAnswer) -> TrackingReport | None:
    """The report, or None when the answer says nothing of the order: it is no evidence of anything.

    `exists` is True only when the answer speaks of an order (a status, a parcel, a date) or shows its
    reference; a page that shows the reference and nothing that is known gives its heading as `words`.
    """
    if not reading.tells and (reading.denied or reading.login or not reading.mentions):
        return absent(reference, answer) if reading.denied and not reading.login else None
    return TrackingReport(
        reference=reference,
        exists=True,
        status=reading.status,
        words=reading.words if reading.tells else reading.heading or "?",
        parcels=reading.parcels,
        answer=answer,
        estimated_delivery=reading.estimated_delivery,
    )


def absent(reference: str, answer: RawAnswer) -> TrackingReport:
    """Sculpteo has no such order."""
    return TrackingReport(reference, exists=False, status=None, words=None, parcels=(), answer=answer)
