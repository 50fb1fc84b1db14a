"""A postal address as lines of print, in the order that its country writes them."""

from __future__ import annotations

from babel import Locale

from bridge.i18n.postal import (
    format_province,
    normalize_country_code,
)
from bridge.invoice.formats import country
from bridge.invoice.sanitize import clean
from bridge.order.model import Address

_CITY_STATE_CODE = frozenset({"US", "CA", "AU", "PR", "BR", "NZ", "TW", "IN", "TH", "ID", "SA"})
_CODE_LAST = frozenset({"GB", "IE", "GG", "JE", "IM", "GI", "MT", "ZA", "HK", "SG", "KR", "KE", "NG"})


def person(address: Address) -> str:
    return clean(" ".join(part for part in (address.first_name, address.last_name) if part))


def lines(address: Address, locale: Locale) -> list[str]:
    """Company and person, street, city and country; what is missing leaves no gap."""
    found = [
        clean(address.company),
        person(address),
        clean(address.address1),
        clean(address.address2),
        *_place(address),
        clean(country(address.country_code, locale)),
    ]
    return [line for line in found if line]


def _place(address: Address) -> list[str]:
    city, code = clean(address.city), clean(address.postal_code)
    state = clean(format_province(address))
    where = normalize_country_code(address.country_code)
    if where in _CITY_STATE_CODE:
        return [_join(city, state, code)]
    if where in _CODE_LAST:
        return [city, state, code]
    if where == "IT":
        return [_join(code, city, state)]
    return [_join(code, city), state]


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
