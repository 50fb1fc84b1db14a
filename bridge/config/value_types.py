"""Numbers, durations, moments and money in the configuration, read from their text without a binary float."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from bridge.config.types import build_value_error, require_single
from bridge.order.model import Money

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def parse_decimal(value: object) -> Decimal:
    """A finite number from its text, never by way of a binary float."""
    if isinstance(value, (Decimal, int, float)) and not isinstance(value, bool):
        found = Decimal(str(value))
        if not found.is_finite():
            raise build_value_error("is not a finite number", "write a number such as 0.87")
        return found
    text = require_single(value).strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    raise build_value_error(*_describe_bad_number(text))


def _describe_bad_number(text: str) -> tuple[str, str]:
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "{value} has a decimal comma", "write it with a point"
    if re.fullmatch(r"[+-]?[\d_,. ']+", text) and re.search(r"\d", text):
        return "{value} is not a plain number", "write digits only, with a point before the decimals"
    if re.fullmatch(r"[+-]?\.?(?:inf(?:inity)?|s?nan)", text, re.IGNORECASE):
        return "{value} is not a finite number", "write a number such as 0.87"
    if re.fullmatch(r"[\d.]+ ?%", text):
        return "{value} is a percentage", "write it as a factor: 87 % is 0.87"
    return "{value} is not a number", "write a number such as 0.87"


def _parse_scale(value: object) -> Decimal:
    found = parse_decimal(value)
    if found <= 0:
        raise build_value_error("{value} is not above 0", "a scale of 1 is the design as it was uploaded")
    if not Decimal("0.00001") <= found <= 100000:
        raise build_value_error(
            "{value} is not a scale that can be meant", "it must be between 0.00001 and 100000"
        )
    exponent = found.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent < -12:
        raise build_value_error("{value} has more than 12 decimals", "round it")
    return found


def _parse_whole(value: object, least: int, most: int) -> int:
    found = parse_decimal(value)
    text = str(value).strip()
    if found != found.to_integral_value() or not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise build_value_error(
            "{value} is not a whole number", f"write a whole number from {least} to {most}"
        )
    if not least <= found <= most:
        raise build_value_error(f"{{value}} is not between {least} and {most}", "correct the number")
    if len(text.lstrip("+-")) > 1 and text.lstrip("+-").startswith("0"):
        what = "{value} begins with a zero, which YAML 1.1 reads as octal"
        raise build_value_error(what, "write it without the zero", hint=f"write {int(found)}")
    return int(found)


def whole(least: int, most: int) -> tuple[BeforeValidator, WithJsonSchema]:
    """The validators of an int field with bounds."""
    schema = WithJsonSchema({"type": "integer", "minimum": least, "maximum": most})
    return BeforeValidator(lambda value: _parse_whole(value, least, most)), schema


def _parse_rate(value: object) -> float:
    found = parse_decimal(value)
    if not 0 < found <= 10:
        raise build_value_error(
            "{value} is not above 0 and at most 10", "Sculpteo asks for a few requests a second at most"
        )
    return float(found)


Scale = Annotated[
    Decimal,
    BeforeValidator(_parse_scale),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 100000}),
]
_COUNT, _COUNT_SCHEMA = whole(1, 10000)
Count = Annotated[int, _COUNT, _COUNT_SCHEMA]
Rate = Annotated[
    float,
    BeforeValidator(_parse_rate),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 10}),
]

# --- time and money --------------------------------------------------------------------------------------

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_LOOSE = re.compile(r"(\d+)\s*(d|h|m|s)[a-z]*\.?", re.ASCII | re.IGNORECASE)
MAX_DURATION = timedelta(days=366)


def _parse_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = require_single(value).strip()
    if text == "0":
        return timedelta(0)
    found = _DURATION.fullmatch(text.replace(" ", "")) if len(text) < 40 else None
    if not text or found is None:
        loose = _LOOSE.fullmatch(text)
        if loose:
            hint = f'did you mean "{loose[1]}{loose[2].lower()}"?'
        elif text.isascii() and text.isdigit():
            hint = f'give the unit: did you mean "{text}m" (minutes) or "{text}s" (seconds)?'
        else:
            hint = ""
        raise build_value_error(
            "{value} is not a duration", "write it like 90s, 30m, 2h, 1d or 1h30m", hint=hint
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = days * 86400 + hours * 3600 + minutes * 60 + seconds
    if total > MAX_DURATION.total_seconds():
        raise build_value_error("{value} is longer than a year", "shorten it")
    return timedelta(seconds=total)


def _check_positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise build_value_error("{value} is not above 0", "write it like 90s, 30m, 2h or 1d")
    return value


_DURATION_SCHEMA = WithJsonSchema(
    {
        "type": ["string", "integer"],
        "pattern": r"^(\d+d)? ?(\d+h)? ?(\d+m)? ?(\d+s)?$|^0$",
        "examples": ["30m", "1h30m"],
    }
)
Duration = Annotated[timedelta, BeforeValidator(_parse_duration), _DURATION_SCHEMA]
Interval = Annotated[
    timedelta, BeforeValidator(lambda value: _check_positive(_parse_duration(value))), _DURATION_SCHEMA
]
"""A duration above zero."""

_MONEY = re.compile(r"(\S+?)\s*([A-Za-z]{3})|([A-Za-z]{3})\s*(\S+)")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}


def _parse_money(value: object) -> Money:
    if isinstance(value, Money):
        return value
    text = require_single(value).strip()
    for sign, code in _SIGNS.items():
        if sign in text:
            digits = text.replace(sign, "").strip()
            hint = f'did you mean "{digits} {code}"?'
            raise build_value_error(
                "{value} names its currency by a sign", f"write {code} behind the amount", hint=hint
            )
    found = _MONEY.fullmatch(text)
    if not found:
        remedy = "write the amount and the currency, such as 300 EUR"
        raise build_value_error("{value} is not an amount of money", remedy)
    amount_text, currency = found[1] or found[4], (found[2] or found[3]).upper()
    amount = parse_decimal(amount_text)
    if amount <= 0:
        remedy = "write it like 300 EUR; leave the line out for no limit"
        raise build_value_error("{value} is not an amount above 0", remedy)
    if amount > 10**9:
        raise build_value_error("{value} is more than can be meant", "leave the line out for no limit")
    if not is_currency(currency):
        raise build_value_error(
            "{value} is in no currency that there is", "write its three-letter code, such as EUR"
        )
    return Money(amount, currency)


def is_currency(code: str) -> bool:
    """Whether it is a code of ISO 4217, such as EUR."""
    import pycountry

    return pycountry.currencies.get(alpha_3=code) is not None


Amount = Annotated[
    Money,
    BeforeValidator(_parse_money),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)? ?[A-Za-z]{3}$", "examples": ["300 EUR"]}),
]


def _parse_moment(value: object) -> datetime:
    if isinstance(value, datetime):
        found = value
    else:
        text = require_single(value).strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise build_value_error(
                "{value} is not a date", "write it like 2026-11-01 or 2026-11-01T08:00:00Z"
            ) from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise build_value_error(
            "{value} is not a date that can be meant", "write it like 2026-11-01"
        ) from None


Moment = Annotated[
    datetime, BeforeValidator(_parse_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A date or date and time; without a zone it is UTC."""
