"""Shopify's search syntax, as far as orders and variants are searched by apps.

https://shopify.dev/docs/api/usage/search-syntax - terms joined by AND (also unsaid) and OR, brackets, NOT or
a leading minus, `field:value` with the comparators : >, >=, < and <=, quoted values, prefixes with `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from bridge.sandbox.shopify.model import Order, Variant

T = TypeVar("T")
Test = Callable[[Any], bool]

_VALUE = r"""'[^']*'|"[^"]*"|[^\s()'"]+"""
_TOKEN = re.compile(
    rf"""\s*(?:(?P<bracket>[()])
    |(?P<minus>-)
    |(?P<field>[A-Za-z_][\w.]*):\s*(?P<op>>=|<=|>|<)?\s*(?P<value>{_VALUE})
    |(?P<word>{_VALUE}))""",
    re.VERBOSE,
)


@dataclass(slots=True)
class Search:
    """A compiled search. `unknown` names the fields that Shopify would ignore with a warning."""

    test: Test
    unknown: list[str] = field(default_factory=list)

    def over(self, things: Iterable[T]) -> list[T]:
        return [thing for thing in things if self.test(thing)]


def compile_search(text: str | None, fields: Mapping[str, Callable[[Any], Any]]) -> Search:
    """Make a test of a search. A value read from a thing may be a time, a number, a text or a list."""
    search = Search(lambda thing: True)
    if text and text.strip():
        tokens = _tokens(text)
        search.test = _either(tokens, fields, search.unknown)
    return search


def _tokens(text: str) -> list[tuple[str, str, str, str]]:
    """(kind, field, comparator, value), last first so that they can be popped. Raises ValueError."""
    tokens = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"this search cannot be read from position {position}: {text}")
        position = match.end()
        if match["bracket"]:
            tokens.append((match["bracket"], "", "", ""))
        elif match["minus"]:
            tokens.append(("NOT", "", "", ""))
        elif match["field"]:
            tokens.append(("term", match["field"], match["op"] or "", match["value"].strip("'\"")))
        else:
            word = match["word"]
            kind = word if word in ("AND", "OR", "NOT") else "term"
            tokens.append((kind, "", "", word.strip("'\"")))
    return tokens[::-1]


def _either(tokens: list[tuple[str, str, str, str]], fields: Mapping[str, Any], unknown: list[str]) -> Test:
    options = [_all(tokens, fields, unknown)]
    while tokens and tokens[-1][0] == "OR":
        tokens.pop()
        options.append(_all(tokens, fields, unknown))
    return lambda thing: any(option(thing) for option in options)


def _all(tokens: list[tuple[str, str, str, str]], fields: Mapping[str, Any], unknown: list[str]) -> Test:
    terms: list[Test] = []
    while tokens and tokens[-1][0] not in ("OR", ")"):
        if tokens[-1][0] == "AND":
            tokens.pop()
            continue
        terms.append(_term(tokens, fields, unknown))
    return lambda thing: all(term(thing) for term in terms)


def _term(tokens: list[tuple[str, str, str, str]], fields: Mapping[str, Any], unknown: list[str]) -> Test:
    kind, name, comparator, value = tokens.pop()
    if kind == "NOT":
        inner = _term(tokens, fields, unknown)
        return lambda thing: not inner(thing)
    if kind == "(":
        inner = _either(tokens, fields, unknown)
        if tokens:
            tokens.pop()
        return inner
    read = fields.get(name or "default")
    if read is None:
        unknown.append(name)
        return lambda thing: True
    return lambda thing: _compare(read(thing), comparator, value)


def _compare(actual: Any, comparator: str, wanted: str) -> bool:
    if isinstance(actual, list | tuple):
        return any(_compare(entry, comparator, wanted) for entry in actual)
    if callable(actual):
        return bool(actual(wanted))
    if actual is None:
        return False
    if isinstance(actual, datetime):
        # Shopify's times have no fractions of a second.
        return _ordered(actual.replace(microsecond=0), comparator, moment(wanted))
    if isinstance(actual, bool):
        return actual == (wanted.lower() == "true")
    if isinstance(actual, int):
        return wanted.isdigit() and _ordered(actual, comparator, int(wanted))
    text, pattern = str(actual).lower(), wanted.lower()
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _ordered(actual: Any, comparator: str, wanted: Any) -> bool:
    if comparator == ">":
        return bool(actual > wanted)
    if comparator == ">=":
        return bool(actual >= wanted)
    if comparator == "<":
        return bool(actual < wanted)
    if comparator == "<=":
        return bool(actual <= wanted)
    return bool(actual == wanted)


def moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).replace(microsecond=0)


def _status(order: Order) -> Callable[[str], bool]:
    open_ = order.cancelled_at is None and order.closed_at is None
    said = {
        "open": open_,
        "closed": order.closed_at is not None,
        "cancelled": order.cancelled_at is not None,
        "not_closed": order.closed_at is None,
        "any": True,
    }
    return lambda wanted: said.get(wanted, False)


def _fulfillment_status(order: Order) -> Callable[[str], bool]:
    status = order.fulfillment_status
    words = {
        "unshipped": status in ("UNFULFILLED", "ON_HOLD", "IN_PROGRESS", "SCHEDULED"),
        "unfulfilled": status != "FULFILLED",
        "shipped": status == "FULFILLED",
        "fulfilled": status == "FULFILLED",
        "partial": status == "PARTIALLY_FULFILLED",
    }
    return lambda wanted: words.get(wanted, wanted.upper() == status)


ORDER_FIELDS: dict[str, Callable[[Order], Any]] = {
    "created_at": lambda order: order.created_at,
    "updated_at": lambda order: order.updated_at,
    "processed_at": lambda order: order.created_at,
    "financial_status": lambda order: order.financial_status,
    "fulfillment_status": _fulfillment_status,
    "status": _status,
    "id": lambda order: order.id,
    "name": lambda order: [order.name, order.name.lstrip("#")],
    "email": lambda order: order.email,
    "test": lambda order: order.test,
    "tag": lambda order: order.tags,
    "tag_not": lambda order: lambda wanted: wanted.lower() not in [tag.lower() for tag in order.tags],
    "sku": lambda order: [line.sku for line in order.lines],
    "risk_level": lambda order: order.risk,
    "source_name": lambda order: order.source_name,
    "delivery_method": lambda order: [
        entry.delivery_method.replace("_", "-") for entry in order.fulfillment_orders
    ],
    "default": lambda order: [order.name, order.name.lstrip("#"), order.email, order.note],
}

VARIANT_FIELDS: dict[str, Callable[[Variant], Any]] = {
    "sku": lambda variant: variant.sku,
    "title": lambda variant: variant.title,
    "id": lambda variant: variant.id,
    "product_id": lambda variant: variant.product.id,
    "product_status": lambda variant: variant.product.status,
    "vendor": lambda variant: variant.product.vendor,
    "updated_at": lambda variant: variant.product.created_at,
    "default": lambda variant: [variant.sku, variant.title, variant.product.title],
}
