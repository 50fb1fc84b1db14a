"""All that is kept of one person, row by row, from every table: for whoever asks for it by law."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from bridge.store.row_mapping import read_body
from bridge.store.tables import attempts, closed_purchases, deliveries, metadata, notifications, orders
from bridge.store.types import Moment, ShopKey, UnreadableValue

MASK = "***"
SECRET = frozenset({"token", "lease_token", "lease_owner"})
"""Our own secrets, which are nobody's personal data."""


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What is kept of a person: by order, the rows of each table; and deliveries that name them beside these."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    deliveries: list[dict[str, Any]] = field(default_factory=list)


def list_orders_naming(c: Connection, text: str, *, shop: str | None = None) -> list[int]:
    """Orders in which this text is a whole value, case aside: an e-mail address, Shopify's id of a customer."""
    written = sa.func.lower(sa.type_coerce(orders.c.snapshot, sa.Text))
    query = sa.select(orders.c.id).where(written.contains(json.dumps(text.lower()), autoescape=True))
    query = query if shop is None else query.where(orders.c.shop == shop)
    return list(c.execute(query.order_by(orders.c.id)).scalars())


def list_same_person_orders(c: Connection, keys: Collection[int]) -> list[int]:
    """These orders, and all others of their customers in the same shop."""
    found = dict.fromkeys(keys)
    for row in c.execute(
        sa.select(orders.c.shop, orders.c.snapshot).where(
            orders.c.id.in_(list(keys)), orders.c.snapshot.is_not(None)
        )
    ).all():
        if isinstance(row.snapshot, UnreadableValue):
            continue
        for name in (row.snapshot.customer_id, row.snapshot.email):
            found |= dict.fromkeys(list_orders_naming(c, name, shop=row.shop) if name else ())
    return list(found)


def collect_personal_data(c: Connection, keys: Collection[int], names: Collection[str]) -> PersonalData:
    """All rows that belong to these orders, and deliveries that belong to none and hold one of these names."""
    ids = c.execute(sa.select(orders.c.order_id).where(orders.c.id.in_(list(keys)))).scalars()
    return PersonalData(
        [_collect_order_rows(c, key) for key in keys], list(_find_stray_deliveries(c, [*names, *ids]))
    )


def find_owner_column(table: sa.Table) -> sa.Column[Any] | None:
    """The column by which rows of a table belong to an order's own number; None = they do not."""
    for name in ("order_key", "order_id"):
        if name in table.c and isinstance(table.c[name].type, sa.Integer):
            return table.c[name]
    return orders.c.id if table is orders else None


def _collect_order_rows(c: Connection, key: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table in metadata.sorted_tables:
        owner = find_owner_column(table)
        if owner is not None:
            rows = c.execute(_select_as_stored(table).where(owner == key)).all()
            found[table.name] = [_export_row(table, row) for row in rows]
    tokens = [
        *c.execute(sa.select(attempts.c.token).where(attempts.c.order_id == key)).scalars(),
        *c.execute(sa.select(closed_purchases.c.token).where(closed_purchases.c.order_id == key)).scalars(),
    ]
    calls = c.execute(_select_as_stored(notifications).where(notifications.c.token.in_(tokens))).all()
    found[notifications.name] = [_export_row(notifications, row) for row in calls]
    return {name: rows for name, rows in found.items() if rows}


def _find_stray_deliveries(c: Connection, names: Collection[str]) -> Iterator[dict[str, Any]]:
    written = (json.dumps(name.rpartition("/")[2])[1:-1].lower().encode() for name in names if name)
    wanted = [re.compile(rb"(?<![\w.+-])" + re.escape(name) + rb"(?![\w.-])") for name in written]
    for row in c.execute(sa.select(deliveries).where(deliveries.c.order_key.is_(None))):
        try:
            body = read_body(row)
        except (zlib.error, TypeError):  # it cannot be read by anybody
            continue
        if any(name.search(body.lower()) for name in wanted):
            yield {
                "id": row.id,
                "shop": row.shop,
                "topic": row.topic,
                "body": _parse_if_json(body.decode("utf-8", "replace")),
            }


def _select_as_stored(table: sa.Table) -> sa.Select[Any]:
    """The rows as they are stored, so that what cannot be read is given as well."""
    return sa.select(
        *(
            column
            if isinstance(column.type, Moment | ShopKey | sa.LargeBinary | sa.Integer | sa.Boolean)
            else sa.type_coerce(column, sa.Text).label(column.name)
            for column in table.c
        )
    )


def _export_row(table: sa.Table, row: Row[Any]) -> dict[str, Any]:
    shown = {name: _export_value(name, value) for name, value in row._mapping.items() if value is not None}
    if table is deliveries:
        try:
            shown["body"] = _parse_if_json(read_body(row).decode("utf-8", "replace"))
        except (zlib.error, TypeError):  # as it is, then
            shown["body"] = _export_value("body", row.body)
    return shown


def _export_value(name: str, value: Any) -> Any:
    if name in SECRET:
        return MASK
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return _parse_if_json(value) if isinstance(value, str) else value


def _parse_if_json(text: str) -> Any:
    """JSON as what it says; any other text as it is."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
