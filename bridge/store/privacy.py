"""Erasing what is a customer's own, once it is not needed any more. The proof of each purchase stays: its
attempts, sums, items, events and parcels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.model import Mode, ShopOrder
from bridge.order.privacy import erased
from bridge.order.problems import Alarm
from bridge.order.states import State
from bridge.ports import Clock, PrivacyWish
from bridge.store.codec import insert_for, readable
from bridge.store.engine import Database
from bridge.store.moves import event, raise_alarm
from bridge.store.tables import answers, deliveries, erasures, orders, terms
from bridge.store.terms import learn

OVER = (State.DONE, State.CANCELLED, State.IGNORED)
BATCH = 100


@dataclass(frozen=True, slots=True)
class StoredPrivacy:
    """Personal data on record."""

    _db: Database
    _clock: Clock

    async def forget(self, before: datetime, *, limit: int = BATCH) -> int:
        """Erase orders that were over before that moment, and those over now of which it was asked; gives how
        many, at most `limit` at once."""
        work = partial(_forget, now=self._clock.now(), before=before, limit=limit)
        return await self._db.write(work)


def wish(c: Connection, now: datetime, shop: str, asked: PrivacyWish) -> None:
    """Note what a customer, or Shopify for them, asked for."""
    chosen: list[sa.ColumnElement[bool]] = [orders.c.shop == shop]
    if asked.orders is not None:
        chosen.append(orders.c.order_id.in_(list(asked.orders)))
    for key in c.execute(sa.select(orders.c.id).where(*chosen).order_by(orders.c.id)).scalars().all():
        if asked.erase:
            row = insert_for(c, erasures).values(order_id=key, asked_at=now)
            c.execute(row.on_conflict_do_update(index_elements=["order_id"], set_={"asked_at": now}))
        else:
            raise_alarm(c, now, key, Alarm.DATA_REQUEST, {"request": asked.request})


def _forget(c: Connection, now: datetime, before: datetime, limit: int) -> int:
    tested = sa.and_(orders.c.state == State.PLACED, orders.c.mode != Mode.LIVE, orders.c.due_at.is_(None))
    over = sa.or_(orders.c.state.in_(OVER), tested)
    fresh = sa.or_(erasures.c.erased_at.is_(None), erasures.c.erased_at < orders.c.updated_at)
    due = sa.or_(orders.c.updated_at < before, erasures.c.asked_at.is_not(None))
    keys = c.execute(
        sa.select(orders.c.id)
        .outerjoin(erasures, erasures.c.order_id == orders.c.id)
        .where(over, fresh, due, orders.c.snapshot.is_not(None), orders.c.lease_owner.is_(None))
        .order_by(orders.c.id)
        .limit(limit)
        .with_for_update(of=orders, skip_locked=True)
    ).scalars()
    found = list(keys)
    for key in found:
        _erase(c, now, key)
    return len(found)


def _erase(c: Connection, now: datetime, key: int) -> None:
    row = c.execute(
        sa.select(orders.c.snapshot, orders.c["items"].label("printed")).where(orders.c.id == key)
    ).one()
    if isinstance(row.snapshot, ShopOrder):
        bare = erased(row.snapshot)
        c.execute(sa.update(orders).where(orders.c.id == key).values(snapshot=bare))
        learn(c, key, bare, readable(row.printed) or ())
    else:  # what cannot be read cannot be read for what is the customer's, so nothing of it stays
        c.execute(sa.update(orders).where(orders.c.id == key).values(snapshot=None))
        c.execute(sa.delete(terms).where(terms.c.order_id == key))
    c.execute(sa.delete(answers).where(answers.c.order_id == key))  # pages may show where a parcel goes
    c.execute(
        sa.delete(deliveries).where(deliveries.c.order_key == key, deliveries.c.settled_at.is_not(None))
    )
    done = insert_for(c, erasures).values(order_id=key, erased_at=now)
    c.execute(done.on_conflict_do_update(index_elements=["order_id"], set_={"erased_at": now}))
    event(c, key, now, "erased", {})
