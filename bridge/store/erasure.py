"""Erasing what is a customer's own, once it is not needed any more. The proof of each purchase stays: its
attempts, sums, items, events and references.

`WHAT_GOES` says of every table what becomes of it; a test holds that no column is left out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bridge.order.model import Mode, Parcel, ShopOrder
from bridge.order.notifications import News
from bridge.order.problems import Alarm
from bridge.order.records import PrivacyRequest
from bridge.order.redaction import (
    erase_order,
    erase_parcel,
    filter_facts,
)
from bridge.order.states import State
from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.key_value import upsert_value
from bridge.store.personal_data import (
    PersonalData,
    collect_personal_data,
    list_orders_naming,
    list_same_person_orders,
)
from bridge.store.row_mapping import (
    build_insert,
    read_body,
    read_facts,
    read_value,
)
from bridge.store.search_index import reindex_order
from bridge.store.secure_delete import (
    UNSCOURED,
    purge_file,
)
from bridge.store.tables import (
    alarms,
    answers,
    attempts,
    audit,
    closed_purchases,
    deliveries,
    erasures,
    events,
    line_rules,
    messages,
    news,
    notifications,
    orders,
    parcels,
    privacy_wishes,
    terms,
)
from bridge.store.transitions import (
    add_news,
    raise_alarm,
    record_event,
)
from bridge.store.types import UnreadableValue

OVER = (State.DONE, State.CANCELLED, State.IGNORED)
BATCH = 100
LATEST = timedelta(days=30)
"""How long after a wish to erase an order is erased though it is not over: the time that the law gives. Its
lines, sums and references stay, and the order goes on as far as the shop still shows it. While it is not known whether
Sculpteo has an order, what may tell stays."""
WHOLE_SHOP = "*"
ERASE, TELL = "erase", "tell"

WHAT_GOES: Mapping[str, Mapping[str, str]] = {
    "orders": {
        "snapshot": "all but what `order.redaction` keeps",
        "facts": "all but what `order.redaction` keeps",
        "last_error": "goes",
        "print_words": "goes",
    },
    "attempts": {"why": "goes", "request": "all but the items", "answer": "goes"},
    "closed_purchases": {"words": "goes"},
    "parcels": {"number": "a hash takes its place", "parcel": "all but its day"},
    "events": {"facts": "all but what `order.redaction` keeps"},
    "alarms": {"facts": "all but what `order.redaction` keeps"},
    "answers": {"*": "the row goes"},
    "notifications": {"raw": "goes"},
    "deliveries": {"*": "the row goes"},
    "terms": {"*": "but for SKUs and designs"},
    "line_rules": {
        "title": "goes, where it is about one line",
        "options": "goes, where it is about one line",
    },
    "audit": {"facts": "all but what `order.redaction` keeps"},
    "news": {"facts": "all but what `order.redaction` keeps"},
    "messages": {"body": "goes; of one that waits, the parcels"},
}

log = structlog.get_logger("bridge.store")


@dataclass(frozen=True, slots=True)
class StoredPrivacy:
    """Personal data on record."""

    _db: Database
    _clock: Clock

    async def erase_due_orders(self, before: datetime, *, limit: int = BATCH) -> int:
        """Erase orders that were over before that moment, and those of which it was asked; gives how many. One
        that cannot be erased now is told in the log, keeps no other from being erased, and is tried again at the
        next call."""
        now = self._clock.now()
        strays = sa.and_(sa.not_(notifications.c.known), notifications.c.received_at < before)
        await self._db.write(lambda c: c.execute(sa.delete(notifications).where(strays)))
        after, count = 0, 0
        while keys := await self._db.read(
            partial(_list_due_orders, now=now, before=before, after=after, limit=limit)
        ):
            count += await self._db.write(partial(_erase_due_orders, now=now, before=before, keys=keys))
            after = keys[-1]
        return count

    async def purge_file(self) -> bool:
        """Take what was erased out of the file itself, and out of its log of changes; False = somebody reads it
        just now, so that it must be tried again. PostgreSQL does this by itself (autovacuum)."""
        return await purge_file(self._db)

    async def load_personal_data(self, keys: Collection[int], names: Collection[str]) -> PersonalData:
        """All that is kept of the customers of these orders, and under these names (an e-mail address, Shopify's id
        of a customer or an order)."""

        def collect_by_person(c: Connection) -> PersonalData:
            found = dict.fromkeys(keys)
            for name in names:
                found |= dict.fromkeys(list_orders_naming(c, name))
            return collect_personal_data(c, list_same_person_orders(c, list(found)), names)

        return await self._db.read(collect_by_person)

    async def list_requested_orders(self, request: str) -> list[tuple[str, str]]:
        """Shop and Shopify's id of each order that a customer's request for their data named."""
        query = (
            sa.select(privacy_wishes.c.shop, privacy_wishes.c.order_id)
            .where(privacy_wishes.c.kind == TELL, privacy_wishes.c.request == request)
            .order_by(privacy_wishes.c.id)
        )
        return await self._db.read(lambda c: [(row.shop, row.order_id) for row in c.execute(query)])


def record_privacy_request(c: Connection, now: datetime, shop: str, asked: PrivacyRequest) -> None:
    """Note what a customer, or Shopify for them, asked for: also of orders that are not on record (yet)."""
    named = [WHOLE_SHOP] if asked.orders is None else list(dict.fromkeys(asked.orders))
    if asked.customer is not None:
        written = sa.type_coerce(orders.c.snapshot, sa.Text).contains(f'"{asked.customer}"', autoescape=True)
        theirs = sa.select(orders.c.order_id).where(orders.c.shop == shop, written).order_by(orders.c.id)
        named = list(dict.fromkeys([*named, *c.execute(theirs).scalars()]))
    kind = ERASE if asked.erase else TELL
    for order_id in named:
        row = build_insert(c, privacy_wishes).values(
            shop=shop, kind=kind, order_id=order_id, request=asked.request, asked_at=now
        )
        known = row.on_conflict_do_update(
            index_elements=["shop", "kind", "order_id", "request"], set_={"asked_at": now}
        )
        c.execute(known)
    if asked.erase:
        return
    about = (orders.c.shop == shop, orders.c.order_id.in_(named))
    keys = c.execute(sa.select(orders.c.id).where(*about).order_by(orders.c.id)).scalars().all()
    for key in keys:
        raise_alarm(c, now, key, Alarm.DATA_REQUEST, {"request": asked.request})
    if not keys:
        told = {"shop": shop, "request": asked.request}
        add_news(c, News(f"data_request:{shop}:{asked.request}", "data_request", now, told))


def _select_request_time() -> sa.ColumnElement[datetime | None]:
    """When it was last asked to erase an order; null = never."""
    made = sa.func.coalesce(orders.c.created_at, orders.c.first_seen_at)
    about = sa.or_(
        privacy_wishes.c.order_id == orders.c.order_id,
        sa.and_(privacy_wishes.c.order_id == WHOLE_SHOP, privacy_wishes.c.asked_at >= made),
    )
    wished = (
        sa.select(sa.func.max(privacy_wishes.c.asked_at))
        .where(privacy_wishes.c.kind == ERASE, privacy_wishes.c.shop == orders.c.shop, about)
        .correlate(orders)
        .scalar_subquery()
    )
    return sa.func.coalesce(wished, erasures.c.asked_at)


def _is_due(now: datetime, before: datetime) -> sa.ColumnElement[bool]:
    """Whether an order, beside its row in `erasures`, is to be erased now."""
    asked = _select_request_time()
    tested = sa.and_(orders.c.state == State.PLACED, orders.c.mode != Mode.LIVE, orders.c.due_at.is_(None))
    over = sa.or_(orders.c.state.in_(OVER), tested)
    past = sa.func.coalesce(orders.c.over_at, orders.c.updated_at) < before
    undecided = orders.c.state.in_((State.PLACING, State.UNKNOWN))
    due = sa.or_(
        sa.and_(over, sa.or_(past, asked.is_not(None))),
        sa.and_(asked < now - LATEST, sa.not_(undecided)),
    )
    fresh = sa.or_(erasures.c.erased_at.is_(None), erasures.c.erased_at < orders.c.updated_at)
    free = sa.or_(orders.c.lease_owner.is_(None), orders.c.lease_until.is_(None), orders.c.lease_until <= now)
    return sa.and_(due, fresh, free)


def _list_due_orders(c: Connection, now: datetime, before: datetime, after: int, limit: int) -> list[int]:
    """The next orders to erase from above the number `after`. Looked for without keeping anybody from writing."""
    query = (
        sa.select(orders.c.id)
        .outerjoin(erasures, erasures.c.order_id == orders.c.id)
        .where(orders.c.id > after, _is_due(now, before))
    )
    return list(c.execute(query.order_by(orders.c.id).limit(limit)).scalars())


def _erase_due_orders(c: Connection, now: datetime, before: datetime, keys: Sequence[int]) -> int:
    """Erase those of these orders that are still to be erased; gives how many were."""
    rows = c.execute(
        sa.select(orders.c.id, _select_request_time().label("asked"))
        .outerjoin(erasures, erasures.c.order_id == orders.c.id)
        .where(orders.c.id.in_(list(keys)), _is_due(now, before))
        .order_by(orders.c.id)
        .with_for_update(of=orders, skip_locked=True)
    ).all()
    return sum(_try_erase_order(c, now, row.id, row.asked is not None) for row in rows)


def _try_erase_order(c: Connection, now: datetime, key: int, asked: bool) -> bool:
    """Erase one order, whatever its rows hold; False = the database did not let us."""
    try:
        with c.begin_nested():
            _erase_order_rows(c, now, key, asked)
    except sa.exc.SQLAlchemyError as error:
        if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
            raise
        log.error(
            "personal data could not be erased; it is tried again", order=key, error=type(error).__name__
        )
        return False
    return True


def _erase_order_rows(c: Connection, now: datetime, key: int, asked: bool) -> None:
    upsert_value(c, UNSCOURED, "yes")  # until the file itself is rid of it
    row = c.execute(sa.select(orders).where(orders.c.id == key)).one()
    _erase_snapshot(c, key, row)
    plain = {"facts": filter_facts(read_facts(row.facts)), "last_error": None, "print_words": None}
    c.execute(sa.update(orders).where(orders.c.id == key).values(plain))
    _erase_purchases(c, key)
    _erase_parcels(c, key)
    for table, owner in (
        (events, "order_id"),
        (alarms, "order_id"),
        (news, "order_id"),
        (audit, "order_key"),
    ):
        _erase_facts(c, table, owner, key)
    _erase_messages(c, key)
    c.execute(
        sa.update(line_rules)
        .where(line_rules.c.order_key == key, line_rules.c.scope == "line")
        .values(title="", options=[])
    )
    c.execute(sa.delete(answers).where(answers.c.order_id == key))  # pages may show where a parcel goes
    _delete_deliveries(c, key, row, asked)
    first = c.execute(sa.select(erasures.c.erased_at).where(erasures.c.order_id == key)).scalar() is None
    made = build_insert(c, erasures).values(order_id=key, erased_at=now)
    c.execute(made.on_conflict_do_update(index_elements=["order_id"], set_={"erased_at": now}))
    if first:
        record_event(c, key, now, "erased", {})


def _erase_snapshot(c: Connection, key: int, row: Any) -> None:
    if isinstance(row.snapshot, ShopOrder):
        bare = erase_order(row.snapshot)
        c.execute(sa.update(orders).where(orders.c.id == key).values(snapshot=bare))
        reindex_order(c, key, bare, read_value(row._mapping["items"]) or ())
    else:  # what cannot be read cannot be read for what is the customer's, so nothing of it stays
        c.execute(sa.update(orders).where(orders.c.id == key).values(snapshot=None))
        c.execute(sa.delete(terms).where(terms.c.order_id == key))


def _erase_purchases(c: Connection, key: int) -> None:
    tokens = set()
    for row in c.execute(sa.select(attempts).where(attempts.c.order_id == key)).all():
        tokens.add(row.token)
        request = read_facts(row.request)
        items = request.get("items")
        kept = {**filter_facts(request), **({"items": items} if isinstance(items, list) else {})}
        values = {"why": None, "answer": None, "request": kept}
        c.execute(sa.update(attempts).where(attempts.c.id == row.id).values(values))
    for token in c.execute(
        sa.select(closed_purchases.c.token).where(closed_purchases.c.order_id == key)
    ).scalars():
        tokens.add(token)
    c.execute(sa.update(closed_purchases).where(closed_purchases.c.order_id == key).values(words=None))
    c.execute(sa.update(notifications).where(notifications.c.token.in_(sorted(tokens))).values(raw=b""))


def _erase_parcels(c: Connection, key: int) -> None:
    for row in c.execute(sa.select(parcels).where(parcels.c.order_id == key)).all():
        found = row.parcel if isinstance(row.parcel, Parcel) else Parcel(row.number)
        bare = erase_parcel(found, key)
        c.execute(sa.update(parcels).where(parcels.c.id == row.id).values(number=bare.number, parcel=bare))


def _erase_messages(c: Connection, key: int) -> None:
    """What was sent has no body any more; what waits tells of its parcels no more."""
    for row in c.execute(
        sa.select(messages).where(messages.c.order_id == key, messages.c.body.is_not(None))
    ).all():
        body = None if row.settled_at is not None else _strip_parcels(row.body)
        c.execute(sa.update(messages).where(messages.c.id == row.id).values(body=body))


def _strip_parcels(body: str) -> str | None:
    try:
        told = json.loads(body)
        told["data"]["parcels"] = []
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, TypeError, KeyError):
        return None


def _erase_facts(c: Connection, table: sa.Table, owner: str, key: int) -> None:
    for row in c.execute(sa.select(table.c.id, table.c.facts).where(table.c[owner] == key)).all():
        facts = read_facts(row.facts)
        kept = filter_facts(facts)
        if kept != facts or isinstance(row.facts, UnreadableValue):
            c.execute(sa.update(table).where(table.c.id == row.id).values(facts=kept))


def _delete_deliveries(c: Connection, key: int, row: Any, asked: bool) -> None:
    """Those that told of the order; where it was asked, also those of which it was not found out at the time."""
    settled = deliveries.c.settled_at.is_not(None)
    c.execute(sa.delete(deliveries).where(deliveries.c.order_key == key, settled))
    if not asked:
        return
    number = str(row.order_id).rpartition("/")[2].encode()
    strays = sa.select(deliveries).where(
        deliveries.c.shop == row.shop, deliveries.c.order_key.is_(None), settled
    )
    for one in c.execute(strays).all():
        try:
            about = number in read_body(one)
        except Exception:  # it cannot be read, so nobody misses it
            about = True
        if about and one.body:
            c.execute(sa.delete(deliveries).where(deliveries.c.id == one.id))
