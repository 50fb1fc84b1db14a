"""Tracking numbers and carrier links: what is one, and what is not. Pure.

A number is taken only from under a key or label that says so, or from the link of a carrier known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

from bridge.order.model import Parcel
from bridge.sculpteo.status_terms import date_in

_GROUP = re.compile(r"[A-Z]*[0-9][A-Z0-9]*|(?!NO|NR)[A-Z]{2}")
_NUMBER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_SEPARATORS = re.compile(r"[,;|/\n]|\band\b|\bet\b")
_CARRIER_NAME = re.compile(
    r"\b(?:ups|colissimo|la poste|chronopost|dhl|fedex|tnt|dpd|gls)\b[ :]*|[()]", re.IGNORECASE
)
_QUERY_LISTS = re.compile(r"[\s,;|]+")

CARRIERS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("UPS", ("ups.com",), ("inquirynumber", "tracknum", "tracknums", "trackingnumber")),
    (
        "Colissimo",
        ("laposte.fr", "laposte.net", "colissimo.fr", "coliposte.net"),
        ("code", "colispart", "parcelnumber"),
    ),
    (
        "Chronopost",
        ("chronopost.fr", "chronopost.com"),
        ("listenumeroslt", "liste", "chronolt", "listenumeros"),
    ),
    (
        "DHL",
        ("dhl.com", "dhl.de", "dhl.fr"),
        ("trackingid", "awb", "idc", "piececode", "trackingnumber", "airwaybill"),
    ),
    ("FedEx", ("fedex.com",), ("trknbr", "tracknumbers", "tracknumber", "trackingnumber", "tracknumberlist")),
    ("TNT", ("tnt.com", "tnt.fr"), ("cons", "con", "bonstransport", "tracknumber")),
    (
        "DPD",
        ("dpd.com", "dpd.fr", "dpd.de", "dpd.co.uk", "dpdgroup.com"),
        ("parcelno", "parcelnumber", "reference", "query", "match"),
    ),
    ("GLS", ("gls-group.eu", "gls-group.com", "gls-france.com"), ("match", "txtrefno", "parcelnumber")),
)
"""Carrier, the domains of its links, and the query keys (plain letters) that hold numbers."""

_PATH_NUMBER = {
    "UPS": re.compile(r"/track/([^/]+)/?$"),
    "Colissimo": re.compile(r"/suivi/([^/]+)/?$"),
    "DPD": re.compile(r"/(?:trace|parcels?|tracking)/([^/]+)/?$"),
}


def number_in(text: str, *, named: bool = False) -> str | None:
    """This text as a tracking number, without its spaces, or None when it cannot be one.

    Numbers of carriers are 8 to 40 letters and digits, at least four of them digits. Dates and rows of one
    digit are none. `named` = it stands where only a tracking number can, so that 4 with a digit are enough.
    """
    groups = text.split()
    if len(groups) > 1 and not all(_GROUP.fullmatch(group) for group in groups):
        return None  # words beside a number
    number = "".join(groups)
    digits = [char for char in number if char.isdigit()]
    shortest, fewest = (4, 1) if named else (8, 4)
    if not shortest <= len(number) <= 40 or not _NUMBER.fullmatch(number):
        return None
    row = number.replace("-", "") if named else digits
    if len(digits) < fewest or len(set(row)) == 1 or date_in(text):
        return None
    return number


def numbers_in(text: str) -> list[str]:
    """All tracking numbers of a text that holds nothing else, save a carrier's name.

    "A, B", "A B" or "UPS: A"; also one number written in groups. If any part is no number, none is taken.
    """
    found: dict[str, None] = {}
    for part in filter(str.strip, _SEPARATORS.split(_CARRIER_NAME.sub(" ", text))):
        each = [number_in(word) for word in part.split()]
        numbers = [number for number in each if number] if all(each) else [number_in(part)]
        if None in numbers:
            return []
        found |= dict.fromkeys(filter(None, numbers))
    return list(found)


def link_parcels(url: str) -> list[Parcel]:
    """The parcels that a carrier's tracking link names; none for any other link."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
    except ValueError:
        return []
    if parts.scheme not in ("http", "https"):
        return []
    for carrier, domains, keys in CARRIERS:
        if any(host == domain or host.endswith("." + domain) for domain in domains):
            numbers = _query_numbers(parts.query, keys) or _query_numbers(parts.fragment, keys)
            numbers = numbers or _path_numbers(carrier, parts.path)
            return [Parcel(number, carrier, url.strip()) for number in numbers]
    return []


def _query_numbers(query: str, keys: tuple[str, ...]) -> list[str]:
    found: dict[str, None] = {}
    try:
        pairs = parse_qsl(query.rpartition("?")[2], max_num_fields=100)
    except ValueError:
        return []
    for key, value in pairs:
        name = re.sub(r"[^a-z]", "", key.lower())
        if name in keys:
            texts = _QUERY_LISTS.split(value)
            found |= dict.fromkeys(filter(None, (number_in(text, named="num" in name) for text in texts)))
    return list(found)


def _path_numbers(carrier: str, path: str) -> list[str]:
    match = _PATH_NUMBER[carrier].search(path) if carrier in _PATH_NUMBER else None
    number = number_in(unquote(match.group(1))) if match else None
    return [number] if number else []


def merge(parcels: Iterable[Parcel], reference: str) -> tuple[Parcel, ...]:
    """Each number once, with whatever any mention of it adds. The order's own reference is no parcel."""
    merged: dict[str, Parcel] = {}
    for parcel in parcels:
        key = parcel.number.upper()
        if key == reference.upper():
            continue
        known = merged.setdefault(key, parcel)
        merged[key] = replace(
            known,
            carrier=known.carrier or parcel.carrier,
            url=known.url or parcel.url,
            shipped_on=known.shipped_on or parcel.shipped_on,
            contents=known.contents or parcel.contents,
        )
    return tuple(merged.values())
