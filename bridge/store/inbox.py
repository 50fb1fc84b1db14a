"""`ports.Inbox` on the database: deliveries byte for byte, as they came, and what became of each.

The way in is the one hot path of the bridge, so it is short: the statement is compiled once, values are
bound as the driver wants them, and a body is compressed only when its delivery is settled.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

from bridge.order import stored_keys
from bridge.order.notifications import News
from bridge.order.records import Delivery, OrderSignal, PrivacyRequest
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.erasure import record_privacy_request
from bridge.store.group_commit import Row
from bridge.store.key_value import upsert_value
from bridge.store.row_mapping import (
    build_delivery,
    read_body,
)
from bridge.store.tables import deliveries
from bridge.store.transitions import (
    add_news,
    receive_signal,
)
from bridge.store.types import clean_text

LONGEST_ID = 255
COLUMNS = (
    "shop",
    "webhook_id",
    "topic",
    "event_id",
    "api_version",
    "triggered_at",
    "received_at",
    "packed",
    "body",
)


def build_inserter(dialect: Dialect) -> Callable[[Connection, list[Row]], None]:
    """The function that inserts rows made by `StoredInbox`, absorbing those that are known."""
    if dialect.name == "sqlite":
        text = (
            f"INSERT INTO deliveries ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - constant names
            " ON CONFLICT (shop, webhook_id) DO NOTHING"
        )
    else:
        text = (
            f"INSERT INTO deliveries ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"  # noqa: S608 - constant names
            " ON CONFLICT (shop, webhook_id) DO NOTHING"
        )

    def insert_rows(connection: Connection, rows: list[Row]) -> None:
        # in one order everywhere, so that two replicas with the same deliveries cannot wait for each other
        rows.sort(key=_get_identity)
        connection.exec_driver_sql(text, rows)

    return insert_rows


def _get_identity(row: Row) -> tuple[str, str]:
    return row[0], row[1]


@dataclass(frozen=True, slots=True)
class StoredInbox:
    """Webhook deliveries."""

    _db: Database
    _clock: Clock

    async def add_delivery(self, delivery: Delivery) -> None:
        shop = self._db.names.get_key(delivery.shop)
        await self._db.insert_row(_build_row(delivery, shop, self._db.is_sqlite), len(delivery.body))

    async def list_pending(self, limit: int, *, but: Collection[int] = ()) -> list[Delivery]:
        return await self._db.read(partial(_list_pending, limit=limit, but=list(but)))

    async def settle_delivery(self, key: int, outcome: str, notice: OrderSignal | None) -> None:
        packed = await self._db.read(partial(_compress_body, key=key))
        now = self._clock.now()
        await self._db.write(
            partial(_settle_delivery, now=now, key=key, outcome=outcome, word=notice, packed=packed)
        )

    async def settle_privacy_request(self, key: int, outcome: str, wish: PrivacyRequest) -> None:
        now = self._clock.now()
        await self._db.write(partial(_settle_privacy_request, now=now, key=key, outcome=outcome, asked=wish))

    async def report_unreadable_request(self, delivery: Delivery) -> None:
        told = {"shop": delivery.shop, "topic": delivery.topic, "delivery": delivery.key}
        item = News(f"wish:{delivery.key}", "wish_unreadable", self._clock.now(), told)
        await self._db.write(lambda c: add_news(c, item))

    async def find_delivery(self, key: int) -> Delivery | None:
        """One delivery, byte for byte as it came."""

        def select_delivery(c: Connection) -> Delivery | None:
            row = c.execute(sa.select(deliveries).where(deliveries.c.id == key)).one_or_none()
            return None if row is None else build_delivery(row, _read_body_or_empty(row))

        return await self._db.read(select_delivery)

    async def purge_settled(self, before: datetime, *, limit: int = 1_000) -> int:
        """Delete settled deliveries that came before; gives how many, at most `limit` at once. The oldest
        numbers are looked at first, so the hot path needs no index for this."""

        def delete_settled(c: Connection) -> int:
            oldest = sa.select(deliveries.c.id).order_by(deliveries.c.id).limit(limit).scalar_subquery()
            old = sa.and_(deliveries.c.received_at < before, deliveries.c.settled_at.is_not(None))
            return c.execute(sa.delete(deliveries).where(deliveries.c.id.in_(oldest), old)).rowcount

        return await self._db.write(delete_settled)


def _build_row(delivery: Delivery, shop: str, sqlite: bool) -> Row:
    moment = _format_sqlite_time if sqlite else _keep_time
    webhook_id = delivery.webhook_id
    if len(webhook_id) > LONGEST_ID:  # an index has a widest key
        webhook_id = hashlib.sha256(webhook_id.encode("utf-8", "replace")).hexdigest()
    return (
        shop,
        clean_text(webhook_id),
        clean_text(delivery.topic),
        _clean_optional(delivery.event_id),
        _clean_optional(delivery.api_version),
        moment(delivery.triggered_at),
        moment(delivery.received_at),
        False,
        delivery.body,
    )


def _clean_optional(text: str | None) -> str | None:
    return None if text is None else clean_text(text)


def _format_sqlite_time(at: datetime | None) -> str | None:
    """As `DateTimeParam` writes it on SQLite."""
    if at is None:
        return None
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _keep_time(at: datetime | None) -> datetime | None:
    return at


def _list_pending(c: Connection, limit: int, but: Sequence[int]) -> list[Delivery]:
    query = sa.select(deliveries).where(deliveries.c.settled_at.is_(None))
    if but:
        query = query.where(deliveries.c.id.not_in(but))
    rows = c.execute(query.order_by(deliveries.c.id).limit(limit))
    return [build_delivery(row, _read_body_or_empty(row)) for row in rows]


def _read_body_or_empty(row: Any) -> bytes:
    """Nothing of a body that cannot be read: its delivery is settled as unreadable, and keeps no other waiting."""
    try:
        return read_body(row)
    except (zlib.error, TypeError):
        return b""


def _compress_body(c: Connection, key: int) -> bytes | None:
    """The body compressed, or None where there is nothing to gain."""
    row = c.execute(
        sa.select(deliveries.c.packed, deliveries.c.body).where(
            deliveries.c.id == key, deliveries.c.settled_at.is_(None)
        )
    ).one_or_none()
    if row is None or row.packed or not isinstance(row.body, bytes):
        return None
    packed = zlib.compress(row.body, 3)
    return packed if len(packed) < len(row.body) else None


def _settle_delivery(
    c: Connection, now: datetime, key: int, outcome: str, word: OrderSignal | None, packed: bytes | None
) -> None:
    small: dict[str, Any] = {} if packed is None else {"body": packed, "packed": True}
    settled = c.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == key, deliveries.c.settled_at.is_(None))
        .values(settled_at=now, outcome=outcome, **small)
    )
    if settled.rowcount == 1 and word is not None:
        order = receive_signal(c, now, word)
        c.execute(sa.update(deliveries).where(deliveries.c.id == key).values(order_key=order))


def _settle_privacy_request(
    c: Connection, now: datetime, key: int, outcome: str, asked: PrivacyRequest
) -> None:
    """The delivery itself names the customer, so its body is not kept."""
    shop = c.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == key, deliveries.c.settled_at.is_(None))
        .values(settled_at=now, outcome=outcome, body=b"", packed=False)
        .returning(deliveries.c.shop)
    ).scalar_one_or_none()
    if shop is not None:
        upsert_value(c, stored_keys.privacy_webhook_at(shop), now.isoformat(timespec="seconds"))
        record_privacy_request(c, now, shop, asked)
