"""Paging by cursors, as all of Shopify's lists have it.

https://shopify.dev/docs/api/usage/pagination-graphql
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from graphql import GraphQLError

LARGEST_PAGE = 250


@dataclass(slots=True)
class Connection:
    nodes: Sequence[Any]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


class Window(TypedDict):
    """The part of a list that is asked for."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None


def window(arguments: Mapping[str, Any]) -> Window:
    return Window(
        first=arguments.get("first"),
        last=arguments.get("last"),
        after=arguments.get("after"),
        before=arguments.get("before"),
    )


def page(
    things: Sequence[Any],
    sort_key: Callable[[Any], tuple[Any, ...]],
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
    sort: bool = True,
) -> Connection:
    """One page. A cursor names a place in the order of things, so it holds while things change."""
    _check_size(first, last)
    rows = [(sort_key(thing), thing) for thing in things]
    if sort:
        rows.sort(key=lambda row: row[0], reverse=reverse)
    start, end = 0, len(rows)
    if after is not None:
        place = read_cursor(after)
        start = sum(1 for key, _ in rows if _not_after(_plain(key), place, reverse))
    if before is not None:
        place = read_cursor(before)
        end = sum(1 for key, _ in rows if _not_after(_plain(key), place, reverse) and _plain(key) != place)
    window = rows[start:end]
    if first is not None:
        has_next, has_previous = len(window) > first, start > 0
        window = window[:first]
    else:
        size = last or 0
        has_next, has_previous = end < len(rows), len(window) > size
        window = window[len(window) - size :] if size else []
    return Connection(
        [thing for _, thing in window], [write_cursor(key) for key, _ in window], has_next, has_previous
    )


def _check_size(first: int | None, last: int | None) -> None:
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= LARGEST_PAGE:
            raise GraphQLError(
                f"{name} must be between 0 and {LARGEST_PAGE}", extensions={"code": "BAD_REQUEST"}
            )


def _not_after(key: list[Any], place: list[Any], reverse: bool) -> bool:
    return key >= place if reverse else key <= place


def _plain(key: tuple[Any, ...]) -> list[Any]:
    return [value if isinstance(value, str | int | float) else str(value) for value in key]


def write_cursor(key: tuple[Any, ...]) -> str:
    return base64.b64encode(json.dumps(_plain(key)).encode()).decode()


def read_cursor(cursor: str) -> list[Any]:
    try:
        place = json.loads(base64.b64decode(cursor, validate=True))
        if isinstance(place, list):
            return place
    except (ValueError, binascii.Error):
        pass
    raise GraphQLError(f"Invalid cursor for current pagination sort: {cursor}")
