"""Who asked for a purchase: what the simulated shop, Sculpteo and the people of a run know themselves, held against
each purchase in the moment that Sculpteo gets it.

The rule that is judged (`bridge.steps.right_to_buy`) is never asked. What counts is the order as the shop showed it
at the last look, which is when the bridge's note on it said that this very attempt may leave; the merchant's
settings; and what people said of the order as they were shown it. What goes with a lost database is not held
against the bridge.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from bridge.order.records import OrderRecord
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.sculpteo.model import Book
from bridge.sandbox.shopify.model import Address, FulfillmentOrder, Metafield, Order
from tests.campaign.order_kinds import DIE, LAMP, MUG, RING
from tests.promise.purchase_rights import opened_by

Contents = frozenset[tuple[str, int]]
"""Designs and how many copies of each."""

Where = tuple[str, ...]

MEANS: dict[str, tuple[tuple[str, int], ...]] = {
    "RING-S": ((RING, 1),),
    "RING-L": ((RING, 1),),
    "MUG-WL": ((MUG, 1),),
    "LAMP": ((LAMP, 1),),
    "DICE-5": ((DIE, 5),),
    "CHESS-SET": (("ChPawn01", 16), ("ChRoyal2", 4), ("ChBoard3", 1)),
}
"""What one unit of a SKU is made of, as the merchant meant it."""

LEFT = frozenset({"OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED"})
NOTE = "print"  # the key of the bridge's note on an order, for what is bought for real
ROUTED = 0.02  # seconds within which a new order has its fulfillment orders
SHIPS_WITHIN = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Rules:
    """The merchant's settings for what is bought unasked. `delay` is the approval window in seconds, `per_order`
    a limit in euros; `since`: orders from before the bridge are wanted too."""

    since: bool = True
    payment: str = "paid"
    manual: bool = False
    delay: int = 0
    per_order: int | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """An order as the shop shows it in one moment. `stopped`: why nothing of it is to be printed."""

    at: datetime
    contents: Contents
    address: Address | None
    places: frozenset[str]
    paid: bool
    authorized_until: datetime | None
    stopped: str | None

    @property
    def wanted(self) -> tuple[object, ...]:
        """What opens the approval window anew when it changes."""
        return self.contents, where(self.address), self.stopped


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said yes to, as they were shown it, and which question that answered."""

    contents: Contents
    address: Where | None
    places: frozenset[str]
    opens: str  # "payment", "limit", "place", or "all" but the payment
    live: bool


def contents_of(rows: Iterable[tuple[str, int]]) -> Contents:
    counted: Counter[str] = Counter()
    for design, copies in rows:
        counted[design] += copies
    return frozenset(counted.items())


def where(address: Any) -> Where | None:
    """What of an address decides where a parcel goes; of the shop's and of the bridge's kind."""
    if address is None:
        return None
    parts = (getattr(address, name) for name in ("first_name", "last_name", "address1", "address2", "city"))
    return tuple(" ".join((part or "").split()) for part in parts)


def goes_to(book: Book, address: Address) -> bool:
    """Whether this print is sent there."""
    street = f"{book.address.get('ship_street1', '')} {book.address.get('ship_street2', '')}"
    wanted = " ".join((address.address1 or "-").split())
    return (
        (address.name or "-") in book.address.get("ship_addressee", "")
        and address.city == book.address.get("ship_city")
        and wanted in " ".join(street.split())
    )


def sight_of(order: Order, now: datetime) -> Sight:
    """The order as it is now, and what Sculpteo would have to print of it."""
    units = [unit for unit in order.fulfillment_orders if _is_sent(unit)]
    rows = [
        (design, copies * row.remaining)
        for unit in units
        for row in unit.lines
        for design, copies in MEANS.get(row.line.sku or "", ())
        if row.remaining
    ]
    stopped = None
    if order.cancelled_at is not None:
        stopped = "cancelled"
    elif 0 < order.paid == order.refunded:
        stopped = "refunded"
    elif order.lapsed == "VOIDED":
        stopped = "voided"
    elif not rows:
        stopped = "fulfilled already"
    elif any(unit.status in {"ON_HOLD", "SCHEDULED"} for unit in units):
        stopped = "on hold"
    return Sight(
        now,
        contents_of(rows),
        order.address,
        frozenset(unit.location.name for unit in units),
        order.fully_paid,
        order.authorized_until if order.authorized and not order.lapsed else None,
        stopped,
    )


def _is_sent(unit: FulfillmentOrder) -> bool:
    printed = any(row.remaining and row.line.sku in MEANS for row in unit.lines)
    return printed and unit.status in LEFT and unit.delivery_method == "SHIPPING"


def approval_of(record: OrderRecord, *, live: bool) -> Approval:
    """What a person who approves this record says yes to."""
    order = record.snapshot
    units = order.fulfillment_orders if order else ()
    return Approval(
        contents_of((item.design.uuid, item.quantity) for item in record.items),
        where(order.address) if order else None,
        frozenset(
            unit.location_name
            for unit in units
            if unit.location_name and any(row.remaining for row in unit.lines)
        ),
        opened_by(record),
        live,
    )


@dataclass(slots=True)
class Known:
    """What the database knows, and is gone with it: orders that were first seen in a rehearsal, and from where
    an order was to be sent when it was first matched."""

    rehearsed: set[str] = field(default_factory=set)
    first_places: dict[str, frozenset[str]] = field(default_factory=dict)


class Witness:
    """Watches one run. `matched` tells whether the bridge has matched an order, by the shop's id of it."""

    def __init__(
        self,
        box: Sandbox,
        rules: Rules,
        matched: Callable[[str], bool],
        *,
        clocks_are_right: bool = True,
    ) -> None:
        self._box = box
        self.rules = rules
        self._matched = matched
        self._windows = rules.delay > 0 and clocks_are_right
        self.live = False
        self.live_since: datetime | None = None  # when a bridge first began in live mode
        self.paused = False
        self.looks: dict[str, Sight] = {}  # by attempt
        self.approvals: dict[str, list[Approval]] = {}
        self.stops: dict[str, str] = {}  # what a person last said, where that was no
        self.changed_at: dict[str, tuple[datetime, Sight]] = {}
        self.known = Known()
        self._copy = Known()
        self._seen_live: set[str] = set()
        self.unasked: list[str] = []
        self._listen()

    def _listen(self) -> None:
        """Be told of each note on an order, each change and move of one, and each order that Sculpteo gets."""
        shop: Any = self._box.shop
        set_metafields, touch, move = shop.set_metafields, shop.touch, shop.move

        def noted(inputs: Sequence[Mapping[str, Any]]) -> list[Metafield]:
            written: list[Metafield] = set_metafields(inputs)
            for one in inputs:
                order = shop.find(Order, one["ownerId"])
                if order is not None and one["key"] == NOTE:
                    self._noted(order, one["value"])
            return written

        def touched(order: Order) -> None:
            touch(order)
            self._touched(order)

        def moved(target: Any, location: Any) -> None:
            for order in {unit.order.id: unit.order for unit in shop.fulfillment_orders(target)}.values():
                if self._matched(order.gid):
                    self.known.first_places.setdefault(order.name, sight_of(order, self._now()).places)
            move(target, location)

        shop.set_metafields, shop.touch, shop.move = noted, touched, moved
        self._box.printer.listeners.append(self._printed)

    # --- what happens ------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self._box.shop.now()

    def _noted(self, order: Order, value: str) -> None:
        note = json.loads(value)
        if note["state"] == "intent":
            self.looks[note["attempt"]] = sight_of(order, self._now())

    def _touched(self, order: Order) -> None:
        now = sight_of(order, self._now())
        before = self.changed_at.get(order.name)
        if not order.fulfillment_orders:
            return
        if before is None or before[1].wanted != now.wanted:
            self.changed_at[order.name] = now.at, now

    def sold(self, order: Order) -> None:
        """A customer has bought something; the shop routes it in the next moment."""
        asyncio.get_running_loop().call_later(ROUTED, partial(self._touched, order))

    def works_in(self, mode: str) -> None:
        """From now on bridges are started, or told, to work in this mode. Beforehand all that worked in live
        mode have ended."""
        self.live = mode == "live"
        if self.live and self.live_since is None:
            self.live_since = self._now().replace(microsecond=0)

    def rehearsed(self, orders: Iterable[Order], on_record: Iterable[str]) -> None:
        """The bridge has worked in another mode so far, and has these orders on record."""
        known = set(on_record) - self._seen_live
        self.known.rehearsed |= {order.name for order in orders if order.gid in known}

    def seen_live(self, on_record: Iterable[str]) -> None:
        """The bridge has worked in live mode so far, and has these orders on record."""
        self._seen_live |= set(on_record)

    def backed_up(self) -> None:
        self._copy = copy.deepcopy(self.known)

    def restored(self) -> None:
        self.known = copy.deepcopy(self._copy)
        self._windows = False  # one that the copy knew may be over
        self._forget_stops()

    def lost(self) -> None:
        self.known = Known()
        self._forget_stops()

    def _forget_stops(self) -> None:
        """A person's no that is not on the order yet is gone with the database."""
        self.paused = False
        for name in list(self.stops):
            if not _forbids(self._box.shop.order_by_name(name)):
                del self.stops[name]

    def approved(self, record: OrderRecord) -> None:
        """A person approved the order as this record shows it."""
        approval = approval_of(record, live=self.live)
        self.approvals.setdefault(record.name or "", []).append(approval)

    def refused(self, record: OrderRecord) -> None:
        """The approval that was just given was not taken: the order is not what the person saw any more."""
        self.approvals[record.name or ""].pop()

    def stopped(self, name: str, wish: str) -> None:
        """A person held, cancelled or ignored it."""
        self.stops[name] = wish

    def let_go(self, name: str) -> None:
        """A person ended a hold."""
        self.stops.pop(name, None)

    # --- what is asked -----------------------------------------------------------------------------------

    def _printed(self, book: Book) -> None:
        if book.fake or len(book.history) > 1:
            return
        words = [word for comment in book.comments for word in comment.split()]
        order = next((one for one in self._box.shop.orders.values() if one.name in words), None)
        attempt = words[-1]
        if order is None:
            self.unasked.append(f"{book.reference} is of no order of the shop: {book.comments}")
            return
        why = self.why_unasked(order, attempt, book)
        if why:
            approved = self.approvals.get(order.name)
            told = f"; approved were {approved}" if approved else "; nobody approved it"
            self.unasked.append(f"{order.name} was bought as {book.reference}: {why}{told}")

    def why_unasked(self, order: Order, attempt: str, book: Book) -> str | None:
        """Why nobody asked for this purchase; None = somebody did."""
        name = order.name
        look = self.looks.get(attempt)
        if look is None:
            return "the note on the order did not say before that this attempt may leave"
        if not self.live:
            return "no bridge works in live mode"
        if name in self.stops:
            return f"a person said “{self.stops[name]}”"
        if self.paused:
            return "a person had stopped all ordering"
        if look.stopped:
            return f"the order was {look.stopped} at the last look"
        printed = contents_of((item.uuid, item.quantity) for item in book.items)
        if printed != look.contents:
            return f"printed are {set(printed)}, and the order was {set(look.contents)} at the last look"
        if look.address is None or not goes_to(book, look.address):
            return f"it goes elsewhere than the order did at the last look: {dict(book.address)}"
        of_this = [
            one
            for one in self.approvals.get(name, ())
            if one.live and one.contents == look.contents and one.address == where(look.address)
        ]
        opened = {one.opens for one in of_this}
        return (
            self._moved(name, look, of_this)
            or self._unpaid(look, opened)
            or (None if "all" in opened else self._from_before(order))
            or (None if "all" in opened or not self.rules.manual else "a person approves every order")
            or self._too_soon(name, look, opened)
            or self._too_dear(book, opened)
        )

    def _moved(self, name: str, look: Sight, approvals: Iterable[Approval]) -> str | None:
        first = self.known.first_places.get(name)
        if first is None:
            return None
        elsewhere = look.places - first - frozenset[str]().union(*(one.places for one in approvals))
        return f"it was moved from {set(first)} to {set(elsewhere)}" if elsewhere else None

    def _unpaid(self, look: Sight, opened: set[str]) -> str | None:
        if look.paid or "payment" in opened:
            return None
        until = look.authorized_until
        if self.rules.payment == "authorized" and until is not None and until > look.at + SHIPS_WITHIN:
            return None
        return f"it was not paid (authorized until {until}), and payment is “{self.rules.payment}”"

    def _from_before(self, order: Order) -> str | None:
        start = self.live_since
        made = order.created_at.replace(microsecond=0)
        if not self.rules.since and start is not None and made < start:
            return f"it was made at {made}, before the shop went live at {start}"
        if order.name in self.known.rehearsed:
            return "it was first seen in a rehearsal"
        return None

    def _too_soon(self, name: str, look: Sight, opened: set[str]) -> str | None:
        """Within the approval window, which is open from the last change of what would be bought on."""
        if not self._windows or opened or name not in self.changed_at:
            return None
        changed, _ = self.changed_at[name]
        over = changed + timedelta(seconds=self.rules.delay - 2 * ROUTED)
        return f"it changed at {changed}, and the last look was {look.at}" if look.at < over else None

    def _too_dear(self, book: Book, opened: set[str]) -> str | None:
        limit = self.rules.per_order
        if limit is None or opened & {"all", "limit"}:
            return None
        price = self._box.printer.price
        cost = sum(
            (price(one.uuid, one.quantity, one.scale, one.unit, one.material) for one in book.items),
            Decimal(0),
        )
        return f"it cost {cost}, above the limit of {limit} per order" if cost > limit else None


def _forbids(order: Order) -> bool:
    """Whether the bridge's note on the order says a person's no."""
    notes = (json.loads(one.value) for one in order.metafields if one.key == NOTE)
    return any((note.get("decision") or {}).get("choice") not in {None, "open"} for note in notes)
