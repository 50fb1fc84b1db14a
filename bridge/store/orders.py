"""`ports.Orders` on the database: each verb is one transaction, and durable when it returns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bridge.order.line_overrides import LineRule
from bridge.order.model import Money, Receipt
from bridge.order.records import (
    Attempt,
    BareFulfillment,
    Change,
    ClosedPurchase,
    Facts,
    KnownLocation,
    Lease,
    Notice,
    NotificationRecord,
    OrderRecord,
)
from bridge.order.states import Ignored, State
from bridge.ports import Clock
from bridge.store import (
    interventions,
    leases,
    purchases,
    transitions,
)
from bridge.store.engine import Database
from bridge.store.key_value import take_token
from bridge.store.line_overrides import of_subjects
from bridge.store.locations import known_locations, see_locations
from bridge.store.row_mapping import notification_from
from bridge.store.tables import attempts, notifications, orders, parcels

T = TypeVar("T")

RENEWED = timedelta(seconds=20)  # what `renew` gives before a write elsewhere
SET_BACK = timedelta(minutes=5)  # a clock that goes back by more than this between two claims was set
MEND_EVERY = timedelta(minutes=15)  # for what another replica, whose clock was ahead, has left behind


@dataclass(slots=True)
class StoredOrders:
    """The table of orders."""

    _db: Database
    _clock: Clock
    _last_claim: datetime | None = None
    _mended_at: datetime | None = None

    async def _change(self, work: Callable[..., T], *arguments: object) -> T:
        """Run `work(connection, now, *arguments)` in a transaction."""
        now = self._clock.now()
        return await self._db.write(lambda connection: work(connection, now, *arguments))

    async def notice(self, notice: Notice) -> int:
        return await self._change(transitions.notice, notice)

    async def claim(
        self, owner: str, *, limit: int, lease_for: timedelta, states: Collection[State] = ()
    ) -> list[OrderRecord]:
        now = self._clock.now()
        set_back = self._last_claim is not None and now < self._last_claim - SET_BACK
        if set_back or self._mended_at is None or now - self._mended_at >= MEND_EVERY:
            await self._change(leases.mend_clock)
            self._mended_at = now
        self._last_claim = now
        return await self._change(leases.claim, owner, limit, lease_for, states)

    async def claim_one(self, key: int, owner: str, *, lease_for: timedelta) -> OrderRecord | None:
        """Take one order, if it is due and free."""
        found = await self._change(leases.claim, owner, 1, lease_for, (), key)
        return found[0] if found else None

    async def extend(self, lease: Lease, lease_for: timedelta) -> Lease:
        return await self._change(leases.extend, lease, lease_for)

    async def keep_look(self, order: OrderRecord, seen: ClosedPurchase) -> OrderRecord:
        return await self._change(purchases.keep_look, order, seen)

    async def billed_test_order(self) -> str | None:
        return await self._db.read(purchases.billed_test_order)

    async def renew(self, order: OrderRecord) -> OrderRecord:
        return await self._change(leases.renew, order, RENEWED)

    async def record(self, order: OrderRecord, change: Change) -> None:
        await self._change(transitions.record, order, change)

    async def put_off(self, order: OrderRecord, until: datetime, why: str) -> None:
        await self._change(leases.put_off, order, until, why)

    async def intervene(self, order: OrderRecord, change: Change, who: str) -> None:
        """A person's decision about the order as they saw it. A step that is running is fenced off: it can
        record and send nothing any more.

        Raises Outdated, and writes nothing, when the order is in another state by now, its purchase has come
        further than they saw (opened, sent, answered), or its request is with Sculpteo in this moment; and, for
        a decision that may lead to a purchase, when anything is otherwise that a person decides by
        (`OrderRecord.shown_digest`). ValueError for a move that is not in the table.
        """
        await self._change(interventions.intervene, order, change, who)

    async def open_attempt(
        self,
        order: OrderRecord,
        attempt: Attempt,
        *,
        values: Facts,
        day_limit: Money | None = None,
        day_start: datetime | None = None,
    ) -> OrderRecord:
        return await self._change(purchases.open_attempt, order, attempt, values, day_limit, day_start)

    async def mark_sent(self, order: OrderRecord, request: Facts) -> None:
        await self._change(purchases.mark_sent, order, request)

    async def keep_answer(self, attempt: int, receipt: Receipt) -> None:
        await self._change(purchases.keep_answer, attempt, receipt)

    async def adopt(self, order: OrderRecord, attempt: Attempt) -> OrderRecord:
        return await self._change(purchases.adopt, order, attempt)

    async def revive(self, order: OrderRecord, token: str, reference: str) -> OrderRecord:
        return await self._change(purchases.revive, order, token, reference)

    async def mark_pushed(
        self, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
    ) -> OrderRecord:
        return await self._change(_mark_pushed, order, numbers, fulfillment_id)

    async def keep_bare(self, order: OrderRecord, bare: Sequence[BareFulfillment]) -> OrderRecord:
        return await self._change(_keep_bare, order, bare)

    async def notifications(self, order: OrderRecord) -> list[NotificationRecord]:
        return await self._db.read(partial(_notifications, order=order.key))

    async def settle_notification(self, key: int, settled: str) -> None:
        await self._db.write(partial(transitions.settle_call, key=key, settled=settled))

    async def other_holder(self, reference: str, order: OrderRecord) -> str | None:
        return await self._db.read(partial(transitions.holder, reference=reference, but=order.key))

    async def line_rules(self, shop: str, subjects: Collection[str]) -> list[LineRule]:
        return await self._db.read(partial(of_subjects, shop=shop, subjects=subjects))

    async def trusted(self, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
        return await self._db.read(partial(_trusted, shop=shop, order_ids=order_ids))

    async def locations(self, shop: str) -> Sequence[KnownLocation]:
        return await self._db.read(partial(known_locations, shop=shop))

    async def see_locations(self, shop: str, seen: Mapping[str, str], *, complete: bool) -> None:
        await self._change(see_locations, shop, seen, complete)

    async def known(self, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
        return await self._db.read(partial(_known, shop=shop, order_ids=order_ids))

    async def take_token(self, bucket: str, *, rate: float, burst: int) -> float:
        return await self._change(take_token, bucket, rate, burst)

    async def paused(self, shop: str) -> bool:
        return await self._db.read(partial(purchases.paused, shop=shop))


def _mark_pushed(
    c: Connection, now: datetime, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
) -> OrderRecord:
    transitions.held_row(c, order)
    pushed = c.execute(
        sa.update(parcels)
        .where(
            parcels.c.order_id == order.key,
            parcels.c.number.in_(list(numbers)),
            parcels.c.pushed_at.is_(None),
        )
        .values(pushed_at=now, fulfillment_id=fulfillment_id)
    )
    if pushed.rowcount:
        transitions.event(
            c, order.key, now, "pushed", {"numbers": list(numbers), "fulfillment": fulfillment_id}
        )
    return purchases.again(c, order)


def _keep_bare(
    c: Connection, now: datetime, order: OrderRecord, bare: Sequence[BareFulfillment]
) -> OrderRecord:
    transitions.held_row(c, order)
    c.execute(sa.update(orders).where(orders.c.id == order.key).values(bare=tuple(bare)))
    known = {one.id for one in order.bare}
    for one in bare:
        if one.id is not None and one.id not in known:
            transitions.event(c, order.key, now, "pushed_bare", {"fulfillment": one.id})
    return purchases.again(c, order)


def _notifications(c: Connection, order: int) -> list[NotificationRecord]:
    rows = c.execute(
        sa.select(
            notifications,
            attempts.c.reference.label("attempt_reference"),
            attempts.c.mode.label("attempt_mode"),
        )
        .join(attempts, attempts.c.token == notifications.c.token)
        .where(attempts.c.order_id == order)
        .order_by(notifications.c.id)
    )
    return [notification_from(row) for row in rows]


def _trusted(c: Connection, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
    rows = c.execute(
        sa.select(
            *(orders.c.order_id, orders.c.state, orders.c.reason, orders.c.reference, orders.c.approved_at)
        ).where(orders.c.shop == shop, orders.c.order_id.in_(list(order_ids)))
    )
    return {row.order_id: _is_trusted(row) for row in rows}


def _is_trusted(row: Any) -> bool | None:
    if row.state == State.IGNORED and row.reason != Ignored.PERSON:
        return None
    stopped = row.state in {State.CANCELLED, State.IGNORED}
    begun = row.state in {State.PLACING, State.UNKNOWN} or row.reference is not None
    return not stopped and (begun or row.approved_at is not None)


def _known(c: Connection, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
    rows = c.execute(
        sa.select(orders.c.order_id, orders.c.shop_updated_at).where(
            orders.c.shop == shop, orders.c.order_id.in_(list(order_ids))
        )
    )
    return {row.order_id: row.shop_updated_at for row in rows}
