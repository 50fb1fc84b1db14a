"""Circuit breakers: an upstream in trouble is left alone for a while, instead of being asked by every order.

After `THRESHOLD` failures in a row a breaker opens; each further failed trial doubles the rest, up to
`LONGEST`. While it is open, work that needs the upstream is put off without a request and without counting
as that order's failure. When the rest is over one caller at a time tries; the first success closes it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bridge.errors import (
    SCULPTEO,
    SCULPTEO_TRACKING,
    Resting,
    TryAgain,
    Unreadable,
    Upstream,
    shopify,
)
from bridge.order.model import (
    Address,
    Annotation,
    Changed,
    CustomerOrder,
    Design,
    LedgerEntry,
    Mode,
    NewFulfillment,
    Papers,
    PrintOrder,
    Quote,
    Receipt,
    ShopOrder,
    Tracking,
    TrackingReport,
    Verdict,
)
from bridge.order.records import Facts
from bridge.ports import Printer, Shop

T = TypeVar("T")

THRESHOLD = 5
FIRST_REST = 5.0  # seconds
LONGEST = 300.0


class Breaker:
    """For one upstream. `clock` counts seconds and never goes back."""

    def __init__(self, upstream: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self.upstream = upstream
        self._clock = clock
        self._failures = 0
        self._rest = FIRST_REST
        self._open_until: float | None = None
        self._opened_at = 0.0
        self._trying = False
        self.last_failure: str | None = None

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    @property
    def open_for(self) -> float:
        """How many seconds ago it opened; 0 while it is closed."""
        return 0.0 if self._open_until is None else self._clock() - self._opened_at

    def _enter(self) -> None:
        """Raises Resting while the upstream is left alone."""
        if self._open_until is None:
            return
        left = self._open_until - self._clock()
        if left > 0 or self._trying:
            wait = timedelta(seconds=max(left, 1.0))
            raise Resting(f"it is in trouble: {self.last_failure}", after=wait, upstream=self.upstream)
        self._trying = True

    def _succeeded(self) -> None:
        self._failures, self._rest, self._open_until, self.last_failure = 0, FIRST_REST, None, None

    def _failed(self, why: str, after: timedelta | None) -> None:
        self._failures += 1
        self.last_failure = why
        if self._failures < THRESHOLD and self._open_until is None:
            return
        if self._open_until is None:
            self._opened_at = self._clock()
        rest = max(self._rest, after.total_seconds() if after else 0.0)
        self._open_until = self._clock() + rest
        self._rest = min(self._rest * 2, LONGEST)

    async def through(self, call: Callable[[], Awaitable[T]], why_failed: Callable[[T], str | None]) -> T:
        """Make a call, unless the upstream rests. `why_failed` tells of an answer that is a failure."""
        self._enter()
        try:
            result = await call()
        except Resting:
            raise  # it asks for patience; it is not in trouble
        except Unreadable as error:
            if error.upstream == self.upstream:
                self._succeeded()  # it answered; what it said is a matter of what was asked for
            raise
        except TryAgain as error:
            if error.upstream == self.upstream:
                self._failed(error.why, error.after)
            raise
        finally:
            self._trying = False
        why = why_failed(result)
        if why:
            self._failed(why, None)
        else:
            self._succeeded()
        return result


def _fine(_: object) -> None:
    return None


def _failed_receipt(receipt: Receipt) -> str | None:
    return receipt.why if receipt.verdict in {Verdict.NOT_SENT, Verdict.UNCLEAR} else None


class GuardedPrinter:
    """A Printer behind two breakers: however many orders cannot be followed, others are bought meanwhile."""

    def __init__(self, printer: Printer, buying: Breaker, following: Breaker) -> None:
        self._printer = printer
        self._buying = buying
        self._following = following

    async def place(self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]) -> Receipt:
        return await self._buying.through(lambda: self._printer.place(order, about_to_send), _failed_receipt)

    def problem_with_address(self, address: Address | None) -> str | None:
        return self._printer.problem_with_address(address)

    def summary(self, order: PrintOrder) -> Facts:
        return self._printer.summary(order)

    async def track(self, reference: str) -> TrackingReport:
        return await self._following.through(lambda: self._printer.track(reference), _fine)

    async def price(self, design: Design, quantity: int, currency: str) -> Quote:
        return await self._buying.through(lambda: self._printer.price(design, quantity, currency), _fine)


class GuardedShop:
    """A Shop behind a breaker. Reconciliation passes by it: it is asked for at its own, slow pace."""

    def __init__(self, shop: Shop, breaker: Breaker) -> None:
        self._shop = shop
        self._breaker = breaker

    async def read(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        return await self._breaker.through(lambda: self._shop.read(order_id, note_of=note_of), _fine)

    def changed(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[Changed]:
        return self._shop.changed(since, created_since=created_since, unfulfilled=unfulfilled)

    async def write_ledger(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str | None:
        return await self._breaker.through(lambda: self._shop.write_ledger(order_id, entry, expected), _fine)

    async def write_ledger_and_read(
        self, order_id: str, entry: LedgerEntry, expected: str | None
    ) -> ShopOrder:
        return await self._breaker.through(
            lambda: self._shop.write_ledger_and_read(order_id, entry, expected), _fine
        )

    async def fulfill(self, order_id: str, fulfillment: NewFulfillment) -> str:
        return await self._breaker.through(lambda: self._shop.fulfill(order_id, fulfillment), _fine)

    async def extend_tracking(
        self,
        fulfillment_id: str,
        tracking: Sequence[Tracking],
        *,
        notify_customer: bool,
        country_code: str | None = None,
    ) -> None:
        await self._breaker.through(
            lambda: self._shop.extend_tracking(
                fulfillment_id, tracking, notify_customer=notify_customer, country_code=country_code
            ),
            _fine,
        )

    async def annotate(self, order_id: str, annotation: Annotation) -> None:
        await self._breaker.through(lambda: self._shop.annotate(order_id, annotation), _fine)

    async def locations(self) -> Mapping[str, str] | None:
        return await self._breaker.through(self._shop.locations, _fine)

    async def order_of(self, fulfillment_order_id: str) -> str | None:
        return await self._breaker.through(lambda: self._shop.order_of(fulfillment_order_id), _fine)

    async def papers(self, order_id: str) -> Papers | None:
        return await self._breaker.through(lambda: self._shop.papers(order_id), _fine)

    async def customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        return await self._breaker.through(lambda: self._shop.customer_orders(customer_id), _fine)


Breakers = dict[Upstream, Breaker]


def breakers_for(shops: Iterable[str], known: Mapping[Upstream, Breaker]) -> Breakers:
    """A breaker for each upstream that these shops' orders need. Those that are `known` are gone on with."""
    upstreams = (SCULPTEO, SCULPTEO_TRACKING, *map(shopify, shops))
    return {upstream: known.get(upstream) or Breaker(upstream) for upstream in upstreams}


def guarded_shops(shops: Mapping[str, Shop], breakers: Mapping[Upstream, Breaker]) -> dict[str, Shop]:
    """Every shop behind its breaker."""
    return {name: GuardedShop(shop, breakers[shopify(name)]) for name, shop in shops.items()}


def guarded_printer(printer: Printer, breakers: Mapping[Upstream, Breaker]) -> GuardedPrinter:
    """The printer behind its breakers."""
    return GuardedPrinter(printer, breakers[SCULPTEO], breakers[SCULPTEO_TRACKING])
