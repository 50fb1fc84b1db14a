"""Shopify's rules for fulfillment orders: holds, moves, splits, progress, and fulfillments made from them.

https://shopify.dev/docs/apps/build/orders-fulfillment
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bridge.sandbox.shopify import payloads
from bridge.sandbox.shopify.model import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Hold,
    Location,
    Order,
)
from bridge.sandbox.shopify.state import ShopError, ShopState

HoldTarget = FulfillmentOrder | Order | int | str
UNFULFILLABLE = ("CLOSED", "CANCELLED", "ON_HOLD", "SCHEDULED", "INCOMPLETE")
MOST_HOLDS = 10


class Fulfilling(ShopState):
    def at_location(self, target: HoldTarget, location: str | None) -> list[FulfillmentOrder]:
        """Those of `target` that are not finished, at the location of this name, or at all of them.

        Raises LookupError when there is none at that location.
        """
        entries = self.fulfillment_orders(target)
        if location is None:
            return entries
        found = [entry for entry in entries if entry.location.name == location]
        if not found:
            raise LookupError(f"nothing is left to be sent from {location}")
        return found

    def fulfillment_orders(self, target: HoldTarget) -> list[FulfillmentOrder]:
        """One fulfillment order, or all of an order that are not finished."""
        if isinstance(target, str) and target.startswith("gid://shopify/FulfillmentOrder/"):
            found = self.find(FulfillmentOrder, target)
            if found is None:
                raise LookupError(f"the sandbox shop has no fulfillment order {target}")
            return [found]
        if isinstance(target, FulfillmentOrder):
            return [target]
        return [
            entry
            for entry in self.order(target).fulfillment_orders
            if entry.status not in ("CLOSED", "CANCELLED")
        ]

    # -- holds and dates --

    def hold(
        self,
        target: HoldTarget,
        reason: str = "OTHER",
        *,
        notes: str | None = None,
        handle: str | None = None,
        by_this_app: bool = False,
    ) -> list[Hold]:
        """Put fulfillment orders on hold. `by_this_app`: the app that talks to the Admin API did it."""
        placed = []
        for entry in self.fulfillment_orders(target):
            if by_this_app and any(hold.by_this_app and hold.handle == handle for hold in entry.holds):
                raise ShopError(
                    "A hold with this handle already exists", ["id"], "DUPLICATE_FULFILLMENT_HOLD_HANDLE"
                )
            if len(entry.holds) >= MOST_HOLDS:
                raise ShopError(
                    "The fulfillment order has too many holds",
                    ["id"],
                    "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED",
                )
            hold = self.register(Hold(self.next_id(Hold), reason, notes, handle, by_this_app))
            entry.holds.append(hold)
            entry.status = "ON_HOLD"
            placed.append(hold)
            self._changed(entry, "fulfillment_orders/placed_on_hold")
        return placed

    def release(self, target: HoldTarget, holds: Iterable[str] | None = None) -> None:
        """Release the holds with these ids, or everybody's."""
        for entry in self.fulfillment_orders(target):
            if not entry.holds:
                continue
            gone = set(holds) if holds is not None else {hold.gid for hold in entry.holds}
            entry.holds = [hold for hold in entry.holds if hold.gid not in gone]
            if not entry.holds and entry.status == "ON_HOLD":
                entry.status = "OPEN"
                self._changed(entry, "fulfillment_orders/hold_released")

    def schedule(self, target: HoldTarget, at: datetime) -> None:
        """Fulfill it at a later day, as with pre-orders and subscriptions."""
        for entry in self.fulfillment_orders(target):
            entry.status = "SCHEDULED"
            entry.fulfill_at = at
            self._changed(entry, "fulfillment_orders/rescheduled")

    def open(self, target: HoldTarget) -> None:
        """Scheduled or in progress -> open. Ends progress that was reported: then it can be moved again."""
        for entry in self.fulfillment_orders(target):
            if "MARK_AS_OPEN" not in entry.actions:
                raise ShopError("Fulfillment order cannot be marked as open", ["id"])
            stopped = bool(entry.progress_notes)
            entry.status = "OPEN"
            entry.fulfill_at = None
            entry.progress_notes.clear()
            topic = "manually_reported_progress_stopped" if stopped else "scheduled_fulfillment_order_ready"
            self._changed(entry, f"fulfillment_orders/{topic}")

    def report_progress(self, entry: FulfillmentOrder, notes: str | None) -> None:
        """Work has begun; from now on it cannot be moved to another location."""
        if entry.delivery_method == "NONE":
            raise ShopError(
                "Fulfillment order's delivery method is invalid",
                ["id"],
                "FULFILLMENT_ORDER_INVALID_DELIVERY_METHOD",
            )
        if entry.status not in ("OPEN", "IN_PROGRESS"):
            raise ShopError(
                "Fulfillment order's status is invalid", ["id"], "FULFILLMENT_ORDER_STATUS_INVALID"
            )
        entry.status = "IN_PROGRESS"
        entry.progress_notes.append(notes or "")
        self._changed(entry, "fulfillment_orders/progress_reported")

    # -- moves and splits --

    def move(self, target: HoldTarget, location: Location | str) -> None:
        """Assign the fulfillment orders to another location."""
        place = location if isinstance(location, Location) else self.find_location(location)
        for entry in self.fulfillment_orders(target):
            if "MOVE" not in entry.actions:
                raise ShopError("Fulfillment order cannot be moved", ["id"])
            entry.location = place
            self._changed(entry, "fulfillment_orders/moved")

    def split(self, entry: FulfillmentOrder, units: Mapping[str, int]) -> FulfillmentOrder:
        """Take units (SKU or line id -> units) out into a fulfillment order of their own."""
        taken = [
            (row, units[key]) for row in entry.lines for key in (row.line.label, row.gid) if key in units
        ]
        if "SPLIT" not in entry.actions or not taken:
            raise ShopError("Fulfillment order cannot be split", ["id"])
        if any(not 0 < quantity <= row.remaining for row, quantity in taken):
            raise ShopError("Invalid fulfillment order line item quantity requested.", ["id"])
        fresh = FulfillmentOrder(
            self.next_id(FulfillmentOrder),
            entry.order,
            entry.location,
            entry.delivery_method,
            self.now(),
            self.now(),
        )
        for row, quantity in taken:
            row.remaining -= quantity
            row.total -= quantity
            part = FulfillmentOrderLine(self.next_id(FulfillmentOrderLine), row.line, quantity, quantity)
            fresh.lines.append(self.register(part))
        entry.order.fulfillment_orders.append(self.register(fresh))
        self._changed(entry, "fulfillment_orders/split")
        return fresh

    # -- fulfillments --

    def fulfill(
        self,
        picks: Sequence[tuple[FulfillmentOrder, Sequence[tuple[FulfillmentOrderLine, int]]]],
        *,
        company: str | None = None,
        numbers: Sequence[str] = (),
        urls: Sequence[str] = (),
        notify: bool = False,
        by_app: bool = True,
    ) -> Fulfillment:
        """Ship these quantities. Raises ShopError as Shopify refuses it: one order and one location, only
        open fulfillment orders, nothing above the remaining quantity, an address for each url's number."""
        _check_tracking(numbers, urls)
        _check_picks(picks)
        first = picks[0][0]
        order = first.order
        fulfillment = Fulfillment(
            self.next_id(Fulfillment),
            order,
            f"{order.name}-F{len(order.fulfillments) + 1}",
            first.location,
            self.now(),
            self.now(),
            [(row, quantity) for _, rows in picks for row, quantity in rows],
            [entry for entry, _ in picks],
            company=company,
            numbers=tuple(numbers),
            urls=tuple(urls),
            mails=int(notify),
            by_app=by_app,
        )
        for entry, rows in picks:
            for row, quantity in rows:
                row.remaining -= quantity
            entry.status = "IN_PROGRESS" if entry.remaining else "CLOSED"
            entry.updated_at = self.now()
        order.fulfillments.append(self.register(fulfillment))
        self.touch(order)
        done = order.fulfillment_status == "FULFILLED"
        if done and not order.outstanding:
            order.closed_at = self.now()
        self.announce(
            ("fulfillments/create", payloads.fulfillment(fulfillment), fulfillment.id),
            (
                "orders/fulfilled" if done else "orders/partially_fulfilled",
                payloads.order(order),
                order.id,
            ),
            ("orders/updated", payloads.order(order), order.id),
        )
        return fulfillment

    def fulfill_by_hand(
        self,
        target: HoldTarget,
        units: Mapping[str, int] | None = None,
        *,
        number: str | None = None,
        company: str | None = None,
        location: str | None = None,
    ) -> Fulfillment:
        """The merchant ships from the Shopify admin: all that is left, or units by SKU; from one location."""
        picks = []
        for entry in self.at_location(target, location):
            rows = [
                (row, row.remaining if units is None else units[row.line.label])
                for row in entry.lines
                if row.remaining and (units is None or row.line.label in units)
            ]
            if rows:
                picks.append((entry, rows))
        return self.fulfill(
            picks, company=company, numbers=(number,) if number else (), notify=True, by_app=False
        )

    def update_tracking(
        self,
        fulfillment: Fulfillment,
        *,
        company: str | None,
        numbers: Sequence[str],
        urls: Sequence[str],
        notify: bool,
    ) -> None:
        """Replace the tracking of a shipment."""
        _check_tracking(numbers, urls)
        if fulfillment.status != "SUCCESS":
            raise ShopError("Fulfillment is not in a state in which its tracking can be updated.")
        fulfillment.company = company
        fulfillment.numbers = tuple(numbers)
        fulfillment.urls = tuple(urls)
        fulfillment.mails += notify
        fulfillment.updated_at = self.now()
        self.touch(fulfillment.order)
        self.announce(
            ("fulfillments/update", payloads.fulfillment(fulfillment), fulfillment.id),
            ("orders/updated", payloads.order(fulfillment.order), fulfillment.order.id),
        )

    def cancel_fulfillment(self, fulfillment: Fulfillment) -> None:
        """Take a shipment back; its units are again to be fulfilled, in new fulfillment orders."""
        if fulfillment.status != "SUCCESS":
            raise ShopError("Fulfillment cannot be cancelled", ["id"])
        fulfillment.status = "CANCELLED"
        order = fulfillment.order
        for old in fulfillment.fulfillment_orders:
            again = FulfillmentOrder(
                self.next_id(FulfillmentOrder),
                order,
                old.location,
                old.delivery_method,
                self.now(),
                self.now(),
            )
            for row, quantity in fulfillment.lines:
                if row in old.lines:
                    part = FulfillmentOrderLine(
                        self.next_id(FulfillmentOrderLine), row.line, quantity, quantity
                    )
                    again.lines.append(self.register(part))
            order.fulfillment_orders.append(self.register(again))
        order.closed_at = None
        self.touch(order)
        self.announce(
            ("fulfillments/update", payloads.fulfillment(fulfillment), fulfillment.id),
            ("orders/updated", payloads.order(order), order.id),
        )

    def _changed(self, entry: FulfillmentOrder, topic: str) -> None:
        entry.updated_at = self.now()
        self.touch(entry.order)
        self.announce(
            (topic, payloads.fulfillment_order(entry), entry.gid),
            ("orders/updated", payloads.order(entry.order), entry.order.id),
        )


def _check_tracking(numbers: Sequence[str], urls: Sequence[str]) -> None:
    if len(urls) > len(numbers):
        raise ShopError("Each tracking url needs a tracking number.", ["trackingInfo"])


def _check_picks(
    picks: Sequence[tuple[FulfillmentOrder, Sequence[tuple[FulfillmentOrderLine, int]]]],
) -> None:
    if not picks:
        raise ShopError("Line items by fulfillment order can't be blank.", ["fulfillment"])
    if len({entry.order.id for entry, _ in picks}) > 1:
        raise ShopError("All fulfillment orders must belong to the same order.", ["fulfillment"])
    if len({entry.location.id for entry, _ in picks}) > 1:
        raise ShopError("All fulfillment orders must be assigned to the same location.", ["fulfillment"])
    for entry, rows in picks:
        if entry.status in UNFULFILLABLE:
            raise ShopError(
                f"Fulfillment order {entry.id} has an unfulfillable status= {entry.status.lower()}.",
                ["fulfillment"],
            )
        if any(row not in entry.lines for row, _ in rows):
            raise ShopError("Fulfillment order line item does not exist.", ["fulfillment"])
        asked: dict[int, int] = {}
        for row, quantity in rows:
            asked[row.id] = asked.get(row.id, 0) + quantity
            if quantity < 1 or asked[row.id] > row.remaining:
                raise ShopError("Invalid fulfillment order line item quantity requested.", ["fulfillment"])
        if not rows:
            raise ShopError("Fulfillment order has no line items to fulfill.", ["fulfillment"])
