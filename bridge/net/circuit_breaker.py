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
    CircuitOpen,
    TryAgain,
    UnreadableAnswer,
    Upstream,
    shopify_upstream,
)
from bridge.order.model import (
    Address,
    Annotation,
    ChangedOrder,
    CustomerOrder,
    Design,
    LedgerEntry,
    Mode,
    NewFulfillment,
    Papers,
    PlaceResult,
    PrintOrder,
    Quote,
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


class CircuitBreaker:
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

    def _check_open(self) -> None:
        """Raises CircuitOpen while the upstream is left alone."""
        if self._open_until is None:
            return
        left = self._open_until - self._clock()
        if left > 0 or self._trying:
            wait = timedelta(seconds=max(left, 1.0))
            raise CircuitOpen(f"it is in trouble: {self.last_failure}", after=wait, upstream=self.upstream)
        self._trying = True

    def _record_success(self) -> None:
        self._failures, self._rest, self._open_until, self.last_failure = 0, FIRST_REST, None, None

    def _record_failure(self, why: str, after: timedelta | None) -> None:
        self._failures += 1
        self.last_failure = why
        if self._failures < THRESHOLD and self._open_until is None:
            return
        if self._open_until is None:
            self._opened_at = self._clock()
        rest = max(self._rest, after.total_seconds() if after else 0.0)
        self._open_until = self._clock() + rest
        self._rest = min(self._rest * 2, LONGEST)

    async def call_upstream(
        self, call: Callable[[], Awaitable[T]], why_failed: Callable[[T], str | None]
    ) -> T:
        """Make a call, unless the upstream rests. `why_failed` tells of an answer that is a failure."""
        self._check_open()
        try:
            result = await call()
        except CircuitOpen:
            raise  # it asks for patience; it is not in trouble
        except UnreadableAnswer as error:
            if error.upstream == self.upstream:
                self._record_success()  # it answered; what it said is a matter of what was asked for
            raise
        except TryAgain as error:
            if error.upstream == self.upstream:
                self._record_failure(error.why, error.after)
            raise
        finally:
            self._trying = False
        why = why_failed(result)
        if why:
            self._record_failure(why, None)
        else:
            self._record_success()
        return result


def _accept_any(_: object) -> None:
    return None


def _describe_failed_receipt(receipt: PlaceResult) -> str | None:
    return receipt.why if receipt.verdict in {Verdict.NOT_SENT, Verdict.UNCLEAR} else None


class GuardedPrinter:
    """A Printer behind two breakers: however many orders cannot be followed, others are bought meanwhile."""

    def __init__(self, printer: Printer, buying: CircuitBreaker, following: CircuitBreaker) -> None:
        self._printer = printer
        self._buying = buying
        self._following = following

    async def place_order(
        self, order: PrintOrder, about_to_send: Callable[[], Awaitable[None]]
    ) -> PlaceResult:
        return await self._buying.call_upstream(
            lambda: self._printer.place_order(order, about_to_send), _describe_failed_receipt
        )

    def find_address_problem(self, address: Address | None) -> str | None:
        return self._printer.find_address_problem(address)

    def build_summary(self, order: PrintOrder) -> Facts:
        return self._printer.build_summary(order)

    async def track_order(self, reference: str) -> TrackingReport:
        return await self._following.call_upstream(lambda: self._printer.track_order(reference), _accept_any)

    async def fetch_price(self, design: Design, quantity: int, currency: str) -> Quote:
        return await self._buying.call_upstream(
            lambda: self._printer.fetch_price(design, quantity, currency), _accept_any
        )


class GuardedShop:
    """A Shop behind a breaker. Reconciliation passes by it: it is asked for at its own, slow pace."""

    def __init__(self, shop: Shop, breaker: CircuitBreaker) -> None:
        self._shop = shop
        self._breaker = breaker

    async def fetch_order(self, order_id: str, *, note_of: Mode | None = None) -> ShopOrder | None:
        return await self._breaker.call_upstream(
            lambda: self._shop.fetch_order(order_id, note_of=note_of), _accept_any
        )

    def fetch_changed_orders(
        self, since: datetime | None, *, created_since: datetime | None = None, unfulfilled: bool = False
    ) -> AsyncIterator[ChangedOrder]:
        return self._shop.fetch_changed_orders(since, created_since=created_since, unfulfilled=unfulfilled)

    async def write_ledger(self, order_id: str, entry: LedgerEntry, expected: str | None) -> str | None:
        return await self._breaker.call_upstream(
            lambda: self._shop.write_ledger(order_id, entry, expected), _accept_any
        )

    async def write_ledger_and_read(
        self, order_id: str, entry: LedgerEntry, expected: str | None
    ) -> ShopOrder:
        return await self._breaker.call_upstream(
            lambda: self._shop.write_ledger_and_read(order_id, entry, expected), _accept_any
        )

    async def create_fulfillment(self, order_id: str, fulfillment: NewFulfillment) -> str:
        return await self._breaker.call_upstream(
            lambda: self._shop.create_fulfillment(order_id, fulfillment), _accept_any
        )

    async def extend_tracking(
        self,
        fulfillment_id: str,
        tracking: Sequence[Tracking],
        *,
        notify_customer: bool,
        country_code: str | None = None,
    ) -> None:
        await self._breaker.call_upstream(
            lambda: self._shop.extend_tracking(
                fulfillment_id, tracking, notify_customer=notify_customer, country_code=country_code
            ),
            _accept_any,
        )

    async def annotate_order(self, order_id: str, annotation: Annotation) -> None:
        await self._breaker.call_upstream(
            lambda: self._shop.annotate_order(order_id, annotation), _accept_any
        )

    async def fetch_locations(self) -> Mapping[str, str] | None:
        return await self._breaker.call_upstream(self._shop.fetch_locations, _accept_any)

    async def find_order_id(self, fulfillment_order_id: str) -> str | None:
        return await self._breaker.call_upstream(
            lambda: self._shop.find_order_id(fulfillment_order_id), _accept_any
        )

    async def fetch_papers(self, order_id: str) -> Papers | None:
        return await self._breaker.call_upstream(lambda: self._shop.fetch_papers(order_id), _accept_any)

    async def fetch_customer_orders(self, customer_id: str) -> list[CustomerOrder]:
        return await self._breaker.call_upstream(
            lambda: self._shop.fetch_customer_orders(customer_id), _accept_any
        )


Breakers = dict[Upstream, CircuitBreaker]


def build_breakers(shops: Iterable[str], known: Mapping[Upstream, CircuitBreaker]) -> Breakers:
    """A breaker for each upstream that these shops' orders need. Those that are `known` are gone on with."""
    upstreams = (SCULPTEO, SCULPTEO_TRACKING, *map(shopify_upstream, shops))
    return {upstream: known.get(upstream) or CircuitBreaker(upstream) for upstream in upstreams}


def guard_shops(shops: Mapping[str, Shop], breakers: Mapping[Upstream, CircuitBreaker]) -> dict[str, Shop]:
    """Every shop behind its breaker."""
    return {name: GuardedShop(shop, breakers[shopify_upstream(name)]) for name, shop in shops.items()}


def guard_printer(printer: Printer, breakers: Mapping[Upstream, CircuitBreaker]) -> GuardedPrinter:
    """The printer behind its breakers."""
    return GuardedPrinter(printer, breakers[SCULPTEO], breakers[SCULPTEO_TRACKING])
