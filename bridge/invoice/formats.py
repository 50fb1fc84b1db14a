"""Numbers, dates and country names as the customer's language writes them (Babel, Unicode CLDR)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

ENGLISH = Locale("en")


def parse_locale(tag: str | None) -> Locale | None:
    """The locale of a tag as Shopify or a merchant writes it: "fr", "fr-CA", "pt_BR", "zh-Hant-TW"."""
    if not tag:
        return None
    try:
        return Locale.parse(tag.strip().replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def format_money(amount: Decimal, currency: str, locale: Locale) -> str:
    """An amount with its currency's own number of decimals (JPY 0, KWD 3); never fewer digits than it has."""
    exact = round(amount, get_currency_precision(currency)) == amount
    return format_currency(amount, currency, locale=locale, decimal_quantization=exact)


def format_rate(rate: Decimal, locale: Locale) -> str:
    """0.055 is "5.5%": every digit of the rate is shown."""
    return format_percent(rate.normalize(), locale=locale, decimal_quantization=False)


def format_number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def format_day(value: date, locale: Locale) -> str:
    return format_date(value, format="long", locale=locale)


def format_country(code: str | None, locale: Locale) -> str:
    """The country's name; the code itself where Unicode knows no name for it."""
    if not code:
        return ""
    return str(locale.territories.get(code.upper(), code.upper()))
