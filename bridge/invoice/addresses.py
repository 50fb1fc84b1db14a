"""A postal address as lines of print, in the order that its country writes them."""

from __future__ import annotations

from babel import Locale

from bridge.i18n.postal import (
    format_province,
    normalize_country_code,
)
from bridge.invoice.formats import format_country
from bridge.invoice.sanitize import clean_text
from bridge.order.model import Address

_CITY_STATE_CODE = frozenset({"US", "CA", "AU", "PR", "BR", "NZ", "TW", "IN", "TH", "ID", "SA"})
_CODE_LAST = frozenset({"GB", "IE", "GG", "JE", "IM", "GI", "MT", "ZA", "HK", "SG", "KR", "KE", "NG"})


def format_person(address: Address) -> str:
    return clean_text(" ".join(part for part in (address.first_name, address.last_name) if part))


def format_address(address: Address, locale: Locale) -> list[str]:
    """Company and person, street, city and country; what is missing leaves no gap."""
    found = [
        clean_text(address.company),
        format_person(address),
        clean_text(address.address1),
        clean_text(address.address2),
        *_format_place(address),
        clean_text(format_country(address.country_code, locale)),
    ]
    return [line for line in found if line]


def _format_place(address: Address) -> list[str]:
    city, code = clean_text(address.city), clean_text(address.postal_code)
    state = clean_text(format_province(address))
    where = normalize_country_code(address.country_code)
    if where in _CITY_STATE_CODE:
        return [_join_parts(city, state, code)]
    if where in _CODE_LAST:
        return [city, state, code]
    if where == "IT":
        return [_join_parts(code, city, state)]
    return [_join_parts(code, city), state]


def _join_parts(*parts: str) -> str:
    return " ".join(part for part in parts if part)
