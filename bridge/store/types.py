"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from bridge.order.model import Money

T = TypeVar("T")

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A row's own number. SQLite's row ids are plain INTEGER."""

Term = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
"""Text that is compared byte by byte, so that a range of it is a prefix."""


def clean_text(text: str) -> str:
    """Text that both databases can hold: PostgreSQL has no NUL, and UTF-8 has no lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def to_json(value: Any) -> str:
    """JSON in ASCII, keys sorted, so that equal facts have equal text. Decimals and times become strings.

    Raises TypeError for values that are not JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_encode_plain)


def _encode_plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """Stands for a stored value that cannot be read: a row that was damaged, or written by another program.

    It is a value and no error, so that one damaged row does not keep the others of its query from being
    read. `why` is the kind of the error; the error's own text could hold what was stored.
    """

    why: str


class Readable(TypeDecorator[T]):
    """A column whose damaged values are read as `UnreadableValue`."""

    __abstract__ = True
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def process_value(value: Any) -> Any:
            try:
                return read(value)
            except Exception as error:  # whatever was stored: it must not fail the whole query
                return UnreadableValue(type(error).__name__)

        return process_value


class Moment(Readable[datetime]):
    """An aware time, true to the microsecond; text in UTC on SQLite, timestamptz on PostgreSQL."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text from outside, made safe for both databases."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_text(str(value))


class ShopNames:
    """What this process calls the shops whose keys the database has; what is not known means itself."""

    def __init__(self) -> None:
        self.keys: Mapping[str, str] = {}  # name -> key
        self.names: Mapping[str, str] = {}  # key -> name

    def replace_names(self, keys: Mapping[str, str], names: Mapping[str, str]) -> None:
        self.keys, self.names = dict(keys), dict(names)

    def get_key(self, name: str) -> str:
        return self.keys.get(name, name)

    def get_name(self, key: str) -> str:
        return self.names.get(key, key)


_NAMES: WeakKeyDictionary[Dialect, ShopNames] = WeakKeyDictionary()
_NO_NAMES = ShopNames()


def translate_shops(dialect: Dialect, names: ShopNames) -> None:
    """Let the columns of this database's engine show its shops by these names."""
    _NAMES[dialect] = names


class ShopKey(TypeDecorator[str]):
    """A shop. The database has its key, which never changes; a process says and sees its own name for it.

    The translation is made here so that no statement can forget it. See `bridge.store.shops`.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _NAMES.get(dialect, _NO_NAMES).get_key(clean_text(str(value)))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _NAMES.get(dialect, _NO_NAMES).get_name(value)


class FactKey(TypeDecorator[str]):
    """What a remembered fact is called: "mapping", or "reconciled:acme" for one about a shop. Each part after
    the first that names a shop is kept as that shop's key. Keys are asked for, never listed."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        fact, *parts = clean_text(str(value)).split(":")
        names = _NAMES.get(dialect, _NO_NAMES)
        return ":".join([fact, *map(names.get_key, parts)])


class Json(Readable[Any]):
    """A JSON value as text: the same bytes on both databases, which neither of them reorders or rounds."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Stored(Readable[Any]):
    """A value of `kind` (a dataclass, a tuple of them) as JSON text, read back as exactly what it was."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._adapter: TypeAdapter[Any] | None = None

    @property
    def adapter(self) -> TypeAdapter[Any]:
        if self._adapter is None:
            self._adapter = TypeAdapter(self.kind)
        return self._adapter

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        # through Python values, since JSON bytes could not hold a lone surrogate that a shop sent
        return None if value is None else json.dumps(self.adapter.dump_python(value, mode="json"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.adapter.validate_python(json.loads(value))


class Cost(Readable[Money]):
    """Money as text, "12.50 EUR": exact, and readable in any database tool."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> str | None:
        return None if value is None else f"{value.amount} {value.currency}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Money | None:
        if value is None:
            return None
        amount, currency = value.split(" ", 1)
        return Money(Decimal(amount), currency)
