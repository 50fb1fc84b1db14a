"""The customer's address in the fields of the order form, and what makes one impossible. Pure."""

from __future__ import annotations

import hashlib
import unicodedata

from bridge.i18n.postal import (
    format_province,
    is_country,
    normalize_country_code,
)
from bridge.order.model import Address

STREET1_LIMIT = 80
"""Characters of ship_street1: https://www.sculpteo.com/ "Ordering designs via API"."""

STREET2_LIMIT = 255
"""Sculpteo documents no limit for the second line; more than this fits on no label, so a person looks."""


def form_fields(address: Address) -> list[tuple[str, str]]:
    """The ship_* fields, in the order of Sculpteo's page: those that have a value, and the postal code.

    A place without a postal code has an empty one: Sculpteo's page names the field as one to fill in, and does
    not say that it can be left out.
    """
    street1, street2 = street_lines(address)
    fields = (
        ("ship_addressee", addressee(address)),
        ("ship_street1", street1),
        ("ship_street2", street2),
        ("ship_city", clean(address.city)),
        ("ship_state", format_province(address)),
        ("ship_postal_code", clean(address.postal_code)),
        ("ship_country", normalize_country_code(address.country_code)),
    )
    return [(name, value) for name, value in fields if value or name == "ship_postal_code"]


def addressee(address: Address) -> str:
    """ "Company, First Last", or whichever of the two there is."""
    person = " ".join(filter(None, (clean(address.first_name), clean(address.last_name))))
    return ", ".join(filter(None, (clean(address.company), person)))


def street_lines(address: Address) -> tuple[str, str]:
    """ship_street1 of at most 80 characters; what does not fit goes before the second line, at a word."""
    first, second = clean(address.address1), clean(address.address2)
    if not first:
        first, second = second, ""
    head, rest = _split(first, STREET1_LIMIT)
    return head, ", ".join(filter(None, (rest, second)))


def clean(text: str | None) -> str:
    """Composed characters, line breaks and other white space as single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def _split(text: str, limit: int) -> tuple[str, str]:
    """Cut at the last space within `limit`; a text without one is cut between whole characters."""
    if len(text) <= limit:
        return text, ""
    space = text.rfind(" ", 0, limit + 1)
    cut = space if space > 0 else limit
    while cut > 1 and space <= 0 and _joined(text[cut - 1], text[cut]):
        cut -= 1
    return text[:cut].rstrip(), text[cut:].lstrip()


def _joined(left: str, right: str) -> bool:
    """Whether `right` is written on top of `left`: an accent, a vowel sign, a joiner."""
    return unicodedata.category(right).startswith("M") or "\u200d" in (left, right)


def address_problem(address: Address | None) -> str | None:
    """Why Sculpteo cannot take this address, as the end of a sentence, or None. Holds no personal data.

    What a person may let go all the same is asked elsewhere (`bridge.steps.address_check`).
    """
    if address is None:
        return "there is no shipping address"
    missing = _missing(address)
    if missing:
        return f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    country = normalize_country_code(address.country_code)
    if not is_country(country):
        return f"“{country[:10]}” is not an ISO 3166-1 country code of two letters"
    for name, value in form_fields(address):
        if any(unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co") for char in value):
            return f"{_WORDS[name]} holds a character that cannot be printed"
    for name, value in (("ship_addressee", addressee(address)), ("ship_street2", street_lines(address)[1])):
        if len(value) > STREET2_LIMIT:
            return f"{_WORDS[name]} is too long for a label ({len(value)} characters)"
    return None


_WORDS = {
    "ship_addressee": "the name",
    "ship_street1": "the street",
    "ship_street2": "the street",
    "ship_city": "the city",
    "ship_state": "the province",
    "ship_postal_code": "the postal code",
    "ship_country": "the country",
}


def _missing(address: Address) -> list[str]:
    present = {name for name, value in form_fields(address) if any(char.isalnum() for char in value)}
    required = ("ship_addressee", "ship_street1", "ship_city", "ship_country")
    return [_WORDS[name] for name in required if name not in present]


def _listed(what: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(what[:-1]), what[-1])))


def fingerprint(address: Address) -> str:
    """A short hash that tells whether two forms went to the same address, without saying which."""
    text = "\n".join(f"{name}={value}" for name, value in form_fields(address) if value)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
