"""Sculpteo's calls on the secret URLs. They are unsigned: the secret in the URL is all that speaks for them.

A call for a token that no attempt has is kept too, since the attempt may be found later in the shop's ledger;
but strangers can make such calls, so only the newest few are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.ports import Clock
from bridge.store.engine import Database
from bridge.store.purchases import insert_notification
from bridge.store.tables import attempts, notifications, orders
from bridge.store.transitions import wake_orders

STRAYS = 1_000  # calls with unknown tokens that are kept
PER_TOKEN = 100  # calls that are kept for one known token
LONGEST_TOKEN = 200
LONGEST_REFERENCE = 200
KEPT_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class StoredNotifications:
    """Notifications by Sculpteo."""

    _db: Database
    _clock: Clock

    async def has_token(self, token: str) -> bool:
        """Whether an attempt has this token. Writes nothing, so strangers cost little."""
        return await self._db.read(partial(_has_token, token=token))

    async def receive_notification(self, token: str, reference: str | None, raw: bytes) -> bool:
        """Keep a call and wake its order, in one transaction. False = no attempt has this token (yet)."""
        return await self._db.write(
            partial(_receive_notification, now=self._clock.now(), token=token, reference=reference, raw=raw)
        )

    async def count_notifications(self) -> int:
        """How many calls are kept."""
        return await self._db.read(
            lambda c: c.execute(sa.select(sa.func.count()).select_from(notifications)).scalar_one()
        )


def _has_token(c: Connection, token: str) -> bool:
    return c.execute(sa.select(attempts.c.id).where(attempts.c.token == token)).first() is not None


def _receive_notification(
    c: Connection, now: datetime, token: str, reference: str | None, raw: bytes
) -> bool:
    token = token[:LONGEST_TOKEN]
    reference = reference[:LONGEST_REFERENCE] if reference else None
    order = c.execute(sa.select(attempts.c.order_id).where(attempts.c.token == token)).scalar_one_or_none()
    if _should_keep(c, token, reference):
        insert_notification(c, token, reference, raw[:KEPT_BYTES], now, known=order is not None)
    if order is None:
        _drop_old_strays(c)
        return False
    wake_orders(c, now, orders.c.id == order)
    return True


def _should_keep(c: Connection, token: str, reference: str | None) -> bool:
    """The first calls of a token, and later ones with a reference that it never named: those are evidence."""
    of_token = notifications.c.token == token
    kept = c.execute(sa.select(sa.func.count()).select_from(notifications).where(of_token)).scalar_one()
    if kept < PER_TOKEN:
        return True
    same = sa.select(notifications.c.id).where(of_token, notifications.c.reference == reference)
    return bool(kept < 10 * PER_TOKEN and c.execute(same).first() is None)


def _drop_old_strays(c: Connection) -> None:
    stray = sa.not_(notifications.c.known)
    newest = (
        sa.select(notifications.c.id).where(stray).order_by(notifications.c.id.desc()).offset(STRAYS).limit(1)
    ).scalar_subquery()
    c.execute(sa.delete(notifications).where(stray, notifications.c.id <= newest))
