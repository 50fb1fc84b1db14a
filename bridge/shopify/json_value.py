"""Untrusted JSON, tamed: what is not as expected is named with its path, and text can be stored anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Unexpected(Exception):
    """An answer is not as its schema says. The text names the place, never the value."""


def clean(text: str) -> str:
    """The text without what no database takes: NUL, and halves of surrogate pairs."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class Value:
    """A piece of an answer that knows where it is: `value["order"]["name"].text()`.

    Going into something that is absent gives an absent value; only taking it as something raises Unexpected.
    """

    __slots__ = ("path", "raw")

    def __init__(self, raw: object, path: str = "") -> None:
        self.raw = raw
        self.path = path

    def __getitem__(self, key: str) -> Value:
        inner = self.raw.get(key) if isinstance(self.raw, dict) else None
        return Value(inner, f"{self.path}.{key}" if self.path else key)

    def __bool__(self) -> bool:
        """Whether there is something: not null and not absent."""
        return self.raw is not None

    def _wrong(self, wanted: str) -> Unexpected:
        found = "missing" if self.raw is None else f"not {wanted}"
        return Unexpected(f"{self.path or 'the answer'} is {found}")

    def each(self) -> Iterator[Value]:
        """The entries of a list; of a missing one, none."""
        if self.raw is None:
            return
        if not isinstance(self.raw, list):
            raise self._wrong("a list")
        for index, entry in enumerate(self.raw):
            yield Value(entry, f"{self.path}[{index}]")

    def text(self) -> str:
        if not isinstance(self.raw, str):
            raise self._wrong("text")
        return clean(self.raw)

    def text_or_none(self) -> str | None:
        """The text, or None where there is none or only blanks."""
        return (self.text().strip() or None) if self else None

    def integer(self) -> int:
        """A whole number; Shopify's UnsignedInt64 comes as text."""
        if isinstance(self.raw, str) and self.raw.isascii() and self.raw.isdigit() and len(self.raw) <= 20:
            return int(self.raw)
        if not isinstance(self.raw, int) or isinstance(self.raw, bool):
            raise self._wrong("a whole number")
        return self.raw

    def flag(self) -> bool:
        if not isinstance(self.raw, bool):
            raise self._wrong("true or false")
        return self.raw

    def decimal(self) -> Decimal:
        """An exact number. Shopify sends money as text and tax rates as JSON numbers."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, str | int | float):
            raise self._wrong("a number")
        try:
            number = Decimal(str(self.raw))
        except InvalidOperation:
            raise self._wrong("a number") from None
        if not number.is_finite():
            raise self._wrong("a finite number")
        return number

    def moment(self) -> datetime:
        """A point in time with its zone, in UTC."""
        try:
            moment = datetime.fromisoformat(self.text())
        except ValueError:
            raise self._wrong("a time") from None
        if moment.tzinfo is None:
            raise self._wrong("a time with its zone")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self._wrong("a time that can be told in UTC") from None

    def moment_or_none(self) -> datetime | None:
        return self.moment() if self else None
