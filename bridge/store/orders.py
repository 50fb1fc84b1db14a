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
from bridge.order.model import Money, PlaceResult
from bridge.order.records import (
    Attempt,
    BareFulfillment,
    ClosedPurchase,
    Facts,
    KnownLocation,
    Lease,
    NotificationRecord,
    OrderRecord,
    OrderSignal,
    Transition,
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
from bridge.store.line_overrides import list_rules_by_subject
from bridge.store.locations import list_known_locations, update_locations
from bridge.store.row_mapping import build_notification
from bridge.store.tables import attempts, notifications, orders, parcels

T = TypeVar("T")

RENEWED = timedelta(seconds=20)  # what `renew_lease` gives before a write elsewhere
SET_BACK = timedelta(minutes=5)  # a clock that goes back by more than this between two claims was set
MEND_EVERY = timedelta(minutes=15)  # for what another replica, whose clock was ahead, has left behind


@dataclass(slots=True)
class StoredOrders:
    """The table of orders."""

    _db: Database
    _clock: Clock
    _last_claim: datetime | None = None
    _mended_at: datetime | None = None

    async def _run_change(self, work: Callable[..., T], *arguments: object) -> T:
        """Run `work(connection, now, *arguments)` in a transaction."""
        now = self._clock.now()
        return await self._db.write(lambda connection: work(connection, now, *arguments))

    async def receive_signal(self, notice: OrderSignal) -> int:
        return await self._run_change(transitions.receive_signal, notice)

    async def claim_orders(
        self, owner: str, *, limit: int, lease_for: timedelta, states: Collection[State] = ()
    ) -> list[OrderRecord]:
        now = self._clock.now()
        set_back = self._last_claim is not None and now < self._last_claim - SET_BACK
        if set_back or self._mended_at is None or now - self._mended_at >= MEND_EVERY:
            await self._run_change(leases.repair_future_times)
            self._mended_at = now
        self._last_claim = now
        return await self._run_change(leases.claim_orders, owner, limit, lease_for, states)

    async def claim_order(self, key: int, owner: str, *, lease_for: timedelta) -> OrderRecord | None:
        """Take one order, if it is due and free."""
        found = await self._run_change(leases.claim_orders, owner, 1, lease_for, (), key)
        return found[0] if found else None

    async def extend_lease(self, lease: Lease, lease_for: timedelta) -> Lease:
        return await self._run_change(leases.extend_lease, lease, lease_for)

    async def keep_look(self, order: OrderRecord, seen: ClosedPurchase) -> OrderRecord:
        return await self._run_change(purchases.keep_look, order, seen)

    async def find_billed_test_order(self) -> str | None:
        return await self._db.read(purchases.find_billed_test_order)

    async def renew_lease(self, order: OrderRecord) -> OrderRecord:
        return await self._run_change(leases.renew_lease, order, RENEWED)

    async def record_transition(self, order: OrderRecord, change: Transition) -> None:
        await self._run_change(transitions.record_transition, order, change)

    async def schedule_retry(self, order: OrderRecord, until: datetime, why: str) -> None:
        await self._run_change(leases.schedule_retry, order, until, why)

    async def apply_decision(self, order: OrderRecord, change: Transition, who: str) -> None:
        """A person's decision about the order as they saw it. A step that is running is fenced off: it can
        record and send nothing any more.

        Raises StaleDecision, and writes nothing, when the order is in another state by now, its purchase has come
        further than they saw (opened, sent, answered), or its request is with Sculpteo in this moment; and, for
        a decision that may lead to a purchase, when anything is otherwise that a person decides by
        (`OrderRecord.decision_digest`). ValueError for a move that is not in the table.
        """
        await self._run_change(interventions.apply_decision, order, change, who)

    async def open_attempt(
        self,
        order: OrderRecord,
        attempt: Attempt,
        *,
        values: Facts,
        day_limit: Money | None = None,
        day_start: datetime | None = None,
    ) -> OrderRecord:
        return await self._run_change(purchases.open_attempt, order, attempt, values, day_limit, day_start)

    async def mark_sent(self, order: OrderRecord, request: Facts) -> None:
        await self._run_change(purchases.mark_sent, order, request)

    async def keep_answer(self, attempt: int, receipt: PlaceResult) -> None:
        await self._run_change(purchases.keep_answer, attempt, receipt)

    async def adopt_attempt(self, order: OrderRecord, attempt: Attempt) -> OrderRecord:
        return await self._run_change(purchases.adopt_attempt, order, attempt)

    async def revive_attempt(self, order: OrderRecord, token: str, reference: str) -> OrderRecord:
        return await self._run_change(purchases.revive_attempt, order, token, reference)

    async def mark_pushed(
        self, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
    ) -> OrderRecord:
        return await self._run_change(_mark_pushed, order, numbers, fulfillment_id)

    async def keep_bare(self, order: OrderRecord, bare: Sequence[BareFulfillment]) -> OrderRecord:
        return await self._run_change(_keep_bare, order, bare)

    async def list_notifications(self, order: OrderRecord) -> list[NotificationRecord]:
        return await self._db.read(partial(_list_notifications, order=order.key))

    async def settle_notification(self, key: int, settled: str) -> None:
        await self._db.write(partial(transitions.settle_notification, key=key, settled=settled))

    async def find_reference_owner(self, reference: str, order: OrderRecord) -> str | None:
        return await self._db.read(
            partial(transitions.find_reference_owner, reference=reference, but=order.key)
        )

    async def list_line_rules(self, shop: str, subjects: Collection[str]) -> list[LineRule]:
        return await self._db.read(partial(list_rules_by_subject, shop=shop, subjects=subjects))

    async def load_trust(self, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
        return await self._db.read(partial(_load_trust, shop=shop, order_ids=order_ids))

    async def list_locations(self, shop: str) -> Sequence[KnownLocation]:
        return await self._db.read(partial(list_known_locations, shop=shop))

    async def update_locations(self, shop: str, seen: Mapping[str, str], *, complete: bool) -> None:
        await self._run_change(update_locations, shop, seen, complete)

    async def load_known_orders(self, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
        return await self._db.read(partial(_load_known_orders, shop=shop, order_ids=order_ids))

    async def take_token(self, bucket: str, *, rate: float, burst: int) -> float:
        return await self._run_change(take_token, bucket, rate, burst)

    async def is_shop_paused(self, shop: str) -> bool:
        return await self._db.read(partial(purchases.is_shop_paused, shop=shop))


def _mark_pushed(
    c: Connection, now: datetime, order: OrderRecord, numbers: Sequence[str], fulfillment_id: str
) -> OrderRecord:
    transitions.lock_order(c, order)
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
        transitions.record_event(
            c, order.key, now, "pushed", {"numbers": list(numbers), "fulfillment": fulfillment_id}
        )
    return purchases.reload_order(c, order)


def _keep_bare(
    c: Connection, now: datetime, order: OrderRecord, bare: Sequence[BareFulfillment]
) -> OrderRecord:
    transitions.lock_order(c, order)
    c.execute(sa.update(orders).where(orders.c.id == order.key).values(bare=tuple(bare)))
    known = {one.id for one in order.bare}
    for one in bare:
        if one.id is not None and one.id not in known:
            transitions.record_event(c, order.key, now, "pushed_bare", {"fulfillment": one.id})
    return purchases.reload_order(c, order)


def _list_notifications(c: Connection, order: int) -> list[NotificationRecord]:
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
    return [build_notification(row) for row in rows]


def _load_trust(c: Connection, shop: str, order_ids: Collection[str]) -> dict[str, bool | None]:
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


def _load_known_orders(c: Connection, shop: str, order_ids: Sequence[str]) -> dict[str, datetime | None]:
    rows = c.execute(
        sa.select(orders.c.order_id, orders.c.shop_updated_at).where(
            orders.c.shop == shop, orders.c.order_id.in_(list(order_ids))
        )
    )
    return {row.order_id: row.shop_updated_at for row in rows}
