"""A shop and a printer in memory, for the real steps and the real store: they keep the truth that the
promise is held to, fail in every way that an upstream can, and let the process die between any two calls."""

from __future__ import annotations

import copy
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.errors import SCULPTEO_TRACKING, LedgerConflict, NeedsPerson, TryAgain, shopify_upstream
from bridge.order.model import (
    Address,
    Annotation,
    ChangedOrder,
    CustomerOrder,
    Design,
    Fulfillment,
    Ledger,
    LedgerEntry,
    Mode,
    Money,
    NewFulfillment,
    Papers,
    Parcel,
    PlaceResult,
    PrintOrder,
    PrintStatus,
    Quote,
    RawAnswer,
    ShopOrder,
    Tracking,
    TrackingReport,
    Verdict,
)

STRANGE = "digest-of-what-cannot-be-read"
START = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Crash(BaseException):
    """kill -9: nothing of the process runs after it."""


class SteppedClock:
    """The bridge's clock, which can be wrong by `skew`; `true` is that of the shop and of Sculpteo."""

    def __init__(self) -> None:
        self.true = START
        self.skew = timedelta(0)

    @property
    def time(self) -> datetime:
        return self.true + self.skew

    @time.setter
    def time(self, to: datetime) -> None:
        self.true += to - self.time

    def now(self) -> datetime:
        self.true += timedelta(milliseconds=1)
        return self.time

    def truly(self) -> datetime:
        """The right time."""
        self.true += timedelta(milliseconds=1)
        return self.true


@dataclass
class Fate:
    """What the next calls meet. `crash_in` counts calls down to the process's death; a fault is
    "before" (nothing happened), "after" (it happened, the answer is lost) or "refused"."""

    crash_in: int | None = None
    shop: list[str] = field(default_factory=list)
    printer: list[str] = field(default_factory=list)
    meanwhile: dict[str, Callable[[], Awaitable[None] | None]] = field(default_factory=dict)
    """What happens elsewhere in a moment that has a name, once: price, invoice, connect, sent, written."""

    async def during(self, moment: str) -> None:
        """Let happen what is to happen in this moment."""
        happening = self.meanwhile.pop(moment, None)
        if happening is not None:
            waited = happening()
            if waited is not None:
                await waited

    def tick(self) -> None:
        """One moment at which the process may die."""
        if self.crash_in is not None:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.crash_in = None
                raise Crash


MOST_LINES = 250


class MemoryShop:
    """A Shopify shop: what it holds is the truth, whatever the bridge remembers."""

    def __init__(self, clock: SteppedClock, fate: Fate) -> None:
        self.clock = clock
        self.fate = fate
        self.orders: dict[str, ShopOrder] = {}
        self.ledgers: dict[str, tuple[LedgerEntry, str]] = {}
        self.test_ledgers: dict[str, tuple[LedgerEntry, str]] = {}
        self.mode = Mode.LIVE
        self.ledger_writable = True
        self.places: dict[str, str] | None = None  # None: the app may not read locations
        self.forbidden: list[str] = []  # orders whose note said no when an intent took its place
        self.unreadable: dict[str, str] = {}  # orders whose note nobody can read, and why
        self.mails: list[tuple[str | None, ...]] = []  # what customers were told of, each with its numbers
        self.progress: list[str] = []  # fulfillment orders that were reported as in progress
        self.shown: dict[str, ShopOrder] = {}  # each order as it was last read
        self._serials = itertools.count(1)

    def seen_in(self, mode: Mode) -> MemoryShop:
        """The same shop, as a process sees it that works in this mode."""
        same = copy.copy(self)
        same.mode = mode
        return same

    def _notes_of(self, mode: Mode | str) -> dict[str, tuple[LedgerEntry, str]]:
        """The notes of a mode: what is bought and what is tried out never meet."""
        return self.ledgers if mode == Mode.LIVE else self.test_ledgers

    def touch(self, order: ShopOrder) -> None:
        self.orders[order.id] = replace(order, updated_at=self.clock.truly())

    async def _call(self, effect: Callable[[], Any] | None = None) -> Any:
        """Every write: the process may die before or after it, and the answer may be lost."""
        self.fate.tick()
        fault = self.fate.shop.pop(0) if self.fate.shop else None
        if fault == "before":
            raise TryAgain("the shop answered 503", upstream=shopify_upstream("acme"))
        result = effect() if effect else None
        self.fate.tick()
        if fault == "after":
            raise TryAgain("the shop's answer was lost", upstream=shopify_upstream("acme"))
        return result

    async def fetch_order(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        def effect() -> ShopOrder | None:
            order = self.orders.get(order_id)
            if order is None:
                return None
            kept = self._notes_of(note_of or self.mode).get(order_id)
            ledger = Ledger(kept[0], kept[1]) if kept else Ledger()
            if order_id in self.unreadable:
                ledger = Ledger(None, STRANGE, "{?", self.unreadable[order_id])
            self.shown[order_id] = order
            return replace(order, ledger=ledger, read_at=self.clock.now())

        found: ShopOrder | None = await self._call(effect)
        await self.fate.during("read")
        return found

    async def fetch_changed_orders(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[ChangedOrder]:
        await self._call()
        for order in sorted(self.orders.values(), key=lambda one: one.updated_at):
            wanted = not unfulfilled or (
                order.cancelled_at is None
                and order.closed_at is None
                and any(line.remaining for unit in order.fulfillment_orders for line in unit.lines)
            )
            wanted &= created_since is None or order.created_at >= created_since
            if wanted and (since is None or order.updated_at >= since):
                yield ChangedOrder(order.id, order.name, order.created_at, order.updated_at)

    async def write_ledger(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str | None:
        digest: str = await self._call(lambda: self._set(order_id, entry, expected))
        await self.fate.during("noted")
        return digest

    def _set(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str:
        if not self.ledger_writable:
            raise NeedsPerson("shop_access", why="write_orders is missing")
        notes = self._notes_of(entry.mode)
        kept = notes.get(order_id)
        there = STRANGE if order_id in self.unreadable else kept[1] if kept else None
        if there != expected:
            raise LedgerConflict("stale digest")
        self.unreadable.pop(order_id, None)
        if entry.state == "intent" and kept and kept[0].decision and kept[0].decision.is_forbidding:
            self.forbidden.append(order_id)
        digest = f"digest-{next(self._serials)}"
        notes[order_id] = (entry, digest)
        return digest

    async def write_ledger_and_read(
        self, order_id: str, entry: LedgerEntry, expected: str | None
    ) -> ShopOrder:
        """The order is looked at in the same moment: what happens after it is not in the answer."""
        seen: list[ShopOrder] = []

        def effect() -> None:
            self._set(order_id, entry, expected)
            order = self.orders.get(order_id)
            if order is None:
                raise TryAgain("the shop does not find the order", upstream=shopify_upstream("acme"))
            self.shown[order_id] = order
            seen.append(
                replace(order, ledger=Ledger(*self._notes_of(entry.mode)[order_id]), read_at=self.clock.now())
            )

        await self._call(effect)
        await self.fate.during("written")
        return seen[0]

    async def create_fulfillment(self, order_id: str, fulfillment: NewFulfillment) -> str:
        def effect() -> str:
            order = self.orders[order_id]
            taken = {row: quantity for group in fulfillment.lines for row, quantity in group.lines}
            places = {
                unit.location_id
                for unit in order.fulfillment_orders
                if any(row.id in taken for row in unit.lines)
            }
            if len(places) > 1 or len(taken) > MOST_LINES:
                raise NeedsPerson("cannot_fulfill", why="several locations, or too many lines", number="?")
            units = []
            for unit in order.fulfillment_orders:
                rows = tuple(
                    replace(row, remaining=row.remaining - taken.get(row.id, 0)) for row in unit.lines
                )
                asked = any(row.id in taken for row in unit.lines)
                if any(row.remaining < 0 for row in rows):
                    raise NeedsPerson("cannot_fulfill", why="more than is left", number="?")
                if asked and "CREATE_FULFILLMENT" not in unit.actions:
                    raise NeedsPerson("cannot_fulfill", why="it is not open", number="?")
                open_ = any(row.remaining for row in rows)
                units.append(
                    replace(
                        unit,
                        lines=rows,
                        status=unit.status if open_ else "CLOSED",
                        actions=unit.actions if open_ else (),
                    )
                )
            line_of = {row.id: row.line_item_id for unit in order.fulfillment_orders for row in unit.lines}
            made = Fulfillment(
                f"gid://shopify/Fulfillment/{next(self._serials)}",
                "SUCCESS",
                fulfillment.tracking,
                tuple((line_of[row], quantity) for row, quantity in taken.items()),
            )
            if fulfillment.notify_customer:
                self.mails.append(tuple(one.number for one in fulfillment.tracking))
            self.touch(
                replace(order, fulfillment_orders=tuple(units), fulfillments=(*order.fulfillments, made))
            )
            return made.id

        made: str = await self._call(effect)
        return made

    async def extend_tracking(
        self,
        fulfillment_id: str,
        tracking: Sequence[Tracking],
        *,
        notify_customer: bool,
        country_code: str | None = None,
    ) -> None:
        def effect() -> None:
            if notify_customer:
                self.mails.append(tuple(one.number for one in tracking))
            for order in list(self.orders.values()):
                made = tuple(
                    replace(one, tracking=tuple(tracking)) if one.id == fulfillment_id else one
                    for one in order.fulfillments
                )
                if made != order.fulfillments:
                    self.touch(replace(order, fulfillments=made))

        await self._call(effect)

    async def annotate_order(self, order_id: str, annotation: Annotation) -> None:
        await self._call(lambda: self.progress.extend(annotation.progress))

    async def fetch_locations(self) -> dict[str, str] | None:
        return self.places

    async def find_order_id(self, fulfillment_order_id: str) -> str | None:
        await self._call()
        return None

    async def fetch_papers(self, order_id: str) -> Papers | None:
        await self._call()
        return Papers() if order_id in self.orders else None

    async def fetch_customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        await self._call()
        theirs = [one for one in self.orders.values() if one.customer_id == customer_id]
        return [CustomerOrder(one.id, one.created_at, one.cancelled_at) for one in theirs]


@dataclass
class Printed:
    """An entry in Sculpteo's books."""

    reference: str
    order: PrintOrder
    token: str
    status: PrintStatus
    parcels: tuple[Parcel, ...] = ()

    @property
    def about(self) -> str:
        """The Shopify order's name, from the first comment."""
        return self.order.comments[0].split()[-1]


class MemoryPrinter:
    """A Sculpteo that deduplicates nothing."""

    def __init__(self, clock: SteppedClock, fate: Fate) -> None:
        self.clock = clock
        self.fate = fate
        self.books: dict[str, Printed] = {}
        self.unit_price = 5
        self.currency = "EUR"
        self.sent: list[PrintOrder] = []
        self.leaves: Callable[[PrintOrder], None] = lambda order: None
        """Told of each request that leaves: the gate is open."""

    def _answer(self, body: str) -> RawAnswer:
        return RawAnswer(self.clock.now(), 200, (), body)

    async def place_order(
        self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]
    ) -> PlaceResult:
        self.fate.tick()
        fault = self.fate.printer.pop(0) if self.fate.printer else None
        if fault == "before":
            return PlaceResult(Verdict.NOT_SENT, self._answer(""), "no connection")
        await self.fate.during("connect")
        await about_to_send()
        self.sent.append(order)
        self.leaves(order)
        await self.fate.during("sent")
        self.fate.tick()
        if fault == "refused":
            return PlaceResult(Verdict.REFUSED, RawAnswer(self.clock.now(), 403), "HTTP 403")
        if fault in {"nothing", "garbled"}:
            return PlaceResult(Verdict.UNCLEAR, RawAnswer(self.clock.now(), 500), "HTTP 500")
        reference = f"REF{len(self.books):05d}"
        token = (order.notification_url or "").rpartition("/")[2]
        first = PrintStatus.API_TEST if order.fake else PrintStatus.NEW
        self.books[reference] = Printed(reference, order, token, first)
        self.fate.tick()
        if fault == "after":
            return PlaceResult(Verdict.UNCLEAR, RawAnswer(self.clock.now(), None, error="reset"), "reset")
        return PlaceResult(Verdict.PLACED, self._answer(reference), "placed", reference)

    def find_address_problem(self, address: Address | None) -> str | None:
        return None if address and address.city else "there is no city"

    def build_summary(self, order: PrintOrder) -> dict[str, object]:
        items = [f"{item.design.uuid}:{item.quantity}" for item in order.items]
        return {"items": items, "fake": order.fake}

    async def track_order(self, reference: str) -> TrackingReport:
        self.fate.tick()
        if self.fate.printer and self.fate.printer[0] == "track":
            self.fate.printer.pop(0)
            raise TryAgain("the tracking page answered 503", upstream=SCULPTEO_TRACKING)
        entry = self.books.get(reference)
        if entry is None:
            return TrackingReport(reference, False, None, None, (), self._answer(""))
        return TrackingReport(
            reference, True, entry.status, entry.status.value, entry.parcels, self._answer(entry.status.value)
        )

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        self.fate.tick()
        await self.fate.during("price")
        return Quote(Money(Decimal(self.unit_price * quantity), self.currency))

    def ships(self, reference: str, *numbers: str, status: PrintStatus = PrintStatus.SHIPPED) -> None:
        """Sculpteo hands parcels to a carrier."""
        entry = self.books[reference]
        entry.status = status
        entry.parcels += tuple(Parcel(number, "UPS") for number in numbers)

    def real_prints(self, name: str) -> list[Printed]:
        """What is really made for an order: without test orders and what Sculpteo cancelled."""
        return [one for one in self.books.values() if one.about == name and not one.order.fake]


class NoInvoice:
    def __init__(self, fate: Fate | None = None) -> None:
        self.fate = fate or Fate()

    async def prepare_invoice(self, shop: str, order: ShopOrder) -> bytes | None:
        await self.fate.during("invoice")
        return None


MODE = Mode.LIVE
